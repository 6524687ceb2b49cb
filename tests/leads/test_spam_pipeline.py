"""Spam through the pipeline: marked, kept, shown, and told to nobody until somebody says otherwise."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import structs

from tests.fixtures.builders import NOON, a_batch, a_client, a_draft, a_field, a_form, interaction, submission
from tests.fixtures.world import Site
from tests.pipeline.storing import found, one_lead, put
from tracker.config.records import ClientRecord
from tracker.config.service import ConfigService
from tracker.crm.sync.service import mark_all
from tracker.errors import ConflictError, InvalidError
from tracker.leads.edits import request_sync, update_lead
from tracker.leads.service import list_leads, page_leads
from tracker.leads.spam import TRAP_NAMES
from tracker.pipeline.store import Store
from tracker.queue import decode_batches, encode_batches
from tracker.stores.documents import Documents

ACTOR = "api:ann"
STUFFED = {"message": "[url=https://a.test]pills[/url]"}


@pytest.fixture
def config(site: Site) -> ConfigService:
    site.service.create_crm(site.client_id, "log", {})
    site.service.create_webhook(site.client_id, "https://receiver.example/hook")
    return site.service


@pytest.fixture
def client(config: ConfigService, site: Site) -> ClientRecord:
    """The client as workers know it, with an account and a webhook."""
    record = config.client_record(site.client_id)
    assert record is not None
    assert record.crm and record.webhooks
    return record


def delivering(client: ClientRecord) -> ClientRecord:
    return structs.replace(client, settings=structs.replace(client.settings, deliver_spam=True))


async def told(documents: Documents, client: ClientRecord) -> tuple[int, list[str]]:
    """How many leads are due for the CRM, and what webhooks are told."""
    own = {"clientId": client.client_id}
    rows = await documents.database["webhook_deliveries"].find(own).to_list()
    return await documents.database["crm_due"].count_documents(own), sorted(row["eventType"] for row in rows)


async def test_spam_is_stored_and_marked_and_told_to_nobody(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    await put(store, client, submission(fields=STUFFED))
    lead = await one_lead(documents, client)
    assert (lead["spam"], lead["spamReasons"], lead["message"]) == (True, ["links"], STUFFED["message"])
    [event] = await found(documents, "events", client)
    assert event["spamReasons"] == ["links"]
    assert await told(documents, client) == (0, [])


async def test_an_honest_lead_carries_nothing_of_it(store: Store, documents: Documents, client: ClientRecord) -> None:
    await put(store, client, submission(payload={"fillMs": 8_000}))
    lead = await one_lead(documents, client)
    assert not {"spam", "spamReasons"} & lead.keys()
    assert not {"spamReasons", "noToken"} & (await found(documents, "events", client))[0].keys()
    assert await told(documents, client) == (1, ["form.submitted", "lead.created", "lead.submitted"])


async def test_a_client_may_have_it_delivered(store: Store, documents: Documents, client: ClientRecord) -> None:
    await put(store, delivering(client), submission(fields=STUFFED))
    assert await told(documents, client) == (1, ["form.submitted", "lead.created", "lead.submitted"])


@pytest.mark.parametrize(
    ("event", "batch", "reason"),
    [
        ({"payload": {"honeypot": True}}, {}, "honeypot"),
        ({"payload": {"fillMs": 300}}, {}, "too_fast"),
        ({}, {"no_token": True}, "no_token"),
        ({"fields": {"_gotcha": "x"}}, {"server": True}, "honeypot"),
    ],
)
def test_each_sign_reaches_the_lead(event: dict[str, Any], batch: dict[str, Any], reason: str) -> None:
    draft = a_draft(submission(**event), **batch)
    assert draft.lead is not None
    assert draft.lead.spam == draft.spam == (reason,)


@pytest.mark.parametrize(
    ("event", "batch"),
    [
        ({"payload": {"honeypot": 1, "fillMs": "0"}}, {}),
        ({"payload": {"honeypot": "true"}}, {}),
        ({"fields": {"_gotcha": ""}}, {"server": True}),
        ({"fields": {"_gotcha": "x", "website": "acme.example"}}, {}),
        ({"type": "form_interaction", "payload": {"fillMs": 10}}, {}),
    ],
)
def test_what_is_no_sign(event: dict[str, Any], batch: dict[str, Any]) -> None:
    kind = {"type": event.pop("type", "form_submission")}
    assert a_draft(submission(**event) | kind, **batch).spam == ()


@pytest.mark.parametrize("name", sorted(TRAP_NAMES))
def test_what_stood_in_a_honeypot_is_nobodys_answer(name: str) -> None:
    draft = a_draft(submission(fields={name: "https://a.test", "budget": "10"}), server=True)
    assert draft.lead is not None
    assert (draft.lead.spam, draft.lead.fields) == (("honeypot",), {"budget": "10"})
    assert name not in draft.form["fields"]


def test_a_configured_honeypot_counts_in_pages_too() -> None:
    client = a_client(a_form("contact", a_field("email"), a_field("fax", type="honeypot")))
    assert a_draft(submission(fields={"fax": "x"}), client).spam == ("honeypot",)
    assert a_draft(submission(fields={"fax": ""}), client).spam == ()
    assert a_draft(submission(fields={"fax": "x"}, form_id="other"), client).spam == ()


def test_a_submission_without_a_person_is_judged_too() -> None:
    draft = a_draft(submission(None, payload={"fillMs": 5}))
    assert (draft.lead, draft.spam) == (None, ("too_fast",))


async def test_what_waited_for_its_email_brings_its_reasons_along(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    trapped = submission(None, NOON, sessionId="s", fields={"_gotcha": "x", "budget": "1"})
    await put(store, client, trapped, server=True)
    await put(store, client, interaction(at=NOON, sessionId="s"))
    assert (await one_lead(documents, client))["spamReasons"] == ["honeypot"]


async def test_an_honest_submission_afterwards_is_told_as_if_the_lead_came_then(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    await put(store, client, submission(fields=STUFFED))
    await put(store, client, submission(at=NOON.replace(minute=5)))
    assert "spam" not in await one_lead(documents, client)
    assert await told(documents, client) == (1, ["form.submitted", "lead.created", "lead.submitted"])


async def test_a_lead_that_is_due_and_turns_out_to_be_spam_is_not_told_of_any_more(
    store: Store, documents: Documents, client: ClientRecord
) -> None:
    await put(store, client, submission())
    before = await told(documents, client)
    await put(store, client, submission(at=NOON.replace(minute=5), fields=STUFFED))
    assert await told(documents, client) == before


async def test_nobody_brings_spam_over_by_the_way(
    store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, submission(fields=STUFFED))
    lead = await one_lead(documents, client)
    accounts = [one.connection_id for one in client.crm]
    query = {"clientId": client.client_id}
    counts = [number async for number in mark_all(documents.database, client.client_id, accounts, query, "none")]
    assert counts[-1] == 0
    with pytest.raises(ConflictError, match=r"links.*--not-spam"):
        await request_sync(lead["leadId"], ACTOR, config=config)
    assert (await told(documents, client))[0] == 0


async def test_clearing_a_lead_by_hand_makes_it_due_for_good(
    store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, submission(fields=STUFFED))
    lead = await one_lead(documents, client)
    await update_lead(lead["leadId"], {"spam": False}, ACTOR, config=config)
    assert await told(documents, client) == (1, ["lead.created", "lead.submitted"])
    await put(store, client, submission(at=NOON.replace(minute=5), fields=STUFFED))
    lead = await one_lead(documents, client)
    assert (lead["spam"], lead["spamReasons"]) == (False, ["links"])
    await update_lead(lead["leadId"], {"spam": None}, ACTOR, config=config)
    assert (await one_lead(documents, client))["spam"] is True


async def test_marking_by_hand_keeps_a_lead_back(
    store: Store, documents: Documents, client: ClientRecord, config: ConfigService
) -> None:
    await put(store, client, interaction())
    lead = await one_lead(documents, client)
    await update_lead(lead["leadId"], {"spam": True}, ACTOR, config=config)
    await put(store, client, submission(at=NOON.replace(minute=5)))
    due, messages = await told(documents, client)
    assert due == 0
    assert "lead.submitted" not in messages
    with pytest.raises(InvalidError, match="spam must be true or false"):
        await update_lead(lead["leadId"], {"spam": "yes"}, ACTOR, config=config)


async def test_lists_tell_the_two_apart(store: Store, documents: Documents, client: ClientRecord) -> None:
    await put(store, client, submission("a@shop.example", fields=STUFFED), submission("b@shop.example"))
    for spam, emails in ((True, ["a"]), (False, ["b"]), (None, ["a", "b"])):
        rows = await list_leads(client_id=client.client_id, spam=spam)
        page = await page_leads(client_id=client.client_id, spam=spam)
        for some in (rows, page.items):
            assert sorted(row["email"][0] for row in some) == emails


def test_a_job_that_was_written_before_can_be_read() -> None:
    fields = msgspec.msgpack.decode(encode_batches([a_batch("client", submission(), no_token=True)]))[0]
    assert fields.pop() is True
    assert decode_batches(msgspec.msgpack.encode([fields]))[0].no_token is False
