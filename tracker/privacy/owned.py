"""Which leads are a person's, and which visitors and visits are theirs alone (`tracker.privacy.locate`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tracker.privacy.subject import Found, Key, Subject
from tracker.stores.documents import Database

_AT_ONCE = 1_000
_LEAD = dict.fromkeys(("_id", "clientId", "leadId", "email", "visitorId", "sessionId"), 1)


def parts(ids: Iterable[str]) -> list[list[str]]:
    """In lists that are short enough for a query."""
    whole = sorted(ids)
    return [whole[start : start + _AT_ONCE] for start in range(0, len(whole), _AT_ONCE)]


async def locate_owned(database: Database, subject: Subject, known: Iterable[Key] = ()) -> Found:
    """The leads, and which visitors and visits are theirs alone; no events yet.

    :param known: visits in which they were seen, whatever is stored.
    """
    found = Found()
    seen: set[Key] = set()
    visits: set[Key] = set(known)
    wanted = await _leads_by_address(database, subject)
    wanted += await _leads_by_visitor(database, subject, {(lead["clientId"], lead["leadId"]) for lead in wanted})
    for lead in wanted:
        found.leads.setdefault(lead["clientId"], set()).add(lead["leadId"])
        if lead.get("visitorId"):
            seen.add((lead["clientId"], lead["visitorId"]))
        if lead.get("sessionId"):
            visits.add((lead["clientId"], lead["sessionId"]))
    for client, ids in found.leads.items():
        for some in parts(ids):
            own = {"clientId": client, "leadId": {"$in": some}}
            async for event in database["events"].find(own, {"_id": 0, "visitorId": 1, "sessionId": 1}):
                seen |= {(client, event["visitorId"])} if event.get("visitorId") else set()
                visits |= {(client, event["sessionId"])} if event.get("sessionId") else set()
            in_visit = {"clientId": client, "leads.leadId": {"$in": some}}
            async for visit in database["sessions"].find(in_visit, {"_id": 0, "sessionId": 1}):
                visits.add((client, visit["sessionId"]))
    # Who asks for a visitor by its id says whose it is; what belongs to another lead stays all the same.
    asked = await _asked_visitors(database, subject)
    others = await _with_others(database, "visitorId", seen | asked, found)
    found.visitors, found.shared_visitors = (seen | asked) - others, (seen | asked) & others
    for client, visitor in found.visitors:
        own = {"clientId": client, "visitorId": visitor}
        visits |= {(client, row["sessionId"]) async for row in database["sessions"].find(own, {"sessionId": 1})}
    strangers = await _with_others(database, "sessionId", visits, found)
    found.sessions, found.shared_sessions = visits - strangers, visits & strangers
    return found


async def _leads_by_address(database: Database, subject: Subject) -> list[dict[str, Any]]:
    client = subject.client_query
    queries: list[dict[str, Any]] = []
    if subject.emails:
        emails = {"$in": sorted(subject.emails)}
        queries += [{"email": emails}, {"said.email": emails}, {"edits.email.value": emails}]
    if subject.phones:
        phones = {"$in": sorted(subject.phones)}
        queries += [{"phoneE164": phones}, {"said.phoneE164": phones}, {"edits.phone.e164": phones}]
    if subject.leads:
        queries.append({"leadId": {"$in": sorted(subject.leads)}})
    rows: dict[Any, dict[str, Any]] = {}
    for query in queries:
        async for lead in database["leads"].find({**client, **query}, _LEAD):
            rows[lead["_id"]] = lead
    return list(rows.values())


async def _leads_by_visitor(database: Database, subject: Subject, known: set[Key]) -> list[dict[str, Any]]:
    """Leads that were only ever seen in a browser that was asked for, where nobody else was."""
    if not subject.visitors:
        return []
    ids = {"$in": sorted(subject.visitors)}
    pairs: set[Key] = set()
    async for event in database["events"].find(
        {**subject.client_query, "visitorId": ids, "leadId": {"$exists": True}}, {"clientId": 1, "leadId": 1}
    ):
        pairs.add((event["clientId"], event["leadId"]))
    async for lead in database["leads"].find({**subject.client_query, "visitorId": ids}, _LEAD):
        pairs.add((lead["clientId"], lead["leadId"]))
    candidates: dict[str, list[dict[str, Any]]] = defaultdict(list)
    emails: dict[str, set[str]] = defaultdict(set)
    for client, lead_id in sorted(pairs):
        row = await database["leads"].find_one({"clientId": client, "leadId": lead_id}, _LEAD)
        if row is None:
            continue
        emails[client] |= {row["email"]} if row.get("email") else set()
        elsewhere = {"clientId": client, "leadId": lead_id, "visitorId": {"$nin": [None, *sorted(subject.visitors)]}}
        if (client, lead_id) not in known and not await database["events"].find_one(elsewhere, {"_id": 1}):
            candidates[client].append(row)
    # Of several persons in one browser nobody can say whose a lead is that has no address.
    return [lead for client, leads in candidates.items() if len(emails[client]) <= 1 for lead in leads]


async def _asked_visitors(database: Database, subject: Subject) -> set[Key]:
    if not subject.visitors:
        return set()
    if subject.client_id:
        return {(subject.client_id, visitor) for visitor in subject.visitors}
    found: set[Key] = set()
    for name in ("events", "sessions", "leads"):
        for visitor in subject.visitors:
            clients = await database[name].distinct("clientId", {"visitorId": visitor})
            found |= {(client, visitor) for client in clients}
    return found


async def _with_others(database: Database, name: str, keys: set[Key], found: Found) -> set[Key]:
    """Of these visitors (or visits) those in which a lead of somebody else was seen."""
    shared: set[Key] = set()
    by_client: dict[str, set[str]] = defaultdict(set)
    for client, one in keys:
        by_client[client].add(one)
    for client, ids in by_client.items():
        mine = sorted(found.leads.get(client, ()))
        for some in parts(ids):
            own = {"clientId": client, name: {"$in": some}}
            for collection, query in (
                ("events", {**own, "leadId": {"$exists": True, "$nin": mine}}),
                ("leads", {**own, "leadId": {"$nin": mine}}),
                ("sessions", {**own, "leads": {"$elemMatch": {"leadId": {"$nin": mine}}}}),
            ):
                shared |= {(client, one) for one in await database[collection].distinct(name, query)}
    return shared
