"""What a replay would do to each dead letter, without doing it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from sqlalchemy import Engine

from tracker.deadletters.replay import job_bytes
from tracker.deadletters.select import JOBS, Entry
from tracker.pipeline.rehearsal import ORDER, Fate, Rehearser, fate_view
from tracker.pipeline.store import Store
from tracker.queue import QueuedBatch, decode_batches, deserialize
from tracker.settings import Settings
from tracker.stores.documents import connect, open_database


@asynccontextmanager
async def open_rehearser(engine: Engine, settings: Settings) -> AsyncIterator[Rehearser]:
    """A rehearser with a document store of its own.

    :raises pymongo.errors.PyMongoError: when MongoDB is away.
    """
    async with connect(settings) as client:
        store = Store(await open_database(client, settings), settings)
        try:
            yield Rehearser(engine, store, settings)
        finally:
            await store.close()


async def rehearse(rehearser: Rehearser, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """``{id, result, outcome, error, lead}`` of each; a job of several events has the worst of their fates."""
    batches: list[QueuedBatch] = []
    spans: list[range | None] = []
    for entry in entries:
        own = _batches(entry)
        start = sum(len(batch.events) for batch in batches)
        batches += own or []
        spans.append(None if own is None else range(start, sum(len(batch.events) for batch in batches)))
    fates = await rehearser.rehearse(batches)
    return [{"id": entry.id} | fate_view(_fate(entry, span, fates)) for entry, span in zip(entries, spans, strict=True)]


def _batches(entry: Entry) -> list[QueuedBatch] | None:
    if entry.letter is not None:
        return [entry.letter.batch]
    if entry.shelf is not JOBS:
        return None
    try:
        return decode_batches(deserialize(job_bytes(entry.data, 0))["a"][0].data)
    except (msgspec.DecodeError, LookupError, AttributeError):
        return None


def _fate(entry: Entry, span: range | None, fates: Sequence[Fate]) -> Fate:
    if span is None or not span:
        return Fate("fails", error=entry.error)
    return max((fates[number] for number in span), key=lambda fate: ORDER.index(fate.result))
