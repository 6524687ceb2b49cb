"""What the hot path knows of the configuration: immutable, serialisable copies of the relational rows.

They travel between processes through Redis (msgpack), so a field may be added with a default and never renamed.
"""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec

KeyKind = Literal["publishable", "secret"]
KeyMode = Literal["live", "test"]
ConsentMode = Literal["none", "optout", "optin"]
SiteTokenMode = Literal["off", "prefer", "require"]


SYNC_PARTIAL = re.compile(r"none|email|percent:([1-9]\d?|100)")
"""What `ClientSettings.sync_partial` may be."""


class _Camel(msgspec.Struct, frozen=True, rename="camel", kw_only=True, omit_defaults=False):
    pass


class Features(_Camel, frozen=True):
    """What the browser script does on this client's pages.

    ``partial_capture``: ``None`` = on, unless the consent mode is ``optin``.
    """

    form_tracking: bool = True
    partial_capture: bool | None = None
    page_views: bool = True
    chat: bool = False


class Consent(_Camel, frozen=True):
    """When visitors' data may leave the page."""

    mode: ConsentMode = "none"
    respect_gpc: bool = False
    respect_dnt: bool = False


class Batching(_Camel, frozen=True):
    """How the browser script gathers events (technical design §9.3)."""

    max_events: int = 50
    flush_interval_ms: int = 5000


class WidgetConfig(_Camel, frozen=True):
    """``clients.config``: the part of the configuration that browsers may read."""

    features: Features = Features()
    theme: dict[str, str] = {}
    consent: Consent = Consent()
    batching: Batching = Batching()
    capture_unrecognised: bool = False
    debug: bool = False


class Retention(_Camel, frozen=True):
    """For how many days a client's data is kept; ``None`` = as `tracker.privacy.retention` says.

    Leads may be kept ``forever``; events and sessions always end.
    """

    events_days: int | None = None
    sessions_days: int | None = None
    unsynced_leads_days: int | Literal["forever"] | None = None
    synced_leads_days: int | Literal["forever"] | None = None


class ClientSettings(_Camel, frozen=True):
    """``clients.settings``: the part that stays on the server. Limits are per minute, ``None`` = the global setting.

    ``sync_partial``: which leads without a submission go to the CRM: ``none``, ``email`` or ``percent:50``.
    ``site_tokens``: whether events of a publishable key need a token that pages of the client get
    (`tracker.ingest.site_token`); under ``prefer`` those without one are taken and marked. ``deliver_spam``: leads that
    are marked as spam go to CRMs and webhooks like all others.
    """

    require_origin: bool = False
    keep_bots: bool = False
    default_region: str | None = None
    limit_events_per_minute: int | None = None
    limit_config_per_minute: int | None = None
    limit_ip_events_per_minute: int | None = None
    redact_patterns: tuple[str, ...] = ()
    sync_partial: str = "none"
    site_tokens: SiteTokenMode = "off"
    deliver_spam: bool = False
    retention: Retention = Retention()


class KeyRecord(_Camel, frozen=True):
    """An API key together with what admission needs of its client. Times are epoch seconds."""

    key_id: str
    client_id: str
    kind: KeyKind
    mode: KeyMode
    expires_at: float | None
    revoked_at: float | None
    client_active: bool
    domain: str
    allowed_origins: tuple[str, ...]
    settings: ClientSettings


class MappingRecord(_Camel, frozen=True):
    """Where a field's value goes in the CRM."""

    target_entity: str
    target_field: str
    transform: str | None
    is_required: bool


class ClientMappingRecord(MappingRecord, frozen=True):
    """What all leads of a client take to the CRM, whichever form they came from; ``source`` as in
    `tracker.expressions.sources`."""

    source: str


class FieldRecord(_Camel, frozen=True):
    """One configured input of a form."""

    field_id: str
    field_selector: str
    field_name: str
    field_type: str
    label: str | None
    is_required: bool
    mapping: MappingRecord | None = None


class CrmRecord(_Camel, frozen=True):
    """An active CRM account, without credentials.

    ``version`` is another one after each change of the connection.
    """

    connection_id: str
    adapter: str
    settings: dict[str, Any]
    version: str


class WebhookRecord(_Camel, frozen=True):
    """An active webhook, without its address and secret. ``event_types``: what it is told; empty = everything."""

    endpoint_id: str
    event_types: tuple[str, ...] = ()


class FormRecord(_Camel, frozen=True):
    """One configured form; ``fields`` in display order. ``draft``: what is typed and not submitted is kept sealed, and
    for days only (`tracker.privacy.drafts`)."""

    form_id: str
    form_name: str
    page_url: str
    form_selector: str
    alternative_selectors: tuple[str, ...]
    partial_capture: bool | None
    fields: tuple[FieldRecord, ...]
    draft: bool = False


class ClientRecord(_Camel, frozen=True):
    """A client with its active forms."""

    client_id: str
    name: str
    domain: str
    is_active: bool
    retention_days: int | None
    config: WidgetConfig
    settings: ClientSettings
    forms: tuple[FormRecord, ...]
    mappings: tuple[ClientMappingRecord, ...] = ()
    crm: tuple[CrmRecord, ...] = ()
    webhooks: tuple[WebhookRecord, ...] = ()
