"""``trackerctl audit``."""

from __future__ import annotations

from typing import Any

import pytest

from cli.context import actor
from tests.cli.conftest import Run


def actions(run: Run, *options: str) -> list[str]:
    return [entry["action"] for entry in run("--json", "audit", "list", *options).json]


@pytest.fixture
def changed(form: dict[str, Any], run: Run) -> dict[str, Any]:
    run("client", "update", "example.com", "--name", "Better")
    return form


def test_every_change_is_told_the_newest_first(changed: dict[str, Any], run: Run) -> None:
    assert actions(run) == ["client.update", "form.create", "key.issue", "client.create"]
    [entry, *_] = run("--json", "audit", "list", "--limit", "1").json
    assert (entry["actor"], entry["before"], entry["after"]) == (actor(), {"name": "Example"}, {"name": "Better"})
    out = run("audit", "list").out
    assert "client.update" in out and actor() in out and "name" in out


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--action", "client"), ["client.update", "client.create"]),
        (("--action", "form.create"), ["form.create"]),
        (("--client", "example.com", "-n", "2"), ["client.update", "form.create"]),
        (("--actor", "api:ann"), []),
        (("--since", "1h", "--action", "key"), ["key.issue"]),
        (("--until", "1h"), []),
    ],
)
def test_changes_are_narrowed_down(
    changed: dict[str, Any], run: Run, options: tuple[str, ...], expected: list[str]
) -> None:
    assert actions(run, *options) == expected


def test_changes_of_one_thing_are_found_by_its_id(changed: dict[str, Any], run: Run) -> None:
    assert actions(run, "--target", changed["formId"]) == ["form.create"]
    assert run("audit", "list", "--target", "nothing").out == "No changes.\n"


def test_more_than_one_page_is_listed(client: dict[str, Any], run: Run) -> None:
    from cli.context import current

    for number in range(205):
        current().service.record_change("lead.update", ("lead", str(number)), client["clientId"])
    listed = run("--json", "audit", "list", "--limit", "203", "--action", "lead").json
    assert [entry["targetId"] for entry in listed] == [str(number) for number in range(204, 1, -1)]
