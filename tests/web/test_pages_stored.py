"""``POST /demo/stored``: what became of an event, told to who made it and without a word of what was typed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine

from tests.fixtures.builders import a_batch, drafted, submission
from tests.fixtures.world import Site, make_site, serving
from tracker.config.read import load_client
from tracker.config.records import ClientRecord
from tracker.pipeline.store import Store
from tracker.settings import Settings

SECRETS = ("ada@example.com", "Lovelace", "4111 1111 1111 1111")


@pytest.fixture
def settings(world_settings: Settings, document_settings: Settings) -> Settings:
    return world_settings.model_copy(
        update={"mongodb_url": document_settings.mongodb_url, "mongodb_database": document_settings.mongodb_database}
    )


def client_of(engine: Engine, site: Site) -> ClientRecord:
    client = load_client(engine, site.client_id)
    assert client is not None
    return client


async def stored(store: Store, client: ClientRecord, **batch: Any) -> str:
    event = submission(
        "ada@example.com", fields={"name": "Ada Lovelace", "card": "4111 1111 1111 1111"}, sessionId=str(uuid4())
    )
    await store.store(drafted(client, a_batch(client, event, **batch)), maybe_known=False)
    return str(event["id"])


async def ask(http: httpx.AsyncClient, client_id: str, *ids: str) -> Any:
    answer = await http.post("/demo/stored", json={"clientId": client_id, "ids": ids})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert not any(secret in answer.text for secret in SECRETS)
    return answer.json()


async def test_an_event_of_the_demo_client_is_told_of_without_its_values(
    settings: Settings, world_engine: Engine, store: Store
) -> None:
    site = make_site(world_engine, settings, "localhost")
    event_id = await stored(store, client_of(world_engine, site))
    async with serving(settings) as http:
        told = await ask(http, site.client_id, event_id, str(uuid4()))
    [event] = told["events"]
    assert (event["id"], event["leadStatus"], told["testOnly"]) == (event_id, "submitted", False)
    assert event["fields"] == {"email": "kept", "name": "kept", "card": "redacted"}


async def test_of_another_client_only_test_events_are_told_of(
    settings: Settings, world_engine: Engine, site: Site, store: Store
) -> None:
    client = client_of(world_engine, site)
    live, test = await stored(store, client), await stored(store, client, test=True)
    async with serving(settings) as http:
        told = await ask(http, site.client_id, live, test)
    assert ([event["id"] for event in told["events"]], told["testOnly"]) == ([test], True)


async def test_on_embedded_stores_every_client_is_for_trying_out(
    settings: Settings, world_engine: Engine, site: Site, store: Store
) -> None:
    live = await stored(store, client_of(world_engine, site))
    async with serving(settings.model_copy(update={"embedded": True})) as http:
        told = await ask(http, site.client_id, live)
    assert [event["id"] for event in told["events"]] == [live]


async def test_an_event_of_one_client_is_not_told_of_under_another(
    settings: Settings, world_engine: Engine, site: Site, store: Store
) -> None:
    demo = make_site(world_engine, settings, "localhost")
    event_id = await stored(store, client_of(world_engine, site), test=True)
    async with serving(settings) as http:
        assert (await ask(http, demo.client_id, event_id))["events"] == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"clientId": "nobody", "ids": []}, 404),
        ({"clientId": "nobody"}, 400),
        ({"clientId": "x", "ids": ["a"] * 51}, 400),
        ({"clientId": "x", "ids": ["a" * 129]}, 400),
        ({"clientId": "x", "ids": [{"$ne": 1}]}, 400),
        ({"clientId": {"$ne": ""}, "ids": []}, 400),
        ({"clientId": "x", "ids": [], "padding": "x" * 20_000}, 413),
    ],
)
async def test_a_question_that_is_none_is_refused(http: httpx.AsyncClient, body: Any, status: int) -> None:
    answer = await http.post("/demo/stored", json=body)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, "application/problem+json")


async def test_a_page_of_another_site_cannot_ask_in_passing(http: httpx.AsyncClient, site: Site) -> None:
    body = f'{{"clientId": "{site.client_id}", "ids": []}}'
    answer = await http.post("/demo/stored", content=body, headers={"content-type": "text/plain"})
    assert answer.status_code == 415


async def test_looks_have_a_limit(settings: Settings, world_engine: Engine) -> None:
    site = make_site(world_engine, settings, "localhost")
    async with serving(settings) as http:
        body = {"clientId": site.client_id, "ids": []}
        answers = await asyncio.gather(*(http.post("/demo/stored", json=body) for _ in range(130)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(429) >= 10
    assert statuses.count(200) == 120
