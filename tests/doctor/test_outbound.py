"""What does not reach a CRM or a webhook is told, with the client's name and without credentials."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.doctor.test_clients import settings_of, worse
from tests.fixtures.system import System
from tracker.config.service import ConfigService
from tracker.doctor.outbound import check_outbound
from tracker.stores.relational import create_engine

NOW = datetime.now(UTC)


@pytest.fixture
def account(system: System) -> tuple[System, str, str]:
    """A client with a CRM account; ids of the account and of the client."""
    client_id = system.new_client("shop.example")["clientId"]
    engine = create_engine(settings_of(system))
    service = ConfigService(engine, settings_of(system), actor="test", notify=lambda: None)
    row = service.create_crm("shop.example", "log", {})
    engine.dispose()
    return system, row.connection_id, client_id


async def test_nothing_is_said_where_nobody_is_told(system: System) -> None:
    system.new_client("shop.example")
    assert await check_outbound(settings_of(system)) == []


async def test_an_account_in_order_is_good(account: tuple[System, str, str]) -> None:
    assert worse(await check_outbound(settings_of(account[0]))) == []


@pytest.mark.parametrize(("reason", "severity"), [("credentials", "error"), ("away", "warning")])
async def test_an_account_that_is_left_alone_is_told(
    account: tuple[System, str, str], reason: str, severity: str
) -> None:
    system, connection_id, client_id = account
    circuit = {"reason": reason, "detail": "the CRM said so", "until": NOW + timedelta(hours=1)}
    system.database["crm_state"].insert_one({"_id": connection_id, "clientId": client_id, "circuit": circuit})
    [finding] = await check_outbound(settings_of(system))
    assert finding.severity == severity
    assert finding.title.startswith("log of shop.example is left alone until")
    assert finding.detail == f"{reason}: the CRM said so"


async def test_leads_that_wait_or_failed_are_told(account: tuple[System, str, str]) -> None:
    system, connection_id, client_id = account
    due: dict[str, Any] = {"_id": "x", "connectionId": connection_id, "dueAt": NOW - timedelta(hours=1)}
    system.database["crm_due"].insert_one(due)
    lead = {"leadId": "1", "clientId": client_id, "crmSynced": False, "crmErrors": [{"code": "NO"}], "createdAt": NOW}
    system.database["leads"].insert_one(lead)
    assert worse(await check_outbound(settings_of(system))) == [
        ("warning", "leads wait for log of shop.example"),
        ("warning", "leads that log of shop.example did not take: 1"),
    ]


async def test_a_webhook_that_was_switched_off_is_told(system: System) -> None:
    system.new_client("shop.example")
    engine = create_engine(settings_of(system))
    service = ConfigService(engine, settings_of(system), actor="test", notify=lambda: None)
    hook = service.create_webhook("shop.example", "https://hooks.example/x").endpoint
    assert worse(await check_outbound(settings_of(system))) == []
    service.disable_webhook(hook.endpoint_id, "failed for five days")
    engine.dispose()
    [(severity, title)] = worse(await check_outbound(settings_of(system)))
    assert (severity, title) == ("error", "webhooks that were switched off because they failed: 1 of 1")
