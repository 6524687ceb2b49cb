"""Parameters that lists share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar.params import QueryParameter

from tracker.errors import InvalidError
from tracker.paging import MAX_LIMIT

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="Items of a page.")]
Cursor = Annotated[str | None, QueryParameter(description="`nextCursor` of the page before; the first page without.")]
Sort = Annotated[str | None, QueryParameter(description="What to sort by; descending with `-` in front.")]
Query = Annotated[str | None, QueryParameter(name="query", description="Only with this text, in any case.")]
Active = Annotated[bool | None, QueryParameter(name="isActive", description="Only what is switched on, or off.")]
ClientId = Annotated[
    str | None, QueryParameter(name="clientId", description="Of this client; a token of one client sees its own only.")
]
Since = Annotated[datetime | None, QueryParameter(description="At or after this time; UTC when it names no zone.")]
Until = Annotated[datetime | None, QueryParameter(description="Before this time.")]
Test = Annotated[bool | None, QueryParameter(description="Only what came with test keys, or only the rest.")]

_YEARS = range(1970, 9999)


def aware(moment: datetime | None, name: str) -> datetime | None:
    """A time in UTC.

    :raises InvalidError: when it is of no year that a store can hold.
    """
    if moment is None:
        return None
    if moment.year not in _YEARS:
        raise InvalidError(f"{name} must be a time from 1970 to 9998, such as 2030-01-31T08:00:00Z")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
