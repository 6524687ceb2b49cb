"""The examples of docs/api.md are run in their order, and answer what the page shows."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.docs.text import ROOT, fences
from tests.web.manage.conftest import Api

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")


def matches(shown: Any, answer: Any) -> bool:
    """Whether an answer is as it is shown; ``…`` stands for any text."""
    if isinstance(shown, dict) and isinstance(answer, dict):
        return shown.keys() == answer.keys() and all(matches(shown[name], answer[name]) for name in shown)
    if isinstance(shown, list) and isinstance(answer, list):
        return len(shown) == len(answer) and all(map(matches, shown, answer))
    return (shown == "…" and isinstance(answer, str) and answer != "") or shown == answer


def filled(text: str, known: dict[str, Any]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: str(known.get(found[1], found[0])), text)


async def test_the_examples_answer_what_is_shown(api: Api) -> None:
    known: dict[str, Any] = {}
    blocks = fences(PAGE)
    ran = compared = 0
    for place, (language, text) in enumerate(blocks):
        if language != "http":
            continue
        line, _, body = text.strip().partition("\n")
        method, address = filled(line, known).split(" ", 1)
        answer = await api.call(method, address, json.loads(filled(body, known)) if body else None)
        assert answer.status_code in (200, 201, 202), (line, answer.text)
        ran += 1
        if blocks[place + 1 : place + 2] and blocks[place + 1][0] == "json":
            assert matches(json.loads(blocks[place + 1][1]), answer.json()), (line, answer.text)
            compared += 1
        known |= {name: value for name, value in answer.json().items() if isinstance(value, str)}
    assert (ran, compared) == (8, 7)


def test_what_differs_is_told() -> None:
    assert matches({"a": "…", "b": [1]}, {"a": "x", "b": [1]})
    for other in ({"a": "", "b": [1]}, {"a": "x", "b": [2]}, {"a": "x"}, {"a": "x", "b": [1], "c": 1}):
        assert not matches({"a": "…", "b": [1]}, other)
