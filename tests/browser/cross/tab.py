"""One way to drive a tab of any browser, so that a flow is written once and runs in each of them.

Firefox speaks WebDriver BiDi and WebKitGTK classic WebDriver; both take the same *actions* (WebDriver, section 17),
from which the browser makes trusted mouse and key events. Chromium is driven by Playwright, as in all of
`tests/browser`. Playwright's own way to an installed Firefox asks for commands that the extended support release does
not know, and its WebKit is a build of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pytest

DEADLINE_SECONDS = 15
# In key actions the private use area stands for keys without a character (WebDriver, section 17.4.2).
KEYS = {"Tab": "\ue004", "Enter": "\ue007"}
# `host >>> input`: the second selector inside the shadow root of what the first one finds.
FIND = """((selector) => selector.split(' >>> ').reduce(
  (found, part) => (found.shadowRoot || found).querySelector(part), document))"""
CENTRE = """((element) => { element.scrollIntoView({ block: 'center', behavior: 'instant' });
  const box = element.getBoundingClientRect();
  return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)]; })"""


class DriverError(Exception):
    """The browser refused a command, or a script threw."""


class Tab(ABC):
    """A tab. Selectors are CSS, with ``>>>`` into an open shadow root. All tabs opened from one share its storage."""

    @abstractmethod
    async def goto(self, url: str) -> None:
        """Navigate, and wait until the page has loaded."""

    @abstractmethod
    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression as JSON has it, of a promise what it resolves to.

        :raises DriverError: when it throws, or the page is just being left.
        """

    @abstractmethod
    async def click(self, selector: str) -> None:
        """Click into the middle of an element."""

    @abstractmethod
    async def press(self, *keys: str) -> None:
        """Press keys one after the other: single characters, or names from `KEYS`."""

    @abstractmethod
    async def back(self) -> None:
        """One step back in the tab's history."""

    @abstractmethod
    async def open(self) -> Tab:
        """Another tab with the same storage."""

    @abstractmethod
    async def close(self) -> None:
        """Close the tab as its user would, with the events that go with it."""

    @abstractmethod
    async def set_offline(self, offline: bool) -> None:
        """Cut or restore the network of the browser; skips the test where the browser cannot."""

    async def type(self, selector: str, text: str) -> None:
        """Click into a field and type."""
        await self.click(selector)
        await self.press(*text)

    async def until(self, expression: str) -> Any:
        """Wait until the expression is true, on whatever page the tab has by then."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            problem: DriverError | None = None
            value = None
            try:
                value = await self.evaluate(expression)
            except DriverError as error:
                problem = error
            if value:
                return value
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {DEADLINE_SECONDS} s: {expression}") from problem
            await asyncio.sleep(0.02)


class ActionsTab(Tab):
    """A tab whose browser takes WebDriver actions."""

    @abstractmethod
    async def perform(self, sources: list[dict[str, Any]]) -> None:
        """Perform actions, and wait until the page has seen them."""

    async def click(self, selector: str) -> None:
        x, y = await self.evaluate(f"{CENTRE}({FIND}({json.dumps(selector)}))")
        move = {"type": "pointerMove", "x": x, "y": y, "duration": 0}
        buttons = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        await self.perform([{"type": "pointer", "id": "mouse", "actions": [move, *buttons]}])

    async def press(self, *keys: str) -> None:
        values = [KEYS.get(key, key) for key in keys]
        actions = [{"type": kind, "value": value} for value in values for kind in ("keyDown", "keyUp")]
        await self.perform([{"type": "key", "id": "keyboard", "actions": actions}])


class Engine(ABC):
    """A browser that is running; one for each xdist worker."""

    name: ClassVar[str]
    # Whether a page that is left is kept, to be shown again as it was. Playwright turns that off.
    keeps_pages: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def missing(cls) -> str:
        """What of this browser is not installed here; empty when nothing."""

    @abstractmethod
    async def start(self, folder: Path) -> None:
        """Start it, with all that it writes in this folder."""

    @abstractmethod
    async def visitor(self) -> Tab:
        """A tab of a browser that knows nothing: no tab opened before has shared its storage."""

    @abstractmethod
    async def forget(self) -> None:
        """Close the tabs of the last `visitor`, and what they have stored."""

    @abstractmethod
    async def stop(self) -> None:
        """End all its processes."""


def which(*programs: str) -> str | None:
    """The first of these that is on PATH."""
    return next((path for program in programs if (path := shutil.which(program))), None)


def require(engine: type[Engine]) -> None:
    """Skip the test when its browser is not here, or fail it where `TRACKER_TEST_REQUIRE` names the browser."""
    if missing := engine.missing():
        required = engine.name in os.environ.get("TRACKER_TEST_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)(missing)
