"""Erases what waits in Redis: events in jobs, dead letters, samples of refused events, whatever else names a person.

A job that holds an event of the person is settled like any other (`tracker.pipeline.settle`): it goes, the event ends
as ``dropped_erased``, and what else was in it comes back as a new job, in one atomic step. A worker that has the job in
its hands at that moment finds it gone when it is done; so each event is counted once, whoever is first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from arq.constants import job_key_prefix

from tracker.deadletters.discard import discard
from tracker.deadletters.places import Place, open_places
from tracker.deadletters.select import Entry, Filter, pages
from tracker.pipeline.batch import Prepared
from tracker.pipeline.outcome import Outcome
from tracker.pipeline.settle import Settler
from tracker.privacy.erase.keys import sweep_keys
from tracker.privacy.erase.work import Work
from tracker.privacy.locate import is_subjects
from tracker.privacy.needles import Needles
from tracker.privacy.raw_event import ids_of, names_besides
from tracker.privacy.subject import Found, Key
from tracker.queue import QueuedBatch, QueueProducer, decode_batches, deserialize, queue_name
from tracker.stores import redis as redis_store
from tracker.stores.redis import AsyncRedis

_JOBS_AT_ONCE = 20


async def delete_queued(work: Work) -> None:
    """The person's events in jobs, on each server and shard.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    wide = _wide(work)
    async with open_places(work.tools.settings) as places:
        for place in places:
            for shard in place.shards:
                settler = Settler(place.redis, QueueProducer(place.redis, shard), work.tools.settings)
                async for job_id, data in queued_jobs(place.redis, shard):
                    if wide.maybe_in(data):
                        await _settle(work, settler, job_id, data)


async def waiting_strangers(work: Work, found: Found) -> tuple[set[Key], set[Key]]:
    """Of visitors and visits that seem to be the person's alone those in which somebody else is about to be known: an
    event waits there that names another address.

    A job stays in Redis until what is in it is stored. So what is asked of MongoDB after this knows everybody else.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    wide = Needles((), (), {one for _, one in (*found.visitors, *found.sessions)})
    visitors: set[Key] = set()
    sessions: set[Key] = set()
    async with open_places(work.tools.settings) as places:
        for place in places:
            for shard in place.shards:
                async for _, data in queued_jobs(place.redis, shard):
                    if not wide.maybe_in(data):
                        continue
                    for client, event in _events(data):
                        visitor, session = ids_of(event)
                        if names_besides(event, work.notes.subject.emails):
                            visitors |= {(client, visitor)} & found.visitors if visitor else set()
                            sessions |= {(client, session)} & found.sessions if session else set()
    return visitors, sessions


async def count_queued(work: Work) -> int:
    """How many events that would be."""
    wide, number = _wide(work), 0
    async with open_places(work.tools.settings) as places:
        for place in places:
            for shard in place.shards:
                async for _, data in queued_jobs(place.redis, shard):
                    if wide.maybe_in(data):
                        number += len(_split(work, data)[1])
    return number


async def delete_letters(work: Work) -> None:
    """The person's dead letters; a job that nobody can read goes when its bytes may hold an address."""
    async with open_places(work.tools.settings) as places:
        for place in places:
            async for entries in _letters(work, place):
                await work.count("dead_letters", await discard(place.redis, entries))
                await work.tools.reached("dead_letters")


async def delete_keys(work: Work) -> None:
    """Whatever else in Redis holds an address: samples of refused events, caches, leftovers."""
    async with _servers(work) as servers:
        for redis in servers:
            await sweep_keys(work, redis)


@asynccontextmanager
async def _servers(work: Work) -> AsyncIterator[list[AsyncRedis]]:
    """Every Redis server and database of the installation, once."""
    settings = work.tools.settings
    found: dict[tuple[str, int], AsyncRedis] = {}
    async with AsyncExitStack() as stack:
        for url in dict.fromkeys([settings.redis_url, *redis_store.queue_urls(settings)]):
            redis = redis_store.connect(settings, url)
            stack.push_async_callback(redis_store.close, redis)
            run_id = (await redis.info("server"))["run_id"]
            found.setdefault((run_id, int(redis.connection_pool.connection_kwargs.get("db") or 0)), redis)
        yield list(found.values())


