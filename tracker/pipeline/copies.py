"""Ids of event documents: they tell which accepted copy of an event was the one that got stored.

A sender may send an event twice, and a worker may die after its transaction and before it could enter the outcome. In
both cases an event is found stored when it is delivered again: the first is a ``duplicate``, the second is ``stored``.
What tells them apart costs nothing to store: an ``ObjectId`` has five bytes that are random to tell processes apart,
and here they are the time at which the copy was received, in microseconds. The other seven are as usual, the time of
the insert and a counter. Two ids that are equal all the same are refused by MongoDB and made anew.
"""

from __future__ import annotations

import secrets
import time
from itertools import count

from bson import ObjectId

_MARK = 0xFF_FFFF_FFFF
_COUNTER = 0xFF_FFFF
_numbers = count(secrets.randbelow(_COUNTER))


def document_id(received_at: float) -> ObjectId:
    """A new id for an event that was received then (epoch seconds)."""
    mark = int(received_at * 1_000_000) & _MARK
    return ObjectId((int(time.time()) << 64 | mark << 24 | next(_numbers) & _COUNTER).to_bytes(12, "big"))


def is_copy(stored: ObjectId, received_at: float) -> bool:
    """Whether the stored event is the copy that was received then, and not another one with the same id."""
    return int.from_bytes(stored.binary[4:9], "big") == int(received_at * 1_000_000) & _MARK
