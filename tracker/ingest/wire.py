"""What a browser or server may send to ``POST /v1/track/events``, and how one bad event is told from its neighbours.

The envelope is read with the events still raw, so that what is accepted goes to the queue byte by byte as it came.
"""

from __future__ import annotations

import enum
import re
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta, Raw

from tracker.errors import UnreadableError
from tracker.queue import QueuedEvent
from tracker.settings import Settings


class RefusalReason(enum.StrEnum):
    """Why an event was not accepted. Closed: the docs, the API and the counters know no others."""

    NOT_AN_OBJECT = "not_an_object"
    MISSING_TYPE = "missing_type"
    INVALID_TYPE = "invalid_type"
    INVALID_ID = "invalid_id"
    INVALID_TIMESTAMP = "invalid_timestamp"
    INVALID_SESSION = "invalid_session"
    INVALID_VISITOR = "invalid_visitor"
    INVALID_SHAPE = "invalid_shape"
    INVALID_TEXT = "invalid_text"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    TOO_MANY_FIELDS = "too_many_fields"


MAX_ID_CHARS = 128
MAX_TYPE_CHARS = 100
_Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID_CHARS)]
_RawObject = dict[str, Raw]


class WireBatch(msgspec.Struct):
    """The request body. ``sentAt`` (epoch ms of the browser's clock) tells how far that clock is off;
    ``siteToken``: see `tracker.ingest.site_token`."""

    events: list[Raw]
    apiKey: str | None = None  # noqa: N815 - the wire's name
    sentAt: int | float | None = None  # noqa: N815
    siteToken: str | None = None  # noqa: N815


class WireEvent(msgspec.Struct):
    """One event, as deep as it must be known before it is accepted (technical design §6.2, §7.1)."""

    type: Annotated[str, Meta(min_length=1, max_length=MAX_TYPE_CHARS)]
    id: _Id | None = None
    timestamp: int | float | str | None = None
    sessionId: _Id | None = None  # noqa: N815
    visitorId: _Id | None = None  # noqa: N815
    payload: _RawObject | None = None
    metadata: _RawObject | None = None
    fields: _RawObject | None = None
    page: _RawObject | None = None


class Refusal(msgspec.Struct):
    """An event that was not accepted; goes into the answer's ``rejected``."""

    index: int
    id: str | None
    reason: RefusalReason


