"""What is typed into a form with drafts is sealed until it is submitted or consented to, and gone otherwise."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.builders import NOON, a_batch, a_client, a_form, drafted, interaction, page_view, submission
from tests.fixtures.depth import examples
from tests.fixtures.world import make_settings
from tests.pipeline.scenarios import EMAILS, FORMS, VISITOR_OF, deliveries, differences, visits, what_is_left
from tests.pipeline.storing import found, one_lead, put
from tracker.config.records import ClientRecord, WebhookRecord, WidgetConfig
from tracker.config.records import Consent as ConsentConfig
from tracker.config.vault import Vault
from tracker.errors import SettingsError
from tracker.pipeline.store import Store
from tracker.pipeline.suppress import Suppressor
from tracker.privacy.drafts import MAX_EVENTS, open_draft
from tracker.privacy.hashes import Hasher
from tracker.privacy.suppressions import mark_erased, suppress
from tracker.settings import Settings
from tracker.stores.documents import Documents

ANN = "ann@mail.example"
MINUTE = timedelta(minutes=1)
_FIXTURES = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)
GRANTED = {"metadata": {"consent": {"state": "granted"}}}
DENIED = {"metadata": {"consent": {"state": "denied"}}}


def with_drafts(*forms: str, mode: str = "none") -> ClientRecord:
    made = tuple(msgspec.structs.replace(a_form(form), draft=True) for form in forms or ("contact",))
    config = WidgetConfig(consent=ConsentConfig(mode=mode))  # type: ignore[arg-type]
    return msgspec.structs.replace(a_client(*made), config=config)


@pytest.fixture
def client() -> ClientRecord:
    return with_drafts()


def typed(minute: int = 0, email: str | None = ANN, **more: Any) -> dict[str, Any]:
    return interaction(email, NOON + minute * MINUTE, **{"sessionId": "s", "visitorId": "v"} | more)


def sent(minute: int = 5, email: str | None = ANN, **more: Any) -> dict[str, Any]:
    return submission(email, NOON + minute * MINUTE, **{"sessionId": "s", "visitorId": "v"} | more)


async def drafts(documents: Documents, client: ClientRecord) -> list[dict[str, Any]]:
    return await documents.database["lead_drafts"].find({"clientId": client.client_id}).to_list()


async def everything(documents: Documents, client: ClientRecord) -> str:
    names = await documents.database.list_collection_names()
    rows = [await documents.database[name].find({"clientId": client.client_id}).to_list() for name in names]
    return str(rows)


async def test_what_is_typed_is_nowhere_in_clear_and_makes_no_lead(
    documents: Documents, store: Store, client: ClientRecord, document_settings: Settings
) -> None:
    await put(store, client, typed(fields={"name": "Ann Lee"}), typed(1, None, fields={"budget": "77,000"}))
    stored = await everything(documents, client)
    for value in (ANN, "Ann Lee", "77,000"):
        assert value not in stored
    assert await found(documents, "leads", client) == []
    events = await found(documents, "events", client)
    assert [(event["stripped"], event["payload"]["form"]["fields"]) for event in events] == [("draft", {})] * 2
    [draft] = await drafts(documents, client)
    opened = open_draft(draft, Vault(document_settings.secrets))
    assert opened["fields"] == {"email": ANN, "name": "Ann Lee", "budget": "77,000"}
    assert [event["timestamp"] for event in opened["events"]] == [NOON, NOON + MINUTE]
    assert (draft["formId"], draft["sessionId"], draft["visitorId"]) == ("contact", "s", "v")


async def test_a_draft_is_found_by_the_hashes_of_all_addresses_in_it(
    documents: Documents, store: Store, client: ClientRecord, document_settings: Settings
) -> None:
    await put(store, client, typed(fields={"phone": "+49 30 901820", "note": "or to ben@mail.example"}))
    [draft] = await drafts(documents, client)
    hasher = Hasher(document_settings.secrets)
    assert set(draft["emailHash"]) == {hasher.one("email", ANN), hasher.one("email", "ben@mail.example")}
    assert draft["phoneHash"] == hasher.all("phone", "+4930901820")


async def test_a_submission_takes_up_what_was_typed_before_as_if_it_had_come_in_clear(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    first, second = typed(fields={"name": "Ann Lee"}), typed(1, None, fields={"company": "Ash"})
    last = sent(fields={"message": "hello"})
    for event in (first, second, last):
        await put(store, client, event)
    lead = await one_lead(documents, client)
    assert (lead["name"], lead["company"], lead["message"]) == ("Ann Lee", "Ash", "hello")
    assert (lead["status"], lead["createdAt"], lead["submittedAt"]) == ("submitted", NOON, NOON + 5 * MINUTE)
    decisions = {entry["eventId"]: entry["decision"] for entry in lead["history"]}
    assert decisions == {first["id"]: "created", second["id"]: "merged", last["id"]: "promoted"}
    assert await drafts(documents, client) == []
    events = await found(documents, "events", client)
    assert {event["leadId"] for event in events} == {lead["leadId"]}
    assert sum("stripped" in event for event in events) == 2


async def test_what_is_typed_after_a_submission_waits_for_the_next(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(store, client, sent(5), typed(7, None, fields={"company": "Birch"}))
    assert (await one_lead(documents, client)).get("company") is None
    assert len(await drafts(documents, client)) == 1
    # Typed before the submission, and late on its way.
    await put(store, client, typed(3, None, fields={"name": "Ann Lee"}))
    assert (await one_lead(documents, client))["name"] == "Ann Lee"
    await put(store, client, sent(9))
    assert (await one_lead(documents, client))["company"] == "Birch"
    assert await drafts(documents, client) == []


async def test_a_submission_of_another_form_or_visit_or_with_a_test_key_takes_up_nothing(
    documents: Documents, store: Store
) -> None:
    client = with_drafts("contact", "demo")
    await put(store, client, typed(fields={"name": "Ann Lee"}))
    await put(store, client, sent(form_id="demo"), sent(6, sessionId="t"))
    await put(store, client, sent(7), test=True)
    assert all(lead.get("name") is None for lead in await found(documents, "leads", client))
    assert len(await drafts(documents, client)) == 1


@pytest.mark.parametrize("mode", ["none", "optin"])
async def test_consent_takes_up_what_was_typed(documents: Documents, store: Store, mode: str) -> None:
    client = with_drafts(mode=mode)
    await put(store, client, typed(fields={"name": "Ann Lee"}))
    assert await found(documents, "leads", client) == []
    await put(store, client, {**page_view(at=NOON + MINUTE, sessionId="s"), "type": "consent", **GRANTED})
    lead = await one_lead(documents, client)
    assert (lead["email"], lead["name"], lead["status"]) == (ANN, "Ann Lee", "partial")
    assert lead["consent"] == {"state": "granted", "at": NOON + MINUTE}
    assert await drafts(documents, client) == []


async def test_with_consent_interactions_come_in_clear(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(store, client, {**typed(), **GRANTED})
    assert (await one_lead(documents, client))["email"] == ANN
    assert await drafts(documents, client) == []


async def test_a_consent_keeps_what_still_waits_for_an_address(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(store, client, typed(0, None, fields={"name": "Ann Lee"}))
    await put(store, client, {**page_view(at=NOON + MINUTE, sessionId="s"), **GRANTED})
    assert len(await drafts(documents, client)) == 1
    await put(store, client, {**typed(2), **GRANTED})
    assert (await one_lead(documents, client))["name"] == "Ann Lee"
    assert await drafts(documents, client) == []


@pytest.mark.parametrize(
    "refusal",
    [{"sessionId": "s"}, {"sessionId": "s", "visitorId": "v"}, {"sessionId": "next", "visitorId": "v"}],
    ids=["visit", "both", "visitor"],
)
async def test_a_refusal_deletes_the_draft(
    documents: Documents, store: Store, client: ClientRecord, refusal: dict[str, str]
) -> None:
    await put(store, client, typed())
    await put(store, client, typed(sessionId="of-another", visitorId="w"))
    await put(store, client, {**page_view(at=NOON + MINUTE), "type": "consent", **DENIED, **refusal})
    assert [draft["sessionId"] for draft in await drafts(documents, client)] == ["of-another"]


async def test_what_is_typed_after_a_refusal_is_kept_nowhere(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(store, client, {**page_view(sessionId="s"), **DENIED}, typed(1), {**typed(2), **DENIED})
    await put(store, client, typed(3))
    assert await drafts(documents, client) == []
    assert await found(documents, "leads", client) == []


async def test_a_draft_ends_so_many_days_after_its_first_word(documents: Documents, client: ClientRecord) -> None:
    store = Store(documents, make_settings(draft_days=3))
    for day in (0, 2):
        at = NOON + timedelta(days=day)
        await put(store, client, interaction(ANN, at, sessionId="s"), received_at=at)
    [draft] = await drafts(documents, client)
    assert draft["expiresAt"] == NOON + timedelta(days=3)


@pytest.mark.real("mongodb")
async def test_mongodb_deletes_what_has_ended(documents: Documents, store: Store, client: ClientRecord) -> None:
    at = datetime.now(UTC) - timedelta(days=8)
    await put(store, client, interaction(ANN, at, sessionId="s"), received_at=at)
    await put(store, client, typed(sessionId="fresh"))
    async with asyncio.timeout(90):
        # MongoDB tells nobody when it deletes.
        while len(await drafts(documents, client)) > 1:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    [draft] = await drafts(documents, client)
    assert draft["sessionId"] == "fresh"


async def test_a_draft_is_bounded_and_keeps_the_latest(
    documents: Documents, store: Store, client: ClientRecord, document_settings: Settings
) -> None:
    moments = range(MAX_EVENTS + 10)
    await put(store, client, *(typed(n, None, fields={"budget": str(n)}) for n in reversed(moments)))
    [draft] = await drafts(documents, client)
    opened = open_draft(draft, Vault(document_settings.secrets))["events"]
    assert [event["timestamp"] for event in opened] == [NOON + n * MINUTE for n in moments][-MAX_EVENTS:]


async def test_a_visitor_without_a_visit_leaves_nothing(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    await put(store, client, interaction(ANN))
    assert await drafts(documents, client) == []
    assert ANN not in await everything(documents, client)


async def test_a_draft_under_a_retired_secret_is_opened_and_under_a_lost_one_says_so(
    documents: Documents, client: ClientRecord
) -> None:
    old, new = "old-secret-0123456789-abcdefghijkl", "new-secret-0123456789-abcdefghijkl"
    await put(Store(documents, make_settings(secret_keys=old)), client, typed())
    [draft] = await drafts(documents, client)
    with pytest.raises(SettingsError, match="TRACKER_SECRET_KEYS"):
        open_draft(draft, Vault((new,)))
    await put(Store(documents, make_settings(secret_keys=f"{new},{old}")), client, sent())
    assert (await one_lead(documents, client))["createdAt"] == NOON


async def test_a_suppressed_address_makes_no_draft(
    documents: Documents, store: Store, client: ClientRecord, document_settings: Settings
) -> None:
    hasher = Hasher(document_settings.secrets)
    await suppress(documents.database, hasher, ("email", ANN), client_id=client.client_id, by="test")
    kept, dropped = await Suppressor(documents.database, document_settings).apply(
        drafted(client, a_batch(client, typed()))
    )
    assert (dropped, [(draft.stripped, draft.held) for draft in kept]) == ([], [("suppressed", None)])


@pytest.mark.parametrize("address", [("email", ANN), ("visitor", "v")], ids=["email", "visitor"])
async def test_what_an_erased_person_typed_before_makes_no_draft(
    documents: Documents, client: ClientRecord, document_settings: Settings, address: Any
) -> None:
    hasher, end = Hasher(document_settings.secrets), datetime.now(UTC) + timedelta(days=1)
    own = {"client_id": client.client_id, "before": NOON, "expires_at": end}
    await mark_erased(documents.database, hasher, [address], **own)
    event = typed(email=ANN if address[0] == "email" else None, fields={"name": "Ann Lee"})
    _, dropped = await Suppressor(documents.database, document_settings).apply(drafted(client, a_batch(client, event)))
    assert len(dropped) == 1


async def test_webhooks_hear_of_the_lead_and_never_of_the_draft(
    documents: Documents, store: Store, client: ClientRecord
) -> None:
    told = msgspec.structs.replace(client, webhooks=(WebhookRecord(endpoint_id="e1"),))
    await put(store, told, typed(fields={"name": "Ann Lee"}))
    rows = documents.database["webhook_deliveries"]
    assert await rows.count_documents({"clientId": client.client_id}) == 0
    await put(store, told, sent())
    kinds = await rows.distinct("eventType", {"clientId": client.client_id})
    assert sorted(kinds) == ["form.submitted", "lead.created", "lead.submitted"]


async def test_forms_that_ask_for_none_never_look(
    documents: Documents, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = a_client(a_form("contact"))
    asked: list[str] = []
    collection = type(documents.database["lead_drafts"])
    find = collection.find

    def noting(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked.append(self.name)
        return find(self, *args, **kwargs)

    monkeypatch.setattr(collection, "find", noting)
    await put(store, client, typed(), sent(), {**page_view(sessionId="s"), **GRANTED})
    assert "lead_drafts" not in asked
    assert "leads" in asked


# ---------------------------------------------------------------------------------------------------------- properties


def finished(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """These events without consents, with a submission of each form of each visit at their end."""
    bare = [{name: value for name, value in event.items() if name != "metadata"} for event in events]
    bare = [event for event in bare if event["type"] != "consent"]
    last = NOON + timedelta(hours=2)
    pairs = {(event["sessionId"], event["payload"]["form"]["formId"]) for event in bare if "form" in event["payload"]}
    emails: dict[tuple[str, str], str] = {}
    for event in bare:
        form = event["payload"].get("form")
        if form and form["fields"].get("email"):
            emails[event["sessionId"], form["formId"]] = form["fields"]["email"]
    return bare + [
        submission(
            emails.get((session, form), EMAILS[0]),
            last + n * MINUTE,
            id=f"last{n}",
            form_id=form,
            sessionId=session,
            visitorId=VISITOR_OF[session],
        )
        for n, (session, form) in enumerate(sorted(pairs))
    ]


@settings(max_examples=examples(25, 500), suppress_health_check=_FIXTURES, deadline=None)
@given(data=st.data())
async def test_what_was_typed_joins_leads_as_if_there_were_no_drafts(
    store: Store, documents: Documents, data: st.DataObject
) -> None:
    events = finished(data.draw(visits()))
    clear, sealed = a_client(), with_drafts(*FORMS)
    await put(store, clear, *events)
    for event in events:
        await put(store, sealed, event)
    expected, left = await what_is_left(documents, clear), await what_is_left(documents, sealed)
    # All that differs is in the events.
    for one in (expected, left):
        del one["events"], one["sessions"]
    assert not (wrong := differences(expected, left)), "\n".join(wrong)
    assert await drafts(documents, sealed) == []


@settings(max_examples=examples(25, 500), suppress_health_check=_FIXTURES, deadline=None)
@given(data=st.data())
async def test_any_order_and_repetition_leaves_the_same_leads_and_the_same_drafts(
    store: Store, documents: Documents, document_settings: Settings, data: st.DataObject
) -> None:
    # After a refusal it matters what came before it: what was promoted stays, what waited goes.
    events = [event for event in data.draw(visits()) if "denied" not in str(event.get("metadata"))]
    requests = data.draw(deliveries(events)) if events else []
    clean, other = with_drafts("contact"), with_drafts("contact")
    if events:
        await put(store, clean, *events)
    for request in requests:
        await put(store, other, *request)
    expected, left = await what_is_left(documents, clean), await what_is_left(documents, other)
    assert not (wrong := differences(expected, left)), "\n".join(wrong)
    vault = Vault(document_settings.secrets)

    def waiting(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
        return {(row["sessionId"], event["eventId"]) for row in rows for event in open_draft(row, vault)["events"]}

    assert waiting(await drafts(documents, clean)) == waiting(await drafts(documents, other))