def _wide(work: Work) -> Needles:
    """By what a job's bytes are worth reading: the addresses, and the ids of browsers and visits."""
    found = work.notes.found
    ids = {one for _, one in (*found.visitors, *found.sessions)}
    return Needles(work.needles.emails, work.needles.phones, ids)


async def queued_jobs(redis: AsyncRedis, shard: int) -> AsyncIterator[tuple[str, bytes]]:
    """All jobs of a queue; those that come in meanwhile perhaps."""
    ids: list[str] = []
    async for name, _ in redis.zscan_iter(queue_name(shard), count=1_000):
        ids.append(name.decode())
    for start in range(0, len(ids), _JOBS_AT_ONCE):
        some = ids[start : start + _JOBS_AT_ONCE]
        rows = await redis.mget([job_key_prefix + one for one in some])
        for job_id, data in zip(some, rows, strict=True):
            if data is not None:
                yield job_id, data


async def _settle(work: Work, settler: Settler, job_id: str, data: bytes) -> None:
    kept, gone = _split(work, data)
    if kept is None:
        if work.needles.maybe_in(data):
            # Nobody can read it: to the dead letters, where it is deleted.
            await settler.keep_unreadable(job_id, data)
        return
    if not gone:
        return
    if seen := _visits_of(work, data) - work.notes.seen:
        # Noted before they go: of a person whose lead was never stored nothing else names them.
        work.notes.seen |= seen
        await work.note()
    prepared = Prepared()
    for client_id in gone:
        prepared.outcomes[client_id, Outcome.DROPPED_ERASED] += 1
    if await settler.settle(job_id, prepared, instead=[kept] if kept else ()):
        await work.count("queue", len(gone))
    await work.tools.reached("queue")


def _split(work: Work, data: bytes) -> tuple[list[QueuedBatch] | None, list[str]]:
    """The batches without the person's events, ``None`` when they cannot be read; and of each event that is the
    person's the client."""
    try:
        batches = decode_batches(deserialize(data)["a"][0].data)
    except (msgspec.DecodeError, LookupError, AttributeError):
        return None, []
    kept: list[QueuedBatch] = []
    gone: list[str] = []
    for batch in batches:
        events = []
        for event in batch.events:
            if _is_meant(work, batch.client_id, event.data):
                gone.append(batch.client_id)
            else:
                events.append(event)
        if events:
            kept.append(msgspec.structs.replace(batch, events=events))
    return kept, gone


def _events(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each event of a job with its client; none of a job that cannot be read."""
    try:
        batches = decode_batches(deserialize(data)["a"][0].data)
    except (msgspec.DecodeError, LookupError, AttributeError):
        return
    for batch in batches:
        for event in batch.events:
            yield batch.client_id, event.data


def _visits_of(work: Work, data: bytes) -> set[Key]:
    """Clients and sessions of the person's events that name them."""
    return {
        (client, session)
        for client, event in _events(data)
        if work.needles.maybe_in(event) and _is_meant(work, client, event) and (session := ids_of(event)[1])
    }


def _is_meant(work: Work, client_id: str, data: bytes) -> bool:
    return is_subjects(work.notes.subject, work.needles, work.notes.found, client_id, data)


async def _letters(work: Work, place: Place) -> AsyncIterator[Sequence[Entry]]:
    async for page in pages(place, Filter()):
        meant = [entry for entry in page.entries if _is_letter_meant(work, entry)]
        if meant:
            yield meant


def _is_letter_meant(work: Work, entry: Entry) -> bool:
    if entry.letter is None:
        return work.needles.maybe_in(entry.data)
    batch = entry.letter.batch
    return _is_meant(work, batch.client_id, batch.events[0].data)
