"""What a lead becomes in a CRM, by the mappings of its client. Pure.

For each target, an attribute of an entity, several mappings may say where its value comes from. Those of form fields
come before those of the whole client; within either the first that gives a value is taken, and of fields those of the
lead's own form come first. The adapter's defaults hold for targets that no operator has mapped.

A target to which nothing gives a value is left out: a lead never empties what somebody wrote in the CRM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tracker.config.records import ClientRecord
from tracker.crm.base import DefaultMapping, Value
from tracker.crm.mapping_rules import Origin, Rule, client_rules, default_rule, field_rules
from tracker.crm.transforms import Ran
from tracker.crm.values import Context, is_empty, value_of


class Problem(NamedTuple):
    """Something wrong with a mapping, or with one lead under it. Holds no value of a lead.

    :ivar code: ``REQUIRED_EMPTY``, ``UNREADABLE_MAPPING``, ``TRANSFORM_FAILED`` or ``VALUE_LOST``.
    :ivar field: the target's name; :ivar fatal: the record is not to be sent.
    """

    code: str
    message: str
    entity: str
    field: str
    fatal: bool = False


class Explained(NamedTuple):
    """How one mapping was applied, for ``mapping test``.

    :ivar source: where the value came from, in words; :ivar value: what was there.
    :ivar steps: each function with what it made; :ivar taken: whether the target got the result.
    """

    target: str
    origin: Origin
    source: str
    value: Value
    steps: tuple[tuple[str, Value], ...]
    taken: bool
    problem: str | None = None


class MappedRecord(NamedTuple):
    """One lead as one entity.

    :ivar fields: by the CRM's names, without empty values.
    :ivar steps: only where they were asked for.
    """

    entity: str
    fields: dict[str, Value]
    problems: tuple[Problem, ...] = ()
    steps: tuple[Explained, ...] = ()

    @property
    def sendable(self) -> bool:
        """Whether nothing that the CRM must have is missing."""
        return not any(problem.fatal for problem in self.problems)


class _Tried(NamedTuple):
    rule: Rule
    value: Value
    ran: Ran

    @property
    def result(self) -> Value:
        return self.ran.values[-1]


@dataclass(frozen=True)
class Plan:
    """All mappings of one client for one kind of CRM.

    :ivar targets: the rules of each target in the order in which they are asked, targets in the order in which
        operators wrote them.
    :ivar region: ISO 3166 code of phone numbers without a ``+``.
    """

    targets: tuple[tuple[Rule, ...], ...]
    region: str

    @classmethod
    def of(
        cls,
        client: ClientRecord,
        defaults: Callable[[str], Sequence[DefaultMapping]],
        default_entity: str,
        region: str,
    ) -> Plan:
        """The plan of a client.

        :param defaults: `CrmAdapter.defaults`.
        :param default_entity: what leads become where the operator has mapped nothing.
        :param region: where the client has set none.
        """
        written = [*field_rules(client), *client_rules(client)]
        targets: dict[tuple[str, str], list[Rule]] = {}
        entities: dict[str, str] = {}
        for rule in written:
            entities.setdefault(rule.entity.casefold(), rule.entity)
            targets.setdefault((rule.entity.casefold(), rule.field.casefold()), []).append(rule)
        for entity in list(entities.values()) or [default_entity]:
            for default in defaults(entity):
                key = entity.casefold(), default.target_field.casefold()
                targets.setdefault(key, [default_rule(entity, default)])
        return cls(tuple(tuple(rules) for rules in targets.values()), client.settings.default_region or region)

    @property
    def entities(self) -> list[str]:
        """What a lead can become."""
        first = {rules[0].entity.casefold(): rules[0].entity for rules in reversed(self.targets)}
        return list(dict.fromkeys(first[rules[0].entity.casefold()] for rules in self.targets))

    @property
    def flaws(self) -> list[Problem]:
        """What is wrong with the mappings themselves, whatever the lead."""
        return [_flaw(rule) for rules in self.targets for rule in rules if rule.flaw]

    def map(self, lead: Mapping[str, Any], *, explain: bool = False) -> list[MappedRecord]:
        """What a lead becomes: a record for each entity about which it says something.

        :param lead: by the attribute names of `tracker.leads.documents`.
        :param explain: keep what was tried.
        :returns: where it says nothing of any, those of which something is required, with that as their problem.
        """
        context = Context(lead, self.region)
        found = {entity: _Building(entity, explain) for entity in self.entities}
        by_name = {entity.casefold(): building for entity, building in found.items()}
        for rules in self.targets:
            by_name[rules[0].entity.casefold()].add(rules, context)
        told = [building for building in found.values() if building.told]
        return [one.record() for one in told or [one for one in found.values() if one.problems]]


class _Building:
    """One record while it grows."""

    def __init__(self, entity: str, explain: bool) -> None:
        self.explain = explain
        self.entity = entity
        self.fields: dict[str, Value] = {}
        self.problems: list[Problem] = []
        self.steps: list[Explained] = []
        self.told = False

    def add(self, rules: Sequence[Rule], context: Context) -> None:
        """Let the rules of one target give it a value."""
        tried: list[_Tried] = []
        for rule in _in_turn(rules, context):
            if rule.flaw:
                self.problems.append(_flaw(rule))
                if self.explain:
                    self.steps.append(Explained(rule.target, rule.origin, rule.label, None, (), False, rule.flaw))
                continue
            tried.append(_try(rule, context))
            if not is_empty(tried[-1].result):
                break
        taken = next((one for one in tried if not is_empty(one.result)), None)
        if taken is not None:
            self.fields[rules[0].field] = taken.result
            self.told = self.told or not (taken.rule.is_constant or is_empty(taken.value))
        self._note(rules, tried, taken)

    def _note(self, rules: Sequence[Rule], tried: Sequence[_Tried], taken: _Tried | None) -> None:
        for one in tried:
            problem = _lost(one)
            if problem:
                self.problems.append(problem)
            # Of a default that gives nothing nobody has asked for a line.
            if self.explain and not (one.rule.origin == "default" and is_empty(one.value)):
                self.steps.append(_explained(one, one is taken, problem))
        needed = [rule.label for rule in rules if rule.required]
        if taken is None and needed:
            text = f"{rules[0].target} is required and the lead has nothing for it (from {' or '.join(needed)})"
            self.problems.append(Problem("REQUIRED_EMPTY", text, self.entity, rules[0].field, fatal=True))

    def record(self) -> MappedRecord:
        """What it has become."""
        return MappedRecord(self.entity, self.fields, tuple(self.problems), tuple(self.steps))


def _in_turn(rules: Sequence[Rule], context: Context) -> Iterator[Rule]:
    """Fields before the client's, the own form's before others', and what a lead says before what fills a gap."""
    if len(rules) == 1:
        return iter(rules)
    form = context.lead.get("formId")

    def turn(rule: Rule) -> tuple[bool, bool, bool]:
        silent = rule.origin == "field" and is_empty(_value(rule, context))
        return rule.origin != "field", silent, rule.form_id != form

    return iter(sorted(rules, key=turn))


