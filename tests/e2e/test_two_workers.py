"""Two real worker processes that are killed at any moment, and clients that send everything again: what is left is what
one clean delivery leaves, and the books are exact."""

from __future__ import annotations

import asyncio
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_client, interaction, ms, page_view, submission
from tests.fixtures.depth import examples
from tests.fixtures.processes import Service, wait_until
from tests.fixtures.system import System
from tests.fixtures.world import make_settings
from tests.pipeline.scenarios import differences, what_is_left
from tests.pipeline.storing import put
from tracker.accounts import ClientBooks, read_books
from tracker.documents import open_documents
from tracker.pipeline.store import Store
from tracker.queue import queue_name

SECOND = timedelta(seconds=1)
# A dead worker's jobs are taken over after the lease; its kills must not bury an event that merely was there.
# Nor are leads given up in between, whose events are hours old.
QUICK = {
    "TRACKER_JOB_LEASE_SECONDS": "1",
    "TRACKER_EVENT_RETRY_SECONDS": "0.05",
    "TRACKER_EVENT_MAX_KILLS": "100",
    "TRACKER_ABANDONED_AFTER_MINUTES": "10000",
}

# The embedded document store keeps a dead worker's transaction open for longer than a test can wait.
pytestmark = pytest.mark.real("mongodb")


def visits(random: random.Random, number: int) -> list[dict[str, Any]]:
    """Visits of five or six events: pages, a name typed before the e-mail, a step without it, an ``identify``."""
    events: list[dict[str, Any]] = []
    for visit in range(number):
        own = {"sessionId": f"s{visit}", "visitorId": f"v{visit // 2}"}
        at = NOON + random.randrange(1_800) * SECOND
        email = f"person{random.randrange(number // 2)}@shop.example"
        typed: list[dict[str, Any]] = [
            page_view("https://shop.example/?utm_source=ads", at, **own),
            page_view("https://shop.example/contact", at + SECOND, **own),
            interaction(None, at + 2 * SECOND, fields={"name": f"Person {visit}"}, **own),
            interaction(email, at + 3 * SECOND, fields={"company": f"Company {visit}"}, **own),
            submission(None, at + 4 * SECOND, fields={"budget": str(visit)}, **own),
        ]
        if visit % 3 == 0:
            identify = {"type": "identify", "timestamp": ms(at + 5 * SECOND), "payload": {"email": email}, **own}
            typed.append(identify)
        events += typed
    # No two moments are equal, and each event says which one it is.
    return [event | {"id": f"e{n}", "timestamp": event["timestamp"] + n % 997} for n, event in enumerate(events)]


def spelt(email: str, number: int) -> str:
    """The same address in one of several spellings."""
    return [email, email.upper(), f"  {email.title()} ", f"mailto:{email}", f"{email}\t"][number % 5]


def send_and_kill(
    system: System, random: random.Random, api_key: str, requests: list[list[dict[str, Any]]], kills: int
) -> int:
    """Send requests by four clients at once to two workers, of which one dies at a random moment, again and again.

    :returns: at how many of its deaths jobs were waiting or running.
    """
    workers: list[Service] = [system.work(**QUICK), system.work(**QUICK)]
    size, interrupted = -(-len(requests) // kills), 0
    with ThreadPoolExecutor(4) as clients:
        for start in range(0, len(requests), size):
            sent = [clients.submit(system.post, api_key, request) for request in requests[start : start + size]]
            wait_until(lambda sent=sent: waiting(system) or all(one.done() for one in sent), interval=0.002)
            time.sleep(random.uniform(0, 0.1))
            number = random.randrange(2)
            workers[number].kill()
            interrupted += waiting(system) > 0
            workers[number] = system.work(**QUICK)
            assert [one.result().status_code for one in sent] == [200] * len(sent)
    return interrupted


def waiting(system: System) -> int:
    """How many jobs wait or run."""
    return int(system.redis.zcard(queue_name(0)))  # type: ignore[arg-type]


def books_of(system: System, client_id: str) -> ClientBooks:
    [found] = asyncio.run(read_books(make_settings(redis_url=system.settings["TRACKER_REDIS_URL"]), client_id))
    return found


def test_two_workers_that_are_killed_leave_what_one_clean_delivery_leaves(system: System) -> None:
    seeded = random.Random(20_260)
    client = system.new_client()
    system.serve()
    events = visits(seeded, examples(60, 1_500))
    sent = [events[start : start + 10] for start in range(0, len(events), 10)]
    # Whole requests again, and their events in other company.
    sent += [*seeded.sample(sent, len(sent) // 2), *(seeded.sample(events, 7) for _ in range(len(sent) // 2))]
    seeded.shuffle(sent)
    interrupted = send_and_kill(system, seeded, client["apiKey"], sent, examples(4, 20))
    assert interrupted > 0, "no death came while there was work to do"
    accepted = sum(len(request) for request in sent)
    wait_until(lambda: books_of(system, client["clientId"]).waiting == 0, timeout=90, message=system.launch.outputs)

    expected, left = asyncio.run(_clean_and_delivered(system, client["clientId"], events))
    assert len(left["events"]) == len(events)
    assert not (found := differences(expected, left)), "\n".join(found[:20])
    books = books_of(system, client["clientId"])
    ends = {name: number for name, number in books.outcomes.items() if number}
    assert (books.accepted, books.unaccounted) == (accepted, 0)
    assert ends == {"stored": len(events), "duplicate": accepted - len(events)}


async def _clean_and_delivered(
    system: System, client_id: str, events: list[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a clean delivery in this process leaves, and what the workers have left."""
    url, name = system.settings["TRACKER_MONGODB_URL"], system.settings["TRACKER_MONGODB_DATABASE"]
    settings = make_settings(mongodb_url=url, mongodb_database=name)
    clean, delivered = a_client(), a_client(client_id=client_id)
    async with open_documents(settings, indexes=True) as documents:
        store = Store(documents, settings)
        for start in range(0, len(events), 500):
            await put(store, clean, *events[start : start + 500])
        expected, left = [await what_is_left(documents, each) for each in (clean, delivered)]
    return _typed(expected), _typed(left)


def _typed(left: dict[str, Any]) -> dict[str, Any]:
    """Without when and from where requests came, which the clean delivery has none of."""
    edge = {"createdAt", "expiresAt", "updatedAt", "userAgent", "ipAddress", "device", "browser", "os", "geo"}
    for rows in (left["events"], left["sessions"]):
        rows[:] = [{name: value for name, value in row.items() if name not in edge} for row in rows]
    return left


def test_32_submissions_of_one_email_at_once_make_one_lead(system: System) -> None:
    client = system.new_client()
    system.serve()
    for _ in range(2):
        system.work(**QUICK)
    for round_ in range(examples(3, 40)):
        email = f"ann.lee{round_}@shop.example"
        events = [submission(spelt(email, n), NOON + n * SECOND, id=f"{round_}-{n}") for n in range(32)]
        with ThreadPoolExecutor(32) as clients:
            list(clients.map(lambda one: system.post(client["apiKey"], [one]).raise_for_status(), events))
        system.wait_drained()
        [lead] = system.database.leads.find({"email": email})
        assert system.database.events.count_documents({"leadId": lead["leadId"]}) == 32
    assert system.database.leads.count_documents({}) == examples(3, 40)
