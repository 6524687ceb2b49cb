"""Two workers in this process that share a queue, and die, on the real stores.

They run what a worker process runs for a job: `tracker.jobs.process_events` with its steps, transaction and
settlement. What arq and the leases do around it (who holds which job, how often it was started) is done here at the
test's command, because a test that waits for leases to lapse proves the same once a minute.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
from arq.constants import job_key_prefix, retry_key_prefix
from arq.worker import Retry
from redis.asyncio import Redis

from tests.properties.wire import Fault, Wire, WiredRedis, wired_documents
from tracker.config.cache import ConfigCache
from tracker.config.records import ClientRecord
from tracker.deadletters.places import Place
from tracker.deadletters.replay import replay
from tracker.deadletters.select import Filter, newest_entries
from tracker.jobs import Shift, process_events
from tracker.outage import OutageGate
from tracker.pipeline import batch as batch_module
from tracker.pipeline import store as store_module
from tracker.pipeline.batch import BatchProcessor
from tracker.pipeline.draft import Draft
from tracker.pipeline.settle import Settler
from tracker.pipeline.store import Store
from tracker.queue import Payload, QueuedBatch, QueueProducer, deserialize, queue_name
from tracker.settings import Settings
from tracker.stores.documents import Documents
from tracker.suspects import Suspects

REPLAY = 2
_NAP_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Servers:
    """The real servers, and settings for workers on them."""

    documents: Documents
    redis: Redis
    settings: Settings


@dataclass(slots=True)
class Schedule:
    """What happens around the jobs; each list is used up from its beginning, and then nothing special happens.

    :ivar faults: of the first worker, the second, and those that take the places of dead ones.
    :ivar turns: whose next call is let through: 0 or 1; :data:`REPLAY`: the dead letters go back into the queue.
    :ivar claims: how many jobs a worker takes that has none, and whether it may take one that the other one holds: it
        lost its lease and does not know.
    """

    faults: Sequence[Fault] = ()
    turns: Sequence[int] = ()
    claims: Sequence[tuple[int, bool]] = ()


@dataclass(frozen=True, slots=True)
class Spoiled:
    """Events whose first tries fail, by id: where (``steps`` or ``store``), and how many."""

    events: Mapping[str, tuple[str, int]]

    def fails(self, draft: Draft, place: str, tries_of_a_life: int) -> bool:
        """Whether a copy of an event fails there now."""
        event = draft.queued
        where, times = self.events.get(event.event_id, (place, 0))
        return where == place and event.attempt + event.replays * tries_of_a_life < times

    def patch(self, patch: pytest.MonkeyPatch, tries_of_a_life: int) -> None:
        """Let them fail from now on: in a step, and as documents that cannot be written."""
        run_steps, event_document = batch_module.run_steps, store_module.event_document

        def spoiled_steps(draft: Draft) -> Draft:
            if self.fails(draft, "steps", tries_of_a_life):
                raise ValueError("spoiled")
            return run_steps(draft)

        def spoiled_document(draft: Draft, settings: Settings) -> dict[str, Any]:
            document = event_document(draft, settings)
            # Not BSON: the transaction has written leads and sessions when it is found out.
            return document | ({"payload": object()} if self.fails(draft, "store", tries_of_a_life) else {})

        patch.setattr(batch_module, "run_steps", spoiled_steps)
        # What keeps two workers apart here is the schedule.
        patch.setattr(store_module, "random", SimpleNamespace(uniform=lambda *_: 0.0))
        patch.setattr(store_module, "event_document", spoiled_document)


class Worker:
    """One life of a worker.

    :ivar holds: the jobs that it runs.
    """

    def __init__(self, servers: Servers, clients: ConfigCache, fault: Fault | None) -> None:
        self.wire = Wire(fault)
        self.holds: dict[str, asyncio.Task[None]] = {}
        self._servers = servers
        self._settled: set[str] = set()
        self._store = Store(wired_documents(servers.documents, self.wire), servers.settings)
        self._processor = BatchProcessor(clients, self._store, servers.settings)
        redis = cast(Redis, WiredRedis(servers.redis, self.wire))
        settler = Settler(redis, QueueProducer(servers.redis, 0), servers.settings)

        async def alone(job_id: str, batches: list[QueuedBatch]) -> None:
            await settler.settle(job_id, await self._processor.process(batches, delivered_before=True, alone=True))

        suspects = Suspects(redis, settler, servers.settings, turn=asyncio.Lock(), process=alone)
        outage = OutageGate(_answers)
        self._shift = Shift(servers.settings, redis, self._processor, settler, suspects, outage)

    async def take(self, job_id: str) -> None:
        """Start a job, as arq does."""
        data = await self._servers.redis.get(job_key_prefix + job_id)
        assert data is not None, "a job in the queue without its bytes"
        payload: Payload = deserialize(data)["a"][0]
        starts = int(await self._servers.redis.incr(retry_key_prefix + job_id))
        ctx = {"shift": self._shift, "job_id": job_id, "job_try": starts, "settled": self._settled}
        self.holds[job_id] = asyncio.create_task(process_events(ctx, payload))

    async def advance(self) -> None:
        """Let one call through, and wait until the next one stands at its gate or nothing is left to do."""
        self.wire.let_one_through()
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0 if quiet else _NAP_SECONDS)
            done = self.wire.waiting or self.wire.dead or all(task.done() for task in self.holds.values())
            quiet = quiet + 1 if done and not self.wire.busy else 0
        for job_id in [job_id for job_id, task in self.holds.items() if task.done() and not self.wire.dead]:
            with suppress(Retry):
                self.holds.pop(job_id).result()

    async def bury(self) -> None:
        """Take away what a dead process leaves: its tasks; and its session, as `tracker.orphans` ends it."""
        drain = self._processor._writer._drain_task
        tasks = [*self.holds.values(), *([drain] if drain else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.holds.clear()
        await self._shift.outage.close()
        if self._store.session_id is not None:
            await self._servers.documents.client.admin.command("killSessions", [self._store.session_id])

    async def close(self) -> None:
        """End in order; it holds nothing any more."""
        await self._shift.outage.close()
        await self._store.close()


# Each replay is a new life of an event; what spoils one is used up long before.
_MOST_REPLAYED = 2_000


class Clients:
    """Stands for the configuration cache, which reads what no event changes."""

    def __init__(self, clients: Iterable[ClientRecord]) -> None:
        self._known = {client.client_id: client for client in clients}

    async def client(self, client_id: str) -> ClientRecord | None:
        return self._known.get(client_id)


class Workshop:
    """Two workers on one queue, driven by a schedule until nothing waits and nothing is a dead letter."""

    def __init__(self, servers: Servers, client: ClientRecord, schedule: Schedule) -> None:
        self._servers = servers
        self._clients = cast(ConfigCache, Clients([client]))
        self._faults, self._turns, self._claims = map(deque, (schedule.faults, schedule.turns, schedule.claims))
        self._workers = [self._born(), self._born()]
        self.happened: Counter[str] = Counter()

    async def run(self) -> None:
        """Work until all is done."""
        while True:
            for worker in self._workers:
                if not worker.holds:
                    await self._claim(worker)
            if any(worker.holds for worker in self._workers):
                await self._turn()
            elif not await self._replay():
                break
        for worker in self._workers:
            await worker.close()

    async def _turn(self) -> None:
        if self._turns and self._turns[0] == REPLAY:
            self._turns.popleft()
            await self._replay()
            return
        worker = self._next()
        await worker.advance()
        if worker.wire.dead:
            self.happened["died"] += 1
            await worker.bury()
            self._workers[self._workers.index(worker)] = self._born()

    def _next(self) -> Worker:
        busy = [worker for worker in self._workers if worker.holds]
        if self._turns and (wanted := self._workers[self._turns.popleft()]) in busy:
            return wanted
        # Where the schedule says nothing, whoever is in the other one's way goes on.
        return next((worker for worker in busy if worker.wire.holds_locks), busy[0])

    async def _claim(self, worker: Worker) -> None:
        number, steal = self._claims.popleft() if self._claims else (1, False)
        queued = [raw.decode() for raw in await self._servers.redis.zrange(queue_name(0), 0, -1)]
        held = {job_id for other in self._workers for job_id in other.holds}
        free = [job_id for job_id in queued if job_id not in held]
        stolen = [job_id for job_id in queued if job_id in held][:1] if steal else []
        self.happened["stolen"] += len(stolen)
        for job_id in [*stolen, *free][:number]:
            await worker.take(job_id)
        if worker.holds:
            await worker.advance()

    async def _replay(self) -> int:
        place = Place(self._servers.redis, (0,), 1)
        entries = await newest_entries([place], Filter(), 1_000)
        replayed = await replay(place, entries)
        self.happened["replayed"] += replayed
        assert self.happened["replayed"] <= _MOST_REPLAYED, "an event fails for ever: see its dead letter"
        return replayed

    def _born(self) -> Worker:
        return Worker(self._servers, self._clients, self._faults.popleft() if self._faults else None)


async def _answers() -> None:
    """The stores are there: what broke was one connection."""
