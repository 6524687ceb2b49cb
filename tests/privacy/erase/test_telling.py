"""CRMs and webhooks are told of an erasure; what is away delays it and loses nothing."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from tests.fixtures.builders import submission
from tests.fixtures.hubspot import HubSpotServer
from tests.fixtures.processes import free_port, wait_until_async
from tests.fixtures.world import Site, make_settings
from tests.pipeline.storing import put
from tracker.config.service import ConfigService
from tracker.crm.hubspot import HubSpot
from tracker.crm.sync.lease import AccountLease
from tracker.errors import UnavailableError
from tracker.pipeline.store import Store
from tracker.privacy.erase.requests import ask, show
from tracker.privacy.erase.runner import resume_erasures, work_off
from tracker.privacy.erase.service import finish_now
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import subject_of
from tracker.stores.relational import create_engine

ANN = "ann@mail.example"


@pytest.fixture
def account(site: Site, hubspot: HubSpotServer) -> str:
    credentials, settings = HubSpot.split(hubspot.document())
    return site.service.create_crm(site.client_id, "hubspot", credentials, settings).connection_id


@pytest.fixture
async def record(site: Site, store: Store, tools: Tools, hubspot: HubSpotServer, account: str) -> str:
    """The id of Ann's record in HubSpot, as her lead knows it; she was synced, and an error was kept."""
    record = hubspot.portal.add(email=ANN)
    client = site.service.client_record(site.client_id)
    assert client is not None
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    now = datetime.now(UTC)
    held = {
        "connectionId": account,
        "mappedTo": "contacts",
        "entity": "contacts",
        "crmId": record,
        "at": now,
        "sent": [],
    }
    [lead] = await tools.database["leads"].find({"clientId": site.client_id}).to_list()
    await tools.database["leads"].update_one({"_id": lead["_id"]}, {"$set": {"crmRecords": [held], "crmId": record}})
    await tools.database["crm_attempts"].insert_one(
        {
            "connectionId": account, "clientId": site.client_id, "leadId": lead["leadId"], "entity": "contacts",
            "at": now, "outcome": "failed", "code": "X", "message": f"{ANN} is wrong", "expiresAt": now + timedelta(1),
        }
    )  # fmt: skip
    return record


def person(site: Site) -> Any:
    return subject_of(ANN, region="US", client_id=site.client_id)


async def held(tools: Tools, site: Site) -> list[str]:
    """Collections that still hold her."""
    found = []
    for name in await tools.database.list_collection_names():
        rows = await tools.database[name].find({"clientId": site.client_id}).to_list()
        found += [name] if ANN in repr(rows) else []
    return found


async def test_the_crm_deletes_its_record_and_that_is_certified(
    tools: Tools, site: Site, hubspot: HubSpotServer, record: str, account: str
) -> None:
    done = await finish_now(tools, await ask(tools, person(site), "cli:test"))
    assert hubspot.portal.contacts() == []
    assert hubspot.verbs() == ["archive"]
    assert [(one["connectionId"], one["adapter"], one["state"]) for one in done["crm"]] == [
        (account, "hubspot", "deleted")
    ]
    assert done["certificate"]["statement"]["crm"][0]["state"] == "deleted"
    assert await held(tools, site) == []
    for name in ("crm_due", "crm_attempts"):
        assert await tools.database[name].count_documents({"clientId": site.client_id}) == 0


async def test_a_crm_that_is_away_keeps_the_request_open_and_then_gets_it(
    tools: Tools, site: Site, hubspot: HubSpotServer, record: str
) -> None:
    hubspot.fault("503", "/batch/", times=100)
    request_id = await ask(tools, person(site), "cli:test")
    with pytest.raises(UnavailableError) as refused:
        await finish_now(tools, request_id, patience=0.5)
    assert request_id in refused.value.detail
    assert "hubspot" in refused.value.detail
    assert ANN not in refused.value.detail
    view = await show(tools.database, request_id)
    assert view["status"] == "open"
    assert "hubspot" in view["waitingFor"]
    assert [one["state"] for one in view["crm"]] == ["pending"]
    assert await held(tools, site) == [], "here she is gone already"
    hubspot._faults.clear()
    await tools.database["erasures"].update_one({"_id": request_id}, {"$set": {"notBefore": datetime.now(UTC)}})
    assert await resume_erasures(tools.database, tools.settings) >= 1
    assert (await show(tools.database, request_id))["crm"][0]["state"] == "deleted"
    assert hubspot.portal.contacts() == []


