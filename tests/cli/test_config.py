"""``trackerctl config``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

FILE = """version: 1
clients:
- domain: example.com
  name: Example
  forms:
  - name: Contact
    page: https://example.com/contact
    selector: "#contact"
    fields:
    - {name: email, selector: '[name=email]', type: email, mapping: Lead.Email}
"""


@pytest.fixture
def file(client: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "tracker.yaml"
    path.write_text(FILE)
    return path


def test_diff_exits_with_2_while_there_is_something_to_change(file: Path, run: Run) -> None:
    ran = run("config", "diff", "-f", str(file), code=2)
    assert "+ form example.com / Contact" in ran.out
    assert 'mapping: "Lead.Email"' in ran.out
    applied = run("--json", "config", "apply", "-f", str(file), "--yes").json
    assert applied["applied"] == {"create": 2, "update": 0, "delete": 0}
    assert run("config", "diff", "-f", str(file)).out == "No changes.\n"
    [form] = run("--json", "form", "list", "example.com").json
    assert form["formSelector"] == "#contact"


def test_apply_asks_and_changes_nothing_without_an_answer(file: Path, run: Run) -> None:
    assert "--yes" in run("config", "apply", "-f", str(file), code=2).err
    assert run("--json", "form", "list", "example.com").json == []


def test_a_dry_run_changes_nothing(file: Path, run: Run) -> None:
    view = run("--json", "config", "apply", "-f", str(file), "--dry-run").json
    assert [(change["action"], change["kind"]) for change in view["changes"]] == [
        ("create", "form"),
        ("create", "field"),
    ]
    assert run("--json", "form", "list", "example.com").json == []


def test_an_export_is_a_file_without_differences(file: Path, tmp_path: Path, run: Run) -> None:
    run("config", "apply", "-f", str(file), "--yes")
    exported = run("config", "export").out
    copy = tmp_path / "copy.yaml"
    run("config", "export", "-f", str(copy))
    assert copy.read_text() == exported
    run("config", "diff", "-f", str(copy), "--prune")
    run("--quiet", "config", "validate", "-f", str(copy))
    assert "domain: example.com" in run("config", "export", "--client", "example.com").out


def test_prune_names_what_will_be_lost(file: Path, run: Run) -> None:
    run("config", "apply", "-f", str(file), "--yes")
    file.write_text("version: 1\n")
    assert "--prune" in run("config", "diff", "-f", str(file)).err
    refused = run("config", "apply", "-f", str(file), "--prune", code=2)
    assert "- client example.com" in refused.err
    assert "deletes 1 client" in refused.err
    run("config", "apply", "-f", str(file), "--prune", "--yes")
    assert run("--json", "client", "list").json == []


def test_a_file_that_cannot_be_used_says_where(file: Path, tmp_path: Path, run: Run) -> None:
    file.write_text(FILE.replace("selector:", "selektor:", 1))
    assert "selektor" in run("config", "validate", "-f", str(file), code=1).err
    assert "cannot be read" in run("config", "diff", "-f", str(tmp_path / "none.yaml"), code=2).err


def test_prints_a_schema_for_editors(run: Run) -> None:
    assert json.loads(run("config", "schema").out)["$defs"]["ClientShape"]
