"""An erasure whose process is killed at any point is taken up again, and ends as if nothing had happened."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
from redis.asyncio import Redis

from tests.fixtures.builders import NOON, a_batch, page_view, submission
from tests.fixtures.depth import examples
from tests.fixtures.forks import run_forked
from tests.fixtures.processes import service_environment
from tests.fixtures.world import SECRET
from tests.pipeline.storing import put
from tests.privacy.erase.raw import redis_bytes
from tracker.accounts import read_books
from tracker.config.records import ClientRecord
from tracker.deadletters.entries import BY_TIME, ENTRIES, letter_for
from tracker.pipeline.store import Store
from tracker.privacy.erase.requests import ask, certificate_of, show
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import subject_of
from tracker.queue import QueueProducer

BEN = "ben-stays@mail.example"
COMMAND = "tests.privacy.erase.killed:command"
KILLS = examples(ci=10, deep=40)


async def fill(store: Store, client: ClientRecord, redis: Redis, email: str) -> None:
    """Something of the person, and of Ben, in every store."""
    v, s = f"v-{uuid4().hex}", f"s-{uuid4().hex}"
    await put(
        store,
        client,
        page_view(sessionId=s, visitorId=v),
        submission(email, sessionId=s, visitorId=v, fields={"name": "Ann"}),
        submission(email, sessionId=s + "2", visitorId=v + "2"),
        submission(BEN, NOON, sessionId=s + "2", visitorId=v + "2", fields={"friend": email, "text": "hello"}),
    )
    await QueueProducer(redis, 0).enqueue([a_batch(client, submission(email), submission(BEN))])
    letter = letter_for(a_batch(client, submission(email)), "x", 3, 1.0)
    await redis.hset(ENTRIES, letter.id, msgspec.msgpack.encode(letter))  # type: ignore[misc, arg-type]
    await redis.zadd(BY_TIME, {letter.id: 1.0})


def environment_of(tools: Tools) -> dict[str, str]:
    settings = tools.settings
    return service_environment(
        TRACKER_SECRET_KEYS=SECRET,
        TRACKER_CONFIG_DB_URL=settings.config_db_url,
        TRACKER_REDIS_URL=settings.redis_url,
        TRACKER_MONGODB_URL=settings.mongodb_url,
        TRACKER_MONGODB_DATABASE=settings.mongodb_database,
        TRACKER_JOB_TIMEOUT_SECONDS="0.01",
    )


async def run(tools: Tools, request_id: str, fatal: int, folder: Path) -> tuple[int, str]:
    start = partial(run_forked, COMMAND, request_id, str(fatal), env=environment_of(tools), cwd=folder)
    done = await asyncio.to_thread(start)
    return done.returncode, done.stdout + done.stderr


async def test_killed_anywhere_it_ends_as_if_nothing_had_happened(
    tools: Tools, store: Store, client: ClientRecord, redis: Redis, tmp_path: Path
) -> None:
    rng = random.Random(11)
    whole = f"whole-{uuid4().hex}@mail.example"
    await fill(store, client, redis, whole)
    request_id = await ask(tools, subject_of(whole, region="US"), "cli:test")
    code, output = await run(tools, request_id, 0, tmp_path)
    assert code == 0, output
    points = int(output)
    wanted = (await certificate_of(tools.database, request_id))["statement"]["counts"]
    assert wanted["leads"] == 1
    for fatal in rng.sample(range(1, points + 1), min(KILLS, points)):
        email = f"killed-{uuid4().hex}@mail.example"
        await fill(store, client, redis, email)
        request_id = await ask(tools, subject_of(email, region="US"), "cli:test")
        code, output = await run(tools, request_id, fatal, tmp_path)
        assert code == -signal.SIGKILL, output
        # Some die again while they take it up.
        again = rng.randint(1, points) if rng.random() < 0.5 else 0
        if again:
            await run(tools, request_id, again, tmp_path)
        code, output = await run(tools, request_id, 0, tmp_path)
        assert code == 0, output
        counts = (await certificate_of(tools.database, request_id))["statement"]["counts"]
        # Figures are recomputed again; what went from Redis in the step that was cut off may lack in the numbers.
        assert {**counts, **_uncertain(counts)} == {**wanted, **_uncertain(counts)}, f"killed at {fatal}, then {again}"
        await assert_gone(tools, email)
    [books] = await read_books(tools.settings, client.client_id)
    assert books.unaccounted == 0


def _uncertain(counts: dict[str, int]) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("queue", "dead_letters", "redis", "mentions", "audit", "analytics")}


async def assert_gone(tools: Tools, email: str) -> None:
    held = redis_bytes(tools.settings.redis_url)
    for name in await tools.database.list_collection_names():
        rows: list[dict[str, Any]] = await tools.database[name].find({}).to_list()
        held += repr(rows).encode()
    assert email.encode() not in held.lower()


async def test_two_processes_work_one_erasure_off_once(
    tools: Tools, store: Store, client: ClientRecord, redis: Redis, tmp_path: Path
) -> None:
    email = f"twice-{uuid4().hex}@mail.example"
    await fill(store, client, redis, email)
    request_id = await ask(tools, subject_of(email, region="US"), "cli:test")
    argv = [sys.executable, "-m", "tests.privacy.erase.killed", request_id, "0"]
    start = partial(
        subprocess.run, argv, env=environment_of(tools), cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    results = await asyncio.gather(*(asyncio.to_thread(start) for _ in range(2)))
    assert [done.returncode for done in results] == [0, 0], results
    counts = (await show(tools.database, request_id))["counts"]
    assert (counts["leads"], counts["queue"]) == (1, 1)
    await assert_gone(tools, email)
