"""Settings: environment variables with the prefix ``TRACKER_``, or a ``.env`` file (decisions §3).

Each has a type, a unit where it is a quantity, a default and the reason for it. ``docs/settings.md`` is generated
from here. Settings build nothing: engines and connections are made in ``tracker.stores``.
"""

from __future__ import annotations

import os
import re
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tracker import names
from tracker.errors import SettingsError

MIN_SECRET_CHARS = 32
_MIN_TOKEN_CHARS = 16
_PLACEHOLDERS = ("change", "example")
# A token of RFC 9110 §5.6.2, as far as headers are named in practice.
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Settings(BaseSettings):
    """All settings of all processes.

    :raises SettingsError: from :func:`load_settings`, when a value cannot be used.
    """

    model_config = SettingsConfigDict(env_prefix="TRACKER_", extra="ignore", frozen=True, validate_default=False)

    # --- stores -----------------------------------------------------------------------------------------------------
    config_db_url: str = Field(
        "", repr=False, description="Relational store of clients, forms and keys: mysql+pymysql://… or sqlite:///…"
    )
    mongodb_url: str = Field(
        "", repr=False, description="MongoDB 6.0+, a replica set (transactions make effects exactly-once)"
    )
    mongodb_database: str = Field("tracker", description="Database of events, leads and sessions")
    mongodb_write_concern: str = Field(
        "majority", description="w of every write; 1 is faster and may lose what a failed primary had (decisions §9)"
    )
    mongodb_journal: bool = Field(True, description="Wait for the journal; false may lose writes when mongod is killed")
    mongodb_timeout_seconds: float = Field(
        5.0, gt=0, description="How long to look for a primary before a write counts as an outage"
    )
    redis_url: str = Field("", repr=False, description="Redis 6.2+ with AOF and maxmemory-policy noeviction")
    redis_timeout_seconds: float = Field(2.0, gt=0, description="Longest wait for one answer before a 503 is given")

    # --- secrets and addresses --------------------------------------------------------------------------------------
    secret_keys: str = Field(
        "", repr=False, description="Comma-separated; the first is current, the rest still verify and decrypt"
    )
    public_url: str = Field("http://127.0.0.1:8000", description="Where browsers reach this service; goes into pages")
    script_name: str = Field(
        "main-app.v1.js", description="File name of the browser script in pages; ad-blockers match names"
    )
    global_name: str = Field("WebsiteTracker", description="Name of the browser script's object on window")
    ingest_path: str = Field(
        "v1/track/events", description="Path that pages send events to; the default is served besides"
    )
    trusted_proxies: str = Field(
        "", description="Comma-separated addresses or networks whose X-Forwarded-For is believed; none by default"
    )
    geoip_db: str = Field(
        "", description="Database of countries or cities in MaxMind's format: path of the .mmdb file; empty = none"
    )
    geo_country_header: str = Field(
        "", description="Header in which a trusted proxy names the visitor's country, such as CF-IPCountry"
    )

    # --- ingest (decisions §7) --------------------------------------------------------------------------------------
    max_body_bytes: int = Field(1024 * 1024, gt=0, description="Largest request body, also after decompression")
    max_header_seconds: int = Field(10, gt=0, le=300, description="Until a request's headers have arrived")
    max_body_seconds: float = Field(
        20.0, gt=0, le=300, description="Until a body has arrived; the browser script itself gives up after 14 s"
    )
    max_event_bytes: int = Field(32 * 1024, gt=0, description="Largest event; a larger one is refused alone")
    max_batch_events: int = Field(50, gt=0, description="Events in a request; what a browser batches at most")
    max_event_depth: int = Field(8, gt=0, description="Nesting of an event")
    max_event_fields: int = Field(200, gt=0, description="Keys in an event, at all depths together")
    commit_max_events: int = Field(500, gt=0, description="Events in one job; a fat insert is what MongoDB likes")
    commit_max_waiting: int = Field(
        20_000, gt=0, description="Events waiting for Redis in one process before new ones get a 503; bounds memory"
    )
    rejected_sample: int = Field(200, ge=0, description="Refused events kept per client for `event rejected`")

    # --- limits (0 = off) -------------------------------------------------------------------------------------------
    limit_events_per_minute: int = Field(10_000, ge=0, description="Events per key and minute")
    limit_config_per_minute: int = Field(1_000, ge=0, description="Config reads per key and minute")
    limit_management_per_minute: int = Field(100, ge=0, description="Management calls per token and minute")
    limit_ip_events_per_minute: int = Field(
        10_000, ge=0, description="Events per address and minute, publishable keys only; an office shares an address"
    )
    limit_ip_reads_per_minute: int = Field(
        3_000, ge=0, description="Reads of config, loader script and snippet per address and minute, counted together"
    )
    limit_page_checks_per_minute: int = Field(
        20, ge=0, description="Checks on /config-test per address and minute; each may fetch a page"
    )

    # --- abuse of a public key (docs/abuse.md) ----------------------------------------------------------------------
    site_token_life_minutes: int = Field(
        120, ge=15, le=1_440, description="Life of a site token; the browser script fetches a fresh one when it is over"
    )
    spam_min_fill_ms: int = Field(
        1_000, ge=0, le=60_000, description="A page sent off sooner after its load was filled by a program; 0 = off"
    )
    spam_max_links: int = Field(
        3, ge=0, le=1_000, description="So many links in a message make its submission spam; 0 = off"
    )
    disposable_domains_file: str = Field(
        "", description="File of mail domains that nobody keeps, one a line; empty = the list that is installed with us"
    )

    # --- caches -----------------------------------------------------------------------------------------------------
    cache_poll_seconds: float = Field(
        0.4, gt=0, le=1.0, description="How often a process asks whether the configuration changed (promise: 1 s)"
    )
    cache_ttl_seconds: int = Field(300, gt=0, description="Life of a cached key or client configuration in Redis")

    # --- queue and worker (decisions §8, §9) ------------------------------------------------------------------------
    queue_shards: int = Field(1, ge=1, le=64, description="Queues that clients are hashed over")
    queue_shard_urls: str = Field(
        "", repr=False, description="Comma-separated Redis URLs of the shards; empty = all on redis_url"
    )
    queue_headroom_ratio: float = Field(
        0.1, ge=0, lt=1, description="Part of Redis' maxmemory that senders must leave, so that workers can go on"
    )
    worker_max_jobs: int = Field(64, ge=1, description="Jobs that a worker holds; they share transactions")
    worker_batch_events: int = Field(1000, ge=1, description="Events in one transaction at most")
    worker_poll_seconds: float = Field(0.05, gt=0, description="Pause between two looks at an idle queue")
    job_lease_seconds: float = Field(6.0, ge=1, description="A killed worker's jobs are taken over after this long")
    job_timeout_seconds: float = Field(120.0, gt=0, description="A job that takes longer is handed back")
    shutdown_grace_seconds: float = Field(20.0, ge=0, description="What a stopping worker may finish in")
    event_max_tries: int = Field(3, ge=1, description="Tries of an event with a data error before the dead letters")
    event_retry_seconds: float = Field(5.0, ge=0, description="First pause between two tries; doubles, jittered")
    event_max_kills: int = Field(3, ge=1, description="Workers that one event may kill before the dead letters")
    dead_letter_max_entries: int = Field(
        100_000, ge=1, description="Dead letters kept on each queue server; beyond that the oldest are discarded"
    )
    dead_letter_max_age_days: float = Field(
        90, ge=0, description="A dead letter that failed last so long ago is discarded; 0 = never"
    )
    dead_letter_warn_ratio: float = Field(
        0.8, gt=0, le=1, description="Share of either limit from which on `status` and the metrics warn"
    )

    # --- leads and documents (decisions §6, §9) ---------------------------------------------------------------------
    retention_days: int = Field(
        90, ge=1, description="Default life of events, sessions and leads that no CRM has; per client in the database"
    )
    draft_days: int = Field(
        7, ge=1, le=365, description="Life of what was typed into a form with drafts, without a submission or a consent"
    )
    lead_submission_window_hours: float = Field(24, gt=0, description="A submission joins a lead that is younger")
    lead_interaction_window_hours: float = Field(168, gt=0, description="An interaction joins a lead that is younger")
    abandoned_after_minutes: int = Field(
        30, ge=1, description="A partial lead untouched for this long becomes abandoned_form"
    )
    session_page_views: int = Field(500, ge=1, description="Page views kept in a session; the count goes on")
    default_region: str = Field("US", min_length=2, max_length=2, description="Region of phone numbers without a +")

    # --- CRM and webhooks (technical design §3.3) -------------------------------------------------------------------
    crm_gather_seconds: float = Field(
        10.0, ge=0, description="How long a lead waits for others on the way to a CRM; 200 go at once"
    )
    crm_timeout_seconds: float = Field(30.0, gt=0, description="Longest wait for one answer of a CRM")
    crm_max_accounts: int = Field(8, ge=1, description="CRM accounts that a worker has in its hands at a time")
    webhook_timeout_seconds: float = Field(
        15.0, gt=0, le=120, description="Longest wait for a webhook's answer; then it is tried again later"
    )
    webhook_max_requests: int = Field(64, ge=1, description="Requests to webhooks that a worker has open together")
    webhook_max_requests_per_endpoint: int = Field(
        4, ge=1, description="Of these to one endpoint that answers; one that does not gets a single one"
    )
    webhook_allow_private: bool = Field(
        False, description="Let webhooks post to private and loopback addresses; `trackerctl dev` does"
    )

    # --- operation --------------------------------------------------------------------------------------------------
    embedded: bool = Field(False, description="Set by `trackerctl dev`: the stores are embedded ones")
    page_check_private: bool = Field(
        False, description="Let /config-test fetch pages from private and loopback addresses, and from any port"
    )
    metrics_token: str = Field(
        "", repr=False, description="Who may read /metrics, as a bearer token; empty = only this machine, by no proxy"
    )
    gdpr_certificates: str = Field(
        "gdpr-certificates", min_length=1, description="Folder into which `trackerctl gdpr delete` writes certificates"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged")
    log_format: Literal["json", "console"] = Field("json", description="JSON for collectors, console for people")

    @field_validator("secret_keys")
    @classmethod
    def _strong(cls, value: str) -> str:
        for secret in _split(value):
            if len(secret) < MIN_SECRET_CHARS or len(set(secret)) < 8 or secret.lower().startswith(_PLACEHOLDERS):
                raise ValueError("a secret key is weak; `trackerctl init` makes a strong one")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long(cls, value: str) -> str:
        if value and (len(value) < _MIN_TOKEN_CHARS or not value.isascii() or not value.isprintable() or " " in value):
            raise ValueError(f"must be at least {_MIN_TOKEN_CHARS} characters of ASCII without spaces")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        for network in _split(value):
            ip_network(network, strict=False)
        return value

    @field_validator("geo_country_header")
    @classmethod
    def _header(cls, value: str, info: ValidationInfo) -> str:
        if value and not _HEADER_NAME.fullmatch(value):
            raise ValueError("is no name of a header, such as CF-IPCountry")
        if value and not info.data.get("trusted_proxies"):
            raise ValueError("is believed from trusted proxies only; name them in TRACKER_TRUSTED_PROXIES")
        return value.lower()

    @field_validator("public_url")
    @classmethod
    def _bare_url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("script_name")
    @classmethod
    def _script(cls, value: str) -> str:
        return names.script_name(value)

    @field_validator("global_name")
    @classmethod
    def _global(cls, value: str) -> str:
        return names.global_name(value)

    @field_validator("ingest_path")
    @classmethod
    def _ingest(cls, value: str) -> str:
        return names.ingest_path(value)

    @field_validator("mongodb_write_concern")
    @classmethod
    def _write_concern(cls, value: str) -> str:
        if value != "majority" and not (value.isdigit() and int(value) >= 1):
            raise ValueError("must be majority or a number from 1")
        return value

    @cached_property
    def secrets(self) -> tuple[str, ...]:
        """The secret keys, the current one first.

        :raises SettingsError: when there is none.
        """
        secrets = tuple(_split(self.secret_keys))
        if not secrets:
            raise SettingsError("TRACKER_SECRET_KEYS is not set; `trackerctl init` writes a .env with a fresh one")
        return secrets

    def require(self, *names: str) -> Settings:
        """Check that the named settings are there and the secret keys too.

        :raises SettingsError: naming the missing variables and the way out.
        """
        missing = [f"TRACKER_{name.upper()}" for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError(
                f"{', '.join(missing)} not set; `trackerctl init` writes a .env to fill in, "
                "`trackerctl dev` runs everything embedded"
            )
        _ = self.secrets
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def env_files() -> tuple[Path, Path]:
    """The files read, the later one wins: what a running ``trackerctl dev`` left in its data folder, then ``.env``."""
    return Path(os.environ.get("TRACKER_DATA_DIR", ".tracker")) / "dev.env", Path(".env")


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment and the files of :func:`env_files`.

    :raises SettingsError: naming each variable that cannot be used, never its value.
    """
    try:
        return Settings(_env_file=env_files(), **overrides)  # type: ignore[call-arg, arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"TRACKER_{'_'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False, include_url=False)
        )
        raise SettingsError(problems) from None
