"""Redaction on the server: what the browser should have kept to itself is replaced before anything is stored
(technical design §7.2, §8.2).

By name, where the words of a field's name say that its value is secret, and by value, wherever it stands. A value is
replaced, the event is kept. Phones, e-mails, dates and order numbers survive: card numbers must pass the Luhn check
and IBANs their checksum.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

REDACTED = "[REDACTED]"

# Whole words of a name, so that "shipping" is not a "pin" and "passenger" no "pass".
_SECRET_WORDS = frozenset(
    [
        "password",
        "passwd",
        "pwd",
        "passcode",
        "passphrase",
        "passwort",
        "kennwort",
        "contraseña",
        "contrasena",
        "senha",
        "motdepasse",
        "wachtwoord",
        "hasło",
        "haslo",
        "ssn",
        "cvv",
        "cvv2",
        "cvc",
        "cvc2",
        "csc",
        "pin",
        "otp",
        "iban",
        "secret",
        "token",
        "apikey",
        "creditcard",
        "cardnumber",
        "ccnumber",
        "ccnum",
        "cccvc",
        "cccsc",
        "securitycode",
        "socialsecurity",
        "socialsecuritynumber",
        "confirmpassword",
        "newpassword",
        "currentpassword",
        "passport",
    ]
)
_SECRET_PHRASES = (
    ("social", "security"),
    ("credit", "card"),
    ("card", "number"),
    ("card", "no"),
    ("card", "code"),
    ("cc", "number"),
    ("cc", "num"),
    ("cc", "csc"),
    ("security", "code"),
    ("security", "answer"),
    ("api", "key"),
    ("mot", "passe"),
    ("one", "time", "code"),
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_NUMBERED = re.compile(r"(?<=[^\W\d_])\d+\Z")

_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?![\d-])")
# A run of digit groups; which of them are a card is decided by `_redact_cards`. A leading + makes it a phone number.
_DIGITS = re.compile(r"(?<!\d)(?<!\d\.)\+?\d(?:[ .\-]?\d){12,}")
_GROUP = re.compile(r"\d+")
_MOST_GROUPS = 5  # of four digits or more: nineteen in all
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{6,8}(?![A-Za-z0-9])")
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])"
)
# A parameter of a URL's query or fragment.
_QUERY = re.compile(r"(?P<before>[?&;#](?P<name>[^=&;#?\s]{1,64})=)[^&;#\s]+")
_LEAST_CARD = 10**12
# No pattern can match text without this; most strings of an event fail here, in one pass.
_SUSPECT = re.compile(r"\d(?:[ .\-]?\d){5}")


def is_secret_name(name: str) -> bool:
    """Whether the words of a field's name say that its value must not be kept."""
    words = _WORD.findall(_CAMEL.sub(" ", name).lower())
    # The field that repeats a password is often called password2.
    if (
        not _SECRET_WORDS.isdisjoint((*words, *(_NUMBERED.sub("", word) for word in words)))
        or "".join(words) in _SECRET_WORDS
    ):
        return True
    return any(
        tuple(words[start : start + len(phrase)]) == phrase
        for phrase in _SECRET_PHRASES
        for start in range(len(words) - len(phrase) + 1)
    )


def redact_text(text: str) -> str:
    """Replace what looks like a social security number, card, passport or IBAN inside a text."""
    if "=" in text and "?" in text:
        text = _QUERY.sub(_redact_query, text)
    if not _SUSPECT.search(text):
        return text
    text = _SSN.sub(REDACTED, text)
    text = _IBAN.sub(_if(_is_iban), text)
    text = _DIGITS.sub(_redact_cards, text)
    return _PASSPORT.sub(REDACTED, text)


def redact_value(value: Any) -> Any:
    """A copy with secrets replaced, in nested values and in keys."""
    kind = type(value)
    if kind is str:
        return redact_text(value)
    if kind is dict:
        redacted = {}
        for name, item in value.items():
            stored_name, secret = _name(name)
            if secret and item not in (None, "", False):
                redacted[stored_name] = REDACTED
            elif type(item) is str:
                redacted[stored_name] = redact_text(item)
            else:
                redacted[stored_name] = redact_value(item)
        return redacted
    if kind is list:
        return [redact_value(item) for item in value]
    if kind is int and value > _LEAST_CARD and _is_card(str(value)):
        return REDACTED
    return value


@lru_cache(maxsize=16_384)
def _name(name: str) -> tuple[str, bool]:
    return redact_text(name), is_secret_name(name)


def _if(check: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda match: REDACTED if check(match[0]) else match[0]


def _redact_query(match: re.Match[str]) -> str:
    return match["before"] + REDACTED if _name(match["name"])[1] else match[0]


def _redact_cards(run: re.Match[str]) -> str:
    """Replace the cards among groups of digits: people type expiry and code behind the number."""
    text = run[0]
    if text.startswith("+"):
        return text
    groups = [match.span() for match in _GROUP.finditer(text)]
    kept, done, start = [], 0, 0
    while start < len(groups):
        last = min(len(groups), start + _MOST_GROUPS)
        end = next((end for end in range(last, start, -1) if _are_card(text, groups[start:end])), None)
        if end is None:
            start += 1
            continue
        kept += [text[done : groups[start][0]], REDACTED]
        done, start = groups[end - 1][1], end
    return "".join((*kept, text[done:]))


def _are_card(text: str, groups: list[tuple[int, int]]) -> bool:
    lengths = [stop - start for start, stop in groups]
    first = groups[0][0]
    if len(groups) == 1:
        # What follows a dot is the fraction of a number.
        return not (first and text[first - 1] == ".") and _is_card(text[first : groups[0][1]])
    # Printed as 4-4-4-4, 4-6-5 or 6-6-6 or so; longer groups are phone numbers, times and identifiers.
    if not all(4 <= length <= 6 for length in lengths[:-1]) or lengths[-1] > 6:
        return False
    return _is_card("".join(text[start:stop] for start, stop in groups))


def _is_card(digits: str) -> bool:
    # No scheme in use begins with 0 or 1, and one alone has 13 digits; times in milliseconds do until 2096.
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1 or digits[0] in "01":
        return False
    if len(digits) == 13 and digits[0] != "4":
        return False
    numbers = [int(digit) for digit in digits]
    doubled = [number * 2 - 9 if number > 4 else number * 2 for number in numbers[-2::-2]]
    return (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    compact = re.sub(r"[ -]", "", text).upper()
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1
