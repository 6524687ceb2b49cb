"""Reads a page's HTML and tries selectors on it: a program of its own, ``python -I parse.py``, JSON in and JSON out.

A page is anybody's text. A parser can be made to run for minutes (200,000 nested elements: two), which must neither
hold up a process that takes events nor outlive its question; ``tracker.configtest.apart`` starts this and ends it in
time. It imports nothing of the service and sees none of its settings.

In: ``{"html", "forms": [{"selectors": [...], "fields": [{"selector", "name"}]}]}``.
Out: ``{"forms": [{"matches": [count or null], "held": [count], "holds": n, "fields": [{"inside": n or null,
"outside": n}]}], "formCount", "fieldCount", "named": [...], "scripts": [...], "inline": [...], "policies": [...]}``;
``null`` where a selector cannot be read.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

CPU_SECONDS = 4
MEMORY_BYTES = 1024**3
_FIELDS = "input,select,textarea"
_MAX_NAMES = 50
_MAX_SCRIPTS = 500
_MAX_INLINE_CHARS = 20_000


def read_page(html: str, forms: list[dict[str, Any]]) -> dict[str, Any]:
    """What the page holds, and what each form's selectors find on it."""
    tree = LexborHTMLParser(html)
    found = tree.css("form")
    scripts = tree.css("script")[:_MAX_SCRIPTS]
    return {
        "forms": [_form(tree, form) for form in forms],
        "formCount": len(found),
        "fieldCount": len(tree.css(_FIELDS)),
        "named": [_name(form) for form in found[:_MAX_NAMES]],
        "scripts": [source for script in scripts if (source := script.attributes.get("src"))],
        "inline": [text[:_MAX_INLINE_CHARS] for script in scripts if (text := script.text(deep=True)).strip()],
        "policies": [
            meta.attributes.get("content") or ""
            for meta in tree.css("meta[http-equiv]")
            if (meta.attributes.get("http-equiv") or "").lower() == "content-security-policy"
        ],
    }


def _form(tree: LexborHTMLParser, form: dict[str, Any]) -> dict[str, Any]:
    """As the browser script has it: a form is found by itself or by what it stands in."""
    matches = [css(tree, selector) for selector in form["selectors"]]
    held = [[node for node in nodes or [] if node.tag == "form" or css(node, _FIELDS)] for nodes in matches]
    # Each once, though several selectors find it.
    holding = list({node.mem_id: node for nodes in held for node in nodes}.values())
    return {
        "matches": [None if nodes is None else len(nodes) for nodes in matches],
        "held": [len(nodes) for nodes in held],
        "holds": len(holding),
        "fields": [_field(tree, holding, field) for field in form["fields"]],
    }


def _field(tree: LexborHTMLParser, places: list[LexborNode], field: dict[str, Any]) -> dict[str, Any]:
    if field["selector"]:
        everywhere = css(tree, field["selector"])
        if everywhere is None:
            return {"inside": None, "outside": 0}
        ids = {node.mem_id for place in places for node in css(place, field["selector"]) or []}
        # Inputs elsewhere on the page may name the form that they belong to.
        names = {place.attributes.get("id") for place in places if place.tag == "form"} - {None, ""}
        ids |= {node.mem_id for node in everywhere if node.attributes.get("form") in names}
        return {"inside": len(ids), "outside": len(everywhere) - len(ids)}
    ids = {
        node.mem_id
        for place in places
        for node in css(place, _FIELDS) or []
        if node.attributes.get("name") == field["name"]
    }
    return {"inside": len(ids), "outside": 0}


def css(node: LexborHTMLParser | LexborNode, selector: str) -> list[LexborNode] | None:
    """What a selector finds; ``None`` when it cannot be read."""
    try:
        return list(node.css(selector))
    except SelectolaxError:
        return None


def _name(form: LexborNode) -> str:
    """By what an author tells forms apart."""
    attributes = form.attributes
    return str(attributes.get("id") or attributes.get("name") or "")[:100]


def main() -> None:
    """Answer the one question that stands on stdin."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    question = json.load(sys.stdin.buffer)
    json.dump(read_page(question["html"], question["forms"]), sys.stdout)


if __name__ == "__main__":
    main()
