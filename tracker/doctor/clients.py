"""Every active client: keys, forms, events, and whether its pages may talk to the service. No event is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import msgspec
from pymongo.errors import PyMongoError
from sqlmodel import Session, col, func, select

from tracker.config.columns import utc_now
from tracker.config.models import ApiKey, Client, Form
from tracker.config.service.keys import rederived
from tracker.config.views import key_status
from tracker.configtest.checks import Answer, check_cors
from tracker.doctor.mongodb import patient_client
from tracker.doctor.public import browser_like
from tracker.doctor.relational import patient_engine
from tracker.doctor.report import Finding, error, good, listed, warning
from tracker.settings import Settings

MOST_ORIGINS = 300
"""Asked about at most; each costs three requests."""

_AT_ONCE = 8
_SOON = timedelta(days=14)
_YOUNG = timedelta(days=1)


@dataclass
class Site:
    """An active client, as far as it matters here."""

    client_id: str
    domain: str
    origins: list[str]
    created_at: datetime
    forms: int = 0
    keys: list[ApiKey] = field(default_factory=list)


async def check_clients(settings: Settings) -> list[Finding]:
    """All of it.

    :raises sqlalchemy.exc.DBAPIError: when the configuration database is away.
    """
    sites = await asyncio.to_thread(_sites, settings)
    if not sites:
        return [
            warning(
                "clients", "there is no active client", "nothing is tracked", "Make one: `trackerctl client create`."
            )
        ]
    findings = [*_keys(sites), *_forms(sites), *await _events(sites, settings), *await _cors(sites, settings)]
    return [good("clients", f"active clients: {len(sites)}"), *findings]


def _sites(settings: Settings) -> list[Site]:
    """Three queries, however many clients there are."""
    active = col(Client.is_active).is_(True)
    with patient_engine(settings) as engine, Session(engine) as session:
        sites = {
            client.client_id: Site(client.client_id, client.domain, _origins(client), client.created_at)
            for client in session.exec(select(Client).where(active).order_by(col(Client.domain)))
        }
        counted = select(Form.client_id, func.count()).where(col(Form.is_active).is_(True)).group_by(Form.client_id)
        for client_id, number in session.exec(counted):
            if client_id in sites:
                sites[client_id].forms = number
        for key in session.exec(select(ApiKey).where(col(ApiKey.revoked_at).is_(None))):
            session.expunge(key)
            if key.client_id in sites:
                sites[key.client_id].keys.append(key)
    return list(sites.values())


def _origins(client: Client) -> list[str]:
    return list(dict.fromkeys([f"https://{client.domain}", *client.allowed_origins]))


def _names(sites: Iterable[Site]) -> str:
    return listed([site.domain for site in sites])


def _keys(sites: Sequence[Site]) -> Iterator[Finding]:
    now = utc_now()
    without = [site for site in sites if not any(_is_for_pages(key, now) for key in site.keys)]
    if without:
        yield error(
            "clients",
            f"clients without a key for their pages: {len(without)}",
            _names(without),
            f"`trackerctl key issue {without[0].domain} --kind publishable`, then print the snippet again.",
        )
    soon = [site for site in sites if site not in without and _ends_soon(site, now)]
    if soon:
        yield warning(
            "clients",
            f"clients whose last key for pages ends within {_SOON.days} days: {len(soon)}",
            _names(soon),
            f"`trackerctl key rotate {soon[0].domain}`, and put the new snippet into the pages.",
        )


def _is_for_pages(key: ApiKey, now: datetime) -> bool:
    return key.kind == "publishable" and key.mode == "live" and key_status(key, now) in ("active", "expiring")


def _ends_soon(site: Site, now: datetime) -> bool:
    ends = [key.expires_at for key in site.keys if _is_for_pages(key, now)]
    return all(end is not None and end - now < _SOON for end in ends)


def _forms(sites: Sequence[Site]) -> Iterator[Finding]:
    without = [site for site in sites if not site.forms]
    if without:
        yield warning(
            "clients",
            f"clients without a configured form: {len(without)}",
            f"{_names(without)}; forms are recognised by themselves, but nothing is mapped to a CRM field by hand",
            f"`trackerctl form discover {without[0].domain} https://{without[0].domain}/contact` proposes them.",
        )


async def _events(sites: Sequence[Site], settings: Settings) -> list[Finding]:
    """Clients of which nothing ever came. One query that walks over the index, a step for each client."""
    if not settings.mongodb_url:
        return []
    try:
        async with patient_client(settings) as client:
            seen = set(await client[settings.mongodb_database]["events"].distinct("clientId"))
    except PyMongoError:
        return []  # a finding of its own says so
    old = utc_now() - _YOUNG
    silent = [site for site in sites if site.client_id not in seen and site.created_at < old]
    if not silent:
        return []
    return [
        warning(
            "clients",
            f"clients of which no event is stored: {len(silent)}",
            _names(silent),
            f"Is the snippet in the pages? `trackerctl doctor https://{silent[0].domain}/ --client {silent[0].domain}` "
            "looks; `trackerctl client disable` ends it otherwise.",
        )
    ]


async def _cors(sites: Sequence[Site], settings: Settings) -> list[Finding]:
    """Ask as a browser on each origin would, through the public address."""
    pairs = [(site, origin) for site in sites for origin in site.origins]
    asked = pairs[:MOST_ORIGINS]
    turns = asyncio.Semaphore(_AT_ONCE)
    async with browser_like(settings) as client:

        async def ask(site: Site, origin: str) -> str:
            async with turns:
                return await _fault(client, site, origin, settings)

        try:
            faults = await asyncio.gather(*(ask(site, origin) for site, origin in asked))
        except httpx.HTTPError:
            return []  # a finding about the public address says so
    found = [fault for fault in faults if fault]
    if found:
        return [
            error(
                "clients",
                f"origins whose pages are refused: {len(found)} of {len(asked)}",
                listed(found, 3),
                "Where another program answers, let the proxy pass `Origin` on and add no CORS headers of its own; "
                "`trackerctl client update CLIENT --origin` names further origins.",
            )
        ]
    rest = f"; {len(pairs) - len(asked)} more were not asked" if len(pairs) > len(asked) else ""
    return [good("clients", "pages of every client may send", f"{len(asked)} origins were tried{rest}")]


async def _fault(client: httpx.AsyncClient, site: Site, origin: str, settings: Settings) -> str:
    key = _page_key(site, settings)
    if key is None:
        return ""  # a finding of its own says so
    place, path = {"Origin": origin}, f"/{settings.ingest_path}"
    wish = place | {"Access-Control-Request-Method": "POST"}
    preflight = await client.request("OPTIONS", path, headers=wish)
    config = await client.get(f"/v1/config/{key}", headers=place)
    # An empty batch goes through all that comes before the events, and leaves nothing.
    batch = msgspec.json.encode({"apiKey": key, "events": []})
    ingest = await client.post(path, content=batch, headers=place | {"Content-Type": "text/plain"})
    check = check_cors(origin, *(_answer(answer) for answer in (preflight, config, ingest)))
    return "" if check.status == "ok" else f"{site.domain}: {check.detail}"


def _page_key(site: Site, settings: Settings) -> str | None:
    now = utc_now()
    for key in site.keys:
        if _is_for_pages(key, now) and (plaintext := rederived(key, settings.secrets)):
            return plaintext
    return None


def _answer(answer: httpx.Response) -> Answer:
    return Answer(answer.status_code, {name.lower(): value for name, value in answer.headers.items()})