_batch_decoder = msgspec.json.Decoder(WireBatch)
_event_decoder = msgspec.json.Decoder(WireEvent)
_TYPE = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*\Z")
_known_types = {
    "form_submission", "form_interaction", "form_start", "form_abandon", "page_view", "pageview", "session_start",
    "session_end", "chat_message", "identify", "tracker_initialized", "custom", "consent",
}  # fmt: skip
_HALF_PAIR = re.compile(
    rb"(?<!\\)(?P<even>(?:\\\\)*)(?:(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_NESTED_OBJECTS = ("fields", "form", "page", "roles")


def read_batch(body: bytes) -> WireBatch:
    """Read the envelope.

    :raises UnreadableError: when it is not JSON in UTF-8, or not ``{"events": […]}``.
    """
    try:
        if not body.isascii():
            body.decode()
        return _decode_batch(body)
    except UnicodeDecodeError:
        raise UnreadableError("the body is not UTF-8") from None
    except msgspec.ValidationError as error:
        raise UnreadableError(f'expected {{"apiKey": "…", "events": […]}}: {error}') from None
    except msgspec.DecodeError:
        raise UnreadableError("the body is not JSON") from None
    except RecursionError:
        raise UnreadableError("the body is nested too deeply") from None


def _repair(match: re.Match[bytes]) -> bytes:
    return match[0] if match["pair"] else match["even"] + b"\\ufffd"


def _decode_batch(body: bytes) -> WireBatch:
    try:
        return _batch_decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # A browser cuts an emoji in half where an input has a maxlength, and JSON.stringify sends the half as an
        # escape that no strict reader takes. The half becomes U+FFFD; the event and its neighbours are kept.
        repaired = _HALF_PAIR.sub(_repair, body)
        if repaired == body:
            raise
        return _batch_decoder.decode(repaired)


def read_events(raws: list[Raw], settings: Settings) -> tuple[list[QueuedEvent], list[Refusal]]:
    """Split a batch into what is accepted and what is refused, event by event."""
    accepted: list[QueuedEvent] = []
    refused: list[Refusal] = []
    for index, raw in enumerate(raws):
        data = bytes(raw)
        reason, event = _check(data, settings)
        if reason is None and event is not None:
            accepted.append(QueuedEvent(event.id or _own_id(event, data), data))
        else:
            refused.append(Refusal(index, _id_of(data), reason or RefusalReason.INVALID_SHAPE))
    return accepted, refused


def _check(data: bytes, settings: Settings) -> tuple[RefusalReason | None, WireEvent | None]:
    if len(data) > settings.max_event_bytes:
        return RefusalReason.TOO_LARGE, None
    try:
        event = _event_decoder.decode(data)
    except msgspec.MsgspecError:
        return _diagnose(data), None
    if event.type not in _known_types and not _TYPE.match(event.type):
        return RefusalReason.INVALID_TYPE, None
    if isinstance(event.timestamp, str) and not _is_iso(event.timestamp):
        return RefusalReason.INVALID_TIMESTAMP, None
    if event.payload and not _is_well_shaped(event.payload):
        return RefusalReason.INVALID_SHAPE, None
    return _check_size(data, settings), event


def _check_size(data: bytes, settings: Settings) -> RefusalReason | None:
    # Counting bytes is a hundred times cheaper than walking, and no event in practice comes near the limits.
    brackets = data.count(b"{") + data.count(b"[")
    if brackets > settings.max_event_depth or data.count(b":") > settings.max_event_fields:
        try:
            depth, fields = _measure(msgspec.json.decode(data))
        except msgspec.DecodeError:
            # A number that no double holds, in a part that was not looked at so far.
            return RefusalReason.INVALID_TEXT
        if depth > settings.max_event_depth:
            return RefusalReason.TOO_DEEP
        if fields > settings.max_event_fields:
            return RefusalReason.TOO_MANY_FIELDS
    return None


def _measure(value: Any) -> tuple[int, int]:
    """Depth and number of keys, without recursion: the depth is what is being limited."""
    depth = fields = 0
    level = [value]
    while level := [item for item in level if isinstance(item, dict | list)]:
        depth += 1
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                fields += len(item)
                inner.extend(item.values())
            else:
                inner.extend(item)
        level = inner
    return depth, fields


def _is_well_shaped(payload: _RawObject) -> bool:
    for name in _NESTED_OBJECTS:
        raw = payload.get(name)
        if raw is not None and bytes(raw)[:1] not in (b"{", b"n"):
            return False
    return True


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARS)


def _diagnose(data: bytes) -> RefusalReason:
    """Why the typed read failed; runs for refused events only, so it may be slow."""
    try:
        event = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return RefusalReason.INVALID_TEXT
    if not isinstance(event, dict):
        return RefusalReason.NOT_AN_OBJECT
    if event.get("type") in (None, ""):
        return RefusalReason.MISSING_TYPE
    if not isinstance(event["type"], str) or len(event["type"]) > MAX_TYPE_CHARS:
        return RefusalReason.INVALID_TYPE
    if not _is_id(event.get("id")):
        return RefusalReason.INVALID_ID
    if not _is_id(event.get("sessionId")):
        return RefusalReason.INVALID_SESSION
    if not _is_id(event.get("visitorId")):
        return RefusalReason.INVALID_VISITOR
    if not isinstance(event.get("timestamp"), int | float | str | None) or isinstance(event.get("timestamp"), bool):
        return RefusalReason.INVALID_TIMESTAMP
    return RefusalReason.INVALID_SHAPE


def _id_of(data: bytes) -> str | None:
    """The id of a refused event, for the sender to find it again."""
    try:
        event = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    event_id = event.get("id") if isinstance(event, dict) else None
    return event_id if isinstance(event_id, str) and _is_id(event_id) else None


def _own_id(event: WireEvent, data: bytes) -> str:
    """An id for an event that has none.

    With a time of its own the same bytes are the same event, so that a re-sent request counts once; without one two
    equal events may well be two.
    """
    return str(uuid4()) if event.timestamp is None else f"sha-{sha256(data).hexdigest()[:32]}"
