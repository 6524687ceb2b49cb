"""What a scope sees and may do."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.access.scopes import Scope
from tracker.errors import InvalidError

SHOP, OTHER = "5b0c8a52-3c7e-4b7a-9a52-0d5f6f3a1c01", "5b0c8a52-3c7e-4b7a-9a52-0d5f6f3a1c02"


@pytest.mark.parametrize(
    ("text", "writes", "sees_shop", "sees_other", "sees_ownerless"),
    [
        ("admin", True, True, True, True),
        ("read", False, True, True, True),
        (f"client:{SHOP}", True, True, False, False),
    ],
)
def test_a_scope_is_what_its_name_says(
    text: str, writes: bool, sees_shop: bool, sees_other: bool, sees_ownerless: bool
) -> None:
    scope = Scope.parse(text)
    assert (scope.may_write, scope.sees(SHOP)) == (writes, sees_shop)
    assert (scope.sees(OTHER), scope.sees(None)) == (sees_other, sees_ownerless)
    assert str(scope) == text


@pytest.mark.parametrize(
    "text", ["", "root", "Admin", "client", "client:", "client:shop.example", f"admin:{SHOP}", "*"]
)
def test_refuses_what_is_no_scope(text: str) -> None:
    with pytest.raises(InvalidError, match="admin, read or client"):
        Scope.parse(text)


def test_a_clients_id_is_understood_in_capitals() -> None:
    assert Scope.parse(f"client:{SHOP.upper()}") == Scope("client", SHOP)


@given(st.text())
def test_any_text_is_a_scope_or_refused(text: str) -> None:
    with suppress(InvalidError):
        assert str(Scope.parse(text)).lower() == text.lower()
