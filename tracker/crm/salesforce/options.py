"""What an operator says of a Salesforce org: how to sign in, and how records are brought there. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tracker.crm.base import DuplicatePolicy
from tracker.errors import InvalidError

Auth = Literal["password", "jwt", "client_credentials", "session"]

API_VERSION = "64.0"
"""The newest one that still has the SOAP ``login()`` of the password sign-in."""

BULK_FROM = 2_000
"""So many records of one kind are worth a Bulk 2.0 job, as Salesforce's own guidance draws the line."""

# What is secret, or names a person; in the order in which it is asked for.
_CREDENTIALS: dict[str, tuple[str, ...]] = {
    "password": ("username", "password", "security_token"),
    "jwt": ("username", "consumer_key", "private_key"),
    "client_credentials": ("consumer_key", "consumer_secret"),
    "session": ("session_id",),
}
_PLACES: dict[str, tuple[str, ...]] = {
    "password": ("domain",),
    "jwt": ("domain", "audience"),
    "client_credentials": ("domain",),
    "session": ("instance_url",),
}
_GENERAL = ("auth", "api_version", "external_id_field", "entity", "duplicates", "bulk_from", "reserve")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
# Hosts of Salesforce in full; anything else without a port is a prefix of salesforce.com, as in simple-salesforce.
_WHOLE = (".salesforce.com", ".force.com", ".salesforce.mil", ".sfcrmproducts.cn", ".cloudforce.com")
_OLDEST_VERSION, _LAST_SOAP_LOGIN = 46.0, 64.0


class Options(msgspec.Struct, frozen=True):
    """The settings of a connection.

    :ivar host: where to sign in, with a port if it has one; of the instance itself with ``auth`` = ``session``.
    :ivar audience: of the JWT; a URL.
    :ivar external_id_field: holds our ``lead_id``; ``None`` = records are found by their e-mail address.
    :ivar entity: what leads become where a mapping says nothing.
    :ivar bulk_from: number of records of one kind from which on they go over as a Bulk 2.0 job.
    """

    auth: Auth
    host: str
    audience: str
    api_version: str = API_VERSION
    external_id_field: str | None = None
    entity: str = "Lead"
    duplicates: DuplicatePolicy = "update"
    bulk_from: int = BULK_FROM

    @property
    def soap_version(self) -> str:
        """Of the password sign-in: ``login()`` is gone from later versions than that, whatever the data's version."""
        return self.api_version if float(self.api_version) <= _LAST_SOAP_LOGIN else f"{_LAST_SOAP_LOGIN:.1f}"


