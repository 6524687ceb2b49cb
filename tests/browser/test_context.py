"""Visitors, sessions, where they came from, page views."""

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
    assert {event["type"] for event in host.events()} == {"session_start", "page_view"}


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


async def attributions(host: SdkHost, count: int) -> list[dict[str, dict[str, str]]]:
    starts = await host.wait_for("session_start", count)
    return [event["payload"]["attribution"] for event in starts]


async def test_begins_a_new_session_with_a_new_campaign_and_keeps_both_touches(page: Page, host: SdkHost) -> None:
    url = host.add_page("/")
    for number, query in enumerate(("", "?utm_source=news&utm_medium=e%20mail&gclid=g-1", "?fbclid=f-2"), start=1):
        await page.goto(url + query)
        await host.wait_for("page_view", number)
    direct, news, social = await attributions(host, 3)
    assert direct["first"] == direct["last"] == news["first"] == social["first"]
    assert (direct["first"]["url"], direct["first"]["referrer"]) == (url, "")
    assert news["last"]["url"] == f"{url}?utm_source=news&utm_medium=e%20mail&gclid=g-1"
    assert social["last"]["url"] == f"{url}?fbclid=f-2"
    assert len({event["sessionId"] for event in host.events("session_start")}) == 3
    assert len({event["visitorId"] for event in host.events()}) == 1


async def test_stays_in_the_session_while_the_campaign_is_the_same(page: Page, host: SdkHost) -> None:
    url = host.add_page("/")
    other = host.add_page("/other")
    addresses = (f"{url}?utm_source=a|b&msclkid=1", f"{other}?utm_source=a|b&msclkid=1", other)
    for number, address in enumerate(addresses, start=1):
        await page.goto(address)
        await host.wait_for("page_view", number)
    assert len(host.events("session_start")) == 1
    assert len({event["sessionId"] for event in host.events()}) == 1


async def test_an_older_tab_does_not_bring_its_campaign_back(page: Page, host: SdkHost) -> None:
    url = host.add_page("/")
    await page.goto(f"{url}?utm_campaign=old")
    await host.wait_for("page_view")
    other = await page.context.new_page()
    await other.goto(f"{url}?utm_campaign=new")
    await host.wait_for("page_view", 2)
    await page.evaluate("WebsiteTracker.track('older_tab'); WebsiteTracker.flush()")
    [event] = await host.wait_for("older_tab")
    assert event["sessionId"] == host.events("session_start")[-1]["sessionId"]
    assert len(host.events("session_start")) == 2


async def test_sees_a_campaign_that_the_site_takes_off_the_address(page: Page, host: SdkHost) -> None:
    cleaning = "<script>history.replaceState({}, '', location.pathname)</script>"
    await page.goto(host.add_page("/", cleaning) + "?utm_source=news")
    [start] = await attributions(host, 1)
    assert start["last"]["url"].endswith("?utm_source=news")


async def test_keeps_nothing_sensitive_of_a_campaign(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/") + "?utm_source=ann%40example.com&utm_term=4111111111111111&utm_medium=mail")
    [start] = await attributions(host, 1)
    assert start["last"]["url"].endswith("?utm_source=&utm_term=&utm_medium=mail")
    assert "ann%40" not in await page.evaluate("JSON.stringify(localStorage)")


async def test_survives_an_identity_that_is_none(page: Page, host: SdkHost) -> None:
    garbage = "<script>localStorage._crm_id = '{'; localStorage['_crm_q_1'] = '{'"
    await page.goto(host.add_page("/", head=garbage + "</script>"))
    [view] = await host.wait_for("page_view")
    assert UUID.match(view["visitorId"])


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
    assert await page.evaluate("JSON.parse(localStorage._crm_id)[0]") == after["visitorId"]


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
    await page.evaluate("WebsiteTracker.track('something')")
    await host.wait_for("something")
    assert host.events("page_view") == []


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