async def test_an_account_that_was_removed_is_named_and_holds_nothing_up(
    tools: Tools, site: Site, hubspot: HubSpotServer, record: str, account: str
) -> None:
    site.service.delete_crm(account)
    done = await finish_now(tools, await ask(tools, person(site), "cli:test"))
    assert [(one["connectionId"], one["state"]) for one in done["crm"]] == [(account, "no_connection")]
    assert len(hubspot.portal.contacts()) == 1


async def test_a_worker_that_is_sending_is_waited_for(
    tools: Tools, site: Site, hubspot: HubSpotServer, record: str, account: str
) -> None:
    """What it makes in the CRM is known before the lead goes."""
    task = asyncio.current_task()
    assert task is not None
    lease = AccountLease(tools.database, account, site.client_id, "a-worker")
    assert await lease.take(task) is not None
    request_id = await ask(tools, person(site), "cli:test")
    erasing = asyncio.create_task(finish_now(tools, request_id))

    async def is_waiting() -> bool:
        row = await tools.database["erasures"].find_one({"_id": request_id})
        return row is not None and "emptied_sessions" in row["steps"]

    await wait_until_async(is_waiting)
    assert await tools.database["leads"].count_documents({"clientId": site.client_id}) == 1
    second = hubspot.portal.add(email="made-meanwhile@mail.example")
    more = {"connectionId": account, "mappedTo": "deals", "entity": "contacts", "crmId": second, "sent": []}
    await tools.database["leads"].update_one({"clientId": site.client_id}, {"$set": {"crmRecords": [more]}})
    await lease.release()
    await erasing
    assert [one["email"] for one in hubspot.portal.contacts()] == [ANN], "the one that the lead knew at its end went"


async def test_webhooks_are_told_by_ids_alone(tools: Tools, site: Site, store: Store) -> None:
    endpoint = site.service.create_webhook(site.client_id, "https://hooks.example/x").endpoint.endpoint_id
    client = site.service.client_record(site.client_id)
    assert client is not None
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    rows = tools.database["webhook_deliveries"]
    assert await rows.count_documents({"clientId": site.client_id}) >= 2
    done = await finish_now(tools, await ask(tools, person(site), "cli:test"))
    [left] = await rows.find({"clientId": site.client_id}).to_list()
    assert left["eventType"] == "lead.deleted"
    assert ANN.encode() not in left["payload"]
    assert [(one["endpointId"], one["state"]) for one in done["webhooks"]] == [(endpoint, "pending")]


async def test_redis_that_is_away_is_waited_for_by_name(tools: Tools, site: Site, store: Store) -> None:
    client = site.service.client_record(site.client_id)
    assert client is not None
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    nowhere = tools.settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    request_id = await ask(tools, person(site), "cli:test")
    row = await work_off(dataclasses.replace(tools, settings=nowhere), request_id)
    assert (row["status"], row["waitingFor"]) == ("open", "Redis")
    assert row["lease"] is None
    done = await finish_now(tools, request_id)
    assert done["counts"]["events"] == 1


async def test_a_configuration_database_that_is_away_is_waited_for_by_name(
    tools: Tools, site: Site, store: Store
) -> None:
    client = site.service.client_record(site.client_id)
    assert client is not None
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    settings = make_settings(config_db_url=f"mysql+pymysql://nobody:x@127.0.0.1:{free_port()}/none")
    engine = create_engine(settings)
    away = ConfigService(engine, settings, actor="test", notify=lambda: None)
    request_id = await ask(tools, person(site), "cli:test")
    row = await work_off(dataclasses.replace(tools, engine=engine, config=away), request_id)
    engine.dispose()
    assert (row["status"], row["waitingFor"]) == ("open", "the configuration database")
    assert (await finish_now(tools, request_id))["status"] == "done"


async def test_mongodb_that_is_away_is_waited_for_and_named(tools: Tools, site: Site, store: Store) -> None:
    client = site.service.client_record(site.client_id)
    assert client is not None
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    request_id = await ask(tools, person(site), "cli:test")
    address = f"mongodb://127.0.0.1:{free_port()}/"
    async with AsyncMongoClient[dict[str, Any]](address, serverSelectionTimeoutMS=100) as nobody:
        away = dataclasses.replace(tools, database=nobody["nothing"])
        with pytest.raises(UnavailableError) as refused:
            await finish_now(away, request_id, patience=0.2)
    assert "MongoDB" in refused.value.detail
    assert request_id in refused.value.detail
    assert (await finish_now(tools, request_id))["status"] == "done"
