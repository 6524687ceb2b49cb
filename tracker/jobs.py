"""The jobs: shells around functions that a test can call."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import structlog
from arq.worker import Retry

from tracker.outage import OutageGate, is_outage
from tracker.pipeline.batch import BatchProcessor, Settler
from tracker.queue import Payload, decode_batches, forget_start
from tracker.settings import Settings
from tracker.stores.documents import is_conflict
from tracker.stores.redis import AsyncRedis
from tracker.suspects import Suspects

log = structlog.get_logger(__name__)

# Another worker's transaction holds what this one needs: a dead one's is ended within its lease.
_CONFLICT_PAUSE_SECONDS = 0.5


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
    """Process a job's events and settle what is left of them; hand the job back in an outage.

    arq counts starts. Every start that ends here in order is taken back or ends the job, so that what remains of the
    count are the starts that ended with a dead worker.
    """
    shift: Shift = ctx["shift"]
    job_id: str = ctx["job_id"]
    try:
        async with asyncio.timeout(shift.settings.job_timeout_seconds):
            await _process(shift, job_id, payload, died_before=ctx["job_try"] > 1)
    except asyncio.CancelledError:
        await asyncio.shield(_forget_start(shift, job_id))
        raise
    except Exception as error:
        if is_conflict(error):
            await _forget_start(shift, job_id)
            raise Retry(defer=_CONFLICT_PAUSE_SECONDS) from None
        if not is_outage(error):
            # Nothing that concerns one event ends here; this is ours to mend, and no reason to lose the job.
            log.error("job_failed", job=job_id, error=type(error).__name__)
        await _forget_start(shift, job_id)
        raise Retry(defer=shift.outage.began(error)) from None


async def _process(shift: Shift, job_id: str, payload: Payload, *, died_before: bool) -> None:
    batches = decode_batches(payload.data)
    events = [event for batch in batches for event in batch.events]
    if died_before or any(event.kills for event in events):
        await shift.suspects.handle(job_id, batches)
        return
    tried_before = any(event.attempt for event in events)
    await shift.settler.settle(await shift.processor.process(batches, delivered_before=tried_before))


async def _forget_start(shift: Shift, job_id: str) -> None:
    with contextlib.suppress(Exception):
        await forget_start(shift.redis, job_id)
