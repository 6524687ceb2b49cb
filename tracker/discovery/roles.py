"""The role that an input's words promise, as the browser script decides it. Pure.

``jsbundle/src/roles.js`` and ``words.js`` are the same knowledge in the language of browsers; ``tests/discovery`` reads
the expressions there and holds both alike. No value is known here, so what a value would belie is not looked at.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# In the order in which they are tried; the expressions are the script's, character by character.
WORDS: Mapping[str, str] = {
    "email": r"mail|correo",
    "phone": r"phone|mobi|tel.f|cel+ul|m.v[ei]l| tel |handy",
    "message": r"messag|mensa[jg]|comment|nachr|beric|wiadom|nquir|your quest",
    "company": r"compan|organi[sz]a|employer|business|entrepr|empresa|aziend|bedrij| firm|soci.t|unterneh",
    "first_name": r"(first|given|fore| f) ?name|name first|vorn|pr.nom|voorn| imi|\| first \|",
    "last_name": r"(last|sur|nach| l) ?name|name last|famil|sobren|apell?id|cogn|achtern|nazwis|\| last \|",
    "name": r"\| ((full|your|ihr|votre|uw|contact|enter|form) )*(name|nom|nome|nombre|naam)( complet[eo]?)? \|",
    "secret": (
        r"pass(?!en|i|port)|contrase|kennw|wachtw|( |it)card(?!i)|social ?(se|in)|securit|"
        r"(verif|confirm|activ|auth|access|time)\w* code|maiden| "
        r"(pwd|pin|token|otp|ssn|sin|cvv|cvc|cc(?! (giv|fam))|iban|secret|account n\w+) |\| answer \|"
    ),
}
NOT: Mapping[str, str] = {
    "phone": r"zip|post|member|birth|date|fax",
    "message": r"subject|captcha| id ",
    "company": r"[ynrs] (si[zt]|t[yi]|url|web|ein|vat|id|n[ou]|ph|ad|ind)",
    "name": r"user|log ?[io]n|sign in|nick|member",
}

# \w of the script knows no letters with accents.
_WORDS = {role: re.compile(words, re.ASCII) for role, words in WORDS.items()}
_NOT = {role: re.compile(words, re.ASCII) for role, words in NOT.items()}
_TWO_NAMES = re.compile(r" (and|und|et?|y|i|en) ")
_LONE_NEW_PASSWORD = re.compile(r"\| new password \|(?=.* e ?mail)")
_NOTHING = re.compile("( |required)+")
_TYPED = ("text", "textarea", "tel", "email", "number")
MAX_LABEL = 120
"""Characters that the script reads of each label and attribute."""


class Target(NamedTuple):
    """Where a role's value goes in the CRM."""

    entity: str
    field: str
    transform: str | None = None


TARGETS: Mapping[str, Target] = {
    "email": Target("Lead", "Email"),
    "phone": Target("Lead", "Phone"),
    "first_name": Target("Lead", "FirstName"),
    "last_name": Target("Lead", "LastName"),
    # A CRM wants the last name; the transform says that the input holds the whole one.
    "full_name": Target("Lead", "LastName", "last_name"),
    "company": Target("Lead", "Company"),
    "message": Target("Lead", "Description"),
}


class Said(NamedTuple):
    """What is said of one input: its type as browsers have it, and the texts on it."""

    type: str
    texts: Sequence[str]


def words(text: str) -> str:
    """``billing[firstName2]`` → `` billing first name 2 ``, without "required"; bars between texts stay."""
    text = f" {text} "
    parts: list[str] = []
    for here, following in zip(text, [*text[1:], " "], strict=True):
        parts.append(here)
        if here.isalpha() and (following in "0123456789" or _is_hump(here, following)):
            parts.append(" ")
    lowered = "".join(parts).lower()
    spaced = "".join(one if one.isalpha() or one in "0123456789|" else " " for one in lowered)
    return _NOTHING.sub(" ", spaced)


def is_secret(said: Said) -> bool:
    """Whether the script replaces what is typed here, for its words or its type."""
    return said.type == "password" or bool(_WORDS["secret"].search(_LONE_NEW_PASSWORD.sub("", _text(said))))


def roles_of(fields: Sequence[Said]) -> list[str | None]:
    """The role of each input of one form: what is beside an input counts. ``None`` where there is none."""
    promises = [_promise(said) for said in fields]
    return [
        None if is_secret(said) else _among(promises, promise, said)
        for said, promise in zip(fields, promises, strict=True)
    ]


def _promise(said: Said) -> str | None:
    if said.type not in _TYPED:
        return None
    text = _text(said)
    if _TWO_NAMES.search(text) and any(_WORDS[role].search(text) for role in ("first_name", "last_name")):
        return "name"
    fitting = (role for role in WORDS if _WORDS[role].search(text))
    return next((role for role in fitting if role not in _NOT or not _NOT[role].search(text)), None)


def _among(promises: Sequence[str | None], promise: str | None, said: Said) -> str | None:
    """A bare "name" is the other half of a first or last name; a text area beside an address is the message."""
    if promise != "name":
        beside = said.type == "textarea" and "email" in promises
        return promise or ("message" if beside else None)
    first = "first_name" in promises
    if first == ("last_name" in promises):
        return "full_name"
    return "last_name" if first else "first_name"


def _text(said: Said) -> str:
    return words(" | ".join(text[:MAX_LABEL] for text in said.texts) + " |")


def _is_hump(here: str, following: str) -> bool:
    return unicodedata.category(here) == "Ll" and unicodedata.category(following) == "Lu"
