"""``/v1/clients/{id}/keys`` and ``/v1/keys``: API keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from litestar import Response
from litestar.params import FromPath
from msgspec import Meta

from tracker.config.records import KeyKind, KeyMode
from tracker.config.service import DEFAULT_GRACE, IssuedKey
from tracker.config.service.keys import MAX_GRACE
from tracker.config.views import describe_key
from tracker.web.manage.bodies import Body, read_body
from tracker.web.manage.calls import Call, ManageRequest
from tracker.web.manage.describe import creates, deletes, lists, shows
from tracker.web.manage.etag import check_match
from tracker.web.manage.idempotency import once
from tracker.web.manage.paging import Cursor, Limit, Sort, aware
from tracker.web.manage.replies import created, listed, shown
from tracker.web.manage.views import KeyPage, KeyView, NewKeyView

_TAG = "keys"
_OF_CLIENT = "/v1/clients/{client_id:str}/keys"
_PATH = "/v1/keys/{key_id:str}"


class NewKey(Body):
    """A key to be made. ``expiresAt``: ISO 8601; ``null`` is never."""

    kind: KeyKind = "publishable"
    mode: KeyMode = "live"
    expires_at: datetime | None = None


class Rotation(Body):
    """``graceSeconds``: how long the old key works on, a week if not given; 0 ends it at once."""

    grace_seconds: Annotated[int, Meta(ge=0, le=int(MAX_GRACE.total_seconds()))] = int(DEFAULT_GRACE.total_seconds())


@lists(_OF_CLIENT, KeyPage, "List a client's keys", _TAG)
async def list_keys(
    request: ManageRequest, client_id: FromPath[str], sort: Sort = None, limit: Limit = 50, cursor: Cursor = None
) -> Response[bytes]:
    """Revoked ones too. The keys themselves are stored nowhere. Sorted by `createdAt`."""
    call = Call(request)
    await call.client(client_id)
    return listed(await call.run(call.config.page_keys, client_id, sort or "createdAt", limit, cursor))


@creates(_OF_CLIENT, NewKeyView, "Issue a key", _TAG, body=NewKey, example={"kind": "secret", "mode": "live"})
async def issue_key(request: ManageRequest, client_id: FromPath[str]) -> Response[bytes]:
    """The answer holds the key as `key`; a secret one is shown this once."""
    call = Call(request)
    await call.client(client_id)
    body = await read_body(request, NewKey)

    async def work() -> Response[bytes]:
        expires_at = aware(body.expires_at, "expiresAt")
        return _issued(await call.run(call.config.issue_key, client_id, body.kind, body.mode, expires_at))

    return await once(call, work)


@shows(_PATH, KeyView, "Show a key", _TAG)
async def get_key(request: ManageRequest, key_id: FromPath[str]) -> Response[bytes]:
    """Without the key itself."""
    call = Call(request)
    await call.check_owner("key", key_id)
    return shown(request, describe_key(await call.run(call.config.get_key, key_id)))


@creates(_PATH + "/rotate", NewKeyView, "Rotate a key", _TAG, body=Rotation, example={"graceSeconds": 86400})
async def rotate_key(request: ManageRequest, key_id: FromPath[str]) -> Response[bytes]:
    """A new key of the same kind takes its place; both work until the grace period is over."""
    call = Call(request)
    await call.check_owner("key", key_id)
    body = await read_body(request, Rotation)

    async def work() -> Response[bytes]:
        return _issued(await call.run(call.config.rotate_key, key_id, timedelta(seconds=body.grace_seconds)))

    return await once(call, work)


@deletes(_PATH, "Revoke a key", _TAG)
async def revoke_key(request: ManageRequest, key_id: FromPath[str]) -> None:
    """Refused everywhere within a second. It stays in the list."""
    call = Call(request)
    await call.check_owner("key", key_id)
    check_match(request, describe_key(await call.run(call.config.get_key, key_id)))
    await call.run(call.config.revoke_key, key_id)


def _issued(issued: IssuedKey) -> Response[bytes]:
    return created(describe_key(issued.key), f"/v1/keys/{issued.key.key_id}", {"key": issued.plaintext})


HANDLERS = [list_keys, issue_key, get_key, rotate_key, revoke_key]
