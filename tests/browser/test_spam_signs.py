"""What the snippet notes, so that the server can tell programs from people: time to fill, and typing out of sight."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.capturing import EMAIL, settle
from tests.browser.sdk_host import KEY, SdkHost
from tracker.embed import Snippet, embed_html

AWAY = "position:absolute;left:-9999px"
FORM = '<form id="f" onsubmit="return false"><input name="email">{}<button>Go</button></form>'


async def open_form(page: Page, host: SdkHost, field: str, after: str = "") -> None:
    """A page with the snippet as it is printed for it."""
    head = embed_html(Snippet(KEY, host.api_url))
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/", FORM.format(field) + after, tracked=False, head=""))
        await page.evaluate("html => document.head.append(document.createRange().createContextualFragment(html))", head)
    await (await answer.value).finished()
    await host.wait_for("page_view")


async def sent(page: Page, host: SdkHost) -> dict[str, object]:
    await page.locator("[name=email]").press_sequentially(EMAIL)
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    await settle(page, host)
    payload: dict[str, object] = event["payload"]
    return payload


async def test_the_time_since_the_page_was_opened_goes_with_a_submission(page: Page, host: SdkHost) -> None:
    await open_form(page, host, "")
    before = await page.evaluate("performance.now()")
    payload = await sent(page, host)
    after = await page.evaluate("performance.now()")
    told = payload["fillMs"]
    assert isinstance(told, int) and before - 1 <= told <= after + 1
    assert "honeypot" not in payload


@pytest.mark.parametrize("style", [AWAY, "opacity:0", "position:absolute;top:-900px"])
async def test_keys_struck_in_a_hidden_field_are_told_of_and_not_what_was_typed(
    page: Page, host: SdkHost, style: str
) -> None:
    await open_form(page, host, f'<div style="{style}"><input name="website" tabindex="-1" autocomplete="off"></div>')
    await page.evaluate("document.querySelector('[name=website]').focus()")
    await page.keyboard.type("spam.example")
    payload = await sent(page, host)
    assert payload["honeypot"] is True
    assert "spam.example" not in host.everything


@pytest.mark.parametrize(
    ("field", "script"),
    [
        pytest.param(f'<input name="utm" style="{AWAY}">', "e.value = 'ads'", id="set by script"),
        pytest.param(
            '<input name="utm" type="hidden">', "e.value = 'ads'; e.dispatchEvent(new Event('input'))", id="cms"
        ),
        pytest.param(
            f'<input name="widget" style="{AWAY}">',
            "e.value = '1'; e.dispatchEvent(new InputEvent('input', { data: '1', bubbles: true }))",
            id="widget that makes events",
        ),
        pytest.param(
            '<label><input type="checkbox" name="terms" style="opacity:0">I agree</label>', "e.click()", id="box"
        ),
    ],
)
async def test_what_widgets_and_sites_do_to_hidden_fields_is_no_sign(
    page: Page, host: SdkHost, field: str, script: str
) -> None:
    await open_form(page, host, field)
    await page.evaluate("script => { const e = document.querySelectorAll('#f input')[1]; eval(script) }", script)
    assert "honeypot" not in await sent(page, host)


async def test_a_field_out_of_the_tab_order_but_in_sight_is_no_sign(page: Page, host: SdkHost) -> None:
    await open_form(page, host, '<input name="code" tabindex="-1">')
    await page.click("[name=code]")
    await page.keyboard.type("1234")
    assert "honeypot" not in await sent(page, host)


async def test_another_form_of_the_page_is_not_to_blame(page: Page, host: SdkHost) -> None:
    other = f'<form id="g"><input name="trap" style="{AWAY}"></form>'
    await open_form(page, host, "", other)
    await page.evaluate("document.querySelector('[name=trap]').focus()")
    await page.keyboard.type("x")
    assert "honeypot" not in await sent(page, host)
