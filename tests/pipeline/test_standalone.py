"""A MongoDB without a replica set has no transactions: what is delivered, once or several times, is stored once.

Only a crash between two writes may then leave an effect twice (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.fixtures.builders import NOON, a_client, interaction, page_view, submission
from tests.fixtures.instances import PrivateMongo
from tests.fixtures.world import make_settings
from tests.pipeline.scenarios import differences, what_is_left
from tests.pipeline.storing import found, put
from tracker.documents import open_documents
from tracker.pipeline.store import Store

pytestmark = pytest.mark.real("mongodb")


class StandaloneMongo(PrivateMongo):
    """A ``mongod`` that is a member of no set."""

    @property
    def url(self) -> str:
        """This very server."""
        return self.direct_url

    def command(self, port: int) -> Sequence[str | Path]:
        """As a member is started, without what makes it one."""
        options = [str(part) for part in super().command(port)]
        for name in ("--replSet", "--oplogSize"):
            place = options.index(name)
            del options[place : place + 2]
        return options


@pytest.fixture
def standalone(server_folder: Path) -> Iterator[StandaloneMongo]:
    server = StandaloneMongo(server_folder / "standalone", initiate=False)
    try:
        yield server.start()
    finally:
        server.kill()


async def test_without_transactions_a_delivery_is_stored_and_a_second_one_adds_nothing(
    standalone: StandaloneMongo,
) -> None:
    settings = make_settings(mongodb_url=standalone.url, mongodb_database="tracker")
    async with open_documents(settings, indexes=True) as documents:
        assert not documents.transactions
        store, once, twice = Store(documents, settings), a_client(), a_client()
        visit = {"sessionId": "s", "visitorId": "v"}
        events = [
            page_view("https://shop.example/?utm_source=ads", NOON, id="e1", **visit),
            interaction(None, NOON, id="e2", fields={"name": "Ann Lee"}, **visit),
            submission(at=NOON, id="e3", **visit),
        ]
        await put(store, once, *events)
        for part in (events[1:], events, events, events[:1]):
            await put(store, twice, *part)
        expected, left = [await what_is_left(documents, client) for client in (once, twice)]
        assert not (found_ := differences(expected, left)), "\n".join(found_)
        assert [len(await found(documents, name, twice)) for name in ("events", "leads", "sessions")] == [3, 1, 1]
        await store.close()
