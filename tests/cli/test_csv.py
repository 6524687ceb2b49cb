"""CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.csv_text import csv_cell, csv_line, csv_table
from tests.cli.conftest import Run

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(st.text() | st.sampled_from(RISKY).flatmap(lambda first: st.text().map(lambda rest: first + rest)))
def test_no_text_is_a_formula(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(RISKY)
    assert cell.startswith("'") or not text.startswith(RISKY)


@given(st.lists(st.lists(values, min_size=2, max_size=2), max_size=5))
def test_rows_are_read_back_cell_by_cell(rows: list[list[object]]) -> None:
    text = csv_table([{"a": first, "b": second} for first, second in rows])
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == ([["a", "b"], *[[csv_cell(value) for value in row] for row in rows]] if rows else [])


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (-5, "-5"),
        (-0.5, "-0.5"),
        ("-5", "'-5"),
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("+49 30 1234", "'+49 30 1234"),
        ("ann@example.com", "ann@example.com"),
        ("two\r\nlines", "two\nlines"),
        ("\x1b[2J", "\\x1b[2J"),
        (["=a", "b"], '["=a", "b"]'),
        ({"a": None}, '{"a": null}'),
    ],
)
def test_values_become_cells(value: object, cell: str) -> None:
    assert csv_cell(value) == cell


def test_rows_with_other_columns_leave_cells_empty() -> None:
    assert csv_table([{"a": 1}, {"b": "x,y", "a": 2}]) == 'a,b\n1,\n2,"x,y"\n'
    assert csv_table([]) == ""
    assert csv_line(['say "no"']) == '"say ""no"""\n'


# --------------------------------------------------------------------------------------------------------- --output


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("place", ["before", "behind", "short"])
def test_a_list_is_printed_in_each_shape(client: dict[str, Any], run: Run, place: str) -> None:
    run("client", "create", "--domain", "shop.example", "--name", "=1+1")

    def listed(shape: str) -> str:
        if place == "before":
            return run("--output", shape, "client", "list").out
        return run("client", "list", "-o" if place == "short" else "--output", shape).out

    views = run("--json", "client", "list").json
    assert listed("json") == run("--json", "client", "list").out
    assert [json.loads(line) for line in listed("jsonl").splitlines()] == views
    # How long ago something was grows while the test runs.
    assert re.sub(r"\d+s ago", "", listed("table")) == re.sub(r"\d+s ago", "", run("client", "list").out)
    rows = rows_of(listed("csv"))
    assert {row["domain"]: row["name"] for row in rows} == {"example.com": "Example", "shop.example": "'=1+1"}
    assert [list(row) for row in rows] == [list(view) for view in views]
    assert [json.loads(row["config"]) for row in rows] == [view["config"] for view in views]


def test_one_thing_is_one_row(field: dict[str, Any], run: Run) -> None:
    [row] = rows_of(run("form", "show", field["formId"], "--output", "csv").out)
    assert (row["formId"], row["isActive"]) == (field["formId"], "true")
    assert field["fieldId"] in row["fields"]


def test_an_empty_list_is_nothing_for_programs(site: object, run: Run) -> None:
    assert [run("client", "list", "-o", shape).out for shape in ("csv", "jsonl", "json")] == ["", "", "[]\n"]


def test_shapes_that_contradict_each_other_are_refused(client: dict[str, Any], run: Run) -> None:
    assert "contradict" in run("--json", "client", "list", "--output", "csv", code=2).error["detail"]
    assert run("--json", "client", "list", "--output", "jsonl").out.count("\n") == 1


@pytest.mark.parametrize("said", [("--output", "json"), ("--output=jsonl",), ("-o", "json")])
def test_errors_are_json_where_the_result_would_be(site: object, run: Run, said: tuple[str, ...]) -> None:
    assert run("client", "show", "nobody.example", *said, code=1).error["slug"] == "not-found"
    assert run("client", "show", *said, code=2).error["slug"] == "usage"


def test_hints_do_not_mix_with_what_programs_read(site: object, run: Run) -> None:
    ran = run("client", "create", "--domain", "example.com", "--output", "csv")
    assert ran.err == ""
    assert rows_of(ran.out)[0]["domain"] == "example.com"


def test_a_snippet_for_programs_has_its_data_beside_it(client: dict[str, Any], run: Run) -> None:
    [row] = rows_of(run("embed", "example.com", "--output", "csv").out)
    assert row["apiKey"] in row["snippet"]
