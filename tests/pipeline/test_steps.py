"""The steps of one event, in order, as pure functions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.builders import NOON, a_batch, a_client, a_draft, a_field, a_form, queued
from tracker.pipeline.outcome import Drop, Outcome
from tracker.pipeline.steps import STEPS, begin
from tracker.privacy.redact import REDACTED
from tracker.queue import QueuedEvent

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"


def test_the_steps_are_a_readable_list() -> None:
    assert [step.__name__ for step in STEPS] == [
        "drop_bots",
        "normalise",
        "redact",
        "anonymise",
        "attribute",
        "consent",
        "lead",
    ]


@pytest.mark.parametrize("data", [b'{"type": "custom", "n": 1e999}', b"", b"not json", b'{"a":' * 5000])
def test_an_event_that_cannot_be_read_is_dropped_with_its_reason(data: bytes) -> None:
    client = a_client()
    with pytest.raises(Drop) as drop:
        begin(client, a_batch(client), QueuedEvent("e", data))
    assert drop.value.outcome is Outcome.DROPPED_UNREADABLE


def test_pageview_is_page_view() -> None:
    assert a_draft({"type": "pageview"}).event_type == "page_view"
    assert a_draft({"type": "video_played"}).event_type == "video_played"


def test_ids_and_times_come_over() -> None:
    draft = a_draft({"id": "e", "sessionId": "s", "visitorId": "v"}, test=True, ip_address="203.0.113.0")
    assert (draft.key[1], draft.session_id, draft.visitor_id, draft.ip_address) == ("e", "s", "v", "203.0.113.0")
    assert draft.timestamp == draft.received_at == NOON


def test_secrets_are_gone_from_payload_metadata_and_what_follows_from_them() -> None:
    draft = a_draft(
        {
            "type": "form_submission",
            "payload": {
                "fields": {"email": "ann@shop.example", "password": "hunter2", "note": "card 4111111111111111"},
                "page": {"url": "https://shop.example/?utm_source=news&card=4111111111111111"},
                "nested": [{"cvv": 123}],
            },
            "metadata": {"token": "xyzzy", "ssn": "078-05-1120"},
        }
    )
    text = repr((draft.payload, draft.metadata, draft.touch, draft.lead))
    assert not [secret for secret in ("hunter2", "41111111", "123,", "xyzzy", "078-05") if secret in text]
    assert draft.form["fields"]["password"] == REDACTED
    assert draft.touch["utmSource"] == "news"


def test_a_secret_named_by_field_name_is_redacted() -> None:
    draft = a_draft(
        {"type": "form_interaction", "payload": {"formId": "f", "fieldName": "password", "fieldValue": "hunter2"}}
    )
    assert "hunter2" not in repr((draft.payload, draft.lead))


@pytest.mark.parametrize("name", ["ip", "ipAddress", "ip_address", "remoteAddress", "remote_addr"])
@pytest.mark.parametrize("place", ["payload", "metadata"])
def test_an_address_in_the_event_is_cut_and_taken_over(name: str, place: str) -> None:
    draft = a_draft({place: {name: "198.51.100.7", "x": 1}}, ip_address="203.0.113.0")
    assert draft.ip_address == "198.51.100.0"
    assert "198.51.100.7" not in repr((draft.payload, draft.metadata))


@pytest.mark.parametrize(
    ("header", "own", "kept"),
    [
        (CHROME, None, CHROME),
        (CHROME, "Forged/1.0", CHROME),
        ("shop-app/2", CHROME, CHROME),
        ("shop-app/2", None, "shop-app/2"),
        (None, CHROME, CHROME),
        (None, 5, None),
    ],
)
def test_the_visitors_user_agent_is_the_browsers_else_what_a_server_forwards(header: Any, own: Any, kept: Any) -> None:
    draft = a_draft({"metadata": {"userAgent": own}}, user_agent=header)
    assert (draft.user_agent, draft.metadata) == (kept, {})


@pytest.mark.parametrize(("own", "kept"), [(CHROME, CHROME), (None, None)])
def test_with_a_secret_key_the_header_is_no_visitors_user_agent(own: Any, kept: Any) -> None:
    draft = a_draft({"metadata": {"userAgent": own}}, user_agent="python-requests/2", server=True)
    assert (draft.user_agent, draft.metadata) == (kept, {})


def test_geo_is_what_was_looked_up_for_the_address_that_is_stored() -> None:
    place = {"country": "DE", "region": "BE", "city": "Berlin"}
    found: dict[str, Any] = {"ip_address": "203.0.113.0", **place}
    assert a_draft({}, **found).geo == place
    assert a_draft({}, ip_address="203.0.113.0", country="DE").geo == {"country": "DE"}
    assert a_draft({}, ip_address="203.0.113.0").geo is None
    assert a_draft({"metadata": {"ip": "198.51.100.7"}}, **found).geo is None
    assert a_draft({"metadata": {"ip": "no address"}}, **found).geo == place


# --- leads --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "status", "source"),
    [
        (
            {"type": "form_submission", "payload": {"fields": {"email": "Ann@Shop.example "}}},
            "submitted",
            "form_submission",
        ),
        (
            {"type": "form_interaction", "payload": {"fields": {"email": "ann@shop.example"}}},
            "partial",
            "form_interaction",
        ),
        ({"type": "identify", "payload": {"email": "ann@shop.example"}}, "partial", "identify"),
        ({"type": "identify", "payload": {"traits": {"email": "ann@shop.example"}}}, "partial", "identify"),
        ({"type": "chat_message", "payload": {"text": "hello", "email": "ann@shop.example"}}, "chat_inquiry", "chat"),
    ],
)
def test_events_that_show_an_email_say_something_about_a_lead(event: dict[str, Any], status: str, source: str) -> None:
    lead = a_draft(event).lead
    assert lead is not None
    assert (lead.email, lead.attributes["email"]) == ("ann@shop.example", "ann@shop.example")
    assert (lead.status, lead.source) == (status, source)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "page_view", "payload": {"email": "ann@shop.example"}},
        {"type": "custom", "payload": {"fields": {"email": "ann@shop.example"}}},
        {"type": "form_submission", "payload": {"fields": {"email": "not an address"}}},
        {"type": "form_submission", "payload": {"fields": {"name": "Ann"}}},
        {"type": "form_interaction", "payload": {"fields": {"phone": "+49 151 23456789"}}},
        {"type": "chat_message", "payload": {"text": "hello"}},
    ],
)
def test_without_a_way_to_reach_somebody_there_is_no_lead(event: dict[str, Any]) -> None:
    assert a_draft(event).lead is None


def test_a_submission_with_a_phone_alone_is_a_lead_without_identity() -> None:
    lead = a_draft(
        {"type": "form_submission", "payload": {"fields": {"phone": "+49 151 23456789", "email": "nope"}}}
    ).lead
    assert lead is not None
    assert (lead.email, lead.identity, lead.attributes) == (None, None, {"phone": "+49 151 23456789"})
    assert lead.fields == {"email": "nope"}


def test_the_text_of_a_chat_is_its_message() -> None:
    lead = a_draft({"type": "chat_message", "payload": {"text": "hello", "email": "ann@shop.example"}}).lead
    assert lead is not None
    assert (lead.attributes["message"], lead.quality) == ("hello", "low")


def test_configured_fields_decide_attribute_and_quality() -> None:
    form = a_form("contact", a_field("q1", type="email", required=True), a_field("q2", crm="Company", required=True))
    client = a_client(form)
    event = {
        "type": "form_submission",
        "payload": {"form": {"formId": "contact", "fields": {"q1": "ann@shop.example"}}},
    }
    lead = a_draft(event, client).lead
    assert lead is not None
    assert (lead.email, lead.quality) == ("ann@shop.example", "medium")
    event["payload"]["form"]["fields"]["q2"] = "Shop"  # type: ignore[index]
    lead = a_draft(event, client).lead
    assert lead is not None
    assert (lead.attributes["company"], lead.quality) == ("Shop", "high")


def test_the_raw_bytes_are_not_changed_by_the_steps() -> None:
    event = queued({"type": "custom", "id": "e", "payload": {"password": "hunter2"}})
    before = event.data
    client = a_client()
    draft = begin(client, a_batch(client), event)
    for step in STEPS:
        step(draft)
    assert event.data == before
