"""Every event arrives, whatever becomes of the server, the network, the page or its tab; in each of the browsers."""

import threading

from tests.browser.cross.flows import ACKNOWLEDGED, CONTACT, HOUR_MS, prepared, unreachable, visit
from tests.browser.cross.tab import Engine, Tab
from tests.browser.sdk_host import Answer, SdkHost, default_config

# When nobody waits any more for an answer that a page has not heard.
A_MINUTE_LATER = "const now = Date.now; Date.now = () => now() + 60_000"


async def test_retries_after_an_error_of_the_server(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host)
    host.answers = [Answer(503)]
    await tab.evaluate("void WebsiteTracker.track('stubborn')")
    await host.wait_for("stubborn", 2)
    await tab.until(ACKNOWLEDGED)
    assert len({event["id"] for event in host.events("stubborn")}) == 1


async def test_brings_on_the_next_page_what_met_a_dead_server_on_this_one(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host, CONTACT)
    with unreachable(host):
        await tab.type("[name=email]", "ann@example.com")
        await tab.click("button")
        await tab.until("location.pathname === '/thanks'")
    await tab.goto(host.add_page("/next", prepared(host, A_MINUTE_LATER), tracked=False))
    event, *copies = await host.wait_for("form_submission")
    # A browser may repeat by itself what got no answer.
    assert {copy["id"] for copy in copies} <= {event["id"]}
    assert event["payload"]["fields"] == {"email": "ann@example.com"}
    assert event["payload"]["page"]["path"] == "/"
    await tab.until(ACKNOWLEDGED)


async def test_sends_what_was_made_offline_when_the_network_is_back(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host)
    await tab.set_offline(True)
    await tab.evaluate("(() => { for (let n = 0; n < 120; n++) WebsiteTracker.track('offline', { n }) })()")
    await tab.set_offline(False)
    await host.wait_for("offline", 120)
    await tab.until(ACKNOWLEDGED)
    assert sorted(event["payload"]["n"] for event in host.events("offline")) == list(range(120))


async def test_sends_what_waits_when_the_page_is_left(tab: Tab, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = HOUR_MS
    await visit(tab, host)
    await tab.evaluate("void WebsiteTracker.track('last_words', { text: 'x'.repeat(3000) })")
    await tab.goto(host.add_page("/elsewhere", tracked=False))
    await host.wait_for("last_words")


async def test_brings_the_events_of_a_closed_tab_on_the_next_visit(tab: Tab, host: SdkHost) -> None:
    # Nobody is there who could take the events over before the visit.
    await tab.goto(host.add_page("/plain", tracked=False))
    other = await tab.open()
    host.config["batching"]["flushIntervalMs"] = HOUR_MS
    await visit(other, host)
    # Nobody hears this answer.
    host.answers = [Answer(503)]
    await other.evaluate("void WebsiteTracker.track('orphan')")
    await other.close()
    await host.wait_for("orphan")
    host.config = default_config()
    await tab.goto(host.add_page("/again", prepared(host, A_MINUTE_LATER), tracked=False))
    first, second = await host.wait_for("orphan", 2)
    assert first["id"] == second["id"]
    await tab.until(ACKNOWLEDGED)


async def test_shares_visitor_and_session_between_tabs(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host)
    other = await tab.open()
    await other.goto(host.add_page("/second"))
    first, second = await host.wait_for("page_view", 2)
    assert first["visitorId"] == second["visitorId"]
    assert first["sessionId"] == second["sessionId"]
    assert len(host.events("session_start")) == 1


async def test_has_one_event_in_one_request_at_a_time(tab: Tab, host: SdkHost) -> None:
    held = threading.Event()
    await visit(tab, host)
    host.answers = [Answer(held=held)]
    await tab.evaluate("void (WebsiteTracker.track('once'), WebsiteTracker.flush())")
    await host.wait_for("once")
    other = await tab.open()
    await other.goto(host.add_page("/second"))
    await host.wait_for("page_view", 2)
    held.set()
    await tab.until(ACKNOWLEDGED)
    assert len(host.events("once")) == 1


async def test_works_on_a_page_that_comes_out_of_the_back_forward_cache(
    engine: Engine, tab: Tab, host: SdkHost
) -> None:
    # Firefox keeps no page that must not be stored.
    host.page_headers = {}
    # No page is kept whose request is under way, whoever made it.
    host.config["batching"]["flushIntervalMs"] = 60_000
    script = "<script>addEventListener('pageshow', (event) => { window.kept = event.persisted })</script>"
    await visit(tab, host, script + CONTACT)
    await tab.until("!Object.keys(localStorage).some((key) => key.startsWith('_crm_q_'))")
    await tab.goto(host.add_page("/next", tracked=False))
    await tab.back()
    # The tracker must not be what keeps the page out of it.
    await tab.until(f"location.pathname === '/' && kept === {str(engine.keeps_pages).lower()}")
    await tab.until("!!window.WebsiteTracker?.track")
    await tab.type("[name=email]", "ann@example.com")
    await tab.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"] == {"email": "ann@example.com"}
    await tab.until("location.pathname === '/thanks'")
    ids = [event["id"] for event in host.events()]
    assert len(ids) == len(set(ids))


async def test_works_where_storage_is_blocked(tab: Tab, host: SdkHost) -> None:
    script = """
      window.problems = [];
      addEventListener('error', (event) => problems.push(event.message));
      addEventListener('unhandledrejection', (event) => problems.push(String(event.reason)));
      const get = () => { throw new DOMException('no', 'SecurityError') };
      Object.defineProperty(window, 'localStorage', { get })"""
    await tab.goto(host.add_page("/", prepared(host, script) + CONTACT, tracked=False))
    await host.wait_for("page_view")
    await tab.type("[name=email]", "ann@example.com")
    assert await tab.evaluate("problems") == []
    await tab.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["visitorId"]
    assert event["payload"]["fields"] == {"email": "ann@example.com"}
