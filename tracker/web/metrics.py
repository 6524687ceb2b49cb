"""``GET /metrics``: the books and the queue, for Prometheus. Read from Redis at each scrape."""

from __future__ import annotations

import asyncio
import hmac
import time

from litestar import Response, get
from prometheus_client.core import Metric

from tracker.accounts import QueueState, Totals, queue_states, read_books, total
from tracker.deadletters.bounds import DeadLetterState, dead_letter_state
from tracker.deadletters.places import open_places
from tracker.errors import ForbiddenError, UnavailableError
from tracker.ingest.token_counts import read_token_counts
from tracker.pipeline.outcome import Outcome
from tracker.privacy.erase.figures import read_figures as read_erasures
from tracker.privacy.stripped import read_stripped
from tracker.settings import Settings
from tracker.stores.redis import AsyncRedis, RedisError
from tracker.telemetry.metrics import CONTENT_TYPE, counter, exposition, gauge
from tracker.web.http import AppRequest, is_trusted
from tracker.web.services import services_of
from tracker.webhooks.figures import OUTCOMES, REASONS, read_figures

_LOOPBACK = "127.0.0.0/8,::1/128"
# What a reverse proxy adds: then the peer is the proxy, whoever asks.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


@get("/metrics", summary="Figures for Prometheus", tags=["operation"], media_type=CONTENT_TYPE)
async def get_metrics(request: AppRequest) -> Response[bytes]:
    """What became of events, how much waits, how full the dead letters are. No label names a client or a person.

    :raises ForbiddenError: without the token of the settings; where none is set, from anywhere but this machine.
    :raises UnavailableError: while a Redis of the queue is away.
    """
    services = services_of(request)
    settings = services.settings
    _admit(request, settings.metrics_token)
    try:
        families = await _read(settings, services.redis)
    except (RedisError, OSError) as error:
        raise UnavailableError("the queue does not answer", retry_after=5) from error
    return Response(exposition(families), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _admit(request: AppRequest, token: str) -> None:
    if token:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            raise ForbiddenError("give the token of TRACKER_METRICS_TOKEN as Authorization: Bearer …")
        return
    peer = request.client.host if request.client else None
    if not is_trusted(peer, _LOOPBACK) or any(name in request.headers for name in _FORWARDED):
        raise ForbiddenError("only from this machine, and not through a proxy; or set TRACKER_METRICS_TOKEN")


async def _read(settings: Settings, redis: AsyncRedis) -> list[Metric]:
    books, queues, letters = await asyncio.gather(read_books(settings), queue_states(settings), _dead_letters(settings))
    webhooks, tokens = await read_figures(redis), await read_token_counts(redis)
    erasures = gauge("tracker_erasures", "Erasures of persons by state", await read_erasures(redis), "state")
    reasons = await read_stripped(settings)
    stripped = counter("tracker_events_stripped", "Events stored without what is personal by why", reasons, "reason")
    return [*_families(total(books), queues, letters), *_of_webhooks(webhooks), _of_tokens(tokens), erasures, stripped]


def _of_tokens(counts: dict[str, int]) -> Metric:
    return counter("tracker_events_without_token", "Events without a valid site token by why not", counts, "state")


def _of_webhooks(figures: dict[str, int]) -> list[Metric]:
    attempts = {name: figures[name] for name in OUTCOMES}
    disabled = {reason: figures[f"disabled_{reason}"] for reason in REASONS}
    return [
        counter("tracker_webhook_attempts", "Attempts to tell webhooks by what came of them", attempts, "outcome"),
        counter("tracker_webhook_endpoints_disabled", "Webhooks that were switched off by reason", disabled, "reason"),
    ]


async def _dead_letters(settings: Settings) -> DeadLetterState:
    async with open_places(settings) as places:
        return await dead_letter_state(places, settings)


def _families(totals: Totals, queues: dict[str, QueueState], letters: DeadLetterState) -> list[Metric]:
    # A dead letter is no end: its number goes down when letters are replayed, and what goes down is no counter.
    ends = {name: number for name, number in totals.outcomes.items() if name != Outcome.DEAD_LETTER}
    jobs = {name: queue.jobs for name, queue in queues.items()}
    oldest = max((queue.oldest_seconds for queue in queues.values()), default=0.0)
    letter_age = max(0.0, time.time() - letters.oldest_at) if letters.oldest_at else 0.0
    return [
        counter("tracker_events_accepted", "Events that were acknowledged", totals.accepted),
        counter("tracker_events", "Events by how they ended", ends, "outcome"),
        gauge("tracker_events_waiting", "Events in jobs that wait or run", totals.waiting),
        gauge("tracker_events_unaccounted", "Acknowledged events that vanished or ended twice", totals.unaccounted),
        gauge("tracker_queue_jobs", "Jobs that wait or run", jobs, "queue"),
        gauge("tracker_queue_oldest_seconds", "For how long the longest waiting job has been due", oldest),
        gauge("tracker_dead_letters", "Events and jobs kept as dead letters", letters.count),
        gauge("tracker_dead_letters_limit", "Beyond this many the oldest are discarded", letters.limit),
        gauge("tracker_dead_letters_warning", "1 when some will be discarded before long", bool(letters.warning)),
        gauge("tracker_dead_letter_oldest_seconds", "Since the oldest dead letter failed last", letter_age),
    ]
