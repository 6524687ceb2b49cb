"""The stable camelCase JSON of each row, for CLI, API and audit log. No view holds a key, a hash or a credential."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from tracker.config.columns import utc_now
from tracker.config.models import (
    ApiKey,
    AuditEntry,
    Client,
    ClientMapping,
    CrmConnection,
    Field,
    FieldMapping,
    Form,
    WebhookEndpoint,
)
from tracker.config.read import client_settings, widget_config

KeyStatus = Literal["active", "expiring", "expired", "revoked"]


def describe_client(client: Client) -> dict[str, Any]:
    """A client; ``config`` and ``settings`` with the defaults filled in."""
    return {
        "clientId": client.client_id,
        "name": client.name,
        "domain": client.domain,
        "isActive": client.is_active,
        "allowedOrigins": list(client.allowed_origins),
        "retentionDays": client.retention_days,
        "config": msgspec.to_builtins(widget_config(client.config)),
        "settings": msgspec.to_builtins(client_settings(client.settings)),
        "createdAt": iso(client.created_at),
        "updatedAt": iso(client.updated_at),
    }


def key_status(key: ApiKey, now: datetime | None = None) -> KeyStatus:
    """What a key is worth at ``now``; ``expiring`` still works."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return "active"
    return "expiring" if key.expires_at > (now or utc_now()) else "expired"


def describe_key(key: ApiKey, now: datetime | None = None) -> dict[str, Any]:
    """A key without the key."""
    return {
        "keyId": key.key_id,
        "clientId": key.client_id,
        "kind": key.kind,
        "mode": key.mode,
        "hint": key.hint,
        "status": key_status(key, now),
        "createdAt": iso(key.created_at),
        "expiresAt": iso(key.expires_at),
        "revokedAt": iso(key.revoked_at),
        "lastUsedAt": iso(key.last_used_at),
    }


def describe_form(form: Form) -> dict[str, Any]:
    """A form without its fields; ``partialCapture`` is ``None`` where the client's setting holds; ``draft``: what is
    typed and not submitted is kept sealed, and for days only."""
    return {
        "formId": form.form_id,
        "clientId": form.client_id,
        "formName": form.form_name,
        "pageUrl": form.page_url,
        "formSelector": form.form_selector,
        "alternativeSelectors": list(form.alternative_selectors),
        "partialCapture": form.metadata_.get("partialCapture"),
        "draft": form.metadata_.get("draft", False),
        "isActive": form.is_active,
        "metadata": form.metadata_,
        "createdAt": iso(form.created_at),
        "updatedAt": iso(form.updated_at),
    }


def describe_field(field: Field) -> dict[str, Any]:
    """A field without its mapping."""
    return {
        "fieldId": field.field_id,
        "formId": field.form_id,
        "fieldSelector": field.field_selector,
        "fieldName": field.field_name,
        "fieldType": field.field_type,
        "label": field.label,
        "isRequired": field.is_required,
        "displayOrder": field.display_order,
        "validationRules": field.validation_rules,
        "createdAt": iso(field.created_at),
        "updatedAt": iso(field.updated_at),
    }


def describe_mapping(mapping: FieldMapping) -> dict[str, Any]:
    """Where a field goes in the CRM."""
    return {
        "mappingId": mapping.mapping_id,
        "fieldId": mapping.field_id,
        "targetEntity": mapping.target_entity,
        "targetField": mapping.target_field,
        "transform": mapping.transform,
        "isRequired": mapping.is_required,
        "createdAt": iso(mapping.created_at),
        "updatedAt": iso(mapping.updated_at),
    }


def describe_client_mapping(mapping: ClientMapping) -> dict[str, Any]:
    """What all leads of a client take to the CRM."""
    return {
        "mappingId": mapping.mapping_id,
        "clientId": mapping.client_id,
        "source": mapping.source,
        "targetEntity": mapping.target_entity,
        "targetField": mapping.target_field,
        "transform": mapping.transform,
        "isRequired": mapping.is_required,
        "createdAt": iso(mapping.created_at),
        "updatedAt": iso(mapping.updated_at),
    }


def describe_webhook(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """A webhook endpoint without its secret."""
    return {
        "endpointId": endpoint.endpoint_id,
        "clientId": endpoint.client_id,
        "url": endpoint.url,
        "description": endpoint.description,
        "eventTypes": list(endpoint.event_types),
        "isActive": endpoint.is_active,
        "disabledAt": iso(endpoint.disabled_at),
        "disabledReason": endpoint.disabled_reason,
        "previousSecretUntil": iso(endpoint.previous_secret_until),
        "createdAt": iso(endpoint.created_at),
        "updatedAt": iso(endpoint.updated_at),
    }


def describe_connection(connection: CrmConnection) -> dict[str, Any]:
    """A CRM connection without its credentials."""
    return {
        "connectionId": connection.connection_id,
        "clientId": connection.client_id,
        "adapter": connection.adapter,
        "settings": connection.settings,
        "isActive": connection.is_active,
        "createdAt": iso(connection.created_at),
        "updatedAt": iso(connection.updated_at),
    }


def describe_audit_entry(entry: AuditEntry) -> dict[str, Any]:
    """A change that somebody made."""
    return {
        "id": entry.id,
        "at": iso(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "targetKind": entry.target_kind,
        "targetId": entry.target_id,
        "clientId": entry.client_id,
        "before": entry.before,
        "after": entry.after,
    }


def iso(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, ``2030-01-31T08:00:00.000Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_ready(view: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A copy that no later change of a row can reach."""
    return None if view is None else msgspec.json.decode(msgspec.json.encode(view))
