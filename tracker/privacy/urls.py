"""Secrets in addresses of pages: parameters by their names, in query, path and fragment, also inside an address that
is itself a parameter; and the password in front of a host."""

from __future__ import annotations

import re

from tracker.privacy.plain import Span, original
from tracker.privacy.secret_names import is_secret_parameter

_NAME = r"[^=&;#?/\s\"'(){}<>]{1,64}"
# Behind a delimiter; a text gets one in front.
_PARAMETER = re.compile(rf"[?&;#/\s\"'(,]({_NAME}+)=")
# In the text as it came: an encoded space is part of a value, a plain one ends it.
_VALUE = re.compile(rf"(?:[^&#\s;\"<>]|;(?!{_NAME}=))+")
_PASSWORD = re.compile(r"://[^/?#\s:@]{1,256}:([^/?#\s@]{1,256})@")
_STATE = re.compile(r"[?&#]state=")


def secret_spans(text: str, view: str, places: list[int] | None) -> list[Span]:
    """Spans of ``text`` that hold secrets.

    :param view: ``text`` made plain, and ``places`` what `plain` said of it.
    """
    spans = []
    if "=" in view:
        names = _PARAMETER.findall(f"&{view}")
        # "code" alone may be a voucher's; together with a state it is the answer of an authorisation (RFC 6749 §4.1.2).
        codes = "code" in names and _STATE.search(view) is not None
        if codes or any(map(is_secret_parameter, names)):
            spans = _values(text, view, places, codes)
    if "@" in view and "://" in view:
        spans += [original(found.span(1), places) for found in _PASSWORD.finditer(view)]
    return spans


def _values(text: str, view: str, places: list[int] | None, codes: bool) -> list[Span]:
    spans: list[Span] = []
    done = 0
    for name in _PARAMETER.finditer(f"&{view}"):
        start, _ = original((name.end() - 1, name.end() - 1), places)
        # What looks like a parameter inside of a value that is cut out has gone with it.
        if start < done or not (is_secret_parameter(name[1]) or (codes and name[1] == "code")):
            continue
        if value := _VALUE.match(text, start):
            spans.append(value.span())
            done = value.end()
    return spans
