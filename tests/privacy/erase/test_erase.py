"""A person is erased from real stores, and nobody else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import bson
import msgspec
import pytest
from redis.asyncio import Redis
from sqlmodel import Session, col, select

from tests.fixtures.builders import NOON, a_batch, interaction, page_view, submission
from tests.fixtures.world import Site, queued_batches
from tests.pipeline.storing import put
from tests.privacy.erase.raw import redis_bytes
from tracker.accounts import read_books
from tracker.config.models import AuditEntry
from tracker.config.records import ClientRecord
from tracker.deadletters.entries import BY_TIME, ENTRIES, UNREADABLE, UNREADABLE_BY_TIME, letter_for
from tracker.pipeline.store import Store
from tracker.privacy.erase.certificate import fault, public_keys
from tracker.privacy.erase.requests import ask, certificate_of, show
from tracker.privacy.erase.service import finish_now, preview
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import locate, subject_of
from tracker.privacy.subject import Subject
from tracker.queue import QueueProducer
from tracker.stores.documents import Documents

ANN, BEN = "ann.lee@mail.example", "ben@mail.example"


def person(email: str | None = ANN, **more: Any) -> Subject:
    return subject_of(email, region="US", **more)


async def erase(tools: Tools, subject: Subject) -> dict[str, Any]:
    return await finish_now(tools, await ask(tools, subject, "cli:test"))


async def everything(documents: Documents, client_id: str) -> bytes:
    """Every document of a client, and of collections without one, as bytes."""
    parts = []
    for name in await documents.database.list_collection_names():
        query: dict[str, Any] = {"$or": [{"clientId": client_id}, {"clientId": {"$exists": False}}]}
        parts += [bson.encode(row) async for row in documents.database[name].find(query)]
    return b"\n".join(parts).lower()


async def ids_of(documents: Documents, collection: str, client: ClientRecord, name: str = "eventId") -> set[str]:
    return {row[name] async for row in documents.database[collection].find({"clientId": client.client_id})}


async def test_all_of_a_person_goes_and_all_of_another_stays(
    tools: Tools, store: Store, documents: Documents, client: ClientRecord
) -> None:
    """Ann has a browser of her own and shares another one with Ben."""
    hers = [
        page_view(sessionId="s1", visitorId="v-ann"),
        submission(ANN.upper(), sessionId="s1", visitorId="v-ann", fields={"name": "Ann Lee", "phone": "212 555 0123"}),
        page_view("https://shop.example/thanks", NOON + timedelta(minutes=1), sessionId="s1", visitorId="v-ann"),
        submission(ANN, NOON + timedelta(hours=1), sessionId="s2", visitorId="v-both", form_id="other"),
        page_view("https://shop.example/?mail=ann.lee%40mail.example", sessionId="s4", visitorId="v-nobody"),
    ]
    his = [
        submission(BEN, sessionId="s3", visitorId="v-both", fields={"friend": ANN, "text": f"say hello to {ANN}!"}),
        page_view("https://shop.example/p", sessionId="s3", visitorId="v-both"),
        submission(f"jo{ANN}", sessionId="s5", visitorId="v-jo"),
    ]
    await put(store, client, *hers, *his)
    subject = person()
    counts = await preview(tools, subject)
    before = await everything(documents, client.client_id)
    assert counts["events"] == len(hers)
    assert counts["leads"] == 1
    assert counts["mentions"] == 3, "Ben's event, his lead, and the visit with an address in its page"
    assert before == await everything(documents, client.client_id), "a dry run changes nothing"

    done = await erase(tools, subject)

    assert done["status"] == "done"
    assert done["counts"]["events"] == len(hers)
    assert done["counts"]["leads"] == 1
    assert await ids_of(documents, "events", client) == {event["id"] for event in his}
    assert await ids_of(documents, "sessions", client, "sessionId") == {"s3", "s5"}
    ben = await documents.database["leads"].find_one({"clientId": client.client_id, "email": BEN})
    assert ben is not None
    assert ben["fields"] == {"text": "say hello to [ERASED]!"}
    left = (await everything(documents, client.client_id)).replace(f"jo{ANN}".encode(), b"")
    assert ANN.encode() not in left
    assert b"ann lee" not in left
    again = await erase(tools, subject)
    assert not set(again["counts"]) & {"events", "leads", "sessions", "mentions"}


async def test_a_visit_that_two_share_loses_one_of_them(
    tools: Tools, store: Store, documents: Documents, client: ClientRecord
) -> None:
    await put(
        store,
        client,
        page_view("https://shop.example/a", sessionId="s1", visitorId="v1"),
        submission(ANN, NOON + timedelta(minutes=1), sessionId="s1", visitorId="v1"),
        submission(BEN, NOON + timedelta(minutes=2), sessionId="s1", visitorId="v1"),
        page_view("https://shop.example/?m=" + ANN, NOON + timedelta(minutes=3), sessionId="s1", visitorId="v1"),
    )
    await erase(tools, person())
    [session] = await documents.database["sessions"].find({"clientId": client.client_id}).to_list()
    assert (session["eventCount"], session["formSubmissions"], session["pageViewCount"]) == (2, 1, 1)
    assert [view["url"] for view in session["pageViews"]] == ["https://shop.example/a"]
    ben = await documents.database["leads"].find_one({"clientId": client.client_id})
    assert ben is not None
    assert [entry["leadId"] for entry in session["leads"]] == [ben["leadId"]]


async def test_events_that_wait_leave_their_job_and_the_books_balance(
    tools: Tools, documents: Documents, client: ClientRecord, redis: Redis
) -> None:
    producer = QueueProducer(redis, 0)
    other = submission(BEN, fields={"text": "hello"})
    escaped = submission("x@y.example", fields={"text": "hello"})
    raw = json.dumps(escaped).replace("x@y.example", ANN.replace("@", "\\u0040")).encode()
    batch = a_batch(client, submission(ANN), other, escaped)
    batch.events[2].data = raw
    await producer.enqueue([batch])
    await producer.enqueue([a_batch(client, interaction(ANN.title()))])
    done = await erase(tools, person())
    assert done["counts"]["queue"] == 3
    [[kept]] = await queued_batches(redis)
    assert [event.event_id for event in kept.events] == [other["id"]]
    [books] = await read_books(tools.settings, client.client_id)
    assert (books.accepted, books.waiting, books.unaccounted) == (4, 1, 0)
    assert books.outcomes["dropped_erased"] == 3


async def test_dead_letters_samples_and_whatever_else_is_in_redis_goes(
    tools: Tools, client: ClientRecord, redis: Redis
) -> None:
    letters = [letter_for(a_batch(client, submission(email)), "x", 3, 1.0) for email in (ANN, BEN)]
    for letter in letters:
        await redis.hset(ENTRIES, letter.id, msgspec.msgpack.encode(letter))  # type: ignore[misc, arg-type]
        await redis.zadd(BY_TIME, {letter.id: 1.0})
    for name, data in (("j1", f"\x93 {ANN}"), ("j2", f"\x93 {BEN}")):
        await redis.hset(UNREADABLE, name, data.encode("latin-1"))  # type: ignore[misc, arg-type]
        await redis.zadd(UNREADABLE_BY_TIME, {name: 1.0})
    samples = f"tracker:rejected:{client.client_id}:samples"
    await redis.lpush(samples, json.dumps({"event": {"e": ANN}}), json.dumps({"event": {"e": BEN}}))  # type: ignore[misc]
    await redis.set(f"tracker:cache:{ANN}", "x")
    await redis.hset("tracker:cache:hash", mapping={"a": ANN, "b": BEN})  # type: ignore[misc]
    await redis.zadd("tracker:cache:zset", {ANN: 1, BEN: 2})
    await redis.sadd("tracker:cache:set", ANN, BEN)  # type: ignore[misc]
    await redis.xadd("tracker:cache:stream", {"a": ANN})
    await redis.set("arq:job:leftover", f"\x93 {ANN}")
    await redis.set("somebody-else", ANN)
    done = await erase(tools, person())
    assert done["counts"]["dead_letters"] == 2
    assert done["counts"]["samples"] == 1
    assert await redis.get("somebody-else") is not None, "a key that is not ours"
    await redis.delete("somebody-else")
    left = redis_bytes(str(tools.settings.redis_url))
    assert ANN.encode() not in left.lower()
    assert left.count(BEN.encode()) == 6


async def test_the_certificate_is_signed_and_says_nothing_of_the_person(
    tools: Tools, store: Store, documents: Documents, client: ClientRecord, site: Site
) -> None:
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    request_id = await ask(tools, person(phone="+1 212 555 0123"), "cli:ann")
    assert await ask(tools, person(phone="+1 212 555 0123"), "cli:ann") == request_id, "one request for one person"
    await finish_now(tools, request_id)
    certificate = await certificate_of(tools.database, request_id)
    keys = public_keys(tools.settings.secrets)
    assert fault(certificate, keys) is None
    assert certificate["statement"]["counts"]["leads"] == 1
    text = json.dumps(certificate)
    assert ANN not in text
    assert "5550123" not in text
    for changed in ({"counts": {"leads": 0}}, {"requestId": "x"}):
        forged = {**certificate, "statement": {**certificate["statement"], **changed}}
        assert fault(forged, keys) is not None
    assert fault(certificate, public_keys(["another-secret-0123456789-abcdefg"])) is not None
    row = await tools.database["erasures"].find_one({"_id": request_id})
    assert row is not None
    assert "sealed" not in row
    with Session(tools.engine) as session:
        [entry] = session.exec(select(AuditEntry).where(col(AuditEntry.action) == "gdpr.delete")).all()
    assert entry.actor == "cli:ann"
    assert ANN not in json.dumps(entry.after)
    assert (await show(tools.database, request_id))["status"] == "done"


async def test_a_visitor_may_be_asked_for_and_whose_it_is_decides(
    tools: Tools, store: Store, documents: Documents, client: ClientRecord
) -> None:
    own = [
        page_view(sessionId="s1", visitorId="v-own"),
        interaction(None, sessionId="s1", visitorId="v-own", fields={"first_name": "Ann"}),
    ]
    shared = [
        page_view(sessionId="s2", visitorId="v-both"),
        submission(ANN, sessionId="s2", visitorId="v-both"),
        submission(BEN, NOON + timedelta(hours=2), sessionId="s3", visitorId="v-both"),
    ]
    await put(store, client, *own, *shared)
    found = await locate(documents.database, person(None, visitor="v-own", client_id=client.client_id))
    assert found.events == {(client.client_id, event["id"]) for event in own}
    await erase(tools, person(None, visitor="v-own", client_id=client.client_id))
    assert await ids_of(documents, "events", client) == {event["id"] for event in shared}
    await erase(tools, person(None, visitor="v-both", client_id=client.client_id))
    assert await ids_of(documents, "events", client) == {event["id"] for event in shared}, "two people used it"


async def test_a_phone_number_finds_its_lead_and_every_spelling(
    tools: Tools, store: Store, documents: Documents, client: ClientRecord
) -> None:
    await put(
        store,
        client,
        submission(ANN, sessionId="s1", fields={"phone": "(212) 555-0123"}),
        submission(BEN, sessionId="s2", fields={"text": "call +1 212 555 0123", "n": 2125550123}),
    )
    await erase(tools, person(None, phone="212-555-0123", client_id=client.client_id))
    [lead] = await documents.database["leads"].find({"clientId": client.client_id}).to_list()
    assert (lead["email"], lead["fields"]) == (BEN, {"text": "call [ERASED]"})


async def test_only_the_client_that_was_named_forgets(
    tools: Tools, store: Store, documents: Documents, client: ClientRecord, site: Site
) -> None:
    other = site.service.create_client(f"{uuid4().hex}.example").client.client_id
    second = site.service.client_record(other)
    assert second is not None
    await put(store, client, submission(ANN, sessionId="s1", visitorId="v1"))
    await put(store, second, submission(ANN, sessionId="s1", visitorId="v1"))
    await erase(tools, person(client_id=client.client_id))
    assert await ids_of(documents, "events", client) == set()
    assert len(await ids_of(documents, "events", second)) == 1
    assert len(await ids_of(documents, "leads", second, "leadId")) == 1


async def test_a_value_in_a_collection_that_nobody_thought_of_goes(
    tools: Tools, documents: Documents, client: ClientRecord
) -> None:
    rows = documents.database[f"other_{uuid4().hex}"]
    await rows.insert_one({"_id": 1, "clientId": client.client_id, "a": {"b": [ANN, "x"]}, "at": datetime.now(UTC)})
    try:
        await erase(tools, person())
        row = await rows.find_one({"_id": 1})
        assert row is not None
        assert row["a"] == {"b": ["x"]}
    finally:
        await rows.drop()


def test_whom_must_be_said() -> None:
    from tracker.errors import InvalidError

    for given in ({}, {"email": "no address"}, {"phone": "12"}):
        with pytest.raises(InvalidError) as refused:
            subject_of(given.get("email"), given.get("phone"), region="US")
        assert "no address" not in str(refused.value.detail)
