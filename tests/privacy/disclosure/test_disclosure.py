"""What goes into the copy of a person's data, from every store, and how the file is handed over."""

from __future__ import annotations

import json
import subprocess
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from redis.asyncio import Redis
from sqlmodel import Session, col, select

from tests.deadletters.letters import a_letter, bury
from tests.fixtures.builders import NOON, a_batch, a_form, interaction, page_view, submission
from tests.fixtures.depth import examples
from tests.fixtures.forks import CLI, run_forked
from tests.fixtures.processes import service_environment
from tests.fixtures.system import System
from tests.fixtures.world import Site
from tests.pipeline.storing import put
from tests.privacy.disclosure.opened import Opened
from tests.webhooks.scene import a_delivery
from tracker.config.models import AuditEntry
from tracker.config.records import ClientRecord
from tracker.errors import InvalidError
from tracker.ingest.rejected import RefusalSampler
from tracker.ingest.wire import read_batch, read_events
from tracker.pipeline.store import Store
from tracker.privacy.disclosure.service import disclose
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import subject_of
from tracker.privacy.subject import Subject
from tracker.privacy.suppressions import suppress
from tracker.queue import QueueProducer

ANN, BEN = "ann.lee@mail.example", "ben@mail.example"
OWN = {"sessionId": "s1", "visitorId": "v-ann"}
EVENTS = examples(ci=2_000, deep=20_000)


def person(client: ClientRecord, email: str | None = ANN, **more: Any) -> Subject:
    return subject_of(email, region="US", client_id=client.client_id, **more)


async def copy_of(tools: Tools, subject: Subject, folder: Path, **more: Any) -> Opened:
    return Opened((await disclose(tools, subject, folder / "person.zip", "cli:test", **more)).path)


async def lead_of(tools: Tools, client: ClientRecord, email: str) -> dict[str, Any]:
    lead = await tools.database["leads"].find_one({"clientId": client.client_id, "email": email})
    assert lead is not None
    return lead


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o640)


def names_in(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir() if not one.name.startswith("world.db")}


