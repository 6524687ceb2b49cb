"""Roles are those of the browser script: the same expressions, and the same answers."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.browser.recognition_cases import CASES, LABEL, Case
from tests.browser.recognition_gaps import GAPS
from tests.browser.recognition_traps import FELLOWS, TRAPS
from tests.discovery.pages import only_form
from tracker.discovery.roles import NOT, TARGETS, WORDS, Said, is_secret, roles_of, words
from tracker.leads.roles import ATTRIBUTE_OF_ROLE

SOURCES = Path(__file__).parents[2] / "jsbundle" / "src"
ROLES_JS = (SOURCES / "roles.js").read_text(encoding="utf-8")
WORDS_JS = (SOURCES / "words.js").read_text(encoding="utf-8")
FIELDS_JS = (SOURCES / "fields.js").read_text(encoding="utf-8")


def table(name: str) -> dict[str, str]:
    """The expressions of ``const name = {role: /…/, …}``."""
    block = re.search(rf"const {name} = {{(.*?)\n}};", ROLES_JS, re.S)
    assert block is not None
    return dict(re.findall(r"^  (\w+):\s+/(.*)/,$", block[1], re.M))


def test_the_expressions_are_those_of_the_script_in_its_order() -> None:
    assert list(table("WORDS").items()) == list(WORDS.items())
    assert table("NOT") == dict(NOT)


def test_what_the_script_does_around_them_is_what_was_ported() -> None:
    assert r".replace(/\p{L}(?=\d)|\p{Ll}(?=\p{Lu})/gu, '$& ')" in WORDS_JS
    assert r".replace(/([^\p{L}\d|]|required)+/gu, ' ')" in WORDS_JS
    assert "/ (and|und|et?|y|i|en) /" in ROLES_JS
    assert "const LEAD_TYPE = /^(te|em|nu)/;" in FIELDS_JS
    assert "const WORDY = ['type', 'autocomplete', 'name', 'id', 'placeholder', 'aria-label'];" in FIELDS_JS


@pytest.mark.parametrize("case", [*CASES, *TRAPS], ids=lambda case: f"{case.group}: {case.words}")
def test_words_give_the_role_that_the_script_gives(case: Case) -> None:
    markup = case.markup.format(w=escape(case.words, quote=True), n="q1")
    (field,) = only_form(f"<form>{markup}<button>Send</button></form>").fields
    gap = GAPS.get(f"{case.group}: {case.words}")
    expected = gap.read_as if gap else case.role
    # On a page nobody has typed what would belie an address or a number.
    assert field.role == expected or (expected is None and field.role in ("email", "phone"))


@pytest.mark.parametrize("fellows", FELLOWS, ids=lambda fellows: ", ".join(words for words, _ in fellows))
def test_what_stands_beside_counts(fellows: list[tuple[str, str | None]]) -> None:
    rows = "".join(LABEL.format(w=words, n=f"q{number}") for number, (words, _) in enumerate(fellows))
    found = only_form(f"<form>{rows}<button>Send</button></form>").fields
    assert [field.role for field in found] == [role for _, role in fellows]


def test_every_role_of_a_lead_has_a_target() -> None:
    assert TARGETS.keys() == ATTRIBUTE_OF_ROLE.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("billing[firstName2]", " billing first name 2 "),
        ("E-Mail*", " e mail "),
        ("Vorname | Name (required)", " vorname | name "),
        ("Überschrift", " überschrift "),
    ],
)
def test_words_are_lower_case_and_apart(text: str, expected: str) -> None:
    assert words(text) == expected


@given(st.text(max_size=200))
def test_words_of_anything_are_letters_digits_bars_and_single_spaces(text: str) -> None:
    said = words(text)
    assert "  " not in said
    assert all(one.isalpha() or one in "0123456789| " for one in said)


@given(st.lists(st.tuples(st.sampled_from(["text", "textarea", "password", "checkbox"]), st.text(max_size=60))))
def test_a_secret_has_no_role_whatever_stands_beside_it(given_fields: list[tuple[str, str]]) -> None:
    fields = [Said(kind, [text]) for kind, text in given_fields]
    roles = roles_of(fields)
    assert len(roles) == len(fields)
    assert all(role is None for said, role in zip(fields, roles, strict=True) if is_secret(said))
