"""What people set by hand wins over what events say, in whatever order both come, and can be taken back."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON
from tests.leads.test_merge import facts
from tracker.errors import InvalidError
from tracker.leads.editable import EDITABLE, checked_changes
from tracker.leads.edits import _edited
from tracker.leads.facts import LeadFacts
from tracker.leads.merge import merge, new_lead

# Kept for people: these say that there was an edit.
_TRACES = ("history", "updatedAt", "edits", "said", "current")
TEXT = st.text("abcXYZ äö", min_size=1, max_size=12).filter(lambda text: bool(text.strip()))
CHANGES = st.dictionaries(
    st.sampled_from(["firstName", "lastName", "name", "company", "message", "notes", "phone"]),
    st.one_of(st.none(), TEXT.map(str.strip)),
    min_size=1,
) | st.fixed_dictionaries(
    {}, optional={"status": st.sampled_from([None, "partial", "chat_inquiry", "submitted"]),
                  "quality": st.sampled_from([None, "low", "high"]), "tags": st.sampled_from([None, ["a"], ["a", "b"]])}
).filter(bool)  # fmt: skip


@st.composite
def events(draw: st.DrawFn) -> LeadFacts:
    attributes = draw(
        st.dictionaries(st.sampled_from(["firstName", "lastName", "name", "company", "message", "phone"]), TEXT)
    )
    minutes = draw(st.integers(0, 300))
    return facts(
        NOON + timedelta(minutes=minutes),
        draw(st.sampled_from(["partial", "submitted"])),
        event_id=f"e{minutes}",
        attributes={"email": "ann@shop.example", **attributes},
        phone_e164="+491701234567" if "phone" in attributes else None,
    )


def edit(lead: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return _edited(lead, checked_changes(changes), "cli:ann", datetime.now(UTC))[0]


def without(lead: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in lead.items() if name not in (*_TRACES, *names)}


@given(st.lists(events(), min_size=1, max_size=5), st.lists(CHANGES, min_size=1, max_size=3), st.data())
def test_edits_taken_back_leave_what_events_alone_would_have_left(
    happened: list[LeadFacts], changes: list[dict[str, Any]], data: st.DataObject
) -> None:
    plain, edited = new_lead(happened[0]), new_lead(happened[0])
    for each in happened[1:]:
        merge(plain, each)
    rest, todo = happened[1:], list(changes)
    while rest or todo:
        if todo and (not rest or data.draw(st.booleans())):
            edited = edit(edited, **todo.pop(0))
        else:
            merge(edited, rest.pop(0))
    back = edit(edited, **dict.fromkeys(EDITABLE))
    assert without(back) == without(plain)
    assert not {"edits", "said"} & back.keys()


@given(st.lists(events(), min_size=1, max_size=5), CHANGES, st.integers(0, 4))
def test_it_does_not_matter_when_an_edit_comes(happened: list[LeadFacts], changes: dict[str, Any], place: int) -> None:
    leads = []
    for when in (min(place, len(happened)), len(happened)):
        lead = new_lead(happened[0])
        for number, each in enumerate(happened[1:], 1):
            if number == when:
                lead = edit(lead, **changes)
            merge(lead, each)
        leads.append(edit(lead, **changes))
    assert without(leads[0]) == without(leads[1])
    assert leads[0].get("said") == leads[1].get("said")


@given(CHANGES, st.lists(events(), min_size=1, max_size=4))
def test_an_edit_wins_over_every_later_event(changes: dict[str, Any], later: list[LeadFacts]) -> None:
    lead = edit(new_lead(facts()), **changes)
    for each in later:
        merge(lead, each)
    for name, value in changes.items():
        if value is not None:
            assert lead[name] == value


def test_a_lead_without_edits_is_left_alone() -> None:
    lead = new_lead(facts())
    merge(lead, facts(NOON + timedelta(hours=1), event_id="e2"))
    assert not {"edits", "said"} & lead.keys()


def test_a_name_by_hand_takes_the_others_along() -> None:
    lead = new_lead(facts(attributes={"email": "ann@shop.example", "firstName": "Jon", "lastName": "Smith"}))
    assert lead["name"] == "Jon Smith"
    assert edit(lead, firstName="Jane")["name"] == "Jane Smith"
    whole = edit(lead, name="Anne-Marie van der Berg")
    assert (whole["firstName"], whole["lastName"]) == ("Anne-Marie", "van der Berg")
    assert edit(whole, name=None)["name"] == "Jon Smith"
    # Nobody can tell which part is which: what the person typed stays.
    assert edit(lead, name="山田太郎")["firstName"] == "Jon"


def test_a_phone_by_hand_has_no_number_of_another_phone() -> None:
    lead = new_lead(facts(attributes={"phone": "0170 1234567"}, phone_e164="+491701234567"))
    assert edit(lead, phone="extension 7")["phoneE164"] is None
    assert edit(edit(lead, phone="extension 7"), phone=None)["phoneE164"] == "+491701234567"


def test_an_edit_is_in_the_history_by_name_and_not_by_value() -> None:
    lead = edit(new_lead(facts()), company="Acme Secret Ltd", status="partial")
    entry = lead["history"][-1]
    assert (entry["decision"], entry["reason"], sorted(entry["changed"])) == (
        "edited", "by cli:ann", ["company", "status"]
    )  # fmt: skip
    assert "Acme" not in str(lead["history"])
    again = deepcopy(lead)
    assert edit(again, company="Acme Secret Ltd") == lead


def test_only_what_is_for_people_to_change_can_be_changed() -> None:
    for name in ("clientId", "leadId", "crmSynced", "edits", "fields", "$set", "test", ""):
        with pytest.raises(InvalidError, match="unknown"):
            checked_changes({name: "x"})
    with pytest.raises(InvalidError, match="email, phone"):
        checked_changes({})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("email", value) for value in ("", "ann", "ann@", 7, "a@b@c.example", "ann@shop.example\x00")),
        *(("firstName", value) for value in ("", " ", "a\nb", "a" * 201, 7, ["a"], "\ud800", "\x1b[2J")),
        *(("status", value) for value in ("", "new", "SUBMITTED", 1, [])),
        *(("quality", value) for value in ("best", 3)),
        *(("tags", value) for value in ([], "vip", ["a"] * 51, [""], ["a\nb"], [7], {"a": 1})),
        *(("notes", value) for value in ("", "a" * 10_001, {"$set": 1})),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_and_not_repeated(name: str, value: Any) -> None:
    with pytest.raises(InvalidError, match=name) as caught:
        checked_changes({name: value})
    assert not isinstance(value, str) or len(value) < 4 or value not in caught.value.detail.replace("status", "")


def test_values_are_stored_in_one_form() -> None:
    checked = checked_changes({"email": " Ann@Shop.Example ", "tags": ["a", "b", "a "], "notes": "two\nlines "})
    assert checked == {
        "email": {"value": "ann@shop.example"},
        "tags": {"value": ["a", "b"]},
        "notes": {"value": "two\nlines"},
    }
