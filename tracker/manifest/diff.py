"""What applying a file would change, object by object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec

from tracker.config.models import new_id
from tracker.manifest.chunks import without_known
from tracker.manifest.emit import client_text
from tracker.manifest.export import Current, Place
from tracker.manifest.normal import normal_client, refuse_twice
from tracker.manifest.read import read
from tracker.manifest.secrets import Secrets
from tracker.manifest.shape import ClientMappingShape, ClientShape, CrmShape, FieldShape, FormShape, WebhookShape

Action = Literal["create", "update", "delete"]
Kind = Literal["client", "form", "field", "mapping", "webhook", "crm"]
Shape = ClientShape | FormShape | FieldShape | ClientMappingShape | WebhookShape | CrmShape
Item = TypeVar("Item", FormShape, FieldShape, ClientMappingShape, WebhookShape, CrmShape)
_NOTHING = ClientShape(domain="")
# Objects of their own; and secrets, which `Secrets` compares.
_PARTS = frozenset({"id", "forms", "fields", "mappings", "webhooks", "crm", "secret", "credentials"})


@dataclass(frozen=True)
class Change:
    """One object to create, update or delete.

    :param path: how people find it: ``example.com / Contact / email``.
    :param key: its id, also of what is yet to be made; ``parent`` is the id of what it belongs to.
    :param wanted: what the file says of it; ``None`` for deletions.
    :param before: attributes that differ as they are stored, ``after`` as the file wants them.
    :param secrets: whether a secret differs, which nobody is shown.
    """

    action: Action
    kind: Kind
    path: str
    key: str
    parent: str | None = None
    wanted: Any = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    secrets: bool = False


@dataclass(frozen=True)
class Plan:
    """Changes in the order in which they can be made.

    :param unlisted: objects that the file does not have, deleted only where that is asked for.
    """

    changes: tuple[Change, ...]
    unlisted: tuple[Change, ...]


def compare(text: str, current: Iterable[Current], secrets: Secrets, *, prune: bool = False) -> Plan:
    """Compare a file with what is stored.

    A client whose text is the one that an export would write is equal and not even read: nearly all of a large file.

    :raises InvalidError: when the file cannot be used.
    """
    stored = list(current)
    rest = without_known(text, {client_text(one.client): one.client.domain for one in stored})
    wanted = [normal_client(client) for client in read(rest.text).clients or ()]
    refuse_twice([*rest.found, *(client.domain for client in wanted)], "client")
    comparison = _Comparison(secrets)
    comparison.clients(wanted, [one for one in stored if one.client.domain not in rest.found])
    deletions = tuple(comparison.unlisted)
    return Plan((*comparison.changes, *deletions), ()) if prune else Plan(tuple(comparison.changes), deletions)


class _Comparison:
    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self.changes: list[Change] = []
        self.unlisted: list[Change] = []

    def clients(self, wanted: Sequence[ClientShape], stored: Sequence[Current]) -> None:
        by_id = {one.client.id: one for one in stored}
        by_domain = {one.client.domain: one for one in stored}
        met = set()
        for client in wanted:
            found = by_id.get(client.id) or by_domain.get(client.domain)
            if found:
                met.add(found.client.domain)
            self._client(client, found)
        for one in stored:
            if one.client.domain not in met:
                key = str(one.client.id)
                self.unlisted.append(Change("delete", "client", one.client.domain, key, before=_attributes(one.client)))

    def _client(self, wanted: ClientShape, found: Current | None) -> None:
        stored = found.client if found else _NOTHING
        sealed = found.sealed if found else {}
        key = self._object("client", wanted.domain, wanted, found and stored)
        for form, old_form in self._pairs(wanted.forms, stored.forms, _same_form, "form", wanted.domain):
            self._form(form, old_form, wanted.domain, key, found.places if found else {})
        for mapping, old in self._pairs(wanted.mappings, stored.mappings, _same_way, "mapping", wanted.domain):
            self._object("mapping", f"{wanted.domain} / {_title(mapping)}", mapping, old, key)
        for hook, old_hook in self._pairs(wanted.webhooks, stored.webhooks, _same_url, "webhook", wanted.domain):
            references = {"secret": hook.secret} if hook.secret else {}
            differs = bool(old_hook and references) and self._differs(references, sealed, old_hook, single=True)
            self._object("webhook", f"{wanted.domain} / {hook.url}", hook, old_hook, key, secrets=differs)
        for account, old_account in self._pairs(wanted.crm, stored.crm, _same_adapter, "crm", wanted.domain):
            differs = bool(old_account) and self._differs(account.credentials, sealed, old_account)
            self._object("crm", f"{wanted.domain} / {account.adapter}", account, old_account, key, secrets=differs)

    def _form(
        self, form: FormShape, stored: FormShape | None, above: str, owner: str, places: Mapping[tuple[str, str], Place]
    ) -> None:
        path = f"{above} / {form.name}"
        key = self._object("form", path, form, stored, owner)

        def place_of(field: FieldShape) -> str:
            return places[key, field.name].field_id

        last = -1
        for wanted, one in self._pairs(
            form.fields, stored.fields if stored else None, _same_name, "field", path, place_of
        ):
            place = places[key, wanted.name] if one else None
            # Numbers have gaps; only what would come too early gets another one.
            last = place.order if place and place.order > last else last + 1
            order = {} if place is None or place.order == last else {"order": (place.order, last)}
            self._object("field", f"{path} / {wanted.name}", wanted, one, key, place and place.field_id, more=order)

    def _object(
        self,
        kind: Kind,
        path: str,
        wanted: Any,
        stored: Any,
        parent: str | None = None,
        key: str | None = None,
        *,
        more: Mapping[str, tuple[Any, Any]] | None = None,
        secrets: bool = False,
    ) -> str:
        """Notes what is to become of one object, if anything; its id."""
        if stored is None:
            made = getattr(wanted, "id", None) or new_id()
            self.changes.append(Change("create", kind, path, made, parent, wanted, {}, _attributes(wanted)))
            return made
        key = key or str(stored.id)
        before, after = _attributes(stored), _attributes(wanted)
        changed = {name: (before.get(name), after[name]) for name in after if before.get(name) != after[name]}
        changed |= {name: (before[name], None) for name in before if name not in after}
        changed |= more or {}
        if changed or secrets:
            old, new = ({name: pair[side] for name, pair in changed.items()} for side in (0, 1))
            self.changes.append(Change("update", kind, path, key, parent, wanted, old, new, secrets))
        return key

    def _pairs(
        self,
        wanted: Sequence[Item] | None,
        stored: Sequence[Item] | None,
        same: Callable[[Item], Any],
        kind: Kind,
        path: str,
        key: Callable[[Any], str] = lambda one: str(one.id),
    ) -> Iterator[tuple[Item, Item | None]]:
        """Each object of the file with the stored one that it means; what is left over is unlisted."""
        if wanted is None:
            return
        left = {key(one): one for one in stored or ()}
        for item in wanted:
            match = getattr(item, "id", None)
            if match not in left:
                match = next((name for name, one in left.items() if same(one) == same(item)), None)
            yield item, left.pop(match) if match else None
        for name, one in left.items():
            self.unlisted.append(Change("delete", kind, f"{path} / {_title(one)}", name, before=_attributes(one)))

    def _differs(
        self, references: Mapping[str, str], sealed: Mapping[str, str], stored: Any, *, single: bool = False
    ) -> bool:
        return self._secrets.differ(references, sealed[stored.id], single=single)


def _attributes(shape: Shape) -> dict[str, Any]:
    """What a comparison looks at, camelCase; defaults are left out as in the file."""
    plain = msgspec.to_builtins(shape)
    return {name: value for name, value in plain.items() if name not in _PARTS}


def _same_form(form: FormShape) -> Any:
    return form.page, form.selector


def _same_name(one: FieldShape) -> Any:
    return one.name


def _same_way(mapping: ClientMappingShape) -> Any:
    return mapping.source, mapping.to


def _same_url(hook: WebhookShape) -> Any:
    return hook.url


def _same_adapter(account: CrmShape) -> Any:
    return account.adapter


def _title(shape: Any) -> str:
    if isinstance(shape, ClientMappingShape):
        return f"{shape.source} to {shape.to}"
    return str(getattr(shape, "name", None) or getattr(shape, "url", None) or shape.adapter)
