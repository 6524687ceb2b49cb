"""The configuration as it is, in the shape of a file. Six statements, however many clients there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, text

from tracker.config.vault import Vault
from tracker.manifest.emit import HEADER, client_text
from tracker.manifest.shape import (
    ClientMappingShape,
    ClientShape,
    CrmShape,
    FieldShape,
    FormShape,
    MappingShape,
    WebhookShape,
)

# One row a form instead of one a field: the driver reads ten times fewer rows.
_FIELDS = """
SELECT f.form_id, {collect}(JSON_ARRAY(f.display_order, f.field_name, f.field_id, f.field_selector, f.field_type,
    f.label, f.is_required, f.validation_rules, m.target_entity, m.target_field, m.transform, m.is_required))
FROM fields f LEFT JOIN field_mappings m ON m.field_id = f.field_id {join} GROUP BY f.form_id"""
_CLIENTS = (
    """SELECT client_id, domain, name, is_active, allowed_origins, retention_days, config, settings FROM clients c"""
)
_FORMS = """
SELECT form_id, client_id, form_name, page_url, form_selector, alternative_selectors, is_active, metadata
FROM forms t"""
_MAPPINGS = """
SELECT client_id, mapping_id, source, target_entity, target_field, transform, is_required FROM client_mappings t"""
_WEBHOOKS = (
    """SELECT client_id, endpoint_id, url, description, event_types, is_active, secret FROM webhook_endpoints t"""
)
_CRM = """
SELECT client_id, connection_id, adapter, settings, is_active, credentials FROM crm_connections t"""


class Place(NamedTuple):
    """Where a field is: its id, and its number among the fields of its form."""

    field_id: str
    order: int


class Current(NamedTuple):
    """A client as it is stored, with what the file does not show."""

    client: ClientShape
    places: dict[tuple[str, str], Place]
    """By form id and field name."""
    sealed: dict[str, str]
    """The sealed secrets of webhooks and CRM accounts, by id."""

    def __repr__(self) -> str:
        return f"Current({self.client.domain!r})"


def current_clients(connection: Connection, vault: Vault, client_id: str | None = None) -> Iterator[Current]:
    """All clients, or one, in the order of the file: by domain.

    :param vault: opens the credentials of CRM accounts, of which the file has the names.
    :raises SettingsError: when it cannot.
    """
    fields = _fields(connection, client_id)
    forms: dict[str, list[FormShape]] = defaultdict(list)
    places: dict[str, dict[tuple[str, str], Place]] = defaultdict(dict)
    for form_id, owner, name, page, selector, alternatives, active, metadata in _rows(connection, _FORMS, client_id):
        shapes = []
        for place, shape in fields.get(form_id, ()):
            shapes.append(shape)
            places[owner][form_id, shape.name] = place
        forms[owner].append(
            FormShape(
                id=form_id,
                name=name,
                page=page,
                selector=selector,
                alternatives=tuple(_json(alternatives, [])),
                active=bool(active),
                metadata=_json(metadata, {}),
                fields=tuple(shapes),
            )
        )
    sealed: dict[str, dict[str, str]] = defaultdict(dict)
    mappings = _mappings(connection, client_id)
    hooks = _webhooks(connection, client_id, sealed)
    accounts = _accounts(connection, vault, client_id, sealed)
    for row in sorted(_rows(connection, _CLIENTS, client_id), key=lambda row: row[1]):
        owner, domain, name, active, origins, days, config, settings = row
        yield Current(
            ClientShape(
                id=owner,
                domain=domain,
                name=name,
                active=bool(active),
                origins=tuple(_json(origins, [])),
                retention_days=days,
                config=_json(config, {}),
                settings=_json(settings, {}),
                forms=tuple(sorted(forms.get(owner, ()), key=lambda form: (form.page, form.name, form.id))),
                mappings=tuple(mappings.get(owner, ())),
                webhooks=tuple(hooks.get(owner, ())),
                crm=tuple(accounts.get(owner, ())),
            ),
            places.get(owner, {}),
            sealed.get(owner, {}),
        )


def export(connection: Connection, vault: Vault, client_id: str | None = None) -> str:
    """The canonical text of all clients, or of one.

    :raises SettingsError: as `current_clients`.
    """
    clients = [client_text(current.client) for current in current_clients(connection, vault, client_id)]
    return "\n".join([HEADER if clients else f"{HEADER} []", *clients]) + "\n"


def secret_variable(kind: str, object_id: str, name: str = "") -> str:
    """The reference that an export names for a secret, which itself is never exported."""
    return "${" + "_".join(["TRACKER", kind, object_id[:8], *filter(None, [name])]).upper() + "}"


def _rows(connection: Connection, query: str, client_id: str | None) -> list[Any]:
    if client_id is None:
        return list(connection.execute(text(query)))
    return list(connection.execute(text(f"{query} WHERE client_id = :client"), {"client": client_id}))


def _fields(connection: Connection, client_id: str | None) -> dict[str, list[tuple[Place, FieldShape]]]:
    sqlite = connection.dialect.name == "sqlite"
    if not sqlite:
        connection.execute(text("SET SESSION group_concat_max_len = 1073741824"))
    join = "" if client_id is None else "JOIN forms o ON o.form_id = f.form_id AND o.client_id = :client"
    query = _FIELDS.format(collect="json_group_array" if sqlite else "JSON_ARRAYAGG", join=join)
    parameters = {} if client_id is None else {"client": client_id}
    decode = msgspec.json.Decoder(list[list[Any]]).decode
    return {
        form_id: [_field(values) for values in sorted(decode(collected), key=lambda values: values[:3])]
        for form_id, collected in connection.execute(text(query), parameters)
    }


def _field(values: list[Any]) -> tuple[Place, FieldShape]:
    order, name, field_id, selector, kind, label, required, validation, entity, target, transform, needed = values
    mapping: str | MappingShape | None = None
    if entity is not None:
        to = f"{entity}.{target}"
        mapping = MappingShape(to=to, transform=transform, required=bool(needed)) if transform or needed else to
    rules = _json(validation, {})
    return Place(field_id, order), FieldShape(
        name=name, selector=selector, type=kind, label=label, required=bool(required), validation=rules, mapping=mapping
    )


def _mappings(connection: Connection, client_id: str | None) -> dict[str, list[ClientMappingShape]]:
    found: dict[str, list[ClientMappingShape]] = defaultdict(list)
    for owner, key, source, entity, field, transform, required in _rows(connection, _MAPPINGS, client_id):
        to = f"{entity}.{field}"
        found[owner].append(
            ClientMappingShape(id=key, source=source, to=to, transform=transform, required=bool(required))
        )
    return {owner: sorted(mappings, key=lambda one: (one.to, one.source, one.id)) for owner, mappings in found.items()}


def _webhooks(
    connection: Connection, client_id: str | None, sealed: dict[str, dict[str, str]]
) -> dict[str, list[WebhookShape]]:
    found: dict[str, list[WebhookShape]] = defaultdict(list)
    for owner, key, url, description, events, active, secret in _rows(connection, _WEBHOOKS, client_id):
        sealed[owner][key] = secret
        found[owner].append(
            WebhookShape(
                id=key,
                url=url,
                description=description,
                events=tuple(_json(events, [])),
                active=bool(active),
                secret=secret_variable("webhook_secret", key),
            )
        )
    return {owner: sorted(hooks, key=lambda hook: (hook.url, hook.id)) for owner, hooks in found.items()}


def _accounts(
    connection: Connection, vault: Vault, client_id: str | None, sealed: dict[str, dict[str, str]]
) -> dict[str, list[CrmShape]]:
    found: dict[str, list[CrmShape]] = defaultdict(list)
    for owner, key, adapter, settings, active, credentials in _rows(connection, _CRM, client_id):
        sealed[owner][key] = credentials
        names = sorted(msgspec.json.decode(vault.open(credentials)))
        found[owner].append(
            CrmShape(
                id=key,
                adapter=adapter,
                settings=_json(settings, {}),
                active=bool(active),
                credentials={name: secret_variable("crm", key, name) for name in names},
            )
        )
    return {owner: sorted(accounts, key=lambda one: (one.adapter, one.id)) for owner, accounts in found.items()}


def _json(value: Any, empty: Any) -> Any:
    # MariaDB's JSON columns are texts, and so are those inside an array that it made.
    if isinstance(value, str):
        value = msgspec.json.decode(value)
    return empty if value is None else value
