"""The service's own pages are for everybody: no serious finding of axe, no sideways scrolling, light and dark."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page

from tests.browser.pages_host import Watched, findings, serve_demo
from tests.fixtures.browser import leave
from tests.fixtures.system import System

PAGES = (
    "/demo",
    "/demo?client=nobody.example",
    "/example",
    "/example/quote",
    "/example/tour",
    "/example/tour/sign-up",
    "/example/widget",
    "/example/thanks",
    "/config-test",
)


async def opened(chromium: Browser, scheme: str, width: int) -> Page:
    context = await chromium.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": width, "height": 800}
    )
    context.set_default_timeout(15_000)
    return await context.new_page()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
async def test_every_page_is_accessible_loads_nothing_from_elsewhere_and_fits(
    chromium: Browser, system: System, scheme: str, width: int
) -> None:
    url = serve_demo(system)
    page = await opened(chromium, scheme, width)
    try:
        for path in PAGES:
            watched = Watched(page)
            await page.goto(url + path)
            await page.wait_for_load_state("load")
            # Before axe looks: it styles the page itself, which the policy refuses it.
            assert [text for text in watched.complaints if "404" not in text] == [], path
            assert await findings(page) == [], path
            wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} scrolls sideways by {wide} px"
            assert watched.hosts == {url}, path
    finally:
        await leave(page.context.close())


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_pages_are_accessible_in_use(chromium: Browser, system: System, scheme: str) -> None:
    url = serve_demo(system)
    page = await opened(chromium, scheme, 1000)
    try:
        await page.goto(f"{url}/demo")
        await page.fill("[name=email]", "ada@example.com")
        await page.fill("[name=password]", "Tr0ub4dor&3")
        await page.click("button[type=submit]")
        await page.wait_for_selector("#events [data-stage=queued][data-state=done]")
        await page.click("#events li:first-child summary")
        assert await findings(page) == []

        await page.goto(f"{url}/example/quote")
        await page.fill("[name=garden_size]", "40")
        await page.click("[data-next]")
        assert await findings(page) == []

        await page.goto(f"{url}/config-test?key=sk_live_{'x' * 43}")
        await page.wait_for_selector("#key-wrong:not([hidden])")
        assert await findings(page) == []
        await page.fill("#key", f"pk_live_{'x' * 43}")
        await page.click("button[type=submit]")
        await page.wait_for_selector("[data-check=key]")
        assert await findings(page) == []
    finally:
        await leave(page.context.close())


async def test_a_keyboard_gets_past_the_navigation(page: Page, system: System) -> None:
    url = serve_demo(system)
    await page.goto(f"{url}/config-test")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.id") == "key"
