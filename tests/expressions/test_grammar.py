"""The language of transforms as operators meet it; what the functions make is in tests/crm/test_transforms.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import InvalidError
from tracker.expressions.grammar import MAX_TRANSFORM_CHARS, checked_transform, names_in, parse_transform
from tracker.expressions.signatures import SIGNATURES

GUIDE = Path(__file__).resolve().parents[2] / "docs/mapping.md"


def test_what_is_stored_is_written_without_spaces_between() -> None:
    assert checked_transform(" trim |  map: yes = true ; no=false ") == "trim|map:yes = true ; no=false"
    assert checked_transform("  ") is checked_transform(None) is None


def test_arguments_are_read_without_spaces_around_and_with_those_that_are_meant() -> None:
    (step,) = parse_transform(r"map: yes = true ; no=\sfalse\s")
    assert step.arguments == (("yes", "true"), ("no", " false "))


def test_names_are_found_in_what_cannot_be_read_too() -> None:
    assert names_in(r"trim|default:a\|b | nonsense:1|last_name") == ["trim", "default", "nonsense", "last_name"]
    assert names_in(None) == [""]


@given(st.text(min_size=1))
def test_what_is_stored_is_read_again_as_the_same(text: str) -> None:
    try:
        stored = checked_transform(text)
    except InvalidError:
        return
    if stored is not None:
        assert len(stored) <= MAX_TRANSFORM_CHARS
        assert parse_transform(stored) == parse_transform(text)
        assert checked_transform(stored) == stored


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_the_guide_explains_each_function(name: str) -> None:
    shape = SIGNATURES[name].shape
    assert f"`{shape}`" in GUIDE.read_text(encoding="utf-8")
