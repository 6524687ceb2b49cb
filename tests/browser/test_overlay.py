"""The debug overlay: what it shows of forms and events, and that it stays out of the page's way."""

import threading

from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

FORM = """<main><h1>Contact</h1><form id="contact" onsubmit="return false"><label>E-mail <input name="email"></label>
  <button>Go</button></form></main>"""
PANEL = "#website-tracker-debug"


async def open_panel(page: Page, host: SdkHost) -> None:
    # As in the snippet's own order, it listens before the first event is made.
    host.config_held = threading.Event()
    await page.goto(host.add_page("/", FORM + host.overlay_tag()))
    await page.wait_for_selector(f"{PANEL} aside")
    host.config_held.set()


async def test_shows_each_event_as_made_and_as_sent(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = 3_600_000
    await open_panel(page, host)
    view = page.locator(f"{PANEL} li", has_text="page_view")
    await view.locator("text=sent, acknowledged").wait_for()
    await page.evaluate("WebsiteTracker.track('by_hand', { colour: '<img src=x>' })")
    line = page.locator(f"{PANEL} li", has_text="by_hand")
    await line.locator("text=made, on the device").wait_for()
    await line.locator("summary").click()
    assert "<img src=x>" in await line.locator("pre").inner_text()
    await page.evaluate("WebsiteTracker.flush()")
    await line.locator("text=sent, acknowledged").wait_for()


async def test_shows_what_was_not_acknowledged(page: Page, host: SdkHost) -> None:
    await open_panel(page, host)
    await host.wait_for("page_view")
    await page.route("**/v1/track/events", lambda route: route.abort())
    await page.evaluate("WebsiteTracker.track('by_hand'); WebsiteTracker.flush()")
    line = page.locator(f"{PANEL} li", has_text="by_hand")
    await line.locator("text=not acknowledged").wait_for()


async def test_shows_role_and_outcome_of_each_field(page: Page, host: SdkHost) -> None:
    host.config["forms"] = [
        {"formId": "lead", "formName": "<b>Lead</b>", "formSelector": "#contact", "fields": [{"fieldName": "password"}]}
    ]
    form = """<form id="contact" onsubmit="return false"><input name="email"><input name="password" type="password">
      <input name="colour"><button>Go</button></form>"""
    await page.goto(host.add_page("/", form + host.overlay_tag()))
    await page.fill("[name=email]", "ann@example.com")
    await page.fill("[name=password]", "hunter2!")
    await page.fill("[name=colour]", "red")
    await page.click("#contact button")
    table = page.locator(f"{PANEL} table")
    await table.locator("text=redacted").wait_for()
    assert await table.locator("caption").inner_text() == "<b>Lead</b> (lead)"
    rows = {(await row.inner_text()).replace("\t", " ") for row in await table.locator("tbody tr").all()}
    assert {"email email sent", "password – redacted"} <= rows
    assert "hunter2!" not in await table.inner_text()


async def test_can_be_used_with_the_keyboard_and_read_aloud(page: Page, host: SdkHost) -> None:
    await open_panel(page, host)
    panel = page.get_by_role("complementary", name="Website tracker")
    await panel.get_by_role("region", name="Events").get_by_role("list").wait_for()
    fold = panel.get_by_role("button", name="Hide")
    await fold.focus()
    await page.keyboard.press("Enter")
    assert await panel.get_by_role("button", name="Show").get_attribute("aria-expanded") == "false"
    assert await panel.get_by_role("region", name="Events").count() == 0
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.locator(PANEL).count() == 0
    await page.evaluate("WebsiteTracker.track('unseen')")
    await host.wait_for("unseen")


async def test_is_not_there_unless_asked_for(page: Page, host: SdkHost) -> None:
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    await page.goto(host.add_page("/", FORM))
    await host.wait_for("page_view")
    assert not any("debug-overlay" in url for url in requested)
    assert await page.locator(PANEL).count() == 0


async def test_the_script_starts_without_it_where_it_cannot_be_had(page: Page, host: SdkHost) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.route("**/debug-overlay.v1.js", lambda route: route.abort())
    await page.goto(host.add_page("/", FORM + host.overlay_tag()))
    await host.wait_for("page_view")
    assert errors == []


async def test_is_no_part_of_the_page_that_is_captured(page: Page, host: SdkHost) -> None:
    await open_panel(page, host)
    await host.wait_for("page_view")
    await page.locator(f"{PANEL} >> text=Hide").click()
    await page.fill("[name=email]", "ann@example.com")
    await page.click("main button")
    await host.wait_for("form_submission")
    assert {event["payload"]["formId"] for event in host.events("form_submission")} == {"contact"}
