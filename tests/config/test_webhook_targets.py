"""What messages are sent with: addresses, secrets before and after a rotation, endpoints that are switched off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from tests.fixtures.world import Site
from tracker.config.read import load_client
from tracker.config.records import WebhookRecord
from tracker.errors import NotFoundError
from tracker.settings import Settings

URL = "https://crm.example.com/hooks"
NO_ID = "00000000-0000-4000-8000-000000000000"


def test_for_a_day_after_a_rotation_there_are_two_secrets(site: Site, world_engine: Engine) -> None:
    made = site.service.create_webhook(site.client_id, URL)
    hook = made.endpoint.endpoint_id
    assert site.service.webhook_target(hook).secrets == (made.secret,)
    second = site.service.rotate_webhook_secret(hook).secret
    assert site.service.webhook_target(hook).secrets == (second, made.secret)
    until = site.service.get_webhook(hook).previous_secret_until
    assert until is not None
    assert timedelta(hours=23, minutes=59) < until - datetime.now(UTC) <= timedelta(hours=24)
    third = site.service.rotate_webhook_secret(hook).secret
    target = site.service.webhook_target(hook)
    assert target.secrets == (third, second)
    assert third not in repr(target)
    past = {"at": datetime.now(UTC) - timedelta(seconds=1)}
    with world_engine.begin() as connection:
        connection.execute(text("UPDATE webhook_endpoints SET previous_secret_until = :at"), past)
    assert site.service.webhook_target(hook).secrets == (third,)


def test_old_secrets_are_stored_sealed(site: Site, world_engine: Engine) -> None:
    made = site.service.create_webhook(site.client_id, URL)
    site.service.rotate_webhook_secret(made.endpoint.endpoint_id)
    with world_engine.connect() as connection:
        stored = str(connection.execute(text("SELECT * FROM webhook_endpoints")).all())
    assert made.secret.removeprefix("whsec_") not in stored


def test_an_endpoint_is_switched_off_once_and_the_audit_log_says_why(site: Site) -> None:
    hook = site.service.create_webhook(site.client_id, URL).endpoint.endpoint_id
    since = datetime(2030, 1, 31, tzinfo=UTC)
    assert site.service.disable_webhook(hook, "failing", since)
    assert not site.service.disable_webhook(hook, "failing", since)
    row = site.service.get_webhook(hook)
    assert (row.is_active, row.disabled_reason) == (False, "failing")
    (entry,) = site.service.list_audit(action="webhook.disable").items
    assert entry["after"] == {
        "isActive": False,
        "disabledReason": "failing",
        "failingSince": "2030-01-31T00:00:00.000Z",
    }
    row = site.service.update_webhook(hook, is_active=True)
    assert (row.is_active, row.disabled_at, row.disabled_reason) == (True, None, None)
    with pytest.raises(NotFoundError):
        site.service.disable_webhook(NO_ID, "gone")
    with pytest.raises(NotFoundError):
        site.service.webhook_target(NO_ID)


def test_the_hot_path_knows_active_endpoints_without_address_and_secret(site: Site, world_engine: Engine) -> None:
    first = site.service.create_webhook(site.client_id, URL, ["lead.created"]).endpoint.endpoint_id
    second = site.service.create_webhook(site.client_id, URL).endpoint.endpoint_id
    off = site.service.create_webhook(site.client_id, URL).endpoint.endpoint_id
    site.service.update_webhook(off, is_active=False)
    record = load_client(world_engine, site.client_id)
    assert record is not None
    assert record.webhooks == (
        WebhookRecord(endpoint_id=first, event_types=("lead.created",)),
        WebhookRecord(endpoint_id=second),
    )


def test_settings_bound_what_a_worker_sends_at_once() -> None:
    settings = Settings()
    assert (settings.webhook_timeout_seconds, settings.webhook_allow_private) == (15.0, False)
    assert settings.webhook_max_requests_per_endpoint < settings.webhook_max_requests
