"""The calls of a worker to its stores, one at a time at a test's command, and faults between them.

A worker under test gets MongoDB and Redis through a `Wire`. Each of its calls stops at a gate until the test lets it
through, so that the order in which two workers' calls meet is the test's and not the machine's. At the call that its
`Fault` names the worker dies, as by SIGKILL: that call never returns and none that follows has any effect; or the
connection breaks, before the call took effect or after it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

from pymongo.errors import AutoReconnect
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tracker.stores.documents import Documents

_CHANGING = ("insert_many", "bulk_write", "update_many")
_READING_REDIS = ("get", "hmget")


class Died(BaseException):
    """What a dead worker's clean-up gets from every call; a `BaseException`, as nothing may handle it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at a worker's ``call``-th change (from 0; a commit and a settlement are changes too).

    :ivar dies: the worker dies; else the connection breaks.
    :ivar after: when the call has taken effect, but its answer has not arrived.
    """

    call: int
    dies: bool
    after: bool


class Wire:
    """Lets one worker's calls through.

    :ivar dead: nothing that this worker calls has an effect any more.
    :ivar holds_locks: it has written something in a transaction that is still open.
    """

    def __init__(self, fault: Fault | None = None) -> None:
        self.dead = False
        self.holds_locks = False
        self._fault = fault
        self._changes = 0
        self._gates: deque[asyncio.Future[None]] = deque()
        self._in_flight = 0

    @property
    def waiting(self) -> bool:
        """Whether a call waits to be let through."""
        self._gates = deque(gate for gate in self._gates if not gate.done())
        return bool(self._gates)

    @property
    def busy(self) -> bool:
        """Whether one that was let through has not ended."""
        return self._in_flight > 0

    def let_one_through(self) -> None:
        """Open the gate for the call that has waited longest."""
        if self.waiting:
            self._in_flight += 1
            self._gates.popleft().set_result(None)

    async def call(
        self,
        run: Callable[[], Awaitable[Any]],
        broken: Exception,
        *,
        changes: bool,
        undo: Callable[[], Any] | None = None,
    ) -> Any:
        """Make a call when its turn comes.

        :param broken: what a broken connection raises.
        :param undo: what is left of the call when the connection broke before it took effect.
        :raises Died: when the worker is dead.
        """
        if self.dead:
            raise Died
        gate = asyncio.get_running_loop().create_future()
        self._gates.append(gate)
        await gate
        try:
            fault = self._due() if changes else None
            if fault is None:
                return await run()
            if fault.after:
                await run()
            elif undo and not fault.dies:
                await undo()
            if not fault.dies:
                raise broken
            self.dead = True
        finally:
            self._in_flight -= 1
        # Only cancelled: what is killed handles nothing.
        return await asyncio.get_running_loop().create_future()

    def _due(self) -> Fault | None:
        number, self._changes = self._changes, self._changes + 1
        return self._fault if self._fault is not None and self._fault.call == number else None


def wired_documents(documents: Documents, wire: Wire) -> Documents:
    """The same document store by way of a wire, with transactions of its own."""

    def start_session() -> Any:
        session = documents.client.start_session()
        commit, abort = session.commit_transaction, session.abort_transaction

        async def wired_commit() -> Any:
            await wire.call(commit, AutoReconnect("broken"), changes=True, undo=abort)
            wire.holds_locks = False

        async def wired_abort() -> None:
            if wire.dead:
                raise Died
            wire.holds_locks = False
            await abort()

        session.commit_transaction, session.abort_transaction = wired_commit, wired_abort  # type: ignore[method-assign]
        return session

    class Database:
        def __getitem__(self, name: str) -> Any:
            return _Collection(documents.database[name], wire, self)

    client = SimpleNamespace(start_session=start_session)
    return Documents(cast(Any, client), cast(Any, Database()), documents.write_concern, documents.transactions)


class _Collection:
    def __init__(self, collection: Any, wire: Wire, database: Any) -> None:
        self._collection, self._wire = collection, wire
        self.database = database

    def __getattr__(self, name: str) -> Callable[..., Any]:
        assert name in _CHANGING, f"a kind of call that the wire does not know: {name}"
        method = getattr(self._collection, name)

        async def call(*args: Any, **named: Any) -> Any:
            result = await self._wire.call(lambda: method(*args, **named), AutoReconnect("broken"), changes=True)
            self._wire.holds_locks = True
            return result

        return call

    def with_options(self, **options: Any) -> _Collection:
        return _Collection(self._collection.with_options(**options), self._wire, self.database)

    async def distinct(self, name: str) -> list[Any]:
        found: list[Any] = await self._wire.call(
            lambda: self._collection.distinct(name), AutoReconnect("broken"), changes=False
        )
        return found

    def find(self, *args: Any, **named: Any) -> _Cursor:
        return _Cursor(self._collection.find(*args, **named), self._wire)


class _Cursor:
    def __init__(self, cursor: Any, wire: Wire) -> None:
        self._cursor, self._wire = cursor, wire

    def sort(self, *args: Any) -> _Cursor:
        self._cursor.sort(*args)
        return self

    def limit(self, number: int) -> _Cursor:
        self._cursor.limit(number)
        return self

    async def to_list(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self._wire.call(
            self._cursor.to_list, AutoReconnect("broken"), changes=False
        )
        return found

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        for row in await self.to_list():
            yield row


class WiredRedis:
    """A Redis by way of a wire, as far as settlement and the search for suspects use one."""

    def __init__(self, redis: Redis, wire: Wire) -> None:
        self._redis, self._wire = redis, wire

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return self._wired(getattr(self._redis, name), changes=name not in _READING_REDIS)

    def register_script(self, text: str) -> Callable[..., Any]:
        return self._wired(self._redis.register_script(text), changes=True)

    def _wired(self, method: Callable[..., Any], *, changes: bool) -> Callable[..., Any]:
        async def call(*args: Any, **named: Any) -> Any:
            return await self._wire.call(
                lambda: method(*args, **named), RedisConnectionError("broken"), changes=changes
            )

        return call
