"""Finds and takes out what names one person, wherever it stands: in a text, a document, or bytes. Pure.

Addresses are found in any letter case, percent-encoded (also twice), in full-width letters, with the escapes of JSON,
and a domain in Unicode also as Punycode (RFC 3492); phone numbers with any punctuation, with or without the country's
code, and as a number of BSON. ``ann@shop.example`` does not stand in ``joann@shop.example`` or in
``ann@shop.example.org``: those are other people's.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import phonenumbers

from tracker.privacy.plain import Span, needs_plain, original, plain

ERASED = "[ERASED]"
"""What stands in a longer text where an address stood."""

_LOCAL = "a-z0-9_"
# Between digits of a number; what a form encodes has become a space by then.
_GAP = r"[\s()./\-]{0,3}"
_PERCENT = re.compile(rb"%(?:25)*([0-9a-f]{2})")
_JSON_ESCAPE = re.compile(rb"\\+(?:u([0-9a-f]{4})|/)")
# The first bytes in UTF-8 of characters that stand for an ASCII one: full width, letterlike, raised, mathematical. Most
# documents are not ASCII, as BSON's own numbers are not; decoding each would take ten times as long.
_WIDE = re.compile(
    rb"\xef[\xb9\xbc\xbd]|\xe2[\x81\x82\x84\x85\x92\x93]|\xf0(?:\x9d|\x9f[\x84\x85])|\xc2[\xa0\xaa\xad\xb2\xb3\xb7\xb9\xba]"
)
_NO_DIGITS = bytes(byte for byte in range(256) if not 0x30 <= byte <= 0x39)
_MIN_BARE_DIGITS = 9
_GONE = object()


class Needles:
    """What to look for.

    :param emails: normalised addresses. :param phones: in E.164. :param ids: of visitors and visits, found as a
        whole value only.
    """

    def __init__(self, emails: Iterable[str] = (), phones: Iterable[str] = (), ids: Iterable[str] = ()) -> None:
        self.emails, self.phones, self.ids = frozenset(emails), frozenset(phones), frozenset(ids)
        spellings = sorted({form for email in self.emails for form in _spellings(email)})
        numbers = [_Number(phone) for phone in sorted(self.phones)]
        self._texts = [_email_pattern(email) for email in spellings] + [number.pattern for number in numbers]
        self._raw = [email.encode("utf-8", "surrogatepass") for email in spellings]
        self._exact = [one.encode("utf-8", "surrogatepass") for one in sorted(self.ids)]
        self._exact += [part for number in numbers for part in number.raw]
        self._digits = [number.national for number in numbers]
        # Digits have a form in every script, letters of other scripts two cases.
        self._whole = bool(numbers) or not all(email.isascii() for email in spellings)

    def maybe_in(self, data: bytes) -> bool:
        """Whether bytes (BSON, JSON, MessagePack) may hold one of them: never misses, sometimes errs."""
        if any(part in data for part in self._exact):
            return True
        if not self._raw and not self._digits:
            return False
        lower = data.lower()
        folded = _folded(lower, whole=self._whole)
        readings = (lower,) if folded is lower else (lower, folded)
        if any(part in reading for part in self._raw for reading in readings):
            return True
        return any(part in reading.translate(None, _NO_DIGITS) for part in self._digits for reading in readings)

    def in_text(self, text: str) -> bool:
        """Whether a text holds one of the addresses or numbers, or is one of the ids."""
        return text in self.ids or any(True for _ in self._spans(text))

    def in_value(self, value: Any) -> bool:
        """The same for a document: names, values, also inside binary data and numbers."""
        if isinstance(value, str):
            return self.in_text(value)
        if isinstance(value, dict):
            return any(self.in_text(name) or self.in_value(item) for name, item in value.items())
        if isinstance(value, list | tuple):
            return any(self.in_value(item) for item in value)
        if isinstance(value, bytes):
            if not self.maybe_in(value):
                return False
            document = _json(value)
            return document is None or self.in_value(document)
        return self._is_number(value)

    def without(self, value: Any) -> Any:
        """A document without them: a value that is one goes with its name, in a longer text :data:`ERASED` stands
        instead. What holds none comes back as it is."""
        left = self._left(value)
        return None if left is _GONE else left

    def _left(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text_left(value)
        if isinstance(value, dict):
            kept = {name: self._left(item) for name, item in value.items() if not self.in_text(name)}
            return {name: item for name, item in kept.items() if item is not _GONE}
        if isinstance(value, list | tuple):
            return [item for item in map(self._left, value) if item is not _GONE]
        if isinstance(value, bytes):
            return self._bytes_left(value)
        return _GONE if self._is_number(value) else value

    def _bytes_left(self, data: bytes) -> Any:
        if not self.in_value(data):
            return data
        document = _json(data)
        return _GONE if document is None else msgspec.json.encode(self._left(document))

    def _text_left(self, text: str) -> Any:
        if text in self.ids:
            return _GONE
        # One after the other: what is left of the text is looked at again, in both of its readings.
        for _ in range(len(text) + 1):
            span = next(self._spans(text), None)
            if span is None:
                return text
            before, after = text[: span[0]], text[span[1] :]
            if not before.strip(" <\"'") and not after.strip(" >\"'"):
                return _GONE
            text = f"{before}{ERASED}{after}"
        return _GONE

    def _spans(self, text: str) -> Iterator[Span]:
        readings: list[tuple[str, list[int] | None]] = [(text, None)]
        if needs_plain(text):
            readings.append(plain(text))
        for reading, places in readings:
            lower = _lower(reading)
            for pattern in self._texts:
                for found in pattern.finditer(lower):
                    yield original(found.span(), places)

    def _is_number(self, value: Any) -> bool:
        if not self.phones or not isinstance(value, int | float) or isinstance(value, bool):
            return False
        # A form may send a phone's number as a number.
        return float(value).is_integer() and self.in_text(str(int(value)))


def _json(data: bytes) -> Any:
    """The object or list that these bytes are the JSON of; ``None`` for anything else."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    return document if isinstance(document, dict | list) else None


