"""What is replaced before anything is stored, and what must survive."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.privacy.redact import REDACTED, is_secret_name, redact_text, redact_value

R = REDACTED

REPLACED = [
    # cards
    ("4111111111111111", R),
    ("4111 1111 1111 1111", R),
    ("4111-1111-1111-1111", R),
    ("4111.1111.1111.1111", R),
    ("5500005555555559", R),
    ("378282246310005", R),
    ("3782 822463 10005", R),
    ("30569309025904", R),
    ("6011111111111117", R),
    ("3530111333300000", R),
    ("2223003122003222", R),
    ("4222222222222", R),
    ("6304000000000000", R),
    ("my card is 4111 1111 1111 1111, thanks", f"my card is {R}, thanks"),
    ("(4111111111111111)", f"({R})"),
    ("Visa:4111111111111111;", f"Visa:{R};"),
    ("No.4111111111111111", f"No.{R}"),
    ("visa4111111111111111x", f"visa{R}x"),
    ("4111111111111111 12/27 123", f"{R} 12/27 123"),
    ("5500 0055 5555 5559 12", f"{R} 12"),
    ("pay 4111111111111111 or 5500005555555559", f"pay {R} or {R}"),
    ("4111111111111111\n5500005555555559", f"{R}\n{R}"),
    # social security numbers
    ("078-05-1120", R),
    ("078 05 1120", R),
    ("SSN: 219-09-9999.", f"SSN: {R}."),
    # IBANs
    ("DE89370400440532013000", R),
    ("DE89 3704 0044 0532 0130 00", R),
    ("GB82 WEST 1234 5698 7654 32", R),
    ("NO9386011117947", R),
    ("FR1420041010050500013M02606", R),
    ("MT84MALT011000012345MTLCAST001S", R),
    ("IBAN DE89370400440532013000 please", f"IBAN {R} please"),
    # passports
    ("AB1234567", R),
    ("passport AB123456 of Ann", f"passport {R} of Ann"),
    # addresses of pages
    ("https://shop.example/pay?cc=4111111111111111&x=1", f"https://shop.example/pay?cc={R}&x=1"),
    ("/pay/4111-1111-1111-1111/done", f"/pay/{R}/done"),
    ("https://shop.example/?ssn=078-05-1120#top", f"https://shop.example/?ssn={R}#top"),
]

SURVIVES = [
    # phones
    "+49 151 23456789",
    "+4915123456789",
    "+1 (415) 555-2671",
    "+1 415 555 2671",
    "+44 20 7946 0958 1234",
    "+86 138 0013 8000 1234",
    "0044 20 7946 0958 123",
    "00491701234567890",
    "415-555-2671",
    "(415) 555-2671 ext 123",
    "030 1234567 089 7654321",
    "4155552671 4155552672",
    "tel:+4111111111111111",
    # e-mails, names, addresses
    "ann@shop.example",
    "ann.4242@shop.example",
    "12 Main Street, 94105-1234 San Francisco",
    "10115 Berlin",
    # dates and times
    "2026-03-02",
    "2026-03-02T12:30:45.123Z",
    "02.03.2026 12:30",
    "1772452800000",
    "1772452800000 1772452860000",
    "1698765432.123456",
    "1772452800123456",
    "1772452800123456789",
    "20260302123045",
    # numbers of orders and the like
    "order 1234567890123456",
    "ORD-2026-000123",
    "#10045678",
    "4111111111111112",
    "0000000000000000",
    "4444444444444444",
    "INV 2026 0302 0001",
    "tracking 1Z999AA10123456784",
    # identifiers
    "550e8400-e29b-41d4-a716-446655440000",
    "GA1.2.1234567890.1698765432",
    "fb.1.1698765432000.1234567890",
    "192.168.100.200",
    "52.52000659999999",
    "0.4111111111111111",
    "v1.2.3-4567890",
    # near misses
    "000-12-3456",
    "666-12-3456",
    "900-12-3456",
    "078-00-1120",
    "078-05-0000",
    "DE88370400440532013000",
    "A1234567",
    "ABC1234567",
    "",
    "4.99 EUR",
]


@pytest.mark.parametrize(("text", "stored"), REPLACED)
def test_replaces_what_is_secret_and_nothing_beside_it(text: str, stored: str) -> None:
    assert redact_text(text) == stored


@pytest.mark.parametrize("text", SURVIVES)
def test_leaves_alone_what_only_looks_like_it(text: str) -> None:
    assert redact_text(text) == text


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
]


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_field_of_a_secret_name_is_replaced_whatever_it_holds(name: str) -> None:
    assert is_secret_name(name)
    for value in ("hunter2", 1234, ["hunter2"], {"inner": "hunter2"}, True):
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
        ({"note": 4111111111111111}, {"note": R}),
        ([5500005555555559], [R]),
        ({"at": 1772452800000, "n": 42, "ok": True, "rate": 1.5, "none": None},) * 2,
        ({"order": 1234567890123456},) * 2,
        (
            {"deep": {"password": "x", "email": "ann@shop.example"}},
            {"deep": {"password": R, "email": "ann@shop.example"}},
        ),
    ],
)
def test_looks_into_nested_values_keys_and_numbers(value: Any, stored: Any) -> None:
    assert redact_value(value) == stored


def test_what_came_in_is_not_changed() -> None:
    value = {"password": "x", "list": ["4111111111111111"]}
    redact_value(value)
    assert value == {"password": "x", "list": ["4111111111111111"]}


def _with_check_digit(digits: str) -> str:
    total = sum(sum(divmod(int(digit) * (2 - index % 2), 10)) for index, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


cards = st.builds(
    lambda first, rest: _with_check_digit(first + rest),
    st.sampled_from("3456"),
    st.integers(13, 14).flatmap(lambda size: st.text("0123456789", min_size=size, max_size=size)),
).filter(lambda card: len(set(card)) > 1)


@pytest.mark.parametrize(
    "text", ["1 " * 16_000, "4111 " * 6_000, "41-" * 10_000, "4.1" * 10_000, "DE89 " * 6_000], ids=lambda text: text[:5]
)
def test_the_longest_text_that_is_taken_takes_no_time(text: str) -> None:
    started = time.process_time()
    redact_text(text)
    assert time.process_time() - started < 2


@given(
    cards, st.sampled_from(["", "card: ", "(", "=", "x", "\n"]), st.sampled_from(["", ".", ", cvv 123", " 12/27", ")"])
)
def test_no_valid_card_number_survives(card: str, before: str, behind: str) -> None:
    assert card not in redact_text(before + card + behind)
    grouped = " ".join(card[start : start + 4] for start in range(0, len(card), 4))
    assert grouped not in redact_text(before + grouped + behind)


@given(st.integers(0, 3_976_214_399_999))
def test_every_epoch_millisecond_until_2096_survives(at: int) -> None:
    assert redact_value({"at": at, "text": str(at)}) == {"at": at, "text": str(at)}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    once = redact_value(value)
    assert redact_value(once) == once
