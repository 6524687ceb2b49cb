"""Visitors, sessions, page views and the public API."""

import re

from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


async def test_describes_every_event(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/start"))
    [event] = await host.wait_for("page_view")
    assert all(UUID.match(event[key]) for key in ("id", "sessionId", "visitorId"))
    assert isinstance(event["timestamp"], int)
    assert event["metadata"]["language"]
    assert event["metadata"]["timezone"]
    assert event["payload"]["page"] == {
        "url": f"{host.url}/start",
        "path": "/start",
        "title": "Page /start",
        "referrer": "",
    }
    assert {event["type"] for event in host.events()} == {"tracker_initialized", "session_start", "page_view"}


async def test_begins_a_new_session_after_30_idle_minutes(page: Page, host: SdkHost) -> None:
    await page.clock.install()
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    for minutes, kind in ((29, "still_here"), (31, "back_again")):
        await page.clock.fast_forward(minutes * 60_000)
        await page.evaluate("kind => { WebsiteTracker.track(kind); WebsiteTracker.flush() }", kind)
        await host.wait_for(kind)
    [first], [second] = host.events("still_here"), host.events("back_again")
    assert first["sessionId"] == host.events("page_view")[0]["sessionId"]
    assert second["sessionId"] != first["sessionId"]
    assert second["visitorId"] == first["visitorId"]
    assert len(host.events("session_start")) == 2


async def test_tabs_share_visitor_and_session(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    other = await page.context.new_page()
    await other.goto(host.add_page("/other"))
    await host.wait_for("page_view", 2)
    assert len({(event["visitorId"], event["sessionId"]) for event in host.events()}) == 1
    assert len(host.events("session_start")) == 1


async def test_keeps_the_visitor_when_the_page_clears_the_storage(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await page.evaluate("localStorage.clear(); WebsiteTracker.track('after')")
    [after] = await host.wait_for("after")
    assert after["visitorId"] == host.events("page_view")[0]["visitorId"]
    assert after["sessionId"] == host.events("page_view")[0]["sessionId"]
    assert await page.evaluate("localStorage._crm_visitor_id") == after["visitorId"]


async def test_sees_routes_of_single_page_applications(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/app"))
    await host.wait_for("page_view")
    await page.evaluate("history.pushState({}, '', '/app/a'); document.title = 'A'")
    await host.wait_for("page_view", 2)
    await page.evaluate("history.replaceState({}, '', location.href)")
    await page.evaluate("location.hash = '#/b'")
    await host.wait_for("page_view", 3)
    views = [event["payload"]["page"] for event in host.events("page_view")]
    assert [view["url"].removeprefix(host.url) for view in views] == ["/app", "/app/a", "/app/a#/b"]
    assert (views[1]["title"], views[1]["referrer"]) == ("A", f"{host.url}/app")


async def test_sends_no_page_views_where_switched_off(page: Page, host: SdkHost) -> None:
    host.config["features"]["pageViews"] = False
    await page.goto(host.add_page("/"))
    await host.wait_for("tracker_initialized")
    assert host.events("page_view") == []


async def test_is_harmless_when_loaded_twice(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/", f'<script src="{host.api_url}/main-app.v1.js"></script>'))
    await page.evaluate("WebsiteTracker.track('once')")
    await host.wait_for("once")
    assert len(host.events("page_view")) == 1


async def test_keeps_calls_made_before_the_configuration_arrived(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/", "<script>WebsiteTracker.track('early_bird', { n: 1 })</script>"))
    [event] = await host.wait_for("early_bird")
    assert event["payload"]["n"] == 1


async def test_never_throws_at_the_page(page: Page, host: SdkHost) -> None:
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(host.add_page("/"))
    await page.evaluate(
        """const loop = {}; loop.loop = loop;
           WebsiteTracker.track(); WebsiteTracker.track('loop', loop);
           WebsiteTracker.identify(); WebsiteTracker.consent();
           WebsiteTracker.track('Signed up!', { plan: 'x' }); WebsiteTracker.consent('granted');
           WebsiteTracker.track('fine')"""
    )
    await host.wait_for("fine")
    assert errors == []
