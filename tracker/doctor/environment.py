"""The settings: unknown names, values that cannot be used, values that do not go together."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

from tracker.doctor.report import Finding, error, good, warning
from tracker.errors import SettingsError, TrackerError
from tracker.ingest.geo import Database
from tracker.ingest.origins import LOOPBACK
from tracker.settings import Settings, env_files, load_settings

_PREFIX = "TRACKER_"
# Read beside the settings: by the command line and by the tests.
_OTHERS = frozenset({"TRACKER_DATA_DIR", "TRACKER_DEBUG"})
_TESTS = "TRACKER_TEST_"
_NAMED = re.compile(r"TRACKER_([A-Z0-9_]+): ([^;]*)")
_STORES = ("config_db_url", "mongodb_url", "redis_url", "secret_keys")


def read_settings() -> tuple[Settings, list[Finding]]:
    """The settings as far as they can be used: what cannot be used is a finding, and its default stands instead.

    :raises SettingsError: when that does not help.
    """
    findings: list[Finding] = []
    defaults: dict[str, object] = {}
    while True:
        try:
            return load_settings(**defaults), findings
        except SettingsError as problem:
            found = {name.lower(): why for name, why in _NAMED.findall(problem.detail)}
            fresh = {name: why for name, why in found.items() if name in Settings.model_fields and name not in defaults}
            if not fresh:
                raise
            for name, why in fresh.items():
                defaults[name] = Settings.model_fields[name].default
                findings.append(_unusable(name, why))


def _unusable(name: str, why: str) -> Finding:
    return error(
        "settings",
        f"{_PREFIX}{name.upper()} cannot be used",
        f"{why.removeprefix('Value error, ')}; the services do not start",
        f"Correct it in .env or in the environment of the services: {Settings.model_fields[name].description}.",
    )


def environment_names() -> dict[str, str]:
    """Every ``TRACKER_…`` name that is set, with where: ``environment`` or a file's name. Values are not kept."""
    found: dict[str, str] = {}
    for path in env_files():
        if Path(path).is_file():
            found |= {name: path.name for name in dotenv_values(path) if name.upper().startswith(_PREFIX)}
    return found | {name: "environment" for name in os.environ if name.upper().startswith(_PREFIX)}


def unknown_names(names: Mapping[str, str]) -> list[Finding]:
    """A finding for each name that no setting has, with the nearest one."""
    known = {f"{_PREFIX}{name.upper()}" for name in Settings.model_fields} | _OTHERS
    findings = []
    for name, where in sorted(names.items()):
        if name.upper() in known or name.upper().startswith(_TESTS):
            continue
        near = get_close_matches(name.upper(), sorted(known), 1, 0.6)
        fix = f"Did you mean {near[0]}? Rename it" if near else "Remove it"
        detail = f"set in the {where}" if where == "environment" else f"set in {where}"
        findings.append(
            warning("settings", f"{name} is no setting", f"{detail}; nothing reads it", f"{fix}; see docs/settings.md.")
        )
    return findings


def check_settings(settings: Settings, names: Mapping[str, str]) -> list[Finding]:
    """What is missing, misspelt, or contradicts something else."""
    findings = [*_missing(settings), *unknown_names(names), *_contradictions(settings), *_risks(settings)]
    return findings or [good("settings", "the settings go together", f"{len(names)} variables are set")]


def _missing(settings: Settings) -> Iterator[Finding]:
    for name in _STORES:
        if not getattr(settings, name):
            yield error(
                "settings",
                f"{_PREFIX}{name.upper()} is not set",
                f"{Settings.model_fields[name].description}",
                "Put it into .env; `trackerctl init` writes one to fill in.",
            )


def _contradictions(settings: Settings) -> Iterator[Finding]:
    shard_urls = [url for url in settings.queue_shard_urls.split(",") if url.strip()]
    if len(shard_urls) > settings.queue_shards:
        yield warning(
            "settings",
            "more Redis URLs than queue shards",
            f"{len(shard_urls)} in TRACKER_QUEUE_SHARD_URLS for {settings.queue_shards} shards: the last are not used",
            "Raise TRACKER_QUEUE_SHARDS to the number of URLs, or take the others out.",
        )
    if settings.max_event_bytes > settings.max_body_bytes:
        yield warning(
            "settings",
            "an event may be larger than a request",
            "TRACKER_MAX_EVENT_BYTES is above TRACKER_MAX_BODY_BYTES, which refuses the event first",
            "Lower the one or raise the other.",
        )
    if settings.job_timeout_seconds <= settings.job_lease_seconds:
        yield warning(
            "settings",
            "a job is handed back before its lease ends",
            "TRACKER_JOB_TIMEOUT_SECONDS is not above TRACKER_JOB_LEASE_SECONDS",
            "Leave the time limit at several times the lease; the defaults are 120 and 6.",
        )
    if settings.geoip_db:
        try:
            Database(settings.geoip_db).close()
        except TrackerError as problem:
            yield error(
                "settings", "TRACKER_GEOIP_DB cannot be read", problem.detail, "Mend the path, or leave it empty."
            )
    if settings.public_url.startswith("https://") and not settings.trusted_proxies and not _is_local(settings):
        yield warning(
            "settings",
            "no trusted proxy behind an https address",
            "TLS ends at a proxy, and while TRACKER_TRUSTED_PROXIES is empty every visitor seems to have its address: "
            "they share one limit, and countries are those of the proxy",
            "Name the proxy's address in TRACKER_TRUSTED_PROXIES, such as 127.0.0.1.",
        )


def _risks(settings: Settings) -> Iterator[Finding]:
    if any(part.strip() in ("0.0.0.0/0", "::/0") for part in settings.trusted_proxies.split(",")):
        yield error(
            "settings",
            "every address is a trusted proxy",
            "anybody can claim any address in X-Forwarded-For and pass the limits",
            "Name only the addresses of your own proxies in TRACKER_TRUSTED_PROXIES.",
        )
    if settings.mongodb_write_concern == "1" or not settings.mongodb_journal:
        yield warning(
            "settings",
            "a MongoDB that fails may lose stored events",
            "the write concern is not majority with journal (decisions §9)",
            "Remove TRACKER_MONGODB_WRITE_CONCERN and TRACKER_MONGODB_JOURNAL, unless you accept that loss.",
        )
    if settings.page_check_private and not _is_local(settings):
        yield warning(
            "settings",
            "/config-test may fetch pages from your private network",
            "TRACKER_PAGE_CHECK_PRIVATE is on and the service has a public address: strangers can look at your network",
            "Remove TRACKER_PAGE_CHECK_PRIVATE.",
        )
    for name in ("limit_events_per_minute", "limit_ip_events_per_minute"):
        if getattr(settings, name) == 0 and not _is_local(settings):
            yield warning(
                "settings",
                f"{_PREFIX}{name.upper()} is off",
                "one page, or one stranger with a key that is printed into pages, can fill the queue",
                "Remove it: the default is 10,000 a minute; or set what your busiest site needs.",
            )


def _is_local(settings: Settings) -> bool:
    return settings.embedded or urlsplit(settings.public_url).hostname in LOOPBACK
