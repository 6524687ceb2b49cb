"""The end of an erasure: figures, audit entry, certificate."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from tracker import __version__
from tracker.analytics import state
from tracker.analytics.service import rebuild_days
from tracker.errors import ConflictError
from tracker.privacy.erase.certificate import signed
from tracker.privacy.erase.leads import delete_attempts
from tracker.privacy.erase.telling import note_deliveries
from tracker.privacy.erase.work import COLLECTION, Work

_PATIENCE_SECONDS = 5.0


async def finish(work: Work) -> None:
    """All that remains when nothing of the person is stored any more. May be repeated."""
    if not work.is_done("answers_deleted"):
        await delete_attempts(work, also_answers=True)
        await work.done("answers_deleted")
    if not work.is_done("figures"):
        await _recompute(work)
        await work.done("figures")
    await note_deliveries(work)
    if not work.is_done("audited"):
        subject = {"subject": work.row["subject"], "askedAt": _iso(work.row["askedAt"])}
        target, actor = ("erasure", work.id), work.row["askedBy"]
        client = work.notes.subject.client_id
        config = work.tools.config
        await asyncio.to_thread(config.record_change, "gdpr.delete", target, client, after=subject, actor=actor)
        await work.done("audited")
    await _sign(work)


async def _recompute(work: Work) -> None:
    """Days whose figures the person was part of; closed ones stay, as they hold numbers alone."""
    total = 0
    for client, days in sorted(work.notes.days.items()):
        # Marked as well: a rebuild that is under way may have seen what is gone now.
        await state.mark(client, days)
        try:
            total += (await rebuild_days(client, days, work.tools.settings, patience=_PATIENCE_SECONDS)).days
        except ConflictError:
            continue  # another rebuild of this client; the periodic job does the marked days
    if total:
        await work.update({"$set": {"counts.analytics": total}})


async def _sign(work: Work) -> None:
    row = await work.database[COLLECTION].find_one({"_id": work.id}) or {}
    now = datetime.now(UTC)
    certificate = signed(statement(row, now), work.tools.settings.secrets)
    changes: dict[str, Any] = {
        "$set": {"status": "done", "certificate": certificate, "endedAt": now, "waitingFor": None, "notBefore": None},
        # With it goes the last thing that says whom it was about.
        "$unset": {"sealed": ""},
    }
    await work.update(changes)
    await work.tools.reached("done")


def statement(row: dict[str, Any], ended_at: datetime) -> dict[str, Any]:
    """What the certificate says: nothing by which somebody without the secrets could tell whom it is about."""
    return {
        "type": "erasure",
        "version": 1,
        "requestId": row["_id"],
        "clientId": row.get("clientId"),
        "subject": row["subject"],
        "askedAt": _iso(row["askedAt"]),
        "askedBy": row["askedBy"],
        "endedAt": _iso(ended_at),
        "counts": dict(sorted((row.get("counts") or {}).items())),
        "crm": [{name: one.get(name) for name in ("connectionId", "adapter", "state")} for one in row.get("crm") or ()],
        "webhooks": [{name: one.get(name) for name in ("endpointId", "state")} for one in row.get("webhooks") or ()],
        "product": {"name": "trackerctl", "version": __version__},
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
