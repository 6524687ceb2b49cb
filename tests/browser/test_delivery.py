"""Batches, retries, persistence: every event arrives, and none is under way twice at once."""

import json
import threading
from collections import Counter

from playwright.async_api import Page

from tests.browser.sdk_host import KEY, Answer, SdkHost

FORM = """<form id="lead" method="post" action="/next"><input name="email" value="">
<button>Go</button></form>"""
HOUR_MS = 3_600_000


async def wait_until_acknowledged(page: Page) -> None:
    await page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('_crm_q_'))")


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
    assert [event["type"] for event in host.posts[-1].events] == ["b", "a"]


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
           for (let n = 0; n < 1100; n++) WebsiteTracker.track('noise', { n })"""
    )
    stored = await page.evaluate(
        "JSON.parse(localStorage[Object.keys(localStorage).find(key => key.startsWith('_crm_q_'))])[1]"
    )
    assert len(stored) <= 1000
    assert stored[0]["type"] == "form_submission"
    assert stored[-1]["payload"]["n"] == 1099


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
    await page.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }"
    )
    await page.goto(host.add_page("/"))
    await page.evaluate("WebsiteTracker.track('one'); WebsiteTracker.track('two')")
    await host.wait_for("two")
    assert len({event["sessionId"] for event in host.events()}) == 1
    assert len(host.events("session_start")) == 1


async def test_uses_the_kept_configuration_when_the_server_fails(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    host.config_status = 503
    await page.goto(host.add_page("/second"))
    await host.until(lambda: len(host.events("page_view")) > 1, "second page view")


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
