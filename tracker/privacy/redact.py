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
    "password passwd pwd passcode passphrase passwort kennwort contraseña contrasena senha motdepasse wachtwoord hasło haslo "
    "ssn cvv cvv2 cvc cvc2 csc pin otp iban secret token apikey creditcard cardnumber ccnumber ccnum cccvc cccsc "
    "securitycode socialsecurity socialsecuritynumber confirmpassword newpassword currentpassword".split()
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

_SSN = re.compile(r"(?<![\d-])(?!000|666|9\d\d)\d{3}[- ](?!00)\d{2}[- ](?!0000)\d{4}(?![\d-])")
_CARD = re.compile(r"(?<![\d.+])\d(?:[ .\-]?\d){12,18}(?!\d)")
_PASSPORT = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{6,8}(?![A-Za-z0-9])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,3})?(?![A-Za-z0-9])")
# No pattern can match text without this; most strings of an event fail here, in one pass.
_SUSPECT = re.compile(r"\d(?:[ .\-]?\d){5}")


@lru_cache(maxsize=16_384)
def is_secret_name(name: str) -> bool:
    """Whether the words of a field's name say that its value must not be kept."""
    words = _WORD.findall(_CAMEL.sub(" ", name).lower())
    if not _SECRET_WORDS.isdisjoint(words) or "".join(words) in _SECRET_WORDS:
        return True
    return any(
        tuple(words[start : start + len(phrase)]) == phrase
        for phrase in _SECRET_PHRASES
        for start in range(len(words) - len(phrase) + 1)
    )


def redact_text(text: str) -> str:
    """Replace what looks like a social security number, card, passport or IBAN inside a text."""
    if not _SUSPECT.search(text):
        return text
    text = _SSN.sub(REDACTED, text)
    text = _IBAN.sub(_if(_is_iban), text)
    text = _CARD.sub(_if(_is_card), text)
    return _PASSPORT.sub(REDACTED, text)


def redact_value(value: Any) -> Any:
    """A copy with secrets replaced, in nested values and in keys."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {redact_text(key): redact_named(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact_value(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and _is_card(str(value)):
        return REDACTED
    return value


def redact_named(name: str, value: Any) -> Any:
    """A field's value: replaced as a whole where the name is a secret's, else redacted inside."""
    if value not in (None, "", False) and is_secret_name(name):
        return REDACTED
    return redact_value(value)


def _if(check: Callable[[str], bool]) -> Callable[[re.Match[str]], str]:
    return lambda match: REDACTED if check(match[0]) else match[0]


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1 or digits[0] == 0:
        return False
    # A time in milliseconds has 13 digits too and passes Luhn one time in ten.
    if len(digits) == 13 and text.isdigit() and text[0] == "1":
        return False
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    compact = re.sub(r"[ -]", "", text).upper()
    if not 15 <= len(compact) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1
