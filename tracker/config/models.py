"""The relational tables: what operators configure (technical design §2.3, decisions §4 and §5).

One set of models serves MariaDB and SQLite. Rows reference each other by foreign keys with ON DELETE CASCADE, so that a
deletion in SQL by hand leaves nothing behind either. ``audit_log`` has no foreign key: entries outlive their target.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, Text, UniqueConstraint
from sqlmodel import Field as Attribute
from sqlmodel import SQLModel

from tracker.config.columns import (
    UtcDateTime,
    created_time,
    exact_char,
    exact_string,
    flag,
    json_value,
    optional_time,
    owner_id,
    primary_id,
    updated_time,
    utc_now,
)
from tracker.config.records import KeyKind, KeyMode

SELECTOR_CHARS = 500

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
TABLE_OPTIONS = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_ci"}


def new_id() -> str:
    """A fresh primary key: a random UUID, 36 characters, lower case."""
    return str(uuid4())


class Table(SQLModel):
    """Base of all tables: own metadata with named constraints, which SQLite can only drop by name."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMING)


class Client(Table, table=True):
    """A site. ``config`` is a `records.WidgetConfig`, ``settings`` a `records.ClientSettings`, both camelCase.

    Both hold only what was set; what is absent follows the defaults of the running version.
    """

    __tablename__: ClassVar[str] = "clients"
    __table_args__ = (Index("idx_clients_domain", "domain", unique=True), TABLE_OPTIONS)

    client_id: str = Attribute(default_factory=new_id, sa_column=primary_id("client_id"))
    name: str = Attribute(sa_column=Column(String(255), nullable=False))
    domain: str = Attribute(sa_column=Column(String(255), nullable=False))
    is_active: bool = Attribute(default=True, sa_column=flag("is_active", default=True))
    config: dict[str, Any] = Attribute(default_factory=dict, sa_column=json_value("config", dict))
    settings: dict[str, Any] = Attribute(default_factory=dict, sa_column=json_value("settings", dict))
    allowed_origins: list[str] = Attribute(default_factory=list, sa_column=json_value("allowed_origins", list))
    retention_days: int | None = Attribute(default=None, sa_column=Column(Integer, nullable=True))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class Form(Table, table=True):
    """A form on a client's pages. ``metadata_["partialCapture"]`` overrides the client's setting."""

    __tablename__: ClassVar[str] = "forms"
    __table_args__ = (
        Index("idx_forms_client_id", "client_id", "is_active"),
        Index("idx_forms_page_url", "page_url", mysql_length=255, mariadb_length=255),
        TABLE_OPTIONS,
    )

    form_id: str = Attribute(default_factory=new_id, sa_column=primary_id("form_id"))
    client_id: str = Attribute(sa_column=owner_id("client_id", "clients.client_id"))
    form_name: str = Attribute(sa_column=Column(String(255), nullable=False))
    page_url: str = Attribute(sa_column=Column(Text, nullable=False))
    form_selector: str = Attribute(sa_column=Column(exact_string(SELECTOR_CHARS), nullable=False))
    alternative_selectors: list[str] = Attribute(
        default_factory=list, sa_column=json_value("alternative_selectors", list)
    )
    is_active: bool = Attribute(default=True, sa_column=flag("is_active", default=True))
    metadata_: dict[str, Any] = Attribute(default_factory=dict, sa_column=json_value("metadata", dict))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class Field(Table, table=True):
    """An input of a form."""

    __tablename__: ClassVar[str] = "fields"
    __table_args__ = (Index("idx_fields_form_id", "form_id"), TABLE_OPTIONS)

    field_id: str = Attribute(default_factory=new_id, sa_column=primary_id("field_id"))
    form_id: str = Attribute(sa_column=owner_id("form_id", "forms.form_id"))
    field_selector: str = Attribute(sa_column=Column(exact_string(SELECTOR_CHARS), nullable=False))
    field_name: str = Attribute(sa_column=Column(String(255), nullable=False))
    field_type: str = Attribute(sa_column=Column(String(50), nullable=False))
    label: str | None = Attribute(default=None, sa_column=Column(String(255), nullable=True))
    is_required: bool = Attribute(default=False, sa_column=flag("is_required", default=False))
    validation_rules: dict[str, Any] = Attribute(default_factory=dict, sa_column=json_value("validation_rules", dict))
    display_order: int = Attribute(default=0, sa_column=Column(Integer, nullable=False, default=0, server_default="0"))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class FieldMapping(Table, table=True):
    """Where a field's value goes in the CRM; one per field."""

    __tablename__: ClassVar[str] = "field_mappings"
    __table_args__ = (UniqueConstraint("field_id", name="unique_field_mapping"), TABLE_OPTIONS)

    mapping_id: str = Attribute(default_factory=new_id, sa_column=primary_id("mapping_id"))
    field_id: str = Attribute(sa_column=owner_id("field_id", "fields.field_id"))
    target_entity: str = Attribute(sa_column=Column(String(100), nullable=False))
    target_field: str = Attribute(sa_column=Column(String(100), nullable=False))
    transform: str | None = Attribute(default=None, sa_column=Column(String(255), nullable=True))
    is_required: bool = Attribute(default=False, sa_column=flag("is_required", default=False))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class ClientMapping(Table, table=True):
    """What all leads of a client take to the CRM, whichever form they came from.

    ``source`` as in `tracker.expressions.sources`: compared by the letter, since ``=vip`` is not ``=VIP``.
    """

    __tablename__: ClassVar[str] = "client_mappings"
    __table_args__ = (
        UniqueConstraint("client_id", "target_entity", "target_field", "source", name="unique_client_mapping"),
        TABLE_OPTIONS,
    )

    mapping_id: str = Attribute(default_factory=new_id, sa_column=primary_id("mapping_id"))
    client_id: str = Attribute(sa_column=owner_id("client_id", "clients.client_id"))
    source: str = Attribute(sa_column=Column(exact_string(255), nullable=False))
    target_entity: str = Attribute(sa_column=Column(String(100), nullable=False))
    target_field: str = Attribute(sa_column=Column(String(100), nullable=False))
    transform: str | None = Attribute(default=None, sa_column=Column(String(255), nullable=True))
    is_required: bool = Attribute(default=False, sa_column=flag("is_required", default=False))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class ApiKey(Table, table=True):
    """An API key without the key: its SHA-256, and the last four characters for people (decisions §4).

    ``secret_fingerprint`` names the secret that a publishable key was derived with; ``None`` for secret keys.
    """

    __tablename__: ClassVar[str] = "api_keys"
    __table_args__ = (
        UniqueConstraint("key_hash"),
        Index("idx_api_keys_client_id", "client_id"),
        TABLE_OPTIONS,
    )

    key_id: str = Attribute(default_factory=new_id, sa_column=primary_id("key_id"))
    client_id: str = Attribute(sa_column=owner_id("client_id", "clients.client_id"))
    kind: KeyKind = Attribute(sa_column=Column(String(16), nullable=False))
    mode: KeyMode = Attribute(sa_column=Column(String(8), nullable=False))
    key_hash: str = Attribute(sa_column=Column(exact_char(64), nullable=False))
    hint: str = Attribute(sa_column=Column(exact_string(4), nullable=False))
    secret_fingerprint: str | None = Attribute(default=None, sa_column=Column(exact_char(16), nullable=True))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    expires_at: datetime | None = Attribute(default=None, sa_column=optional_time("expires_at"))
    revoked_at: datetime | None = Attribute(default=None, sa_column=optional_time("revoked_at"))
    last_used_at: datetime | None = Attribute(default=None, sa_column=optional_time("last_used_at"))


