"""What visitors consented to: read, bounded, put together in any order, kept on leads; and what is refused without."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.builders import NOON, a_client, a_draft, interaction, page_view, submission
from tests.pipeline.storing import found, one_lead, put
from tracker.config.records import ClientRecord, WidgetConfig
from tracker.config.records import Consent as ConsentConfig
from tracker.pipeline.store import Store
from tracker.privacy.consent import (
    MAX_DECISIONS,
    MAX_FIRSTS,
    MAX_VERSION_CHARS,
    Consent,
    consent_of,
    current,
    joined,
    refusal,
    take_up,
    tidied,
)
from tracker.stores.documents import Documents

ANN = "ann@mail.example"
MINUTE = timedelta(minutes=1)


def asking(mode: str) -> ClientRecord:
    config = WidgetConfig(consent=ConsentConfig(mode=mode))  # type: ignore[arg-type]
    return msgspec.structs.replace(a_client(), config=config)


def said(state: str, version: str | None = "v1") -> dict[str, Any]:
    return {"metadata": {"consent": {"state": state} | ({"version": version} if version else {})}}


def decision(state: str, minute: int = 0, **more: Any) -> dict[str, Any]:
    return {**page_view(at=NOON + minute * MINUTE), "type": "consent", "sessionId": "s", **said(state), **more}


# ------------------------------------------------------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        ({"state": "granted", "version": "2026-01"}, Consent("granted", "2026-01")),
        ({"state": "denied"}, Consent("denied")),
        ({"state": "granted", "version": 7}, Consent("granted", "7")),
        ({"state": "granted", "version": ""}, Consent("granted")),
        ({"state": "granted", "version": {"$ne": 1}}, Consent("granted")),
        ({"state": "granted", "version": "x" * 1000}, Consent("granted", "x" * MAX_VERSION_CHARS)),
        ({"state": "maybe"}, None),
        ({"state": ["granted"]}, None),
        ("granted", None),
        (None, None),
    ],
    ids=["both", "state", "number", "empty", "object", "long", "unknown", "list", "text", "null"],
)
def test_what_an_event_says_is_read_and_bounded(given_: object, read: Consent | None) -> None:
    metadata: dict[str, Any] = {"consent": given_, "other": 1}
    assert consent_of(metadata) == read
    assert tidied(metadata) == read
    assert consent_of(metadata) == read
    assert metadata.keys() == {"other"} | ({"consent"} if read else set())


@pytest.mark.parametrize("opt_in", [True, False], ids=["opt-in", "opt-out"])
def test_a_refusal_holds_under_any_mode_and_silence_under_opt_in(opt_in: bool) -> None:
    assert refusal(Consent("granted"), opt_in=opt_in) is None
    assert refusal(Consent("denied"), opt_in=opt_in) == "consent_denied"
    assert refusal(None, opt_in=opt_in) == ("no_consent" if opt_in else None)


# ------------------------------------------------------------------------------------------------------------- records


ENTRIES = st.builds(
    lambda state, version, at, by: Consent(state, version).entry(NOON + at * MINUTE, by),
    st.sampled_from(["granted", "denied"]),
    st.sampled_from([None, "a", "b"]),
    st.integers(0, 30),
    st.sampled_from(["decision", "first", "latest"]),
)


@given(entries=st.lists(ENTRIES, max_size=60), data=st.data())
def test_a_record_is_the_same_however_its_entries_come(entries: list[dict[str, Any]], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(entries))
    cut = data.draw(st.integers(0, len(entries)))
    record: list[dict[str, Any]] = []
    for entry in shuffled:
        record = joined(record, [entry])
    whole = joined(entries)
    assert record == whole
    assert joined(joined(shuffled[:cut]), joined(shuffled[cut:]), whole) == whole
    assert len(whole) <= MAX_DECISIONS + MAX_FIRSTS + 1
    if whole:
        now = current(whole)
        assert now is not None
        assert now["at"] == max(entry["at"] for entry in whole)


@given(versions=st.lists(st.integers(0, 10**6), min_size=100, max_size=300, unique=True))
def test_a_flood_of_versions_stays_small(versions: list[int]) -> None:
    lead: dict[str, Any] = {}
    for number in versions:
        consent = Consent("granted", str(number))
        take_up(lead, [consent.entry(NOON + number * MINUTE, by) for by in ("first", "latest", "decision")])  # type: ignore[arg-type]
    assert len(lead["consentHistory"]) == MAX_DECISIONS + MAX_FIRSTS + 1
    assert lead["consent"] == {"state": "granted", "version": str(max(versions)), "at": NOON + max(versions) * MINUTE}


def test_of_two_at_the_same_time_the_refusal_counts() -> None:
    record = joined([Consent("granted").entry(NOON, "decision"), Consent("denied").entry(NOON, "decision")])
    now = current(record)
    assert now is not None
    assert now["state"] == "denied"


# --------------------------------------------------------------------------------------------------------------- steps

PERSONAL = {
    "visitorId": "v1",
    "fields": {"name": "Ann Lee", "card": "x"},
    "payload": {"traits": {"email": ANN}, "page": {"url": f"https://shop.example/?email={ANN}&utm_source=ads"}},
}


@pytest.mark.parametrize("kind", ["form_submission", "form_interaction", "identify", "chat_message", "page_view"])
@pytest.mark.parametrize("server", [False, True], ids=["browser", "server"])
def test_an_opt_in_client_keeps_nothing_personal_without_consent(kind: str, server: bool) -> None:
    event = submission(ANN, **PERSONAL, sessionId="s") | {"type": kind}
    draft = a_draft(event, asking("optin"), server=server, user_agent="Mozilla/5.0", ip_address="203.0.113.0")
    assert (draft.stripped, draft.lead, draft.visitor_id, draft.ip_address) == ("no_consent", None, None, None)
    assert b"mail.example" not in msgspec.json.encode([draft.payload, draft.metadata])
    assert draft.session_id == "s"
    draft = a_draft({**event, **said("granted")}, asking("optin"), server=server)
    assert (draft.stripped, draft.visitor_id) == (None, "v1")


@pytest.mark.parametrize("mode", ["none", "optout", "optin"])
def test_a_refusal_is_respected_under_every_mode(mode: str) -> None:
    draft = a_draft({**submission(ANN), **said("denied")}, asking(mode))
    assert (draft.stripped, draft.lead) == ("consent_denied", None)
    assert draft.metadata == {"consent": {"state": "denied", "version": "v1"}}


@pytest.mark.parametrize("mode", ["none", "optout"])
def test_where_nothing_has_to_be_asked_silence_is_no_refusal(mode: str) -> None:
    draft = a_draft(submission(ANN), asking(mode))
    assert draft.stripped is None
    assert draft.lead is not None


# ------------------------------------------------------------------------------------------------------------ on leads


async def test_a_lead_says_what_its_person_consented_to_and_when(documents: Documents, store: Store) -> None:
    client = asking("optin")
    await put(store, client, page_view(sessionId="s", **said("granted")))
    await put(store, client, submission(ANN, NOON + MINUTE, sessionId="s", **said("granted", "v2")))
    lead = await one_lead(documents, client)
    assert lead["consent"] == {"state": "granted", "version": "v2", "at": NOON + MINUTE}
    assert [(entry["version"], entry["by"]) for entry in lead["consentHistory"]] == [
        ("v1", "first"),
        ("v2", "first"),
        ("v2", "latest"),
    ]


async def test_a_refusal_after_the_lead_is_on_it_and_a_later_consent_again(documents: Documents, store: Store) -> None:
    client = asking("optout")
    await put(store, client, submission(ANN, sessionId="s", visitorId="v"))
    assert "consent" not in await one_lead(documents, client)
    await put(store, client, decision("denied", 1, visitorId="v"))
    assert (await one_lead(documents, client))["consent"]["state"] == "denied"
    [event] = [one for one in await found(documents, "events", client) if one["eventType"] == "consent"]
    assert "visitorId" not in event
    await put(store, client, decision("granted", 2, visitorId="v"))
    lead = await one_lead(documents, client)
    assert lead["consent"] == {"state": "granted", "version": "v1", "at": NOON + 2 * MINUTE}
    assert [entry["state"] for entry in lead["consentHistory"]] == ["denied", "granted"]


async def test_a_refusal_in_a_later_visit_of_the_same_visitor_is_on_the_lead(
    documents: Documents, store: Store
) -> None:
    client = asking("optin")
    await put(store, client, submission(ANN, sessionId="s", visitorId="v", **said("granted")))
    await put(store, client, submission("ben@mail.example", sessionId="t", visitorId="w", **said("granted")))
    await put(store, client, decision("denied", 9, sessionId="u", visitorId="v"))
    states = {lead["email"]: lead["consent"]["state"] for lead in await found(documents, "leads", client)}
    assert states == {ANN: "denied", "ben@mail.example": "granted"}


async def test_a_consent_of_somebody_else_on_the_device_is_not_the_persons(documents: Documents, store: Store) -> None:
    client = asking("optin")
    await put(store, client, submission(ANN, sessionId="s", visitorId="v", **said("granted")))
    await put(store, client, decision("denied", 1, visitorId="v"))
    await put(store, client, decision("granted", 2, sessionId="other", visitorId="v"))
    assert (await one_lead(documents, client))["consent"]["state"] == "denied"


async def test_page_views_that_repeat_the_consent_write_no_lead(documents: Documents, store: Store) -> None:
    client = asking("optin")
    await put(store, client, page_view(sessionId="s", **said("granted")))
    await put(store, client, submission(ANN, sessionId="s", **said("granted")))
    before = await one_lead(documents, client)
    await put(store, client, page_view(at=NOON + MINUTE, sessionId="s", **said("granted")))
    assert await one_lead(documents, client) == before
    [session] = await found(documents, "sessions", client)
    assert len(session["consents"]) == 1


async def test_without_any_consent_nothing_of_it_is_stored(documents: Documents, store: Store) -> None:
    client = a_client()
    await put(store, client, submission(ANN, sessionId="s"), interaction(ANN, sessionId="s"))
    [session], lead = await found(documents, "sessions", client), await one_lead(documents, client)
    assert not {"consents", "submittedForms"} & session.keys()
    assert not {"consent", "consentHistory"} & lead.keys()


async def test_a_stripped_visit_learns_its_visitor_from_the_first_event_that_may_say_so(
    documents: Documents, store: Store
) -> None:
    client, other = asking("optin"), asking("optin")
    agent = {"user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36"}
    silent = page_view(sessionId="s", visitorId="v")
    open_ = page_view(at=NOON + MINUTE, sessionId="s", visitorId="v", **said("granted"))
    await put(store, client, silent, open_, **agent)
    await put(store, other, open_, **agent)
    await put(store, other, silent, **agent)
    for one in (client, other):
        [session] = await found(documents, "sessions", one)
        assert (session["visitorId"], session["startedAt"], session["os"]) == ("v", NOON, "Windows")
