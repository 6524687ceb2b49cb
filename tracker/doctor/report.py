"""What the doctor found, in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

Severity = Literal["ok", "warning", "error"]
Area = Literal[
    "settings", "secrets", "config", "mongodb", "redis", "clock", "queue", "workers", "public", "clients", "crm",
    "webhooks", "privacy",
]  # fmt: skip

_RANK = {"error": 0, "warning": 1, "ok": 2}


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that was looked at.

    :ivar title: a few words: what is so.
    :ivar detail: what was seen, without credentials and personal data.
    :ivar fix: what to do, in one or two sentences; empty where all is well, and nowhere else.
    """

    area: Area
    severity: Severity
    title: str
    detail: str = ""
    fix: str = ""


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """All findings, the worst first within each area; ``ok`` when none is an error."""

    ok: bool
    errors: int
    warnings: int
    findings: list[Finding]


def good(area: Area, title: str, detail: str = "") -> Finding:
    """All is well."""
    return Finding(area, "ok", title, detail)


def warning(area: Area, title: str, detail: str, fix: str) -> Finding:
    """Works now; will not always, or not for everybody."""
    return Finding(area, "warning", title, detail, fix)


def error(area: Area, title: str, detail: str, fix: str) -> Finding:
    """Does not work, or loses events."""
    return Finding(area, "error", title, detail, fix)


def report_of(groups: Iterable[Sequence[Finding]]) -> Report:
    """Put the areas' findings together, in the order of the areas."""
    findings: list[Finding] = []
    for group in groups:
        findings += sorted(group, key=lambda finding: _RANK[finding.severity])
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" for finding in findings)
    return Report(errors == 0, errors, warnings, findings)


def listed(names: Sequence[str], most: int = 5) -> str:
    """``a, b and 3 more``."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def version_of(text: str) -> tuple[int, int]:
    """Major and minor of ``10.11.6-MariaDB``; ``(0, 0)`` when there is no such thing in it."""
    parts = text.split("-")[0].split(".")
    numbers = [int(part) for part in parts[:2] if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
