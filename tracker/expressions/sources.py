"""Where a mapped value comes from: an attribute of the lead, an answer of a form, or a constant."""

from __future__ import annotations

import difflib
from typing import Literal, NamedTuple

from tracker.errors import InvalidError
from tracker.field_names import field_key

MAX_SOURCE_CHARS = 255

# Attributes of `tracker.leads.documents.Lead` by their stored names, without what only we have a use for.
_ATTRIBUTES = frozenset(
    {
        *("leadId", "formId", "sessionId", "visitorId", "status", "quality", "source", "test", "notes", "tags"),
        *("email", "name", "firstName", "lastName", "phone", "phoneE164", "company", "message"),
        *("utmSource", "utmMedium", "utmCampaign", "referrer", "landingPage"),
        *("createdAt", "updatedAt", "lastInteractionAt", "submittedAt", "abandonedAt"),
    }
)
# What the first and the last touch of a lead hold.
_TOUCH_NAMES = (
    *("utmSource", "utmMedium", "utmCampaign", "utmTerm", "utmContent", "gclid", "fbclid", "msclkid"),
    *("referrer", "landingPage", "sessionId", "at"),
)
_CONSENT = frozenset({"consent.state", "consent.version", "consent.at"})
_TOUCHES = frozenset(f"attribution.{end}.{name}" for end in ("first", "last") for name in _TOUCH_NAMES)
ATTRIBUTES = _ATTRIBUTES | _CONSENT | _TOUCHES
_FIELD, _CONSTANT = "fields.", "="


class Source(NamedTuple):
    """One source.

    :ivar name: path of an attribute, stored name of an answer (`tracker.field_names.field_key`), or the constant.
    """

    kind: Literal["attribute", "field", "constant"]
    name: str


def parse_source(text: str) -> Source:
    """Read ``utmSource``, ``fields.budget`` or ``=Website``.

    :raises InvalidError: for what is none of them, with the nearest attribute.
    """
    given = text.strip()
    if len(given) > MAX_SOURCE_CHARS or not given.isprintable():
        raise InvalidError(f"a source has {MAX_SOURCE_CHARS} characters at most, on one line")
    if given.startswith(_CONSTANT) and len(given) > 1:
        return Source("constant", given[1:])
    if given.startswith(_FIELD) and len(given) > len(_FIELD):
        return Source("field", field_key(given.removeprefix(_FIELD)))
    if given in ATTRIBUTES:
        return Source("attribute", given)
    near = difflib.get_close_matches(given, sorted(ATTRIBUTES), n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise InvalidError(
        f"{given[:64] or 'an empty text'} is no source; {hint}Write an attribute of a lead such as utmSource, "
        "fields.NAME for an answer, or =TEXT for a constant"
    )
