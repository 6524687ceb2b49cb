"""The steps of one event, in order; each takes the draft and fills in its part. No step does I/O.

drop bots → normalise → redact → anonymise → attribute → consent → lead, then ``store`` writes lead, session and event
of a whole batch (technical design §3.3). Adding behaviour adds a function and a line in :data:`STEPS`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from tracker.config.records import ClientRecord
from tracker.leads.spam import SpamRules
from tracker.pipeline.bots import is_bot
from tracker.pipeline.draft import Draft
from tracker.pipeline.held import HELD_TYPE, hold, is_held
from tracker.pipeline.normalise import ALIASES, clean, event_time, stored_payload
from tracker.pipeline.outcome import Drop, Outcome
from tracker.pipeline.people import facts_of
from tracker.pipeline.touch import touch_of
from tracker.privacy.anonymise import anonymise_ip, cut_addresses
from tracker.privacy.consent import CONSENT_EVENT, refusal, tidied
from tracker.privacy.redact import redactor_of
from tracker.privacy.strip import strip_person
from tracker.queue import MAX_USER_AGENT_CHARS, QueuedBatch, QueuedEvent

Step = Callable[[Draft], None]
NO_DOMAINS = SpamRules()
"""The usual rules of spam, without any list of mail domains."""
_ADDRESS_NAMES = frozenset({"ip", "ipAddress", "ip_address", "remoteAddress", "remote_addr"})


def begin(
    client: ClientRecord,
    batch: QueuedBatch,
    queued: QueuedEvent,
    *,
    region: str = "US",
    rules: SpamRules = NO_DOMAINS,
) -> Draft:
    """Read an event off the queue.

    :param region: of phone numbers without a ``+``, for clients that have set none.
    :param rules: what is taken for a sign of spam.
    :raises Drop: when it cannot be read; the edge checked its JSON, but not numbers beyond a double.
    """
    try:
        raw: dict[str, Any] = msgspec.json.decode(queued.data)
    except (msgspec.DecodeError, RecursionError):
        raise Drop(Outcome.DROPPED_UNREADABLE) from None
    received = datetime.fromtimestamp(batch.received_at, UTC)
    received = received.replace(microsecond=received.microsecond // 1000 * 1000)
    region = client.settings.default_region or region
    draft = Draft(client, batch, queued, raw, received, region=region, rules=rules)
    draft.user_agent = _visitors_agent(draft)
    return draft


def _visitors_agent(draft: Draft) -> str | None:
    # A server that forwards events has the visitor's user agent in the event; a browser's own header is better.
    sent = draft.batch.user_agent
    if sent and "Mozilla" in sent and not draft.batch.server:
        return sent
    metadata = draft.raw.get("metadata")
    own = metadata.get("userAgent") if isinstance(metadata, dict) else None
    if isinstance(own, str) and own:
        return own[:MAX_USER_AGENT_CHARS]
    # With a secret key the header is that of a server's HTTP library, which says nothing about a visitor.
    return None if draft.batch.server else sent


def drop_bots(draft: Draft) -> None:
    """Known crawlers are counted and not kept, unless the client wants them or it is a test.

    :raises Drop: for a crawler's event.
    """
    if draft.user_agent and not draft.batch.test and not draft.client.settings.keep_bots and is_bot(draft.user_agent):
        raise Drop(Outcome.DROPPED_BOT)


def normalise(draft: Draft) -> None:
    """One shape, one name, one clock."""
    raw = draft.raw
    draft.event_type = ALIASES.get(raw["type"], raw["type"])
    draft.timestamp, draft.clamped = event_time(raw.get("timestamp"), draft.received_at, draft.batch.sent_at)
    draft.session_id, draft.visitor_id = raw.get("sessionId"), raw.get("visitorId")
    draft.payload = stored_payload(raw)
    metadata = raw.get("metadata")
    draft.metadata = clean(metadata) if isinstance(metadata, dict) else {}
    draft.metadata.pop("userAgent", None)


def redact(draft: Draft) -> None:
    """Secrets are replaced wherever they stand; the event is kept."""
    redactor = redactor_of(draft.client)
    draft.payload = redactor.payload(draft.payload)
    draft.metadata = redactor.value(draft.metadata)
    draft.session_id = redactor.identifier(draft.session_id)
    draft.visitor_id = redactor.identifier(draft.visitor_id)
    if draft.user_agent:
        draft.user_agent = redactor.agent(draft.user_agent)


def anonymise(draft: Draft) -> None:
    """Addresses are cut, also those that a sender put into the event."""
    draft.ip_address = draft.batch.ip_address
    own = False
    for place in (draft.metadata, draft.payload):
        for name in _ADDRESS_NAMES.intersection(place):
            address = place.pop(name)
            if isinstance(address, str) and (cut := anonymise_ip(address)):
                draft.ip_address = cut
                own = True
        cut_addresses(place)
    # What was looked up at the edge is about the address that the request came from and about no other.
    draft.geo = None if own else draft.batch.geo


def attribute(draft: Draft) -> None:
    """Where the visitor came from, as far as this event shows."""
    draft.touch = touch_of(draft.payload.get("page") or {}, draft.metadata)


def consent(draft: Draft) -> None:
    """Nothing personal is kept against the visitor's will, or without it where the client asks for it first; what is
    typed into a form with drafts is set apart."""
    opt_in = draft.client.config.consent.mode == "optin"
    if "consent" in draft.metadata:
        draft.consent = tidied(draft.metadata)
    elif not opt_in and not draft.client.forms:
        return
    if draft.event_type == HELD_TYPE and is_held(draft):
        hold(draft)
    elif reason := refusal(draft.consent, opt_in=opt_in):
        if draft.event_type == CONSENT_EVENT and draft.consent is not None:
            draft.denied_by = draft.visitor_id
        strip_person(draft, reason)


def lead(draft: Draft) -> None:
    """What this event says about a person."""
    draft.lead = facts_of(draft)


STEPS: tuple[Step, ...] = (drop_bots, normalise, redact, anonymise, attribute, consent, lead)


def run_steps(draft: Draft) -> Draft:
    """Take a draft through all steps.

    :raises Drop: when a step decides that the event is not kept.
    """
    for step in STEPS:
        step(draft)
    return draft