def split(document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """Credentials and settings of ``crm connect``, checked; see `CrmAdapter.split`.

    :raises InvalidError: naming what is missing, misspelt or of no use, without a value.
    """
    auth = _auth(document)
    credentials, places = _CREDENTIALS[auth], _PLACES[auth]
    _refuse_unknown(document, auth, (*credentials, *places, *_GENERAL))
    secrets = {name: _text(document, name, auth, empty=name == "security_token") for name in credentials}
    if auth == "jwt":
        secrets["private_key"] = _private_key(secrets["private_key"])
    settings = {name: value for name, value in document.items() if name not in credentials and value is not None}
    if auth == "client_credentials" and not settings.get("domain"):
        raise InvalidError(_missing("domain", auth) + "; it is the org's My Domain, such as acme.my")
    if auth == "session" and not settings.get("instance_url"):
        raise InvalidError(_missing("instance_url", auth) + "; such as https://acme.my.salesforce.com")
    options_of(settings)
    return secrets, settings


def options_of(settings: Mapping[str, Any]) -> Options:
    """Read the settings of a connection.

    :raises InvalidError: naming the one that is of no use.
    """
    auth = _auth(settings)
    place = settings.get("instance_url") if auth == "session" else settings.get("domain") or "login"
    host = host_of(place, "instance_url" if auth == "session" else "domain")
    if auth == "client_credentials" and host in ("login.salesforce.com", "test.salesforce.com"):
        raise InvalidError(
            "domain: client_credentials works only at the org's My Domain, such as acme.my or acme--uat.sandbox.my"
        )
    duplicates = settings.get("duplicates", "update")
    if duplicates not in ("update", "allow", "hold"):
        raise InvalidError("duplicates: update (the match), allow (a second record) or hold (for review)")
    return Options(
        auth=auth,
        host=host,
        audience=_audience(settings, host),
        api_version=_version(settings.get("api_version", API_VERSION)),
        external_id_field=_name(settings, "external_id_field") if settings.get("external_id_field") else None,
        entity=_name(settings, "entity") if settings.get("entity") else "Lead",
        duplicates=cast("DuplicatePolicy", duplicates),
        bulk_from=_number(settings.get("bulk_from", BULK_FROM)),
    )


def host_of(place: object, name: str = "domain") -> str:
    """The host behind ``login``, ``test``, ``acme.my``, a whole host, one with a port, or an https URL.

    :raises InvalidError: when it is none.
    """
    hint = f"{name}: a host such as login, test, acme.my or acme.my.salesforce.com, reached by https"
    if not isinstance(place, str):
        raise InvalidError(hint)
    text = place.strip()
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidError(hint) from None
    if parts.scheme != "https" or parts.username is not None or parts.path.strip("/") or parts.query:
        raise InvalidError(hint)
    if not _HOST.fullmatch(host):
        raise InvalidError(hint)
    if port is not None:
        return f"{host}:{port}"
    alone = host == "localhost" or bool(re.fullmatch(r"[\d.]+", host))
    return host if alone or name == "instance_url" or host.endswith(_WHOLE) else f"{host}.salesforce.com"


def is_salesforce_host(host: str) -> bool:
    """Whether a host, with or without a port, is under one of Salesforce's own domains."""
    return host.partition(":")[0].lower().endswith(_WHOLE)


def _auth(document: Mapping[str, Any]) -> Auth:
    given = document.get("auth")
    if given not in _CREDENTIALS:
        raise InvalidError("auth: how to sign in to Salesforce: password, jwt, client_credentials or session")
    return cast("Auth", given)


def _refuse_unknown(document: Mapping[str, Any], auth: str, known: tuple[str, ...]) -> None:
    for name in document:
        if name not in known:
            near = get_close_matches(str(name), known, 1, 0.6)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise InvalidError(f"a Salesforce connection with auth {auth} has no such setting; {hint}")


def _text(document: Mapping[str, Any], name: str, auth: str, *, empty: bool) -> str:
    value = document.get(name)
    if value is None and empty:
        raise InvalidError(_missing(name, auth) + '; give "" where the network of this service is a trusted one')
    if value is None or (value == "" and not empty):
        raise InvalidError(_missing(name, auth))
    if not isinstance(value, str):
        raise InvalidError(f"{name}: a text")
    return value


def _missing(name: str, auth: str) -> str:
    return f"{name} is missing, which auth {auth} needs"


def _private_key(text: str) -> str:
    # A PEM that went through an environment variable often has its line ends as two characters.
    pem = text.replace("\\n", "\n").strip() + "\n"
    hint = "private_key: an RSA key in PEM without a passphrase, whose certificate is in the connected app"
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidError(hint) from None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidError(hint)
    return pem


def _audience(settings: Mapping[str, Any], host: str) -> str:
    given = settings.get("audience")
    if given is None:
        return f"https://{host}"
    if not isinstance(given, str) or not given.startswith("https://"):
        raise InvalidError("audience: a URL such as https://login.salesforce.com")
    return given


def _version(given: object) -> str:
    text = str(given).removeprefix("v")
    if not re.fullmatch(r"\d{2,3}(\.0)?", text) or float(text) < _OLDEST_VERSION:
        raise InvalidError(f"api_version: such as {API_VERSION}, and not below {_OLDEST_VERSION}")
    return text if "." in text else f"{text}.0"


def _name(settings: Mapping[str, Any], setting: str) -> str:
    value = settings[setting]
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidError(f"{setting}: an API name as Salesforce shows it, such as Lead or Tracker_Id__c")
    return value


def _number(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InvalidError("bulk_from: a number of records, 1 or more")
    return given
