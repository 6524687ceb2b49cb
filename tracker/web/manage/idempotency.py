"""``Idempotency-Key``: a POST that is repeated is done once (draft-ietf-httpapi-idempotency-key-header).

The answer is kept in Redis for a day under a name that follows from caller and key, sealed under the secret keys: it
may hold a key or a secret that is shown once and stored nowhere. Beside it is a keyed hash of the request.

A request that fails leaves nothing behind, so that it can be repeated. One whose process dies between its effect and
its answer is done again by a repetition that comes after `RUNNING_SECONDS`.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from hashlib import blake2s
from typing import Any

import msgspec
from litestar import Response

from tracker.config.vault import Vault
from tracker.errors import ConflictError, InvalidError, SettingsError, UnavailableError
from tracker.stores.redis import AsyncRedis, RedisError
from tracker.web.http import JSON_MEDIA_TYPE
from tracker.web.manage.calls import Call

KEPT_SECONDS = 24 * 3600
RUNNING_SECONDS = 120
_MAX_CHARS = 255
_KEPT_HEADERS = ("Cache-Control", "ETag", "Location", "X-Content-Type-Options")

# Only who holds the name may end it: another one may have taken it over after RUNNING_SECONDS.
# KEYS: the name. ARGV: what it must hold, what it shall hold (nothing = delete), seconds.
_END = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class _Kept(msgspec.Struct, array_like=True):
    """``answer``: sealed JSON of a `_Answer`; ``None`` while the first request runs."""

    fingerprint: bytes
    owner: str
    answer: str | None = None


class _Answer(msgspec.Struct, array_like=True):
    status: int
    headers: dict[str, str]
    body: str


async def once(call: Call, work: Callable[[], Awaitable[Response[bytes]]]) -> Response[bytes]:
    """Do ``work``, or give the answer that it gave before under the same key.

    :raises InvalidError: when the key was used for another request, or is none.
    :raises ConflictError: while the first request is still running.
    :raises UnavailableError: when Redis is away: nothing could be promised.
    """
    key = call.request.headers.get("idempotency-key")
    if key is None:
        return await work()
    if not (0 < len(key) <= _MAX_CHARS and key.isascii() and key.isprintable()):
        raise InvalidError(f"Idempotency-Key must be 1 to {_MAX_CHARS} printable ASCII characters, such as a UUID")
    redis, name = call.services.redis, _name(call, key)
    prints = _fingerprints(call, await call.request.body())
    running = msgspec.msgpack.encode(_Kept(prints[0], secrets.token_hex(8)))
    known = await _begin(redis, name, running)
    if known is not None:
        return _again(call, known, prints)
    try:
        response = await work()
    except Exception:
        # Not when it was cancelled: what runs in a thread may still be done.
        await _end(redis, name, running, b"")
        raise
    await _end(redis, name, running, _kept(call, running, response))
    return response


async def _begin(redis: AsyncRedis, name: str, running: bytes) -> _Kept | None:
    """Take the name; or what is there."""
    try:
        while not await redis.set(name, running, nx=True, ex=RUNNING_SECONDS):
            there = await redis.get(name)
            if there is not None:
                return msgspec.msgpack.decode(there, type=_Kept)
    except (RedisError, OSError):
        raise UnavailableError(
            "Redis does not answer, so a repetition could not be told; nothing was done, try again", retry_after=2
        ) from None
    return None


async def _end(redis: AsyncRedis, name: str, running: bytes, kept: bytes) -> None:
    # What was done is done: that it cannot be kept is no reason to call it failed.
    try:
        await redis.register_script(_END)(keys=[name], args=[running, kept, KEPT_SECONDS])
    except (RedisError, OSError):
        return


def _again(call: Call, known: _Kept, prints: list[bytes]) -> Response[bytes]:
    if known.fingerprint not in prints:
        raise InvalidError("this Idempotency-Key was used for another request; take a new one")
    if known.answer is None:
        raise ConflictError("a request with this Idempotency-Key is still running; try again in a moment")
    try:
        opened = Vault(call.services.settings.secrets).open(known.answer)
    except SettingsError:
        raise ConflictError(
            "this request was done, but its answer was sealed with a secret that is gone; look at what there is"
        ) from None
    answer = msgspec.json.decode(opened, type=_Answer)
    return Response(
        answer.body.encode(),
        status_code=answer.status,
        headers={**answer.headers, "Idempotency-Replayed": "true"},
        media_type=JSON_MEDIA_TYPE,
    )


def _kept(call: Call, running: bytes, response: Response[bytes]) -> bytes:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body: Any = response.content
    answer = _Answer(response.status_code or 200, headers, body.decode())
    kept = msgspec.msgpack.decode(running, type=_Kept)
    kept.answer = Vault(call.services.settings.secrets).seal(msgspec.json.encode(answer).decode())
    return msgspec.msgpack.encode(kept)


def _name(call: Call, key: str) -> str:
    # By subject and scope and not by token: who repeats a request tomorrow may have a new one.
    whole = "\0".join((call.access.subject, str(call.access.scope), key))
    return f"tracker:idempotency:{blake2s(whole.encode(), digest_size=16).hexdigest()}"


def _fingerprints(call: Call, body: bytes) -> list[bytes]:
    """Of the request, by each secret, the current one first; keyed, because a body may hold a password."""
    url = call.request.url
    whole = b"\0".join((call.request.method.encode(), url.path.encode(), url.query.encode(), body))
    keys = [blake2s(secret.encode(), person=b"idempot").digest() for secret in call.services.settings.secrets]
    return [blake2s(whole, key=key).digest() for key in keys]
