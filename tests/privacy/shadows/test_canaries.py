"""The search finds a canary however it is written, and no other one."""

from __future__ import annotations

import pytest

from tests.privacy.shadows.canaries import Aviary, Searched, luhn_digit, spelled

SPELLINGS = sorted(spelled("x@y"))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_value_is_found_in_every_spelling(spelling: str) -> None:
    aviary = Aviary(7)
    aviary.email("a"), aviary.word("token", "b", "prefix-", "-suffix"), aviary.word("key", "c")
    for canary in aviary.planted:
        written = f'{{"x": "and {spelled(canary.value)[spelling]} then"}}'.encode()
        found = [one for one in aviary.planted if Searched(written).holds(one)]
        assert found == [canary]


@pytest.mark.parametrize("gap", [" ", "-", ".", ""])
def test_numbers_are_found_with_any_punctuation(gap: str) -> None:
    aviary = Aviary(7)
    numbers = [aviary.card("a"), aviary.phone("b")]
    for canary, number in zip(aviary.planted, numbers, strict=True):
        written = number.replace(" ", gap).encode()
        assert [one for one in aviary.planted if Searched(written).holds(one)] == [canary]


def test_cards_pass_the_luhn_check() -> None:
    assert luhn_digit("411111111111111") == "1"
    assert luhn_digit("37828224631000") == "5"
