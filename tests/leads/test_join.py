"""Which lead each event of a batch begins or joins."""

from __future__ import annotations

import random as randoms
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON
from tests.leads.test_merge import facts
from tracker.leads.facts import LeadFacts
from tracker.leads.join import Joined, Joiner, Windows
from tracker.leads.merge import new_lead
from tracker.leads.visits import Visit

SECOND = timedelta(seconds=1)
WINDOWS = Windows(submission=timedelta(hours=24), interaction=timedelta(days=7))
KEY = ("client", "s")


def said(event_id: str, second: int = 0, email: str | None = "ann@shop.example", **more: Any) -> LeadFacts:
    """What an event of the visit ``s`` says in the form ``contact``."""
    own: dict[str, Any] = {"event_id": event_id, "email": email, "session_id": "s", "form": "contact"}
    if email is None:
        own |= {"attributes": {"company": "Shop"}, "reachable": False}
    else:
        own["attributes"] = {"email": email}
    return facts(NOON + second * SECOND, **own | more)


def join(*found: LeadFacts, leads: Any = (), visit: Visit | None = None) -> Joined:
    return Joiner(leads, {KEY: visit if visit is not None else Visit()}, WINDOWS).join(found)


def lead_of(joined: Joined, event_id: str) -> str | None:
    return joined.lead_of.get(("client", event_id))


def stored(one: LeadFacts, number: int = 1) -> dict[str, Any]:
    return {"_id": number, **new_lead(one)}


def test_one_email_of_a_batch_makes_one_lead() -> None:
    joined = join(said("e1"), said("e2", 1), said("e3", 2, "bob@shop.example"))
    assert len(joined.begun) == 2
    assert lead_of(joined, "e1") == lead_of(joined, "e2") != lead_of(joined, "e3")


def test_what_was_typed_comes_before_its_submission_of_the_same_millisecond() -> None:
    joined = join(said("a", status="submitted"), said("z", status="partial"))
    [lead] = joined.begun.values()
    assert [entry["decision"] for entry in lead["history"]] == ["created", "promoted"]


def test_a_stored_lead_is_touched_and_not_begun() -> None:
    lead = stored(said("e0"))
    joined = join(said("e1", 1), leads=[lead])
    assert (list(joined.touched), joined.begun, joined.retired) == ([lead["leadId"]], {}, {})


def test_an_old_lead_makes_way_for_the_next_of_its_email_which_says_so() -> None:
    lead = stored(said("e0"))
    joined = join(said("e1", 25 * 3600), leads=[lead])
    [begun] = joined.begun.values()
    assert list(joined.retired) == [lead["leadId"]]
    assert ("current" in lead, begun["current"]) == (False, True)
    assert begun["history"][0]["otherLeadId"] == lead["leadId"]
    assert begun["history"][0]["reason"] == "the last lead of this e-mail is 25 h old and joined no more"


def test_without_an_email_it_joins_the_form_of_its_visit_though_it_was_typed_before() -> None:
    joined = join(said("typed", 0, None), said("e1", 1))
    assert lead_of(joined, "typed") == lead_of(joined, "e1") is not None
    [lead] = joined.begun.values()
    assert (lead["company"], lead["createdAt"]) == ("Shop", NOON)


def test_without_a_lead_in_its_form_it_waits() -> None:
    joined = join(said("typed", 0, None), said("e1", 1, form="demo"))
    assert lead_of(joined, "typed") is None


def test_the_lead_of_a_telephone_number_adopts_the_email() -> None:
    by_phone = said("e0", 0, None, attributes={"phone": "1"}, reachable=True)
    visit = Visit()
    [lead] = join(by_phone, visit=visit).begun.values()
    lead["_id"] = 1
    joined = join(said("e1", 1), leads=[lead], visit=visit)
    assert (joined.begun, list(joined.touched)) == ({}, [lead["leadId"]])
    assert (lead["email"], lead["current"]) == ("ann@shop.example", True)


def test_an_email_that_has_a_lead_is_not_given_to_that_of_a_telephone_number() -> None:
    by_phone = said("e0", 0, None, attributes={"phone": "1"}, reachable=True)
    visit = Visit()
    [lead] = join(by_phone, visit=visit).begun.values()
    lead["_id"] = 1
    known = stored(said("before", -60, session_id="another"), 2)
    joined = join(said("e1", 1), leads=[lead, known], visit=visit)
    assert lead_of(joined, "e1") == known["leadId"]
    assert "email" not in lead


def test_a_second_email_of_a_visit_begins_a_lead_that_names_the_first() -> None:
    visit = Visit()
    first = join(said("e1"), visit=visit)
    second = join(said("e2", 1, "bob@shop.example"), visit=visit)
    [bob] = second.begun.values()
    assert bob["history"][0]["otherLeadId"] == lead_of(first, "e1")


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.sampled_from(("ann@shop.example", None)), st.sampled_from(("a", "b"))),
        max_size=8,
        unique_by=lambda each: each[0],
    ),
    st.randoms(),
)
def test_the_order_within_a_batch_does_not_matter(found: list[Any], random: randoms.Random) -> None:
    def outcome() -> Any:
        events = [said(f"e{at}", at, email, form=form) for at, email, form in found]
        random.shuffle(events)
        visit = Visit()
        joined = join(*events, visit=visit)
        return joined.lead_of, joined.begun, visit.entries

    assert outcome() == outcome()
