"""Persons whom the installation must not know, in the pipeline on a real MongoDB."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from tests.fixtures.builders import NOON, a_batch, a_client, page_view, submission
from tests.pipeline.storing import found
from tests.pipeline.test_batch import Clients
from tracker.config.cache import ConfigCache
from tracker.config.records import ClientRecord
from tracker.pipeline.batch import BatchProcessor, Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.store import Store
from tracker.privacy.hashes import Hasher
from tracker.privacy.suppressions import Address, mark_erased, suppress, unsuppress
from tracker.settings import Settings
from tracker.stores.documents import Documents

AFTER = NOON + timedelta(days=1)


class World:
    """One client, and a pipeline that begins anew for each delivery, as a process that has just started."""

    def __init__(self, documents: Documents, settings: Settings) -> None:
        self.documents = documents
        self.settings = settings
        self.hasher = Hasher(settings.secrets)
        self.client = a_client()
        self.email = f"{uuid4().hex}@shop.example"

    async def deliver(self, *events: dict[str, Any], client: ClientRecord | None = None, **batch: Any) -> Prepared:
        client = client or self.client
        store = Store(self.documents, self.settings)
        processor = BatchProcessor(cast(ConfigCache, Clients(client)), store, self.settings)
        try:
            return await processor.process([a_batch(client, *events, **batch)], delivered_before=False)
        finally:
            await processor.close()
            await store.close()

    async def suppress(self, client_id: str | None = None, address: Address | None = None) -> bool:
        address = address or ("email", self.email)
        return await suppress(self.documents.database, self.hasher, address, client_id=client_id, by="test")

    async def erase(self, *addresses: Address, client_id: str | None = None) -> None:
        await mark_erased(
            self.documents.database, self.hasher, addresses, client_id=client_id, before=NOON, expires_at=AFTER
        )

    async def events(self, client: ClientRecord | None = None) -> list[dict[str, Any]]:
        return await found(self.documents, "events", client or self.client)

    async def leads(self, client: ClientRecord | None = None) -> list[dict[str, Any]]:
        return await found(self.documents, "leads", client or self.client)


@pytest.fixture
def world(documents: Documents, document_settings: Settings) -> World:
    return World(documents, document_settings)


async def test_stores_of_a_suppressed_address_only_what_counts(world: World) -> None:
    assert await world.suppress()
    prepared = await world.deliver(submission(world.email.upper(), sessionId="s-1"), submission("bob@shop.example"))
    assert prepared.outcomes == {(world.client.client_id, Outcome.STORED): 2}
    stripped = [event for event in await world.events() if event.get("stripped")]
    assert [event["payload"]["form"] for event in stripped] == [{"formId": "contact", "fields": {}}]
    assert [lead["email"] for lead in await world.leads()] == ["bob@shop.example"]


@pytest.mark.parametrize("place", ["url", "text", "name", "metadata"])
async def test_finds_a_suppressed_address_wherever_it_stands(world: World, place: str) -> None:
    await world.suppress()
    event = {
        "url": page_view(f"https://shop.example/?to={world.email.replace('@', '%40')}"),
        "text": {"id": str(uuid4()), "type": "custom", "payload": {"note": ["see", {"x": f"<{world.email}>"}]}},
        "name": {"id": str(uuid4()), "type": "custom", "payload": {world.email: 1}},
        "metadata": page_view(metadata={"user": world.email}),
    }[place]
    await world.deliver(event)
    [stored] = await world.events()
    assert world.email.partition("@")[0] not in str(stored)


async def test_finds_a_suppressed_phone_number(world: World) -> None:
    number = f"+4917{uuid4().int % 10**8:08d}"
    await world.suppress(address=("phone", number))
    await world.deliver(submission("bob@shop.example", fields={"tel": f"0{number[3:6]} {number[6:]}"}, id="e-1"))
    await world.deliver(submission("bob@shop.example", fields={"tel": number}))
    assert len(await world.leads()) == 1  # the first was written in a country that is not the client's


async def test_a_suppression_of_one_client_leaves_the_others(world: World) -> None:
    other = a_client()
    await world.suppress(client_id=other.client_id)
    await world.deliver(submission(world.email))
    await world.deliver(submission(world.email), client=other)
    assert len(await world.leads()) == 1
    assert await world.leads(other) == []


async def test_a_suppression_outlives_the_secret_it_was_made_under(world: World) -> None:
    await world.suppress()
    rotated = "rotated-" + "x" * 40
    secrets = ",".join([rotated, *world.settings.secrets])
    world.settings = world.settings.model_copy(update={"secret_keys": type(world.settings.secret_keys)(secrets)})
    world.hasher = Hasher(world.settings.secrets)
    await world.deliver(submission(world.email))
    assert await world.leads() == []
    assert not await world.suppress()
    assert await unsuppress(world.documents.database, world.hasher, ("email", world.email), client_id=None)


async def test_knows_an_address_again_when_the_suppression_is_taken_back(world: World) -> None:
    await world.suppress()
    address: Address = ("email", world.email)
    assert await unsuppress(world.documents.database, world.hasher, address, client_id=None)
    assert not await unsuppress(world.documents.database, world.hasher, address, client_id=None)
    await world.deliver(submission(world.email))
    assert [lead["email"] for lead in await world.leads()] == [world.email]


async def test_drops_what_an_erased_person_had_sent_before(world: World) -> None:
    await world.erase(("email", world.email))
    prepared = await world.deliver(submission(world.email), page_view(), received_at=NOON)
    assert prepared.outcomes == {
        (world.client.client_id, Outcome.STORED): 1,
        (world.client.client_id, Outcome.DROPPED_ERASED): 1,
    }
    assert await world.leads() == []


async def test_takes_what_an_erased_person_sends_afterwards(world: World) -> None:
    await world.erase(("email", world.email))
    await world.deliver(submission(world.email), received_at=NOON + timedelta(seconds=1))
    assert [lead["email"] for lead in await world.leads()] == [world.email]


async def test_drops_the_page_views_of_an_erased_visitor_but_no_other_person_at_that_browser(world: World) -> None:
    visitor = uuid4().hex
    await world.erase(("visitor", visitor))
    other = submission("bob@shop.example", visitorId=visitor)
    prepared = await world.deliver(page_view(visitorId=visitor), other, received_at=NOON)
    assert prepared.outcomes[world.client.client_id, Outcome.DROPPED_ERASED] == 1
    assert [lead["email"] for lead in await world.leads()] == ["bob@shop.example"]


async def test_erases_from_one_client_only_where_that_was_asked(world: World) -> None:
    other = a_client()
    await world.erase(("email", world.email), client_id=other.client_id)
    await world.deliver(submission(world.email), received_at=NOON)
    await world.deliver(submission(world.email), client=other, received_at=NOON)
    assert len(await world.leads()) == 1
    assert await world.leads(other) == []


async def test_drops_an_event_whose_own_id_is_a_suppressed_address(world: World) -> None:
    await world.suppress()
    prepared = await world.deliver(page_view(id=f"order-{world.email}", payload={"note": world.email}))
    assert prepared.outcomes == {(world.client.client_id, Outcome.DROPPED_ERASED): 1}


async def test_stores_no_address_in_the_clear(world: World) -> None:
    await world.suppress()
    await world.erase(("email", world.email))
    rows = await world.documents.database["suppressions"].find().to_list()
    assert rows
    assert world.email not in str(rows)
    assert world.email.partition("@")[0] not in str(rows)
