"""Two sites and two pages for all shapes of a run: opening a profile would take longer than a shape does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.matrix.drive import FRESH, Recorder, run
from tests.browser.matrix.problem import Outcome
from tests.browser.matrix.shape import Shape
from tests.browser.matrix.shapes import SHAPES
from tests.browser.sdk_host import SdkHost
from tests.fixtures.browser import leave


@dataclass
class Client:
    """A site of a client in one mode, and the page that visits it."""

    everything: bool
    host: SdkHost
    page: Page
    recorder: Recorder
    reported: set[str] = field(default_factory=set)

    async def run(self, shape: Shape) -> Outcome:
        outcome = await run(self.page, self.host, self.recorder, shape, self.everything)
        self.reported.update(outcome.leaks)
        return outcome

    def unreported(self) -> list[str]:
        """Secrets that left after all, with what a page sends while it is left: no shape's own judgement sees that."""
        sent = " ".join(part for post in self.host.posts for part in (post.path, post.body))
        long_enough = {value for shape in SHAPES for value in shape.never if len(value) > 8}
        return sorted(value for value in long_enough - self.reported if value in sent)


@dataclass
class Matrix:
    clients: list[Client]

    async def run(self, shape: Shape) -> list[Outcome]:
        """The shape in both modes at the same time, by default and with `captureUnrecognised`."""
        return list(await asyncio.gather(*(client.run(shape) for client in self.clients)))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def matrix(chromium: Browser) -> AsyncIterator[Matrix]:
    """The pages on which shapes run one after the other."""
    clients = [await _client(chromium, everything) for everything in (False, True)]
    yield Matrix(clients)
    for client in clients:
        await leave(client.page.context.close())
        client.host.close()
    assert [client.unreported() for client in clients] == [[], []]


async def _client(chromium: Browser, everything: bool) -> Client:
    # A window each: Chromium lets a page behind another one in its window draw once a second.
    context = await chromium.new_context()
    context.set_default_timeout(20_000)
    await context.add_init_script(FRESH)
    host = SdkHost()
    host.config["captureUnrecognised"] = everything
    host.config["batching"]["flushIntervalMs"] = 60_000
    page = await context.new_page()
    return Client(everything, host, page, Recorder(page, host))
