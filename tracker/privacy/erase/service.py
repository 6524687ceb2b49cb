"""Erasures for operators: counting beforehand, and working one off or waiting for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.errors import PyMongoError

from tracker.deadletters.places import open_places
from tracker.errors import NotFoundError, UnavailableError
from tracker.outage import is_outage
from tracker.privacy.erase.notes import Notes
from tracker.privacy.erase.requests import show
from tracker.privacy.erase.runner import work_off
from tracker.privacy.erase.stores import STORES
from tracker.privacy.erase.work import Tools, Work
from tracker.privacy.locate import locate
from tracker.privacy.subject import Subject

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.25


async def preview(tools: Tools, subject: Subject) -> dict[str, int]:
    """How many things would be deleted, by store; nothing is changed.

    :raises Exception: an outage of a store.
    """
    async with open_places(tools.settings) as places:
        found = await locate(tools.database, subject, hasher=tools.hasher, places=places)
    work = Work("", tools, Notes(subject, found), {})
    return {store.name: number for store in STORES if (number := await store.count(work))}


async def finish_now(
    tools: Tools,
    request_id: str,
    *,
    patience: float = PATIENCE_SECONDS,
    waiting: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Work a request off, or wait for whoever does.

    :param patience: how many seconds a store or a CRM may be away.
    :param waiting: is told what is waited for.
    :returns: as :func:`show`.
    :raises UnavailableError: when something is away for longer; the request stays open, and goes on by itself.
    """
    away_since: datetime | None = None
    told = ""
    while True:
        what, until, is_planned = await _one_turn(tools, request_id)
        if what is None:
            return await show(tools.database, request_id)
        now = datetime.now(UTC)
        away_since = None if is_planned else away_since or now
        if away_since is not None and now - away_since >= timedelta(seconds=patience):
            raise UnavailableError(
                f"the erasure {request_id} is not done: it waits for {what}. It goes on by itself while a worker runs; "
                f"`trackerctl gdpr status {request_id}` shows it, `trackerctl gdpr status {request_id} --wait` goes on"
            )
        if what != told:
            waiting(what)
            told = what
        pause = (until - now).total_seconds() if until else 1.0
        await asyncio.sleep(min(max(pause, _LOOK_SECONDS), max(patience / 4, _LOOK_SECONDS)))


async def _one_turn(tools: Tools, request_id: str) -> tuple[str | None, datetime | None, bool]:
    """What is waited for (``None`` = done), until when, and whether that always takes so long."""
    try:
        row = await work_off(tools, request_id)
    except PyMongoError as error:
        if not is_outage(error):
            raise
        return "MongoDB", None, False
    if not row:
        raise NotFoundError("this erasure was deleted from MongoDB meanwhile; ask for it again")
    if row["status"] == "done":
        return None, None, True
    if row.get("lease"):
        return "a worker that is at it", None, True
    what = str(row.get("waitingFor") or "its turn")
    return what, row.get("notBefore"), what.startswith("transactions")
