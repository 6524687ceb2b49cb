"""Reads the forms out of a page's HTML: runs in a process of its own (``tracker.configtest.apart``), JSON in and out.

In: ``{"html", "configured": [{"selectors": [...], "fields": [{"selector", "name"}]}]}``.
Out: ``{"title", "forms": [...], "frames": [address, ...], "left": n,
"strays": n}``; a form is ``{"kind": "form" | "group", "id",
"name", "title", "action", "method", "selectors": [[selector, basis], ...], "configured": index or null, "fields"}``, a
field ``{"selector", "basis", "name", "id", "tag", "type", "required", "texts", "label", "configured": index or null,
"fate": "open" | "hidden" | "disabled" | "ignored", "redact": bool, "inputs": n}``.

A form is what the browser script takes for one (``jsbundle/src/forms.js``): a form element with all inputs that belong
to it, or outside any the nearest element that holds inputs and a button. Values are not read: they may be a visitor's.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tracker.configtest.parse import CPU_SECONDS, MEMORY_BYTES, css
from tracker.discovery.pick import INSIDE, Picker
from tracker.discovery.roles import MAX_LABEL

FIELDS = "input,select,textarea"
_BUTTONS = "button,[role=button],[type=submit]"
_GROUP_LEVELS = 5
_MAX_FORMS = 60
_MAX_FIELDS = 600
_MAX_FRAMES = 50
_WORDY = ("type", "autocomplete", "name", "id", "placeholder", "aria-label")
_NO_FIELDS = ("submit", "button", "reset", "image")
_LABELLED = "button,input:not([type=hidden]),meter,output,progress,select,textarea"
_TITLES = "legend,h1,h2,h3,h4"
_UNSEEN = re.compile(
    r"(^|;)\s*(display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(\.0*)?\s*(;|$|!)|"
    r"(left|top|text-indent|margin-left)\s*:\s*-\d{3,})",
    re.IGNORECASE,
)


def read_forms(html: str, configured: list[dict[str, Any]]) -> dict[str, Any]:
    """All forms of a page, those without any input left out."""
    return _Page(html, configured).read()


_Place = tuple[LexborNode, list[LexborNode]]


class _Page:
    def __init__(self, html: str, configured: list[dict[str, Any]]) -> None:
        self._tree = LexborHTMLParser(html)
        self._configured = configured
        self._pick = Picker(self._tree)
        self._known = [
            {node.mem_id for selector in form["selectors"] for node in css(self._tree, selector) or []}
            for form in configured
        ]
        self._ids: dict[str, LexborNode] = {}
        for node in self._tree.css("[id]"):
            self._ids.setdefault(node.attributes["id"] or "", node)
        self._labels: dict[int, list[str]] = {}
        for label in self._tree.css("label"):
            self._note(label)
        self._strays = 0
        self._with_button: set[int] = set()
        for button in self._tree.css(_BUTTONS):
            for node in _ancestors(button):
                if node.mem_id in self._with_button:
                    break
                self._with_button.add(node.mem_id)

    def read(self) -> dict[str, Any]:
        places = self._places()
        left = max(0, len(places) - _MAX_FORMS)
        forms, room = [], _MAX_FIELDS
        for node, fields in places[:_MAX_FORMS]:
            left += len(fields) > room
            forms.append(self._form(node, fields[:room]))
            room -= len(fields[:room])
        title = self._tree.css_first("title")
        return {
            "title": _line(title.text(deep=True)) if title else "",
            "forms": forms,
            "frames": [source for frame in self._tree.css("iframe")[:_MAX_FRAMES] if (source := _get(frame, "src"))],
            "left": left,
            "strays": self._strays,
        }

    def _places(self) -> list[_Place]:
        """Forms in the order of the page, each with its inputs."""
        found: dict[int, _Place] = {form.mem_id: (form, []) for form in self._tree.css("form")}
        for field in self._tree.css(FIELDS):
            if _get(field, "type").lower() in _NO_FIELDS or _inside(field, "noscript"):
                continue
            form = self._form_of(field)
            if form is None:
                self._strays += _get(field, "type") != "hidden"
            else:
                found.setdefault(form.mem_id, (form, []))[1].append(field)
        return [place for place in found.values() if any(_get(one, "type") != "hidden" for one in place[1])]

    def _form_of(self, field: LexborNode) -> LexborNode | None:
        named = self._ids.get(_get(field, "form"))
        if named is not None and named.tag == "form":
            return named
        chain = list(_ancestors(field))
        form = next((node for node in chain if node.tag == "form"), None)
        if form is not None:
            return form
        near = (node for node in chain[:_GROUP_LEVELS] if node.tag not in ("body", "html", *INSIDE))
        return next((node for node in near if node.mem_id in self._with_button), None)

    def _form(self, node: LexborNode, fields: list[LexborNode]) -> dict[str, Any]:
        above = [node.mem_id, *(one.mem_id for one in _ancestors(node))]
        index = next((number for number, ids in enumerate(self._known) if not ids.isdisjoint(above)), None)
        heading = node.css_first(_TITLES)
        return {
            "kind": "form" if node.tag == "form" else "group",
            "id": _get(node, "id")[:100],
            "name": _get(node, "name")[:100],
            "title": _line(_get(node, "aria-label") or (heading.text(deep=True) if heading else ""))[:100],
            "action": _get(node, "action").partition("?")[0][:200],
            "method": _get(node, "method").lower() or "get",
            "selectors": self._pick.form(node),
            "configured": index,
            "fields": self._fields(node, fields, index),
        }

    def _fields(self, form: LexborNode, fields: list[LexborNode], index: int | None) -> list[dict[str, Any]]:
        given = [] if index is None else self._configured[index]["fields"]
        known = [{node.mem_id for node in css(self._tree, _selector(one)) or []} for one in given]
        groups: dict[object, list[LexborNode]] = {}
        for field in fields:
            # Radio buttons and checkboxes of one name are one question.
            kind, name = _get(field, "type").lower(), _get(field, "name")
            together = kind in ("radio", "checkbox") and name
            groups.setdefault((kind, name) if together else field.mem_id, []).append(field)
        everyone = {field.mem_id for field in fields}
        shown = (group for group in groups.values() if _get(group[0], "type") != "hidden")
        return [self._field(form, group, everyone, known) for group in shown]

    def _field(
        self, form: LexborNode, group: list[LexborNode], everyone: set[int], known: list[set[int]]
    ) -> dict[str, Any]:
        field = group[0]
        selector, basis = self._pick.field(form, group, everyone)
        labels, spoken = self._labels.get(field.mem_id, []), (_get(field, "aria-label"), _get(field, "placeholder"))
        named = [self._ids[one].text(deep=True) for one in _get(field, "aria-labelledby").split() if one in self._ids]
        return {
            "selector": selector,
            "basis": basis,
            "name": _get(field, "name")[:255],
            "id": _get(field, "id")[:255],
            "tag": field.tag,
            "type": _type(field),
            "required": "required" in field.attributes or _get(field, "aria-required") == "true",
            "texts": [text[:MAX_LABEL] for text in (*(_get(field, name) for name in _WORDY), *named, *labels)],
            "label": _line(next((one for one in (*labels, *named, *spoken) if one.strip()), "")),
            "configured": next((number for number, ids in enumerate(known) if field.mem_id in ids), None),
            "fate": _fate(field, form),
            "redact": any("data-tracker-redact" in one.attributes for one in (field, *_ancestors(field))),
            "inputs": len(group),
        }

    def _note(self, label: LexborNode) -> None:
        named = _get(label, "for")
        control = self._ids.get(named) if named else label.css_first(_LABELLED)
        if control is not None:
            self._labels.setdefault(control.mem_id, []).append(label.text(deep=True)[: 2 * MAX_LABEL])


def _fate(field: LexborNode, form: LexborNode) -> str:
    """What the script would do with it, as far as the HTML tells: styles of sheets are seen in a browser only."""
    above = list(_ancestors(field))
    if any("data-tracker-ignore" in node.attributes for node in (field, *above)):
        return "ignored"
    if "disabled" in field.attributes or any(one.tag == "fieldset" and "disabled" in one.attributes for one in above):
        return "disabled"
    if (_get(field, "tabindex").strip() or "0").startswith("-") or _is_unseen(field):
        return "hidden"
    within = above[: next((place for place, node in enumerate(above) if node.mem_id == form.mem_id), 0)]
    hiding = [node for node in within if _is_unseen(node)]
    # What hides a single input is a trap for robots; what hides several is a later step of the form.
    return "hidden" if hiding and len(hiding[-1].css(FIELDS)) == 1 else "open"


def _is_unseen(node: LexborNode) -> bool:
    attributes = node.attributes
    named = "hidden" in attributes or "data-trackerctl-unseen" in attributes
    return named or bool(_UNSEEN.search(_get(node, "style")))


def _selector(field: dict[str, Any]) -> str:
    name = str(field["name"]).replace("\\", "\\\\").replace('"', '\\"')
    return field["selector"] or f'[name="{name}"]'


def _type(field: LexborNode) -> str:
    """As ``HTMLInputElement.type`` says; a select is ``select`` and a text area ``textarea``."""
    kind = _get(field, "type").strip().lower()
    return (kind if kind.isascii() and kind.isalpha() else "text") if field.tag == "input" else str(field.tag)


def _ancestors(node: LexborNode) -> list[LexborNode]:
    chain = []
    above = node.parent
    while above is not None and above.tag not in (None, "-undef", "-document"):
        chain.append(above)
        above = above.parent
    return chain


def _inside(node: LexborNode, tag: str) -> bool:
    return any(above.tag == tag for above in _ancestors(node))


def _get(node: LexborNode, name: str) -> str:
    return node.attributes.get(name) or ""


def _line(text: str) -> str:
    return " ".join(text.split())[:MAX_LABEL]


def main() -> None:
    """Answer the one question that stands on stdin."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    question = json.load(sys.stdin.buffer)
    json.dump(read_forms(question["html"], question["configured"]), sys.stdout)


if __name__ == "__main__":
    main()
