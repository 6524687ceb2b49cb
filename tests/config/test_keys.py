"""Keys as pure functions (decisions §4)."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.config import keys

MODES = st.sampled_from(["live", "test"])
SECRETS = st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable())
KEY_IDS = st.uuids().map(str)
KNOWN_KEY = "pk_live_WecvamdbdDw899iFftSH114nZV6qWOiaRTIpq5OPrzD"
KNOWN_FINGERPRINT = "87a518f6f50a0ead"


@settings(deadline=None)
@given(SECRETS, KEY_IDS, MODES)
def test_a_publishable_key_is_the_same_whenever_it_is_derived(secret: str, key_id: str, mode: keys.KeyMode) -> None:
    key = keys.derive_publishable(secret, key_id, mode)
    assert key == keys.derive_publishable(secret, key_id, mode)
    assert len(key) == len("pk_live_") + 43
    assert keys.looks_like_key(key)
    assert keys.parse_kind_mode(key) == ("publishable", mode)


@settings(deadline=None)
@given(SECRETS, SECRETS, KEY_IDS, KEY_IDS)
def test_another_secret_or_another_row_gives_another_key(one: str, other: str, row: str, other_row: str) -> None:
    key = keys.derive_publishable(one, row, "live")
    assert (key == keys.derive_publishable(other, row, "live")) == (one == other)
    assert (key == keys.derive_publishable(one, other_row, "live")) == (row == other_row)


@settings(deadline=None)
@given(SECRETS, KEY_IDS, MODES)
def test_neither_hash_nor_fingerprint_gives_anything_away(secret: str, key_id: str, mode: keys.KeyMode) -> None:
    key = keys.derive_publishable(secret, key_id, mode)
    digest = keys.hash_key(key)
    assert digest == hashlib.sha256(key.encode()).hexdigest()
    assert len(digest) == 64
    assert digest == digest.lower()
    assert key[8:] not in digest
    fingerprint = keys.secret_fingerprint(secret)
    assert len(fingerprint) == 16
    assert fingerprint not in hashlib.sha256(secret.encode()).hexdigest()
    assert fingerprint not in key


def test_known_values_stay_what_pages_already_carry() -> None:
    key_id = "8f14e45f-ceea-467f-a9d3-0123456789ab"
    assert keys.derive_publishable("x" * 32, key_id, "live") == KNOWN_KEY
    assert keys.secret_fingerprint("x" * 32) == KNOWN_FINGERPRINT
    assert keys.hint(KNOWN_KEY) == KNOWN_KEY[-4:]


def test_secret_keys_are_random_and_look_like_keys() -> None:
    minted = {keys.mint_secret("live") for _ in range(200)}
    assert len(minted) == 200
    assert all(keys.looks_like_key(key) and keys.parse_kind_mode(key) == ("secret", "live") for key in minted)
    assert keys.parse_kind_mode(keys.mint_secret("test")) == ("secret", "test")


@settings(deadline=None)
@given(st.text(max_size=120))
def test_garbage_does_not_look_like_a_key(text: str) -> None:
    assert not keys.looks_like_key(text)


@settings(deadline=None)
@given(KEY_IDS, st.integers(0, 50), st.characters(exclude_categories=()))
def test_one_foreign_character_is_enough_to_refuse(key_id: str, place: int, letter: str) -> None:
    key = keys.derive_publishable("secret", key_id, "live")
    changed = key[:place] + letter + key[place + 1 :]
    well_formed = letter in keys.ALPHABET if place >= len("pk_live_") else changed[:8] in ("pk_live_", "sk_live_")
    assert keys.looks_like_key(changed) == well_formed
    keys.hash_key(changed)  # whatever arrives can be looked up without an error


@pytest.mark.parametrize("text", ["", "pk_live_", "pk_live_" + "a" * 42, "pk_live_" + "a" * 44, "pk_prod_" + "a" * 43])
def test_parsing_what_is_no_key_says_so_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not an API key$"):
        keys.parse_kind_mode(text)
