"""What the steps make of an event that holds secrets and addresses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.fixtures.builders import a_client, a_draft, a_field, a_form
from tracker.config.records import ClientRecord
from tracker.pipeline.draft import Draft
from tracker.privacy.redact import REDACTED

R = REDACTED
CARD = "4111 1111 1111 1111"


def everything(draft: Draft) -> str:
    ids = (draft.session_id, draft.visitor_id, draft.user_agent)
    return repr((draft.payload, draft.metadata, draft.touch, draft.lead, ids))


def with_label(form_id: str, name: str, label: str, **more: Any) -> ClientRecord:
    field = msgspec.structs.replace(a_field(name, **more), label=label)
    return a_client(a_form(form_id, field))


def submission(fields: dict[str, Any], **payload: Any) -> dict[str, Any]:
    return {"type": "form_submission", "payload": {"form": {"formId": "f", "fields": fields}, **payload}}


def test_title_referrer_path_and_landing_page_hold_no_card() -> None:
    page = {
        "url": "https://shop.example/pay/4111%201111%201111%201111?n=4111+1111+1111+1111&utm_source=news",
        "title": f"Paid with {CARD}",
        "referrer": "https://bank.example/?pan=4111111111111111&access_token=xyzzy",
    }
    draft = a_draft({"payload": {"page": page}, "metadata": {"landingPage": f"/x?n={CARD}"}})
    assert "1111" not in everything(draft)
    assert "xyzzy" not in everything(draft)
    assert draft.payload["page"]["path"] == f"/pay/{R}"
    assert draft.touch["utmSource"] == "news"
    assert R in draft.touch["referrer"]


@pytest.mark.parametrize("name", ["sessionId", "visitorId"])
@pytest.mark.parametrize("secret", ["4111111111111111", "078-05-1120", "user-4111111111111111"])
def test_an_id_that_is_a_secret_is_left_out_and_the_event_kept(name: str, secret: str) -> None:
    draft = a_draft({"id": "e", name: secret, "payload": {"x": 1}})
    assert (draft.session_id, draft.visitor_id) == (None, None)
    assert draft.payload["x"] == 1


def test_other_ids_and_user_agents_stay() -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
    ids = {"sessionId": "550e8400-e29b-41d4-a716-446655440000", "visitorId": "GA1.2.1234567890.1698765432"}
    draft = a_draft(ids, user_agent=agent)
    assert [draft.session_id, draft.visitor_id] == list(ids.values())
    assert draft.user_agent == agent


def test_a_user_agent_holds_no_card() -> None:
    assert a_draft({}, user_agent=f"Mozilla/5.0 {CARD}").user_agent == f"Mozilla/5.0 {R}"


def test_a_label_makes_a_field_secret() -> None:
    client = with_label("f", "q7", "Your passport number")
    assert a_draft(submission({"q7": "X12", "q8": "X12"}), client).form["fields"] == {"q7": R, "q8": "X12"}


def test_a_type_makes_a_field_secret() -> None:
    client = a_client(a_form("f", a_field("q7", type="password")))
    assert a_draft(submission({"q7": "hunter2"}), client).form["fields"] == {"q7": R}


def test_a_phone_recognised_by_role_type_or_label_survives() -> None:
    number = "4915123456787"
    by_role = a_draft(submission({"q7": number}, roles={"q7": "phone"}))
    by_type = a_draft(submission({"q7": number}), a_client(a_form("f", a_field("q7", type="tel"))))
    by_label = a_draft(submission({"q7": number}), with_label("f", "q7", "Telefonnummer"))
    unknown = a_draft(submission({"q7": number}))
    assert [draft.form["fields"]["q7"] for draft in (by_role, by_type, by_label, unknown)] == [number] * 3 + [R]


def test_a_card_typed_into_the_phone_field_does_not_survive() -> None:
    draft = a_draft(submission({"phone": CARD, "email": "ann@shop.example"}, roles={"phone": "phone"}))
    assert draft.form["fields"] == {"phone": R, "email": "ann@shop.example"}


def test_a_clients_own_patterns_hold_for_its_events() -> None:
    client = a_client()
    settings = msgspec.structs.replace(client.settings, redact_patterns=(r"CUST-\d{6}",))
    client = msgspec.structs.replace(client, settings=settings)
    number = "CUST-123456"
    event = {"visitorId": number, "payload": {"note": number, "n": {number: 1}}, "metadata": {"c": number}}
    draft = a_draft(event, client)
    assert "123456" not in everything(draft)
    assert draft.payload == {"note": R, "n": {R: 1}}
    assert "123456" in everything(a_draft(event))


@pytest.mark.parametrize("place", ["payload", "metadata"])
def test_addresses_are_cut_at_any_depth(place: str) -> None:
    request = {"clientIp": "198.51.100.7", "X-Forwarded-For": "203.0.113.9, 2001:db8:1:2::3"}
    draft = a_draft({place: {"context": {"request": [request]}}}, ip_address="192.0.2.0")
    assert draft.ip_address == "192.0.2.0"
    assert getattr(draft, place)["context"]["request"] == [
        {"clientIp": "198.51.100.0", "X-Forwarded-For": "203.0.113.0, 2001:db8:1::"}
    ]
