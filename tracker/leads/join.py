"""Decides which lead each event of a batch begins or joins. Pure: the documents are read before and written after.

An e-mail joins the current lead of that e-mail, if it is young enough, or begins one. What came without an e-mail
belongs to the lead of its form in its visit; where there is none yet it waits in its stored event. Two e-mails never
meet, whatever else they share (decisions §9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tracker.leads.facts import LeadFacts
from tracker.leads.merge import Why, adopt, joins, merge, new_lead
from tracker.leads.visits import Visit

LeadIdentity = tuple[str, bool, str]
SessionKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Windows:
    """How old a lead may be that an event joins."""

    submission: timedelta
    interaction: timedelta


@dataclass(slots=True)
class Joined:
    """What is to be written. ``lead_of``: event id by lead id; events that wait are not in it."""

    touched: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: dict[str, dict[str, Any]] = field(default_factory=dict)
    retired: dict[str, dict[str, Any]] = field(default_factory=dict)
    lead_of: dict[tuple[str, str], str] = field(default_factory=dict)


class Joiner:
    """Takes the facts of one batch to leads.

    :param leads: stored leads: the current ones of all e-mails of the batch, and those that its visits name.
    :param visits: by client and session; noted in when a form finds its lead.
    """

    def __init__(self, leads: Iterable[dict[str, Any]], visits: Mapping[SessionKey, Visit], windows: Windows) -> None:
        self._by_id = {lead["leadId"]: lead for lead in leads}
        self._current: dict[LeadIdentity, dict[str, Any]] = {
            (lead["clientId"], lead["test"], lead["email"]): lead
            for lead in self._by_id.values()
            if lead.get("current") and lead.get("email")
        }
        self._visits = visits
        self._windows = windows
        self._joined = Joined()

    def join(self, facts: Sequence[LeadFacts]) -> Joined:
        """Take all to their leads: first those with an e-mail, then those with a phone number, then the rest, each in
        the order of event times."""
        ordered = sorted(facts, key=lambda each: each.order)
        for each in ordered:
            if each.email:
                self._by_email(each)
        for each in ordered:
            if not each.email and each.reachable:
                self._by_phone(each)
        for each in ordered:
            if not each.reachable:
                self._by_visit(each)
        return self._joined

    def _by_email(self, facts: LeadFacts) -> None:
        assert facts.identity is not None
        lead = self._current.get(facts.identity)
        if lead is None and (unnamed := self._unnamed(facts)):
            adopt(unnamed, facts)
            self._current[facts.identity] = unnamed
            self._keep(unnamed, facts)
        elif lead is not None and joins(lead, facts, self._windows.submission, self._windows.interaction):
            merge(lead, facts)
            self._keep(lead, facts)
        else:
            self._begin(facts, self._why_new(facts, lead))
            if lead is not None:
                self._retire(lead)
            self._current[facts.identity] = self._by_id[self._joined.lead_of[facts.client_id, facts.event_id]]

    def _by_phone(self, facts: LeadFacts) -> None:
        if not self._by_visit(facts):
            self._begin(facts)

    def _by_visit(self, facts: LeadFacts) -> bool:
        visit = self._visit(facts)
        lead_id = visit.lead_of(facts.form, facts.test, facts.at) if visit else None
        lead = self._by_id.get(lead_id or "")
        if lead is None:
            return False
        merge(lead, facts, Why(f"{facts.source} of the same form and visit"))
        self._keep(lead, facts)
        return True

    def _begin(self, facts: LeadFacts, why: Why | None = None) -> None:
        lead = new_lead(facts, why)
        self._by_id[lead["leadId"]] = self._joined.begun[lead["leadId"]] = lead
        self._keep(lead, facts)

    def _keep(self, lead: dict[str, Any], facts: LeadFacts) -> None:
        if "_id" in lead:
            self._joined.touched[lead["leadId"]] = lead
        self._joined.lead_of[facts.client_id, facts.event_id] = lead["leadId"]
        if facts.reachable and (visit := self._visit(facts)):
            visit.note(facts.form, facts.test, lead["leadId"], facts.at, named=bool(facts.email))

    def _retire(self, lead: dict[str, Any]) -> None:
        lead.pop("current", None)
        if "_id" in lead:
            self._joined.retired[lead["leadId"]] = lead

    def _visit(self, facts: LeadFacts) -> Visit | None:
        return self._visits.get((facts.client_id, facts.session_id)) if facts.session_id else None

    def _unnamed(self, facts: LeadFacts) -> dict[str, Any] | None:
        visit = self._visit(facts)
        lead = self._by_id.get((visit.unnamed(facts.form, facts.test) if visit else None) or "")
        return lead if lead is not None and not lead.get("email") else None

    def _why_new(self, facts: LeadFacts, last: dict[str, Any] | None) -> Why | None:
        if last is not None:
            hours = round((facts.at - last["createdAt"]).total_seconds() / 3600)
            return Why(f"the last lead of this e-mail is {hours} h old and joined no more", last["leadId"])
        visit = self._visit(facts)
        if visit and (others := visit.others("")):
            return Why("another e-mail in the same visit: two people, never merged", others[-1])
        return None
