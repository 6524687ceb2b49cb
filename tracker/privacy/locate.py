"""Finds what is held of one person: leads, browsers and visits that are theirs alone, and every place that names them.

Whose is what:

* A lead is the person's when its address is theirs: now, or before somebody changed it by hand.
* A visitor (a browser) or a visit is *exclusively* the person's when no lead of anybody else was ever seen in it.
* An event is the person's when it belongs to such a lead, visitor or visit; or when it holds the address anywhere and
  belongs to nobody else. An event, a visit or a lead of somebody else that holds it is a *mention*.
* A visitor who was asked for by its id takes along the leads that were only ever seen there, unless there are several
  e-mail addresses among them: then whose they are cannot be told, and they stay.

Where no index serves, documents are read as raw BSON in pages (`tracker.privacy.scan`), so that memory is bounded.
Nothing is changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

from tracker.deadletters.places import Place
from tracker.deadletters.select import Filter, pages
from tracker.privacy.hashes import Hasher
from tracker.privacy.needles import Needles
from tracker.privacy.owned import locate_owned, parts
from tracker.privacy.raw_event import holds_other, ids_of
from tracker.privacy.scan import scan
from tracker.privacy.subject import Found, Key, Subject, subject_of
from tracker.stores.documents import Database, either

__all__ = [
    "DRAFTS", "Found", "Key", "Subject", "deliveries", "draft_queries", "event_queries", "is_subjects", "letters",
    "locate", "locate_owned", "subject_of",
]  # fmt: skip

DRAFTS = "lead_drafts"


async def locate(
    database: Database, subject: Subject, *, hasher: Hasher | None = None, places: Sequence[Place] = ()
) -> Found:
    """Find it.

    :param hasher: finds drafts, which are sealed and known by the hash of their address; ``None`` = by visitor only.
    :param places: where dead letters are; none are looked for without.
    :raises pymongo.errors.PyMongoError: :raises redis.exceptions.RedisError: when a store is away.
    """
    found = await locate_owned(database, subject)
    needles = subject.needles
    for query in event_queries(found):
        async for row in database["events"].find(query, {"_id": 0, "clientId": 1, "eventId": 1}):
            found.events.add((row["clientId"], row["eventId"]))
    async for row in scan(database["events"], needles, subject.client_query):
        if found.is_of_another(row):
            found.mentions.add(("events", row["_id"]))
        else:
            found.events.add((row["clientId"], row["eventId"]))
    for name, id_name, own in (("sessions", "sessionId", found.sessions), ("leads", "leadId", found.lead_keys)):
        async for row in scan(database[name], needles, subject.client_query):
            if (row["clientId"], row[id_name]) not in own:
                found.mentions.add((name, row["_id"]))
    await _locate_elsewhere(database, subject, found, hasher, places)
    return found


async def _locate_elsewhere(
    database: Database, subject: Subject, found: Found, hasher: Hasher | None, places: Sequence[Place]
) -> None:
    async for row in deliveries(database, subject, found):
        found.deliveries.add(row["_id"])
    for query in draft_queries(subject, found, hasher):
        found.drafts.update([row["_id"] async for row in database[DRAFTS].find(query, {"_id": 1})])
    for place in places:
        async for entry_id in letters(place, subject, found):
            found.letters.add(entry_id)


def event_queries(found: Found) -> list[dict[str, Any]]:
    """Which events are the subject's by whose they are, in bounded queries; never one of another lead."""
    queries: list[dict[str, Any]] = []
    for client, leads in found.leads.items():
        queries += [{"clientId": client, "leadId": {"$in": some}} for some in parts(leads)]
    for name, keys in (("visitorId", found.visitors), ("sessionId", found.sessions)):
        by_client: dict[str, set[str]] = defaultdict(set)
        for client, one in keys:
            by_client[client].add(one)
        for client, ids in by_client.items():
            mine = {"leadId": {"$in": [None, *sorted(found.leads.get(client, ()))]}}
            queries += [{"clientId": client, name: {"$in": some}, **mine} for some in parts(ids)]
    return queries


def draft_queries(subject: Subject, found: Found, hasher: Hasher | None) -> list[dict[str, Any]]:
    """Which drafts are the subject's."""
    client = subject.client_query
    queries: list[dict[str, Any]] = []
    if hasher is not None:
        emails = [one for email in sorted(subject.emails) for one in hasher.all("email", email)]
        phones = [one for phone in sorted(subject.phones) for one in hasher.all("phone", phone)]
        queries += [{**client, "emailHash": {"$in": emails}}] if emails else []
        queries += [{**client, "phoneHash": {"$in": phones}}] if phones else []
    for name, keys in (("visitorId", found.visitors), ("sessionId", found.sessions)):
        queries += [{"clientId": client_id, name: one} for client_id, one in sorted(keys)]
    return queries


async def deliveries(database: Database, subject: Subject, found: Found) -> AsyncIterator[dict[str, Any]]:
    """Webhook messages about the subject's leads, or that hold an address: ``{_id, clientId, leadId, endpointId}``."""
    rows, seen = database["webhook_deliveries"], set()
    ids = {one for _, one in (*found.visitors, *found.sessions)}
    needles = Needles(subject.emails, subject.phones, ids)
    names = dict.fromkeys(("clientId", "leadId", "endpointId", "eventType"), 1)
    own = [
        {"clientId": client, "leadId": {"$in": some}} for client, leads in found.leads.items() for some in parts(leads)
    ]
    if own:
        async for row in rows.find({**either(own), "eventType": {"$ne": "lead.deleted"}}, names):
            seen.add(row["_id"])
            yield row
    async for row in scan(rows, needles, subject.client_query):
        if row["_id"] not in seen and not found.is_of_another(row):
            yield {name: row.get(name) for name in ("_id", *names)}


async def letters(place: Place, subject: Subject, found: Found) -> AsyncIterator[str]:
    """Ids of dead letters and unreadable jobs on one server that are the subject's."""
    async for page in pages(place, Filter()):
        for entry in page.entries:
            batch = entry.letter.batch if entry.letter else None
            if batch is None:
                if subject.needles.maybe_in(entry.data):
                    yield entry.id
            elif is_subjects(subject, subject.needles, found, batch.client_id, batch.events[0].data):
                yield entry.id


def is_subjects(subject: Subject, needles: Needles, found: Found, client_id: str, data: bytes) -> bool:
    """Whether an event as it was sent is the subject's: it holds an address; or it is of a visitor or visit that is
    theirs alone, and holds nobody else's address.

    :param data: the event's JSON.
    """
    if subject.client_id not in (None, client_id):
        return False
    if needles.in_value(data):
        return True
    visitor, session = ids_of(data)
    is_own = (client_id, visitor) in found.visitors or (client_id, session) in found.sessions
    return is_own and not holds_other(data)
