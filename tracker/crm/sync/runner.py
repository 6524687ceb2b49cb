"""The loop in each worker that works the outbox off: who is due, one worker for each account, one pace for each.

An account that does not answer, refuses our credentials or has no calls left is left alone for a while, and only that
one. What is due waits in MongoDB; nothing of it is lost when the process ends anywhere.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from pymongo.errors import PyMongoError

from tracker.crm.sync import circuit
from tracker.crm.sync.account import Account
from tracker.crm.sync.batch import bring
from tracker.crm.sync.lease import AccountLease
from tracker.errors import TrackerError
from tracker.stores.documents import Database
from tracker.tasks import end

log = structlog.get_logger(__name__)

GATHER_LEADS = 200
"""So many are worth a call at once."""

_LOOK_SECONDS = 1.0
_IDLE_SECONDS = 300.0
_MOST_ROWS = 2_000

OpenAccount = Callable[[str, str], Awaitable[Account | None]]
"""From the ids of a connection and its client to the open account; ``None`` when the connection is gone or off."""


class CrmRunner:
    """Brings what is due to where it belongs.

    :param open_account: makes an account ready; called for each turn, which sees changes of mapping and credentials.
    :param gather: how long a lead waits for others, unless `GATHER_LEADS` are there.
    :param at_once: accounts in work at a time.
    """

    def __init__(self, database: Database, open_account: OpenAccount, *, gather: timedelta, at_once: int = 8) -> None:
        self._database = database
        self._open_account = open_account
        self._gather = gather
        self._worker = uuid4().hex
        self._turns = asyncio.Semaphore(at_once)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._accounts: dict[str, tuple[float, Account]] = {}
        self._not_before: dict[str, float] = {}
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; from now on the loop runs in the background."""
        self._loop = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop after what is being sent now, which would otherwise have to be found again in the CRM."""
        await end(self._loop)
        if self._busy:
            await asyncio.wait(self._busy.values(), timeout=_LOOK_SECONDS * 10)
        for task in list(self._busy.values()):
            await end(task)
        for _, account in self._accounts.values():
            await account.adapter.close()

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
                await self._close_idle()
            except PyMongoError as error:
                log.warning("crm_outbox_away", error=type(error).__name__)
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        """Begin a turn for each account that has something to do."""
        now = datetime.now(UTC)
        due = {"dueAt": {"$lte": now}}
        for connection_id in await self._database["crm_due"].distinct("connectionId", due):
            if connection_id in self._busy or self._not_before.get(connection_id, 0.0) > time.monotonic():
                continue
            if await self._enough(connection_id, now):
                task = asyncio.create_task(self._turn(connection_id))
                self._busy[connection_id] = task
                task.add_done_callback(partial(self._ended, connection_id))

    def _ended(self, connection_id: str, _: asyncio.Task[None]) -> None:
        self._busy.pop(connection_id, None)

    async def _enough(self, connection_id: str, now: datetime) -> bool:
        """Whether a call is worth it: the oldest has waited for others long enough, or there are many."""
        rows = self._database["crm_due"]
        own = {"connectionId": connection_id}
        if await rows.find_one({**own, "dueAt": {"$lte": now - self._gather}}, {"_id": 1}):
            return True
        return await rows.count_documents({**own, "dueAt": {"$lte": now}}, limit=GATHER_LEADS) >= GATHER_LEADS

    async def _turn(self, connection_id: str) -> None:
        async with self._turns:
            try:
                await self._work(connection_id)
            except PyMongoError as error:
                log.warning("crm_outbox_away", error=type(error).__name__)
            except TrackerError as error:
                self._leave_alone(connection_id)
                log.warning("crm_account_unusable", connection=connection_id, error=type(error).__name__)
            except Exception as error:
                self._leave_alone(connection_id)
                log.error("crm_turn_failed", connection=connection_id, error=type(error).__name__)

    def _leave_alone(self, connection_id: str, seconds: float = 30.0) -> None:
        self._not_before[connection_id] = time.monotonic() + seconds

    async def _work(self, connection_id: str) -> None:
        first = await self._database["crm_due"].find_one({"connectionId": connection_id}, {"clientId": 1})
        if first is None:
            return
        account = await self._account(connection_id, first["clientId"])
        if account is None:
            self._leave_alone(connection_id)
            return
        holder = asyncio.current_task()
        assert holder is not None
        lease = AccountLease(self._database, connection_id, first["clientId"], self._worker)
        state = await lease.take(holder)
        if state is None:
            self._leave_alone(connection_id, _LOOK_SECONDS * 3)
            return
        try:
            if circuit.is_open(state, account.connection.version, datetime.now(UTC)):
                self._leave_alone(connection_id, 5.0)
                return
            while await self._batch(account, state) and self._loop_runs():
                state = await self._database["crm_state"].find_one({"_id": connection_id}) or {}
        finally:
            with suppress(PyMongoError):
                await lease.release()

    def _loop_runs(self) -> bool:
        return self._loop is None or not self._loop.done()

    async def _batch(self, account: Account, state: dict[str, Any]) -> bool:
        """Take up to a batch; tells whether there is more that is worth a call."""
        now = datetime.now(UTC)
        most = min(account.adapter.capabilities.max_batch, _MOST_ROWS)
        query = {"connectionId": account.id, "dueAt": {"$lte": now}}
        rows = await self._database["crm_due"].find(query).sort("dueAt", 1).limit(most).to_list()
        if not rows:
            return False
        try:
            if circuit.spent(account.adapter.usage, _reserve(account)):
                await account.adapter.check()  # what was heard last may be long ago
            if circuit.spent(account.adapter.usage, _reserve(account)):
                await self._trip(account, state, "reserve", "the rest of its calls is kept for others", 300.0)
                return False
            counts = await bring(self._database, account, rows)
        except PyMongoError:
            raise
        except Exception as error:
            reason = circuit.reason_of(error)
            failures = int((state.get("circuit") or {}).get("failures") or 0) + 1
            detail = error.detail if isinstance(error, TrackerError) else type(error).__name__
            log.warning("crm_call_failed", connection=account.id, reason=reason, failures=failures)
            await self._trip(account, state, reason, detail, circuit.pause(error, failures), failures)
            return False
        await self._succeed(account, state, counts)
        return await self._enough(account.id, datetime.now(UTC))

    async def _trip(
        self, account: Account, state: dict[str, Any], reason: str, detail: str, seconds: float, failures: int = 0
    ) -> None:
        now = datetime.now(UTC)
        values = {
            "circuit": {
                "reason": reason,
                "detail": detail,
                "until": now + timedelta(seconds=seconds),
                "failures": failures,
                "version": account.connection.version,
            },
            "lastTryAt": now,
            **_heard(account, state, now),
        }
        await self._database["crm_state"].update_one({"_id": account.id}, {"$set": values})
        self._leave_alone(account.id, min(seconds, 5.0))

    async def _succeed(self, account: Account, state: dict[str, Any], counts: dict[str, int]) -> None:
        now = datetime.now(UTC)
        values = {"circuit": None, "lastTryAt": now, "lastSuccessAt": now, **_heard(account, state, now)}
        more = {f"totals.{name}": number for name, number in counts.items()}
        await self._database["crm_state"].update_one({"_id": account.id}, {"$set": values, "$inc": more})
        log.info("crm_batch", connection=account.id, **counts)

    async def _account(self, connection_id: str, client_id: str) -> Account | None:
        """The account, opened anew when its connection was changed; its client and mapping as they are now."""
        fresh = await self._open_account(connection_id, client_id)
        held = self._accounts.pop(connection_id, None)
        if held is not None and (fresh is None or fresh.connection.version != held[1].connection.version):
            await held[1].adapter.close()
            held = None
        if fresh is None:
            return None
        if held is not None:
            await fresh.adapter.close()
            held[1].client = fresh.client
        account = held[1] if held else fresh
        self._accounts[connection_id] = time.monotonic(), account
        return account

    async def _close_idle(self) -> None:
        old = time.monotonic() - _IDLE_SECONDS
        for name in [name for name, (at, _) in self._accounts.items() if at < old and name not in self._busy]:
            await self._accounts.pop(name)[1].adapter.close()


def _reserve(account: Account) -> float:
    given = account.settings.get("reserve")
    return float(given) if isinstance(given, (int, float)) and 0 <= given < 1 else circuit.RESERVE


def _heard(account: Account, state: dict[str, Any], now: datetime) -> dict[str, Any]:
    usage = account.adapter.usage
    if usage is None:
        return {}
    told = {"used": usage.used, "limit": usage.limit, "windowSeconds": usage.window_seconds, "at": now}
    return {"usage": told, "samples": circuit.sampled(state.get("samples") or (), usage, now)}
