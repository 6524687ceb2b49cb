"""Tells CRM accounts that a person's records must go, and notes what they answered.

What is due stands in the outbox of CRMs, so that any worker may do it; where none runs, the erasure does it itself.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.config.models import CrmConnection
from tracker.crm.sync.batch import bring
from tracker.crm.sync.open import open_account
from tracker.errors import NotFoundError, TrackerError
from tracker.privacy.erase.leads import held_accounts
from tracker.privacy.erase.work import COLLECTION, WaitingError, Work

_PAUSE = timedelta(seconds=15)


async def tell_crms(work: Work) -> None:
    """Have the records deleted, and note the answers.

    :raises WaitingError: when an account does not answer now; what is due stays due.
    """
    pending = await _pending(work)
    away: list[str] = []
    for connection_id in sorted({one["connectionId"] for one in pending}):
        own = [one for one in pending if one["connectionId"] == connection_id]
        try:
            await _tell(work, connection_id, own)
        except TrackerError as error:
            # Its detail may repeat what the CRM said.
            away.append(f"{own[0]['adapter'] or 'CRM'} account {connection_id} ({type(error).__name__})")
    await note_answers(work)
    if away:
        raise WaitingError(f"the {', the '.join(away)}", datetime.now(UTC) + _PAUSE)
    if await _pending(work):
        raise WaitingError("a worker to finish with a CRM account", datetime.now(UTC) + _PAUSE)


async def _pending(work: Work) -> list[dict[str, Any]]:
    row = await work.database[COLLECTION].find_one({"_id": work.id}, {"crm": 1}) or {}
    return [one for one in row.get("crm") or () if one["state"] == "pending"]


async def _tell(work: Work, connection_id: str, own: list[dict[str, Any]]) -> None:
    config, client_id = work.tools.config, own[0]["clientId"]
    try:
        connection: CrmConnection = await asyncio.to_thread(config.get_crm, connection_id)
        client = await asyncio.to_thread(config.client_record, client_id)
    except NotFoundError:
        client = None
    ids = [f"{connection_id}:{one['leadId']}" for one in own]
    if client is None:
        # Nobody has the key to this account any more: what is there must be deleted there.
        await _set_states(work, connection_id, [one["leadId"] for one in own], "no_connection")
        await work.remove("crm_due", {"_id": {"$in": ids}})
        return
    async with held_accounts(work, client_id, [connection_id]):
        rows = await work.database["crm_due"].find({"_id": {"$in": ids}, "task": "delete"}).to_list()
        if not rows:
            return
        timeout = work.tools.settings.crm_timeout_seconds
        account = await open_account(config, client, connection, timeout_seconds=timeout)
        try:
            most = account.adapter.capabilities.max_batch
            for start in range(0, len(rows), most):
                await bring(work.database, account, rows[start : start + most])
                await work.tools.reached("crm")
        finally:
            await account.adapter.close()


async def note_answers(work: Work) -> None:
    """Take over what is known of deletions that somebody else did."""
    for one in await _pending(work):
        key = {"clientId": one["clientId"], "leadId": one["leadId"], "connectionId": one["connectionId"]}
        rows = work.database["crm_attempts"].find({**key, "$or": [{"outcome": "deleted"}, {"code": "NOT_DELETED"}]})
        latest = await rows.sort("at", -1).limit(1).to_list()
        if latest:
            state = "deleted" if latest[0]["outcome"] == "deleted" else "refused"
            await _set_states(work, one["connectionId"], [one["leadId"]], state)


async def _set_states(work: Work, connection_id: str, lead_ids: list[str], state: str) -> None:
    await work.database[COLLECTION].update_one(
        {"_id": work.id},
        {"$set": {"crm.$[one].state": state}},
        array_filters=[{"one.connectionId": connection_id, "one.leadId": {"$in": lead_ids}}],
    )


async def note_deliveries(work: Work) -> None:
    """Note how far the webhooks' messages are; the erasure does not wait for them: they are sent without it."""
    row = await work.database[COLLECTION].find_one({"_id": work.id}, {"webhooks": 1}) or {}
    told = row.get("webhooks") or []
    ids = [one["deliveryId"] for one in told]
    rows = work.database["webhook_deliveries"].find({"_id": {"$in": ids}}, {"status": 1})
    states = {found["_id"]: found["status"] async for found in rows}
    changed = [{**one, "state": states.get(one["deliveryId"], one["state"])} for one in told]
    if changed != told:
        await work.update({"$set": {"webhooks": changed}})
