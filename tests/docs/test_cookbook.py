"""The recipes of docs/cookbook.md do what their headings say, run by a shell as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, _environment, _migrated, client, documents, process_environment, run, site
from tests.discovery.pages import CONTACT
from tests.docs.text import ROOT

__all__ = ["_environment", "_migrated", "client", "documents", "run", "site"]

RECIPES = dict(
    re.findall(r"(?ms)^## (.+?)$.*?^```sh\n(.+?)^```", (ROOT / "docs/cookbook.md").read_text(encoding="utf-8"))
)
NOW = datetime.now(UTC).replace(microsecond=0)
Check = Callable[[Run, Path], bool]


def _text(path: Path, name: str) -> str:
    return (path / name).read_text(encoding="utf-8")


CHECKS: dict[str, Check] = {
    "Leads of the last week as a spreadsheet": lambda run, path: (
        "ann@example.com,Ann,'+49 30 1" in _text(path, "leads.csv")
    ),
    "Which campaigns bring leads": lambda run, path: (
        _text(path, "campaigns.txt").split() == ["2", "spring", "1", "autumn"]
    ),
    "Forms of a saved page": lambda run, path: len(run("--json", "form", "list", "example.com").json) == 1,
    "A new key without an interruption": lambda run, path: (
        run("--json", "embed", "example.com").json["snippet"] == _text(path, "snippet.html")
        and len(run("--json", "key", "list", "example.com").json) == 2
    ),
    "Correct a lead by hand": lambda run, path: (
        [(one["company"], one["tags"]) for one in run("--json", "lead", "list", "--email", "ann@example.com").json]
        == [("Acme", ["important"])]
    ),
    "The configuration in a repository": lambda run, path: "example.com" in _text(path, "tracker.yaml"),
    "A dashboard that may only look": lambda run, path: (
        set(json.loads(_text(path, "token.json"))) == {"token", "expiresAt"}
    ),
    "Who changed what": lambda run, path: "client.create" in _text(path, "changes.csv"),
    "Figures anew, and the funnel": lambda run, path: "█" in _text(path, "funnel.txt"),
    "Switch a site off and on again": lambda run, path: (
        [entry["action"] for entry in run("--json", "audit", "list", "--limit", "2").json]
        == ["client.enable", "client.disable"]
    ),
}


def some_leads(documents: Any, run: Run) -> None:
    """Three leads and an event of the one client that there is."""
    [client] = run("--json", "client", "list").json

    def lead(number: int, **more: Any) -> dict[str, Any]:
        moment = NOW - timedelta(seconds=number)
        return {
            "leadId": f"{number:08x}-0000-4000-8000-000000000000", "clientId": client["clientId"],
            "status": "submitted",
            "quality": "high", "source": "web_form", "fields": {}, "history": [], "edits": {}, "said": {},
            "createdAt": moment, "updatedAt": moment, "lastInteractionAt": moment, **more,
        }  # fmt: skip

    documents.leads.insert_many(
        [
            lead(1, email="ann@example.com", name="Ann", phone="+49 30 1", utmCampaign="spring"),
            lead(2, email="bob@example.com", utmCampaign="spring"),
            lead(3, email="eve@example.com", utmCampaign="autumn"),
        ]
    )
    event = {"eventType": "page_view", "timestamp": NOW, "createdAt": NOW, "expiresAt": NOW + timedelta(days=80)}
    documents.events.insert_one({"clientId": client["clientId"], "eventId": "e", **event})


def a_command(folder: Path) -> Path:
    """A ``trackerctl`` to be put on the path, and a page to read; gives its folder."""
    (folder / "contact.html").write_text(CONTACT, encoding="utf-8")
    command = folder / "bin" / "trackerctl"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cli.main "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    return command.parent


@pytest.fixture
def kitchen(client: dict[str, Any], documents: Any, tmp_path: Path, run: Run) -> Path:
    """A site with leads and visits, and a ``trackerctl`` on the path."""
    some_leads(documents, run)
    a_command(tmp_path)
    return tmp_path


def test_each_recipe_has_a_check() -> None:
    assert RECIPES.keys() == CHECKS.keys()
    assert len(RECIPES) == 10


@pytest.mark.parametrize("title", RECIPES)
def test_a_recipe_does_what_it_says(kitchen: Path, run: Run, title: str) -> None:
    environment = process_environment()
    environment["PATH"] = f"{kitchen / 'bin'}:{environment['PATH']}"
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", RECIPES[title]],
        cwd=kitchen, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert CHECKS[title](run, kitchen), (ran.stdout, ran.stderr)
