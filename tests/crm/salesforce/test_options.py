"""What ``crm connect`` takes for Salesforce, and what it says of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from tracker.crm.salesforce.options import host_of, options_of, split
from tracker.errors import InvalidError

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: Any = KEY, encryption: Any = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


COMPLETE: dict[str, dict[str, Any]] = {
    "password": {"username": "u@acme.example", "password": "p", "security_token": "t", "domain": "test"},
    "jwt": {"username": "u@acme.example", "consumer_key": "k", "private_key": pem(), "domain": "login"},
    "client_credentials": {"consumer_key": "k", "consumer_secret": "s", "domain": "acme.my"},
    "session": {"instance_url": "https://acme.my.salesforce.com", "session_id": "00D!x"},
}


@pytest.mark.parametrize("auth", sorted(COMPLETE))
def test_keeps_secrets_out_of_the_settings(auth: str) -> None:
    document = {"auth": auth, **COMPLETE[auth], "entity": "Contact", "api_version": 62}
    secrets, settings = split(document)
    assert set(secrets) | set(settings) == set(document)
    assert not set(secrets) & set(settings)
    assert not {"password", "security_token", "private_key", "consumer_secret", "session_id"} & set(settings)
    options = options_of(settings)
    assert (options.auth, options.entity, options.api_version) == (auth, "Contact", "62.0")


@pytest.mark.parametrize(
    ("auth", "name"),
    [(auth, name) for auth, fields in sorted(COMPLETE.items()) for name in fields if name != "domain"]
    + [("client_credentials", "domain")],
)
def test_names_what_is_missing(auth: str, name: str) -> None:
    document = {"auth": auth, **COMPLETE[auth]}
    del document[name]
    with pytest.raises(InvalidError, match=f"{name} is missing"):
        split(document)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"auth": "oauth"}, "auth: how to sign in"),
        ({}, "auth: how to sign in"),
        ({"usrname": "x"}, "did you mean username"),
        ({"duplicates": "merge"}, "duplicates: update"),
        ({"bulk_from": "many"}, "bulk_from: a number"),
        ({"bulk_from": True}, "bulk_from: a number"),
        ({"api_version": "latest"}, "api_version: such as"),
        ({"api_version": "41.0"}, "api_version: such as"),
        ({"entity": "Lead; DROP"}, "entity: an API name"),
        ({"external_id_field": "a b"}, "external_id_field: an API name"),
        ({"domain": "http://acme.my"}, "domain: a host"),
        ({"domain": "acme.my/services"}, "domain: a host"),
        ({"domain": "user@acme.my"}, "domain: a host"),
        ({"domain": "acme.my:eighty"}, "domain: a host"),
        ({"domain": 5}, "domain: a host"),
        ({"audience": "login"}, "audience: a URL"),
        ({"private_key": "hunter2-is-no-key"}, "private_key: an RSA key"),
        ({"username": 5}, "username: a text"),
    ],
)
def test_says_what_is_wrong_without_repeating_it(given: dict[str, Any], said: str) -> None:
    base = {"auth": "jwt", **COMPLETE["jwt"]} if given else {}
    with pytest.raises(InvalidError, match=said) as caught:
        split({**base, **given})
    assert "hunter2" not in caught.value.detail
    assert "DROP" not in caught.value.detail


def test_wants_an_rsa_key_without_a_passphrase() -> None:
    for key in (pem(ec.generate_private_key(ec.SECP256R1())), pem(encryption=BestAvailableEncryption(b"x"))):
        with pytest.raises(InvalidError, match="private_key: an RSA key in PEM without a passphrase"):
            split({"auth": "jwt", **COMPLETE["jwt"], "private_key": key})


def test_takes_a_key_whose_line_ends_were_escaped() -> None:
    secrets, _ = split({"auth": "jwt", **COMPLETE["jwt"], "private_key": pem().replace("\n", "\\n")})
    assert secrets["private_key"] == pem()


def test_takes_an_empty_security_token_for_trusted_networks() -> None:
    secrets, _ = split({"auth": "password", **COMPLETE["password"], "security_token": ""})
    assert secrets["security_token"] == ""


@pytest.mark.parametrize("domain", ["login", "test", "https://login.salesforce.com"])
def test_refuses_client_credentials_without_a_domain_of_the_orgs_own(domain: str) -> None:
    with pytest.raises(InvalidError, match="My Domain"):
        split({"auth": "client_credentials", **COMPLETE["client_credentials"], "domain": domain})


@pytest.mark.parametrize(
    ("domain", "host"),
    [
        ("login", "login.salesforce.com"),
        ("test", "test.salesforce.com"),
        ("acme.my", "acme.my.salesforce.com"),
        ("acme--uat.sandbox.my", "acme--uat.sandbox.my.salesforce.com"),
        ("https://acme.my.salesforce.com/", "acme.my.salesforce.com"),
        ("localhost:8443", "localhost:8443"),
        ("127.0.0.1", "127.0.0.1"),
        ("proxy.acme.example:443", "proxy.acme.example:443"),
    ],
)
def test_reads_what_operators_write_as_domain(domain: str, host: str) -> None:
    assert host_of(domain) == host


@given(st.text())
def test_a_domain_is_a_host_or_refused(text: str) -> None:
    try:
        host = host_of(text)
    except InvalidError:
        return
    assert not set(host) & set("/@?#\\ \t\r\n")


def test_signs_in_with_the_last_version_that_has_soap_login() -> None:
    assert options_of({"auth": "password", "api_version": "66.0"}).soap_version == "64.0"
    assert options_of({"auth": "password", "api_version": "60.0"}).soap_version == "60.0"


def test_the_audience_is_where_one_signs_in_unless_it_is_named() -> None:
    assert options_of({"auth": "jwt", "domain": "test"}).audience == "https://test.salesforce.com"
    named = {"auth": "jwt", "domain": "acme.my", "audience": "https://login.salesforce.com"}
    assert options_of(named).audience == "https://login.salesforce.com"
