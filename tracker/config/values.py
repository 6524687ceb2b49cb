"""What operators may write: checks and normal forms, as pure functions. All raise `InvalidError` with a way out."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeVar
from urllib.parse import urlsplit

import idna
import msgspec

from tracker.config.models import SELECTOR_CHARS
from tracker.config.patterns import redact_patterns
from tracker.config.records import SYNC_PARTIAL, ClientSettings, Retention, WidgetConfig
from tracker.errors import InvalidError

MAX_RETENTION_DAYS = 3650
EVENT_TYPES = ("lead.created", "lead.updated", "lead.submitted", "lead.abandoned", "lead.deleted", "form.submitted")
"""What webhooks can be told (`tracker.webhooks.payloads`)."""
_MAX_DOMAIN_CHARS = 253
_MAX_URL_CHARS = 2048
_MAX_ORIGINS = 100
_MAX_ALTERNATIVES = 20
_MAX_CREDENTIALS = 30
_MAX_CREDENTIAL_CHARS = 16_384  # a private key in PEM fits
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Lone surrogates come from command lines and cannot be stored.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FIELD_TYPE = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_CREDENTIAL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_REGION = re.compile(r"[A-Z]{2}")

Record = TypeVar("Record", WidgetConfig, ClientSettings)


def domain(text: str) -> str:
    """A client's domain in its stored form: lower case, IDNA, no scheme.

    ``https://Bücher.example/`` → ``xn--bcher-kva.example``. ``localhost`` and IPv4 addresses are taken too.
    """
    bare = re.sub(r"^https?://", "", text.strip(), flags=re.IGNORECASE).rstrip("/")
    if any(mark in bare for mark in "/?#@:") or not bare:
        raise InvalidError("a domain is a bare host name like example.com, without port, path or user name")
    host = _host(bare)
    if host is None or ("." not in host and host != "localhost"):
        raise InvalidError("a domain is a bare host name like example.com")
    return host


def origins(given: Iterable[str]) -> list[str]:
    """Allowed origins in the form that browsers send, without repetitions, in the order given."""
    if isinstance(given, str):
        given = (given,)
    known = list(dict.fromkeys(_origin(text) for text in given))
    if len(known) > _MAX_ORIGINS:
        raise InvalidError(f"a client has {_MAX_ORIGINS} allowed origins at most")
    return known


def _origin(text: str) -> str:
    refusal = InvalidError("an allowed origin is scheme://host or scheme://host:port, like https://shop.example.com")
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise refusal from None
    extra = parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc
    host = _host(parts.hostname or "")
    if parts.scheme not in _DEFAULT_PORTS or extra or host is None:
        raise refusal
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def _host(text: str) -> str | None:
    for address in (IPv4Address, IPv6Address):
        try:
            return str(address(text))
        except ValueError:
            continue
    if len(text) > _MAX_DOMAIN_CHARS:
        return None
    try:
        host = idna.encode(text.rstrip("."), uts46=True, transitional=False).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
    # A name that ends in a number is an address to browsers (127.1, 0x7f.1).
    if len(host) > _MAX_DOMAIN_CHARS or _NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
        return None
    return host


def text(value: str, what: str, limit: int = 255) -> str:
    """A one-line text, trimmed, not empty."""
    trimmed = value.strip()
    if not trimmed or len(trimmed) > limit or _UNPRINTABLE.search(trimmed):
        raise InvalidError(f"{what} must be 1 to {limit} characters on one line")
    return trimmed


def optional_text(value: str | None, what: str, limit: int = 255) -> str | None:
    """Like `text`; ``None`` and the empty text give ``None``."""
    return None if value is None or not value.strip() else text(value, what, limit)


def page_url(value: str) -> str:
    """The page that a form is on: a URL, a path or a pattern."""
    return text(value, "a page URL", _MAX_URL_CHARS)


def selector(value: str) -> str:
    """A CSS selector. Its grammar is the browser's business; length and control characters are ours."""
    return text(value, "a selector", SELECTOR_CHARS)


