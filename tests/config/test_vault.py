"""Credentials at rest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import CURRENT_SECRET, OLD_SECRET
from tracker.config.vault import Vault
from tracker.errors import SettingsError


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again_and_does_not_show(text: str) -> None:
    sealed = Vault([CURRENT_SECRET]).seal(text)
    assert sealed.isascii()
    assert len(text) < 8 or text not in sealed
    assert Vault([CURRENT_SECRET]).open(sealed) == text


def test_an_older_secret_still_opens_until_it_is_resealed() -> None:
    sealed = Vault([OLD_SECRET]).seal("password")
    rotated = Vault([CURRENT_SECRET, OLD_SECRET])
    assert rotated.open(sealed) == "password"
    assert Vault([CURRENT_SECRET]).open(rotated.reseal(sealed)) == "password"


@pytest.mark.parametrize("text", ["", "nonsense", "é", "sealed"])
def test_what_no_secret_opens_says_what_to_do(text: str) -> None:
    sealed = Vault([OLD_SECRET]).seal("password") if text == "sealed" else text
    with pytest.raises(SettingsError, match="put it back behind the current one") as caught:
        Vault([CURRENT_SECRET]).open(sealed)
    assert CURRENT_SECRET not in caught.value.detail
