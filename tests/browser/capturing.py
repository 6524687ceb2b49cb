"""What the tests of capturing share: a form, and waiting until all that was made has arrived."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

EMAIL = "ann@example.com"
FORM = """<form id="f" onsubmit="return false"><input name="email" placeholder="E-mail"><input name="phone"
 placeholder="Phone"><button type="submit">Go</button></form>"""


def form_config(**changes: Any) -> dict[str, Any]:
    return {
        "formId": "f-1",
        "formName": "Ours",
        "formSelector": "#f",
        "alternativeSelectors": [],
        "fields": [],
    } | changes


async def open_page(page: Page, host: SdkHost, body: str) -> None:
    """The page, with the script's configuration read."""
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/", body))
    await (await answer.value).finished()
    await host.wait_for("page_view")


async def submitted(page: Page, host: SdkHost, count: int = 1) -> dict[str, Any]:
    """The payload of the latest of so many submissions, and of no more than these."""
    await host.wait_for("form_submission", count)
    await settle(page, host)
    found = host.events("form_submission")
    assert len(found) == count
    payload: dict[str, Any] = found[-1]["payload"]
    return payload


async def settle(page: Page, host: SdkHost) -> None:
    """All events that were made before have arrived: a mark made after them has, and nothing waits on the device."""
    marks = len(host.events("mark"))
    await page.evaluate("WebsiteTracker.track('mark'); WebsiteTracker.flush()")
    await host.wait_for("mark", marks + 1)
    await page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('_crm_q_'))")
