"""Chromium by Playwright behind the interface of the others: what a flow says of them has to hold here as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Error, Page, async_playwright

from tests.browser.cross.tab import DriverError, Engine, Tab
from tests.fixtures.browser import FLAGS, NAMES, find_chromium


class Chromium(Engine):
    name = "chromium"
    keeps_pages = False

    @classmethod
    def missing(cls) -> str:
        return "" if find_chromium() else f"no Chromium on PATH ({', '.join(NAMES)})"

    async def start(self, folder: Path) -> None:
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)

    async def visitor(self) -> ChromiumTab:
        self._context = await self._browser.new_context()
        self._context.set_default_timeout(15_000)
        return ChromiumTab(self._context, await self._context.new_page())

    async def forget(self) -> None:
        await self._context.close()

    async def stop(self) -> None:
        await self._browser.close()
        await self._playwright.stop()


class ChromiumTab(Tab):
    def __init__(self, context: BrowserContext, page: Page) -> None:
        self._context = context
        self._page = page

    async def goto(self, url: str) -> None:
        await self._page.goto(url)

    async def evaluate(self, expression: str) -> Any:
        try:
            return await self._page.evaluate(f"async () => {expression}")
        except Error as error:
            raise DriverError(error.message) from error

    async def click(self, selector: str) -> None:
        # Playwright's CSS goes through open shadow roots by itself.
        await self._page.click(selector.replace(" >>> ", " "))

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._page.keyboard.press(key)

    async def back(self) -> None:
        await self._page.go_back()

    async def open(self) -> ChromiumTab:
        return ChromiumTab(self._context, await self._context.new_page())

    async def close(self) -> None:
        await self._page.close()

    async def set_offline(self, offline: bool) -> None:
        await self._context.set_offline(offline)
