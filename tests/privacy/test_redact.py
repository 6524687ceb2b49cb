"""What is replaced before anything is stored, and what must survive."""

from __future__ import annotations

from typing import Any

import pytest

from tests.privacy.cases import HARMLESS, SECRETS, Case
from tracker.privacy.redact import REDACTED, redact_value
from tracker.privacy.secret_names import is_secret_name

R = REDACTED


@pytest.mark.parametrize("case", SECRETS, ids=lambda case: f"{case.kind}-{case.text}")
def test_replaces_what_is_secret_and_nothing_beside_it(case: Case) -> None:
    assert case.stored() == case.wanted


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: f"{case.kind}-{case.text}")
def test_leaves_alone_what_only_looks_like_it(case: Case) -> None:
    assert case.stored() == case.wanted


@pytest.mark.parametrize("case", [case for case in SECRETS if case.name is None], ids=lambda case: case.text)
def test_what_is_secret_is_found_in_the_middle_of_a_text_and_deep_in_a_structure(case: Case) -> None:
    text = f"«{case.text}»" if "\n" not in case.text else case.text
    stored = redact_value({"a": [{"b": {"c": text}}]})["a"][0]["b"]["c"]
    assert stored.replace(R, "R").strip("«»") == case.wanted


SECRET_NAMES = [
    "password",
    "Password",
    "user[password]",
    "password2",
    "passwordConfirm",
    "confirm_password",
    "new-password",
    "newpassword",
    "pwd",
    "passwd",
    "pwd1",
    "passwort",
    "motDePasse",
    "contraseña",
    "pin",
    "card_pin",
    "cvv",
    "CVV",
    "cvv2",
    "cvc",
    "cardCvv",
    "cc-csc",
    "securityCode",
    "security_code",
    "securityAnswer",
    "ssn",
    "userSSN",
    "social_security",
    "socialSecurityNumber",
    "creditCard",
    "credit-card",
    "creditCardNumber",
    "card_number",
    "card-no",
    "cc-number",
    "billing.cardNumber",
    "iban",
    "bank_iban",
    "token",
    "access_token",
    "accessToken",
    "apiKey",
    "X-API-Key",
    "client_secret",
    "otp",
    "one-time-code",
    "passport",
    "passport_number",
    "kreditkartennummer",
    "Prüfziffer Kreditkarte",
    "kartenNummer",
    "Geheimzahl",
    "Sozialversicherungsnummer",
    "reisepass",
    "mot de passe",
    "numéro de carte",
    "carteBancaire",
    "numéro de sécurité sociale",
    "número de tarjeta",
    "código de seguridad",
    "clave",
    "cartão de crédito",
    "codigo_de_seguranca",
    "carta di credito",
    "codice di sicurezza",
    "wachtwoord_bevestigen",
    "creditcardnummer",
    "burgerservicenummer",
    "numer karty",
    "kod bezpieczeństwa",
    "pesel",
    "billing．cardNumber",
]
PLAIN_NAMES = [
    "email",
    "phone",
    "name",
    "first_name",
    "shipping",
    "shippingAddress",
    "pinterest",
    "opinion",
    "spin",
    "passenger",
    "compass",
    "company",
    "secretary",
    "tokenize",
    "cardholder",
    "business_card",
    "discount",
    "account",
    "classname",
    "message",
    "cctv",
    "postcode",
    "promo_code",
    "zip",
    "country",
    "address2",
    "Passagier",
    "carta_fedelta",
    "clavel",
    "kartoffel",
    "tarjeta_de_visita",
    "sinatra",
    "monkey",
    "keyword",
    "cc",
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_field_of_a_secret_name_is_replaced_whatever_it_holds(name: str) -> None:
    assert is_secret_name(name)
    for value in ("hunter2", 1234, 0, ["hunter2"], {"inner": {"deeper": ["hunter2"]}}, True):
        assert redact_value({name: value}) == {name: R}


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_a_name_that_only_contains_a_secret_word_is_no_secret(name: str) -> None:
    assert redact_value({name: "hunter2"}) == {name: "hunter2"}


@pytest.mark.parametrize("empty", ["", None, False])
def test_an_empty_secret_stays_empty(empty: object) -> None:
    assert redact_value({"password": empty}) == {"password": empty}


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ({"a": {"b": ["x", {"c": "4111111111111111"}]}}, {"a": {"b": ["x", {"c": R}]}}),
        ([["078-05-1120"]], [[R]]),
        ({"4111111111111111": 1}, {R: 1}),
        ({"078-05-1120": 1}, {R: 1}),
        ({"4111．1111．1111．1111": 1}, {R: 1}),
        ({"card 4111111111111111": 1, "card 5500005555555559": 2}, {f"card {R}": 1, f"card {R}_": 2}),
        ({"note": 4111111111111111}, {"note": R}),
        ({"note": -4111111111111111}, {"note": R}),
        ({"note": 4111111111111111.0}, {"note": R}),
        ([5500005555555559], [R]),
        ({"at": 1772452800000, "n": 42, "ok": True, "rate": 1.5, "none": None},) * 2,
        ({"at": 1772452800000.5, "nan": float("inf")},) * 2,
        ({"order": 1234567890123456},) * 2,
        ({"phone": 4915123456787, "phones": [4915123456787, "4915123456787"]},) * 2,
        ({"phone": {"home": "4915123456787"}},) * 2,
        (
            {"deep": {"password": "x", "email": "ann@shop.example"}},
            {"deep": {"password": R, "email": "ann@shop.example"}},
        ),
        ([{"name": "password", "value": "x"}], [{"name": "password", "value": R}]),
        ({"fieldName": "cvv", "fieldValue": 123}, {"fieldName": "cvv", "fieldValue": R}),
        ([{"name": "phone", "value": "4915123456787"}],) * 2,
    ],
)
def test_looks_into_nested_values_keys_and_numbers(value: Any, stored: Any) -> None:
    assert redact_value(value) == stored


def test_what_came_in_is_not_changed() -> None:
    value = {"password": "x", "list": ["4111111111111111"]}
    redact_value(value)
    assert value == {"password": "x", "list": ["4111111111111111"]}
