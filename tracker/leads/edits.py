"""What people do to a lead: change it, delete it, ask for it to be brought to the CRM.

A change by hand is a fact on the lead beside what its events say (`tracker.leads.overlay`). It is written as one
conditional update, so that neither it nor what a worker writes at that moment is lost. The audit log names the
attributes that changed, never their values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import DuplicateKeyError

from tracker.analytics import state
from tracker.analytics.aggregate import REACH
from tracker.analytics.changes import days_between, days_of_lead
from tracker.config.read import client_settings
from tracker.config.records import ClientRecord
from tracker.config.service import ConfigService
from tracker.crm.sync.outbox import deletions, due_updates, mark, stage
from tracker.errors import ConflictError, NotFoundError, StaleError
from tracker.leads.changes import LeadChange, has_listeners
from tracker.leads.documents import Lead
from tracker.leads.editable import checked_changes
from tracker.leads.merge import longer_history
from tracker.leads.overlay import lay, lift
from tracker.leads.phones import to_e164
from tracker.leads.service import find_lead
from tracker.stores.documents import all_or_nothing
from tracker.views import document_view
from tracker.webhooks.outbox import deliveries, forget_lead, lead_deliveries
from tracker.webhooks.outbox import stage as stage_deliveries
from tracker.webhooks.payloads import deletion

_ATTEMPTS = 20

Seen = Mapping[str, Any]


# ------------------------------------------------------------------------------------------------------------- change


async def update_lead(
    lead_id: str,
    changes: Mapping[str, Any],
    actor: str,
    *,
    config: ConfigService,
    expected: Seen | None = None,
) -> dict[str, Any]:
    """Set attributes of a lead by hand; they win over what its events say, now and later.

    :param lead_id: its id, or the beginning of it.
    :param changes: new values by name (:data:`tracker.leads.editable.EDITABLE`); ``None`` goes back to what the
        events say.
    :param actor: who does it, like ``cli:root``; kept on the lead and in the audit log.
    :param config: knows the client's region and keeps the audit log.
    :param expected: the lead's view as the caller saw it; ``None`` = whatever it is now.
    :returns: the lead's view, as :func:`tracker.leads.service.get_lead` gives it.
    :raises InvalidError: naming the value that cannot be used, without repeating it.
    :raises NotFoundError: :raises ConflictError: as ``get_lead`` does, or when workers write it all the time.
    :raises StaleError: when it is not as ``expected`` any more.
    """
    checked = checked_changes(changes)
    for _ in range(_ATTEMPTS):
        lead = await find_lead(lead_id)
        _same(lead, expected)
        wanted = await _with_number(checked, lead["clientId"], config)
        changed, names = _edited(lead, wanted, actor, datetime.now(UTC))
        if not names:
            return document_view(lead)
        # Before and after: one of the two is needed whichever of a crash and the sync comes in between.
        await _tell(lead, changed, config)
        if await _written(lead, changed, await _listeners(lead, config)):
            await _tell(lead, changed, config)
            target = ("lead", lead["leadId"])
            await asyncio.to_thread(
                config.record_change, "lead.update", target, lead["clientId"], after={"changed": names}, actor=actor
            )
            return await _view(lead)
    raise ConflictError("the lead is being changed all the time; try again")


async def request_sync(lead_id: str, actor: str, *, config: ConfigService) -> dict[str, Any]:
    """Ask for a lead to be brought to its client's CRM once more: ``syncRequestedAt`` stays on it until that is done.

    :returns: the lead's view.
    :raises NotFoundError: :raises ConflictError: as ``get_lead`` does; also for a lead that is marked as spam and whose
        client has not asked for such.
    """
    lead = await find_lead(lead_id)
    client = await asyncio.to_thread(config.client_record, lead["clientId"])
    if lead.get("spam") and not (client and client.settings.deliver_spam):
        why = ", ".join(lead.get("spamReasons") or ["by hand"])
        raise ConflictError(
            f"the lead is marked as spam ({why}) and goes to no CRM; "
            f"`trackerctl lead update {lead['leadId']} --not-spam` lets it through, now and later"
        )
    now = datetime.now(UTC)
    update = {"$set": {"syncRequestedAt": now}}
    found = await Lead.get_pymongo_collection().find_one_and_update(
        {"_id": lead["_id"]}, update, return_document=ReturnDocument.AFTER
    )
    if found is None:
        raise _gone()
    accounts = client.crm if client else ()
    due = [mark(one.connection_id, lead["clientId"], lead["leadId"], now, now, force=True) for one in accounts]
    await stage(Lead.get_pymongo_collection().database, due)
    await asyncio.to_thread(config.record_change, "lead.sync", ("lead", lead["leadId"]), lead["clientId"], actor=actor)
    return document_view(found)


async def _listeners(lead: Mapping[str, Any], config: ConfigService) -> ClientRecord | None:
    """The lead's client, if there is anybody to tell."""
    client = await asyncio.to_thread(config.client_record, lead["clientId"])
    return client if client is not None and has_listeners(client) else None


