"""What visitors do, through the real pipeline, and exactly what webhooks are told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import OperationFailure

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, interaction, page_view, submission
from tests.webhooks.scene import a_told_client, payloads, rows_of, told
from tracker.config.records import ClientRecord
from tracker.leads.abandoned import close_abandoned
from tracker.pipeline.store import Store
from tracker.stores.documents import Documents
from tracker.webhooks.documents import LIFE

MINUTE = timedelta(minutes=1)
HALF_HOUR = timedelta(minutes=30)


async def put(store: Store, client: ClientRecord, *events: dict[str, Any], known: bool = False, **batch: Any) -> None:
    await store.store(drafted(client, a_batch(client, *events, **batch)), maybe_known=known)


async def forget(documents: Documents, client: ClientRecord) -> None:
    """What was told so far is of no interest."""
    await documents.database["webhook_deliveries"].delete_many({"clientId": client.client_id})


async def test_a_submission_is_a_new_lead_that_is_submitted(store: Store, documents: Documents) -> None:
    client = a_told_client()
    event = submission(fields={"budget": "100", "first_name": "Ann"})
    await put(store, client, event)
    assert await told(documents, client) == ["form.submitted", "lead.created", "lead.submitted"]
    (created,) = await payloads(documents, client, "lead.created")
    lead = created["data"]["lead"]
    assert (created["type"], lead["email"], lead["status"]) == ("lead.created", "ann@shop.example", "submitted")
    assert lead["fields"]["budget"] == "100"
    assert {"attributeAt", "current", "history", "_id", "edits", "crmErrors"}.isdisjoint(lead)
    (form,) = await payloads(documents, client, "form.submitted")
    assert form["data"]["eventId"] == event["id"]
    assert form["data"]["leadId"] == lead["leadId"]
    assert form["data"]["form"]["fields"]["budget"] == "100"
    assert form["timestamp"].endswith("Z")


async def test_who_types_then_submits_then_comes_back(store: Store, documents: Documents) -> None:
    client = a_told_client()
    await put(store, client, interaction(at=NOON))
    assert await told(documents, client) == ["lead.created"]
    await forget(documents, client)
    await put(store, client, interaction(at=NOON + MINUTE, fields={"budget": "5"}))
    assert await told(documents, client) == ["lead.updated"]
    assert (await payloads(documents, client, "lead.updated"))[0]["data"]["changed"] == ["fields.budget"]
    await forget(documents, client)
    await put(store, client, submission(at=NOON + 2 * MINUTE, fields={"budget": "5"}))
    assert await told(documents, client) == ["form.submitted", "lead.submitted", "lead.updated"]
    changed = (await payloads(documents, client, "lead.submitted"))[0]["data"]["changed"]
    assert {"status", "submittedAt"} <= set(changed)
    await forget(documents, client)
    await put(store, client, submission(at=NOON + 3 * MINUTE, fields={"budget": "6"}))
    assert await told(documents, client) == ["form.submitted", "lead.updated"]


async def test_what_changes_nothing_tells_nothing(store: Store, documents: Documents) -> None:
    client = a_told_client()
    await put(store, client, interaction(at=NOON, fields={"budget": "5"}))
    await forget(documents, client)
    await put(store, client, interaction(at=NOON + MINUTE, fields={"budget": "5"}), page_view(at=NOON + MINUTE))
    assert await told(documents, client) == []


async def test_a_submission_without_a_lead_is_told_as_a_form_alone(store: Store, documents: Documents) -> None:
    client = a_told_client()
    await put(store, client, submission(None, fields={"rating": "5"}))
    assert await told(documents, client) == ["form.submitted"]
    assert (await payloads(documents, client, "form.submitted"))[0]["data"]["leadId"] is None


async def test_several_people_in_one_batch_are_told_of_one_by_one(store: Store, documents: Documents) -> None:
    client = a_told_client(["lead.created"])
    await put(store, client, *(submission(f"p{number}@shop.example") for number in range(20)))
    emails = {one["data"]["lead"]["email"] for one in await payloads(documents, client, "lead.created")}
    assert emails == {f"p{number}@shop.example" for number in range(20)}


async def test_each_webhook_is_told_what_it_asked_for(store: Store, documents: Documents) -> None:
    client = a_told_client(["lead.created"], ["form.submitted", "lead.submitted"], [])
    await put(store, client, submission())
    rows = await rows_of(documents, client)
    by_hook = [
        sorted(row["eventType"] for row in rows if row["endpointId"] == hook.endpoint_id) for hook in client.webhooks
    ]
    assert by_hook == [
        ["lead.created"],
        ["form.submitted", "lead.submitted"],
        ["form.submitted", "lead.created", "lead.submitted"],
    ]
    assert len({row["_id"] for row in rows}) == len(rows)


async def test_test_leads_and_clients_without_a_webhook_tell_nothing(store: Store, documents: Documents) -> None:
    client = a_told_client()
    await put(store, client, submission(), test=True)
    quiet = a_told_client(["lead.deleted"])
    await put(store, quiet, submission())
    assert await told(documents, client) + await told(documents, quiet) == []


@pytest.mark.parametrize("known", [False, True])
async def test_an_event_that_is_delivered_again_tells_nothing_again(
    store: Store, documents: Documents, known: bool
) -> None:
    client, events = a_told_client(), [interaction(at=NOON), submission(at=NOON + MINUTE)]
    await put(store, client, *events)
    before = await rows_of(documents, client)
    for _ in range(2):
        await put(store, client, *events, known=known)
        await put(store, client, events[1], known=known)
    assert await rows_of(documents, client) == before


async def test_what_is_told_is_stored_with_the_lead_or_not_at_all(
    store: Store, documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = a_told_client()

    async def fails(*_: Any) -> None:
        raise OperationFailure("no", 2)

    with monkeypatch.context() as broken:
        broken.setattr("tracker.pipeline.attach.Attacher.mark_identified", fails)
        with pytest.raises(OperationFailure):
            await put(store, client, submission())
    assert await told(documents, client) == []
    await put(store, client, submission())
    assert len(await told(documents, client)) == 3


async def test_workers_that_race_for_one_person_tell_of_one_new_lead(
    documents: Documents, document_settings: Any
) -> None:
    import asyncio

    client = a_told_client(["lead.created", "form.submitted"])
    stores = [Store(documents, document_settings) for _ in range(4)]
    await asyncio.gather(
        *(put(one, client, submission(at=NOON + number * MINUTE)) for number, one in enumerate(stores))
    )
    assert await told(documents, client) == ["form.submitted"] * 4 + ["lead.created"]


async def test_a_partial_lead_that_is_given_up_is_told_once(store: Store, documents: Documents) -> None:
    client, quiet = a_told_client(), a_told_client(["lead.created"])
    for each in (client, quiet):
        await put(store, each, interaction(at=NOON), interaction("bob@shop.example", at=NOON))
        await forget(documents, each)
    known = {client.client_id: client}

    async def client_of(client_id: str) -> ClientRecord | None:
        return known.get(client_id)

    for later in (40, 41):
        await close_abandoned(documents.database, NOON + later * MINUTE, HALF_HOUR, client_of)
    assert await told(documents, client) == ["lead.abandoned"] * 2 + ["lead.updated"] * 2
    abandoned = (await payloads(documents, client, "lead.abandoned"))[0]["data"]
    assert abandoned["lead"]["source"] == "abandoned_form"
    assert abandoned["changed"] == ["abandonedAt", "source"]
    assert await told(documents, quiet) == []
    left = {"clientId": {"$in": [client.client_id, quiet.client_id]}, "source": "form_interaction"}
    assert await documents.database["leads"].count_documents(left) == 0


async def test_who_comes_back_and_leaves_again_is_told_of_again(store: Store, documents: Documents) -> None:
    client = a_told_client(["lead.abandoned"])

    async def client_of(client_id: str) -> ClientRecord | None:
        return client if client_id == client.client_id else None

    for hour in range(3):
        at = NOON + timedelta(hours=hour)
        await put(store, client, interaction(at=at, fields={"budget": str(hour)}))
        await close_abandoned(documents.database, at + 40 * MINUTE, HALF_HOUR, client_of)
    assert await told(documents, client) == ["lead.abandoned"] * 3


async def test_deliveries_are_due_at_once_and_gone_after_ninety_days(store: Store, documents: Documents) -> None:
    client = a_told_client(["lead.created"])
    await put(store, client, submission())
    (row,) = await rows_of(documents, client)
    assert (row["status"], row["nextAttemptAt"], row["attempts"]) == ("pending", row["createdAt"], 0)
    assert row["expiresAt"] - row["createdAt"] == LIFE == timedelta(days=90)
    indexes = await documents.database["webhook_deliveries"].index_information()
    assert indexes["expires"]["expireAfterSeconds"] == 0
    assert indexes["expires"]["key"] == [("expiresAt", 1)]


async def test_the_worker_is_told_after_the_commit_when_there_is_something(
    documents: Documents, document_settings: Any
) -> None:
    woken: list[int] = []
    client = a_told_client()

    store = Store(documents, document_settings, lambda: woken.append(1))
    await put(store, client, submission())
    await put(store, a_client(), submission())
    assert woken == [1]
