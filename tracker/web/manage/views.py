"""Shapes of what the management API shows, for its OpenAPI document.

The objects themselves come from `tracker.config.views`, `tracker.views` and the services, the same as `--json` prints.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

import msgspec

from tracker.config.records import ClientSettings, KeyKind, KeyMode, WidgetConfig
from tracker.config.views import KeyStatus
from tracker.leads.documents import LeadQuality, LeadStatus
from tracker.web.manage.describe import page_of
from tracker.webhooks.documents import DeliveryStatus


class View(msgspec.Struct, rename="camel", kw_only=True):
    """Base of all shapes."""


class Timed(View, kw_only=True):
    """With the times of a row."""

    created_at: datetime
    updated_at: datetime


class ClientView(Timed, kw_only=True):
    """A site that is tracked."""

    client_id: str
    name: str
    domain: str
    is_active: bool
    allowed_origins: list[str]
    retention_days: int | None
    config: WidgetConfig
    settings: ClientSettings


class NewClientView(ClientView, kw_only=True):
    """A new client with its first publishable key."""

    key_id: str
    api_key: str


class KeyView(View, kw_only=True):
    """An API key without the key."""

    key_id: str
    client_id: str
    kind: KeyKind
    mode: KeyMode
    hint: str
    status: KeyStatus
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKeyView(KeyView, kw_only=True):
    """A new key; a secret one is shown this once."""

    key: str


class FormView(Timed, kw_only=True):
    """A form without its fields."""

    form_id: str
    client_id: str
    form_name: str
    page_url: str
    form_selector: str
    alternative_selectors: list[str]
    partial_capture: bool | None
    draft: bool
    is_active: bool
    metadata: dict[str, Any]


class FieldView(Timed, kw_only=True):
    """An input of a form."""

    field_id: str
    form_id: str
    field_selector: str
    field_name: str
    field_type: str
    label: str | None
    is_required: bool
    display_order: int
    validation_rules: dict[str, Any]


class MappingView(Timed, kw_only=True):
    """Where a field's value goes in the CRM."""

    mapping_id: str
    field_id: str
    target_entity: str
    target_field: str
    transform: str | None
    is_required: bool


class ClientMappingView(Timed, kw_only=True):
    """What all leads of a client take to the CRM."""

    mapping_id: str
    client_id: str
    source: str
    target_entity: str
    target_field: str
    transform: str | None
    is_required: bool


class WebhookView(Timed, kw_only=True):
    """A URL that is told about a client's leads."""

    endpoint_id: str
    client_id: str
    url: str
    description: str | None
    event_types: list[str]
    is_active: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    previous_secret_until: datetime | None


class NewWebhookView(WebhookView, kw_only=True):
    """A webhook with its secret, which is shown this once."""

    secret: str


class AttemptView(View, kw_only=True):
    """One attempt at a delivery. ``error`` is null when it has arrived; ``answer`` is the beginning of what came."""

    at: datetime
    status: int | None
    milliseconds: int
    error: str | None
    answer: str


class DeliveryView(View, kw_only=True):
    """One message to one webhook; ``deliveryId`` is its ``webhook-id``."""

    delivery_id: str
    client_id: str
    endpoint_id: str
    event_type: str
    lead_id: str | None
    status: DeliveryStatus
    attempts: int
    failed_because: str | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    created_at: datetime
    expires_at: datetime
    last_attempt: AttemptView | None


class DeliveryDetailsView(DeliveryView, kw_only=True):
    """A delivery with its last attempts and what was sent."""

    log: list[AttemptView]
    payload: dict[str, Any]


class WebhookTestView(View, kw_only=True):
    """What a webhook said to an example."""

    message_id: str
    endpoint_id: str
    event_type: str
    delivered: bool
    status: int | None
    milliseconds: int
    error: str | None
    answer: str


class CrmView(Timed, kw_only=True):
    """A CRM account without its credentials."""

    connection_id: str
    client_id: str
    adapter: str
    settings: dict[str, Any]
    is_active: bool


