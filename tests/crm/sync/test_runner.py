"""The loop: one account's trouble is nobody else's, one worker an account, nothing is lost or doubled by a death."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.crm.sync.memory import Memory, an_account
from tests.fixtures.processes import wait_until_async
from tracker.crm.base import CredentialsError, RateLimitedError, RetryLaterError, Usage
from tracker.crm.sync.account import Account
from tracker.crm.sync.outbox import mark, stage
from tracker.crm.sync.runner import GATHER_LEADS, CrmRunner
from tracker.stores.documents import Documents

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Town:
    """Accounts, each of a client of its own, and workers for them."""

    def __init__(self, documents: Documents) -> None:
        self.database = documents.database
        self.accounts: dict[str, Account] = {}

    def add(self, **usage: Any) -> Memory:
        crm = Memory()
        account = an_account(crm, uuid4().hex)
        self.accounts[account.id] = account
        return crm

    def of(self, crm: Memory) -> Account:
        return next(account for account in self.accounts.values() if account.adapter is crm)

    async def fill(self, crm: Memory, number: int, at: datetime = NOW) -> None:
        account = self.of(crm)
        client_id = account.client.client_id
        leads = [
            {
                "leadId": f"{client_id}-{each}", "clientId": client_id, "email": f"p{each}@x.example",
                "status": "submitted", "quality": "high", "source": "web_form", "createdAt": NOW, "updatedAt": NOW,
            }
            for each in range(number)
        ]  # fmt: skip
        await self.database["leads"].insert_many(leads)
        await stage(self.database, [mark(account.id, client_id, lead["leadId"], at, at) for lead in leads])

    async def open(self, connection_id: str, client_id: str) -> Account | None:
        found = self.accounts.get(connection_id)
        if found is None:
            return None
        return Account(found.client, found.connection, found.adapter, found.region)

    @asynccontextmanager
    async def worker(self, gather: timedelta = timedelta()) -> AsyncIterator[CrmRunner]:
        runner = CrmRunner(self.database, self.open, gather=gather)
        await runner.start()
        try:
            yield runner
        finally:
            await runner.close()

    async def left(self, crm: Memory) -> int:
        return await self.database["crm_due"].count_documents({"connectionId": self.of(crm).id})

    async def state(self, crm: Memory) -> dict[str, Any]:
        return await self.database["crm_state"].find_one({"_id": self.of(crm).id}) or {}

    def emptied(self, crm: Memory) -> Callable[[], Any]:
        async def empty() -> bool:
            return await self.left(crm) == 0

        return empty


@pytest.fixture
async def town(documents: Documents) -> AsyncIterator[Town]:
    town = Town(documents)
    yield town
    await documents.database["crm_due"].delete_many({"connectionId": {"$in": list(town.accounts)}})


async def test_everything_goes_over_in_full_calls(town: Town) -> None:
    crm = town.add()
    await town.fill(crm, 450)
    async with town.worker():
        await wait_until_async(town.emptied(crm), timeout=30)
    assert [number for _, number in crm.calls] == [200, 200, 50]
    assert len(crm.records) == 450
    assert (await town.state(crm))["totals"] == {"created": 450}


async def test_one_account_that_hangs_and_one_that_refuses_hold_up_nobody_else(town: Town) -> None:
    hanging, refusing, fine = town.add(), town.add(), town.add()
    hanging.gate = asyncio.Event()
    refusing.faults = [CredentialsError("expired")] * 50
    for crm in (hanging, refusing, fine):
        await town.fill(crm, 5)
    async with town.worker():
        await wait_until_async(town.emptied(fine), timeout=20)

        async def told() -> bool:
            return ((await town.state(refusing)).get("circuit") or {}).get("reason") == "credentials"

        await wait_until_async(told, timeout=20)
        assert await town.left(hanging) == await town.left(refusing) == 5
        hanging.gate.set()
        await wait_until_async(town.emptied(hanging), timeout=20)
    assert len(refusing.calls) == 1


async def test_an_account_is_asked_again_after_its_pause_and_at_once_when_it_was_changed(town: Town) -> None:
    crm = town.add()
    crm.faults = [CredentialsError("expired")]
    await town.fill(crm, 1)
    async with town.worker() as runner:

        async def tripped() -> bool:
            return bool((await town.state(crm)).get("circuit"))

        await wait_until_async(tripped, timeout=20)
        account = town.of(crm)
        changed = type(account.connection)(connection_id=account.id, adapter="memory", settings={}, version="2")
        town.accounts[account.id] = Account(account.client, changed, crm, "US")
        runner._not_before.clear()
        await wait_until_async(town.emptied(crm), timeout=20)
    assert (await town.state(crm))["circuit"] is None


async def test_a_budget_that_is_used_up_is_waited_for_as_long_as_the_crm_says(town: Town) -> None:
    crm = town.add()
    crm.faults = [RateLimitedError("no calls left", retry_after=3600)]
    await town.fill(crm, 1)
    async with town.worker():

        async def tripped() -> bool:
            return bool((await town.state(crm)).get("circuit"))

        await wait_until_async(tripped, timeout=20)
    circuit = (await town.state(crm))["circuit"]
    assert circuit["reason"] == "limit"
    assert timedelta(minutes=59) < circuit["until"] - datetime.now(UTC) <= timedelta(hours=1)


async def test_the_reserve_of_calls_is_kept(town: Town) -> None:
    crm = town.add()
    crm.usage = Usage(used=81, limit=100, window_seconds=86_400)
    await town.fill(crm, 1)
    async with town.worker():

        async def tripped() -> bool:
            return ((await town.state(crm)).get("circuit") or {}).get("reason") == "reserve"

        await wait_until_async(tripped, timeout=20)
    assert crm.calls == []
    assert (await town.state(crm))["usage"]["used"] == 81


async def test_leads_wait_for_each_other_unless_there_are_many(town: Town) -> None:
    few, many = town.add(), town.add()
    soon = datetime.now(UTC)
    await town.fill(few, 3, soon)
    await town.fill(many, GATHER_LEADS, soon)
    async with town.worker(gather=timedelta(minutes=5)):
        await wait_until_async(town.emptied(many), timeout=20)
        assert few.calls == []
        assert await town.left(few) == 3


async def test_two_workers_never_have_one_account_at_once(town: Town) -> None:
    crm = town.add()
    crm.gate = asyncio.Event()
    await town.fill(crm, 5)
    async with town.worker(), town.worker():

        async def asked() -> bool:
            return bool(crm.calls)

        await wait_until_async(asked, timeout=20)
        await asyncio.sleep(0)
        assert len(crm.calls) == 1
        crm.gate.set()
        await wait_until_async(town.emptied(crm), timeout=20)
    assert len(crm.records) == 5


async def test_a_worker_that_dies_in_a_call_is_followed_by_another_and_nothing_is_doubled(town: Town) -> None:
    crm = town.add()
    await town.fill(crm, 5)
    crm.lost = 1
    first = CrmRunner(town.database, town.open, gather=timedelta())
    await first.start()

    async def asked() -> bool:
        return bool(crm.calls)

    await wait_until_async(asked, timeout=20)
    for task in [first._loop, *first._busy.values()]:
        assert task is not None
        task.cancel()
    # Its lease runs out, and so does the pause that the lost answer had begun.
    await town.database["crm_state"].update_one(
        {"_id": town.of(crm).id}, {"$set": {"lease": None, "circuit": None}}, upsert=True
    )
    async with town.worker():
        await wait_until_async(town.emptied(crm), timeout=40)
    assert len(crm.records) == 5


async def test_failures_in_a_row_are_counted_and_forgotten_at_the_first_success(town: Town) -> None:
    crm = town.add()
    crm.faults = [RetryLaterError("no answer"), RetryLaterError("no answer")]
    await town.fill(crm, 1)
    for failures in (1, 2):
        async with town.worker():

            async def tripped(wanted: int = failures) -> bool:
                return ((await town.state(crm)).get("circuit") or {}).get("failures") == wanted

            await wait_until_async(tripped, timeout=20)
        await town.database["crm_state"].update_one({"_id": town.of(crm).id}, {"$set": {"circuit.until": NOW}})
    async with town.worker():
        await wait_until_async(town.emptied(crm), timeout=20)
    assert (await town.state(crm))["circuit"] is None
