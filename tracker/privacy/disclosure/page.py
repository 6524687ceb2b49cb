"""The readable page of a copy: plain HTML without scripts and without anything from elsewhere. Pure.

Every text goes through :func:`_text`: what people typed is shown and never markup. Characters that would reorder or
hide others are shown by their code.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tracker.privacy.disclosure.scope import Row
from tracker.privacy.disclosure.stores import Store

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #d8dee4; padding: .25rem .5rem; }
td { overflow-wrap: anywhere; white-space: pre-wrap; }
th { font-weight: 600; width: 14rem; }
article { border: 1px solid #d8dee4; border-radius: .4rem; padding: .5rem 1rem; margin: .75rem 0; break-inside: avoid; }
article table table { margin: 0; }
.aside { color: #57606a; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } .aside { color: #9ea7b3; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_MOST_DEPTH = 12


def beginning(about: Mapping[str, Any], stores: Sequence[Mapping[str, Any]]) -> str:
    """Up to the first store: for whom it is, and the list of stores with purpose, retention and recipients."""
    found = "What is held of you" if about["found"] else "Nothing is held of you"
    rows = "".join(
        f'<tr><th scope="row"><a href="#{escape(str(one["name"]))}">{_text(one["title"])}</a></th>'
        f"<td>{one['count']}</td>"
        f"<td>{_text(one['purpose'])}</td><td>{_text(one['retention'])}</td><td>{_text(one['recipients'])}</td></tr>"
        for one in stores
    )
    facts = {name: value for name, value in about.items() if name not in ("found", "notes")}
    notes = "".join(f"<li>{_text(note)}</li>" for note in about.get("notes", ()))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="referrer" content="no-referrer">'
        f"<title>{found}</title><style>{_STYLE}</style></head><body><h1>{found}</h1>{_value(facts)}"
        f"<ul>{notes}</ul><table><thead><tr><th>Store</th><th>Entries</th><th>Purpose</th><th>Kept for</th>"
        f"<th>Recipients</th></tr></thead><tbody>{rows}</tbody></table>\n"
    )


def head_of(store: Store) -> str:
    """The beginning of a store's part."""
    return f'<section><h2 id="{escape(store.name)}">{_text(store.title)}</h2>\n'


def row_of(row: Row) -> str:
    """One entry."""
    return f"<article>{_value(row)}</article>\n"


def tail_of(number: int) -> str:
    """The end of a store's part, of so many entries."""
    return "</section>\n" if number else '<p class="aside">Nothing.</p></section>\n'


def end() -> str:
    """The end of the page."""
    return "</body></html>\n"


def _value(value: Any, depth: int = 0) -> str:
    if depth > _MOST_DEPTH:
        return _text(value)
    if isinstance(value, Mapping):
        kept = {name: item for name, item in value.items() if item not in (None, "", [], {})}
        rows = "".join(
            f"<tr><th>{_text(name)}</th><td>{_value(item, depth + 1)}</td></tr>" for name, item in kept.items()
        )
        return f"<table>{rows}</table>" if rows else ""
    if isinstance(value, list):
        return "<br>".join(_value(item, depth + 1) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _text(value)


def _text(value: object) -> str:
    return escape("".join(_shown(char) for char in str(value)))


def _shown(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf", "Cs"):
        return char
    return f"[U+{ord(char):04X}]"
