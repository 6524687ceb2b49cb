"""A rehearsal tells how events would end, and changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.fixtures.builders import NOON, a_batch, submission
from tests.fixtures.world import Site
from tracker.config.read import load_client
from tracker.errors import UnavailableError
from tracker.pipeline import rehearsal
from tracker.pipeline.draft import Draft
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.rehearsal import Fate, Rehearser
from tracker.pipeline.steps import begin, run_steps
from tracker.pipeline.store import Store
from tracker.queue import QueuedBatch, QueuedEvent
from tracker.settings import Settings
from tracker.stores.documents import Documents


@pytest.fixture
def rehearser(world_engine: Engine, store: Store, document_settings: Settings) -> Rehearser:
    return Rehearser(world_engine, store, document_settings)


async def contents(documents: Documents, site: Site) -> dict[str, list[dict[str, Any]]]:
    names = await documents.database.list_collection_names()
    found = {}
    for name in sorted(names):
        query = {"clientId": site.client_id}
        found[name] = await documents.database[name].find(query).sort("_id", 1).to_list()
    return found


async def put(store: Store, engine: Engine, batch: QueuedBatch) -> None:
    client = await asyncio.to_thread(load_client, engine, batch.client_id)
    assert client is not None
    await store.store([run_steps(begin(client, batch, event)) for event in batch.events], maybe_known=False)


async def test_each_event_has_its_own_fate_and_nothing_is_changed(
    rehearser: Rehearser,
    store: Store,
    documents: Documents,
    site: Site,
    world_engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def with_a_fault(draft: Draft) -> Draft:
        run_steps(draft)
        if draft.queued.event_id == "unstorable":
            draft.payload["big"] = 2**70
        return draft

    monkeypatch.setattr(rehearsal, "run_steps", with_a_fault)
    stored = submission("ann@shop.example")
    await put(store, world_engine, a_batch(site.client_id, stored))
    before = await contents(documents, site)
    [known] = before["leads"]
    events = [
        stored,
        submission("ann@shop.example"),
        submission("bob@shop.example"),
        submission("bob@shop.example"),
        submission("eve@shop.example", id="unstorable"),
        submission(None),
    ]
    batches = [a_batch(site.client_id, event) for event in events]
    batches.append(a_batch("nobody", submission()))
    batches.append(a_batch(site.client_id))
    batches[-1].events.append(QueuedEvent("broken", b'{"type": "custom", "n": 1e999'))
    duplicate, joins, begins, follows, fails, _, gone, unreadable = await rehearser.rehearse(batches)

    assert duplicate == Fate("duplicate", Outcome.DUPLICATE)
    assert joins.lead is not None
    assert (joins.result, joins.lead.id, joins.lead.action) == ("stored", known["leadId"], "merged")
    assert begins.lead is not None
    assert follows.lead is not None
    assert (begins.lead.action, follows.lead.action) == ("created", "merged")
    assert begins.lead.id == follows.lead.id
    assert (fails.result, fails.outcome, fails.lead) == ("fails", None, None)
    assert fails.error == "store: OverflowError"
    assert gone == Fate("dropped", Outcome.DROPPED_CLIENT_GONE)
    assert unreadable == Fate("dropped", Outcome.DROPPED_UNREADABLE)
    assert await contents(documents, site) == before


async def test_what_is_rehearsed_is_what_then_happens(
    rehearser: Rehearser, store: Store, documents: Documents, site: Site, world_engine: Engine
) -> None:
    batch = a_batch(site.client_id, submission("zoe@shop.example"), submission("zoe@shop.example"))
    fates = await rehearser.rehearse([batch])
    await put(store, world_engine, batch)
    [lead] = (await contents(documents, site))["leads"]
    assert [fate.lead and fate.lead.id for fate in fates] == [lead["leadId"]] * 2
    assert {fate.result for fate in await rehearser.rehearse([batch])} == {"duplicate"}


async def test_copies_of_an_event_are_one_and_its_duplicate(rehearser: Rehearser, site: Site) -> None:
    event = submission()
    fates = await rehearser.rehearse([a_batch(site.client_id, event), a_batch(site.client_id, event)])
    assert [fate.result for fate in fates] == ["stored", "duplicate"]


async def test_the_configuration_of_now_decides(rehearser: Rehearser, site: Site) -> None:
    site.service.delete_client(site.client_id)
    [fate] = await rehearser.rehearse([a_batch(site.client_id, submission())])
    assert fate.outcome == Outcome.DROPPED_CLIENT_GONE


async def test_an_error_in_a_step_is_named_as_a_dead_letter_names_it(
    rehearser: Rehearser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError("ann@shop.example")

    monkeypatch.setattr(rehearsal, "run_steps", broken)
    [fate] = await rehearser.rehearse([a_batch(site.client_id, submission())])
    assert fate == Fate("fails", error="steps: ZeroDivisionError")


async def test_the_earliest_event_begins_the_lead_wherever_it_stands(rehearser: Rehearser, site: Site) -> None:
    later = submission(at=NOON, fields={"n": "2"})
    earlier = submission(at=NOON.replace(hour=11), fields={"n": "1"})
    fates = await rehearser.rehearse([a_batch(site.client_id, later), a_batch(site.client_id, earlier)])
    assert [fate.lead and fate.lead.action for fate in fates] == ["merged", "created"]


async def test_an_outage_is_told_and_not_taken_for_a_bad_event(rehearser: Rehearser, site: Site) -> None:
    class Away:
        suppressor = rehearser._store.suppressor

        async def rehearse(self, _: Any) -> Any:
            raise UnavailableError("a rehearsal needs transactions")

    rehearser._store = Away()  # type: ignore[assignment]
    with pytest.raises(UnavailableError):
        await rehearser.rehearse([a_batch(site.client_id, submission())])


def test_fates_are_json() -> None:
    fate = Fate("stored", "stored", lead=rehearsal.LeadFate("lead-1", "created"))
    assert json.loads(json.dumps(rehearsal.fate_view(fate))) == {
        "result": "stored",
        "outcome": "stored",
        "error": None,
        "lead": {"id": "lead-1", "action": "created"},
    }
