"""Batches, retries, leaving: every event arrives, and none is under way twice at once."""

import json
import threading
from collections import Counter

from playwright.async_api import Page

from tests.browser.device import wait_until_acknowledged
from tests.browser.sdk_host import KEY, Answer, SdkHost

FORM = """<form id="lead" method="post" action="/next"><input name="email" value="">
<button>Go</button></form>"""
HOUR_MS = 3_600_000


async def test_sends_full_batches_of_50(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = HOUR_MS
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    await page.evaluate("for (let n = 0; n < 150; n++) WebsiteTracker.track('tick', { n })")
    await host.wait_for("tick", 150)
    sizes = [len(post.events) for post in host.posts]
    assert max(sizes) == 50
    body = json.loads(host.posts[-1].body)
    assert set(body) == {"apiKey", "sentAt", "events"}
    assert body["apiKey"] == KEY
    assert set(Counter(event["id"] for event in host.events()).values()) == {1}


async def test_waits_for_the_interval_before_sending(page: Page, host: SdkHost) -> None:
    await page.clock.install()
    host.config["batching"]["flushIntervalMs"] = 5000
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    await page.clock.pause_at(await page.evaluate("Date.now() / 1000 + 0.1"))
    await page.evaluate("WebsiteTracker.track('a'); WebsiteTracker.track('b')")
    assert host.events("a") == []
    await page.clock.run_for(5000)
    await host.wait_for("b")
    assert {event["type"] for event in host.posts[-1].events} == {"a", "b"}


async def test_retries_after_server_error_with_growing_waits(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(503), Answer(500)]
    await page.evaluate("WebsiteTracker.track('stubborn')")
    await host.wait_for("stubborn", 3)
    await wait_until_acknowledged(page)
    assert len({event["id"] for event in host.events("stubborn")}) == 1


async def test_obeys_retry_after(page: Page, host: SdkHost) -> None:
    await page.clock.install()
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(429, {"Retry_After": "120"})]
    await page.evaluate("WebsiteTracker.track('limited'); WebsiteTracker.flush()")
    await host.wait_for("limited")
    await page.clock.run_for(110_000)
    await page.evaluate("WebsiteTracker.flush()")
    assert len(host.events("limited")) == 1
    await page.clock.run_for(15_000)
    await host.wait_for("limited", 2)


async def test_does_not_retry_what_was_refused(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(422)]
    await page.evaluate("WebsiteTracker.track('refused'); WebsiteTracker.flush()")
    await wait_until_acknowledged(page)
    await page.evaluate("WebsiteTracker.track('later'); WebsiteTracker.flush()")
    await host.wait_for("later")
    assert len(host.events("refused")) == 1


async def test_drops_single_events_rejected_from_a_good_batch(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(body={"success": True, "queued": 0, "rejected": [{"index": 0, "id": "x", "reason": "bad"}]})]
    await page.evaluate("WebsiteTracker.track('rejected'); WebsiteTracker.flush()")
    await wait_until_acknowledged(page)
    assert len(host.events("rejected")) == 1


async def test_sends_what_waits_when_the_page_is_left(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = HOUR_MS
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await page.evaluate("WebsiteTracker.track('last_words')")
    await page.goto("about:blank")
    await host.wait_for("last_words")


async def test_never_has_one_event_in_two_requests_at_once(page: Page, host: SdkHost) -> None:
    held = threading.Event()
    await page.goto(host.add_page("/", FORM))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.add_page("/next")
    host.answers = [Answer(held=held)]
    await page.fill("[name=email]", "ann@example.com")
    await page.evaluate("document.forms[0].method = 'get'")
    await page.click("button")
    await page.wait_for_url("**/next*")
    await host.until(lambda: len(host.events("page_view")) > 1, "view of the next page")
    other = await page.context.new_page()
    await other.goto(host.add_page("/third"))
    await host.until(lambda: len(host.events("page_view")) > 2, "view of the third page")
    assert len(host.events("form_submission")) == 1
    held.set()


async def test_stays_silent_with_an_unknown_key(page: Page, host: SdkHost) -> None:
    host.config_status = 401
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/", FORM))
    await (await answer.value).finished()
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await page.wait_for_url("**/next")
    assert host.posts == []
    assert errors == []


async def test_an_acknowledged_backlog_does_not_wait_for_the_interval(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = HOUR_MS
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    await page.context.set_offline(True)
    await page.evaluate("for (let n = 0; n < 120; n++) WebsiteTracker.track('offline', { n })")
    await page.context.set_offline(False)
    await page.evaluate("WebsiteTracker.flush()")
    await host.wait_for("offline", 120)


async def test_brings_more_than_the_browser_lets_a_page_leave_behind(page: Page, host: SdkHost) -> None:
    held = threading.Event()
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    host.answers = [Answer(held=held)] * 2
    before = len(host.posts)
    await page.evaluate(
        """for (let n = 0; n < 40; n++) WebsiteTracker.track('wide', { n, text: 'ż'.repeat(2000) });
           WebsiteTracker.flush()"""
    )
    await page.goto("about:blank")
    await host.until(lambda: len(host.posts) > before, "the part that fits")
    held.set()
    await page.goto(host.add_page("/next"))
    await host.until(lambda: {event["payload"]["n"] for event in host.events("wide")} == set(range(40)), "the rest")


async def test_comes_back_from_the_back_forward_cache(page: Page, host: SdkHost) -> None:
    first, second = host.add_page("/"), host.add_page("/second")
    await page.goto(first)
    await host.wait_for("page_view")
    await wait_until_acknowledged(page)
    handlers = await page.evaluate("[window.onunload, window.onbeforeunload]")
    assert handlers == [None, None]
    await page.goto(second)
    await host.wait_for("page_view", 2)
    await page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    await page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    await page.evaluate("WebsiteTracker.track('after_return')")
    await host.wait_for("after_return")
    await wait_until_acknowledged(page)
