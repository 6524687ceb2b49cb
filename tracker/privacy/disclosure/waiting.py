"""Reads what waits in Redis: events in jobs, dead letters, outlines of refused events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import msgspec

from tracker.deadletters.select import Filter, pages
from tracker.ingest.rejected import list_rejected
from tracker.privacy.disclosure.readers import clients_of
from tracker.privacy.disclosure.scope import Row, Scope, json_of
from tracker.privacy.erase.queues import queued_jobs
from tracker.privacy.locate import is_subjects
from tracker.privacy.raw_event import ids_of
from tracker.queue import QueuedBatch, decode_batches, deserialize

_MOST_SAMPLES = 10_000


async def queued(scope: Scope) -> AsyncIterator[Row]:
    """Events that were acknowledged and are not stored yet, as they were sent.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    for place in scope.places:
        for shard in place.shards:
            async for _, data in queued_jobs(place.redis, shard):
                for batch in _batches(data):
                    for event in batch.events:
                        if _is_shown(scope, "queue", batch.client_id, event.data):
                            yield scope.shown({**_about(batch), "event": json_of(event.data)})


async def letters(scope: Scope) -> AsyncIterator[Row]:
    """Events that could not be stored, as they were sent. What nobody can read cannot be shown.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    for place in scope.places:
        async for page in pages(place, Filter()):
            for entry in page.entries:
                letter = entry.letter
                if letter is None:
                    if scope.subject.needles.maybe_in(entry.data):
                        scope.mention("dead_letters")
                    continue
                data = letter.batch.events[0].data
                if _is_shown(scope, "dead_letters", letter.client_id, data):
                    failed = {"letterId": letter.id, "attempts": letter.attempts, "failedAt": _time(letter.last_at)}
                    yield scope.shown({**_about(letter.batch), **failed, "event": json_of(data)})


async def samples(scope: Scope) -> AsyncIterator[Row]:
    """Outlines of refused events from browsers or visits that are the person's alone; what was typed is not in them.

    :raises redis.exceptions.RedisError: when the server is away.
    """
    for client in sorted(clients_of(scope.found)):
        for sample in (await list_rejected(scope.tools.settings, client, _MOST_SAMPLES))["samples"]:
            event = sample.get("event") if isinstance(sample.get("event"), dict) else {}
            if scope.is_in_own(client, event.get("visitorId"), event.get("sessionId")):
                yield scope.shown({"clientId": client, **sample, "at": _time(sample["at"])})


def _is_shown(scope: Scope, store: str, client_id: str, data: bytes) -> bool:
    found = scope.found
    if not is_subjects(scope.subject, scope.subject.needles, found, client_id, data):
        return False
    if scope.is_in_own(client_id, *ids_of(data)) or not scope.names_others(json_of(data)):
        return True
    # Somebody else's form in which the person is named, as in "recommend us to a friend".
    scope.mention(store)
    return False


def _batches(data: bytes) -> list[QueuedBatch]:
    try:
        return decode_batches(deserialize(data)["a"][0].data)
    except (msgspec.DecodeError, LookupError, AttributeError):
        return []


def _about(batch: QueuedBatch) -> Row:
    place = {"ipAddress": batch.ip_address, "country": batch.country, "region": batch.region, "city": batch.city}
    return {
        "clientId": batch.client_id,
        "receivedAt": _time(batch.received_at),
        "userAgent": batch.user_agent,
        **{name: value for name, value in place.items() if value is not None},
        "test": batch.test,
    }


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
