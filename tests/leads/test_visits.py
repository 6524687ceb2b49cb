"""Which lead a form of a visit belongs to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON
from tracker.leads.visits import Visit

SECOND = timedelta(seconds=1)


def a_visit(*notes: tuple[str, str, int, bool], test: bool = False) -> Visit:
    visit = Visit()
    for form, lead_id, second, named in notes:
        visit.note(form, test, lead_id, NOON + second * SECOND, named=named)
    return visit


@pytest.mark.parametrize(("second", "lead"), [(0, "ann"), (5, "ann"), (14, "ann"), (15, "bob"), (99, "bob")])
def test_it_is_the_lead_that_was_there_at_that_time_else_the_next(second: int, lead: str) -> None:
    visit = a_visit(("contact", "ann", 5, True), ("contact", "bob", 15, True))
    assert visit.lead_of("contact", False, NOON + second * SECOND) == lead


def test_another_form_and_test_events_have_none() -> None:
    visit = a_visit(("contact", "ann", 5, True))
    assert visit.lead_of("demo", False, NOON) is None
    assert visit.lead_of("contact", True, NOON) is None


def test_only_a_lead_without_an_email_is_unnamed_and_only_until_it_has_one() -> None:
    visit = a_visit(("contact", "phone", 5, False), ("demo", "ann", 5, True))
    assert (visit.unnamed("contact", False), visit.unnamed("demo", False)) == ("phone", None)
    visit.note("contact", False, "phone", NOON, named=True)
    assert visit.unnamed("contact", False) is None


def test_others_are_the_leads_of_other_emails() -> None:
    visit = a_visit(("contact", "ann", 5, True), ("demo", "bob", 6, True), ("chat", "phone", 7, False))
    assert visit.others("ann") == ["bob"]


def test_what_is_known_already_changes_nothing() -> None:
    entry = {"form": "contact", "leadId": "ann", "at": NOON, "named": True, "test": False}
    visit = Visit([entry])
    visit.note("contact", False, "ann", NOON + SECOND, named=False)
    assert (visit.changed, visit.entries) == (False, [entry])
    visit.note("contact", False, "ann", NOON - SECOND, named=False)
    assert (visit.changed, visit.entries) == (True, [entry | {"at": NOON - SECOND}])
    assert entry["at"] == NOON, "what was given stays as it is"


notes = st.lists(
    st.tuples(st.sampled_from(("contact", "demo")), st.sampled_from("abc"), st.integers(0, 50), st.booleans()),
    max_size=12,
)


@given(notes, st.randoms())
def test_the_order_of_notes_does_not_matter(found: list[Any], random: Any) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert a_visit(*shuffled).entries == a_visit(*found).entries


@given(st.integers(1, 60))
def test_a_visit_remembers_a_bounded_number_the_latest(number: int) -> None:
    visit = a_visit(*((f"form-{n}", f"lead-{n}", n, True) for n in range(number)))
    assert [entry["leadId"] for entry in visit.entries] == [f"lead-{n}" for n in range(number)][-20:]