async def _tell(before: dict[str, Any], after: dict[str, Any], config: ConfigService) -> None:
    """Note the change for the CRM accounts of the client."""
    client = await _listeners(before, config)
    if client is not None:
        due = due_updates([LeadChange(before, after, client)], datetime.now(UTC))
        await stage(Lead.get_pymongo_collection().database, due)


def _edited(
    lead: dict[str, Any], changes: Mapping[str, dict[str, Any] | None], actor: str, now: datetime
) -> tuple[dict[str, Any], list[str]]:
    """The lead with the changes, and the names of those that change anything."""
    edits = lead.get("edits") or {}
    names = [name for name, edit in changes.items() if _bare(edits.get(name)) != edit]
    after = deepcopy(lead)
    if not names:
        return after, names
    lift(after)
    kept = {name: edit for name, edit in edits.items() if name not in names}
    kept |= {name: {**edit, "at": now, "by": actor} for name in names if (edit := changes[name]) is not None}
    after["edits"] = kept
    if not kept:
        del after["edits"]
    lay(after)
    if after.get("email") != lead.get("email"):
        _take_place(after)
    after["updatedAt"] = max(now, lead["updatedAt"])
    entry = {"at": now, "decision": "edited", "reason": f"by {actor}", "status": after["status"], "changed": names}
    after["history"] = longer_history(lead.get("history") or [], entry)
    return after, names


async def _with_number(
    changes: dict[str, dict[str, Any] | None], client_id: str, config: ConfigService
) -> dict[str, dict[str, Any] | None]:
    """The same, with a phone number in E.164 beside it where it can be read."""
    phone = changes.get("phone")
    if phone is None:
        return changes
    region = config.default_region
    try:
        client = await asyncio.to_thread(config.get_client, client_id)
        region = client_settings(client.settings).default_region or region
    except NotFoundError:
        pass  # the lead has outlived its client
    return {**changes, "phone": {**phone, "e164": to_e164(phone["value"], region)}}


