"""Firefox as installed, over WebDriver BiDi: a profile and a port of its own, and for each test a container."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.browser.cross.tab import ActionsTab, DriverError, Engine, which
from tests.fixtures.processes import wait_until_async
from tracker.stores.embedded import ChildProcess

START_SECONDS = 60


class Firefox(Engine):
    """One headless Firefox. Commands go one at a time, as the tests do."""

    name = "firefox"

    @classmethod
    def missing(cls) -> str:
        return "" if which("firefox-esr", "firefox") else "no Firefox on PATH (firefox-esr, firefox)"

    async def start(self, folder: Path) -> None:
        program = which("firefox-esr", "firefox")
        # Whatever else Firefox does at a start, Remote Agent turns off by itself (remote.prefs.recommended).
        flags = ["--headless", "--no-remote", "--new-instance", "--remote-debugging-port=0"]
        (folder / "profile").mkdir()
        self._child = ChildProcess([str(program), *flags, "--profile", folder / "profile"], log=folder / "firefox.log")
        self._numbers = itertools.count(1)
        address = await wait_until_async(self._address, timeout=START_SECONDS, message=self._child.last_words)
        self._socket: ClientConnection = await connect(f"{address}/session", max_size=None, ping_interval=None)
        await self.call("session.new", capabilities={})

    def _address(self) -> str | None:
        said = re.search(r"listening on (ws://\S+)", self._child.output())
        return said[1] if said else None

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and wait for its answer.

        :raises DriverError: when Firefox answers with an error.
        """
        number = next(self._numbers)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(await self._socket.recv())).get("id") != number:
            pass  # an event, or the answer to a command whose caller was cancelled
        if answer["type"] == "error":
            raise DriverError(f"{method}: {answer['error']}: {answer['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def visitor(self) -> FirefoxTab:
        self._container = (await self.call("browser.createUserContext"))["userContext"]
        return await self.tab(self._container)

    async def tab(self, container: str) -> FirefoxTab:
        """A new tab of a container, in front."""
        created = await self.call("browsingContext.create", type="tab", userContext=container)
        return FirefoxTab(self, container, created["context"])

    async def forget(self) -> None:
        await self.call("browser.removeUserContext", userContext=self._container)

    async def stop(self) -> None:
        await self._socket.close()
        self._child.kill()


class FirefoxTab(ActionsTab):
    def __init__(self, firefox: Firefox, container: str, context: str) -> None:
        self._firefox = firefox
        self._container = container
        self._context = context

    async def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return await self._firefox.call(method, context=self._context, **parameters)

    async def goto(self, url: str) -> None:
        await self._call("browsingContext.navigate", url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        answer = await self._firefox.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})) ?? 'null')()",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=False,
        )
        if answer["type"] == "exception":
            raise DriverError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    async def perform(self, sources: list[dict[str, Any]]) -> None:
        await self._call("input.performActions", actions=sources)

    async def back(self) -> None:
        await self._call("browsingContext.traverseHistory", delta=-1)

    async def open(self) -> FirefoxTab:
        return await self._firefox.tab(self._container)

    async def close(self) -> None:
        await self._call("browsingContext.close", promptUnload=False)

    async def set_offline(self, offline: bool) -> None:
        conditions = {"type": "offline"} if offline else None
        await self._firefox.call(
            "emulation.setNetworkConditions", networkConditions=conditions, userContexts=[self._container]
        )
