"""Persistence: what was made is kept until it is acknowledged, whatever becomes of the page and its storage."""

import threading
from collections import Counter

import pytest
from playwright.async_api import Page

from tests.browser.device import kept_events, wait_until_acknowledged
from tests.browser.sdk_host import Answer, SdkHost

FORM = """<form id="lead" method="post" action="/next"><input name="email" value="">
<button>Go</button></form>"""
HOUR_MS = 3_600_000


async def test_keeps_each_event_on_the_device_until_acknowledged(page: Page, host: SdkHost) -> None:
    held = threading.Event()
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(held=held)]
    await page.evaluate("WebsiteTracker.track('kept'); WebsiteTracker.flush()")
    await host.wait_for("kept")
    assert "kept" in await page.evaluate("JSON.stringify(localStorage)")
    held.set()
    await wait_until_acknowledged(page)


async def test_resends_on_the_next_page_what_failed_on_this_one(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(503)]
    async with page.expect_response("**/v1/track/events"):
        await page.evaluate("WebsiteTracker.track('postponed'); WebsiteTracker.flush()")
    await page.goto(host.add_page("/next"))
    await host.wait_for("postponed", 2)
    await wait_until_acknowledged(page)


async def test_keeps_events_made_offline_for_the_next_visit(page: Page, host: SdkHost) -> None:
    url = host.add_page("/")
    await page.goto(url)
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    await page.context.set_offline(True)
    await page.evaluate("for (let n = 0; n < 500; n++) WebsiteTracker.track('offline', { n })")
    await page.goto("about:blank")
    await page.close()
    await page.context.set_offline(False)
    again = await page.context.new_page()
    await again.goto(url)
    await host.wait_for("offline", 500)
    await wait_until_acknowledged(again)
    counts = Counter(event["payload"]["n"] for event in host.events("offline"))
    assert set(counts) == set(range(500))
    assert set(counts.values()) == {1}


async def test_bounds_the_queue_and_lets_submissions_go_last(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    await page.context.set_offline(True)
    await page.evaluate(
        """WebsiteTracker.track('form_submission', { formId: 'x' });
           for (let n = 0; n < 30; n++) WebsiteTracker.track('noise', { n, text: 'x'.repeat(50000) })"""
    )
    await page.context.set_offline(False)
    await host.wait_for("form_submission")
    await wait_until_acknowledged(page)
    noise = {event["payload"]["n"] for event in host.events("noise")}
    # Some are of one millisecond.
    assert set(range(15, 30)) <= noise
    assert not noise & set(range(5))


async def test_works_with_storage_blocked(page: Page, host: SdkHost) -> None:
    await page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(host.add_page("/", FORM))
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["visitorId"]
    assert errors == []


async def test_works_with_storage_full(page: Page, host: SdkHost) -> None:
    # To the last character: halves what still fits until nothing does.
    await page.add_init_script(
        """localStorage.clear();
           for (let size = 8e6, n = 0; size >= 1; )
             try { localStorage['host' + n++] = 'x'.repeat(size) } catch { size /= 2 }"""
    )
    await page.goto(host.add_page("/"))
    await page.evaluate("WebsiteTracker.track('one'); WebsiteTracker.track('two')")
    assert await kept_events(page) == []
    await host.wait_for("two")
    assert len({event["sessionId"] for event in host.events()}) == 1
    assert len(host.events("session_start")) == 1


async def test_goes_by_what_the_snippet_says_while_the_server_fails(page: Page, host: SdkHost) -> None:
    host.config_status = 503
    await page.goto(host.add_page("/second", config={"consent": {"mode": "none"}}))
    await host.wait_for("page_view")


@pytest.mark.parametrize("hint", [None, {"mode": "none"}], ids=["unknown", "known"])
async def test_a_first_page_that_is_left_at_once_delivers_only_where_the_page_tells_the_consent_rules(
    page: Page, host: SdkHost, hint: dict[str, str] | None
) -> None:
    host.config_held = threading.Event()
    await page.goto(host.add_page("/", FORM, config={"consent": hint} if hint else None))
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await page.wait_for_url("**/next")
    if hint:
        await host.wait_for("form_submission")
        await host.wait_for("page_view")
    else:
        assert await page.evaluate("Object.keys(localStorage)") == []
        assert host.posts == []
    host.config_held.set()


async def test_gives_up_on_events_after_seven_days(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    day = 24 * HOUR_MS
    await page.evaluate(
        """ages => ages.forEach((age, n) => {
             const then = Date.now() - age;
             const event = { id: 'left-' + n, type: 'left_over', timestamp: then, payload: { n } };
             localStorage['_crm_q_0' + then + 'left' + n] = then + JSON.stringify(event);
           })""",
        [6 * day, 8 * day],
    )
    [event] = await host.wait_for("left_over")
    assert event["payload"]["n"] == 0
    await wait_until_acknowledged(page)
    assert len(host.events("left_over")) == 1


async def test_tabs_that_wake_together_bring_all_that_was_left_over(page: Page, host: SdkHost) -> None:
    url = host.add_page("/")
    await page.goto(url)
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    tabs = [page, *[await page.context.new_page() for _ in range(3)]]
    for tab in tabs[1:]:
        await tab.goto(url)
    await host.wait_for("page_view", 4)
    await wait_until_acknowledged(page)
    await page.evaluate(
        """for (let n = 0; n < 30; n++) {
             const event = { id: 'left-' + n, type: 'left_over', timestamp: Date.now(), payload: { n } };
             localStorage['_crm_q_0' + event.timestamp + 'left' + n] = event.timestamp + JSON.stringify(event);
           }"""
    )
    await host.wait_for("left_over", 30)
    await wait_until_acknowledged(page)
    # Between processes the device's storage lags behind the lock; the server knows each event by its id.
    assert {event["id"] for event in host.events("left_over")} == {f"left-{n}" for n in range(30)}
