"""Bodies of the management API: strict JSON, whose refusals name the member and repeat no value.

A PUT may hold the whole object, as a GET showed it, or a part. What is absent stays, what is as it was is no change,
and members that cannot be changed must be as they were.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from tracker.errors import InvalidError, StaleError, UnreadableError, UnsupportedMediaError
from tracker.web.http import JSON_MEDIA_TYPE
from tracker.web.manage.calls import ManageRequest

Shape = TypeVar("Shape", bound="Body")
# What msgspec says of an unknown word repeats it.
_REPEATED = re.compile(r"Invalid enum value .*?( - at |$)", re.DOTALL)


class Body(msgspec.Struct, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """Base of all bodies: camelCase, and no members that nobody knows."""


async def read_body(request: ManageRequest, shape: type[Shape]) -> Shape:
    """The body, which may be empty when nothing in it is required.

    :raises UnreadableError: when it is no JSON.
    :raises UnsupportedMediaError: when it says to be something else.
    :raises InvalidError: naming the member that is wrong or unknown.
    """
    return _converted(await _decoded(request), shape)


async def read_changes(
    request: ManageRequest, shape: type[Body], view: Mapping[str, Any], merged: Sequence[str] = ()
) -> dict[str, Any]:
    """What a PUT changes of an object, by the names of its view.

    :param shape: the members that can be changed, each ``UNSET`` unless given.
    :param view: the object as it is now.
    :param merged: members that are merged as RFC 7396 says; of them only what differs is left.
    :raises StaleError: when the body shows another ``updatedAt``.
    :raises InvalidError: naming the member that is wrong, unknown or cannot be changed.
    """
    body = await _decoded(request)
    # As the caller saw it: JSON knows no tuples.
    view = msgspec.json.decode(msgspec.json.encode(view), type=dict[str, Any])
    names = [entry.encode_name for entry in msgspec.structs.fields(shape)]
    for name, value in body.items():
        if name in names:
            continue
        if name not in view:
            raise InvalidError(f"{_shown(name)} is unknown; known are {', '.join(names)}")
        if value != view[name]:
            if name == "updatedAt":
                raise StaleError("updatedAt is of an earlier state; read the object again and repeat your change")
            raise InvalidError(f"{name} cannot be changed; leave it out, or as it was")
    given = {name: body[name] for name in names if name in body}
    _converted(given, shape)
    changed = {name: value for name, value in given.items() if name not in view or value != view[name]}
    for name in merged:
        if isinstance(changed.get(name), dict) and isinstance(view.get(name), Mapping):
            changed[name] = _difference(changed[name], view[name])
    return changed


def _difference(patch: Mapping[str, Any], shown: Mapping[str, Any]) -> dict[str, Any]:
    """What of a merge patch says something else than what is shown: a whole object sent back must not set its
    defaults for ever."""
    result: dict[str, Any] = {}
    for name, value in patch.items():
        below = shown.get(name)
        if isinstance(value, dict) and isinstance(below, Mapping):
            if inner := _difference(value, below):
                result[name] = inner
        elif name not in shown or value != below or isinstance(value, bool) != isinstance(below, bool):
            result[name] = value
    return result


async def _decoded(request: ManageRequest) -> dict[str, Any]:
    kind = request.headers.get("content-type", JSON_MEDIA_TYPE).partition(";")[0].strip().lower()
    raw = await request.body()
    if not raw:
        return {}
    if kind != JSON_MEDIA_TYPE:
        raise UnsupportedMediaError("send application/json")
    try:
        body = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableError("the body is not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise UnreadableError("the body must be a JSON object")
    return body


def _converted(value: Mapping[str, Any], shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise InvalidError(_REPEATED.sub(r"Not one of the values that are taken\1", str(error))) from None


def _shown(name: str) -> str:
    return name if name.isprintable() and 0 < len(name) <= 64 else "one of the members"
