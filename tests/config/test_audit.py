"""Every change leaves its entry in the same transaction, and no entry holds a key or a credential."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError

from tests.config.conftest import CURRENT_SECRET, Notices, audit
from tracker.config import keys
from tracker.config.columns import utc_now
from tracker.config.models import AuditEntry
from tracker.config.service import ConfigService
from tracker.config.views import describe_audit_entry
from tracker.errors import ConflictError


def run_everything(service: ConfigService) -> list[str]:
    """Call every write once; gives the plaintexts of all keys that were made."""
    created = service.create_client("shop.example")
    service.update_client("shop.example", name="Shop")
    service.set_client_active("shop.example", False)
    service.set_client_active("shop.example", True)
    secret = service.issue_key("shop.example", "secret")
    rotated = service.rotate_key(secret.key.key_id)
    replaced = service.rotate_key(created.key.key.key_id, timedelta(0))
    service.revoke_key(rotated.key.key_id)
    form = service.create_form("shop.example", "Contact", "/", "#f")
    service.update_form(form.form_id, name="Contact us")
    field = service.create_field(form.form_id, "#email", "email")
    service.update_field(field.field_id, required=True)
    service.set_mapping(field.field_id, "Lead", "Email")
    service.set_mapping(field.field_id, "Lead", "Email__c")
    service.delete_mapping(field.field_id)
    service.delete_field(field.field_id)
    service.delete_form(form.form_id)
    service.delete_client("shop.example")
    return [created.key.plaintext, secret.plaintext, rotated.plaintext, replaced.plaintext]


def test_every_write_is_in_the_log_with_its_actor(service: ConfigService, engine: Engine, notices: Notices) -> None:
    before = utc_now()
    run_everything(service)
    entries = audit(engine)
    assert [entry.action for entry in entries] == [
        *("client.create", "key.issue", "client.update", "client.disable", "client.enable"),
        *("key.issue", "key.issue", "key.rotate", "key.issue", "key.rotate", "key.revoke"),
        *("form.create", "form.update", "field.create", "field.update", "mapping.set", "mapping.set"),
        *("mapping.delete", "field.delete", "form.delete", "client.delete"),
    ]
    assert {entry.actor for entry in entries} == {"cli:tester"}
    assert len({entry.client_id for entry in entries}) == 1
    assert all(before <= entry.at <= utc_now() for entry in entries)
    assert notices.count == 18


def test_no_entry_holds_a_key_a_hash_or_a_secret(service: ConfigService, engine: Engine) -> None:
    plaintexts = run_everything(service)
    with engine.connect() as connection:
        log = json.dumps([[str(value) for value in row] for row in connection.execute(text("SELECT * FROM audit_log"))])
    for plaintext in plaintexts:
        assert plaintext[8:] not in log
        assert keys.hash_key(plaintext) not in log
    assert CURRENT_SECRET not in log
    assert keys.secret_fingerprint(CURRENT_SECRET) not in log


def test_an_entry_shows_what_changed_and_nothing_else(service: ConfigService, engine: Engine) -> None:
    service.create_client("shop.example", config={"theme": {"color": "red"}})
    service.update_client("shop.example", retention_days=30, config={"theme": {"color": "blue"}})
    entry = describe_audit_entry(audit(engine)[-1])
    assert entry["before"] == {"retentionDays": None, "config": {"theme": {"color": "red"}}}
    assert entry["after"] == {"retentionDays": 30, "config": {"theme": {"color": "blue"}}}
    assert (entry["targetKind"], entry["targetId"]) == ("client", entry["clientId"])


def test_a_creation_has_no_before_and_a_deletion_no_after(service: ConfigService, engine: Engine) -> None:
    service.create_client("shop.example")
    service.delete_client("shop.example")
    first, last = audit(engine)[0], audit(engine)[-1]
    assert first.before is None
    assert first.after is not None
    assert first.after["domain"] == "shop.example"
    assert last.before is not None
    assert last.before["domain"] == "shop.example"
    assert last.after is None


def test_choosing_a_default_on_purpose_is_a_change(service: ConfigService, engine: Engine, notices: Notices) -> None:
    service.create_client("shop.example")
    service.update_client("shop.example", config={"features": {"pageViews": True}})
    assert audit(engine)[-1].after == {"config": {"features": {"pageViews": True}}}
    assert notices.count == 2


def test_a_change_that_cannot_be_logged_does_not_happen(
    service: ConfigService, engine: Engine, notices: Notices
) -> None:
    service.create_client("shop.example")
    told = notices.count

    def refuse(*_: object) -> None:
        raise IntegrityError("INSERT", {}, Exception("the log is full"))

    event.listen(AuditEntry, "before_insert", refuse)
    try:
        with pytest.raises(ConflictError):
            service.set_client_active("shop.example", False)
    finally:
        event.remove(AuditEntry, "before_insert", refuse)
    assert service.get_client("shop.example").is_active
    assert notices.count == told