async def test_every_store_is_in_it_and_nobody_else(
    tools: Tools, store: Store, client: ClientRecord, site: Site, redis: Redis, tmp_path: Path
) -> None:
    await put(
        store,
        client,
        page_view(**OWN),
        submission(ANN, fields={"name": "Ann Lee", "friend": BEN, "text": f"tell {BEN} too"}, **OWN),
        submission(
            BEN, NOON + timedelta(hours=1), sessionId="s2", visitorId="v-ben", fields={"friend": ANN, "x": "bens-own"}
        ),
    )
    ann, ben = await lead_of(tools, client, ANN), await lead_of(tools, client, BEN)
    account = site.service.create_crm(site.client_id, "log", {"auth": "none"})
    now = datetime.now(UTC)
    record = {
        "connectionId": account.connection_id,
        "entity": "Lead",
        "crmId": "00Q1",
        "at": now,
        "sent": [["Email", "h"]],
    }
    await tools.database["leads"].update_one({"_id": ann["_id"]}, {"$set": {"crmRecords": [record]}})
    attempt = {"clientId": client.client_id, "connectionId": account.connection_id, "entity": "Lead", "at": now}
    await tools.database["crm_attempts"].insert_many(
        [
            {**attempt, "leadId": one["leadId"], "outcome": what}
            for one, what in ((ann, "created"), (ben, "bens-attempt"))
        ]
    )
    hook = site.service.create_webhook(
        site.client_id, "https://hooks.example/secret-path", (), None
    ).endpoint.endpoint_id
    for lead, text in ((ann, "to-ann"), (ben, f"to-ben {ANN}")):
        payload = json.dumps({"data": {"text": text}}).encode()
        await tools.database["webhook_deliveries"].insert_one(
            a_delivery(client.client_id, hook, leadId=lead["leadId"], payload=payload)
        )
    waiting = [
        submission(ANN, fields={"q": "ann-waits"}, **OWN),
        submission(BEN, fields={"friend": ANN, "q": "ben-waits"}),
    ]
    await QueueProducer(redis, 0).enqueue([a_batch(client, *waiting)])
    await bury(
        redis,
        a_letter(client.client_id, submission(ANN, fields={"q": "ann-died"}, **OWN)),
        a_letter(client.client_id, submission(BEN, fields={"friend": ANN, "q": "ben-died"})),
    )
    bad = json.dumps({"events": [{"type": 7, **ids} for ids in (OWN, {"sessionId": "s2", "visitorId": "v-ben"})]})
    batch = read_batch(bad.encode())
    await RefusalSampler(redis, 10).keep(client.client_id, read_events(batch.events, tools.settings)[1], batch.events)
    await suppress(tools.database, tools.hasher, ("email", ANN), client_id=client.client_id, by="cli:somebody")
    site.service.record_change("lead.update", ("lead", ann["leadId"]), site.client_id, actor="cli:somebody")

    copy = await copy_of(tools, person(client), tmp_path)

    counts = {one["name"]: one["count"] for one in copy.manifest["stores"]}
    assert counts == {
        **dict.fromkeys(("leads", "crm_records", "crm_attempts", "webhook_deliveries", "sessions", "queue"), 1),
        **dict.fromkeys(("dead_letters", "refused", "suppressions", "audit"), 1),
        **{"events": 2, "drafts": 0, "crm_due": 0, "erasures": 0},
    }
    [lead] = copy.rows("leads")
    assert (lead["email"], lead["name"]) == (ANN, "Ann Lee")
    assert lead["fields"] == {"text": "tell [ERASED] too"}
    [sent] = copy.rows("crm_records")
    assert (sent["crm"], sent["entity"], sent["crmId"], sent["fields"]) == ("log", "Lead", "00Q1", ["Email"])
    [told] = copy.rows("webhook_deliveries")
    assert (told["recipient"], told["payload"]) == ("hooks.example", {"data": {"text": "to-ann"}})
    assert [row["expiresAt"] for row in copy.rows("events") if row["expiresAt"]]
    assert copy.manifest["mentionsByOthers"] == {
        "dead_letters": 1, "events": 1, "leads": 1, "queue": 1,
    }  # fmt: skip
    for own in (b"ann-waits", b"ann-died", b"to-ann"):
        assert own in copy.whole
    for other in (
        BEN.encode(),
        b"bens-own",
        b"ben-waits",
        b"ben-died",
        b"to-ben",
        b"bens-attempt",
        b"v-ben",
        b"secret-path",
    ):
        assert other not in copy.whole, other
    assert b"cli:somebody" not in copy.whole


async def test_a_draft_is_opened_unless_it_is_somebody_else_s(
    tools: Tools, store: Store, client: ClientRecord, tmp_path: Path
) -> None:
    drafting = replace(client, forms=(replace(a_form("contact"), draft=True),))
    await put(
        store,
        drafting,
        interaction(ANN, fields={"message": "ann-began"}, **OWN),
        interaction(BEN, fields={"friend": ANN, "message": "ben-began"}, sessionId="s2", visitorId="v-ben"),
    )
    copy = await copy_of(tools, person(client), tmp_path)
    [draft] = copy.rows("drafts")
    assert draft["fields"] == {"email": ANN, "message": "ann-began"}
    assert draft["expiresAt"]
    assert b"ben" not in copy.files["drafts.json"]
    assert copy.manifest["mentionsByOthers"]["drafts"] == 1


async def test_what_was_typed_is_text_on_the_page_and_never_markup(
    tools: Tools, store: Store, client: ClientRecord, tmp_path: Path
) -> None:
    evil = '</td><script>alert(1)</script><img src=x onerror=alert(1)>"\u202e\x1b[31m'
    event = submission(ANN, fields={"message": evil, evil[:60]: "name"}, **OWN)
    event["payload"]["page"] = {"url": "javascript:alert(1)", "title": evil}
    await put(store, client, event)
    copy = await copy_of(tools, person(client), tmp_path)
    text = copy.page.text()
    assert "<script>alert(1)</script>" in text
    assert "[U+202E][U+001B][31m" in text
    assert "\x1b" not in text


