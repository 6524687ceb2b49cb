"""What visitors have consented to: read from their events, kept on visits and leads. Pure (GDPR Art. 7(1)).

An event says how its visitor's decision stood when it was made: ``metadata.consent = {"state": "granted" | "denied",
"version": "…"}``; without it nothing was asked. ``version`` names the text that the visitor was shown, as the site
calls it. An event of type ``consent`` is the moment of a decision.

A *record* is a list of entries ``{state, version, at, by}`` in the order of ``at``, event time:

* ``decision``: a decision, the latest of them;
* ``first``: the first event that said so of this state and version;
* ``latest``: on a lead, the latest event of its own that said anything.

Records of the same person are put together by `joined`, in whatever order they come: each kind of entry is a minimum, a
maximum or a bounded set, so that the same events leave the same record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

State = Literal["granted", "denied"]
Refusal = Literal["consent_denied", "no_consent"]
By = Literal["decision", "first", "latest"]
Entry = dict[str, Any]

CONSENT_EVENT = "consent"
MAX_VERSION_CHARS = 64
MAX_DECISIONS = 20
MAX_FIRSTS = 10


@dataclass(frozen=True, slots=True)
class Consent:
    """How a decision stood."""

    state: State
    version: str | None = None

    def entry(self, at: datetime, by: By) -> Entry:
        """As an entry of a record."""
        entry: Entry = {"state": self.state, "at": at, "by": by}
        return entry | {"version": self.version} if self.version else entry


def consent_of(metadata: Mapping[str, Any]) -> Consent | None:
    """What an event says, ``None`` where it says nothing that can be read."""
    said = metadata.get("consent")
    if not isinstance(said, Mapping) or said.get("state") not in ("granted", "denied"):
        return None
    version = said.get("version")
    if not isinstance(version, str | int) or isinstance(version, bool):
        return Consent(said["state"])
    return Consent(said["state"], str(version)[:MAX_VERSION_CHARS] or None)


def tidied(metadata: dict[str, Any]) -> Consent | None:
    """The same, and leaves of ``metadata.consent`` what was read, in place."""
    consent = consent_of(metadata)
    if consent is None:
        metadata.pop("consent", None)
    else:
        metadata["consent"] = {"state": consent.state} | ({"version": consent.version} if consent.version else {})
    return consent


def refusal(consent: Consent | None, *, opt_in: bool) -> Refusal | None:
    """Why nothing personal may be kept of an event, as ``stripped`` says it; ``None`` = it may."""
    if consent is not None and consent.state == "denied":
        return "consent_denied"
    if opt_in and consent is None:
        return "no_consent"
    return None


# -------------------------------------------------------------------------------------------------------------- records


def noted(record: list[Entry], consent: Consent, at: datetime, by: By) -> list[Entry]:
    """The record with what one more event says; the very same where that is nothing new."""
    for entry in record if by == "first" else ():
        same = entry["state"] == consent.state and entry.get("version") == consent.version
        if same and entry["by"] == "first" and entry["at"] <= at:
            return record
    return joined(record, [consent.entry(at, by)])


def joined(*records: Iterable[Entry]) -> list[Entry]:
    """One record of several, bounded: the latest decisions, the earliest first mentions, the latest event."""
    decisions: dict[tuple[Any, ...], Entry] = {}
    firsts: dict[tuple[Any, ...], Entry] = {}
    latest: Entry | None = None
    for record in records:
        for entry in record:
            key = (entry["state"], entry.get("version"))
            if entry["by"] == "decision":
                decisions[(entry["at"], *key)] = entry
            elif entry["by"] == "first":
                if key not in firsts or entry["at"] < firsts[key]["at"]:
                    firsts[key] = entry
            elif latest is None or _rank(entry) > _rank(latest):
                latest = entry
    kept = sorted(decisions.values(), key=_rank)[-MAX_DECISIONS:]
    kept += sorted(firsts.values(), key=_rank)[:MAX_FIRSTS]
    return sorted([*kept, latest] if latest else kept, key=_rank)


def current(record: Sequence[Entry]) -> Entry | None:
    """How it stands: the latest entry without ``by``; of two at the same time the refusal."""
    if not record:
        return None
    return {name: value for name, value in max(record, key=_rank).items() if name != "by"}


def take_up(lead: dict[str, Any], *records: Iterable[Entry]) -> bool:
    """Let a lead take up what its events and visits say, in place; tells whether anything changed."""
    known = lead.get("consentHistory") or []
    record = joined(known, *records)
    if record == known:
        return False
    lead["consentHistory"] = record
    lead["consent"] = current(record)
    return True


def _rank(entry: Mapping[str, Any]) -> tuple[datetime, bool, str, str]:
    return entry["at"], entry["state"] == "denied", entry.get("version") or "", entry["by"]
