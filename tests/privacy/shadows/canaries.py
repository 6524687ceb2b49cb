"""Values that are planted in every input, and how they are found again.

Each is unique, so that a find names the input that it came through. It is looked for as it was written and as programs
write it on: in either case, percent-encoded, in base64, as JSON escapes it, reversed bytes aside.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, quote_plus, unquote_to_bytes

Kind = Literal[
    "email",  # an e-mail address that somebody typed where it belongs, or where it does not
    "phone",
    "name",  # a name that a person typed
    "text",  # what a person typed into a message or a field of no known meaning
    "password",
    "card",
    "key",  # an API key, known or not
    "credential",  # of a CRM
    "hook",  # a secret of a webhook endpoint, and what its URL holds
    "token",  # what opens something or tells a machine: of the API, of a session, in an address; IP addresses
    "site",  # what a site and not a visitor chooses: names of clients and forms
    "agent",  # the User-Agent of a request
]


@dataclass(frozen=True)
class Canary:
    """One planted value.

    :ivar source: the input that it was planted in.
    :ivar needle: the part that nothing else holds, ASCII, at least nine characters.
    """

    kind: Kind
    source: str
    value: str
    needle: str


@dataclass
class Aviary:
    """All canaries of a test.

    :param seed: values follow from it.
    """

    seed: int
    planted: list[Canary] = field(default_factory=list)
    _rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    def email(self, source: str) -> str:
        tag = self._tag()
        return self._plant("email", source, f"{tag}@mail.example", tag)

    def phone(self, source: str) -> str:
        # Of Germany: a mobile number, which the parser takes for valid.
        digits = f"{self._rng.randrange(10**7, 10**8)}"
        return self._plant("phone", source, f"+49 151 {digits[:4]} {digits[4:]}", digits)

    def card(self, source: str) -> str:
        head = f"4{self._rng.randrange(10**13, 10**14)}"
        number = head + luhn_digit(head)
        return self._plant("card", source, " ".join(number[at : at + 4] for at in range(0, 16, 4)), number)

    def word(self, kind: Kind, source: str, before: str = "", after: str = "") -> str:
        """Any other value: a word, perhaps with something before and behind it."""
        tag = self._tag()
        return self._plant(kind, source, f"{before}{tag}{after}", tag)

    def known(self, kind: Kind, source: str, value: str) -> str:
        """A value that the system made."""
        return self._plant(kind, source, value, value)

    def _tag(self) -> str:
        # No word of any language, no hexadecimal number, and no two are alike in either case.
        return "zq" + "".join(self._rng.choices("bcdfghjklmnpqrstvwxz", k=14))

    def _plant(self, kind: Kind, source: str, value: str, needle: str) -> str:
        assert len(needle) >= 8 and needle.isascii()
        self.planted.append(Canary(kind, source, value, needle))
        return value


def luhn_digit(digits: str) -> str:
    """The last digit of a card's number."""
    doubled = [int(one) * (2 - at % 2) for at, one in enumerate(reversed(digits))]
    return str(-sum(one // 10 + one % 10 for one in doubled) % 10)


_GAPS = re.compile(rb"(?<=\d)[ ()./-]{1,3}(?=\d)")
_JSON_ESCAPE = re.compile(rb"\\u00([0-7][0-9a-f])")
_HEX_RUN = re.compile(rb"(?:[0-9a-f]{2}){16,}")
_BASE64_RUN = re.compile(rb"[A-Za-z0-9+/_-]{16,}")


class Searched:
    """Bytes in which canaries are looked for, whatever they were written as."""

    def __init__(self, data: bytes) -> None:
        self._texts = b"\n".join(dict.fromkeys(_spellings(data)))
        self._digits = _GAPS.sub(b"", self._texts)

    def holds(self, canary: Canary) -> bool:
        needle = canary.needle.lower().encode()
        return needle in (self._digits if canary.kind in ("phone", "card") else self._texts)


def _spellings(data: bytes) -> Iterator[bytes]:
    """As it is, and as it was before somebody encoded it, twice; in lower case."""
    yield data.lower()
    once = unquote_to_bytes(data.replace(b"+", b" "))
    twice = unquote_to_bytes(once)
    for text in (once, twice, data.replace(b"\x00", b"")):
        yield _JSON_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), text.lower())
    for run in _BASE64_RUN.finditer(data):
        yield from _decoded(run[0])
    for run in _HEX_RUN.finditer(data.lower()):
        yield bytes.fromhex(run[0].decode()).lower()


def _decoded(run: bytes) -> Iterator[bytes]:
    # A run may begin with a letter or three that are not of it.
    plain = run.replace(b"-", b"+").replace(b"_", b"/")
    for skipped in range(4):
        part = plain[skipped:]
        part = part[:-1] if len(part) % 4 == 1 else part
        yield base64.b64decode(part + b"=" * (-len(part) % 4)).lower()


def spelled(value: str) -> dict[str, str]:
    """How somebody may write a value, by the name of the spelling: for tests of the search itself."""
    raw = value.encode()
    return {
        "as it is": value,
        "upper case": value.upper(),
        "percent-encoded": quote(value, safe=""),
        "twice": quote(quote(value, safe=""), safe=""),
        "of a form": quote_plus(value),
        "every byte": "".join(f"%{byte:02X}" for byte in raw),
        "base64": base64.b64encode(raw).decode(),
        "base64 of URLs": base64.urlsafe_b64encode(b"x" + raw + b"y").decode(),
        "hexadecimal": raw.hex() if len(raw) >= 16 else value,
        "JSON": "".join(f"\\u{byte:04x}" for byte in raw),
    }
