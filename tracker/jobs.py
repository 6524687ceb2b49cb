"""The jobs: shells around functions that a test can call."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from arq.worker import Retry

from tracker.errors import UnavailableError
from tracker.outage import OutageGate, is_outage
from tracker.pipeline.batch import BatchProcessor, Failure, Prepared, TimeLimitError, time_limit
from tracker.pipeline.settle import Settler
from tracker.queue import Payload, QueuedBatch, decode_batches, forget_start
from tracker.settings import Settings
from tracker.stores import documents as document_store
from tracker.stores.redis import AsyncRedis, RedisError
from tracker.suspects import Suspects

log = structlog.get_logger(__name__)

# Another worker's transaction holds what this one needs: a dead one's is ended within its lease.
_CONFLICT_PAUSE_SECONDS = 0.5
_ELSEWHERE_PAUSE_SECONDS = 2.0
# arq must not end a job that waits for its turn: each has its own limit, which begins when it is really worked on.
ARQ_TIMEOUT_SECONDS = 86_400


@dataclass(slots=True)
class Shift:
    """What the jobs of one queue share; in arq's context under ``shift``."""

    settings: Settings
    redis: AsyncRedis
    processor: BatchProcessor
    settler: Settler
    suspects: Suspects
    outage: OutageGate


async def process_events(ctx: dict[str, Any], payload: Payload) -> None:
    """Process a job's events and settle it, or hand it back in an outage.

    When this returns the job is settled and gone from Redis, which ``ctx["settled"]`` tells the worker.

    arq counts starts. Every start that ends here in order is taken back or ends the job, so that what remains of the
    count are the starts that ended with a dead worker.
    """
    shift: Shift = ctx["shift"]
    job_id: str = ctx["job_id"]
    try:
        await _run(shift, job_id, payload, died_before=ctx["job_try"] > 1)
        ctx["settled"].add(job_id)
    except asyncio.CancelledError:
        await asyncio.shield(_forget_start(shift, job_id))
        raise
    except Exception as error:
        # Whatever else arq sees is final to it: it would delete the job, with events that are nowhere else.
        pause = _pause_after(shift, error)
        await _forget_start(shift, job_id)
        raise Retry(defer=_ELSEWHERE_PAUSE_SECONDS if pause is None else pause) from None


async def _run(shift: Shift, job_id: str, payload: Payload, *, died_before: bool) -> None:
    try:
        batches = decode_batches(payload.data)
    except msgspec.DecodeError:
        log.error("job_unreadable", job=job_id)
        await shift.settler.keep_unreadable(job_id, payload.data)
        return
    try:
        await _process(shift, job_id, batches, died_before=died_before)
    except TimeLimitError:
        if await shift.outage.is_away():
            raise UnavailableError("a store does not answer") from None
        await shift.suspects.over_time(job_id, batches)
    except Exception as error:
        if document_store.is_conflict(error) or is_outage(error):
            raise
        log.error("job_failed", job=job_id, error=type(error).__name__)
        await _try_singly(shift, job_id, batches, error)


def _pause_after(shift: Shift, error: Exception) -> float | None:
    """For how many seconds to put the job off, ``None`` when later would be no better."""
    if document_store.is_conflict(error):
        return _CONFLICT_PAUSE_SECONDS
    if document_store.is_outage(error):
        return shift.outage.began(error)
    # The configuration database concerns only clients that no cache knows; the queue tells of itself.
    return _ELSEWHERE_PAUSE_SECONDS if is_outage(error) else None


async def _process(shift: Shift, job_id: str, batches: list[QueuedBatch], *, died_before: bool) -> None:
    events = [event for batch in batches for event in batch.events]
    if died_before or any(event.kills for event in events):
        await shift.suspects.handle(job_id, batches)
        return
    if any(event.timeouts for event in events):
        await shift.suspects.run_alone(job_id, batches)
        return
    tried_before = any(event.attempt for event in events)
    async with time_limit(shift.settings.job_timeout_seconds):
        await shift.settler.settle(job_id, await shift.processor.process(batches, delivered_before=tried_before))


async def _try_singly(shift: Shift, job_id: str, batches: list[QueuedBatch], error: Exception) -> None:
    """After an error that nobody expected: each event for itself, with its own tries, as after a data error."""
    name = f"job: {type(error).__name__}"
    failures = [Failure(batch, event, name) for batch in batches for event in batch.events]
    await shift.settler.settle(job_id, Prepared(failures=failures))


async def _forget_start(shift: Shift, job_id: str) -> None:
    with contextlib.suppress(RedisError, OSError):
        await forget_start(shift.redis, job_id)
