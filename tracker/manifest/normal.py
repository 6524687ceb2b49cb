"""Brings what a file says into the form in which it is stored, so that only real differences count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import msgspec

from tracker.config import mapping_values, values
from tracker.errors import InvalidError
from tracker.manifest.shape import (
    ClientMappingShape,
    ClientShape,
    CrmShape,
    FieldShape,
    FormShape,
    MappingShape,
    WebhookShape,
)

Item = TypeVar("Item")


def normal_client(client: ClientShape) -> ClientShape:
    """The client as the services would store it.

    :raises InvalidError: naming the object and the value that cannot be used.
    """
    return _at(client.domain, lambda: _client(client))


def _client(client: ClientShape) -> ClientShape:
    domain = values.domain(client.domain)
    return msgspec.structs.replace(
        client,
        domain=domain,
        name=values.optional_text(client.name, "a name") or domain,
        origins=tuple(values.origins(client.origins)),
        retention_days=values.retention_days(client.retention_days),
        config=values.widget_config({}, client.config),
        settings=values.client_settings({}, client.settings),
        forms=_each(client.forms, _form, lambda form: form.name),
        mappings=_client_mappings(client.mappings),
        webhooks=_each(client.webhooks, _webhook, lambda hook: hook.url),
        crm=_each(client.crm, _account, lambda account: account.adapter),
    )


def _form(form: FormShape) -> FormShape:
    fields = _each(form.fields, _field, lambda field: field.name)
    if fields is not None:
        refuse_twice((field.name for field in fields), "field")
    return msgspec.structs.replace(
        form,
        name=values.text(form.name, "a form name"),
        page=values.page_url(form.page),
        selector=values.selector(form.selector),
        alternatives=tuple(values.alternatives(form.alternatives)),
        metadata=values.form_metadata({}, form.metadata, None),
        fields=fields,
    )


def _field(field: FieldShape) -> FieldShape:
    return msgspec.structs.replace(
        field,
        name=values.text(field.name, "a field name"),
        selector=values.selector(field.selector),
        type=values.field_type(field.type),
        label=values.optional_text(field.label, "a label"),
        validation=values.document({}, field.validation, "validation"),
        mapping=_mapping(field.mapping),
    )


def _client_mappings(given: tuple[ClientMappingShape, ...] | None) -> tuple[ClientMappingShape, ...] | None:
    mappings: tuple[ClientMappingShape, ...] | None = _each(given, _client_mapping, lambda mapping: mapping.to)
    if mappings is not None:
        refuse_twice((f"{mapping.source} to {mapping.to}" for mapping in mappings), "mapping of")
    return mappings


def _client_mapping(mapping: ClientMappingShape) -> ClientMappingShape:
    return msgspec.structs.replace(
        mapping,
        source=mapping_values.mapping_source(mapping.source),
        to=_checked_target(mapping.to),
        transform=mapping_values.transform(mapping.transform),
    )


def _webhook(hook: WebhookShape) -> WebhookShape:
    return msgspec.structs.replace(
        hook,
        url=values.webhook_url(hook.url),
        description=values.optional_text(hook.description, "a description"),
        events=tuple(values.event_types(hook.events)),
    )


def _account(account: CrmShape) -> CrmShape:
    return msgspec.structs.replace(
        account, adapter=values.adapter(account.adapter), settings=values.document({}, account.settings, "settings")
    )


def _mapping(mapping: str | MappingShape | None) -> str | MappingShape | None:
    if mapping is None:
        return None
    given = MappingShape(to=mapping) if isinstance(mapping, str) else mapping
    _checked_target(given.to)
    given = msgspec.structs.replace(given, transform=mapping_values.transform(given.transform))
    return given if given.transform or given.required else given.to


def _checked_target(to: str) -> str:
    entity, dot, target = to.partition(".")
    if not (entity and dot and target):
        raise InvalidError(f"a mapping leads to an attribute of an object of the CRM, like Lead.Email, not to {to}")
    return to


def _each(items: Iterable[Item] | None, make: Callable[[Item], Item], name: Callable[[Item], str]) -> Any:
    return None if items is None else tuple(_at(name(item), partial(make, item)) for item in items)


def _at(name: str, make: Callable[[], Item]) -> Item:
    try:
        return make()
    except InvalidError as error:
        raise InvalidError(f"{name}: {error.detail}") from None


def refuse_twice(names: Iterable[str], what: str) -> None:
    """:raises InvalidError: when a name comes twice."""
    seen = set()
    for name in names:
        if name in seen:
            raise InvalidError(f"the {what} {name} is in the file twice")
        seen.add(name)
