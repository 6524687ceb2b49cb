"""What load balancers and operators ask."""

from __future__ import annotations

import httpx

from tests.fixtures.world import Site, serving
from tracker.settings import Settings


async def stores(settings: Settings) -> tuple[int, str, dict[str, bool]]:
    async with serving(settings) as http:
        answer = await http.get("/health/ready")
    body = answer.json()
    return answer.status_code, body["status"], {store["name"]: store["ok"] for store in body["stores"]}


async def test_live_asks_no_store(world_settings: Settings, site: Site) -> None:
    nowhere = {"redis_url": "redis://127.0.0.1:1", "config_db_url": "mysql+pymysql://u:p@127.0.0.1:1/x"}
    async with serving(world_settings.model_copy(update=nowhere)) as http:
        answer = await http.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "live"})


async def test_ready_when_all_stores_answer(world_settings: Settings, mongodb_url: str) -> None:
    status, word, found = await stores(world_settings.model_copy(update={"mongodb_url": mongodb_url}))
    assert (status, word, found) == (200, "ready", {"config": True, "mongodb": True, "redis": True})


async def test_without_mongodb_events_are_still_taken(world_settings: Settings) -> None:
    assert await stores(world_settings) == (200, "degraded", {"config": True, "mongodb": False, "redis": True})


async def test_without_redis_it_is_not_ready(world_settings: Settings) -> None:
    away = world_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})
    assert await stores(away) == (503, "away", {"config": True, "mongodb": False, "redis": False})


async def test_readiness_names_neither_hosts_nor_credentials(world_settings: Settings) -> None:
    changes = {
        "redis_url": "redis://user:hunter2@127.0.0.1:1",
        "config_db_url": "mysql+pymysql://user:hunter2@127.0.0.1:1/x",
        "mongodb_url": "mongodb://user:hunter2@127.0.0.1:1/",
    }
    async with serving(world_settings.model_copy(update=changes)) as http:
        answer = await http.get("/health/ready")
    assert answer.status_code == 503
    assert "hunter2" not in answer.text
    assert "127.0.0.1" not in answer.text


async def test_the_description_of_the_api_names_the_answers_of_ingest(http: httpx.AsyncClient) -> None:
    body = (await http.get("/schema/openapi.json")).json()
    answers = body["paths"]["/v1/track/events"]["post"]["responses"]
    assert {"200", "400", "401", "403", "413", "415", "422", "429", "503"} <= set(answers)
    assert "application/problem+json" in answers["429"]["content"]