def _lower(text: str) -> str:
    """In lower case, one character for one, so that places stay what they were."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(c if len(c.lower()) != 1 else c.lower() for c in text)


def _spellings(email: str) -> Iterator[str]:
    yield email
    local, _, domain = email.rpartition("@")
    if not domain.isascii():
        try:
            yield f"{local}@{domain.encode('idna').decode('ascii')}"
        except UnicodeError:
            return


def _email_pattern(email: str) -> re.Pattern[str]:
    """Not where the local part or the domain goes on. A mark such as a dot or an apostrophe goes on with a letter at
    its other side: ``o'brien@`` does, and the quote in ``'brien@`` does not."""
    before = rf"(?<![{_LOCAL}])(?<![{_LOCAL}][.'+\-])"
    return re.compile(rf"{before}{re.escape(email)}(?![a-z0-9]|[.\-][a-z0-9])")


def _folded(data: bytes, *, whole: bool) -> bytes:
    """Bytes, in lower case, with what is escaped or of another width as plain text; most come back as they are.

    :param whole: as text also where no letter is of another width.
    """
    if b"%" in data:
        data = _PERCENT.sub(lambda found: bytes((int(found[1], 16),)), data).lower()
    if b"\\" in data:
        data = _JSON_ESCAPE.sub(_json_char, data)
    if _WIDE.search(data) or (whole and not data.isascii()):
        text = data.decode("utf-8", "surrogateescape")
        data = plain(text)[0].lower().encode("utf-8", "surrogateescape")
    return data


def _json_char(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        return b"/"
    code = int(found[1], 16)
    return b"?" if 0xD800 <= code < 0xE000 else chr(code).lower().encode()


class _Number:
    """The spellings of one phone number."""

    def __init__(self, e164: str) -> None:
        digits = e164.lstrip("+")
        try:
            parsed = phonenumbers.parse(e164)
            code = str(parsed.country_code)
            national = phonenumbers.national_significant_number(parsed)
            trunk = phonenumbers.ndd_prefix_for_region(phonenumbers.region_code_for_number(parsed) or "ZZ", True) or "0"
        except phonenumbers.NumberParseException:
            code, national, trunk = "", digits, "0"
        spelled = _GAP.join(national)
        prefixes = [rf"\+?{code}{_GAP}(?:\(0\){_GAP})?", rf"00{code}{_GAP}", rf"{re.escape(trunk)}{_GAP}"]
        # A short number without any prefix is as likely a price, an order or a year.
        is_long = len(national) >= _MIN_BARE_DIGITS
        prefix = "|".join([*prefixes, ""] if is_long else prefixes)
        self.pattern = re.compile(rf"(?<!\d)(?<!\d[./\-])\(?(?:{prefix})\(?{spelled}(?!\d)")
        self.national = national.encode()
        self.raw: list[bytes] = []
        for number in {int(digits), *([int(national)] if is_long else [])}:
            self.raw.append(struct.pack("<q", number))
            self.raw.append(struct.pack("<d", float(number)))
            if number < 2**31:
                self.raw.append(struct.pack("<i", number))
            # MessagePack counts from the other end.
            self.raw.append(struct.pack(">Q", number).lstrip(b"\0"))
