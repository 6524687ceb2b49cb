"""Names from browsers are data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.field_names import MAX_NAME_CHARS, field_key, field_name


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("email", "email"),
        ("$set", "＄set"),
        ("a.b", "a．b"),
        ("$a.$b", "＄a．$b"),
        ("", "_"),
        ("\x00", "_"),
        ("__proto__", "__proto__"),
        ("price $", "price $"),
    ],
)
def test_no_name_is_an_operator_or_a_path(name: str, key: str) -> None:
    assert field_key(name) == key


@given(st.text())
def test_every_name_becomes_a_key_that_mongodb_takes_literally(name: str) -> None:
    key = field_key(name)
    assert key
    assert "." not in key
    assert "\x00" not in key
    assert not key.startswith("$")
    assert len(key) <= MAX_NAME_CHARS
    assert field_key(key) == key


@given(st.text(st.characters(exclude_characters="\x00．＄"), min_size=1, max_size=MAX_NAME_CHARS))
def test_people_see_the_name_that_the_page_has(name: str) -> None:
    assert field_name(field_key(name)) == name
