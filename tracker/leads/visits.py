"""Which lead a form of a visit belongs to.

A name typed after the e-mail, a second step of a form, a later chat message: they hold no e-mail, but they were
filled in during the same visit. Each session remembers its forms' leads for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

_MOST = 20


class Visit:
    """The leads of one session.

    :param entries: as stored in the session: ``{form, leadId, at, named, test}``; ``named`` says that the lead's e-mail
        came from this form.
    """

    def __init__(self, entries: Iterable[dict[str, Any]] = ()) -> None:
        self.entries = [dict(entry) for entry in entries]
        self.changed = False

    def lead_of(self, form: str, test: bool, at: datetime) -> str | None:
        """The lead that what was typed into ``form`` at ``at`` belongs to: whose e-mail was there at that time, else
        whose came next."""
        entries = self._of(form, test)
        if not entries:
            return None
        before = [entry for entry in entries if entry["at"] <= at]
        lead_id: str = (before[-1] if before else entries[0])["leadId"]
        return lead_id

    def unnamed(self, form: str, test: bool) -> str | None:
        """The lead without an e-mail that the form has begun."""
        return next((entry["leadId"] for entry in self._of(form, test) if not entry["named"]), None)

    def others(self, lead_id: str) -> list[str]:
        """The leads of other e-mails in this visit."""
        return [entry["leadId"] for entry in self.entries if entry["named"] and entry["leadId"] != lead_id]

    def note(self, form: str, test: bool, lead_id: str, at: datetime, *, named: bool) -> None:
        """Remember that a form's lead is this one."""
        for entry in self._of(form, test):
            if entry["leadId"] == lead_id:
                if at < entry["at"] or named > entry["named"]:
                    entry |= {"at": min(at, entry["at"]), "named": named or entry["named"]}
                    self.entries.sort(key=_order)
                    self.changed = True
                return
        self.entries = [*self.entries, {"form": form, "leadId": lead_id, "at": at, "named": named, "test": test}]
        self.entries = sorted(self.entries, key=_order)[-_MOST:]
        self.changed = True

    def _of(self, form: str, test: bool) -> list[dict[str, Any]]:
        return sorted((entry for entry in self.entries if entry["form"] == form and entry["test"] == test), key=_order)


def _order(entry: dict[str, Any]) -> tuple[datetime, str, str, bool]:
    return entry["at"], entry["leadId"], entry["form"], entry["test"]
