"""Clients without keys, forms or events, and pages that may not send, through a running service."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from tests.fixtures.system import System
from tracker.config.columns import utc_now
from tracker.config.models import Client
from tracker.config.service import ConfigService
from tracker.doctor.clients import check_clients
from tracker.doctor.report import Finding
from tracker.settings import Settings, load_settings
from tracker.stores.relational import create_engine


def settings_of(system: System, **values: Any) -> Settings:
    given = {name.removeprefix("TRACKER_").lower(): value for name, value in system.settings.items()}
    return load_settings(**{**given, **values})


def made_long_ago(settings: Settings) -> None:
    engine = create_engine(settings)
    with Session(engine) as session:
        for client in session.exec(select(Client)):
            client.created_at = utc_now() - timedelta(days=3)
        session.commit()
    engine.dispose()


def worse(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.title) for one in findings if one.severity != "ok"]


async def test_no_client_is_told(system: System) -> None:
    client = system.new_client()
    system.cli("client", "disable", client["clientId"])
    assert worse(await check_clients(settings_of(system))) == [("warning", "there is no active client")]


async def test_pages_of_every_client_are_tried_without_an_event(system: System) -> None:
    system.new_client("shop.example")
    system.cli("client", "update", "shop.example", "--origin", "https://landing.example")
    system.serve()
    settings = settings_of(system, public_url=system.url)
    findings = await check_clients(settings)
    assert worse(findings) == [("warning", "clients without a configured form: 1")]
    [pages] = [one for one in findings if one.title == "pages of every client may send"]
    assert pages.detail == "2 origins were tried"
    assert system.redis.zcard("tracker:queue:0") == 0

    made_long_ago(settings)
    [silent] = [one for one in await check_clients(settings) if "no event is stored" in one.title]
    assert silent.detail == "shop.example"
    system.database["events"].insert_one({"clientId": system.cli("client", "list")[0]["clientId"], "eventId": "1"})
    assert not [one for one in await check_clients(settings) if "no event is stored" in one.title]


async def test_an_origin_that_is_refused_is_an_error(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    system.new_client("shop.example")
    system.serve()
    settings = settings_of(system, public_url=system.url)
    # The service knows another domain than the database says by now: its cache is told nothing.
    engine = create_engine(settings)
    service = ConfigService(engine, settings, actor="test", notify=lambda: None)
    assert worse(await check_clients(settings))[0][0] == "warning"
    service.update_client("shop.example", origins=["https://new.example"])
    engine.dispose()
    [finding] = [one for one in await check_clients(settings) if one.severity == "error"]
    assert finding.title == "origins whose pages are refused: 1 of 2"
    assert "https://new.example" in finding.detail
    assert "pk_live_" not in repr(finding)


async def test_a_client_without_a_key_and_one_whose_key_ends_are_told(system: System) -> None:
    client = system.new_client("shop.example")
    system.cli("key", "revoke", client["keyId"], "--yes")
    findings = await check_clients(settings_of(system))
    assert ("error", "clients without a key for their pages: 1") in worse(findings)

    end = (utc_now() + timedelta(days=2)).isoformat()
    system.cli("key", "issue", "shop.example", "--kind", "publishable", "--expires", end)
    findings = await check_clients(settings_of(system))
    assert ("warning", "clients whose last key for pages ends within 14 days: 1") in worse(findings)
