"""Runs all areas at once, each within its time. A store that is away is a finding and ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tracker.doctor import clients, environment, erasures, mongodb, outbound, public, queue, redis, relational, secrets
from tracker.doctor.report import Area, Finding, Report, error, report_of
from tracker.errors import SettingsError, TrackerError
from tracker.settings import Settings

SECONDS = 3.0
"""For each area; one that hangs costs no more."""

_CLIENTS_SECONDS = 20.0
_WAY_OUT: dict[Area, str] = {
    "config": "Is the server up, and are host, user and password in TRACKER_CONFIG_DB_URL right?",
    "mongodb": "Is the server up, and is TRACKER_MONGODB_URL right? Events wait in Redis meanwhile.",
    "redis": "Is the server up, are TRACKER_REDIS_URL and TRACKER_QUEUE_SHARD_URLS right? Events get a 503 now.",
    "queue": "Redis must answer first.",
    "workers": "Redis must answer first.",
    "clients": "The configuration database must answer first.",
    "crm": "The configuration database and MongoDB must answer first.",
    "webhooks": "The configuration database must answer first.",
    "privacy": "MongoDB must answer first.",
    "public": "Is the service up, and is TRACKER_PUBLIC_URL right?",
}
Check = Callable[[Settings], Awaitable[list[Finding]]]


async def examine(settings: Settings, found: Sequence[Finding] = ()) -> Report:
    """Look at everything.

    :param found: what reading the settings gave already (`environment.read_settings`).
    """
    names = environment.environment_names()
    told = [*found, *environment.check_settings(settings, names)]
    areas = await asyncio.gather(*(_within(area, check, seconds, settings) for area, check, seconds in _plan(settings)))
    return report_of([told, secrets.check_secrets(settings), *areas])


def _plan(settings: Settings) -> list[tuple[Area, Check, float]]:
    plan: list[tuple[Area, Check, float]] = []
    if settings.config_db_url:
        plan.append(("config", relational.check_relational, SECONDS))
    if settings.mongodb_url:
        plan.append(("mongodb", mongodb.check_mongodb, SECONDS))
        plan.append(("privacy", erasures.check_erasures, SECONDS))
    if settings.redis_url:
        for name, url in redis.servers(settings).items():
            plan.append(("redis", _redis_check(name, url), SECONDS))
        plan += [("queue", queue.check_queue, SECONDS), ("workers", queue.check_workers, SECONDS)]
    plan.append(("public", public.check_public, 2 * SECONDS))
    if settings.config_db_url and settings.secret_keys:
        plan.append(("clients", clients.check_clients, _CLIENTS_SECONDS))
    if settings.config_db_url and settings.mongodb_url:
        plan.append(("crm", outbound.check_outbound, 2 * SECONDS))
    return plan


def _redis_check(name: str, url: str) -> Check:
    return lambda settings: redis.check_redis(settings, name, url)


async def _within(area: Area, check: Check, seconds: float, settings: Settings) -> list[Finding]:
    try:
        return await asyncio.wait_for(check(settings), seconds)
    except SettingsError as problem:
        return [error(area, "the settings of this store cannot be used", problem.detail, _WAY_OUT[area])]
    except TrackerError as problem:
        return [error(area, f"{area} could not be looked at", problem.detail, _WAY_OUT[area])]
    except Exception as problem:
        # By its class only: messages of drivers hold URLs.
        return [error(area, f"{area} does not answer", f"{type(problem).__name__}", _WAY_OUT[area])]
