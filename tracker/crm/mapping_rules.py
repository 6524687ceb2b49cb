"""The mappings of a client, read and ready to be applied. Pure.

One that cannot be read (written by hand, by a later version, or for a package that is gone) says why and leaves the
others alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tracker.config.records import ClientRecord
from tracker.crm.base import DefaultMapping
from tracker.crm.transforms import Pipeline
from tracker.errors import InvalidError
from tracker.expressions.sources import Source, parse_source
from tracker.field_names import field_key
from tracker.leads.roles import attributes_of

Origin = Literal["field", "client", "default"]
_AS_IT_IS = Pipeline(())


@dataclass(frozen=True)
class Rule:
    """One mapping, ready to be applied.

    :ivar label: where it takes its value from, in words.
    :ivar sources: the first with a value counts.
    :ivar flaw: why it cannot be applied at all.
    :ivar form_id: of the form whose field it is.
    """

    entity: str
    field: str
    origin: Origin
    label: str
    sources: tuple[Source, ...]
    pipeline: Pipeline = _AS_IT_IS
    flaw: str | None = None
    required: bool = False
    form_id: str | None = None

    @property
    def target(self) -> str:
        """Entity and attribute: ``Lead.Email``."""
        return f"{self.entity}.{self.field}"

    @property
    def is_constant(self) -> bool:
        """Whether it says nothing of a lead."""
        return all(source.kind == "constant" for source in self.sources)


def field_rules(client: ClientRecord) -> Iterator[Rule]:
    """Those of the fields of active forms, in the order of forms and fields."""
    for form in client.forms:
        attributes = attributes_of(form)
        for field in form.fields:
            mapping = field.mapping
            if mapping is None:
                continue
            key = field_key(field.field_name)
            sources = [Source("field", key)]
            if attribute := attributes.get(key):
                # What has a role stands among the lead's attributes and not among the answers.
                sources.append(Source("attribute", attribute))
            yield _rule(
                (mapping.target_entity, mapping.target_field),
                "field",
                f"field {field.field_name} of {form.form_name}",
                sources,
                mapping.transform,
                mapping.is_required,
                form.form_id,
            )


def client_rules(client: ClientRecord) -> Iterator[Rule]:
    """Those of the whole client, in the order they were made."""
    for mapping in client.mappings:
        yield _rule(
            (mapping.target_entity, mapping.target_field),
            "client",
            mapping.source,
            mapping.source,
            mapping.transform,
            mapping.is_required,
        )


def default_rule(entity: str, default: DefaultMapping) -> Rule:
    """One that the adapter brings."""
    target = entity, default.target_field
    return _rule(target, "default", default.source, default.source, default.transform)


def _rule(
    target: tuple[str, str],
    origin: Origin,
    label: str,
    sources: Sequence[Source] | str,
    transform: str | None,
    required: bool = False,
    form_id: str | None = None,
) -> Rule:
    entity, field = target
    try:
        given = (parse_source(sources),) if isinstance(sources, str) else tuple(sources)
        pipeline = Pipeline.parse(transform)
    except InvalidError as error:
        # Written by hand, by a later version, or a package is gone: the other targets go on.
        return Rule(entity, field, origin, label, (), flaw=error.detail, required=required, form_id=form_id)
    return Rule(entity, field, origin, label, given, pipeline, None, required, form_id)
