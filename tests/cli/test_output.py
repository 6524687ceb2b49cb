"""What reaches the terminal."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli import context
from cli.context import Context
from cli.output import cell, clean, emit, emit_item, encode, facts, redact, table


@pytest.fixture(autouse=True)
def _plain_context() -> None:
    context.start(Context())


def steers_a_terminal(text: str) -> bool:
    """Whether a character could move the cursor or turn the direction of writing."""
    return any(
        unicodedata.category(one) == "Cc" or unicodedata.bidirectional(one) in {"RLO", "LRO", "RLE", "LRE", "PDF"}
        for one in text
    )


@given(st.text())
def test_no_value_steers_the_terminal(text: str) -> None:
    assert not steers_a_terminal(clean(text))
    assert not steers_a_terminal(cell(text).plain)
    assert not steers_a_terminal(encode({"value": text}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_json_says_what_was_given(value: object) -> None:
    assert json.loads(encode(value)) == value
    assert json.loads(encode(value, indent=2)) == value


def test_json_is_utf_8_with_times_in_iso() -> None:
    assert encode({"name": "Bücher", "at": datetime(2026, 1, 1, tzinfo=UTC)}) == (
        '{"name": "Bücher", "at": "2026-01-01T00:00:00Z"}'
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mysql+pymysql://root:pa@ss/word@db:3306/x is away", "mysql+pymysql://***@db:3306/x is away"),
        ("redis://:secret@host/0", "redis://***@host/0"),
        ("redis://a:b@one,redis://c:d@two", "redis://***@two"),
        ("mongodb://h/?authSource=admin&password=secret&x=1", "mongodb://h/?authSource=admin&password=***&x=1"),
        ("key pk_live_abc123 and sk_test_xyz", "key pk_live_*** and sk_test_***"),
        ("https://example.com/a@b", "https://***@b"),
        ("nothing to hide at user@example.com", "nothing to hide at user@example.com"),
    ],
)
def test_errors_show_no_credentials(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_markup_in_a_value_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    emit({}, lambda: [table(("NAME",), [("[red]Mallory[/red] :smile:",)]), facts([("name", "[b]x")]), "[i]y[/i]"])

    assert "[red]Mallory[/red] :smile:" in (out := capsys.readouterr().out)
    assert "[b]x" in out
    assert "[i]y[/i]" in out


def test_a_column_of_ids_is_never_cut(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    identifier = "3f2b8f0e-6a57-4c6e-9f43-0d9c7d8b1a2e"
    emit({}, lambda: table(("ID", "TEXT", "MORE"), [(identifier, "word " * 30, "x" * 50)], ids=("ID",)))

    assert identifier in capsys.readouterr().out


def test_a_sentence_is_not_broken_so_that_commands_can_be_copied(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    command = "trackerctl field create 3f2b8f0e-6a57-4c6e-9f43-0d9c7d8b1a2e --selector '[name=email]'"
    emit({}, lambda: command)

    assert capsys.readouterr().out == command + "\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        ("", "-"),
        ([], "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (["a", "b"], "a, b"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_values_are_put_into_words(value: object, shown: str) -> None:
    assert cell(value).plain == shown


def test_quiet_prints_only_what_is_brief(capsys: pytest.CaptureFixture[str]) -> None:
    context.start(Context(quiet=True))
    emit({"id": "1"}, lambda: "many words", brief="1")
    emit([], lambda: "many words", brief=["2", "3"])

    assert capsys.readouterr().out == "1\n2\n3\n"


def test_a_stream_prints_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    context.start(Context(json=True))
    for number in range(2):
        emit_item({"number": number, "text": "a\nb"}, lambda: "words")

    lines: list[Any] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"number": 0, "text": "a\nb"}, {"number": 1, "text": "a\nb"}]
