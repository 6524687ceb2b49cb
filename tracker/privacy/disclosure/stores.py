"""The table of stores of a copy: what each is for, how long it keeps what, and who else is given it.

Retention is stated as a rule; where a document has a time of its own, its ``expiresAt`` is in it and is what holds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from tracker.privacy.disclosure import readers, waiting
from tracker.privacy.disclosure.scope import Row, Scope

_NOBODY = "nobody"
_OURS = "kept for as long as the installation's operator sets; see expiresAt of each"


@dataclass(frozen=True, slots=True)
class Store:
    """A line of the table.

    :ivar name: of its file; :ivar title: for people; :ivar purpose: what the data is kept for.
    :ivar retention: for how long; :ivar recipients: who else is given it.
    :ivar read: yields what is the person's.
    """

    name: str
    title: str
    purpose: str
    retention: str
    recipients: str
    read: Callable[[Scope], AsyncIterator[Row]]


STORES: tuple[Store, ...] = (
    Store(
        "leads", "Contact records", "answering enquiries that were made through forms and chats of a site",
        "by the client's retention of leads, or until they are deleted", "the CRM accounts and webhooks named below",
        readers.leads,
    ),
    Store(
        "crm_records", "Records in CRM systems", "bringing contact records to the site's CRM",
        "here as the contact record; there by the rules of the CRM's operator", "the CRM account of each record",
        readers.crm_records,
    ),
    Store(
        "crm_attempts", "Calls to CRM systems", "finding out why a CRM refused a record; no values",
        "30 days; see expiresAt", _NOBODY, readers.crm_attempts,
    ),
    Store(
        "crm_due", "Due calls to CRM systems", "what CRM accounts are to be told yet", "until they are told",
        "the CRM account of each", readers.crm_due,
    ),
    Store(
        "webhook_deliveries", "Messages to other systems", "telling systems of the site's operator of contact records",
        "90 days; see expiresAt", "the recipient of each message", readers.deliveries,
    ),
    Store(
        "drafts", "Forms begun", "keeping what was typed until the form is sent or consented to; encrypted",
        "days; see expiresAt", _NOBODY, readers.drafts,
    ),
    Store("events", "Events", "what browsers sent: pages seen, forms filled in", _OURS, _NOBODY, readers.events),
    Store("sessions", "Visits", "pages seen in a visit, and its origin", _OURS, _NOBODY, readers.sessions),
    Store(
        "queue", "Events that wait", "events that were received and are stored within seconds", "until they are stored",
        _NOBODY, waiting.queued,
    ),
    Store(
        "dead_letters", "Events that could not be stored", "repairing and storing them",
        "by number and age (TRACKER_DEAD_LETTER_MAX_AGE_DAYS), or until they are deleted", _NOBODY, waiting.letters,
    ),
    Store(
        "refused", "Outlines of refused events", "showing what a site sends wrongly; no typed values", "30 days",
        _NOBODY, waiting.samples,
    ),
    Store(
        "suppressions", "Suppressions", "not recording a person any more; keyed hashes alone",
        "until taken back; marks of erasures until their expiresAt", _NOBODY, readers.suppressions,
    ),
    Store(
        "erasures", "Requests for erasure", "proving that they were done; keyed hashes alone",
        "until they are deleted by hand", _NOBODY, readers.erasures,
    ),
    Store(
        "audit", "Changes by operators", "accounting for who changed what; no values of a person are kept",
        "until they are deleted by hand", _NOBODY, readers.audit,
    ),
)  # fmt: skip
