"""``trackerctl lead export``."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import subprocess
import sys
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.context import Context
from tests.cli.conftest import Run, process_environment
from tests.cli.test_terminal import Terminal

NOW = datetime.now(UTC).replace(microsecond=0)
BETWEEN = (NOW - timedelta(seconds=150)).isoformat()  # the second lead and the third


def lead(number: int, client_id: str, **more: Any) -> dict[str, Any]:
    """A stored lead; the higher the number, the older."""
    moment = NOW - timedelta(minutes=number)
    return {
        "leadId": f"{number:08x}-0000-4000-8000-{client_id[:12]:0>12}",
        "clientId": client_id,
        "email": f"visitor{number}@example.com",
        "status": "partial",
        "quality": "medium",
        "source": "web_form",
        "fields": {},
        "createdAt": moment,
        "updatedAt": moment,
        "lastInteractionAt": moment,
        **more,
    }


def exported(run: Run, *options: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(run("lead", "export", *options).out, newline="")))


def test_leads_are_exported_as_csv_a_client_after_the_other(documents: Any, client: dict[str, Any], run: Run) -> None:
    own = client["clientId"]
    documents.leads.insert_many([lead(2, own), lead(1, own, fields={"budget": "10k"}), lead(1, "zz")])

    rows = exported(run)
    assert [(row["clientId"], row["email"]) for row in rows] == [
        (own, "visitor1@example.com"),
        (own, "visitor2@example.com"),
        ("zz", "visitor1@example.com"),
    ]
    assert json.loads(rows[0]["fields"]) == {"budget": "10k"}
    assert rows[0]["createdAt"] == run("--json", "lead", "list").json[0]["createdAt"]


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--client", "example.com"), [1, 2, 3]),
        (("--status", "submitted"), [2]),
        (("--quality", "high"), [3]),
        (("--email", "Visitor3@Example.com"), [3]),
        (("--since", BETWEEN), [1, 2]),
        (("--until", BETWEEN, "-c", "example.com"), [3]),
    ],
)
def test_the_filters_are_those_of_the_list(
    documents: Any, client: dict[str, Any], run: Run, options: tuple[str, ...], numbers: list[int]
) -> None:
    own = client["clientId"]
    documents.leads.insert_many(
        [lead(1, own), lead(2, own, status="submitted"), lead(3, own, quality="high"), lead(4, "zz")]
    )
    assert [int(row["leadId"][:8], 16) for row in exported(run, *options)] == numbers
    assert [int(one["leadId"][:8], 16) for one in run("--json", "lead", "list", *options).json] == numbers


def test_what_is_asked_for_is_exported_in_that_order(documents: Any, client: dict[str, Any], run: Run) -> None:
    # A dot in a name is stored otherwise; views show it as it was typed.
    fields = {"budget": "10k", "size\uff0ecm": "3", "deep": {"er": 1}}
    documents.leads.insert_one(lead(1, client["clientId"], fields=fields, phone="+49 30 1", name="=cmd|' /C calc'!A0"))

    names = "name,fields.budget,email,phone,fields.deep.er,fields.absent,fields"
    [row] = exported(run, "--fields", names)
    assert list(row) == names.split(",")
    assert row | {"fields": ""} == {
        "name": "'=cmd|' /C calc'!A0", "fields.budget": "10k", "email": "visitor1@example.com", "phone": "'+49 30 1",
        "fields.deep.er": "1", "fields.absent": "", "fields": "",
    }  # fmt: skip
    [item] = run("lead", "export", "--fields", "email, fields.budget", "--json").json
    assert item == {"email": "visitor1@example.com", "fields.budget": "10k"}


def test_json_and_lines_of_json_hold_all_of_a_lead(documents: Any, client: dict[str, Any], run: Run) -> None:
    documents.leads.insert_many([lead(number, client["clientId"]) for number in range(1, 4)])
    listed = run("--json", "lead", "list").json

    assert run("lead", "export", "--output", "json").json == listed
    assert [json.loads(line) for line in run("lead", "export", "-o", "jsonl").out.splitlines()] == listed


def test_no_leads_are_a_heading_or_an_empty_list(documents: Any, run: Run) -> None:
    assert run("lead", "export", "--fields", "email,name").out == "email,name\n"
    assert run("--json", "lead", "export").json == []
    assert run("lead", "export", "-o", "jsonl").out == ""


def test_what_cannot_be_exported_is_refused_with_what_to_write(documents: Any, run: Run) -> None:
    assert "did you mean email" in run("--json", "lead", "export", "--fields", "emial", code=2).error["detail"]
    assert "at least one" in run("--json", "lead", "export", "--fields", ",", code=2).error["detail"]
    assert "lead list" in run("lead", "export", "--output", "table", code=2).err
    internal = run("--json", "lead", "export", "--fields", "revision_id", code=2).error["detail"]
    assert "leads have no revision_id" in internal


def many(documents: Any, client_id: str, number: int) -> None:
    documents.leads.insert_many([lead(one, client_id, message="x" * 2_000) for one in range(number)])


def test_memory_does_not_grow_with_the_number_of_leads(documents: Any, client: dict[str, Any]) -> None:
    from tracker.leads.export import each_lead

    many(documents, client["clientId"], 5_000)

    async def peak(query: dict[str, Any]) -> tuple[int, int]:
        number = 0
        async with Context().documents():
            async for _ in each_lead(query):
                if number == 0:
                    tracemalloc.start()
                number += 1
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return number, most

    few, little = asyncio.run(peak({"createdAt": {"$gt": NOW - timedelta(minutes=1_000)}}))
    all_of_them, most = asyncio.run(peak({}))
    assert (few, all_of_them) == (1_000, 5_000)
    # All of them are more than ten million characters.
    assert most < 1.5 * little + 200_000
    assert most < 5_000_000


def test_a_reader_that_has_seen_enough_is_no_error(documents: Any, client: dict[str, Any]) -> None:
    many(documents, client["clientId"], 2_000)
    command = [sys.executable, "-m", "cli.main", "lead", "export"]
    with subprocess.Popen(
        command, env=process_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("leadId,clientId,")
        process.stdout.close()
        error = process.stderr.read()
        assert process.wait(timeout=60) == 0
    assert "Traceback" not in error
    assert "rror" not in error


def test_a_bar_shows_the_progress_beside_the_file(
    documents: Any, client: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(documents, client["clientId"], 3_000)
    path = tmp_path / "leads.csv"
    monkeypatch.setenv("COLUMNS", "100")
    with path.open("w") as file:
        terminal = Terminal("lead", "export", "--fields", "email", stdout=file)
        assert terminal.end() == 0
    assert "exporting" in terminal.text
    assert "Exported 3000 leads." in terminal.text
    assert len(path.read_text().splitlines()) == 3_001
    assert "\x1b" not in path.read_text()


def test_columns_are_attributes_of_leads() -> None:
    from tracker.leads.documents import Lead
    from tracker.leads.export import COLUMNS

    assert set(COLUMNS) <= set(Lead.model_fields)
