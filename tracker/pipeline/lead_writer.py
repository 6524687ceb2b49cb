"""Writes the leads of a batch, inside its transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.crm.sync.outbox import due_updates, stage
from tracker.leads.changes import changes, copies
from tracker.leads.facts import LeadFacts
from tracker.leads.join import Joined, Joiner, Windows
from tracker.leads.merge import retouch
from tracker.leads.visits import Visit
from tracker.pipeline.draft import Draft
from tracker.pipeline.people import WAITING_TYPES
from tracker.pipeline.recall import FIELDS, recall
from tracker.pipeline.sessions import SessionDelta, SessionKey, consents_of, lands_earlier, visit_of
from tracker.privacy.consent import take_up
from tracker.privacy.drafts import DraftKeeper
from tracker.stores.documents import AsyncCollection, either
from tracker.webhooks.outbox import lead_deliveries
from tracker.webhooks.outbox import stage as stage_deliveries


class LeadWriter:
    """Reads what the batch's events may join, decides, writes."""

    def __init__(self, leads: AsyncCollection, events: AsyncCollection, windows: Windows, drafts: DraftKeeper) -> None:
        self._leads = leads
        self._events = events
        self._windows = windows
        self._drafts = drafts

    async def write(
        self,
        drafts: Sequence[Draft],
        deltas: Mapping[SessionKey, SessionDelta],
        existing: Mapping[SessionKey, dict[str, Any]],
        session: AsyncClientSession | None,
    ) -> list[Draft]:
        """Give each draft its ``lead_id``, write the leads, and note in the deltas what the sessions must remember.

        :returns: stored events that had waited for their lead and have it now.
        """
        late = {key for key in deltas if key in existing and lands_earlier(existing[key], deltas[key])}
        late = {key for key in late if existing[key].get("leads")}
        said = {key for key, delta in deltas.items() if delta.consents and existing.get(key, {}).get("leads")}
        with_lead = [draft for draft in drafts if draft.lead]
        opened = await self._drafts.open(drafts, deltas, existing, session)
        denials = [draft for draft in drafts if draft.denied_by]
        if not with_lead and not late and not said and not opened and not denials:
            return []
        recalled = await self._recall(with_lead, existing, session)
        promoted = opened.promoted if opened else []
        facts = _facts([*with_lead, *recalled, *promoted], deltas, existing)
        visits = {key: Visit(existing.get(key, {}).get("leads") or ()) for key in _sessions(facts)}
        stored = await self._stored(facts, visits, [existing[key] for key in late | said], session, _deniers(denials))
        clients = {draft.client.client_id: draft.client for draft in drafts}
        before = copies(stored, clients)
        joined = Joiner(stored, visits, self._windows).join(facts)
        _retouch(stored, late, deltas, existing, joined)
        _consent(stored, said, denials, deltas, existing, joined)
        for draft in drafts:
            if draft.lead or draft.held:
                draft.lead_id = joined.lead_of.get(draft.key)
        _note_in_sessions(visits, with_lead, recalled, deltas, joined)
        told = changes(before, [*joined.touched.values(), *joined.begun.values()], clients)
        due = due_updates(told, datetime.now(UTC))
        await self._save(joined, session)
        if opened:
            await self._drafts.close(opened, joined.lead_of, session)
        await stage(self._leads.database, due, session)
        await stage_deliveries(self._leads.database, lead_deliveries(told, datetime.now(UTC)), session)
        recalled = [draft for draft in recalled if draft.key in joined.lead_of]
        await self._name_lead([*recalled, *(one for one in promoted if one.key in joined.lead_of)], joined, session)
        return recalled

    async def _recall(
        self, drafts: Sequence[Draft], existing: Mapping[SessionKey, dict[str, Any]], session: AsyncClientSession | None
    ) -> list[Draft]:
        """Stored events that waited for a lead, of the forms that find theirs now."""
        waiting = {
            (draft.client.client_id, draft.session_id or ""): draft
            for draft in drafts
            if draft.lead
            and draft.lead.reachable
            and existing.get((draft.client.client_id, draft.session_id or ""), {}).get("waiting")
        }
        if not waiting:
            return []
        query = either(
            [
                {
                    "clientId": client_id,
                    "sessionId": session_id,
                    "eventType": {"$in": list(WAITING_TYPES)},
                    # One that an `identify` was given waits on: the form may be somebody else's.
                    "$or": [{"leadId": {"$exists": False}}, {"attachedBy": {"$exists": True}}],
                }
                for client_id, session_id in waiting
            ]
        )
        found = await self._events.find(query, FIELDS, session=session).to_list()
        recalled = [
            recall(row, (draft := waiting[row["clientId"], row["sessionId"]]).client, draft.region) for row in found
        ]
        return [draft for draft in recalled if draft.lead]

    async def _stored(
        self,
        facts: Sequence[LeadFacts],
        visits: Mapping[SessionKey, Visit],
        late: Sequence[dict[str, Any]],
        session: AsyncClientSession | None,
        more: Sequence[dict[str, Any]] = (),
    ) -> list[dict[str, Any]]:
        queries = [*_by_email(facts), *_by_id(facts, visits, late), *more]
        if not queries:
            return []
        found = await self._leads.find(either(queries), session=session).to_list()
        return list({lead["leadId"]: lead for lead in found}.values())

    async def _save(self, joined: Joined, session: AsyncClientSession | None) -> None:
        if joined.retired:
            # The place of the e-mail's current lead must be free before the next one takes it.
            await self._leads.update_many(
                {"_id": {"$in": [lead["_id"] for lead in joined.retired.values()]}},
                {"$unset": {"current": ""}},
                session=session,
            )
        if joined.touched:
            await self._leads.bulk_write(
                [ReplaceOne({"_id": lead["_id"]}, lead) for lead in joined.touched.values()],
                ordered=False,
                session=session,
            )
        if joined.begun:
            await self._leads.insert_many(list(joined.begun.values()), session=session)

    async def _name_lead(self, recalled: Sequence[Draft], joined: Joined, session: AsyncClientSession | None) -> None:
        updates = [
            UpdateOne(
                {"clientId": draft.client.client_id, "eventId": draft.queued.event_id},
                {"$set": {"leadId": joined.lead_of[draft.key]}, "$unset": {"attachedBy": ""}},
            )
            for draft in recalled
        ]
        if updates:
            await self._events.bulk_write(updates, ordered=False, session=session)