def _bare(edit: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if edit is None else {name: value for name, value in edit.items() if name not in ("at", "by")}


def _take_place(lead: dict[str, Any]) -> None:
    """Of an e-mail one lead is current, which new events join: this one, unless there is one already."""
    if lead.get("email"):
        lead["current"] = True
    else:
        lead.pop("current", None)


async def _written(before: dict[str, Any], after: dict[str, Any], client: ClientRecord | None) -> bool:
    """Store what differs, if nobody has changed the lead meanwhile: each event it takes up is a line of its history.

    :param client: whose webhooks are told, in the same transaction.
    """
    differ = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    differ += [name for name in before if name not in after and name not in differ]
    condition: dict[str, Any] = {"_id": before["_id"]}
    for name in {*differ, "history"}:
        condition[name] = {"$eq": before[name]} if name in before else {"$exists": False}
    update: dict[str, Any] = {"$set": {name: after[name] for name in differ if name in after}}
    if gone := {name: "" for name in differ if name not in after}:
        update["$unset"] = gone
    leads = Lead.get_pymongo_collection()
    told = lead_deliveries([LeadChange(before, after, client)], datetime.now(UTC)) if client else []

    async def write(session: AsyncClientSession | None) -> bool:
        matched = bool((await leads.update_one(condition, update, session=session)).matched_count)
        if matched:
            await stage_deliveries(leads.database, told, session)
        return matched

    try:
        return await (all_or_nothing(leads.database, write) if told else write(None))
    except DuplicateKeyError:
        # Another lead of the new address is the current one, and stays it.
        without = {name: value for name, value in after.items() if name != "current"}
        return await _written(before, without, client)


async def _view(lead: Mapping[str, Any]) -> dict[str, Any]:
    found = await Lead.get_pymongo_collection().find_one({"_id": lead["_id"]})
    if found is None:
        raise _gone()
    return document_view(found)


def _same(lead: dict[str, Any], expected: Seen | None) -> None:
    if expected is not None and document_view(lead) != expected:
        raise StaleError("the lead has changed since you read it; read it again and repeat your change")


def _gone() -> NotFoundError:
    return NotFoundError("the lead was deleted meanwhile; `trackerctl lead list` shows those that there are")


# ------------------------------------------------------------------------------------------------------------- delete


async def delete_lead(
    lead_id: str, actor: str, *, config: ConfigService, expected: Seen | None = None
) -> dict[str, Any]:
    """Delete a lead with its events (technical design §2.3 no. 5). Figures of the days it touches are recomputed soon.

    May be repeated after a failure: the lead itself goes last.

    :returns: ``{leadId, clientId, events, sessions, days}``: how many events were deleted, sessions knew the lead
        and days are recomputed.
    :raises NotFoundError: :raises ConflictError: as ``get_lead`` does.
    :raises StaleError: when it is not as ``expected`` any more.
    """
    lead = await find_lead(lead_id)
    _same(lead, expected)
    client_id, own = lead["clientId"], {"clientId": lead["clientId"], "leadId": lead["leadId"]}
    database = Lead.get_pymongo_collection().database
    # Before anything is gone: an entry too many is better than a deletion that nobody knows of.
    await asyncio.to_thread(config.record_change, "lead.delete", ("lead", lead["leadId"]), client_id, actor=actor)
    days = await _days(lead)
    await state.mark(client_id, days)
    await stage(database, deletions(lead, datetime.now(UTC)))
    events = (await database["events"].delete_many(own)).deleted_count
    sessions = await database["sessions"].update_many(
        {"clientId": client_id, "leads.leadId": lead["leadId"]}, {"$pull": {"leads": {"leadId": lead["leadId"]}}}
    )
    await _gone_for_good(lead, await _listeners(lead, config))
    # What a worker gave to the lead in between.
    events += (await database["events"].delete_many(own)).deleted_count
    # Again: a rebuild may have seen the days before the events were gone.
    await state.mark(client_id, days)
    counts = {"events": events, "sessions": sessions.modified_count, "days": len(days)}
    return {"leadId": lead["leadId"], "clientId": client_id, **counts}


async def _gone_for_good(lead: dict[str, Any], client: ClientRecord | None) -> None:
    """Delete the lead's document and what waits to tell of it, and tell that it is gone."""
    now = datetime.now(UTC)
    told = deliveries(deletion(lead, now), client, now) if client else []

    async def write(session: AsyncClientSession | None) -> None:
        leads = Lead.get_pymongo_collection()
        await forget_lead(leads.database, lead["clientId"], lead["leadId"], session)
        if (await leads.delete_one({"_id": lead["_id"]}, session=session)).deleted_count:
            await stage_deliveries(leads.database, told, session)

    await all_or_nothing(Lead.get_pymongo_collection().database, write)


async def count_events(lead: Mapping[str, Any]) -> int:
    """How many events a lead has, that would be deleted with it.

    :param lead: its view or document.
    """
    own = {"clientId": lead["clientId"], "leadId": lead["leadId"]}
    return await Lead.get_pymongo_collection().database["events"].count_documents(own)


async def _days(lead: Mapping[str, Any]) -> set[date]:
    """The days whose figures a lead and its events are part of."""
    days = set(days_of_lead(lead["createdAt"]))
    own = {"clientId": lead["clientId"], "leadId": lead["leadId"]}
    events = Lead.get_pymongo_collection().database["events"]
    async for event in events.find(own, {"_id": 0, "timestamp": 1}):
        # An attempt at a form shows in the day before or after as well, where it began or goes on there.
        days.update(days_between((event["timestamp"] - REACH).date(), (event["timestamp"] + REACH).date()))
    return days
