"""The adapter for HubSpot, over its CRM API v3 with the token of a private app (or a service key)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self
from urllib.parse import quote

import httpx

from tracker.crm import options
from tracker.crm.base import (
    AccountInfo,
    Capabilities,
    CredentialsError,
    DefaultMapping,
    Entity,
    Existing,
    Record,
    RefusedError,
    Result,
    Usage,
    Value,
)
from tracker.crm.http_client import Answer, HttpClient, retry_after
from tracker.crm.hubspot_answers import property_value, read_field, record_error
from tracker.crm.hubspot_batches import MAX_INPUTS, Batches, key_of, refuse_object
from tracker.crm.isolate import in_halves
from tracker.errors import InvalidError

BASE_URL = "https://api.hubapi.com"

_DAY_SECONDS = 24 * 3600.0
# The rolling limit is one of ten seconds; the day's ends at midnight in the account's time zone, which no answer tells.
_BURST_SECONDS = 10.0
_CALLS_NEARLY_SPENT = 0.8
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_OBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")

_OPTIONS = {
    "access_token": options.Option("of a private app with the scopes crm.objects.contacts.read and .write, "
                                   "crm.schemas.contacts.read", required=True, secret=True),
    "entity": options.Option("what leads become where a mapping names nothing; contacts by default"),
    "unique_property": options.Option("name of a property with unique values, which is to hold the lead's id"),
    "reserve": options.Option("share of the day's calls that is left to others, such as 0.5; 0.2 by default", float),
    "base_url": options.Option("another host than api.hubapi.com, https://…"),
    "allow_private": options.Option("base_url may be at a private or loopback address", bool),
}  # fmt: skip
_DEFAULTS = (
    DefaultMapping("email", "email"),
    DefaultMapping("firstName", "firstname"),
    DefaultMapping("lastName", "lastname"),
    DefaultMapping("phone", "phone"),
    DefaultMapping("company", "company"),
    DefaultMapping("message", "message"),
)


class HubSpot:
    """One account of HubSpot.

    Contacts are told by their e-mail address, others by ``unique_property``. A lead with neither is found again only by
    the id that HubSpot gave it.
    """

    kind: ClassVar[str] = "hubspot"
    title: ClassVar[str] = "HubSpot"
    capabilities = Capabilities(max_batch=MAX_INPUTS)

    def __init__(self, access_token: str, settings: Mapping[str, Any], timeout_seconds: float) -> None:
        self._client = HttpClient(
            self.title,
            headers={"Authorization": f"Bearer {access_token}"},
            timeout_seconds=timeout_seconds,
            public_only=settings.get("base_url") is not None and settings.get("allow_private") is not True,
            wait=_wait,
            heard=self._note,
        )
        self._base = str(settings.get("base_url") or BASE_URL).rstrip("/")
        self._entity = str(settings.get("entity") or "contacts")
        self._unique = str(settings["unique_property"]).lower() if settings.get("unique_property") else None
        self._usage: Usage | None = None
        self.capabilities = Capabilities(max_batch=MAX_INPUTS, idempotent=self._unique is not None)

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """See `CrmAdapter.split`."""
        credentials, settings = options.split(cls.title, _OPTIONS, document)
        _check(settings)
        return credentials, settings

    @classmethod
    def open(
        cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30.0
    ) -> Self:
        """See `CrmAdapter.open`.

        :raises InvalidError: when credentials or settings are of no use; they may have come another way than by
            ``crm connect``.
        """
        credentials, settings = cls.split(options.known(_OPTIONS, settings, credentials))
        return cls(credentials["access_token"], settings, timeout_seconds)

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        """See `CrmAdapter.defaults`; those of contacts."""
        return _DEFAULTS if entity == "contacts" else ()

    @property
    def default_entity(self) -> str:
        """See `CrmAdapter.default_entity`."""
        return self._entity

    @property
    def usage(self) -> Usage | None:
        """See `CrmAdapter.usage`; all private apps of the account share the day's calls."""
        return self._usage

    async def check(self) -> AccountInfo:
        """See `CrmAdapter.check`."""
        entity = await self.describe(self._entity)
        try:
            told = (await self._call("GET", "/account-info/v3/details")).document
        except CredentialsError:
            # A token that sees no more than the contacts does all that it is for.
            told = {}
        portal, kind = told.get("portalId"), str(told.get("accountType") or "").replace("_", " ").lower()
        name = f"HubSpot {portal}" if portal else "HubSpot"
        return AccountInfo(
            account=f"{name} ({kind})" if kind else name,
            instance=str(told.get("uiDomain") or httpx.URL(self._base).host),
            api_version="v3",
            usage=self._usage,
            warnings=tuple(self._warnings(entity)),
        )

    async def describe(self, entity: str) -> Entity:
        """See `CrmAdapter.describe`."""
        answer = await self._call("GET", f"/crm/v3/properties/{quote(entity, safe='')}")
        if answer.status >= 400:
            refuse_object(answer, entity)
            raise RefusedError(f"HubSpot does not describe {entity} (status {answer.status})")
        told = answer.data
        found = told.get("results") if isinstance(told, Mapping) else None
        if not isinstance(found, list):
            raise RefusedError(f"HubSpot describes {entity} in a way that is not known")
        wanted = [one for one in found if isinstance(one, Mapping) and one.get("name") and not one.get("archived")]
        return Entity(entity, entity, tuple(map(read_field, wanted)))

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        """See `CrmAdapter.fetch`."""
        found: list[Existing | None] = [None] * len(records)
        groups: dict[tuple[str, str | None], list[int]] = {}
        for place, record in enumerate(records):
            key = key_of(record, self._unique)
            if record.crm_id or key:
                groups.setdefault((record.entity, None if record.crm_id or not key else key[0]), []).append(place)
        for (entity, by), places in groups.items():
            for start in range(0, len(places), MAX_INPUTS):
                part = places[start : start + MAX_INPUTS]
                for place, existing in zip(part, await self._read(entity, by, [records[p] for p in part]), strict=True):
                    found[place] = existing
        return found

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        """See `CrmAdapter.upsert`."""
        return await Batches(self._client, self._base, self._unique, records).run()

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        """See `CrmAdapter.delete`; HubSpot can restore what was archived for 90 days."""
        results: dict[int, Result] = {}

        async def archive(places: Sequence[int]) -> bool:
            inputs = [{"id": one} for one in dict.fromkeys(crm_ids[place] for place in places)]
            answer = await self._call(
                "POST", f"/crm/v3/objects/{quote(entity, safe='')}/batch/archive", {"inputs": inputs}
            )
            taken = answer.status < 300
            if not taken:
                refuse_object(answer, entity)
            if taken or len(places) == 1:
                error = None if taken else record_error(answer.document, ())
                for place in places:
                    results[place] = Result("", "failed" if error else "updated", entity, crm_ids[place], error)
            return taken

        for start in range(0, len(crm_ids), MAX_INPUTS):
            await in_halves(range(start, min(start + MAX_INPUTS, len(crm_ids))), archive)
        return [results[place] for place in range(len(crm_ids))]

    async def close(self) -> None:
        """See `CrmAdapter.close`."""
        await self._client.close()

    async def _call(self, method: str, path: str, content: object = None) -> Answer:
        return await self._client.send(method, f"{self._base}{path}", content)

    def _note(self, answer: Answer) -> None:
        # Answers to OAuth apps have no such headers; their day's budget is not the account's.
        limit, left = (answer.headers.get(f"x-hubspot-ratelimit-daily{name}", "") for name in ("", "-remaining"))
        if limit.isascii() and limit.isdigit() and left.isascii() and left.isdigit():
            self._usage = Usage(max(0, int(limit) - int(left)), int(limit), _DAY_SECONDS)

    async def _read(self, entity: str, by: str | None, records: Sequence[Record]) -> list[Existing | None]:
        ids = [
            str(record.crm_id) if by is None else str((key_of(record, self._unique) or ("", ""))[1])
            for record in records
        ]
        names = sorted({name.lower() for record in records for name in record.whole} | ({by} if by else set()))
        content: dict[str, Any] = {"inputs": [{"id": one} for one in dict.fromkeys(ids)], "properties": names}
        if by is not None:
            content["idProperty"] = by
        answer = await self._call("POST", f"/crm/v3/objects/{quote(entity, safe='')}/batch/read", content)
        if answer.status >= 400:
            refuse_object(answer, entity)
            raise RefusedError(f"HubSpot does not let {entity} be read (status {answer.status})")
        told = answer.data
        rows = [
            one
            for one in (told.get("results") if isinstance(told, Mapping) else None) or ()
            if isinstance(one, Mapping)
        ]
        known = {_told_by(row, by): row for row in rows}
        return [
            _existing(known[one.lower()], record) if one.lower() in known else None
            for one, record in zip(ids, records, strict=True)
        ]

    def _warnings(self, entity: Entity) -> list[str]:
        warnings = []
        if self._usage is not None and self._usage.used > self._usage.limit * _CALLS_NEARLY_SPENT:
            warnings.append(f"{self._usage.used} of {self._usage.limit} API calls of today are used")
        if self._unique is None:
            warnings.append(
                "without unique_property a lead without an e-mail address is made twice when an answer is lost"
            )
        elif not any(field.name == self._unique and field.external_id for field in entity.fields):
            warnings.append(f"{entity.name} has no property {self._unique} with unique values")
        return warnings


