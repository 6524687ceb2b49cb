"""The example site: every kind of form on it ends as a lead, on the real system."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

from tests.browser.pages_host import serve_demo
from tests.fixtures.processes import wait_until_async
from tests.fixtures.system import System

# Real system, two processes and a browser on a busy machine.
PATIENCE = 30.0


async def submitted(system: System, email: str) -> dict[str, Any]:
    """The submission with this e-mail, once it is stored."""
    query = {"eventType": "form_submission", "payload.form.fields": {"$exists": True}}

    def look() -> dict[str, Any] | None:
        rows = list(system.database.events.find(query))
        return next((row for row in rows if email in row["payload"]["form"]["fields"].values()), None)

    found: dict[str, Any] = await wait_until_async(look, timeout=PATIENCE)
    return found


async def ready(page: Page, url: str) -> None:
    await page.goto(url)
    await page.wait_for_function("window.WebsiteTracker && !window.WebsiteTracker.q")


async def test_each_form_of_the_site_is_captured(page: Page, system: System) -> None:
    url = serve_demo(system, worker=True)

    # Sent by the browser itself, which leaves the page at once.
    await ready(page, f"{url}/example")
    await page.fill("#first", "Ada")
    await page.fill("#last", "Lovelace")
    await page.fill("#contact-email", "contact@example.com")
    await page.fill("#contact-message", "A garden, please.")
    await page.check("[name=terms]")
    await page.click("#contact button")
    await page.wait_for_url("**/example/thanks?client=*")
    fields = (await submitted(system, "contact@example.com"))["payload"]["form"]["fields"]
    assert (fields["first_name"], fields["last_name"], fields["message"]) == ("Ada", "Lovelace", "A garden, please.")
    assert "website" not in fields, "the honeypot was captured"

    await ready(page, f"{url}/example")
    await page.fill("#newsletter-email", "newsletter@example.com")
    await page.click("#newsletter button")
    await page.wait_for_selector("#newsletter [role=status]:text('on the list')")
    assert (await submitted(system, "newsletter@example.com"))["payload"]["form"]["formId"] == "newsletter"

    await ready(page, f"{url}/example/quote")
    await page.fill("#size", "40")
    await page.click("[data-next]")
    await page.fill("#full", "Grace Hopper")
    await page.click("[data-next]")
    await page.fill("#quote-email", "quote@example.com")
    await page.click("[data-send]")
    event = await submitted(system, "quote@example.com")
    assert event["payload"]["form"]["fields"]["full_name"] == "Grace Hopper", "an earlier step was lost"

    await ready(page, f"{url}/example/tour")
    await page.click("[data-route$=plans]")
    await page.click("[data-route$=sign-up]")
    assert page.url.startswith(f"{url}/example/tour/sign-up")
    await page.fill("#tour-email", "tour@example.com")
    await page.click("#sign-up button")
    event = await submitted(system, "tour@example.com")
    assert event["payload"]["page"]["path"] == "/example/tour/sign-up"

    await ready(page, f"{url}/example/widget")
    await page.fill("call-back-form #cb-name", "Mary Somerville")
    await page.fill("call-back-form #cb-phone", "+44 20 7946 0958")
    await page.fill("call-back-form #cb-email", "widget@example.com")
    await page.click("call-back-form button")
    event = await submitted(system, "widget@example.com")
    assert event["payload"]["form"]["fields"]["phone"] == "+44 20 7946 0958"

    def seen() -> bool:
        rows = system.database.events.find({"eventType": "page_view"})
        paths = {row["payload"]["page"]["path"] for row in rows}
        return {"/example", "/example/thanks", "/example/tour", "/example/tour/plans", "/example/tour/sign-up"} <= paths

    await wait_until_async(seen, timeout=PATIENCE)
    leads = {lead["email"] for lead in system.database.leads.find({"status": "submitted"})}
    assert leads == {f"{name}@example.com" for name in ("contact", "newsletter", "quote", "tour", "widget")}


async def test_a_route_opened_directly_and_the_way_back_show_the_right_view(page: Page, system: System) -> None:
    url = serve_demo(system)
    await page.goto(f"{url}/example/tour/plans")
    assert await page.text_content("[data-view-title]") == "Plans"
    await page.click("[data-route$=sign-up]")
    assert await page.text_content("[data-view-title]") == "Sign up"
    await page.go_back()
    await page.wait_for_function("document.querySelector('[data-view-title]').textContent === 'Plans'")
    assert await page.get_attribute("[data-route$=plans]", "aria-current") == "page"
