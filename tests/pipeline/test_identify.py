"""An ``identify`` gives its lead to the earlier events of its visitor, and to no one else's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, interaction, ms, page_view, submission
from tests.pipeline.storing import found, put
from tracker.config.records import ClientRecord
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

SECOND = timedelta(seconds=1)


def identify(email: str = "ann@shop.example", second: int = 0, **more: Any) -> dict[str, Any]:
    moment = ms(NOON + second * SECOND)
    event = {"type": "identify", "timestamp": moment, "payload": {"email": email}, "visitorId": "v", "sessionId": "s"}
    return event | {"id": f"identify-{second}"} | more


def view(second: int = 0, **more: Any) -> dict[str, Any]:
    return page_view(at=NOON + second * SECOND, **{"id": f"view-{second}", "visitorId": "v", "sessionId": "s"} | more)


async def leads_of_events(documents: Documents, client: ClientRecord) -> dict[str, str | None]:
    """The e-mail of each event's lead, by event id."""
    emails = {lead["leadId"]: lead.get("email") for lead in await found(documents, "leads", client)}
    return {event["eventId"]: emails.get(event.get("leadId")) for event in await found(documents, "events", client)}


async def test_earlier_events_of_the_visitor_get_the_lead(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, view(0), view(1, sessionId="yesterday"), view(2, visitorId="another"))
    await put(store, client, identify(second=5), view(6))
    assert await leads_of_events(documents, client) == {
        "view-0": "ann@shop.example",
        "view-1": "ann@shop.example",
        "view-2": None,
        "identify-5": "ann@shop.example",
        "view-6": None,
    }
    by_id = {event["eventId"]: event for event in await found(documents, "events", client)}
    assert [by_id[name].get("attachedBy") for name in ("view-0", "identify-5")] == ["identify-5", None]


@pytest.mark.parametrize("session", ["s", "of another day"])
async def test_an_earlier_event_that_comes_late_gets_it_too(store: Store, documents: Documents, session: str) -> None:
    client = a_client()
    await put(store, client, identify(second=5))
    await put(store, client, view(0, sessionId=session))
    assert (await leads_of_events(documents, client))["view-0"] == "ann@shop.example"


async def test_what_was_typed_and_waits_gets_it_until_its_own_email_comes(store: Store, documents: Documents) -> None:
    client = a_client()
    typed = interaction(None, NOON, fields={"name": "Bob"}, id="typed", sessionId="s", visitorId="v")
    await put(store, client, typed)
    await put(store, client, identify("ann@shop.example", 5))
    assert (await leads_of_events(documents, client))["typed"] == "ann@shop.example"
    await put(store, client, submission("bob@shop.example", NOON + 9 * SECOND, sessionId="s", visitorId="v"))
    assert (await leads_of_events(documents, client))["typed"] == "bob@shop.example"
    ann, bob = sorted(await found(documents, "leads", client), key=lambda lead: str(lead["email"]))
    assert ("name" in ann, bob["name"]) == (False, "Bob")


async def test_on_a_shared_computer_each_gets_what_was_before_and_nobody_the_others(
    store: Store, documents: Documents
) -> None:
    client = a_client()
    events = [view(0), identify("ann@shop.example", 5), view(6), identify("bob@shop.example", 9), view(10)]
    for event in reversed(events):
        await put(store, client, event)
    assert await leads_of_events(documents, client) == {
        "view-0": "ann@shop.example",
        "identify-5": "ann@shop.example",
        "view-6": "bob@shop.example",
        "identify-9": "bob@shop.example",
        "view-10": None,
    }


async def test_a_form_of_somebody_else_ends_its_reach(store: Store, documents: Documents) -> None:
    client = a_client()
    form = submission("bob@shop.example", NOON + 3 * SECOND, id="form", sessionId="s", visitorId="v")
    await put(store, client, view(0), view(4), form, identify("ann@shop.example", 5))
    found_leads = await leads_of_events(documents, client)
    assert (found_leads["view-0"], found_leads["view-4"]) == (None, "ann@shop.example")


async def test_test_and_live_events_stay_apart(store: Store, documents: Documents) -> None:
    client = a_client()
    await put(store, client, view(0))
    await put(store, client, view(1), identify(second=5), test=True)
    found_leads = await leads_of_events(documents, client)
    assert (found_leads["view-0"], found_leads["view-1"]) == (None, "ann@shop.example")


async def test_a_worker_that_ends_before_it_has_attached_leaves_that_to_the_next(
    documents: Documents, document_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, first, second = a_client(), Store(documents, document_settings), Store(documents, document_settings)

    async def broken(*_: Any) -> None:
        raise AutoReconnect("gone")

    monkeypatch.setattr(first._attacher, "settle", broken)
    await put(second, client, view(0))
    with pytest.raises(AutoReconnect):
        await first.store(drafted(client, a_batch(client, identify(second=5))), maybe_known=False)
    assert (await leads_of_events(documents, client))["view-0"] is None
    await put(second, client, identify(second=5))
    assert (await leads_of_events(documents, client))["view-0"] == "ann@shop.example"


async def test_an_identify_and_an_event_of_another_new_visit_at_once_meet(
    documents: Documents, document_settings: Settings
) -> None:
    """Neither transaction sees the other's documents; all the same one of them must find the other."""
    stores = [Store(documents, document_settings) for _ in range(2)]
    for _ in range(8):
        client = a_client()
        await asyncio.gather(
            put(stores[0], client, identify(second=5, sessionId="one")),
            put(stores[1], client, view(0, sessionId="two")),
        )
        assert (await leads_of_events(documents, client))["view-0"] == "ann@shop.example"
