"""Drafts: what visitors typed into forms that ask for it, sealed, until they submit or consent (issue of record).

One document for each form of a visit holds the interactions, in the shape of stored events, sealed with the secrets of
the installation (`tracker.config.vault`). They become part of a lead when

* the same form is submitted in the same visit: all that was typed until then, or
* the visit's record says that its visitor consented.

Then they join as if they had come in clear, through the same facts and the same joiner; in their events they stay
stripped. A refusal deletes them, and so does ``expiresAt``. All of it happens in the transaction of the batch, so that
a delivery that is repeated leaves the same. Clients without such a form cost a look at their forms.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import bson
from bson.codec_options import CodecOptions
from pymongo import DeleteOne, ReplaceOne
from pymongo.asynchronous.client_session import AsyncClientSession

from tracker.config.records import ClientRecord
from tracker.config.vault import Vault
from tracker.pipeline.draft import Draft
from tracker.pipeline.recall import recall
from tracker.pipeline.sessions import SessionDelta, SessionKey, consents_of, submitted_forms
from tracker.privacy.consent import current
from tracker.privacy.documents import LeadDraft
from tracker.privacy.hashes import Hasher
from tracker.privacy.mentions import emails_in, phones_in, strings_in
from tracker.settings import Settings
from tracker.stores.documents import Database, either

MAX_EVENTS = 50
"""Interactions that a draft keeps, the latest; each form has a few dozen fields."""

Event = dict[str, Any]
EventKey = tuple[str, str]
_AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)


def open_draft(document: Mapping[str, Any], vault: Vault) -> dict[str, Any]:
    """What a stored draft holds.

    :returns: ``{events, fields}``: the interactions in the order of their times, in the shape of stored events; and the
        latest value of each field.
    :raises SettingsError: when none of the secrets opens it.
    """
    events = _opened(document["sealed"], vault)
    fields: dict[str, Any] = {}
    for event in events:
        fields |= (event["payload"].get("form") or {}).get("fields") or {}
    return {"events": events, "fields": fields}


@dataclass(slots=True)
class _Kept:
    """A draft in the hands of a batch."""

    client: ClientRecord
    form: str
    session_id: str
    test: bool
    events: dict[str, Event] = field(default_factory=dict)
    stored: dict[str, Any] | None = None
    changed: bool = False
    refused: bool = False

    @property
    def id(self) -> str:
        """Of its document."""
        return draft_id(self.client.client_id, self.session_id, self.form, test=self.test)

    def add(self, event: Event) -> None:
        """Take up an interaction; beyond the bound the earliest goes."""
        self.events[event["eventId"]] = event
        if len(self.events) > MAX_EVENTS:
            del self.events[min(self.events.values(), key=_order)["eventId"]]
        self.changed = True


@dataclass(slots=True)
class OpenDrafts:
    """The drafts that a batch adds to, promotes or deletes.

    :ivar promoted: interactions that join leads now.
    :ivar gone: ids of documents that a refusal deletes, opened or not.
    """

    kept: dict[str, _Kept] = field(default_factory=dict)
    promoted: list[Draft] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)


def draft_id(client_id: str, session_id: str, form: str, *, test: bool) -> str:
    """The id of a draft's document."""
    return sha256(bson.encode({"": [client_id, session_id, form, test]})).hexdigest()


