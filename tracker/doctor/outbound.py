"""What is told to others: CRM accounts left alone, leads that wait or failed, webhooks that were switched off."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import AsyncMongoClient
from sqlmodel import Session, col, select

from tracker.config.models import Client, CrmConnection, WebhookEndpoint
from tracker.crm.sync.service import failed_query
from tracker.doctor.mongodb import patient_client
from tracker.doctor.relational import patient_engine
from tracker.doctor.report import Finding, error, good, listed, warning
from tracker.settings import Settings

_LATE = timedelta(minutes=15)
_MOST_COUNTED = 1_000


async def check_outbound(settings: Settings) -> list[Finding]:
    """All of it; every command is a read.

    :raises sqlalchemy.exc.DBAPIError: :raises pymongo.errors.PyMongoError: when a store is away.
    """
    accounts, endpoints, domains = await asyncio.to_thread(_configured, settings)
    findings = [*_endpoints(endpoints, domains)]
    if accounts:
        async with patient_client(settings) as client:
            findings += await _accounts(client, settings, accounts, domains)
    return findings


def _configured(settings: Settings) -> tuple[list[CrmConnection], list[WebhookEndpoint], dict[str, str]]:
    with patient_engine(settings) as engine, Session(engine) as session:
        accounts = list(session.exec(select(CrmConnection).where(col(CrmConnection.is_active).is_(True))))
        endpoints = list(session.exec(select(WebhookEndpoint)))
        domains = dict(session.exec(select(Client.client_id, Client.domain)).all())
        session.expunge_all()
    return accounts, endpoints, domains


def _endpoints(endpoints: Sequence[WebhookEndpoint], domains: dict[str, str]) -> Iterator[Finding]:
    if not endpoints:
        return
    off = [endpoint for endpoint in endpoints if endpoint.disabled_at is not None and not endpoint.is_active]
    if off:
        yield error(
            "webhooks",
            f"webhooks that were switched off because they failed: {len(off)} of {len(endpoints)}",
            listed(sorted({domains.get(endpoint.client_id, endpoint.client_id) for endpoint in off})),
            f"Mend what answers there, then `trackerctl webhook update {off[0].endpoint_id} --active` and `trackerctl "
            "webhook resend`.",
        )
    else:
        yield good("webhooks", f"webhooks: {len(endpoints)}")


async def _accounts(
    client: AsyncMongoClient[dict[str, Any]],
    settings: Settings,
    accounts: Sequence[CrmConnection],
    domains: dict[str, str],
) -> list[Finding]:
    database, now = client[settings.mongodb_database], datetime.now(UTC)
    ids = [account.connection_id for account in accounts]
    states = {row["_id"]: row async for row in database["crm_state"].find({"_id": {"$in": ids}})}
    late = set(await database["crm_due"].distinct("connectionId", {"dueAt": {"$lt": now - _LATE}}))
    findings: list[Finding] = []
    for account in accounts:
        name = f"{account.adapter} of {domains.get(account.client_id, account.client_id)}"
        circuit = (states.get(account.connection_id) or {}).get("circuit")
        if circuit and circuit["until"] > now:
            findings.append(_left_alone(name, circuit, domains.get(account.client_id, account.client_id)))
        elif account.connection_id in late:
            findings.append(
                warning(
                    "crm",
                    f"leads wait for {name}",
                    f"for more than {_LATE.seconds // 60} minutes",
                    "Does a worker run? Its log says what it waits for; `trackerctl crm status` shows how many wait.",
                )
            )
        failed = await database["leads"].count_documents(failed_query(account.client_id), limit=_MOST_COUNTED)
        if failed:
            domain = domains.get(account.client_id, account.client_id)
            findings.append(
                warning(
                    "crm",
                    f"leads that {name} did not take: {failed}",
                    "the reason is on each lead (crmErrors)",
                    f"`trackerctl mapping check {domain}`, then `trackerctl crm sync {domain}` tries them again.",
                )
            )
    return findings or [good("crm", f"CRM accounts: {len(accounts)}")]


def _left_alone(name: str, circuit: dict[str, Any], domain: str) -> Finding:
    detail = f"{circuit['reason']}: {circuit['detail']}"
    judge = warning if circuit["reason"] in ("away", "limit", "reserve") else error
    fix = f"`trackerctl crm check {domain}` tells more; new credentials: `trackerctl crm connect`."
    return judge("crm", f"{name} is left alone until {circuit['until']:%Y-%m-%d %H:%M} UTC", detail, fix)
