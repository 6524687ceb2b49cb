"""What a configuration file may say (issue of record: configuration as code; `docs/config-as-code.md`).

Attributes that are absent have their defaults. Lists that are absent (``forms``, ``fields``, ``mappings``,
``webhooks``, ``crm``) are not managed by the file; a list that is there says which objects there are to be.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Id = Annotated[
    str,
    msgspec.Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="Kept when it is made anew."),
]
Reference = Annotated[
    str, msgspec.Meta(pattern=r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$", description="A variable of the environment: ${NAME}.")
]


class _Shape(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True, gc=False
):
    pass


class MappingShape(_Shape, frozen=True):
    """Where a field's value goes in the CRM: ``to`` is entity and attribute, ``Lead.Email``."""

    to: Annotated[str, msgspec.Meta(pattern=r"^[^.]+\.[^.].*$")]
    transform: str | None = None
    required: bool = False


class FieldShape(_Shape, frozen=True):
    """An input of a form; known by its name within the form. Fields are shown in the order of the list."""

    name: str
    selector: str
    type: str = "text"
    label: str | None = None
    required: bool = False
    validation: dict[str, Any] = {}
    mapping: str | MappingShape | None = None


class FormShape(_Shape, frozen=True):
    """A form; known by its id, without one by its page and selector."""

    name: str
    page: str
    selector: str
    id: Id | None = None
    alternatives: tuple[str, ...] = ()
    active: bool = True
    metadata: dict[str, Any] = {}
    fields: tuple[FieldShape, ...] | None = None


class ClientMappingShape(_Shape, frozen=True):
    """What all leads of a client take to the CRM; known by source and target.

    ``source`` is an attribute of a lead, ``fields.NAME`` or ``=TEXT``.
    """

    source: str
    to: Annotated[str, msgspec.Meta(pattern=r"^[^.]+\.[^.].*$")]
    id: Id | None = None
    transform: str | None = None
    required: bool = False


class WebhookShape(_Shape, frozen=True):
    """A URL that is told about leads; known by its id, without one by its URL. Without ``secret`` one is made."""

    url: str
    id: Id | None = None
    description: str | None = None
    events: tuple[str, ...] = ()
    active: bool = True
    secret: Reference | None = None


class CrmShape(_Shape, frozen=True):
    """A CRM account; known by its id, without one by its adapter. Every credential is a reference."""

    adapter: str
    id: Id | None = None
    active: bool = True
    settings: dict[str, Any] = {}
    credentials: dict[str, Reference] = {}


class ClientShape(_Shape, frozen=True):
    """A site; known by its id, without one by its domain."""

    domain: str
    id: Id | None = None
    name: str | None = None
    active: bool = True
    origins: tuple[str, ...] = ()
    retention_days: int | None = None
    config: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    forms: tuple[FormShape, ...] | None = None
    mappings: tuple[ClientMappingShape, ...] | None = None
    webhooks: tuple[WebhookShape, ...] | None = None
    crm: tuple[CrmShape, ...] | None = None


class Manifest(_Shape, frozen=True):
    """A whole file."""

    version: Literal[1]
    clients: tuple[ClientShape, ...] | None = ()


def schema() -> dict[str, Any]:
    """The JSON Schema of a file (draft 2020-12), for editors."""
    found = msgspec.json.schema(Manifest)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "trackerctl configuration", **found}
