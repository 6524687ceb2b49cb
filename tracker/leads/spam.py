"""What speaks for a submission being spam. Pure.

Signs and not proof: what they find is stored, marked and shown, and kept from CRMs and webhooks until a person says
otherwise. Each sign was chosen so that an honest visitor does not give it (docs/abuse.md says what was left out).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

Reason = Literal["honeypot", "too_fast", "links", "disposable_domain", "no_token"]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""All that there are, in the order in which they are stored."""

HONEYPOT = "honeypot"
"""The type of a configured field that no visitor sees; also the name of what the browser script tells of one."""

TRAP_NAMES = frozenset({"honeypot", "honey_pot", "_honey", "_gotcha", "bot-field", "bot_field", "botfield", "botcheck"})
"""Names that form services document for their honeypots (Formspree, FormSubmit, Netlify, Web3Forms). They count in
what servers send; in a page the browser script sees for itself whether a field is hidden."""

# A server may send any text: all of these read a text once, whatever is in it.
_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'\[\]]+", re.IGNORECASE)
_MARKUP = re.compile(r"<a\s[^<>]{0,200}?href|\[(?:url|link)[=\]]", re.IGNORECASE)
_BARE_SITE = re.compile(r"(?:https?://)?[^/?#]+/?")
_MOSTLY = 0.75
_NAMES = ("firstName", "lastName", "name")


@dataclass(frozen=True, slots=True)
class SpamRules:
    """What the installation takes for a sign.

    :ivar min_fill_ms: a form sent off sooner after its page was opened, in milliseconds; 0 = no sign.
    :ivar max_links: so many in one text; 0 = links are no sign.
    :ivar disposable: mail domains that nobody keeps, lower case; their subdomains count too.
    """

    min_fill_ms: int = 1_000
    max_links: int = 3
    disposable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one event.

    :ivar attributes: lead attributes by their stored names; :ivar answers: what else was typed.
    :ivar trapped: something stood in a field that no visitor sees.
    :ivar fill_ms: from the opening of the page to the submission, as told; ``None`` = not told, which says nothing.
    :ivar no_token: the client prefers site tokens, and there was none.
    """

    attributes: Mapping[str, str]
    answers: Mapping[str, Any]
    trapped: bool = False
    fill_ms: float | None = None
    no_token: bool = False


def spam_reasons(evidence: Evidence, rules: SpamRules) -> tuple[Reason, ...]:
    """The reasons to take an event for spam, in the order of :data:`REASONS`; empty for an honest one."""
    found = {
        "honeypot": evidence.trapped,
        "too_fast": evidence.fill_ms is not None and evidence.fill_ms < rules.min_fill_ms,
        "links": rules.max_links > 0 and _is_stuffed(evidence, rules.max_links),
        "disposable_domain": bool(rules.disposable) and _is_disposable(evidence.attributes, rules.disposable),
        "no_token": evidence.no_token,
    }
    return tuple(reason for reason in REASONS if found[reason])


def in_order(reasons: set[str]) -> list[str]:
    """As they are stored; names that no version of this one knows come last."""
    return sorted(reasons, key=lambda one: (REASONS.index(one) if one in REASONS else len(REASONS), one))


def fill_ms_of(value: Any) -> float | None:
    """A time to fill as it was sent, if it is one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e12 else None


def _is_stuffed(evidence: Evidence, most: int) -> bool:
    """Links where people write none: markup anywhere, several in one text, any in a name, hardly more than links in a
    message."""
    attributes = evidence.attributes
    if any(_LINK.search(attributes.get(name, "")) for name in _NAMES):
        return True
    message = attributes.get("message", "")
    texts = [message, *(value for value in evidence.answers.values() if isinstance(value, str))]
    if any(_MARKUP.search(text) or _has_links(text, most) for text in texts):
        return True
    return _is_mostly_links(message.strip())


def _has_links(text: str, number: int) -> bool:
    return any(count == number for count, _ in enumerate(_LINK.finditer(text), 1))


def _is_mostly_links(text: str) -> bool:
    # The address of one's own site alone is an answer to a question that many forms ask.
    if not text or _BARE_SITE.fullmatch(text):
        return False
    return sum(len(link) for link in _LINK.findall(text)) >= _MOSTLY * len(text)


def _is_disposable(attributes: Mapping[str, str], disposable: frozenset[str]) -> bool:
    domain = attributes.get("email", "").rpartition("@")[2].lower().rstrip(".")
    while "." in domain:
        if domain in disposable:
            return True
        domain = domain.partition(".")[2]
    return False
