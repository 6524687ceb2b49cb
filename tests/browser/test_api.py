"""The public API: what pages call, before and after the script has loaded, and pages that make that hard."""

import pytest
from playwright.async_api import Page

from tests.browser.sdk_host import NONCE, SdkHost

STUB = """<script>WebsiteTracker = { q: [] };
  for (const name of ['track', 'identify', 'consent', 'flush', 'reset', 'chat', 'on'])
    WebsiteTracker[name] = (...args) => WebsiteTracker.q.push([name, ...args]);
  %s</script>"""
FORM = """<form method="post" action="/next"><input name="email"><button>Go</button></form>"""


def watch_errors(page: Page) -> list[str]:
    """What the page gets to see of errors: uncaught ones and rejected promises."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    return errors


async def test_identifies_and_chats_at_once(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = 3_600_000
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await page.evaluate("WebsiteTracker.identify({ email: 'ann@example.com' })")
    [identified] = await host.wait_for("identify")
    assert identified["payload"]["fields"] == {"email": "ann@example.com"}
    await page.evaluate("WebsiteTracker.chat('Hello?')")
    await page.evaluate("WebsiteTracker.chat({ message: 'Me again', email: 'ann@example.com', password: 'secret' })")
    messages = [event["payload"] for event in await host.wait_for("chat_message", 2)]
    assert {payload["message"]: payload["fields"] for payload in messages} == {
        "Hello?": {},
        "Me again": {"email": "ann@example.com"},
    }


async def test_sends_page_views_by_hand_also_where_automatic_ones_are_off(page: Page, host: SdkHost) -> None:
    host.config["features"]["pageViews"] = False
    await page.goto(host.add_page("/"))
    await page.evaluate("WebsiteTracker.track('page_view')")
    await host.wait_for("page_view")


async def test_makes_a_custom_event_of_a_name_that_is_no_type(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await page.evaluate("WebsiteTracker.track('Signed up!', { plan: 'x' })")
    [event] = await host.wait_for("custom")
    assert {key: event["payload"][key] for key in ("name", "plan")} == {"name": "Signed up!", "plan": "x"}


async def test_reset_begins_a_new_visitor_in_all_tabs_and_keeps_the_queue(page: Page, host: SdkHost) -> None:
    url = host.add_page("/")
    await page.goto(url + "?utm_source=first")
    await host.wait_for("page_view")
    other = await page.context.new_page()
    await other.goto(url)
    await host.wait_for("page_view", 2)
    await page.evaluate("WebsiteTracker.track('before'); WebsiteTracker.reset(); WebsiteTracker.track('after')")
    await host.wait_for("after")
    await other.evaluate("WebsiteTracker.track('other_tab')")
    await host.wait_for("other_tab")
    [before], [after], [other_tab] = (host.events(kind) for kind in ("before", "after", "other_tab"))
    assert before["visitorId"] == host.events("page_view")[0]["visitorId"]
    assert after["visitorId"] != before["visitorId"]
    assert after["sessionId"] != before["sessionId"]
    assert (other_tab["visitorId"], other_tab["sessionId"]) == (after["visitorId"], after["sessionId"])


async def test_tells_listeners_of_events_and_answers(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await page.evaluate(
        """seen = [];
           WebsiteTracker.on('nonsense', () => seen.push('never'));
           WebsiteTracker.on('event', () => { throw new Error('a bad listener') });
           WebsiteTracker.on('event', event => { seen.push(event.type); event.payload.self = event });
           const types = texts => texts.map(text => JSON.parse(text).type);
           WebsiteTracker.on('sent', (texts, answered) => seen.push([types(texts), answered]));
           WebsiteTracker.track('one'); WebsiteTracker.flush()"""
    )
    [one] = await host.wait_for("one")
    assert "self" not in one["payload"]
    await page.wait_for_function("seen.length > 1")
    assert await page.evaluate("seen") == ["one", [["one"], True]]


async def test_makes_the_calls_that_were_queued_before_it_loaded_in_order(page: Page, host: SdkHost) -> None:
    calls = """WebsiteTracker.on('event', event => (window.seen = window.seen || []).push(event.type));
      WebsiteTracker.track('early', { n: 1 }); WebsiteTracker.nonsense?.();
      WebsiteTracker.q.push(['no_such_method'], 7, ['track', 'early', { n: 2 }]);
      WebsiteTracker.chat('Hi'); WebsiteTracker.identify({ name: 'Ann' })"""
    errors = watch_errors(page)
    await page.goto(host.add_page("/", head=STUB % calls))
    await host.wait_for("identify")
    made = [event for event in await page.evaluate("seen") if event in ("early", "chat_message", "identify")]
    assert made == ["early", "early", "chat_message", "identify"]
    await host.wait_for("early", 2)
    assert errors == []


async def test_a_queued_consent_counts(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optin"
    await page.goto(host.add_page("/", head=STUB % "WebsiteTracker.consent('granted')"))
    await host.wait_for("page_view")


async def test_goes_by_the_names_that_an_installation_chooses(page: Page, host: SdkHost) -> None:
    host.ingest_path = "/collect/e"
    names = {"globalName": "acme", "ingestPath": "collect/e"}
    await page.goto(host.add_page("/", FORM, config=names, head="<script>acme = { q: [['track', 'early']] }</script>"))
    await host.wait_for("early")
    await page.evaluate("acme.track('named')")
    await host.wait_for("named")
    assert await page.evaluate("typeof WebsiteTracker") == "undefined"
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await host.wait_for("form_submission")


async def test_is_harmless_when_loaded_twice(page: Page, host: SdkHost) -> None:
    errors = watch_errors(page)
    await page.goto(host.add_page("/", host.script_tag(), head=STUB % ""))
    await page.evaluate("WebsiteTracker.track('once')")
    await host.wait_for("once")
    assert len(host.events("page_view")) == len(host.events("once")) == 1
    assert errors == []


@pytest.mark.parametrize("config", [{"apiKey": ""}, {"apiKey": "pk_nobodys"}, {"apiUrl": 7}, {"apiUrl": "http://["}])
async def test_is_harmless_with_settings_that_are_wrong(page: Page, host: SdkHost, config: dict[str, object]) -> None:
    errors = watch_errors(page)
    await page.goto(host.add_page("/", FORM, config=config))
    await page.evaluate("window.WebsiteTracker?.track('one'); window.WebsiteTracker?.consent('granted')")
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await page.wait_for_url("**/next")
    assert host.posts == []
    assert errors == []


async def test_is_harmless_when_the_api_cannot_be_reached(page: Page, host: SdkHost) -> None:
    errors = watch_errors(page)
    await page.route("**/v1/**", lambda route: route.abort())
    await page.goto(host.add_page("/", FORM, config={"consent": {"mode": "none"}}))
    await page.wait_for_function("'_crm_id' in localStorage")
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await page.wait_for_url("**/next")
    assert errors == []
    await page.unroute("**/v1/**")
    await page.goto(host.add_page("/later"))
    await host.wait_for("form_submission")


async def test_is_harmless_when_the_configuration_is_no_json(page: Page, host: SdkHost) -> None:
    errors = watch_errors(page)
    await page.route(
        "**/v1/config/**",
        lambda route: route.fulfill(body="<html>", headers={"Access-Control-Allow-Origin": "*"}),
    )
    async with page.expect_response("**/v1/config/*"):
        await page.goto(host.add_page("/"))
    await page.unroute("**/v1/config/**")
    await host.wait_for("page_view")
    assert errors == []


async def test_runs_under_a_strict_policy_and_where_trusted_types_are_required(page: Page, host: SdkHost) -> None:
    """The policy is the one that README.md says is enough."""
    policy = (
        f"default-src 'none'; script-src 'nonce-n0nce' {host.api_url}; connect-src {host.api_url}; form-action 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    errors = watch_errors(page)
    record = f"<script{NONCE}>violations = []; addEventListener('securitypolicyviolation', event =>"
    head = record + " violations.push(event.violatedDirective + ' ' + event.blockedURI))</script>"
    url = host.add_page("/", FORM + host.overlay_tag(), head=head, headers={"Content_Security_Policy": policy})
    await page.goto(url)
    await host.wait_for("page_view")
    await page.wait_for_selector("#website-tracker-debug aside")
    await page.fill("[name=email]", "ann@example.com")
    assert await page.evaluate("violations") == []
    await page.click("button")
    await host.wait_for("form_submission")
    assert errors == []


async def test_is_harmless_where_the_policy_forbids_to_send(page: Page, host: SdkHost) -> None:
    errors = watch_errors(page)
    policy = {"Content_Security_Policy": "connect-src 'none'"}
    await page.goto(host.add_page("/", FORM, headers=policy, config={"consent": {"mode": "none"}}))
    await page.wait_for_function("'_crm_id' in localStorage")
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await page.wait_for_url("**/next")
    assert host.posts == []
    assert errors == []
