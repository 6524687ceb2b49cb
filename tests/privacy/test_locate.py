"""What is found of a person, and whose it is; nothing is changed by looking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from redis.asyncio import Redis

from tests.fixtures.builders import NOON, a_batch, a_client, interaction, page_view, submission
from tests.fixtures.world import make_settings
from tests.pipeline.storing import put
from tracker.config.records import ClientRecord
from tracker.deadletters.entries import BY_TIME, ENTRIES, UNREADABLE, UNREADABLE_BY_TIME, letter_for
from tracker.deadletters.places import open_places
from tracker.pipeline.store import Store
from tracker.privacy.hashes import Hasher
from tracker.privacy.locate import DRAFTS, Subject, locate, subject_of
from tracker.stores.documents import Documents

ANN, BEN = "ann@mail.example", "ben@mail.example"


@pytest.fixture
def client() -> ClientRecord:
    return a_client()


def whom(client: ClientRecord, email: str | None = ANN, **more: Any) -> Subject:
    return subject_of(email, region="US", client_id=client.client_id, **more)


async def leads(documents: Documents, client: ClientRecord) -> dict[str, str]:
    rows = await documents.database["leads"].find({"clientId": client.client_id}).to_list()
    return {row["email"]: row["leadId"] for row in rows}


async def test_visitors_and_visits_are_told_apart_by_who_was_seen_there(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(
        store,
        client,
        submission(ANN, sessionId="own", visitorId="v-own"),
        page_view(sessionId="own-later", visitorId="v-own"),
        submission(ANN, NOON + timedelta(minutes=1), sessionId="ann-there", visitorId="v-both"),
        submission(BEN, NOON + timedelta(minutes=2), sessionId="ben-there", visitorId="v-both"),
        page_view(sessionId="nobody-there", visitorId="v-both"),
        submission(ANN, NOON + timedelta(minutes=3), sessionId="both", visitorId="v-third", form_id="a"),
        submission(BEN, NOON + timedelta(minutes=4), sessionId="both", visitorId="v-third", form_id="b"),
    )
    found = await locate(documents.database, whom(client))
    ids = await leads(documents, client)
    assert found.leads == {client.client_id: {ids[ANN]}}
    assert {one for _, one in found.visitors} == {"v-own"}
    assert {one for _, one in found.shared_visitors} == {"v-both", "v-third"}
    assert {one for _, one in found.sessions} == {"own", "own-later", "ann-there"}
    assert {one for _, one in found.shared_sessions} == {"both"}
    assert len(found.events) == 4


async def test_an_address_anywhere_is_found_and_of_whom_it_speaks_is_told(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    anonymous = [
        page_view("https://shop.example/?m=Ann%40MAIL.example"),
        page_view("https://shop.example/", metadata={"note": f"<{ANN}>"}),
        {**page_view(), "payload": {"page": {"url": "https://shop.example/"}, ANN: "as a name"}},
    ]
    mention = submission(BEN, fields={"friend": ANN})
    await put(store, client, *anonymous, mention, page_view("https://shop.example/?m=jo.ann@mail.example"))
    found = await locate(documents.database, whom(client))
    assert found.events == {(client.client_id, event["id"]) for event in anonymous}
    assert sorted(name for name, _ in found.mentions) == ["events", "leads"]


async def test_a_lead_whose_address_was_changed_by_hand_is_still_theirs(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(store, client, submission("typo@mail.example"))
    await documents.database["leads"].update_one(
        {"clientId": client.client_id}, {"$set": {"email": ANN, "said": {"email": ["typo@mail.example", None]}}}
    )
    for email in (ANN, "typo@mail.example"):
        assert (await locate(documents.database, whom(client, email))).leads != {}


async def test_drafts_are_found_by_the_hash_of_any_secret(documents: Documents, client: ClientRecord) -> None:
    old, new = "an-older-secret-0123456789-abcdef", "the-current-secret-0123456789-abcd"
    rows = documents.database[DRAFTS]
    for number, email in enumerate((ANN, BEN)):
        row = {"_id": f"{client.client_id}-{number}", "clientId": client.client_id, "visitorId": f"v{number}"}
        await rows.insert_one({**row, "emailHash": Hasher([old]).all("email", email)})
    found = await locate(documents.database, whom(client), hasher=Hasher([new, old]))
    assert found.drafts == {f"{client.client_id}-0"}


async def test_dead_letters_are_found_also_those_that_nobody_can_read(
    documents: Documents, client: ClientRecord, redis: Redis, redis_url: str
) -> None:
    ids = []
    for event in (submission(ANN), submission(BEN), interaction(BEN, fields={"x": ANN.upper()})):
        letter = letter_for(a_batch(client, event), "x", 3, 1.0)
        ids.append(letter.id)
        await redis.hset(ENTRIES, letter.id, msgspec.msgpack.encode(letter))  # type: ignore[misc, arg-type]
        await redis.zadd(BY_TIME, {letter.id: 1.0})
    unreadable = uuid4().hex
    await redis.hset(UNREADABLE, unreadable, f"{{{ANN}".encode())  # type: ignore[misc, arg-type]
    await redis.zadd(UNREADABLE_BY_TIME, {unreadable: 1.0})
    async with open_places(make_settings(redis_url=redis_url)) as places:
        found = await locate(documents.database, whom(client), places=places)
    assert found.letters == {ids[0], ids[2], unreadable}


async def test_a_browser_alone_takes_leads_along_only_when_one_person_used_it(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(
        store,
        client,
        submission(ANN, sessionId="s1", visitorId="one"),
        submission(ANN, sessionId="s2", visitorId="two"),
        submission(BEN, sessionId="s3", visitorId="two"),
        submission("cleo@mail.example", sessionId="s4", visitorId="three"),
    )
    ids = await leads(documents, client)
    only = await locate(documents.database, whom(client, None, visitor="three"))
    assert only.leads == {client.client_id: {ids["cleo@mail.example"]}}
    both = await locate(documents.database, whom(client, None, visitor="two"))
    assert both.leads == {}, "two persons used it"
    elsewhere = await locate(documents.database, whom(client, None, visitor="one"))
    assert elsewhere.leads == {}, "she was seen in another browser too"