class WebhookEndpoint(Table, table=True):
    """A URL that is told about a client's leads. ``secret`` is sealed by `tracker.config.vault`.

    ``previous_secret``: the one before the last rotation, which signs as well until ``previous_secret_until``.
    ``disabled_reason``: a word for why deliveries switched it off at ``disabled_at``; null when people did.
    """

    __tablename__: ClassVar[str] = "webhook_endpoints"
    __table_args__ = (Index("idx_webhook_endpoints_client_id", "client_id", "is_active"), TABLE_OPTIONS)

    endpoint_id: str = Attribute(default_factory=new_id, sa_column=primary_id("endpoint_id"))
    client_id: str = Attribute(sa_column=owner_id("client_id", "clients.client_id"))
    url: str = Attribute(sa_column=Column(Text, nullable=False))
    description: str | None = Attribute(default=None, sa_column=Column(String(255), nullable=True))
    event_types: list[str] = Attribute(default_factory=list, sa_column=json_value("event_types", list))
    secret: str = Attribute(repr=False, sa_column=Column(Text, nullable=False))
    previous_secret: str | None = Attribute(default=None, repr=False, sa_column=Column(Text, nullable=True))
    previous_secret_until: datetime | None = Attribute(default=None, sa_column=optional_time("previous_secret_until"))
    disabled_at: datetime | None = Attribute(default=None, sa_column=optional_time("disabled_at"))
    disabled_reason: str | None = Attribute(default=None, sa_column=Column(String(50), nullable=True))
    is_active: bool = Attribute(default=True, sa_column=flag("is_active", default=True))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class CrmConnection(Table, table=True):
    """A client's CRM account. ``credentials`` is a JSON text sealed by `tracker.config.vault`."""

    __tablename__: ClassVar[str] = "crm_connections"
    __table_args__ = (Index("idx_crm_connections_client_id", "client_id", "is_active"), TABLE_OPTIONS)

    connection_id: str = Attribute(default_factory=new_id, sa_column=primary_id("connection_id"))
    client_id: str = Attribute(sa_column=owner_id("client_id", "clients.client_id"))
    adapter: str = Attribute(sa_column=Column(String(50), nullable=False))
    credentials: str = Attribute(repr=False, sa_column=Column(Text, nullable=False))
    settings: dict[str, Any] = Attribute(default_factory=dict, sa_column=json_value("settings", dict))
    is_active: bool = Attribute(default=True, sa_column=flag("is_active", default=True))
    created_at: datetime = Attribute(default_factory=utc_now, sa_column=created_time())
    updated_at: datetime = Attribute(default_factory=utc_now, sa_column=updated_time())


class AuditEntry(Table, table=True):
    """Who changed what; ``before`` and ``after`` hold the changed attributes only and never a key or credential."""

    __tablename__: ClassVar[str] = "audit_log"
    __table_args__ = (
        Index("idx_audit_log_client_id", "client_id", "id"),
        Index("idx_audit_log_at", "at"),
        TABLE_OPTIONS,
    )

    # BIGINT does not count up by itself in SQLite, INTEGER (64 bits there) does.
    id: int | None = Attribute(
        default=None, sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    )
    at: datetime = Attribute(default_factory=utc_now, sa_column=Column(UtcDateTime, nullable=False))
    actor: str = Attribute(sa_column=Column(String(255), nullable=False))
    action: str = Attribute(sa_column=Column(String(64), nullable=False))
    target_kind: str = Attribute(sa_column=Column(String(32), nullable=False))
    target_id: str = Attribute(sa_column=Column(exact_string(64), nullable=False))
    client_id: str | None = Attribute(default=None, sa_column=Column(exact_char(36), nullable=True))
    before: dict[str, Any] | None = Attribute(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    after: dict[str, Any] | None = Attribute(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
