"""WebKitGTK over classic WebDriver, on a display of its own: `WebKitWebDriver` starts a MiniBrowser for each test.

What pages store is in memory and ends with the session.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.cross.tab import ActionsTab, DriverError, Engine, which
from tests.fixtures.processes import free_port, wait_until_async
from tracker.stores.embedded import ChildProcess

START_SECONDS = 60
# Its folder is named after the machine's architecture and the version of the interface.
MINI_BROWSERS = ("*/webkit2gtk-4.*/MiniBrowser", "*/webkitgtk-6.*/MiniBrowser")


def find_mini_browser() -> Path | None:
    """The browser that comes with the driver; it is on nobody's PATH."""
    return next((path for pattern in MINI_BROWSERS for path in sorted(Path("/usr/lib").glob(pattern))), None)


class WebKit(Engine):
    """A driver and a display; the browser itself lives as long as a test."""

    name = "webkit"

    @classmethod
    def missing(cls) -> str:
        found = {
            "WebKitWebDriver": which("WebKitWebDriver"),
            "MiniBrowser": find_mini_browser(),
            "Xvfb": which("Xvfb"),
        }
        absent = [program for program, path in found.items() if not path]
        return f"no WebKitGTK here: {', '.join(absent)} missing" if absent else ""

    async def start(self, folder: Path) -> None:
        reading, writing = os.pipe()
        # It takes the first display that is free and tells its number.
        flags = ["-displayfd", str(writing), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
        self._display = ChildProcess(["Xvfb", *flags], log=folder / "xvfb.log", pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as answer:
            display = answer.readline().strip()
        environment = {
            **os.environ,
            "DISPLAY": f":{display}",
            "GDK_BACKEND": "x11",
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder),
            # Its sandbox needs user namespaces, which containers rarely have. All pages here are our own.
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
        }
        port = free_port()
        self._driver = ChildProcess(["WebKitWebDriver", f"--port={port}"], log=folder / "driver.log", env=environment)
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=START_SECONDS, trust_env=False)
        await wait_until_async(self._answers, timeout=START_SECONDS, message=self._driver.last_words)

    async def _answers(self) -> bool:
        try:
            return (await self._http.get("/status")).is_success
        except httpx.TransportError:
            return False

    async def call(self, method: str, path: str, **parameters: Any) -> Any:
        """One command of the driver, and what it gives.

        :raises DriverError: when it answers with an error.
        """
        body = parameters if method == "POST" else None
        value = (await self._http.request(method, path, json=body)).json()["value"]
        if isinstance(value, dict) and "error" in value:
            raise DriverError(f"{path}: {value['error']}: {value['message']}")
        return value

    async def visitor(self) -> WebKitTab:
        options = {"binary": str(find_mini_browser()), "args": ["--automation"]}
        wanted = {"browserName": "MiniBrowser", "webkitgtk:browserOptions": options}
        created = await self.call("POST", "/session", capabilities={"alwaysMatch": wanted})
        self._session = f"/session/{created['sessionId']}"
        self.front = await self.call("GET", f"{self._session}/window")
        return WebKitTab(self, self._session, self.front)

    async def forget(self) -> None:
        await self.call("DELETE", self._session)

    async def stop(self) -> None:
        await self._http.aclose()
        self._driver.kill()
        self._display.kill()


class WebKitTab(ActionsTab):
    def __init__(self, webkit: WebKit, session: str, window: str) -> None:
        self._webkit = webkit
        self._session = session
        self._window = window

    async def _call(self, method: str, path: str, **parameters: Any) -> Any:
        """Commands go to the window in front."""
        if self._webkit.front != self._window:
            await self._webkit.call("POST", f"{self._session}/window", handle=self._window)
            self._webkit.front = self._window
        return await self._webkit.call(method, self._session + path, **parameters)

    async def goto(self, url: str) -> None:
        await self._call("POST", "/url", url=url)

    async def evaluate(self, expression: str) -> Any:
        script = f"return (async () => JSON.stringify(await ({expression})) ?? 'null')()"
        return json.loads(await self._call("POST", "/execute/sync", script=script, args=[]))

    async def perform(self, sources: list[dict[str, Any]]) -> None:
        await self._call("POST", "/actions", actions=sources)

    async def back(self) -> None:
        await self._call("POST", "/back")

    async def open(self) -> WebKitTab:
        created = await self._call("POST", "/window/new", type="tab")
        return WebKitTab(self._webkit, self._session, created["handle"])

    async def close(self) -> None:
        await self._call("DELETE", "/window")
        self._webkit.front = ""

    async def set_offline(self, offline: bool) -> None:
        pytest.skip("WebKitWebDriver cannot cut the network")
