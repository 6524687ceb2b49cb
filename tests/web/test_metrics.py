"""What Prometheus reads, and who may."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx
import pytest
from arq.constants import job_key_prefix
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from tests.fixtures.builders import a_batch, page_view
from tests.fixtures.world import Site, serving
from tracker.pipeline.batch import Failure, Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import Settler
from tracker.queue import QueueProducer, queue_name
from tracker.settings import Settings, load_settings

TOKEN = "scrape-0123456789abcdef"


async def answer(settings: Settings, address: str = "127.0.0.1", **headers: str) -> httpx.Response:
    async with serving(settings, address) as http:
        return await http.get("/metrics", headers=headers)


def samples(text: str) -> dict[tuple[str, str], float]:
    """Value by name of the sample and value of its label."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, "".join(sample.labels.values())] = sample.value
    return found


async def test_shows_what_became_of_events(world_settings: Settings, site: Site, redis: Redis) -> None:
    producer = QueueProducer(redis, 0)
    settler = Settler(redis, producer, world_settings.model_copy(update={"event_max_tries": 1}))
    bad = a_batch("client-1", page_view(payload={"form": {"fields": {"email": "ada@example.com"}}}))
    await producer.enqueue([bad, a_batch("client-2", *(page_view() for _ in range(5)))])
    [job_id] = await redis.zrange(queue_name(0), 0, -1)
    outcomes = Counter({("client-2", Outcome.STORED): 3, ("client-2", Outcome.DROPPED_CLIENT_GONE): 2})
    await settler.settle(job_id.decode(), Prepared(failures=[Failure(bad, bad.events[0], "x")], outcomes=outcomes))
    await producer.enqueue([a_batch("client-1", page_view(), page_view())])
    [waiting] = await redis.zrange(queue_name(0), 0, -1)
    await redis.zadd(queue_name(0), {waiting: (time.time() - 100) * 1000})

    text = (await answer(world_settings)).text
    found = samples(text)
    assert found["tracker_events_accepted_total", ""] == 8
    ends = {label: value for (name, label), value in found.items() if name == "tracker_events_total"}
    assert ends == {outcome.value: 0 for outcome in Outcome if outcome != Outcome.DEAD_LETTER} | {
        "stored": 3,
        "dropped_client_gone": 2,
    }
    assert found["tracker_events_waiting", ""] == 2
    assert {found["tracker_webhook_attempts_total", name] for name in ("delivered", "retried", "failed")} == {0}
    assert found["tracker_events_unaccounted", ""] == 0
    assert found["tracker_queue_jobs", queue_name(0)] == 1
    assert 100 <= found["tracker_queue_oldest_seconds", ""] < 160
    assert found["tracker_dead_letters", ""] == 1
    assert found["tracker_dead_letters_limit", ""] == world_settings.dead_letter_max_entries
    assert 0 <= found["tracker_dead_letter_oldest_seconds", ""] < 60
    assert "client-" not in text
    assert "ada@" not in text

    await redis.delete(job_key_prefix + waiting.decode())
    found = samples((await answer(world_settings)).text)
    assert (found["tracker_events_waiting", ""], found["tracker_events_unaccounted", ""]) == (0, 2)


async def test_is_there_before_the_first_event(world_settings: Settings, site: Site) -> None:
    got = await answer(world_settings)
    assert got.status_code == 200
    assert got.headers["content-type"].startswith("text/plain; version=")
    assert got.headers["cache-control"] == "no-store"
    assert samples(got.text)["tracker_events_total", "stored"] == 0


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("203.0.113.7", {}, 403),
        ("10.0.0.1", {}, 403),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 403),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, 403),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}, 403),
    ],
)
async def test_without_a_token_only_this_machine_may_read(
    world_settings: Settings, site: Site, address: str, headers: dict[str, str], status: int
) -> None:
    assert (await answer(world_settings, address, **headers)).status_code == status


@pytest.mark.parametrize(
    ("given", "status"),
    [(f"Bearer {TOKEN}", 200), (f"Bearer {TOKEN}x", 403), (TOKEN, 403), ("", 403), ("Bearer ü", 403)],
)
async def test_with_a_token_whoever_knows_it_may_read(
    world_settings: Settings, site: Site, given: str, status: int
) -> None:
    settings = world_settings.model_copy(update={"metrics_token": TOKEN})
    headers: Any = {"Authorization": given.encode()}
    for address in ("203.0.113.7", "127.0.0.1"):
        got = await answer(settings, address, **headers)
        assert got.status_code == status
        assert TOKEN not in got.text


async def test_says_so_while_redis_is_away(world_settings: Settings, site: Site) -> None:
    away = world_settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})
    got = await answer(away)
    assert (got.status_code, got.headers["content-type"]) == (503, "application/problem+json")


@pytest.mark.parametrize("token", ["short", "with a space in it", "ümlaut-0123456789"])
def test_a_weak_token_is_refused_at_the_start(token: str) -> None:
    from tracker.errors import SettingsError

    with pytest.raises(SettingsError, match="TRACKER_METRICS_TOKEN"):
        load_settings(metrics_token=token)
