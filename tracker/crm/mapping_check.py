"""Looks for what a CRM would refuse, before it does: mappings against its fields, and real leads through both. Pure.

Findings hold no value of a lead.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from tracker.config.records import ClientMappingRecord, ClientRecord, MappingRecord
from tracker.crm.base import Entity, EntityField
from tracker.crm.fit import check_values
from tracker.crm.mapping import Plan
from tracker.crm.mapping_rules import Rule
from tracker.crm.values import Context, is_empty
from tracker.errors import NotFoundError

Level = Literal["error", "warning"]
Described: TypeAlias = Mapping[str, Entity | None]
"""What a CRM says of each entity by its name; ``None`` = there is none of that name."""


class Finding(msgspec.Struct, frozen=True, rename="camel"):
    """One thing that will not work (``error``), or not as one may think.

    :ivar leads: how many of those that were tried it concerns; 0 = whatever the lead.
    :ivar lead_id: of the first of them.
    """

    level: Level
    code: str
    message: str
    entity: str
    field: str = ""
    leads: int = 0
    lead_id: str | None = None


class Report(msgspec.Struct, frozen=True, rename="camel"):
    """Result of a check.

    :ivar leads: how many were tried; :ivar sendable: how many of them the CRM would take in full.
    """

    findings: tuple[Finding, ...]
    leads: int = 0
    sendable: int = 0

    @property
    def failed(self) -> bool:
        """Whether anything would be refused."""
        return any(finding.level == "error" for finding in self.findings)

    def about(self, target: str) -> tuple[Finding, ...]:
        """The errors of one target, ``Lead.Email``."""
        return tuple(
            one
            for one in self.findings
            if one.level == "error" and f"{one.entity}.{one.field}".casefold() == target.casefold()
        )


def check(plan: Plan, described: Described, leads: Iterable[Mapping[str, Any]] = ()) -> Report:
    """Check the mappings of a client, and what becomes of some of its leads.

    :param described: all of ``plan.entities``; an entity that is missing is not checked.
    :param leads: documents as they are stored.
    """
    findings = list(_findings_of_plan(plan, described))
    known = frozenset(_place(one.entity, one.field) for one in findings if one.level == "error")
    trial = _Trial(plan, described, known)
    for lead in leads:
        trial.add(lead)
    # What holds for every lead is said once.
    seen = [one for one in trial.findings if _place(one.entity, one.field) not in known]
    return Report(tuple(sorted([*findings, *seen], key=lambda one: one.level)), trial.leads, trial.sendable)


def with_field_mapping(client: ClientRecord, field_id: str, mapping: MappingRecord) -> ClientRecord:
    """The client as it would be if a field had that mapping.

    :raises NotFoundError: when none of its active forms has the field.
    """
    replace = msgspec.structs.replace
    forms = tuple(
        replace(
            form,
            fields=tuple(replace(one, mapping=mapping) if one.field_id == field_id else one for one in form.fields),
        )
        for form in client.forms
    )
    if forms == client.forms and not any(one.field_id == field_id for form in forms for one in form.fields):
        raise NotFoundError("the field is on no active form, so that no lead can be tried; save it without --check")
    return replace(client, forms=forms)


def with_client_mapping(client: ClientRecord, mapping: ClientMappingRecord) -> ClientRecord:
    """The client as it would be with that mapping, in place of one with the same source and target."""

    def way(one: ClientMappingRecord) -> tuple[str, str, str]:
        return one.source, one.target_entity, one.target_field

    kept = [one for one in client.mappings if way(one) != way(mapping)]
    return msgspec.structs.replace(client, mappings=(*kept, mapping))


# ---------------------------------------------------------------------------------------------------- whatever the lead


def _findings_of_plan(plan: Plan, described: Described) -> Iterator[Finding]:
    for problem in plan.flaws:
        yield Finding("error", problem.code, problem.message, problem.entity, problem.field)
    for name in plan.entities:
        if name not in described:
            continue
        entity = described[name]
        if entity is None:
            yield Finding("error", "NO_SUCH_ENTITY", f"the CRM has no {name}; correct the mappings to it", name)
            continue
        targets = [rules for rules in plan.targets if rules[0].entity.casefold() == name.casefold()]
        yield from _unmapped(entity, name, targets)
        for rules in targets:
            yield from _of_target(entity, rules)


def _unmapped(entity: Entity, name: str, targets: Sequence[Sequence[Rule]]) -> Iterator[Finding]:
    mapped = {rules[0].field.casefold() for rules in targets}
    for one in entity.fields:
        if one.required and one.creatable and one.name.casefold() not in mapped:
            text = f"{name}.{one.name} ({one.label}) is required by the CRM and nothing is mapped to it"
            yield Finding("error", "REQUIRED_UNMAPPED", text, name, one.name)


def _of_target(entity: Entity, rules: Sequence[Rule]) -> Iterator[Finding]:
    rule, target = rules[0], _field_of(entity, rules[0].field)
    if target is None:
        near = difflib.get_close_matches(rule.field.lower(), [one.name.lower() for one in entity.fields], n=1)
        found = _field_of(entity, near[0]) if near else None
        hint = f"did you mean {found.name}?" if found else f"`trackerctl crm describe CLIENT {entity.name}` lists them"
        yield Finding(
            "error", "NO_SUCH_FIELD", f"{rule.target} is no field of the CRM; {hint}", rule.entity, rule.field
        )
        return
    if not (target.creatable or target.updatable):
        text = f"{rule.target} is read-only in the CRM; map {_labels(rules)} to another field"
        yield Finding("error", "READ_ONLY", text, rule.entity, rule.field)
        return
    if not (target.creatable and target.updatable):
        when = "of new records only" if target.creatable else "only once a record is there"
        yield Finding("warning", "PARTLY_READ_ONLY", f"{rule.target} can be written {when}", rule.entity, rule.field)
    for one in rules:
        yield from _of_rule(entity, target, one)


def _of_rule(entity: Entity, target: EntityField, rule: Rule) -> Iterator[Finding]:
    if rule.flaw:
        return
    if rule.is_constant:
        value = rule.pipeline(rule.sources[0].name if rule.sources else None, Context())
        if not is_empty(value):
            errors = check_values(entity, {target.name: value}, new=target.creatable)
            for error in (one for one in errors if one.fields == (target.name,)):
                yield Finding("error", error.code, f"{rule.target}: {error.message}", rule.entity, rule.field)
        return
    for step in rule.pipeline.steps:
        if step.name == "truncate" and target.length is not None and step.arguments[0] > target.length:
            text = f"{rule.target} takes {target.length} characters, less than {step.written} leaves of {rule.label}"
            yield Finding("warning", "TOO_SHORT", text, rule.entity, rule.field)


def _field_of(entity: Entity, name: str) -> EntityField | None:
    return next((one for one in entity.fields if one.name.casefold() == name.casefold()), None)


def _place(entity: str, name: str) -> tuple[str, str]:
    return entity.casefold(), name.casefold()


def _labels(rules: Sequence[Rule]) -> str:
    return " and ".join(rule.label for rule in rules)


# ----------------------------------------------------------------------------------------------------------- real leads


@dataclass
class _Trial:
    """Leads on their way through the mapping, and what the CRM would say of each."""

    plan: Plan
    described: Described
    refused: frozenset[tuple[str, str]]
    leads: int = 0
    sendable: int = 0
    _found: dict[tuple[str, str, str], Finding] = field(default_factory=dict)

    @property
    def findings(self) -> list[Finding]:
        return list(self._found.values())

    def add(self, lead: Mapping[str, Any]) -> None:
        self.leads += 1
        lead_id = str(lead.get("leadId", ""))
        records, good = self.plan.map(lead), True
        for record in records:
            for problem in record.problems:
                level: Level = "error" if problem.fatal or problem.code == "TRANSFORM_FAILED" else "warning"
                good = good and not problem.fatal
                self._note(Finding(level, problem.code, problem.message, record.entity, problem.field), lead_id)
            places = {_place(record.entity, name) for name in record.fields} | {_place(record.entity, "")}
            good = good and places.isdisjoint(self.refused)
            entity = self.described.get(record.entity)
            for error in check_values(entity, record.fields, new=True) if entity else ():
                good = False
                name = error.fields[0] if error.fields else ""
                self._note(Finding("error", error.code, error.message, record.entity, name), lead_id)
        self.sendable += good and bool(records)

    def _note(self, finding: Finding, lead_id: str) -> None:
        key = finding.entity, finding.field, finding.code
        first = self._found.get(key)
        count, shown = (first.leads, first.lead_id) if first else (0, lead_id)
        self._found[key] = msgspec.structs.replace(finding, leads=count + 1, lead_id=shown)