def alternatives(values: Sequence[str]) -> list[str]:
    """Further selectors of a form, without repetitions."""
    if isinstance(values, str):
        values = (values,)
    known = list(dict.fromkeys(selector(value) for value in values))
    if len(known) > _MAX_ALTERNATIVES:
        raise InvalidError(f"a form has {_MAX_ALTERNATIVES} alternative selectors at most")
    return known


def field_type(value: str) -> str:
    """The type of an input: ``text``, ``email``, ``tel``, ``select``, …"""
    kind = value.strip().lower()
    if not _FIELD_TYPE.fullmatch(kind):
        raise InvalidError("a field type is one word like text, email, tel or select")
    return kind


def webhook_url(value: str) -> str:
    """A URL to post to: http or https, an absolute host, no user name, no fragment."""
    address = text(value, "a webhook URL", _MAX_URL_CHARS)
    refusal = InvalidError(
        "a webhook URL is like https://crm.example.com/hooks, without user name, password and fragment; "
        "a secret of its own signs what is sent"
    )
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise refusal from None
    bad_host = _host(parts.hostname or "") is None
    if parts.scheme not in _DEFAULT_PORTS or bad_host or "@" in parts.netloc or "#" in address or " " in address:
        raise refusal
    return address


def webhook_secret(value: str) -> str:
    """A secret as Standard Webhooks writes it: ``whsec_`` and the base64 of 24 to 64 bytes."""
    try:
        if value.startswith("whsec_") and 24 <= len(base64.b64decode(value[6:], validate=True)) <= 64:
            return value
    except ValueError:
        pass
    raise InvalidError("a webhook's secret is whsec_ and the base64 of 24 to 64 bytes")


def event_types(given: Iterable[str]) -> list[str]:
    """Kinds of messages of a webhook, without repetitions; empty = all."""
    if isinstance(given, str):
        given = (given,)
    known = list(dict.fromkeys(kind.strip() for kind in given))
    if not set(known) <= set(EVENT_TYPES):
        raise InvalidError(f"event types are {', '.join(EVENT_TYPES)}; none of them = all")
    return known


def adapter(value: str) -> str:
    """The kind of a CRM."""
    kind = value.strip().lower()
    if not _FIELD_TYPE.fullmatch(kind):
        raise InvalidError("an adapter is one word like salesforce")
    return kind


def credentials(given: Mapping[str, Any]) -> dict[str, str]:
    """Credentials of a CRM account: names and texts. No refusal repeats any of them."""
    if not isinstance(given, Mapping) or len(given) > _MAX_CREDENTIALS:
        raise InvalidError(f"credentials are a JSON object of up to {_MAX_CREDENTIALS} names and texts")
    for name, value in given.items():
        if not isinstance(name, str) or not _CREDENTIAL.fullmatch(name):
            raise InvalidError("a credential's name is letters, digits and _ like clientSecret")
        if not isinstance(value, str) or len(value) > _MAX_CREDENTIAL_CHARS or _SURROGATE.search(value):
            raise InvalidError(f"a credential's value is a text of up to {_MAX_CREDENTIAL_CHARS} characters")
    return dict(given)


def display_order(value: int) -> int:
    """A place among the fields of a form."""
    if not 0 <= value <= 1_000_000:
        raise InvalidError("an order is a number from 0 to 1000000")
    return value


def retention_days(value: int | None) -> int | None:
    """Days that events live; 0 gives ``None``, the global setting."""
    if value is None or value == 0:
        return None
    if not 1 <= value <= MAX_RETENTION_DAYS:
        raise InvalidError(f"retention is 1 to {MAX_RETENTION_DAYS} days, or 0 for the global setting")
    return value


# ----------------------------------------------------------------------------------------------------------- documents