def _value(rule: Rule, context: Context) -> Value:
    values = (value_of(context.lead, source) for source in rule.sources)
    return next((value for value in values if not is_empty(value)), None)


def _try(rule: Rule, context: Context) -> _Tried:
    value = _value(rule, context)
    return _Tried(rule, value, rule.pipeline.run(value, context))


def _explained(tried: _Tried, taken: bool, problem: Problem | None) -> Explained:
    rule, ran = tried.rule, tried.ran
    steps = tuple((step.written, value) for step, value in zip(rule.pipeline.steps, ran.values, strict=False))
    why = problem.message if problem else None
    return Explained(rule.target, rule.origin, rule.label, tried.value, steps, taken, why)


def _lost(tried: _Tried) -> Problem | None:
    rule, ran = tried.rule, tried.ran
    if ran.failed:
        text = f"{rule.target}: the transform {ran.failed} failed on the value from {rule.label}"
        return Problem("TRANSFORM_FAILED", text, rule.entity, rule.field)
    if ran.emptied and not is_empty(tried.value) and is_empty(tried.result):
        text = f"{rule.target}: the transform {ran.emptied} could make nothing of the value from {rule.label}"
        return Problem("VALUE_LOST", text, rule.entity, rule.field)
    return None


def _flaw(rule: Rule) -> Problem:
    text = f"{rule.target}: the mapping from {rule.label} cannot be used: {rule.flaw}"
    return Problem("UNREADABLE_MAPPING", text, rule.entity, rule.field)
