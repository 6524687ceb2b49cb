"""Writes the canonical text of a configuration: the same rows give the same bytes.

Written here and not by PyYAML: with 100,000 fields that takes 15 seconds, this half of one, and `config diff` compares
texts before it reads any (`diff.py`). What is written is a small part of YAML: block lists and mappings down to the
form, below that one line of flow style an object; texts are plain where no reader could take them for something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from tracker.manifest.shape import (
    ClientMappingShape,
    ClientShape,
    CrmShape,
    FieldShape,
    FormShape,
    MappingShape,
    WebhookShape,
)

HEADER = (
    "# Written by `trackerctl config export`. Schema for editors: `trackerctl config schema`.\nversion: 1\nclients:"
)
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./@ -]*[A-Za-z0-9_/])?")
# Words that YAML 1.1 takes for something else.
_TAKEN = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
# What JSON leaves as it is and YAML does not allow, or folds.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


@lru_cache(maxsize=16384)
def scalar(text: str) -> str:
    """A text as YAML, plain or in double quotes."""
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN and " -" not in text:
        return text
    return flow(text)


def flow(value: Any) -> str:
    """Any JSON value in one line; objects sorted by key, so that equal ones are the same text."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def client_text(client: ClientShape) -> str:
    """One item of ``clients``, without a line break at its end."""
    return "\n".join(_client(client))


def _client(client: ClientShape) -> Iterator[str]:
    yield f"- domain: {scalar(client.domain)}"
    if client.id:
        yield f"  id: {flow(client.id)}"
    if client.name and client.name != client.domain:
        yield f"  name: {scalar(client.name)}"
    if not client.active:
        yield "  active: false"
    if client.origins:
        yield f"  origins: {flow(client.origins)}"
    if client.retention_days is not None:
        yield f"  retentionDays: {client.retention_days}"
    for name, value in (("config", client.config), ("settings", client.settings)):
        if value:
            yield f"  {name}: {flow(value)}"
    yield from _items("  ", "forms", client.forms, _form)
    yield from _items("  ", "mappings", client.mappings, _client_mapping)
    yield from _items("  ", "webhooks", client.webhooks, _webhook)
    yield from _items("  ", "crm", client.crm, _crm)


def _items(indent: str, name: str, items: Iterable[Any] | None, write: Any) -> Iterator[str]:
    if items is None:
        return
    lines = [line for item in items for line in write(item)]
    yield f"{indent}{name}:" if lines else f"{indent}{name}: []"
    yield from lines


def _form(form: FormShape) -> Iterator[str]:
    yield f"  - name: {scalar(form.name)}"
    if form.id:
        yield f"    id: {flow(form.id)}"
    yield f"    page: {scalar(form.page)}"
    yield f"    selector: {scalar(form.selector)}"
    if form.alternatives:
        yield f"    alternatives: {flow(form.alternatives)}"
    if not form.active:
        yield "    active: false"
    if form.metadata:
        yield f"    metadata: {flow(form.metadata)}"
    yield from _items("    ", "fields", form.fields, _field)


def _field(field: FieldShape) -> Iterator[str]:
    text = f"    - {{name: {_inline(field.name)}, selector: {_inline(field.selector)}"
    if field.type != "text":
        text += f", type: {_inline(field.type)}"
    if field.label is not None:
        text += f", label: {_inline(field.label)}"
    if field.required:
        text += ", required: true"
    if field.validation:
        text += f", validation: {flow(field.validation)}"
    if field.mapping is not None:
        text += f", mapping: {_mapping(field.mapping)}"
    yield text + "}"


def _mapping(mapping: str | MappingShape) -> str:
    if isinstance(mapping, str):
        return _inline(mapping)
    if mapping.transform is None and not mapping.required:
        return _inline(mapping.to)
    transform = "" if mapping.transform is None else f", transform: {_inline(mapping.transform)}"
    return f"{{to: {_inline(mapping.to)}{transform}{', required: true' if mapping.required else ''}}}"


def _client_mapping(mapping: ClientMappingShape) -> Iterator[str]:
    yield f"  - source: {scalar(mapping.source)}"
    if mapping.id:
        yield f"    id: {flow(mapping.id)}"
    yield f"    to: {scalar(mapping.to)}"
    if mapping.transform:
        yield f"    transform: {scalar(mapping.transform)}"
    if mapping.required:
        yield "    required: true"


def _webhook(hook: WebhookShape) -> Iterator[str]:
    yield f"  - url: {scalar(hook.url)}"
    if hook.id:
        yield f"    id: {flow(hook.id)}"
    if hook.description:
        yield f"    description: {scalar(hook.description)}"
    if hook.events:
        yield f"    events: {flow(hook.events)}"
    if not hook.active:
        yield "    active: false"
    if hook.secret:
        yield f"    secret: {flow(hook.secret)}"


def _crm(account: CrmShape) -> Iterator[str]:
    yield f"  - adapter: {scalar(account.adapter)}"
    if account.id:
        yield f"    id: {flow(account.id)}"
    if not account.active:
        yield "    active: false"
    for name, value in (("settings", account.settings), ("credentials", account.credentials)):
        if value:
            yield f"    {name}: {flow(value)}"


# Inside braces a plain text may not hold what ends it; none of these characters is plain anyway.
_inline = scalar