def merged(stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """``stored`` with ``patch`` laid over it as in RFC 7396: objects merge, ``null`` removes, all else replaces."""
    result = dict(stored)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = result.get(key)
            result[key] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            result[key] = value
    return result


def document(
    stored: Mapping[str, Any], patch: Mapping[str, Any] | None, what: str, limit: int = 16_384
) -> dict[str, Any]:
    """A free JSON object after a merge.

    :param limit: bytes of its JSON.
    """
    if patch is None:
        return dict(stored)
    if not isinstance(patch, Mapping):
        raise InvalidError(f"{what} must be a JSON object")
    try:
        encoded = msgspec.json.encode(merged(stored, patch))
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise InvalidError(f"{what} must be a JSON object") from None
    if len(encoded) > limit:
        raise InvalidError(f"{what} is larger than {limit} bytes")
    # What comes back holds only what JSON can: no NaN, which MariaDB would refuse.
    return msgspec.json.decode(encoded, type=dict[str, Any])


def form_metadata(
    stored: Mapping[str, Any], patch: Mapping[str, Any] | None, partial: bool | None, draft: bool | None = None
) -> dict[str, Any]:
    """A form's metadata after a merge; ``partial`` becomes its ``partialCapture``, ``draft`` its ``draft``."""
    result = document(stored, patch, "metadata")
    for name, value in (("partialCapture", partial), ("draft", draft)):
        if value is not None:
            result[name] = value
        if not isinstance(result.get(name, False), bool):
            raise InvalidError(f"metadata: {name} must be true or false")
    return result


def widget_config(stored: Mapping[str, Any], patch: Mapping[str, Any] | None) -> dict[str, Any]:
    """``clients.config`` after a merge, checked against `WidgetConfig`."""
    result = document(stored, patch, "config")
    batching = _checked(result, WidgetConfig, "config").batching
    if not 1 <= batching.max_events <= 50:
        raise InvalidError("config: batching.maxEvents must be 1 to 50")
    if not 100 <= batching.flush_interval_ms <= 60_000:
        raise InvalidError("config: batching.flushIntervalMs must be 100 to 60000")
    return result


def client_settings(stored: Mapping[str, Any], patch: Mapping[str, Any] | None) -> dict[str, Any]:
    """``clients.settings`` after a merge, checked against `ClientSettings`."""
    result = document(stored, patch, "settings")
    checked = _checked(result, ClientSettings, "settings")
    if checked.default_region is not None and not _REGION.fullmatch(checked.default_region):
        raise InvalidError("settings: defaultRegion must be two capital letters like US")
    if not SYNC_PARTIAL.fullmatch(checked.sync_partial):
        raise InvalidError("settings: syncPartial must be none, email, or percent:1 to percent:100")
    for name in ("limitEventsPerMinute", "limitConfigPerMinute", "limitIpEventsPerMinute"):
        value = result.get(name)
        if value is not None and not 0 <= value <= 2**31 - 1:
            raise InvalidError(f"settings: {name} must not be negative")
    _check_retention(checked.retention)
    if result.get("retention") == {}:
        del result["retention"]
    # Only what is written now: an old pattern that is refused today must not stand in the way of another change.
    if patch and patch.get("redactPatterns") is not None:
        result["redactPatterns"] = redact_patterns(checked.redact_patterns)
    return result


def _check_retention(retention: Retention) -> None:
    for entry in msgspec.structs.fields(retention):
        days = getattr(retention, entry.name)
        if isinstance(days, int) and not 1 <= days <= MAX_RETENTION_DAYS:
            last = ", forever" if entry.name.endswith("leads_days") else ""
            raise InvalidError(
                f"settings: retention.{entry.encode_name} must be 1 to {MAX_RETENTION_DAYS} days{last}, "
                "or null for the default"
            )


def _checked(value: Mapping[str, Any], shape: type[Record], what: str) -> Record:
    unknown = _unknown(value, shape)
    if unknown:
        raise InvalidError(f"{what}: unknown {', '.join(unknown)}; known are {', '.join(_names(shape))}")
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise InvalidError(f"{what}: {error}") from None


def _names(shape: type[msgspec.Struct]) -> list[str]:
    return [entry.encode_name for entry in msgspec.structs.fields(shape)]


def _unknown(value: Mapping[str, Any], shape: type[msgspec.Struct], path: str = "") -> list[str]:
    inner = {entry.encode_name: entry.type for entry in msgspec.structs.fields(shape)}
    found = [f"{path}{key}" for key in value if key not in inner]
    for key, kind in inner.items():
        below = value.get(key)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(below, Mapping):
            found += _unknown(below, kind, f"{path}{key}.")
    return found
