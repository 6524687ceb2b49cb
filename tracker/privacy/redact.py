"""Redaction on the server: what the browser should have kept to itself is replaced before anything is stored
(technical design §7.2, §8.2).

By name, where the words of a field's name or label say that its value is secret, and by value, wherever it stands. A
value is replaced, the event is kept. Phones, e-mails, dates and order numbers survive: what is looked for by value has
a check digit, or a word beside it that says what it is. What is found how: docs/privacy.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from tracker.config.records import ClientRecord
from tracker.field_names import field_key
from tracker.memo import by_identity
from tracker.privacy.checks import is_card
from tracker.privacy.numbers import MAX_PHONE_DIGITS, is_suspect, number_spans
from tracker.privacy.patterns import ClientPatterns, patterns_of
from tracker.privacy.plain import Span, needs_plain, original, plain
from tracker.privacy.secret_names import CARD, NOTHING, PHONE, about_name, is_secret_name
from tracker.privacy.urls import secret_spans

REDACTED = "[REDACTED]"

# Too few digits for any number, no parameter, no address of a page: true of most texts, and told in one pass.
_HARMLESS_CHARS = r"[\x00-$&-/;<>-\x7f]"
_HARMLESS = re.compile(rf"{_HARMLESS_CHARS}*+(?:[0-9]{_HARMLESS_CHARS}*+){{0,5}}+\Z")
_NOTHING_IS = re.compile(r"(?!)")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MARKER = re.compile(re.escape(REDACTED))
_LEAST_CARD, _LEAST_UNEXACT = 10**12, 10**19
_MAX_PASSES = 4
_MAX_CACHED_CHARS = 500
# Our own names in the stored shape: a client's pattern must not break it.
_STRUCTURE = frozenset(
    {"form", "formId", "formName", "fields", "page", "url", "path", "title", "referrer", "roles", "traits", "trigger"}
)
# serializeArray() of a page's own script gives [{"name": …, "value": …}].
_PAIR_NAMES = ("name", "fieldName", "field", "key", "label", "id")
_PAIR_VALUES = ("value", "fieldValue", "values")

Said = Mapping[str, tuple[bool, int]]


def redact_text(text: str, about: int = NOTHING, patterns: ClientPatterns | None = None) -> str:
    """Replace what is secret inside a text.

    :param about: what `secret_names.about_name` says of the name that it stands under.
    :param patterns: what the client wants replaced besides.
    """
    if patterns is None:
        if _HARMLESS.match(text):
            return text
        if "://" in text and len(text) <= _MAX_CACHED_CHARS:
            return _redact_url(text, about)
    return _redact(text, about, patterns)


# A visit's events share a few addresses, and so do a site's visits.
@lru_cache(maxsize=4096)
def _redact_url(text: str, about: int) -> str:
    return _redact(text, about, None)


def _redact(text: str, about: int, patterns: ClientPatterns | None) -> str:
    redacted = _pass(text, about, patterns)
    if redacted is text:
        return text
    # What was cut out may leave neighbours that say more without it. Twice is the rule, and the result is final.
    for _ in range(_MAX_PASSES):
        text, redacted = redacted, _pass(redacted, about, patterns)
        if redacted == text:
            break
    return redacted


def _pass(text: str, about: int, patterns: ClientPatterns | None) -> str:
    view, places = text, None
    if needs_plain(text):
        view, places = plain(text)
    spans: list[Span] = []
    if "=" in view or ("@" in view and "://" in view):
        spans += secret_spans(text, view, places)
    if is_suspect(view):
        spans += [original(span, places) for span in number_spans(view, about)]
    if patterns:
        spans += patterns.spans(text)
        if view != text:
            spans += [original(span, places) for span in patterns.spans(view)]
    return _without(text, spans) if spans else text


def _without(text: str, spans: list[Span]) -> str:
    # A pattern may match inside of what was put there before, which must not grow.
    spans = [*spans, *(found.span() for found in _MARKER.finditer(text))]
    parts, done, behind = [], 0, 0
    for start, end in sorted(spans):
        if start >= behind:
            parts += [text[done:start], REDACTED]
        behind = done = max(behind, end)
    return "".join((*parts, text[done:]))


@lru_cache(maxsize=16_384)
def _read_name(name: str) -> tuple[str, bool, int]:
    """How a name is stored, whether its value is secret, and what its numbers are about."""
    return redact_text(name), is_secret_name(name), about_name(name)


@lru_cache(maxsize=4096)
def _redact_agent(text: str) -> str:
    return redact_text(text)


@lru_cache(maxsize=8192)
def _holds_secret(identifier: str) -> bool:
    return _UUID.fullmatch(identifier) is None and redact_text(identifier) != identifier


class Redactor:
    """Redaction for one client.

    :param patterns: its extra patterns.
    :param labels: what its configuration says of fields beyond their names, by form id and stored name.
    """

    def __init__(self, patterns: ClientPatterns | None = None, labels: Mapping[str, Said] | None = None) -> None:
        self._patterns = patterns
        self._labels = labels or {}
        self._holds_secret = self._holds_own_secret if patterns else _holds_secret
        self._harmless = _NOTHING_IS.match if patterns else _HARMLESS.match
        self._name = lru_cache(1024)(self._read_own_name) if patterns else _read_name

    def payload(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A copy of a stored payload with secrets replaced; labels and roles of form fields are heeded."""
        said = self._said(payload)
        if not said:
            return self._object(payload, NOTHING)
        form = payload["form"]
        redacted = self._object({**payload, "form": {**form, "fields": None}}, NOTHING)
        redacted["form"]["fields"] = self._object(form["fields"], NOTHING, said)
        return redacted

    def value(self, value: Any, about: int = NOTHING) -> Any:
        """A copy with secrets replaced, in nested values and in keys."""
        kind = type(value)
        if kind is str:
            return redact_text(value, about, self._patterns)
        if kind is dict:
            return self._object(value, about)
        if kind is list:
            return [self.value(item, about) for item in value]
        if (kind is int or kind is float) and self._is_secret_number(value, about):
            return REDACTED
        return value

    def agent(self, text: str) -> str:
        """A user agent; there are few of them."""
        return redact_text(text, NOTHING, self._patterns) if self._patterns else _redact_agent(text)

    def identifier(self, text: str | None) -> str | None:
        """An id that a site chose, ``None`` where it holds a secret: the same replacement for two people would make
        one visitor of them."""
        return text if text is None or not self._holds_secret(text) else None

    def _object(self, value: dict[str, Any], about: int, said: Said | None = None) -> dict[str, Any]:
        redacted: dict[str, Any] = {}
        harmless = self._harmless
        if "value" in value or "fieldValue" in value:
            said = {**(said or {}), **self._said_by_pair(value)}
        for name, item in value.items():
            stored, secret, under = self._name(name)
            if said and name in said:
                secret, under = secret or said[name][0], under | said[name][1]
            while stored in redacted:
                stored += "_"
            if secret and item is not None and item is not False and item != "":
                redacted[stored] = REDACTED
            elif type(item) is str:
                redacted[stored] = item if harmless(item) else redact_text(item, under | about, self._patterns)
            else:
                redacted[stored] = self.value(item, under | about)
        return redacted

    def _is_secret_number(self, value: float, about: int) -> bool:
        if self._patterns is None and -_LEAST_CARD < value < _LEAST_CARD:
            return False
        if not abs(value) < _LEAST_UNEXACT or value != int(value):
            return False
        digits = str(abs(int(value)))
        if about & PHONE and len(digits) <= MAX_PHONE_DIGITS:
            return self._is_own(digits)
        return is_card(digits, named=bool(about & CARD)) or self._is_own(digits)

    def _holds_own_secret(self, identifier: str) -> bool:
        return redact_text(identifier, NOTHING, self._patterns) != identifier

    def _is_own(self, digits: str) -> bool:
        return self._patterns is not None and bool(self._patterns.spans(digits))

    def _read_own_name(self, name: str) -> tuple[str, bool, int]:
        stored, secret, about = _read_name(name)
        return (stored if name in _STRUCTURE else redact_text(stored, NOTHING, self._patterns)), secret, about

    def _said(self, payload: dict[str, Any]) -> dict[str, tuple[bool, int]]:
        form, roles = payload.get("form"), payload.get("roles")
        if type(form) is not dict or type(form.get("fields")) is not dict:
            return {}
        said = dict(self._labels.get(form.get("formId") or "", {})) if self._labels else {}
        if type(roles) is dict:
            for name, role in roles.items():
                if role == "phone":
                    said[name] = (said.get(name, (False, NOTHING))[0], PHONE)
        return said

    def _said_by_pair(self, value: dict[str, Any]) -> dict[str, tuple[bool, int]]:
        names = [name for key in _PAIR_NAMES if type(name := value.get(key)) is str]
        read = [_read_name(name)[1:] for name in names]
        secret = any(secret for secret, _ in read)
        about = 0
        for _, under in read:
            about |= under
        return dict.fromkeys(_PAIR_VALUES, (secret, about)) if secret or about else {}


_PLAIN = Redactor()


def redact_value(value: Any) -> Any:
    """A copy with secrets replaced, in nested values and in keys, for no client in particular."""
    return _PLAIN.value(value)


@by_identity(1024)
def redactor_of(client: ClientRecord) -> Redactor:
    """The redaction of a client: its extra patterns, and what it says of its forms' fields."""
    labels = {
        form.form_id: {
            field_key(field.field_name): (is_secret_name(said), about_name(said))
            for field in form.fields
            if (said := f"{field.label or ''} {field.field_type}")
        }
        for form in client.forms
    }
    named = {
        form_id: {name: read for name, read in fields.items() if read != (False, NOTHING)}
        for form_id, fields in labels.items()
    }
    return Redactor(patterns_of(client), {form_id: fields for form_id, fields in named.items() if fields})