async def test_a_person_of_whom_nothing_is_held_gets_a_file_that_says_so(
    tools: Tools, client: ClientRecord, tmp_path: Path
) -> None:
    done = await disclose(tools, person(client, "nobody@mail.example"), tmp_path / "x.zip", "cli:test")
    assert not done.found
    copy = Opened(done.path)
    assert copy.manifest["found"] is False
    assert copy.page.css_first("h1").text() == "Nothing is held of you"


async def test_a_file_that_is_there_is_left_alone_without_force(
    tools: Tools, client: ClientRecord, tmp_path: Path
) -> None:
    path = tmp_path / "person.zip"
    write(path, "older")
    with pytest.raises(InvalidError, match="--force"):
        await copy_of(tools, person(client), tmp_path)
    assert (path.stat().st_size, path.stat().st_mode & 0o777) == (5, 0o640)
    assert (await copy_of(tools, person(client), tmp_path, force=True)).manifest["format"] == 1
    for bad in (tmp_path, tmp_path / "none" / "x.zip"):
        with pytest.raises(InvalidError):
            await disclose(tools, person(client), bad, "cli:test")
    assert names_in(tmp_path) == {"person.zip"}


async def test_a_store_that_is_away_leaves_no_file(
    tools: Tools, store: Store, client: ClientRecord, tmp_path: Path
) -> None:
    import dataclasses

    from redis.exceptions import ConnectionError as RedisConnectionError

    away = dataclasses.replace(tools, settings=tools.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/"}))
    with pytest.raises(RedisConnectionError):
        await copy_of(away, person(client), tmp_path)
    assert not [name for name in names_in(tmp_path) if "person.zip" in name]


async def test_the_audit_log_knows_the_person_by_a_keyed_hash(
    tools: Tools, client: ClientRecord, tmp_path: Path
) -> None:
    await copy_of(tools, person(client), tmp_path)
    with Session(tools.engine) as session:
        [entry] = session.exec(select(AuditEntry).where(col(AuditEntry.action) == "gdpr.export")).all()
    hashed = tools.hasher.one("email", ANN, client.client_id)
    assert (entry.actor, entry.target_id, entry.client_id) == ("cli:test", hashed, client.client_id)
    assert entry.after == {"subject": [{"kind": "email", "hash": hashed}], "found": False}
    assert ANN not in repr(entry)


async def test_memory_does_not_grow_with_what_is_held(
    tools: Tools, store: Store, client: ClientRecord, tmp_path: Path
) -> None:
    fill = "x" * 4_000
    await put(store, client, submission(ANN, **OWN))
    for start in range(0, EVENTS, 200):
        times = [NOON - timedelta(seconds=number) for number in range(start, start + 200)]
        await put(store, client, *[page_view(f"https://shop.example/?x={fill}", at, **OWN) for at in times])
    tracemalloc.start()
    copy_path = (await disclose(tools, person(client), tmp_path / "x.zip", "cli:test")).path
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    rows = Opened(copy_path).rows("events")
    assert len(rows) == EVENTS + 1
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    # All of it together is four times as much at least.
    assert peak < 24 * 2**20, peak


def test_the_command_reads_the_address_from_standard_input(system: System) -> None:
    client = system.new_client()
    system.serve()
    worker = system.work()
    event = submission(ANN, **OWN)
    system.post(client["apiKey"], [event]).raise_for_status()
    system.wait_drained()
    worker.terminate()

    def run(*arguments: str, address: str = ANN) -> subprocess.CompletedProcess[str]:
        environment = service_environment(**system.settings)
        command = ("--json", "gdpr", "export", "-", "--output", "person.zip", *arguments)
        return run_forked(CLI, *command, env=environment, cwd=system.folder, stdin=f"{address}\n")

    done = run()
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["found"], printed["counts"]["events"], printed["counts"]["leads"]) == (True, 1, 1)
    assert ANN not in done.stdout + done.stderr
    assert [row["eventId"] for row in Opened(system.folder / "person.zip").rows("events")] == [event["id"]]
    again = run()
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    nobody = run("--force", "--client", "localhost", address="nobody@mail.example")
    assert (nobody.returncode, json.loads(nobody.stdout)["found"]) == (0, False)
    bad = run("--force", address="not-an-address")
    assert (bad.returncode, "not-an-address" in bad.stderr) == (1, False)
