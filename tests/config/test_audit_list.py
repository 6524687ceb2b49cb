"""The audit log is read newest first, by filters, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from tests.config.conftest import Notices, audit
from tests.config.test_pages import counted, walk
from tracker.config.columns import utc_now
from tracker.config.service import ConfigService
from tracker.errors import InvalidError, NotFoundError
from tracker.paging import encode_cursor
from tracker.settings import Settings


@pytest.fixture
def log(service: ConfigService, engine: Engine, settings: Settings) -> ConfigService:
    """Two clients, changed by two people."""
    service.create_client("shop.example")
    other = ConfigService(engine, settings, actor="api:ann", notify=lambda: None)
    other.create_client("other.example")
    other.update_client("other.example", name="Other")
    service.create_form("shop.example", "Contact", "/", "#f")
    return service


def actions(log: ConfigService, **filters: Any) -> list[str]:
    return [item["action"] for item in log.list_audit(**filters).items]


def test_the_newest_is_first_and_filters_narrow_it(log: ConfigService) -> None:
    newest_first = ["form.create", "client.update", "key.issue", "client.create", "key.issue", "client.create"]
    assert actions(log) == newest_first
    assert actions(log, client_ref="shop.example") == ["form.create", "key.issue", "client.create"]
    assert actions(log, actor="api:ann") == ["client.update", "key.issue", "client.create"]
    assert actions(log, action="client") == ["client.update", "client.create", "client.create"]
    assert actions(log, action="client.update") == ["client.update"]
    assert actions(log, action="cl_ent") == actions(log, action="cli") == []
    [form] = log.list_forms("shop.example")
    assert actions(log, target=form.form_id) == ["form.create"]
    assert actions(log, since=utc_now()) == actions(log, until=utc_now() - timedelta(hours=1)) == []
    assert actions(log, since=utc_now() - timedelta(hours=1), until=utc_now()) == newest_first


def test_pages_are_walked_through_with_constant_cost(log: ConfigService, engine: Engine) -> None:
    ids = [entry.id for entry in audit(engine)]
    assert [item["id"] for item in walk(log.list_audit, limit=2)] == ids[::-1]
    with counted(engine) as one:
        log.list_audit(limit=1)
    with counted(engine) as all_:
        log.list_audit(limit=200)
    assert len(one) == len(all_) == 1


def test_entries_of_a_deleted_client_are_found_by_its_id(log: ConfigService) -> None:
    client_id = log.get_client("shop.example").client_id
    log.delete_client("shop.example")
    assert actions(log, client_ref=client_id)[0] == "client.delete"
    for unknown in ("shop.example", "00000000-0000-4000-8000-000000000000", "nothing"):
        with pytest.raises(NotFoundError):
            log.list_audit(client_ref=unknown)


def test_a_forged_cursor_is_refused(log: ConfigService) -> None:
    for value in (2**63, True, "1", 1.5):
        with pytest.raises(InvalidError):
            log.list_audit(cursor=encode_cursor(value, value, "audit:-id"))


def test_a_change_in_another_store_is_noted_without_a_notice(
    log: ConfigService, engine: Engine, notices: Notices
) -> None:
    client_id = log.get_client("shop.example").client_id
    told = notices.count
    log.record_change("lead.update", ("lead", "lead-1"), client_id, after={"changed": ["email"]}, actor="api:bob")
    entry = audit(engine)[-1]
    assert (entry.action, entry.actor, entry.target_id) == ("lead.update", "api:bob", "lead-1")
    assert entry.after == {"changed": ["email"]}
    assert notices.count == told
    log.create_form(client_id, "News", "/", "#n")
    assert audit(engine)[-1].actor == "cli:tester"
