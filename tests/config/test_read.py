"""What the caches load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import Engine, event, text

from tracker.config import keys
from tracker.config.columns import utc_now
from tracker.config.read import load_client, load_keys
from tracker.config.records import Batching, ClientRecord, ClientSettings, Consent, MappingRecord, WidgetConfig
from tracker.config.service import ConfigService


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The SELECTs that are sent meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_keys_are_loaded_by_their_hash_with_what_admission_needs(service: ConfigService, engine: Engine) -> None:
    created = service.create_client(
        "shop.example", origins=["https://cdn.example"], settings={"requireOrigin": True, "limitEventsPerMinute": 7}
    )
    soon = utc_now() + timedelta(hours=1)
    temporary = service.issue_key("shop.example", "secret", "test", expires_at=soon)
    service.create_client("off.example")
    service.set_client_active("off.example", False)
    with counted(engine) as statements:
        records = load_keys(engine)
    assert len(statements) == 1
    assert len(records) == 3
    record = records[keys.hash_key(created.key.plaintext)]
    assert (record.key_id, record.client_id) == (created.key.key.key_id, created.client.client_id)
    assert (record.kind, record.mode, record.client_active) == ("publishable", "live", True)
    assert (record.domain, record.allowed_origins) == ("shop.example", ("https://cdn.example",))
    assert (record.expires_at, record.revoked_at) == (None, None)
    assert record.settings == ClientSettings(require_origin=True, limit_events_per_minute=7)
    other = records[keys.hash_key(temporary.plaintext)]
    assert (other.kind, other.mode) == ("secret", "test")
    assert other.expires_at == pytest.approx(soon.timestamp(), abs=1e-5)
    assert [record.client_active for record in records.values() if record.domain == "off.example"] == [False]


def test_revoked_keys_are_not_loaded_and_expiring_ones_are(service: ConfigService, engine: Engine) -> None:
    first = service.create_client("shop.example").key
    second = service.rotate_key(first.key.key_id, timedelta(0))
    third = service.rotate_key(second.key.key_id, timedelta(days=1))
    records = load_keys(engine)
    assert set(records) == {keys.hash_key(second.plaintext), keys.hash_key(third.plaintext)}


def test_no_keys_are_no_error(engine: Engine) -> None:
    assert load_keys(engine) == {}


def test_a_client_is_loaded_with_its_active_forms_in_order(service: ConfigService, engine: Engine) -> None:
    client_id = service.create_client(
        "shop.example", name="Shop", retention_days=30, config={"consent": {"mode": "optin"}}
    ).client.client_id
    first = service.create_form("shop.example", "B", "/b", "#b", ["#b2"], partial_capture=False)
    hidden = service.create_form("shop.example", "Hidden", "/h", "#h")
    second = service.create_form("shop.example", "A", "/a", "#a")
    service.update_form(hidden.form_id, is_active=False)
    service.create_field(hidden.form_id, "#x", "x")
    email = service.create_field(first.form_id, "#email", "email", "email", "E-mail", required=True)
    service.create_field(first.form_id, "#top", "top", order=0)
    service.set_mapping(email.field_id, "Lead", "Email", "lower", required=True)
    service.update_field(email.field_id, order=1)

    record = load_client(engine, client_id)

    assert record is not None
    assert (record.name, record.domain, record.retention_days, record.is_active) == ("Shop", "shop.example", 30, True)
    assert record.config == WidgetConfig(consent=Consent(mode="optin"))
    assert record.settings == ClientSettings()
    assert [form.form_id for form in record.forms] == [first.form_id, second.form_id]
    assert record.forms[0].alternative_selectors == ("#b2",)
    assert [form.partial_capture for form in record.forms] == [False, None]
    assert [field.field_name for field in record.forms[0].fields] == ["top", "email"]
    field = record.forms[0].fields[1]
    assert (field.field_selector, field.field_type, field.label, field.is_required) == (
        "#email",
        "email",
        "E-mail",
        True,
    )
    assert field.mapping == MappingRecord(
        target_entity="Lead", target_field="Email", transform="lower", is_required=True
    )
    assert record.forms[0].fields[0].mapping is None
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(record), type=ClientRecord) == record


def test_the_number_of_queries_does_not_grow_with_forms_and_fields(service: ConfigService, engine: Engine) -> None:
    client_id = service.create_client("shop.example").client.client_id
    with counted(engine) as of_none:
        load_client(engine, client_id)
    for number in range(5):
        form = service.create_form("shop.example", f"Form {number}", "/", "#f")
        service.create_client_mapping("shop.example", f"={number}", "Lead", "Source")
        for place in range(3):
            service.create_field(form.form_id, f"#i{place}", f"i{place}")
    with counted(engine) as statements:
        record = load_client(engine, client_id)
    assert len(statements) == len(of_none)
    assert record is not None
    assert [len(form.fields) for form in record.forms] == [3] * 5


def test_an_inactive_client_is_loaded_as_such_and_an_unknown_one_is_none(
    service: ConfigService, engine: Engine
) -> None:
    client_id = service.create_client("shop.example").client.client_id
    service.set_client_active("shop.example", False)
    record = load_client(engine, client_id)
    assert record is not None
    assert not record.is_active
    for unknown in ("00000000-0000-4000-8000-000000000000", "", "nonsense"):
        assert load_client(engine, unknown) is None


def test_one_odd_row_takes_no_other_client_down(service: ConfigService, engine: Engine) -> None:
    odd = service.create_client("odd.example").client.client_id
    service.create_client("fine.example", settings={"limitEventsPerMinute": 5})
    settings = '{"requireOrigin": "yes", "limitEventsPerMinute": 3, "fromTheFuture": 1}'
    config = '{"debug": 7, "batching": {"maxEvents": 20}, "features": []}'
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE clients SET settings = :settings, config = :config WHERE client_id = :odd"),
            {"settings": settings, "config": config, "odd": odd},
        )
    by_domain = {record.domain: record.settings for record in load_keys(engine).values()}
    assert by_domain["fine.example"] == ClientSettings(limit_events_per_minute=5)
    assert by_domain["odd.example"] == ClientSettings(require_origin=True, limit_events_per_minute=3)
    record = load_client(engine, odd)
    assert record is not None
    assert record.config == WidgetConfig(batching=Batching(max_events=20))
