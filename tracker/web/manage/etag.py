"""Entity tags of what the management API shows, and what a request says about them (RFC 9110 §13).

A tag is made of the JSON that is shown, so that it changes with whatever a reader can see.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from tracker.errors import StaleError
from tracker.web.manage.calls import ManageRequest

_CHARS = 16


def etag_of(view: Mapping[str, Any]) -> str:
    """The strong tag of an object: 16 hex characters of the SHA-256 of its JSON, in quotes."""
    return f'"{sha256(msgspec.json.encode(view)).hexdigest()[:_CHARS]}"'


def check_match(request: ManageRequest, view: Mapping[str, Any]) -> bool:
    """Compare ``If-Match`` with an object as it is now.

    :param view: what a GET would show.
    :returns: whether the request names a state at all; ``*`` is any.
    :raises StaleError: when it names another one. Weak tags never match here (RFC 9110 §13.1.1).
    """
    header = request.headers.get("if-match")
    if header is None or header.strip() == "*":
        return False
    if etag_of(view) not in (part.strip() for part in header.split(",")):
        raise StaleError("somebody has changed it since you read it; read it again and repeat your change")
    return True


def expected_time(request: ManageRequest, view: Mapping[str, Any], updated_at: datetime) -> datetime | None:
    """What a write must still find in its transaction: the row's time, when the request names a state.

    :raises StaleError: as `check_match` does.
    """
    return updated_at if check_match(request, view) else None
