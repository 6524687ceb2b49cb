"""The adapter ``http``: leads as JSON to any endpoint, which takes them by what docs/crm-adapters.md says.

The endpoint tells records by ``leadId`` and ``entity``: one that comes again is the same one. An ``Idempotency-Key``
(draft-ietf-httpapi-idempotency-key-header) is the same for the same new records, so that gateways may drop repetitions;
of a change it is new each time, since a value may change back.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self, cast

import httpx
import msgspec

from tracker.crm import options
from tracker.crm.base import (
    AccountInfo,
    Capabilities,
    CrmError,
    DefaultMapping,
    Entity,
    Existing,
    RateLimitedError,
    Record,
    RecordError,
    RefusedError,
    Result,
    RetryLaterError,
    Usage,
)
from tracker.crm.http_client import Answer, HttpClient
from tracker.crm.isolate import in_halves
from tracker.errors import InvalidError

_BATCH, _SINGLE = 200, 20
_NAME = "the endpoint"
_METHODS = ("POST", "PUT", "PATCH")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_MOST_SECONDS = 120.0
_MOST_ID_CHARS = 200
# There is no endpoint at that address (any more), or not one that takes this method.
_NO_ENDPOINT = frozenset({404, 405, 410, 501})
_DEFAULTS = ("email", "firstName", "lastName", "phone", "company", "message")

_OPTIONS = {
    "url": options.Option("where records are posted to, https://…", required=True),
    "method": options.Option("POST (the default), PUT or PATCH"),
    "batch": options.Option("true (the default): one JSON array of records; false: a call for each record", bool),
    "timeout": options.Option("seconds for one call, 120 at most", float),
    "entity": options.Option("what leads become where a mapping names nothing; lead by default"),
    "deletes": options.Option("the endpoint takes DELETE for records of deleted leads", bool),
    "allow_private": options.Option("the endpoint may be at a private or loopback address", bool),
    "header_name": options.Option("name of the header that carries header_value"),
    "header_value": options.Option("a header that authenticates us, such as a key", secret=True),
    "token": options.Option("sent as Authorization: Bearer", secret=True),
}


class Http:
    """An endpoint of the operator's own. It describes no fields and is not read; whether it deletes is a setting."""

    kind: ClassVar[str] = "http"
    title: ClassVar[str] = "HTTP endpoint"
    capabilities = Capabilities(max_batch=_BATCH, describes=False, deletes=False, reads=False)

    def __init__(self, client: HttpClient, settings: Mapping[str, Any]) -> None:
        self._client = client
        self._url = str(settings["url"])
        self._method = str(settings.get("method") or "POST").upper()
        self._batch = settings.get("batch") is not False
        self._entity = str(settings.get("entity") or "lead")
        self.capabilities = Capabilities(
            max_batch=_BATCH if self._batch else _SINGLE,
            describes=False,
            deletes=settings.get("deletes") is True,
            reads=False,
        )

    @classmethod
    def split(cls, document: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
        """See `CrmAdapter.split`."""
        credentials, settings = options.split(cls.title, _OPTIONS, document)
        _check_url(settings["url"])
        if str(settings.get("method", "POST")).upper() not in _METHODS:
            raise InvalidError(f"method must be one of {', '.join(_METHODS)}")
        if not 0 < settings.get("timeout", 1) <= _MOST_SECONDS:
            raise InvalidError(f"timeout must be a number of seconds above 0, {_MOST_SECONDS:g} at most")
        if ("header_name" in settings) != ("header_value" in credentials):
            raise InvalidError("header_name and header_value belong together; give both, or a token, or none")
        if not _HEADER.fullmatch(settings.get("header_name", "x")):
            raise InvalidError("header_name must be the name of a header, such as X-Api-Key")
        return credentials, settings

    @classmethod
    def open(
        cls, credentials: Mapping[str, str], settings: Mapping[str, Any], *, timeout_seconds: float = 30.0
    ) -> Self:
        """See `CrmAdapter.open`.

        :raises InvalidError: when the settings are of no use; they may have come another way than by ``crm connect``.
        """
        credentials, settings = cls.split(options.known(_OPTIONS, settings, credentials))
        headers = {}
        if "token" in credentials:
            headers["Authorization"] = f"Bearer {credentials['token']}"
        if "header_value" in credentials:
            headers[settings["header_name"]] = credentials["header_value"]
        client = HttpClient(
            _NAME,
            headers=headers,
            timeout_seconds=float(settings.get("timeout", timeout_seconds)),
            public_only=settings.get("allow_private") is not True,
        )
        return cls(client, settings)

    @classmethod
    def defaults(cls, entity: str) -> tuple[DefaultMapping, ...]:
        """See `CrmAdapter.defaults`; attributes go under their own names."""
        return tuple(DefaultMapping(name, name) for name in _DEFAULTS)

    @property
    def default_entity(self) -> str:
        """See `CrmAdapter.default_entity`."""
        return self._entity

    @property
    def usage(self) -> Usage | None:
        """See `CrmAdapter.usage`; an endpoint tells of its budget by 429 alone."""
        return None

    async def check(self) -> AccountInfo:
        """See `CrmAdapter.check`: ``OPTIONS`` reaches the endpoint and changes nothing."""
        answer = await self._client.send("OPTIONS", self._url)
        told = answer.status < 400 or answer.status in (405, 501)
        warning = f"it answers OPTIONS with {answer.status}; whether it takes records, the first one will show"
        host = httpx.URL(self._url).host
        return AccountInfo(host, instance=host, warnings=() if told else (warning,))

    async def describe(self, entity: str) -> Entity:
        """See `CrmAdapter.describe`.

        :raises RefusedError: always; any field will do.
        """
        raise RefusedError("an HTTP endpoint takes any field and describes none")

    async def fetch(self, records: Sequence[Record]) -> list[Existing | None]:
        """See `CrmAdapter.fetch`; an endpoint is not read."""
        return [None for _ in records]

    async def upsert(self, records: Sequence[Record]) -> list[Result]:
        """See `CrmAdapter.upsert`."""
        results: dict[int, Result] = {}
        places = range(len(records))

        async def together(part: Sequence[int]) -> bool:
            sent = [records[place] for place in part]
            answer = await self._send(self._method, [_body(record) for record in sent], _key(sent))
            if not _taken(answer):
                if len(part) == 1:
                    results[part[0]] = _failed(sent[0], _refusal(answer, sent[0]))
                return False
            results.update(zip(part, _read_many(answer, sent), strict=True))
            return True

        if self._batch:
            await in_halves(places, together)
        else:
            for place in places:
                results[place] = await self._alone(records[place], first=place == 0)
        return [results[place] for place in places]

    async def delete(self, entity: str, crm_ids: Sequence[str]) -> list[Result]:
        """See `CrmAdapter.delete`: ``DELETE`` with an array of ``{"entity", "id"}``.

        :raises RefusedError: when the settings do not say that the endpoint takes it, or it does not.
        """
        if not self.capabilities.deletes:
            raise RefusedError("the endpoint does not delete; set deletes in the connection's settings if it does")
        if not crm_ids:
            return []
        bodies = [{"entity": entity, "id": crm_id} for crm_id in crm_ids]
        answer = await self._client.send("DELETE", self._url, bodies)
        # 404 and 410 are about the records here: what is gone is what was wanted.
        if not _taken(answer) and answer.status not in (404, 410):
            raise RefusedError(f"the endpoint refuses to delete (status {answer.status})")
        outcome: Literal["updated", "unchanged"] = "updated" if _taken(answer) else "unchanged"
        return [Result("", outcome, entity, crm_id) for crm_id in crm_ids]

    async def close(self) -> None:
        """See `CrmAdapter.close`."""
        await self._client.close()

    async def _alone(self, record: Record, *, first: bool) -> Result:
        try:
            answer = await self._send(self._method, _body(record), _key([record]))
        except (RateLimitedError, RetryLaterError) as error:
            # What went over before is known, and a slow endpoint gets on by a few records at a time.
            if first:
                raise
            return _failed(record, _later(error))
        return _read_one(answer.document, record) if _taken(answer) else _failed(record, _refusal(answer, record))

    async def _send(self, method: str, body: object, key: str) -> Answer:
        answer = await self._client.send(method, self._url, body, headers={"Idempotency-Key": key})
        if answer.status in _NO_ENDPOINT:
            raise RefusedError(f"there is no endpoint for {method} at that address (status {answer.status})")
        return answer


def _check_url(text: str) -> None:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or len(text) > 2048:
        raise InvalidError("url must be the whole address of an endpoint, https://…, without a user name")


def _taken(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def _body(record: Record) -> dict[str, Any]:
    return {
        "leadId": record.lead_id,
        "entity": record.entity,
        "id": record.crm_id,
        "email": record.email,
        "fields": record.fields if record.crm_id else record.whole,
    }


def _key(records: Sequence[Record]) -> str:
    if any(record.crm_id for record in records):
        return str(uuid.uuid4())
    encoded = msgspec.json.encode([_body(record) for record in records], order="sorted")
    return hashlib.sha256(encoded).hexdigest()


def _read_many(answer: Answer, records: Sequence[Record]) -> list[Result]:
    """By ``leadId``, and ``entity`` where the endpoint names it; an answer without ``results`` has taken all."""
    told = answer.document.get("results")
    if not isinstance(told, list):
        return [_read_one({}, record) for record in records]
    known = {(one.get("leadId"), one.get("entity")): one for one in told if isinstance(one, Mapping)}
    results = []
    for record in records:
        found = known.get((record.lead_id, record.entity)) or known.get((record.lead_id, None))
        missing = RecordError("NO_RESULT", "the endpoint's results leave this record out", retryable=True)
        results.append(_read_one(found, record) if found is not None else _failed(record, missing))
    return results


def _read_one(told: Mapping[str, Any], record: Record) -> Result:
    outcome = told.get("outcome")
    if outcome in ("failed", "held") or isinstance(told.get("error"), Mapping):
        refused = _error(told, record, "REFUSED", "the endpoint refuses the record")
        return Result(record.lead_id, "held" if outcome == "held" else "failed", record.entity, None, refused)
    if outcome not in ("created", "updated", "unchanged"):
        outcome = "updated" if record.crm_id else "created"
    given = told.get("id")
    given = str(given)[:_MOST_ID_CHARS] if isinstance(given, str | int) and str(given) else None
    # An endpoint that gives no ids tells records by ours.
    return Result(record.lead_id, cast("Any", outcome), record.entity, given or record.crm_id or record.lead_id)


def _refusal(answer: Answer, record: Record) -> RecordError:
    text = f"the endpoint refuses the record (status {answer.status})"
    return _error(answer.document, record, f"HTTP_{answer.status}", text)


def _error(told: Mapping[str, Any], record: Record, code: str, text: str) -> RecordError:
    """An endpoint's own texts are not kept: nobody can tell what of them it repeats."""
    error = told.get("error")
    error = error if isinstance(error, Mapping) else {}
    given = error.get("code")
    names = error.get("fields")
    return RecordError(
        given if isinstance(given, str) and _CODE.fullmatch(given) else code,
        text,
        retryable=error.get("retryable") is True,
        fields=tuple(name for name in record.whole if isinstance(names, list) and name in names),
    )


def _later(error: CrmError) -> RecordError:
    code = "RATE_LIMITED" if isinstance(error, RateLimitedError) else "RETRY_LATER"
    return RecordError(code, error.detail, retryable=True)


def _failed(record: Record, error: RecordError) -> Result:
    return Result(record.lead_id, "failed", record.entity, None, error)
