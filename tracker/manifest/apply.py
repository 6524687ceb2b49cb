"""Makes the changes of a plan through the services, so that each is checked, audited and announced like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tracker.config.service import ConfigService
from tracker.manifest.diff import Change
from tracker.manifest.secrets import Secrets
from tracker.manifest.shape import (
    ClientMappingShape,
    ClientShape,
    CrmShape,
    FieldShape,
    FormShape,
    MappingShape,
    WebhookShape,
)


def apply(
    service: ConfigService,
    changes: Sequence[Change],
    secrets: Secrets,
    progress: Callable[[Change], None] = lambda _: None,
) -> None:
    """All changes or none: they are one transaction.

    :param progress: called after each.
    :raises InvalidError: naming all variables that are not set, before anything is written.
    """
    _require(changes, secrets)
    with service.one_transaction():
        for change in changes:
            _STEPS[change.kind](service, change, secrets)
            progress(change)


def needed(change: Change) -> dict[str, str]:
    """The secrets without which this change cannot be made, as references by name."""
    if change.kind == "crm" and (change.action == "create" or change.secrets):
        return dict(change.wanted.credentials)
    if change.kind == "webhook" and change.wanted and change.wanted.secret:
        return {"secret": change.wanted.secret} if change.action == "create" or change.secrets else {}
    return {}


def _require(changes: Sequence[Change], secrets: Secrets) -> None:
    secrets.values(
        {
            f"{number}.{name}": reference
            for number, change in enumerate(changes)
            for name, reference in needed(change).items()
        }
    )


def _client(service: ConfigService, change: Change, _: Secrets) -> None:
    if change.action == "delete":
        service.delete_client(change.key)
        return
    wanted: ClientShape = change.wanted
    days = wanted.retention_days or 0
    if change.action == "create":
        service.create_client(
            wanted.domain, wanted.name, wanted.origins, days, wanted.config, wanted.settings, client_id=change.key
        )
        if not wanted.active:
            service.set_client_active(change.key, False)
        return
    service.update_client(
        change.key,
        name=wanted.name,
        domain=wanted.domain,
        origins=wanted.origins,
        retention_days=days,
        config=_patch(change, "config"),
        settings=_patch(change, "settings"),
    )
    if _touches(change, "active"):
        service.set_client_active(change.key, wanted.active)


def _form(service: ConfigService, change: Change, _: Secrets) -> None:
    if change.action == "delete":
        service.delete_form(change.key)
        return
    wanted: FormShape = change.wanted
    if change.action == "create":
        service.create_form(
            change.parent or "",
            wanted.name,
            wanted.page,
            wanted.selector,
            wanted.alternatives,
            metadata=wanted.metadata,
            form_id=change.key,
        )
        if not wanted.active:
            service.update_form(change.key, is_active=False)
        return
    service.update_form(
        change.key,
        name=wanted.name,
        page_url=wanted.page,
        selector=wanted.selector,
        alternatives=wanted.alternatives,
        metadata=_patch(change, "metadata"),
        is_active=wanted.active,
    )


def _field(service: ConfigService, change: Change, _: Secrets) -> None:
    if change.action == "delete":
        service.delete_field(change.key)
        return
    wanted: FieldShape = change.wanted
    if change.action == "create":
        service.create_field(
            change.parent or "",
            wanted.selector,
            wanted.name,
            wanted.type,
            wanted.label,
            wanted.required,
            change.after.get("order"),
            wanted.validation,
            field_id=change.key,
        )
    else:
        service.update_field(
            change.key,
            selector=wanted.selector,
            type=wanted.type,
            label=wanted.label or "",
            required=wanted.required,
            order=change.after.get("order"),
            validation=_patch(change, "validation"),
        )
    if change.action == "create" or _touches(change, "mapping"):
        _map(service, change.key, wanted.mapping, change.before.get("mapping"))


def _map(service: ConfigService, field_id: str, wanted: str | MappingShape | None, before: Any) -> None:
    if wanted is None:
        if before is not None:
            service.delete_mapping(field_id)
        return
    mapping = MappingShape(to=wanted) if isinstance(wanted, str) else wanted
    entity, _, target = mapping.to.partition(".")
    service.set_mapping(field_id, entity, target, mapping.transform, mapping.required)


def _client_mapping(service: ConfigService, change: Change, _: Secrets) -> None:
    if change.action == "delete":
        service.delete_client_mapping(change.key)
        return
    wanted: ClientMappingShape = change.wanted
    entity, _dot, target = wanted.to.partition(".")
    if change.action == "create":
        service.create_client_mapping(
            change.parent or "", wanted.source, entity, target, wanted.transform, wanted.required, change.key
        )
        return
    service.update_client_mapping(
        change.key,
        source=wanted.source,
        entity=entity,
        field=target,
        transform=wanted.transform or "",
        required=wanted.required,
    )


def _webhook(service: ConfigService, change: Change, secrets: Secrets) -> None:
    if change.action == "delete":
        service.delete_webhook(change.key)
        return
    wanted: WebhookShape = change.wanted
    secret = secrets.values(needed(change)).get("secret")
    if change.action == "create":
        service.create_webhook(
            change.parent or "", wanted.url, wanted.events, wanted.description, endpoint_id=change.key, secret=secret
        )
        if not wanted.active:
            service.update_webhook(change.key, is_active=False)
        return
    service.update_webhook(
        change.key,
        url=wanted.url,
        event_types=wanted.events,
        description=wanted.description or "",
        is_active=wanted.active,
    )
    if secret:
        service.rotate_webhook_secret(change.key, secret=secret)


def _crm(service: ConfigService, change: Change, secrets: Secrets) -> None:
    if change.action == "delete":
        service.delete_crm(change.key)
        return
    wanted: CrmShape = change.wanted
    credentials = secrets.values(needed(change)) or None
    if change.action == "create":
        service.create_crm(
            change.parent or "", wanted.adapter, credentials or {}, wanted.settings, connection_id=change.key
        )
        if not wanted.active:
            service.update_crm(change.key, is_active=False)
        return
    service.update_crm(
        change.key, credentials=credentials, settings=_patch(change, "settings"), is_active=wanted.active
    )


_STEPS: Mapping[str, Callable[[ConfigService, Change, Secrets], None]] = {
    "client": _client,
    "form": _form,
    "field": _field,
    "mapping": _client_mapping,
    "webhook": _webhook,
    "crm": _crm,
}


def _touches(change: Change, name: str) -> bool:
    return name in change.before or name in change.after


def _patch(change: Change, name: str) -> dict[str, Any] | None:
    """What turns the stored object into the wanted one where the services merge (RFC 7396); ``None`` for no change."""
    if not _touches(change, name):
        return None
    return _merge_patch(change.before.get(name) or {}, change.after.get(name) or {})


def _merge_patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    patch: dict[str, Any] = dict.fromkeys(set(before) - set(after))
    for name, value in after.items():
        old = before.get(name)
        if isinstance(value, Mapping) and isinstance(old, Mapping):
            patch[name] = _merge_patch(old, value)
        elif value != old:
            patch[name] = value
    return patch
