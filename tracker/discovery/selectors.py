"""Selectors that still find an element after the site has been worked on. Pure: facts in, selectors out.

What a person wrote (an id, a name) is asked for before what follows from it, and what a build tool or a framework made
(``css-1x2y3z``, ``ember123``, ``:r1:``) never. The browser script asks `Element.closest`, so ``:has()`` would work in
new browsers only and is not used; a chain of ``:nth-of-type()`` is for what nothing else tells apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

Basis = Literal["id", "name", "data", "action", "aria", "class", "ancestor", "nth"]

MAX_ALTERNATIVES = 4
_MAX_VALUE = 80
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# Of frameworks, and of tools that look at pages.
_GENERATED = re.compile(
    r"^:|^(ember|ext-gen|yui_|gwt-|jss|radix-|headlessui-|mui-?\d|react-(aria|select)|rc[-_]|sc-|css-|emotion|svelte-|"
    r"chakra-|mantine-|ui-id-|input-?\d*$|field-?\d*$|__next|[0-9a-f]{8}-[0-9a-f]{4}-)|«|»|\d{6}",
    re.IGNORECASE,
)
# Names that many elements have at times, whatever they are, and the vocabulary of utility frameworks.
_STATES = re.compile(
    r"^(ng|is|has|js|was|data|v|aos|wow|animate|active|open|opened|closed?|show|shown|hide|hidden|visible|focus(ed)?|error|"
    r"invalid|valid|dirty|pristine|touched|loading|loaded|init|submitted|sent|disabled|enabled|selected|current|sticky|"
    r"resetting|required|unaccepted)(-|$)"
)
_UTILITIES = re.compile(
    r"^-?(m|p)[trblxyse]?-\w+$|^(w|h|gap|text|bg|border|rounded|flex|grid|cols?|row|rows|space|min|max|items|justify|font|"
    r"shadow|z|order|align|self|float|d|overflow|inset|top|left|right|bottom|opacity|leading|tracking|block|inline|"
    r"container|relative|absolute|clearfix|mx|my|px|py)(-|$)"
)
_TELLING = re.compile(
    r"form|contact|kontakt|newsletter|subscri|signup|sign-up|register|lead|quote|demo|enquir|inquir|booking|offert|callback"
)
_OF_TOOLS = re.compile(
    r"^data-(v-|react|ng|svelte|reactroot|hf|testing|turbo|sentry|gtm|track(?!er-)|ga-|wp-|token|csrf|nonce|time|hash|"
    r"server|hydrat|astro|qa-id|bitwarden|lp|1p|dashlane|manual|trackerctl|tracker-)"
)
_TEST_HOOKS = ("data-testid", "data-test", "data-test-id", "data-qa", "data-cy")


class Found(NamedTuple):
    """A selector and what it rests on."""

    selector: str
    basis: Basis


def by_person(value: str) -> bool:
    """Whether an id, a name or a class looks as if somebody had written it, and will write the same tomorrow."""
    if not value or len(value) > _MAX_VALUE or _CONTROLS.search(value) or _GENERATED.search(value):
        return False
    return not any(_is_hash(part) for part in re.split(r"[^A-Za-z0-9]+", value) if part)


def candidates(tag: str, attributes: Mapping[str, str | None]) -> Iterator[Found]:
    """Selectors for one element by what is on it, the best first; none of them is known to be unique.

    :param attributes: as the page has them, names in lower case; ``None`` or empty for those without a value.
    """
    identifier, name = attributes.get("id") or "", attributes.get("name") or ""
    if by_person(identifier) and " " not in identifier:
        yield Found(f"#{escape(identifier)}", "id")
    # What a form sends its values under; no tool makes it up at every build.
    if name and len(name) <= _MAX_VALUE and not _CONTROLS.search(name) and not re.search(r":r|\d{8}", name):
        yield Found(f"{tag if tag == 'form' else ''}{attribute('name', name)}", "name")
    yield from _by_data(tag, attributes)
    yield from _by_action(tag, attributes.get("action") or "")
    for told in ("aria-label", "role", "placeholder"):
        value = attributes.get(told) or ""
        if value.strip() and len(value) <= _MAX_VALUE and not _CONTROLS.search(value) and value != "form":
            yield Found(f"{tag}{attribute(told, value)}", "aria")
    for one in classes(attributes.get("class") or ""):
        yield Found(f"{tag}.{escape(one)}", "class")


def classes(text: str) -> list[str]:
    """The classes that look written by a person and say what the element is, the most telling first."""
    names = [name for name in dict.fromkeys(text.split()) if by_person(name) and not set(name) & set(":[]/@!")]
    names = [name for name in names if not _STATES.match(name.lower()) and not _UTILITIES.match(name)]
    return sorted(names, key=lambda name: _TELLING.search(name.lower()) is None)


def _by_data(tag: str, attributes: Mapping[str, str | None]) -> Iterator[Found]:
    named = [name for name in attributes if re.fullmatch(r"data-[a-z][a-z0-9-]*", name) and not _OF_TOOLS.match(name)]
    for name in sorted(named, key=lambda name: (name in _TEST_HOOKS, name)):
        value = attributes[name] or ""
        if not value:
            yield Found(f"{tag}[{name}]", "data")
        elif by_person(value):
            yield Found(f"{tag}{attribute(name, value)}", "data")


def _by_action(tag: str, action: str) -> Iterator[Found]:
    """What is behind ``?`` and ``#`` may be another one at every visit."""
    bare = re.split(r"[?#;]", action.strip())[0]
    try:
        path = urlsplit(bare).path
    except ValueError:
        return
    if tag != "form" or path in ("", "/") or len(bare) > 200 or _CONTROLS.search(bare) or ":" in path:
        return
    yield Found(f"form{attribute('action', action) if bare == action else attribute('action', bare, '^=')}", "action")


def attribute(name: str, value: str, relation: str = "=") -> str:
    """``[name="value"]``."""
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'[{name}{relation}"{quoted}"]'


def escape(name: str) -> str:
    """An identifier as CSS writes it (CSSOM §2.1, "serialize an identifier")."""
    parts = []
    for place, character in enumerate(name):
        first = place == 0 or (place == 1 and name[0] == "-")
        plain = character.isascii() and (character.isalnum() or character == "_" or (character == "-" and name != "-"))
        if character.isascii() and character.isdigit() and first:
            plain = False
        # Of other scripts, letters only: not all that older rules took is taken by newer ones.
        if plain or (character >= "\u00c0" and character.isalpha()):
            parts.append(character)
        elif character.isalnum() or not character.isascii():
            parts.append(f"\\{ord(character):x} ")
        else:
            parts.append(f"\\{character}")
    return "".join(parts)


def _is_hash(part: str) -> bool:
    """``1x2y3z``, ``bdVaJa``, ``9f86d081``, ``kqxvtz``."""
    if len(part) < 5:
        return False
    turns = len(re.findall(r"(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)", part))
    humps = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", part)
    letters = "".join(humps)
    return (
        turns >= 3
        or (turns == 2 and len(part) < 9 and not re.search(r"[A-Za-z]{3}", part))
        or (len(part) >= 8 and re.fullmatch(r"[0-9a-f]+", part) is not None and turns > 0)
        or (len(humps) >= 3 and len(letters) / len(humps) < 2.7)
        or (len(letters) >= 6 and not re.search(r"[aeiouyAEIOUY]", letters))
    )
