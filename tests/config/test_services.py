"""Webhooks and CRM connections: what is stored, what is sealed, and what nobody gets to see."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from tests.config.conftest import CURRENT_SECRET, OLD_SECRET, Notices, audit
from tracker.config import values
from tracker.config.service import ConfigService
from tracker.config.views import describe_connection, describe_webhook
from tracker.errors import InvalidError, NotFoundError, SettingsError, StaleError
from tracker.settings import Settings

URL = "https://crm.example.com/hooks?site=1"
CREDENTIALS = {"username": "ann@shop.example", "password": "correct horse", "securityToken": "battery staple"}


@pytest.fixture
def client_id(service: ConfigService) -> str:
    return service.create_client("shop.example").client.client_id


def everything(engine: Engine) -> str:
    """What the database holds of services and of the log."""
    parts: list[str] = []
    with engine.connect() as connection:
        for table in ("webhook_endpoints", "crm_connections", "audit_log"):
            parts += [str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {table}"))]
    return "\n".join(parts)


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(
    service: ConfigService, engine: Engine, client_id: str, notices: Notices
) -> None:
    told = notices.count
    created = service.create_webhook("shop.example", URL, ["lead.created", "lead.created"], "our CRM")
    assert created.secret.startswith("whsec_")
    assert len(base64.b64decode(created.secret.removeprefix("whsec_"))) == 24
    view = describe_webhook(service.get_webhook(created.endpoint.endpoint_id))
    assert (view["url"], view["eventTypes"], view["description"]) == (URL, ["lead.created"], "our CRM")
    assert (view["clientId"], view["isActive"]) == (client_id, True)
    assert service.webhook_secret(created.endpoint.endpoint_id) == created.secret
    assert notices.count == told + 1
    for shown in (everything(engine), json.dumps(view), repr(created), repr(created.endpoint)):
        assert created.secret not in shown
        assert created.secret.removeprefix("whsec_") not in shown


def test_a_webhook_is_changed_in_what_is_given(service: ConfigService, engine: Engine, client_id: str) -> None:
    endpoint = service.create_webhook(client_id, URL, ["lead.created"], "our CRM").endpoint
    changed = service.update_webhook(endpoint.endpoint_id, is_active=False, event_types=[], description="")
    assert (changed.url, changed.is_active, changed.event_types, changed.description) == (URL, False, [], None)
    entry = audit(engine)[-1]
    assert entry.after == {"isActive": False, "eventTypes": [], "description": None}
    assert (entry.action, entry.client_id, entry.target_id) == ("webhook.update", client_id, endpoint.endpoint_id)
    service.update_webhook(endpoint.endpoint_id)
    assert len(audit(engine)) == entry_count(engine)
    assert service.get_webhook(endpoint.endpoint_id).updated_at == changed.updated_at


def entry_count(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT COUNT(*) FROM audit_log")).scalar_one())


def test_a_rotated_secret_is_another_one(service: ConfigService, engine: Engine, client_id: str) -> None:
    first = service.create_webhook(client_id, URL)
    fresh = service.rotate_webhook_secret(first.endpoint.endpoint_id)
    assert fresh.secret != first.secret
    assert service.webhook_secret(first.endpoint.endpoint_id) == fresh.secret
    entry = audit(engine)[-1]
    assert (entry.action, entry.before, entry.after) == ("webhook.rotate", None, None)


def test_a_deleted_service_is_gone_and_its_entry_says_what_it_was(
    service: ConfigService, engine: Engine, client_id: str
) -> None:
    endpoint = service.create_webhook(client_id, URL).endpoint
    connection = service.create_crm(client_id, "salesforce", CREDENTIALS, {"domain": "test"})
    service.delete_webhook(endpoint.endpoint_id)
    service.delete_crm(connection.connection_id)
    assert service.list_webhooks() == service.list_crm() == []
    hook, crm = (entry.before for entry in audit(engine)[-2:])
    assert hook is not None and hook["url"].startswith(URL.partition("?")[0])
    assert URL.partition("?")[2] not in hook["url"], "often a key"
    assert crm is not None and crm["settings"] == {"domain": "test"}
    for lost in (service.get_webhook, service.delete_webhook, service.rotate_webhook_secret, service.webhook_secret):
        with pytest.raises(NotFoundError, match="trackerctl webhook list"):
            lost(endpoint.endpoint_id)
    for gone in (service.get_crm, service.delete_crm, service.crm_credentials):
        with pytest.raises(NotFoundError, match="trackerctl crm list"):
            gone(connection.connection_id)


def test_credentials_are_sealed_and_seen_by_nobody(service: ConfigService, engine: Engine, client_id: str) -> None:
    connection = service.create_crm("shop.example", "Salesforce", CREDENTIALS, {"sandbox": True})
    service.update_crm(connection.connection_id, credentials={**CREDENTIALS, "password": "tr0ub4dor"})
    stored = service.get_crm(connection.connection_id)
    assert stored.adapter == "salesforce"
    assert service.crm_credentials(connection.connection_id) == {**CREDENTIALS, "password": "tr0ub4dor"}
    shown = everything(engine) + json.dumps(describe_connection(stored)) + repr(stored) + repr(connection)
    for value in (*CREDENTIALS.values(), "tr0ub4dor"):
        assert value not in shown


def test_the_log_tells_that_credentials_were_replaced(service: ConfigService, engine: Engine, client_id: str) -> None:
    connection = service.create_crm(client_id, "salesforce", CREDENTIALS)
    before = entry_count(engine)
    service.update_crm(connection.connection_id, credentials={"token": "t"})
    assert audit(engine)[-1].after == {"credentials": "replaced"}
    service.update_crm(connection.connection_id, settings={})
    assert entry_count(engine) == before + 1


def test_credentials_outlive_the_secret_that_is_retired_behind_a_new_one(
    engine: Engine, settings: Settings, client_id: str
) -> None:
    def at(secrets: str) -> ConfigService:
        changed = Settings(config_db_url=settings.config_db_url, secret_keys=secrets)
        return ConfigService(engine, changed, actor="cli:tester", notify=lambda: None)

    connection = at(OLD_SECRET).create_crm(client_id, "salesforce", CREDENTIALS)
    assert at(f"{CURRENT_SECRET},{OLD_SECRET}").crm_credentials(connection.connection_id) == CREDENTIALS
    with pytest.raises(SettingsError, match="TRACKER_SECRET_KEYS"):
        at(CURRENT_SECRET).crm_credentials(connection.connection_id)


def test_settings_of_a_connection_are_merged(service: ConfigService, client_id: str) -> None:
    connection = service.create_crm(client_id, "salesforce", CREDENTIALS, {"a": 1, "b": {"c": 2}})
    changed = service.update_crm(connection.connection_id, settings={"a": None, "b": {"d": 3}}, is_active=False)
    assert (changed.settings, changed.is_active) == ({"b": {"c": 2, "d": 3}}, False)


def test_services_are_listed_by_client(service: ConfigService, client_id: str) -> None:
    service.create_client("other.example")
    for domain in ("shop.example", "other.example"):
        service.create_webhook(domain, URL)
        service.create_crm(domain, "salesforce", CREDENTIALS)
    assert [one.client_id for one in service.list_webhooks("shop.example")] == [client_id]
    assert [one.client_id for one in service.list_crm("shop.example")] == [client_id]
    assert len(service.list_webhooks()) == len(service.list_crm()) == 2
    service.delete_client("shop.example")
    assert len(service.list_webhooks()) == len(service.list_crm()) == 1


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "crm.example.com",
            "ftp://crm.example.com/",
            "https://",
            "https:///x",
            "https://user:pw@crm.example.com/",
        ),
        *("https://crm.example.com/#a", "https://crm.example.com:99999/", "https://a b/", "javascript:alert(1)"),
        *("https://crm.example.com/\n", "https://crm.example.com/a b", "https://crm.example.com/" + "a" * 2048),
    ],
)
def test_refuses_a_url_that_nothing_can_be_posted_to(url: str) -> None:
    stripped = url.strip()
    if stripped == "https://crm.example.com/":
        assert values.webhook_url(url) == stripped
        return
    with pytest.raises(InvalidError):
        values.webhook_url(url)


@given(st.text())
def test_a_refused_credential_is_not_repeated(secret: str) -> None:
    for given_ in ({"password": secret + "\ud800"}, {"a b": secret}, {"password": [secret]}):
        with pytest.raises(InvalidError) as caught:
            values.credentials(given_)
        assert len(secret) < 12 or secret not in caught.value.detail


@pytest.mark.parametrize("kind", ["", "lead created", "Lead.created", "lead.", ".lead", "lead.eaten", "lead"])
def test_refuses_an_event_type_that_there_is_not(kind: str) -> None:
    with pytest.raises(InvalidError):
        values.event_types([kind])


# --------------------------------------------------------------------------------------------------- optimistic locking


def writes(service: ConfigService) -> dict[str, tuple[Any, Callable[..., Any]]]:
    """By name: a fresh row, and a change of it that takes ``expected``."""
    client = service.create_client("lock.example").client
    ref = client.client_id

    def form() -> Any:
        return service.create_form(ref, "Contact", "/", "#f")

    def field() -> Any:
        return service.create_field(form().form_id, "#a", "a")

    def mapping() -> Any:
        return service.set_mapping(field().field_id, "Lead", "Email")

    def hook() -> Any:
        return service.create_webhook(ref, URL).endpoint

    def crm() -> Any:
        return service.create_crm(ref, "salesforce", CREDENTIALS)

    s = service
    return {
        "update_form": (row := form(), lambda e, i=row.form_id: s.update_form(i, name="New", expected=e)),
        "delete_form": (row := form(), lambda e, i=row.form_id: s.delete_form(i, expected=e)),
        "update_field": (row := field(), lambda e, i=row.field_id: s.update_field(i, name="b", expected=e)),
        "delete_field": (row := field(), lambda e, i=row.field_id: s.delete_field(i, expected=e)),
        "update_mapping": (row := mapping(), lambda e, i=row.mapping_id: s.update_mapping(i, field="X", expected=e)),
        "delete_mapping": (row := mapping(), lambda e, i=row.field_id: s.delete_mapping(i, expected=e)),
        "update_webhook": (row := hook(), lambda e, i=row.endpoint_id: s.update_webhook(i, url=URL + "2", expected=e)),
        "rotate_webhook_secret": (row := hook(), lambda e, i=row.endpoint_id: s.rotate_webhook_secret(i, expected=e)),
        "delete_webhook": (row := hook(), lambda e, i=row.endpoint_id: s.delete_webhook(i, expected=e)),
        "update_crm": (row := crm(), lambda e, i=row.connection_id: s.update_crm(i, settings={"a": 1}, expected=e)),
        "delete_crm": (row := crm(), lambda e, i=row.connection_id: s.delete_crm(i, expected=e)),
        "update_client": (client, lambda e: s.update_client(ref, name="New", expected=e)),
        "delete_client": (client, lambda e: s.delete_client(ref, expected=e)),
    }


@pytest.mark.parametrize("name", ["update_client", "delete_client"] + [
    f"{verb}_{noun}" for noun in ("form", "field", "mapping", "webhook", "crm") for verb in ("update", "delete")
] + ["rotate_webhook_secret"])  # fmt: skip
def test_a_change_of_what_was_changed_meanwhile_is_refused(service: ConfigService, engine: Engine, name: str) -> None:
    row, change = writes(service)[name]
    seen = row.updated_at
    entries = entry_count(engine)
    for stale in (seen - timedelta(milliseconds=1), seen + timedelta(seconds=1)):
        with pytest.raises(StaleError, match="read it again"):
            change(stale)
    assert entry_count(engine) == entries
    # Views show milliseconds.
    change(seen.replace(microsecond=seen.microsecond // 1000 * 1000))
    assert entry_count(engine) == entries + 1


def test_the_second_of_two_who_saw_the_same_is_refused(service: ConfigService, client_id: str) -> None:
    form = service.create_form(client_id, "Contact", "/", "#f")
    seen = form.updated_at
    first = service.update_form(form.form_id, name="First", expected=seen)
    with pytest.raises(StaleError):
        service.update_form(form.form_id, name="Second", expected=seen)
    assert service.get_form(form.form_id).form_name == "First"
    service.update_form(form.form_id, name="Second", expected=first.updated_at)


def test_a_mapping_is_found_by_its_own_id_and_by_its_fields(service: ConfigService, client_id: str) -> None:
    field = service.create_field(service.create_form(client_id, "Contact", "/", "#f").form_id, "#a", "a")
    mapping = service.set_mapping(field.field_id, "Lead", "Email", transform="trim")
    assert service.get_mapping(mapping.mapping_id) == service.get_mapping(field.field_id)
    changed = service.update_mapping(mapping.mapping_id, field="Phone", transform="", required=True)
    assert (changed.target_entity, changed.target_field, changed.transform) == ("Lead", "Phone", None)
    service.delete_mapping(mapping.mapping_id)
    with pytest.raises(NotFoundError):
        service.update_mapping(mapping.mapping_id, field="Phone")
    with pytest.raises(NotFoundError, match="mapping set"):
        service.delete_mapping(field.field_id)


def test_of_many_who_saw_the_same_at_once_one_succeeds(service: ConfigService, client_id: str) -> None:
    form = service.create_form(client_id, "Contact", "/", "#f")

    def change(number: int) -> str | None:
        try:
            return service.update_form(form.form_id, name=f"by {number}", expected=form.updated_at).form_name
        except StaleError:
            return None

    with ThreadPoolExecutor(8) as pool:
        results = [name for name in pool.map(change, range(8)) if name]
    assert results == [service.get_form(form.form_id).form_name]