class AuditView(View, kw_only=True):
    """A change that somebody made."""

    id: int
    at: datetime
    actor: str
    action: str
    target_kind: str
    target_id: str
    client_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class LeadView(View, kw_only=True):
    """A person who showed interest. What else a lead holds is in docs/leads.md."""

    lead_id: str
    client_id: str
    status: LeadStatus
    quality: LeadQuality
    source: str
    created_at: datetime
    updated_at: datetime
    email: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    company: str | None = None
    message: str | None = None
    spam: bool = False
    spam_reasons: list[str] = []
    consent: dict[str, Any] | None = None
    consent_history: list[dict[str, Any]] = []
    notes: str | None = None
    tags: list[str] | None = None
    fields: dict[str, Any] = {}
    test: bool = False
    sync_requested_at: datetime | None = None


class EventView(View, kw_only=True):
    """One stored event."""

    event_id: str
    client_id: str
    event_type: str
    timestamp: datetime
    created_at: datetime
    payload: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    form_id: str | None = None
    lead_id: str | None = None
    session_id: str | None = None
    visitor_id: str | None = None
    test: bool = False


class SessionView(View, kw_only=True):
    """A visit; ``duration`` in seconds."""

    session_id: str
    client_id: str
    started_at: datetime
    ended_at: datetime
    duration: int
    page_view_count: int = 0
    event_count: int = 0
    form_submissions: int = 0
    visitor_id: str | None = None
    test: bool = False


class DeadLetterView(View, kw_only=True):
    """An event that could not be stored, or a job that could not be read."""

    id: str
    kind: Literal["event", "job"]
    client_id: str | None
    error: str
    attempts: int
    first_at: datetime | None
    last_at: datetime | None
    event: dict[str, Any] | None


class ReplayedView(View, kw_only=True):
    """How many were put back; ``left`` had been replayed, dropped or changed meanwhile."""

    replayed: int
    left: int


class Figures(View, kw_only=True):
    """Daily figures, added up; docs/analytics.md defines each."""

    views: int
    sessions: int
    form_starts: int
    submissions: int
    partial: int
    abandoned: int
    leads: int


class SummaryView(Figures, kw_only=True):
    """All of a period; rates are from 0 up, ``null`` where there is nothing to divide by."""

    client_id: str
    completion_rate: float | None
    abandonment_rate: float | None
    leads_per_session: float | None


class DayView(Figures, kw_only=True):
    """Of one day of UTC."""

    date: date


class SourceView(Figures, kw_only=True):
    """Of one source, medium or campaign: one of the three is there."""

    source: str | None = None
    medium: str | None = None
    campaign: str | None = None


class FormFiguresView(Figures, kw_only=True):
    """Of one form; ``null`` is what is about none."""

    form_id: str | None


class StepView(View, kw_only=True):
    """One step; ``ofPrevious`` and ``ofFirst`` are shares, ``null`` where there is nothing to divide by."""

    name: Literal["sessions", "formStarts", "submissions", "leads"]
    count: int
    of_previous: float | None
    of_first: float | None


class FunnelView(View, kw_only=True):
    """From visits to leads."""

    client_id: str
    steps: list[StepView]


ClientPage = page_of(ClientView, "ClientPage")
KeyPage = page_of(KeyView, "KeyPage")
FormPage = page_of(FormView, "FormPage")
FieldPage = page_of(FieldView, "FieldPage")
ClientMappingPage = page_of(ClientMappingView, "ClientMappingPage")
WebhookPage = page_of(WebhookView, "WebhookPage")
DeliveryPage = page_of(DeliveryView, "DeliveryPage")
CrmPage = page_of(CrmView, "CrmPage")
AuditPage = page_of(AuditView, "AuditPage")
LeadPage = page_of(LeadView, "LeadPage")
EventPage = page_of(EventView, "EventPage")
SessionPage = page_of(SessionView, "SessionPage")
DeadLetterPage = page_of(DeadLetterView, "DeadLetterPage")
DayPage = page_of(DayView, "DayPage")
SourcePage = page_of(SourceView, "SourcePage")
FormFiguresPage = page_of(FormFiguresView, "FormFiguresPage")
