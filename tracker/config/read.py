"""Loads what the hot path knows of the configuration, for the caches in front of it.

A value that this version cannot read (written by hand, or by a later version) falls back alone and is logged: one odd
row must not take every client down. An unreadable ``requireOrigin`` counts as set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select, SelectOfScalar

from tracker.config.failures import explained
from tracker.config.models import (
    ApiKey,
    Client,
    ClientMapping,
    CrmConnection,
    Field,
    FieldMapping,
    Form,
    WebhookEndpoint,
)
from tracker.config.records import (
    ClientMappingRecord,
    ClientRecord,
    ClientSettings,
    CrmRecord,
    FieldRecord,
    FormRecord,
    KeyRecord,
    MappingRecord,
    WebhookRecord,
    WidgetConfig,
)

Record = TypeVar("Record", WidgetConfig, ClientSettings)
log = structlog.get_logger(__name__)


def load_keys(engine: Engine) -> dict[str, KeyRecord]:
    """All keys that are not revoked, by their SHA-256; expired ones and those of inactive clients included.

    One query.

    :raises UnavailableError: when the database does not answer.
    """
    query = select(ApiKey, Client).join(Client).where(col(ApiKey.revoked_at).is_(None))
    settings: dict[str, ClientSettings] = {}
    records: dict[str, KeyRecord] = {}
    try:
        with Session(engine) as session:
            for key, client in session.exec(query):
                if client.client_id not in settings:
                    settings[client.client_id] = client_settings(client.settings)
                records[key.key_hash] = _key_record(key, client, settings[client.client_id])
    except (DBAPIError, PoolTimeoutError) as error:
        raise explained(engine, error) from None
    return records


def find_key(engine: Engine, key_hash: str) -> KeyRecord | None:
    """One key by its SHA-256, also a revoked one; ``None`` when there is none.

    :raises UnavailableError: when the database does not answer.
    """
    query = select(ApiKey, Client).join(Client).where(ApiKey.key_hash == key_hash)
    try:
        with Session(engine) as session:
            found = session.exec(query).first()
            return None if found is None else _key_record(*found, client_settings(found[1].settings))
    except (DBAPIError, PoolTimeoutError) as error:
        raise explained(engine, error) from None


def load_client(engine: Engine, client_id: str) -> ClientRecord | None:
    """A client, active or not, with its active forms in the order they were made and their fields in display order.

    Six queries, however many forms there are.

    :raises UnavailableError: when the database does not answer.
    """
    try:
        with Session(engine) as session:
            client = session.get(Client, client_id)
            if client is None:
                return None
            forms = session.exec(_forms_of(client_id)).all()
            fields = [(field, mapping) for field, mapping in session.exec(_fields_of(client_id))]
            wide = session.exec(_mappings_of(client_id)).all()
            accounts = session.exec(_accounts_of(client_id)).all()
            hooks = session.exec(_webhooks_of(client_id)).all()
            return _client_record(client, forms, fields, wide, accounts, hooks)
    except (DBAPIError, PoolTimeoutError) as error:
        raise explained(engine, error) from None


def widget_config(stored: Mapping[str, Any]) -> WidgetConfig:
    """``clients.config`` with the defaults filled in."""
    return _converted(stored, WidgetConfig)


def client_settings(stored: Mapping[str, Any]) -> ClientSettings:
    """``clients.settings`` with the defaults filled in."""
    return _converted(stored, ClientSettings)


_STRICT: dict[str, object] = {"requireOrigin": True}


def _converted(stored: Mapping[str, Any], shape: type[Record]) -> Record:
    try:
        return msgspec.convert(stored, shape)
    except msgspec.ValidationError:
        pass
    usable: dict[str, Any] = {}
    for name, value in stored.items() if isinstance(stored, Mapping) else ():
        try:
            msgspec.convert({name: value}, shape)
            usable[name] = value
        except msgspec.ValidationError:
            log.error("config.unreadable_value", shape=shape.__name__, name=name)
            if name in _STRICT:
                usable[name] = _STRICT[name]
    return msgspec.convert(usable, shape)


def _forms_of(client_id: str) -> SelectOfScalar[Form]:
    return (
        select(Form)
        .where(Form.client_id == client_id, col(Form.is_active))
        .order_by(col(Form.created_at), col(Form.form_id))
    )


def _fields_of(client_id: str) -> Select[Field, FieldMapping | None]:
    return (
        select(Field, FieldMapping)
        .join(Form, col(Form.form_id) == Field.form_id)
        .outerjoin(FieldMapping, col(FieldMapping.field_id) == Field.field_id)
        .where(Form.client_id == client_id, col(Form.is_active))
        .order_by(col(Field.display_order), col(Field.created_at), col(Field.field_id))
    )


def _mappings_of(client_id: str) -> SelectOfScalar[ClientMapping]:
    return (
        select(ClientMapping)
        .where(ClientMapping.client_id == client_id)
        .order_by(col(ClientMapping.created_at), col(ClientMapping.mapping_id))
    )


def _accounts_of(client_id: str) -> SelectOfScalar[CrmConnection]:
    query = select(CrmConnection).where(CrmConnection.client_id == client_id, col(CrmConnection.is_active).is_(True))
    return query.order_by(col(CrmConnection.created_at), col(CrmConnection.connection_id))


def _webhooks_of(client_id: str) -> SelectOfScalar[WebhookEndpoint]:
    query = select(WebhookEndpoint).where(WebhookEndpoint.client_id == client_id, col(WebhookEndpoint.is_active))
    return query.order_by(col(WebhookEndpoint.created_at), col(WebhookEndpoint.endpoint_id))


def _crm_record(row: CrmConnection) -> CrmRecord:
    return CrmRecord(
        connection_id=row.connection_id,
        adapter=row.adapter,
        settings=row.settings,
        version=row.updated_at.isoformat(),
    )


def _key_record(key: ApiKey, client: Client, settings: ClientSettings) -> KeyRecord:
    return KeyRecord(
        key_id=key.key_id,
        client_id=key.client_id,
        kind=key.kind,
        mode=key.mode,
        expires_at=_epoch(key.expires_at),
        revoked_at=_epoch(key.revoked_at),
        client_active=client.is_active,
        domain=client.domain,
        allowed_origins=tuple(client.allowed_origins),
        settings=settings,
    )


def _client_record(
    client: Client,
    forms: Sequence[Form],
    fields: Sequence[tuple[Field, FieldMapping | None]],
    mappings: Sequence[ClientMapping] = (),
    accounts: Sequence[CrmConnection] = (),
    hooks: Sequence[WebhookEndpoint] = (),
) -> ClientRecord:
    by_form: dict[str, list[FieldRecord]] = defaultdict(list)
    for field, mapping in fields:
        by_form[field.form_id].append(_field_record(field, mapping))
    return ClientRecord(
        client_id=client.client_id,
        name=client.name,
        domain=client.domain,
        is_active=client.is_active,
        retention_days=client.retention_days,
        config=widget_config(client.config),
        settings=client_settings(client.settings),
        forms=tuple(_form_record(form, by_form[form.form_id]) for form in forms),
        mappings=tuple(_client_mapping_record(mapping) for mapping in mappings),
        crm=tuple(_crm_record(account) for account in accounts),
        webhooks=tuple(WebhookRecord(endpoint_id=one.endpoint_id, event_types=tuple(one.event_types)) for one in hooks),
    )


def _form_record(form: Form, fields: Iterable[FieldRecord]) -> FormRecord:
    partial = form.metadata_.get("partialCapture")
    return FormRecord(
        form_id=form.form_id,
        form_name=form.form_name,
        page_url=form.page_url,
        form_selector=form.form_selector,
        alternative_selectors=tuple(form.alternative_selectors),
        partial_capture=partial if isinstance(partial, bool) else None,
        fields=tuple(fields),
        # What cannot be read protects.
        draft=form.metadata_.get("draft", False) is not False,
    )


def _field_record(field: Field, mapping: FieldMapping | None) -> FieldRecord:
    return FieldRecord(
        field_id=field.field_id,
        field_selector=field.field_selector,
        field_name=field.field_name,
        field_type=field.field_type,
        label=field.label,
        is_required=field.is_required,
        mapping=None if mapping is None else _mapping_record(mapping),
    )


def _mapping_record(mapping: FieldMapping) -> MappingRecord:
    return MappingRecord(
        target_entity=mapping.target_entity,
        target_field=mapping.target_field,
        transform=mapping.transform,
        is_required=mapping.is_required,
    )


def _client_mapping_record(mapping: ClientMapping) -> ClientMappingRecord:
    return ClientMappingRecord(
        source=mapping.source,
        target_entity=mapping.target_entity,
        target_field=mapping.target_field,
        transform=mapping.transform,
        is_required=mapping.is_required,
    )


def _epoch(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
