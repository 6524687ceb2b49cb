"""``/v1/dead-letters``: events that could not be stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated

from litestar import Response
from litestar.params import FromPath, QueryParameter

from tracker.deadletters.discard import discard
from tracker.deadletters.pages import page_letters
from tracker.deadletters.places import Place, open_places
from tracker.deadletters.replay import replay
from tracker.deadletters.select import Entry, Filter, Kind, get_entry, pages
from tracker.deadletters.views import entry_details
from tracker.errors import InvalidError, NotFoundError, UnavailableError
from tracker.stores.redis import RedisError
from tracker.web.manage.bodies import Body, read_body
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import acts, deletes, lists, shows
from tracker.web.manage.etag import check_match
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import ClientId, Cursor, Limit, Since, Until, aware
from tracker.web.manage.replies import listed, plain, shown
from tracker.web.manage.views import DeadLetterPage, DeadLetterView, ReplayedView

_TAG = "dead letters"
_PATH = "/v1/dead-letters/{letter_id:str}"

KindOf = Annotated[Kind | None, QueryParameter(name="kind", description="Only events, or only unreadable jobs.")]
ErrorText = Annotated[str | None, QueryParameter(name="error", description="Only where the error holds this text.")]


class Replay(Body):
    """Which dead letters to put back; ``all`` must say so when nothing else does. Times are of the last failure."""

    client_id: str | None = None
    kind: Kind | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    all: bool = False


@lists("/v1/dead-letters", DeadLetterPage, "List dead letters", _TAG)
async def list_dead_letters(
    request: ManageRequest,
    client_id: ClientId = None,
    kind: KindOf = None,
    error: ErrorText = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response[bytes]:
    """The newest first; `since` and `until` are about the last failure. Secrets in the events are replaced. Jobs that
    could not be read belong to no client."""
    call = Call(request)
    wanted = await _filter(call, client_id, kind, error, since, until)
    async with _places(call) as places:
        return listed(await page_letters(places, wanted, limit=limit, cursor=cursor))


@shows(_PATH, DeadLetterView, "Show a dead letter", _TAG)
async def get_dead_letter(request: ManageRequest, letter_id: FromPath[str]) -> Response[bytes]:
    """With what the edge and the queue know of the event."""
    call = Call(request)
    async with _places(call) as places:
        return shown(request, entry_details((await _entry(call, places, letter_id))[1]))


@acts(_PATH + "/replay", ReplayedView, "Replay a dead letter", _TAG, status=202)
async def replay_dead_letter(request: ManageRequest, letter_id: FromPath[str]) -> Response[bytes]:
    """Puts it back into the queue with a new life of tries."""
    call = Call(request)

    async def work() -> Response[bytes]:
        async with _places(call) as places:
            place, entry = await _entry(call, places, letter_id)
            done = await replay(place, [entry])
        return plain({"replayed": done, "left": 1 - done}, 202)

    return await once(call, work)


@acts(
    "/v1/dead-letters/replay",
    ReplayedView,
    "Replay dead letters by filter",
    _TAG,
    status=202,
    body=Replay,
    example={"error": "OperationFailure", "since": "2030-01-31T08:00:00Z"},
)
async def replay_dead_letters(request: ManageRequest) -> Response[bytes]:
    """What is already back is left alone, so it can be repeated."""
    call = Call(request)
    body = await read_body(request, Replay)
    if not body.all and not any((body.client_id, body.kind, body.error, body.since, body.until)):
        raise InvalidError('say which: clientId, kind, error, since or until, or {"all": true}')
    wanted = await _filter(call, body.client_id, body.kind, body.error, body.since, body.until)

    async def work() -> Response[bytes]:
        replayed = left = 0
        async with _places(call) as places:
            for place in places:
                async for page in pages(place, wanted):
                    done = await replay(place, page.entries) if page.entries else 0
                    replayed, left = replayed + done, left + len(page.entries) - done
        return plain({"replayed": replayed, "left": left}, 202)

    return await once(call, work)


@deletes(_PATH, "Delete a dead letter", _TAG)
async def delete_dead_letter(request: ManageRequest, letter_id: FromPath[str]) -> None:
    """For good: its event is in no other place."""
    call = Call(request)
    async with _places(call) as places:
        place, entry = await _entry(call, places, letter_id)
        check_match(request, entry_details(entry))
        await discard(place.redis, [entry])


async def _filter(
    call: Call,
    client_id: str | None,
    kind: Kind | None,
    error: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Filter:
    start, end = aware(since, "since"), aware(until, "until")
    return Filter(
        await call.only_client(client_id),
        kind,
        error,
        start.timestamp() if start else None,
        end.timestamp() if end else None,
    )


@asynccontextmanager
async def _places(call: Call) -> AsyncIterator[list[Place]]:
    try:
        async with open_places(call.services.settings) as places:
            yield places
    except (RedisError, OSError):
        raise UnavailableError("Redis does not answer; try again", retry_after=2) from None


async def _entry(call: Call, places: list[Place], letter_id: str) -> tuple[Place, Entry]:
    """By its whole id only.

    :raises NotFoundError: when there is none, or not for this caller.
    """
    unknown = NotFoundError("no dead letter has this id")
    try:
        place, entry = await get_entry(places, letter_id)
    except NotFoundError:
        raise unknown from None
    if entry.id != letter_id or not call.access.scope.sees(entry.client_id):
        raise unknown
    return place, entry


HANDLERS = [list_dead_letters, get_dead_letter, replay_dead_letter, replay_dead_letters, delete_dead_letter]
