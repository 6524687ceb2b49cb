"""Keyed hashes of addresses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.privacy.hashes import Hasher, Kind, normal

TEXTS = st.text(min_size=1, max_size=60)
KINDS = st.sampled_from(("email", "phone", "visitor"))
NEW, OLD = "n" * 40, "o" * 40


@given(TEXTS, TEXTS, KINDS)
def test_hashes_nothing_without_the_secret(value: str, scope: str, kind: Kind) -> None:
    assert Hasher([NEW]).one(kind, value, scope) != Hasher([OLD]).one(kind, value, scope)


@given(TEXTS, KINDS)
def test_finds_after_a_rotation_what_the_older_secret_wrote(value: str, kind: Kind) -> None:
    assert Hasher([OLD]).one(kind, value) in Hasher([NEW, OLD]).all(kind, value)
    assert Hasher([NEW, OLD]).one(kind, value) == Hasher([NEW]).one(kind, value)


@given(st.lists(st.tuples(KINDS, st.sampled_from(("", "a", "b")), TEXTS), unique=True, min_size=2, max_size=8))
def test_keeps_kinds_clients_and_values_apart(these: list[tuple[Kind, str, str]]) -> None:
    hashes = {Hasher([NEW]).one(kind, value, scope) for kind, scope, value in these}
    assert len(hashes) == len(these)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("email", " Ann@Shop.Example ", "ann@shop.example"),
        ("email", "ann", None),
        ("phone", "0170 1234567", "+491701234567"),
        ("phone", " +49 170/1234567", "+491701234567"),
        ("phone", "12", None),
        ("visitor", "v-1", "v-1"),
        ("visitor", "", None),
    ],
)
def test_compares_addresses_by_one_spelling(kind: Kind, value: str, expected: str | None) -> None:
    assert normal(kind, value, "DE") == expected
