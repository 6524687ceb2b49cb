"""`tab`: a tab of a browser that nobody has used, in each of the browsers. An xdist worker starts its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.browser.cross.chromium import Chromium
from tests.browser.cross.firefox import Firefox
from tests.browser.cross.tab import Engine, Tab, require
from tests.browser.cross.webkit import WebKit
from tests.fixtures.browser import leave

ENGINES: list[type[Engine]] = [Chromium, Firefox, WebKit]


class Engines:
    """Browsers that run, started at the first request."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._running: dict[type[Engine], Engine] = {}
        self._ends = AsyncExitStack()

    async def get(self, kind: type[Engine]) -> Engine:
        require(kind)
        if kind not in self._running:
            engine = kind()
            folder: Path = self._factory.mktemp(kind.name)
            await engine.start(folder)
            self._ends.push_async_callback(engine.stop)
            self._running[kind] = engine
        return self._running[kind]

    async def close(self) -> None:
        await self._ends.aclose()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # A browser that was started on the session's event loop can be driven on no other.
    for item in items:
        if "engines" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    engines = Engines(tmp_path_factory)
    yield engines
    await leave(engines.close())


@pytest_asyncio.fixture(loop_scope="session", params=ENGINES, ids=lambda kind: kind.name)
async def engine(engines: Engines, request: pytest.FixtureRequest) -> Engine:
    kind: type[Engine] = request.param
    return await engines.get(kind)


@pytest_asyncio.fixture(loop_scope="session")
async def tab(engine: Engine) -> AsyncIterator[Tab]:
    tab = await engine.visitor()
    yield tab
    await leave(engine.forget())
