"""People change, delete and send leads: on a real MongoDB beside a worker's store, with a real audit log."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from tests.fixtures.builders import NOON, a_client, interaction, page_view, submission
from tests.fixtures.world import Site
from tests.pipeline.storing import found, one_lead, put
from tracker.analytics import state
from tracker.config.models import AuditEntry
from tracker.config.records import ClientRecord
from tracker.config.service import ConfigService
from tracker.errors import InvalidError, NotFoundError, StaleError
from tracker.leads.edits import count_events, delete_lead, request_sync, update_lead
from tracker.leads.service import get_lead, page_leads
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents

HOUR = timedelta(hours=1)
ACTOR = "api:ann"


@pytest.fixture
def config(site: Site) -> ConfigService:
    return site.service


@pytest.fixture
def client(site: Site) -> ClientRecord:
    return a_client(client_id=site.client_id)


@pytest.fixture
async def lead_id(store: Store, documents: Documents, client: ClientRecord) -> str:
    await put(store, client, submission(at=NOON, sessionId="s1", fields={"first_name": "Ann", "company": "Old Ltd"}))
    return str((await one_lead(documents, client))["leadId"])


def entries(engine: Engine) -> list[AuditEntry]:
    with Session(engine) as session:
        query = select(AuditEntry).where(AuditEntry.target_kind == "lead").order_by(col(AuditEntry.id))
        return list(session.exec(query))


async def test_a_change_is_seen_and_wins_over_what_comes_later(
    lead_id: str, store: Store, client: ClientRecord, config: ConfigService
) -> None:
    view = await update_lead(lead_id, {"company": "New Ltd", "tags": ["vip"]}, ACTOR, config=config)
    assert (view["company"], view["tags"]) == ("New Ltd", ["vip"])
    assert view == await get_lead(lead_id)
    await put(store, client, submission(at=NOON + HOUR, fields={"company": "Newest Ltd", "last_name": "Lee"}))
    later = await get_lead(lead_id)
    assert (later["company"], later["lastName"], later["tags"]) == ("New Ltd", "Lee", ["vip"])
    back = await update_lead(lead_id, {"company": None, "tags": None}, ACTOR, config=config)
    assert (back["company"], back.get("tags"), "edits" in back) == ("Newest Ltd", None, False)


async def test_the_audit_log_names_attributes_and_no_values(
    lead_id: str, config: ConfigService, world_engine: Engine, client: ClientRecord
) -> None:
    await update_lead(lead_id, {"email": "eve@secret.example", "notes": "called twice"}, ACTOR, config=config)
    await update_lead(lead_id, {"notes": "called twice"}, ACTOR, config=config)
    await request_sync(lead_id, ACTOR, config=config)
    await delete_lead(lead_id, ACTOR, config=config)
    log = entries(world_engine)
    assert [entry.action for entry in log] == ["lead.update", "lead.sync", "lead.delete"]
    assert {(entry.actor, entry.target_id, entry.client_id) for entry in log} == {(ACTOR, lead_id, client.client_id)}
    assert log[0].after == {"changed": ["email", "notes"]}
    text = json.dumps([[entry.before, entry.after] for entry in log])
    assert "secret.example" not in text and "called" not in text and "ann@" not in text


async def test_many_changes_and_events_at_once_all_stay(
    lead_id: str, store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    names = ("firstName", "lastName", "company", "message", "notes")
    changes = [update_lead(lead_id, {name: f"by hand {name}"}, ACTOR, config=config) for name in names]
    events = [put(store, client, submission(at=NOON + n * HOUR, fields={f"f{n}": n})) for n in range(1, 6)]
    await asyncio.gather(*changes, *events)
    lead = await one_lead(documents, client)
    assert {name: lead[name] for name in names} == {name: f"by hand {name}" for name in names}
    assert lead["fields"].keys() >= {f"f{n}" for n in range(1, 6)}
    decisions = [entry["decision"] for entry in lead["history"]]
    assert (decisions.count("edited"), decisions.count("merged")) == (5, 5)


async def test_a_corrected_email_is_where_new_events_go(
    lead_id: str, store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await update_lead(lead_id, {"email": " Ann@Right.Example"}, ACTOR, config=config)
    await put(store, client, interaction("ann@right.example", NOON + HOUR, fields={"message": "me again"}))
    lead = await one_lead(documents, client)
    assert (lead["email"], lead["message"], lead["current"]) == ("ann@right.example", "me again", True)


async def test_an_email_that_has_a_lead_already_leaves_that_one_the_current(
    lead_id: str, store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, submission("bob@shop.example", NOON + HOUR))
    view = await update_lead(lead_id, {"email": "bob@shop.example"}, ACTOR, config=config)
    assert view["email"] == "bob@shop.example"
    await put(store, client, interaction("bob@shop.example", NOON + 2 * HOUR, fields={"message": "mine"}))
    first, second = sorted(await found(documents, "leads", client), key=lambda lead: lead["createdAt"])
    assert (first.get("current"), second["current"], first.get("message")) == (None, True, None)
    assert second["message"] == "mine"
    await update_lead(lead_id, {"email": None}, ACTOR, config=config)
    [again] = [lead for lead in await found(documents, "leads", client) if lead["leadId"] == lead_id]
    assert (again["email"], again["current"]) == ("ann@shop.example", True)


async def test_a_phone_is_read_in_the_clients_region(lead_id: str, config: ConfigService, client: ClientRecord) -> None:
    config.update_client(client.client_id, settings={"defaultRegion": "DE"})
    view = await update_lead(lead_id, {"phone": "0170 1234567"}, ACTOR, config=config)
    assert (view["phone"], view["phoneE164"]) == ("0170 1234567", "+491701234567")
    config.delete_client(client.client_id)
    assert (await update_lead(lead_id, {"phone": "(201) 555-0123"}, ACTOR, config=config))[
        "phoneE164"
    ] == "+12015550123"


async def test_a_refused_change_changes_nothing(lead_id: str, config: ConfigService, world_engine: Engine) -> None:
    before = await get_lead(lead_id)
    for bad in ({"status": "won", "company": "x"}, {"leadId": "x"}, {}):
        with pytest.raises(InvalidError):
            await update_lead(lead_id, bad, ACTOR, config=config)
    with pytest.raises(NotFoundError):
        await update_lead("00000000-0000-4000-8000-000000000000", {"company": "x"}, ACTOR, config=config)
    assert await get_lead(lead_id) == before
    assert entries(world_engine) == []


async def test_a_change_of_what_has_changed_is_refused(lead_id: str, config: ConfigService) -> None:
    seen = await get_lead(lead_id)
    await update_lead(lead_id, {"notes": "first"}, ACTOR, config=config, expected=seen)
    with pytest.raises(StaleError):
        await update_lead(lead_id, {"notes": "second"}, ACTOR, config=config, expected=seen)
    with pytest.raises(StaleError):
        await delete_lead(lead_id, ACTOR, config=config, expected=seen)
    assert (await get_lead(lead_id))["notes"] == "first"


async def test_a_deleted_lead_takes_its_events_and_nobody_elses(
    lead_id: str, store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, submission(at=NOON - 24 * HOUR, sessionId="s0"), page_view(at=NOON, sessionId="s1"))
    await put(store, client, submission("bob@shop.example", NOON, sessionId="s2"))
    lead = await get_lead(lead_id)
    assert await count_events(lead) == 2
    gone = await delete_lead(lead_id[:13], ACTOR, config=config)
    assert gone == {"leadId": lead_id, "clientId": client.client_id, "events": 2, "sessions": 2, "days": gone["days"]}
    assert [left["email"] for left in await found(documents, "leads", client)] == ["bob@shop.example"]
    events = await found(documents, "events", client)
    assert sorted(event["eventType"] for event in events) == ["form_submission", "page_view"]
    assert all(event.get("leadId") != lead_id for event in events)
    sessions = await found(documents, "sessions", client)
    assert [entry["leadId"] for session in sessions for entry in session.get("leads", [])] == [
        left["leadId"] for left in await found(documents, "leads", client)
    ]
    with pytest.raises(NotFoundError):
        await delete_lead(lead_id, ACTOR, config=config)


async def test_the_days_of_a_deleted_lead_are_due_for_rebuilding(
    lead_id: str, store: Store, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, interaction(at=NOON - 48 * HOUR, sessionId="s0"))
    gone = await delete_lead(lead_id, ACTOR, config=config)
    [due] = [one for one in await state.due(datetime.now(UTC)) if one.client_id == client.client_id]
    assert {NOON.date(), (NOON - 48 * HOUR).date()} <= due.days.keys()
    assert gone["days"] == len(due.days)


async def test_who_comes_back_after_a_deletion_is_a_new_lead(
    lead_id: str, store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await delete_lead(lead_id, ACTOR, config=config)
    await put(store, client, submission(at=NOON + HOUR, sessionId="s1"))
    lead = await one_lead(documents, client)
    assert lead["leadId"] != lead_id
    assert [entry["decision"] for entry in lead["history"]] == ["created"]


async def test_asking_for_a_sync_stays_on_the_lead(
    lead_id: str, store: Store, client: ClientRecord, config: ConfigService
) -> None:
    before = datetime.now(UTC).isoformat(timespec="milliseconds")
    view = await request_sync(lead_id, ACTOR, config=config)
    assert view["syncRequestedAt"] >= before[:19]
    await put(store, client, submission(at=NOON + HOUR))
    assert (await get_lead(lead_id))["syncRequestedAt"] == view["syncRequestedAt"]
    with pytest.raises(NotFoundError):
        await request_sync("00000000-0000-4000-8000-000000000000", ACTOR, config=config)


async def test_pages_walk_through_all_leads_once(store: Store, client: ClientRecord, documents: Documents) -> None:
    # Three share each hour, so that pages end among equals.
    await put(store, client, *(submission(f"p{n}@shop.example", NOON - (n % 4) * HOUR) for n in range(12)))
    for sort in ("createdAt", "-createdAt", "updatedAt", "-updatedAt"):
        for size in (1, 5, 12):
            items: list[dict[str, Any]] = []
            cursor = None
            while cursor is not None or not items:
                page = await page_leads(client_id=client.client_id, sort=sort, limit=size, cursor=cursor, test=False)
                items += page.items
                cursor = page.next_cursor
                if cursor is None:
                    break
            keys = [(item[sort.lstrip("-")], item["leadId"]) for item in items]
            assert len(set(keys)) == 12
            assert keys == sorted(keys, reverse=sort.startswith("-"))


async def test_a_page_over_all_clients_is_in_the_same_order(store: Store, documents: Documents) -> None:
    one, other = a_client(), a_client()
    tag = one.client_id
    for client in (one, other):
        await put(store, client, *(submission(f"p{n}@shop.example", NOON - (n % 2) * HOUR) for n in range(4)))
    ours = {"clientId": {"$in": [one.client_id, other.client_id]}}
    await documents.database["leads"].update_many(ours, {"$set": {"tags": [tag]}})
    items: list[dict[str, Any]] = []
    cursor = None
    while page := await page_leads(tag=tag, limit=3, cursor=cursor):
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    keys = [(item["createdAt"], item["leadId"]) for item in items]
    assert len(set(keys)) == 8
    assert keys == sorted(keys, reverse=True)


async def test_pages_are_filtered_and_refuse_what_is_no_cursor(
    lead_id: str, store: Store, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, interaction("bob@shop.example", NOON - HOUR))
    await update_lead(lead_id, {"tags": ["vip", "north"]}, ACTOR, config=config)

    async def emails(**filters: Any) -> list[str]:
        page = await page_leads(client_id=client.client_id, **filters)
        return [item["email"] for item in page.items]

    ann, bob = "ann@shop.example", "bob@shop.example"
    assert await emails() == [ann, bob]
    assert await emails(sort="createdAt") == [bob, ann]
    assert await emails(tag="vip") == await emails(quality="high") == await emails(email=" ANN@shop.example") == [ann]
    assert await emails(status="partial") == await emails(until=NOON) == [bob]
    assert await emails(test=True) == await emails(crm_synced=True) == await emails(form_id="none") == []
    assert await emails(test=False, crm_synced=False, since=NOON - 2 * HOUR, source="form_interaction") == [bob]
    cursor = (await page_leads(client_id=client.client_id, limit=1)).next_cursor
    assert cursor is not None
    for bad in ({"cursor": "x"}, {"cursor": cursor, "sort": "createdAt"}, {"limit": 0}, {"sort": "email"}):
        with pytest.raises(InvalidError):
            await page_leads(**bad)  # type: ignore[arg-type]
