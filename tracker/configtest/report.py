"""The words of a report: what was checked, what came of it, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "info", "warning", "error", "skipped"]


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a check's details: a form, a field, an origin."""

    name: str
    status: Status
    detail: str


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question and its answer.

    :ivar id: stable name: ``key``, ``origin``, ``cors``, ``script``, ``address``, ``config``, ``page``, ``snippet``,
        ``csp`` or ``selectors``.
    :ivar detail: what is, in one or two sentences.
    :ivar remedy: what to do about it; empty where nothing is wrong.
    """

    id: str
    title: str
    status: Status
    detail: str
    remedy: str = ""
    rows: list[Row] = []


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """All checks in their order; ``status`` is that of the worst."""

    status: Status
    checks: list[Check]


_ORDER: tuple[Status, ...] = ("skipped", "ok", "info", "warning", "error")


def worst(statuses: list[Status]) -> Status:
    """The gravest of these; ``ok`` where there is none."""
    return max(statuses, key=_ORDER.index, default="ok")


def report(checks: list[Check]) -> Report:
    """Sum up; what was skipped or is for information only makes nothing worse."""
    found = worst([check.status for check in checks])
    return Report(found if found in ("warning", "error") else "ok", checks)
