"""Which extra redact patterns an operator may write, and what is said of the others."""

from __future__ import annotations

import pytest

from tracker.config import values
from tracker.config.patterns import MAX_INSTRUCTIONS, compile_pattern, redact_patterns
from tracker.config.read import client_settings
from tracker.errors import InvalidError


def test_patterns_are_stored_as_they_were_written_without_repetitions() -> None:
    given = [r"CUST-\d{6}", " x ", r"(?i)kunde[- ]?\d+", r"CUST-\d{6}"]
    assert redact_patterns(given) == given[:3]
    assert values.client_settings({}, {"redactPatterns": given}) == {"redactPatterns": given[:3]}
    assert client_settings({"redactPatterns": given[:3]}).redact_patterns == tuple(given[:3])


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?=a)b", "lookaheads and lookbehinds are not supported"),
        ("a(?!b)", "lookaheads and lookbehinds are not supported"),
        ("(?<=a)b", "lookaheads and lookbehinds are not supported"),
        ("(?<!a)b", "lookaheads and lookbehinds are not supported"),
        (r"(a)\1", "backreferences are not supported"),
        ("(?P<n>a)(?P=n)", "backreferences are not supported"),
        ("(a", "missing )"),
        ("[a", "missing ]"),
        ("a**", "bad repetition"),
        (r"a\Z", "invalid escape"),
        ("a{1001}", "too large"),
        ("((a{100}){100}){100}", "too large"),
        (r"\pL{1000}", "too large"),
        ("", "1 to 500"),
        ("x" * 501, "1 to 500"),
        ("a\x00", "1 to 500"),
        ("a*", "matches the empty text"),
        ("a?", "matches the empty text"),
        ("|a", "matches the empty text"),
        ("^", "matches the empty text"),
        (r"\b", "matches the empty text"),
        ("(a|b{0,3})", "matches the empty text"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_named_by_its_place_with_the_reason(pattern: str, words: str) -> None:
    with pytest.raises(InvalidError) as caught:
        values.client_settings({}, {"redactPatterns": ["fine", pattern]})
    assert "redact pattern 2" in caught.value.detail
    assert words in caught.value.detail


def test_there_are_limits_to_how_many_and_how_large_they_are_together() -> None:
    with pytest.raises(InvalidError, match="20 redact patterns at most"):
        redact_patterns([f"a{number}" for number in range(21)])
    large = [f"[a-z]{{{number}}}x" for number in (900, 901, 902)]
    assert sum(compile_pattern(pattern).programsize for pattern in large) > MAX_INSTRUCTIONS
    with pytest.raises(InvalidError, match="too large together"):
        redact_patterns(large)
    assert redact_patterns(large[:1]) == large[:1]


@pytest.mark.parametrize("given", ["CUST", 7, [7], {"a": "b"}])
def test_what_is_no_list_of_texts_is_refused(given: object) -> None:
    with pytest.raises(InvalidError, match="settings"):
        values.client_settings({}, {"redactPatterns": given})


def test_an_old_pattern_that_is_refused_today_stands_in_no_other_changes_way() -> None:
    stored = {"redactPatterns": ["(?=a)"]}
    assert values.client_settings(stored, {"requireOrigin": True}) == stored | {"requireOrigin": True}
    assert values.client_settings(stored, {"redactPatterns": None}) == {}


def test_refusing_a_pattern_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidError):
        redact_patterns(["(?=hush)"])
    assert capfd.readouterr() == ("", "")
