"""What waits between browsers and MongoDB, who works on it, and what could not be stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tracker import __version__
from tracker.accounts import queue_states, read_books, total
from tracker.crons import CRONS, last_starts
from tracker.deadletters.bounds import dead_letter_state
from tracker.deadletters.places import open_places
from tracker.doctor.redis import patient
from tracker.doctor.report import Finding, error, good, listed, warning
from tracker.heartbeat import WorkerBeat, read_workers
from tracker.settings import Settings
from tracker.stores import redis as redis_store

_WARN_SECONDS = 30.0
_ERROR_SECONDS = 300.0
_LATE_SECONDS = 120


async def check_queue(settings: Settings) -> list[Finding]:
    """Age and length of the queues, the books, the dead letters.

    :raises redis.exceptions.RedisError: when a server is away.
    """
    settings = patient(settings)
    findings = []
    for name, state in (await queue_states(settings)).items():
        findings.append(_age(name, state.jobs, state.oldest_seconds))
    totals = total(await read_books(settings))
    if totals.unaccounted:
        findings.append(
            error(
                "queue",
                f"{totals.unaccounted} acknowledged events have no outcome, or two",
                "a job has vanished from Redis, or was stored twice",
                "`trackerctl event outcomes` shows whose they are; look whether Redis lost data (eviction, a restart "
                "without AOF).",
            )
        )
    else:
        findings.append(good("queue", "the books balance", f"{totals.accepted} events were acknowledged"))
    async with open_places(settings) as places:
        letters = await dead_letter_state(places, settings)
    if letters.warning:
        findings.append(_letters(letters.warning))
    elif letters.count:
        detail = f"{letters.count} of at most {letters.limit}"
        what = "Look at them, then replay or drop them: `trackerctl dlq list`."
        findings.append(warning("queue", "there are dead letters", detail, what))
    else:
        findings.append(good("queue", "there are no dead letters"))
    return findings


def _letters(text: str) -> Finding:
    return error("queue", "dead letters will be discarded", text, "Replay or drop them: `trackerctl dlq list`.")


def _age(name: str, jobs: int, oldest_seconds: float) -> Finding:
    """An old job is what matters: a long queue that moves is load."""
    detail = f"{jobs} jobs, the oldest due for {oldest_seconds:.0f} s"
    if oldest_seconds < _WARN_SECONDS:
        return good("queue", f"{name} is worked off", detail)
    judge = error if oldest_seconds >= _ERROR_SECONDS else warning
    return judge(
        "queue",
        f"{name} is late",
        detail,
        "Start more workers (`trackerctl worker`), and see in their log what they wait for. Nothing is lost meanwhile.",
    )


async def check_workers(settings: Settings) -> list[Finding]:
    """Signs of life of workers, and when each periodic job was last begun.

    :raises redis.exceptions.RedisError: when Redis is away.
    """
    first = redis_store.queue_urls(settings)[0]
    shared, queue = redis_store.connect(patient(settings)), redis_store.connect(patient(settings), first)
    try:
        workers, starts = await read_workers(shared), await last_starts(queue)
    finally:
        await redis_store.close(shared)
        await redis_store.close(queue)
    findings = list(_alive(workers.alive))
    if workers.vanished:
        findings.append(
            warning(
                "workers",
                f"{workers.vanished} workers went without a word within the last hour",
                "killed, out of memory, or cut off from Redis; their jobs were taken over",
                "Look into their logs and the kernel's (`journalctl -k`) for the reason.",
            )
        )
    return [*findings, *_crons(starts, workers.alive, datetime.now(UTC))]


def _alive(alive: list[WorkerBeat]) -> Iterator[Finding]:
    if not alive:
        yield error(
            "workers",
            "no worker runs",
            "events are taken and wait in Redis",
            "Start one: `trackerctl worker`, or the worker's unit or container (docs/install.md).",
        )
        return
    yield good("workers", f"workers that run: {len(alive)}", listed([f"{beat.host}:{beat.pid}" for beat in alive]))
    if others := sorted({beat.version for beat in alive} - {__version__}):
        yield warning(
            "workers",
            "workers of another version run",
            f"{listed(others)}; this is {__version__}",
            "Restart them after an upgrade.",
        )
    if waiting := [beat for beat in alive if not beat.picking]:
        yield error(
            "workers",
            f"workers that pick no events: {len(waiting)} of {len(alive)}",
            "a store is away, or they are stopping",
            "See below which store does not answer; they go on by themselves.",
        )


def _crons(starts: dict[str, datetime | None], alive: list[WorkerBeat], now: datetime) -> Iterator[Finding]:
    oldest = min((beat.started_at for beat in alive), default=None)
    if oldest is None:
        return
    late = []
    for cron in CRONS:
        patience = timedelta(minutes=cron.every_minutes, seconds=_LATE_SECONDS)
        last = starts[cron.name] or datetime.fromtimestamp(oldest, UTC)
        if now - max(last, datetime.fromtimestamp(oldest, UTC)) > patience:
            late.append(cron.name)
    if late:
        yield error(
            "workers",
            f"periodic jobs are overdue: {listed(late)}",
            "a worker runs and did not begin them when they were due",
            "Restart the worker, and look for cron_failed in its log.",
        )
    else:
        yield good("workers", "periodic jobs begin when they are due", listed([cron.name for cron in CRONS]))
