"""The JSON of rows: stable keys, no secrets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from tracker.config import views
from tracker.config.models import ApiKey, AuditEntry, Client, CrmConnection, Field, FieldMapping, Form, WebhookEndpoint

NOW = datetime(2030, 1, 31, 8, 0, 0, 123_456, UTC)


def key(**changes: object) -> ApiKey:
    given = {
        "client_id": "c",
        "kind": "secret",
        "mode": "live",
        "key_hash": "f" * 64,
        "hint": "abcd",
        "created_at": NOW,
    }
    return ApiKey(**(given | changes))


def test_the_keys_of_each_view_are_what_programs_rely_on() -> None:
    rows: dict[str, dict[str, object]] = {
        "clientId name domain isActive allowedOrigins retentionDays config settings createdAt updatedAt": (
            views.describe_client(Client(name="Shop", domain="shop.example"))
        ),
        "keyId clientId kind mode hint status createdAt expiresAt revokedAt lastUsedAt": views.describe_key(key()),
        "formId clientId formName pageUrl formSelector alternativeSelectors partialCapture draft isActive"
        " metadata createdAt updatedAt": (
            views.describe_form(Form(client_id="c", form_name="n", page_url="/", form_selector="#f"))
        ),
        "fieldId formId fieldSelector fieldName fieldType label isRequired displayOrder validationRules createdAt"
        " updatedAt": views.describe_field(Field(form_id="f", field_selector="#i", field_name="i", field_type="text")),
        "mappingId fieldId targetEntity targetField transform isRequired createdAt updatedAt": (
            views.describe_mapping(FieldMapping(field_id="f", target_entity="Lead", target_field="Email"))
        ),
        "endpointId clientId url description eventTypes isActive disabledAt disabledReason previousSecretUntil"
        " createdAt updatedAt": (
            views.describe_webhook(WebhookEndpoint(client_id="c", url="https://h.example", secret="hush"))
        ),
        "connectionId clientId adapter settings isActive createdAt updatedAt": (
            views.describe_connection(CrmConnection(client_id="c", adapter="testing", credentials="hush"))
        ),
        "id at actor action targetKind targetId clientId before after": (
            views.describe_audit_entry(AuditEntry(actor="a", action="b", target_kind="c", target_id="d"))
        ),
    }
    for names, view in rows.items():
        assert list(view) == names.split()
        assert b"hush" not in msgspec.json.encode(view)
        assert b"f" * 64 not in msgspec.json.encode(view)


def test_a_client_is_shown_with_its_defaults() -> None:
    view = views.describe_client(Client(name="Shop", domain="shop.example", config={"debug": True}))
    assert view["config"]["debug"] is True
    assert view["config"]["batching"] == {"maxEvents": 50, "flushIntervalMs": 5000}
    assert view["settings"]["requireOrigin"] is False


def test_times_are_utc_with_milliseconds() -> None:
    assert views.describe_key(key())["createdAt"] == "2030-01-31T08:00:00.123Z"
    assert views.iso(None) is None


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "active"),
        ({"expires_at": NOW + timedelta(seconds=1)}, "expiring"),
        ({"expires_at": NOW}, "expired"),
        ({"revoked_at": NOW}, "revoked"),
        ({"revoked_at": NOW, "expires_at": NOW + timedelta(days=1)}, "revoked"),
    ],
)
def test_the_status_of_a_key_says_whether_it_works(changes: dict[str, object], status: str) -> None:
    assert views.describe_key(key(**changes), NOW)["status"] == status
