"""What the tests of an adapter are given, and what they have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import pytest

from tracker.crm.base import CrmAdapter, CrmError, Record, Result

T = TypeVar("T")

CANARY = "Zwolfkanari7"
"""Stands in values of bad records; no message may repeat it."""

UNICODE = 'Zoë 🦩 Ångström — 東京 \u202bשלום\u202c\n\tsecond line "quoted" <b>&amp;</b> O\'Brien \\ ; |'
"""A value that survives only where everything is encoded for its place."""


@runtime_checkable
class FarSide(Protocol):
    """The CRM behind the adapter, as far as a test may look into it and disturb it."""

    def count(self, entity: str) -> int:
        """Records that there are."""
        ...

    def value(self, entity: str, crm_id: str, field: str) -> object:
        """What a record holds; an ``AssertionError`` when there is no such record."""
        ...

    def lose_answer(self) -> None:
        """The next call that writes is done, and its answer is lost on the way."""
        ...

    def limit(self, seconds: int) -> None:
        """The next call is refused for the number of calls, and may be made again after so many seconds."""
        ...

    def break_down(self) -> None:
        """The next call is answered with a failure of the CRM itself, and not done."""
        ...


class Given:
    """The fixtures.

    :cvar text_field: a field that takes long texts in any script; ``None`` = there is none.
    :cvar long_chars: length of a text that it must take.
    :cvar unknown_entity: one that the CRM does not have.
    """

    text_field: ClassVar[str | None] = None
    long_chars: ClassVar[int] = 2_000
    unknown_entity: ClassVar[str] = "NoSuchThingHere"

    @pytest.fixture
    def adapter(self) -> CrmAdapter:
        """An adapter on a server or sandbox of the test's own, with nothing in it."""
        raise NotImplementedError("give the fixture `adapter`")

    @pytest.fixture
    def records(self) -> list[Record]:
        """Three records or more of one entity, all good and all different, none of them in the CRM yet."""
        raise NotImplementedError("give the fixture `records`")

    @pytest.fixture
    def bad_record(self) -> Record | None:
        """A record that the CRM refuses for a value with `CANARY` in it; ``None`` = it refuses none."""
        return None

    @pytest.fixture
    def impostor(self) -> CrmAdapter | None:
        """An adapter for the same account with wrong credentials; ``None`` = there are no credentials."""
        return None

    @pytest.fixture
    def far_side(self) -> FarSide | None:
        """The CRM; ``None`` = nothing is known of it but its answers."""
        return None


def run(adapter: CrmAdapter, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in a loop of its own and close the adapter's connections behind it."""

    async def whole() -> T:
        try:
            return await make()
        finally:
            await adapter.close()

    return asyncio.run(whole())


async def error_of(call: Coroutine[Any, Any, Any]) -> CrmError:
    """What a call fails with; one that does not fail fails the test."""
    try:
        await call
    except CrmError as error:
        return error
    raise AssertionError("the call should have failed, and did not")


def needed(given: T | None, name: str) -> T:
    """What a subclass gave; without it the test is skipped."""
    if given is None:
        pytest.skip(f"no {name} is given")
    return given


def check_shape(results: Sequence[Result], records: Sequence[Record]) -> None:
    """One result for each record, in their order, with an id or an error."""
    assert [one.lead_id for one in results] == [one.lead_id for one in records], "one result for each, in their order"
    for result in results:
        settled = result.outcome not in ("failed", "held")
        assert settled == (result.error is None), "an error where it failed or is held, and only there"
        assert settled == (result.crm_id is not None), "an id where it is in the CRM, and only there"


def check_silent(error: CrmError, records: Sequence[Record]) -> None:
    """No value of the records is in the error's text."""
    for record in records:
        for value in record.whole.values():
            held = isinstance(value, str) and len(value) > 3 and value.lower() in error.detail.lower()
            assert not held, "the error repeats a value of a record"
