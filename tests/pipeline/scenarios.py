"""Generated visits, ways to deliver them, and what is left of them in a form that can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.fixtures.builders import NOON, ms
from tests.pipeline.storing import found
from tracker.config.records import ClientRecord
from tracker.stores.documents import Documents

EMAILS = ("ann@shop.example", " BOB@shop.example", "eve@shop.example")
FORMS = ("contact", "demo")
VISITOR_OF = {"s1": "v1", "s2": "v1", "s3": "v2"}
NAMES = ("Ann Lee", "Bob van der Berg", "山田太郎", "Cher")

Event = dict[str, Any]


@st.composite
def visits(draw: st.DrawFn, most: int = 14) -> list[Event]:
    """Events of three visits by two visitors within an hour, in the order in which they happened.

    In one form of one visit at most one e-mail is typed; what was typed before a second one could be either's.
    """
    emails = {
        (session, form): draw(st.sampled_from(EMAILS)) for session in VISITOR_OF for form in FORMS
    }
    moments = draw(st.lists(st.integers(0, 3_600_000), min_size=2, max_size=most, unique=True))
    return [draw(_event(number, NOON + timedelta(milliseconds=at), emails)) for number, at in enumerate(sorted(moments))]


@st.composite
def _event(draw: st.DrawFn, number: int, at: datetime, emails: dict[tuple[str, str], str]) -> Event:
    session = draw(st.sampled_from(sorted(VISITOR_OF)))
    kind = draw(st.sampled_from(["page_view", "interaction", "interaction", "submission", "identify", "chat", "custom"]))
    event: Event = {
        "id": f"e{number}",
        "timestamp": ms(at),
        "sessionId": session,
        "visitorId": VISITOR_OF[session],
    }
    page = {"url": f"https://shop.example/{number}" + draw(st.sampled_from(["", "?utm_source=ads", "?gclid=1"]))}
    if kind in ("interaction", "submission"):
        form = draw(st.sampled_from(FORMS))
        fields = draw(_fields(number))
        if draw(st.booleans()):
            fields["email"] = emails[session, form]
        payload: Event = {"form": {"formId": form, "fields": fields}, "page": page}
        return event | {"type": f"form_{kind}", "payload": payload}
    if kind == "identify":
        return event | {"type": "identify", "payload": {"email": draw(st.sampled_from(EMAILS)), "traits": {"plan": number}}}
    if kind == "chat":
        return event | {"type": "chat_message", "payload": {"text": f"text {number}", "page": page}}
    return event | {"type": kind, "payload": {"page": page}}


@st.composite
def _fields(draw: st.DrawFn, number: int) -> Event:
    values = {
        "name": draw(st.sampled_from(NAMES)),
        "company": f"Company {number}",
        "budget": draw(st.sampled_from(["", "10", "20"])),
        "mobile": draw(st.sampled_from(["030 901820", "call me"])),
    }
    # A phone number without an e-mail would begin a lead of its own with a submission.
    return {name: values[name] for name in draw(st.sets(st.sampled_from(["name", "company", "budget"]), max_size=3))}


@st.composite
def deliveries(draw: st.DrawFn, events: Sequence[Event]) -> list[list[Event]]:
    """Requests in which these events arrive, each at least once, some several times, in any order."""
    again = draw(st.lists(st.sampled_from(list(events)), max_size=len(events)))
    order = draw(st.permutations([*events, *again]))
    requests: list[list[Event]] = []
    while order:
        size = draw(st.integers(1, len(order)))
        requests.append(list(order[:size]))
        order = order[size:]
    return requests


async def what_is_left(documents: Documents, client: ClientRecord) -> dict[str, Any]:
    """All documents of a client, without what depends on when they were written: ids, the order of the history."""
    leads = {lead["leadId"]: lead for lead in await found(documents, "leads", client)}
    names = {lead_id: f"{lead.get('email')} {lead['test']} {lead['createdAt']}" for lead_id, lead in leads.items()}
    return {
        "events": sorted((_event_left(event, names) for event in await found(documents, "events", client)), key=str),
        "sessions": sorted((_session_left(row, names) for row in await found(documents, "sessions", client)), key=str),
        "leads": sorted((_lead_left(lead) for lead in leads.values()), key=str),
    }


def differences(expected: dict[str, Any], left: dict[str, Any]) -> list[str]:
    """What differs between two results of :func:`what_is_left`, value by value."""
    found: list[str] = []
    for collection, rows in expected.items():
        others = left[collection]
        if len(rows) != len(others):
            found.append(f"{collection}: {len(rows)} and {len(others)}")
        for row, other in zip(rows, others, strict=False):
            names = sorted((row.keys() | other.keys()) - {"clientId"})
            found += [
                f"{collection} {name}: {row.get(name)} and {other.get(name)}"
                for name in names
                if row.get(name) != other.get(name)
            ]
    return found


def _event_left(event: Event, names: dict[str, str]) -> Event:
    return event | ({"leadId": names[event["leadId"]]} if "leadId" in event else {})


def _session_left(row: Event, names: dict[str, str]) -> Event:
    entries = [entry | {"leadId": names[entry["leadId"]]} for entry in row.get("leads") or ()]
    left = row | {"leads": sorted(entries, key=str), "waiting": row.get("waiting", 0), "identifiedAt": None}
    return {name: value for name, value in left.items() if value is not None}


def _lead_left(lead: Event) -> Event:
    left = {name: value for name, value in lead.items() if name != "leadId" and value is not None}
    return left | {"history": sorted({entry["eventId"] for entry in lead["history"]})}