def _check(settings: Mapping[str, Any]) -> None:
    unique, entity, base = (settings.get(name) for name in ("unique_property", "entity", "base_url"))
    if unique is not None and not _NAME.fullmatch(str(unique)):
        raise InvalidError("unique_property must be the internal name of a property, such as tracker_lead_id")
    if entity is not None and not _OBJECT.fullmatch(str(entity)):
        raise InvalidError("entity must be the name of an object, such as contacts, or its id, such as 2-123456")
    if not 0 <= settings.get("reserve", 0) < 1:
        raise InvalidError("reserve must be a share from 0 to below 1")
    if base is not None and not re.fullmatch(r"https?://[^\s/@?#]+/?", str(base)):
        raise InvalidError("base_url must be https:// and a host")


def _wait(answer: Answer) -> float | None:
    policy = str(answer.document.get("policyName") or "")
    return retry_after(answer) or (None if policy == "DAILY" else _BURST_SECONDS)


def _told_by(row: Mapping[str, Any], by: str | None) -> str:
    given = row.get("properties")
    return str(row.get("id") if by is None else (given.get(by) if isinstance(given, Mapping) else "")).lower()


def _existing(row: Mapping[str, Any], record: Record) -> Existing:
    """The record's properties under the names that were asked for; as what was to be sent where it is the same."""
    given = row.get("properties")
    given = given if isinstance(given, Mapping) else {}
    fields: dict[str, Any] = {}
    for name, wanted in record.whole.items():
        there = given.get(name.lower())
        fields[name] = _same(wanted, "" if there is None else str(there))
    return Existing(str(row.get("id")), record.entity, fields)


def _same(wanted: Value, there: str) -> Value:
    return wanted if property_value(wanted) == there else there or None