class DraftKeeper:
    """Reads and writes the drafts of a batch, inside its transaction."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._rows = database[LeadDraft.Settings.name]
        self._settings = settings
        # Made when first needed: tests of other things run without secrets.
        self._tools: tuple[Vault, Hasher] | None = None

    async def open(
        self,
        drafts: Sequence[Draft],
        deltas: Mapping[SessionKey, SessionDelta],
        existing: Mapping[SessionKey, dict[str, Any]],
        session: AsyncClientSession | None,
    ) -> OpenDrafts | None:
        """What the batch does to drafts; ``None`` for nothing.

        :raises pymongo.errors.PyMongoError: when MongoDB is away.
        :raises SettingsError: when a draft was sealed with a secret that is gone.
        """
        clients = {draft.client.client_id: draft.client for draft in drafts}
        asking = {one: client for one, client in clients.items() if any(form.draft for form in client.forms)}
        if not asking:
            return None
        queries = _queries(drafts, deltas, asking)
        held = [draft for draft in drafts if draft.held is not None]
        if not queries and not held:
            return None
        opened = OpenDrafts()
        rows = await self._rows.find(either(queries), session=session).to_list() if queries else []
        refusing = {(draft.client.client_id, draft.denied_by) for draft in drafts if draft.denied_by}
        for row in rows:
            if (row["clientId"], row.get("visitorId")) in refusing:
                opened.gone.add(row["_id"])
            else:
                self._take(opened, row, asking[row["clientId"]])
        for draft in held:
            _kept_for(opened, draft).add(draft.held or {})
        for kept in opened.kept.values():
            key = (kept.client.client_id, kept.session_id)
            self._promote(opened, kept, existing.get(key), deltas.get(key))
        return opened

    def _take(self, opened: OpenDrafts, row: dict[str, Any], client: ClientRecord) -> None:
        events = {event["eventId"]: event for event in _opened(row["sealed"], self._vault)}
        opened.kept[row["_id"]] = _Kept(client, row["formId"], row["sessionId"], row["test"], events, row)

    def _promote(
        self, opened: OpenDrafts, kept: _Kept, existing: dict[str, Any] | None, delta: SessionDelta | None
    ) -> None:
        if delta is None:
            return
        record = consents_of(existing, delta)
        now = current(record)
        kept.refused = now is not None and now["state"] == "denied"
        if kept.refused:
            return
        consented = any(entry["state"] == "granted" for entry in record)
        submitted = submitted_forms(existing, delta).get((kept.form, kept.test))
        region = kept.client.settings.default_region or self._settings.default_region
        for event in kept.events.values():
            if consented or (submitted is not None and event["timestamp"] <= submitted):
                draft = recall(event, kept.client, region)
                if draft.lead is not None:
                    opened.promoted.append(draft)

    async def close(
        self, opened: OpenDrafts, lead_of: Mapping[EventKey, str], session: AsyncClientSession | None
    ) -> None:
        """Write what is left of them: interactions that joined a lead go.

        :param lead_of: leads by client and event.
        """
        writes: list[DeleteOne | ReplaceOne[dict[str, Any]]] = [DeleteOne({"_id": one}) for one in sorted(opened.gone)]
        for one, kept in opened.kept.items():
            left = [event for name, event in kept.events.items() if (kept.client.client_id, name) not in lead_of]
            if kept.refused or not left:
                writes += [DeleteOne({"_id": one})] if kept.stored else []
            elif kept.changed or len(left) < len(kept.events):
                writes.append(ReplaceOne({"_id": one}, self._document(kept, sorted(left, key=_order)), upsert=True))
        if writes:
            await self._rows.bulk_write(writes, ordered=False, session=session)

    def _document(self, kept: _Kept, events: Sequence[Event]) -> dict[str, Any]:
        region = kept.client.settings.default_region or self._settings.default_region
        began = min(event["createdAt"] for event in events)
        if kept.stored:
            began = min(began, kept.stored["createdAt"])
        return {
            "_id": kept.id,
            "clientId": kept.client.client_id,
            "formId": kept.form,
            "sessionId": kept.session_id,
            "visitorId": next((event["visitorId"] for event in events if event["visitorId"]), None),
            "test": kept.test,
            **self._hashes(events, region),
            "sealed": self._vault.seal(base64.b64encode(bson.encode({"events": list(events)})).decode("ascii")),
            "createdAt": began,
            "updatedAt": max(event["createdAt"] for event in events),
            # From the first word on: who goes on typing keeps nothing alive.
            "expiresAt": began + timedelta(days=self._settings.draft_days),
        }

    def _hashes(self, events: Sequence[Event], region: str) -> dict[str, list[str]]:
        texts = [text for event in events for text in strings_in([event["payload"], event["metadata"]])]
        hasher = self._hasher
        emails = sorted({email for text in texts for email in emails_in(text)})
        phones = sorted({phone for text in texts for phone in phones_in(text, region)})
        hashes = {
            "emailHash": [one for email in emails for one in hasher.all("email", email)],
            "phoneHash": [one for phone in phones for one in hasher.all("phone", phone)],
        }
        return {name: found for name, found in hashes.items() if found}

    @property
    def _vault(self) -> Vault:
        return self._made()[0]

    @property
    def _hasher(self) -> Hasher:
        return self._made()[1]

    def _made(self) -> tuple[Vault, Hasher]:
        if self._tools is None:
            self._tools = Vault(self._settings.secrets), Hasher(self._settings.secrets)
        return self._tools


def _queries(
    drafts: Iterable[Draft], deltas: Mapping[SessionKey, SessionDelta], asking: Mapping[str, ClientRecord]
) -> list[dict[str, Any]]:
    """Which stored drafts the batch is about."""
    ids: set[str] = set()
    sessions: dict[str, set[str]] = {}
    visitors: dict[str, set[str]] = {}
    for draft in drafts:
        if draft.held is not None:
            ids.add(_kept_of(draft).id)
        elif draft.denied_by and draft.client.client_id in asking:
            visitors.setdefault(draft.client.client_id, set()).add(draft.denied_by)
    for (client_id, session_id), delta in deltas.items():
        if client_id in asking:
            ids |= {draft_id(client_id, session_id, form, test=test) for form, test in delta.submitted}
            if delta.consents:
                sessions.setdefault(client_id, set()).add(session_id)
    queries: list[dict[str, Any]] = [{"_id": {"$in": sorted(ids)}}] if ids else []
    queries += [{"clientId": client, "sessionId": {"$in": sorted(some)}} for client, some in sessions.items()]
    return queries + [{"clientId": client, "visitorId": {"$in": sorted(some)}} for client, some in visitors.items()]


def _kept_of(draft: Draft) -> _Kept:
    assert draft.session_id is not None
    return _Kept(draft.client, draft.form.get("formId") or "", draft.session_id, draft.batch.test)


def _kept_for(opened: OpenDrafts, draft: Draft) -> _Kept:
    kept = _kept_of(draft)
    opened.gone.discard(kept.id)
    return opened.kept.setdefault(kept.id, kept)


def _opened(sealed: str, vault: Vault) -> list[Event]:
    events: list[Event] = bson.decode(base64.b64decode(vault.open(sealed)), _AWARE)["events"]
    return events


def _order(event: Event) -> tuple[datetime, str]:
    return event["timestamp"].astimezone(UTC), event["eventId"]