def _facts(
    drafts: Iterable[Draft],
    deltas: Mapping[SessionKey, SessionDelta],
    existing: Mapping[SessionKey, dict[str, Any]],
) -> list[LeadFacts]:
    facts = []
    for draft in drafts:
        assert draft.lead is not None
        if draft.session_id:
            key = (draft.client.client_id, draft.session_id)
            draft.lead.visit = visit_of(existing.get(key), deltas[key])
            draft.lead.visit_consents = consents_of(existing.get(key), deltas[key])
        facts.append(draft.lead)
    return facts


def _sessions(facts: Iterable[LeadFacts]) -> set[SessionKey]:
    return {(each.client_id, each.session_id) for each in facts if each.session_id}


def _by_email(facts: Iterable[LeadFacts]) -> list[dict[str, Any]]:
    emails: dict[tuple[str, bool], set[str]] = {}
    for each in facts:
        if each.email:
            emails.setdefault((each.client_id, each.test), set()).add(each.email)
    return [
        {"clientId": client, "test": test, "email": {"$in": sorted(found)}, "current": True}
        for (client, test), found in emails.items()
    ]


def _by_id(
    facts: Iterable[LeadFacts], visits: Mapping[SessionKey, Visit], late: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Leads that events without an e-mail may join, that may get their e-mail now, or whose visit began earlier."""
    wanted: dict[str, set[str]] = {}
    for each in facts:
        visit = visits.get((each.client_id, each.session_id or ""))
        for entry in visit.entries if visit else ():
            if entry["form"] == each.form and (not each.email or not entry["named"]):
                wanted.setdefault(each.client_id, set()).add(entry["leadId"])
    for row in late:
        wanted.setdefault(row["clientId"], set()).update(entry["leadId"] for entry in row["leads"])
    return [{"clientId": client, "leadId": {"$in": sorted(found)}} for client, found in wanted.items()]


def _retouch(
    stored: Iterable[dict[str, Any]],
    late: Iterable[SessionKey],
    deltas: Mapping[SessionKey, SessionDelta],
    existing: Mapping[SessionKey, dict[str, Any]],
    joined: Joined,
) -> None:
    by_id = {lead["leadId"]: lead for lead in stored}
    for key in late:
        landed = deltas[key].landed
        assert landed is not None
        for entry in existing[key]["leads"]:
            lead = by_id.get(entry["leadId"])
            if lead is not None and retouch(lead, key[1], landed.timestamp, landed.touch):
                joined.touched[lead["leadId"]] = lead


def _deniers(denials: Iterable[Draft]) -> list[dict[str, Any]]:
    """Leads of the visitors who withdraw their consent, in whichever visit it was given."""
    visitors: dict[tuple[str, bool], set[str]] = {}
    for draft in denials:
        visitors.setdefault((draft.client.client_id, draft.batch.test), set()).add(draft.denied_by or "")
    return [
        {"clientId": client, "visitorId": {"$in": sorted(some)}, "test": test}
        for (client, test), some in visitors.items()
    ]


def _consent(
    stored: Iterable[dict[str, Any]],
    said: Iterable[SessionKey],
    denials: Iterable[Draft],
    deltas: Mapping[SessionKey, SessionDelta],
    existing: Mapping[SessionKey, dict[str, Any]],
    joined: Joined,
) -> None:
    """What visits say of consent, for their leads that none of these events joins; and what visitors take back."""
    by_id = {lead["leadId"]: lead for lead in stored}
    for key in said:
        record = consents_of(existing[key], deltas[key])
        for entry in existing[key]["leads"]:
            lead = by_id.get(entry["leadId"])
            if lead is not None and take_up(lead, record):
                joined.touched[lead["leadId"]] = lead
    for draft in denials:
        assert draft.consent is not None
        whose = (draft.client.client_id, draft.batch.test, draft.denied_by)
        for lead in by_id.values():
            if (lead["clientId"], lead["test"], lead.get("visitorId")) == whose and take_up(
                lead, [draft.consent.entry(draft.timestamp, "decision")]
            ):
                joined.touched[lead["leadId"]] = lead


def _note_in_sessions(
    visits: Mapping[SessionKey, Visit],
    drafts: Iterable[Draft],
    recalled: Iterable[Draft],
    deltas: Mapping[SessionKey, SessionDelta],
    joined: Joined,
) -> None:
    for key, visit in visits.items():
        if visit.changed:
            deltas[key].leads = visit.entries
    for draft in drafts:
        if draft.session_id and draft.key not in joined.lead_of:
            deltas[draft.client.client_id, draft.session_id].waiting += 1
    for draft in recalled:
        if draft.session_id and draft.key in joined.lead_of:
            deltas[draft.client.client_id, draft.session_id].waiting -= 1
