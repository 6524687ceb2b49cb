"""Generated visits, ways to deliver them, and what is left of them in a form that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.fixtures.builders import NOON, ms
from tests.pipeline.storing import found
from tracker.config.records import ClientRecord
from tracker.stores.documents import Documents

EMAILS = ("ann@shop.example", " BOB@shop.example", "eve@shop.example")
FORMS = ("contact", "demo")
VISITOR_OF = {"s1": "v1", "s2": "v1", "s3": "v2"}
# Most of what can go wrong is about forms.
FORM_KINDS = ("form_interaction", "form_submission")
KINDS = ("page_view", *FORM_KINDS, "identify", "chat_message", *FORM_KINDS, "consent")
# Mostly nothing was asked.
CONSENTS = (None, None, None, None, ("granted", "v1"), ("granted", "v2"), ("denied", "v1"))
NAMES = ("Ann Lee", "Bob van der Berg", "山田太郎", "Cher")
SIGNS_OF_SPAM = st.sampled_from([{}, {}, {"fillMs": 9_000}, {"fillMs": 100}, {"honeypot": True}])
PAGES = ("/", "/a?utm_source=ads", "/b?gclid=1")

Event = dict[str, Any]


@st.composite
def visits(draw: st.DrawFn, least: int = 2, most: int = 14) -> list[Event]:
    """Events of three visits by two visitors within an hour, in the order in which they happened, with ids ``e0``…

    In one form of one visit at most one e-mail is typed; what was typed before a second one could be either's. Nor is
    there a telephone number without an e-mail, which begins a lead of its own.
    """
    emails = {(session, form): draw(st.sampled_from(EMAILS)) for session in VISITOR_OF for form in (*FORMS, "chat")}
    moments = st.integers(0, 3_600_000)
    found = draw(
        st.lists(st.tuples(moments, _events(emails)), min_size=least, max_size=most, unique_by=lambda each: each[0])
    )
    found.sort(key=lambda each: each[0])
    return [
        {"id": f"e{number}", "timestamp": ms(NOON + timedelta(milliseconds=at))} | event
        for number, (at, event) in enumerate(found)
    ]


@st.composite
def _events(draw: st.DrawFn, emails: Mapping[tuple[str, str], str]) -> Event:
    """One event without its id and its time."""
    event = draw(_kinds_of_events(emails))
    consent = draw(st.sampled_from(CONSENTS))
    if event["type"] == "consent":
        # Of the visit alone: what visitors take back in other visits holds for the leads that there are then.
        del event["visitorId"]
        consent = consent or ("granted", "v1")
    if consent:
        event["metadata"] = {"consent": {"state": consent[0], "version": consent[1]}}
    return event


@st.composite
def _kinds_of_events(draw: st.DrawFn, emails: Mapping[tuple[str, str], str]) -> Event:
    session = draw(st.sampled_from(sorted(VISITOR_OF)))
    kind = draw(st.sampled_from(KINDS))
    event: Event = {"type": kind, "sessionId": session, "visitorId": VISITOR_OF[session]}
    page = {"url": "https://shop.example" + draw(st.sampled_from(PAGES))}
    if kind in FORM_KINDS:
        form = draw(st.sampled_from(FORMS))
        fields = draw(_fields())
        if draw(st.booleans()):
            fields |= {"email": emails[session, form]} | draw(st.sampled_from([{}, {"mobile": "030 901820"}]))
        return event | {"payload": {"form": {"formId": form, "fields": fields}, "page": page} | draw(SIGNS_OF_SPAM)}
    if kind == "identify":
        plan = {"plan": draw(st.sampled_from(["basic", "pro"]))}
        return event | {"payload": {"email": draw(st.sampled_from(EMAILS)), "traits": plan}}
    if kind == "chat_message":
        said: Event = {"text": draw(st.sampled_from(["hello", "more"])), "page": page}
        return event | {"payload": said | ({"email": emails[session, "chat"]} if draw(st.booleans()) else {})}
    return event | {"payload": {"page": page}}


def _fields() -> st.SearchStrategy[Event]:
    """What was typed beside the e-mail; two values for each, so that the order decides."""
    values = {"name": NAMES, "company": ("Ash", "Birch"), "budget": ("", "10", "20")}
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(each) for name, each in values.items()})


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
    events = [_event_left(event, names) for event in await found(documents, "events", client)]
    sessions = [_session_left(row, names) for row in await found(documents, "sessions", client)]
    return {
        "events": sorted(events, key=lambda event: str(event["eventId"])),
        "sessions": sorted(sessions, key=lambda row: str(row["sessionId"])),
        "leads": sorted(map(_lead_left, leads.values()), key=lambda lead: (str(lead.get("email")), lead["createdAt"])),
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
    entries.sort(key=lambda entry: (entry["at"], entry["form"], entry["leadId"]))
    left = row | {"leads": entries, "waiting": row.get("waiting", 0)}
    left |= {"identifiedAt": None, "settled": None}
    return {name: value for name, value in left.items() if value is not None}


def _lead_left(lead: Event) -> Event:
    left = {name: value for name, value in lead.items() if name != "leadId" and value is not None}
    return left | {"history": sorted({entry["eventId"] for entry in lead["history"]})}
