"""The table of stores, in the order in which they are emptied.

First what could still become documents (jobs, dead letters), then what hangs on a lead, then events and visits, then
the lead itself, with which go the ids under which a CRM knows it; and last whatever nobody has thought of.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tracker.privacy.erase import others, queues, relational
from tracker.privacy.erase.leads import delete_attempts, delete_leads
from tracker.privacy.erase.visits import delete_events, delete_sessions
from tracker.privacy.erase.work import Work


@dataclass(frozen=True, slots=True)
class Store:
    """A line of the table.

    :ivar name: as reports count it.
    :ivar delete: deletes what is the person's, and counts it; may be repeated.
    :ivar count: how many things that would be.
    """

    name: str
    delete: Callable[[Work], Awaitable[object]]
    count: Callable[[Work], Awaitable[int]]


STORES: tuple[Store, ...] = (
    Store("queue", queues.delete_queued, queues.count_queued),
    Store("dead_letters", queues.delete_letters, others.count_letters),
    Store("webhook_deliveries", others.delete_deliveries, others.count_deliveries),
    Store("crm_attempts", delete_attempts, others.count_attempts),
    Store("lead_drafts", others.delete_drafts, others.count_drafts),
    Store("events", delete_events, others.count_events),
    Store("sessions", delete_sessions, others.count_sessions),
    Store("leads", delete_leads, others.count_leads),
    Store("mentions", others.strip_rest, others.count_mentions),
    Store("redis", queues.delete_keys, others.count_nothing),
    Store("audit", relational.strip_audit, relational.count_audit),
)
