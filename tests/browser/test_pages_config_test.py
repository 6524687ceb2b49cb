"""The configuration test as an operator sees it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.pages_host import Watched, serve_demo, settings_of
from tests.fixtures.system import System
from tracker.config.service import ConfigService
from tracker.stores.relational import create_engine


def demo_key(system: System) -> str:
    settings = settings_of(system)
    engine = create_engine(settings)
    try:
        return ConfigService(engine, settings, actor="test", notify=lambda: None).publishable_key("localhost")
    finally:
        engine.dispose()


async def statuses(page: Page) -> dict[str, str]:
    await page.wait_for_selector("#result[aria-busy=false] [data-check=reach]")
    items = await page.locator("#checks > li").all()
    return {str(await item.get_attribute("data-check")): str(await item.get_attribute("data-status")) for item in items}


async def test_the_demo_page_itself_passes(page: Page, system: System) -> None:
    url = serve_demo(system, TRACKER_PAGE_CHECK_PRIVATE="true")
    watched = Watched(page)
    await page.goto(f"{url}/config-test?key={demo_key(system)}&url={url}/demo")
    found = await statuses(page)
    assert set(found.values()) == {"ok"}
    assert {"key", "origin", "cors", "address", "script", "config", "snippet", "csp", "selectors", "reach"} == set(
        found
    )
    assert await page.text_content("#summary") == "Nothing is wrong."
    # The key is neither in the address bar nor in the history.
    assert page.url == f"{url}/config-test"
    assert await page.evaluate("document.activeElement.id") == "result-title"
    assert watched.complaints == []


async def test_what_is_wrong_is_said_with_its_remedy(page: Page, system: System) -> None:
    url = serve_demo(system)
    await page.goto(f"{url}/config-test")
    await page.fill("#key", demo_key(system))
    await page.click("summary")
    await page.fill("#origin", "https://other.example")
    await page.fill("#html", "<form id=somewhere-else><input name=email></form>")
    await page.click("button[type=submit]")
    found = await statuses(page)
    assert {found[name] for name in ("origin", "cors", "snippet", "selectors")} == {"error"}
    assert await page.text_content("[data-check=origin] .remedy code") == (
        "trackerctl client update localhost --origin https://other.example"
    )
    assert "#somewhere-else" in (await page.text_content("[data-check=selectors] .remedy") or "")
    assert "things are wrong" in (await page.text_content("#summary") or "")


@pytest.mark.parametrize("way", ["typed", "address"])
async def test_a_secret_key_does_not_leave_the_browser(page: Page, system: System, way: str) -> None:
    url = serve_demo(system)
    secret = "sk_live_" + "s" * 43
    watched = Watched(page)
    await page.goto(f"{url}/config-test" + (f"?key={secret}" if way == "address" else ""))
    if way == "typed":
        await page.fill("#key", secret)
        await page.click("button[type=submit]")
    await page.wait_for_selector("#key-wrong:not([hidden])")
    assert "secret key" in (await page.text_content("#key-wrong") or "")
    assert await page.input_value("#key") == ""
    assert not any("/config-test/check" in request for request in watched.requests)
    assert secret not in await page.content()
    assert page.url == f"{url}/config-test"


async def test_what_an_answer_says_is_text(page: Page, system: System) -> None:
    url = serve_demo(system)
    watched = Watched(page)
    await page.goto(f"{url}/config-test")
    await page.fill("#key", demo_key(system))
    await page.click("summary")
    await page.fill("#html", '<form id="<img src=x onerror=alert(1)>"><input name=email></form>')
    await page.click("button[type=submit]")
    await statuses(page)
    assert "<img src=x" in (await page.text_content("[data-check=selectors]") or "")
    assert await page.locator("#checks img").count() == 0
    assert watched.complaints == []


async def test_a_limit_that_is_reached_is_said(page: Page, system: System) -> None:
    url = serve_demo(system, TRACKER_LIMIT_PAGE_CHECKS_PER_MINUTE="1")
    await page.goto(f"{url}/config-test")
    await page.fill("#key", demo_key(system))
    await page.click("button[type=submit]")
    await statuses(page)
    await page.click("button[type=submit]")
    await page.wait_for_selector("#summary:text('at most 1 a minute')")
