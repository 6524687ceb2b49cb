"""How ``trackerctl mapping`` shows mappings, trials and findings to people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from cli.output import facts, table

if TYPE_CHECKING:
    from rich.console import RenderableType

_VALUE_CHARS = 60


def target_of(view: dict[str, Any]) -> str:
    """``Lead.Phone``."""
    return f"{view['targetEntity']}.{view['targetField']}"


def facts_of(view: dict[str, Any]) -> RenderableType:
    """A mapping by itself."""
    origin = ("field", view["fieldId"]) if "fieldId" in view else ("source", view["source"])
    return facts(
        [
            ("id", view["mappingId"]),
            origin,
            ("target", target_of(view)),
            ("transform", view["transform"]),
            ("required", view["isRequired"]),
        ]
    )


def mappings_table(views: Sequence[dict[str, Any]]) -> RenderableType:
    """All mappings of a client."""
    rows = [
        (
            view["mappingId"],
            f"{view['fieldName']} of {view['formName']}" if "fieldId" in view else view["source"],
            target_of(view),
            view["transform"],
            view["isRequired"],
        )
        for view in views
    ]
    return table(("ID", "FROM", "TO", "TRANSFORM", "REQUIRED"), rows, ids=("ID",))


def trial_lines(results: Iterable[dict[str, Any]]) -> list[RenderableType]:
    """Each lead with each record, each record with what was tried for each of its targets."""
    lines: list[RenderableType] = []
    for result in results:
        lines.append(f"Lead {result['leadId']}")
        if not result["records"]:
            lines.append("  becomes nothing: no mapping finds a value in it")
        for record in result["records"]:
            state = "" if record["sendable"] else ", which is not sent"
            lines.append(f"  {record['entity']}{state}")
            lines.append(facts((f"    {step['target']}", _way(step)) for step in record["steps"]))
            lines.extend(f"    ! {problem['message']}" for problem in record["problems"])
    return lines


def findings_lines(findings: Sequence[dict[str, Any]], tried: str) -> list[RenderableType]:
    """What a check has found, errors first."""
    lines: list[RenderableType] = []
    for finding in findings:
        where = ""
        if finding["leads"]:
            more = "" if finding["leads"] == 1 else f" and {finding['leads'] - 1} more"
            where = f" (lead {finding['leadId']}{more})"
        lines.append(f"{finding['level']}: {finding['message']}{where} [{finding['code']}]")
    return [*(lines or ["The mapping fits."]), *([tried] if tried else [])]


def _way(step: dict[str, Any]) -> str:
    if step["problem"] and not step["steps"]:
        return f"from {step['source']}: unusable"
    chain = "".join(f" → {written} → {_short(value)}" for written, value in step["steps"])
    unused = "" if step["taken"] else " (nothing)"
    return f"{_short(step['value'])} from {step['source']}{chain}{unused}"


def _short(value: Any) -> str:
    if value in (None, "", []):
        return "-"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_CHARS else f"{text[: _VALUE_CHARS - 1]}…"
