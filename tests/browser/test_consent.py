"""Who decides, where, and what is left of it on the device."""

import pytest
from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

OURS = "Object.keys(localStorage).filter(key => key.startsWith('_crm_'))"
FORM = """<form method="post" action="/next"><input name="email"><button>Go</button></form>"""


async def load(page: Page, url: str) -> None:
    """Until the configuration has arrived."""
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(url)
    await (await answer.value).finished()


async def test_a_refusal_erases_identifiers_touches_and_queue(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optout"
    host.config["batching"]["flushIntervalMs"] = 3_600_000
    await page.goto(host.add_page("/") + "?utm_source=news")
    await host.wait_for("page_view")
    await page.evaluate("WebsiteTracker.track('waiting'); WebsiteTracker.consent('denied')")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    await page.evaluate("WebsiteTracker.flush()")
    await page.evaluate("WebsiteTracker.consent('granted'); WebsiteTracker.track('again'); WebsiteTracker.flush()")
    [again] = await host.wait_for("again")
    assert again["visitorId"] != host.events("page_view")[0]["visitorId"]
    assert host.events("waiting") == []


async def test_a_decision_in_one_tab_holds_in_the_others(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optin"
    url = host.add_page("/")
    await load(page, url)
    other = await page.context.new_page()
    await load(other, url)
    await other.evaluate("WebsiteTracker.consent('granted')")
    # The first tab starts by itself.
    await host.wait_for("page_view", 2)
    old = host.events()[0]["visitorId"]
    await page.evaluate("WebsiteTracker.consent('denied')")
    await other.wait_for_function(f"{OURS}.length == 1")
    await other.evaluate("WebsiteTracker.track('refused'); WebsiteTracker.flush()")
    assert await other.evaluate(OURS) == ["_crm_consent"]
    await other.evaluate("WebsiteTracker.consent('granted'); WebsiteTracker.track('agreed'); WebsiteTracker.flush()")
    [agreed] = await host.wait_for("agreed")
    assert agreed["visitorId"] != old
    assert host.events("refused") == []


@pytest.mark.parametrize("mode", ["none", "optout"])
async def test_a_refusal_before_the_configuration_is_not_lost(page: Page, host: SdkHost, mode: str) -> None:
    host.config["consent"]["mode"] = mode
    await page.route("**/v1/config/*", lambda route: route.abort())
    await page.goto(host.add_page("/", "<script>WebsiteTracker.consent('denied')</script>"))
    await page.unroute("**/v1/config/*")
    await load(page, host.add_page("/next"))
    await page.evaluate("WebsiteTracker.track('refused'); WebsiteTracker.flush()")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    assert host.posts == []


async def test_an_opt_in_page_that_is_left_early_keeps_nothing(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optin"
    await page.route("**/v1/config/*", lambda route: route.abort())
    await page.goto(host.add_page("/", FORM, config={"consent": {"mode": "optin"}}))
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    await page.wait_for_url("**/next")
    assert await page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert host.posts == []


@pytest.mark.parametrize(
    ("setting", "script"),
    [
        ("respectGpc", "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })"),
        ("respectDnt", "Object.defineProperty(navigator, 'doNotTrack', { value: '1' })"),
    ],
)
@pytest.mark.parametrize("respected", [True, False])
async def test_honours_signals_of_the_browser_by_setting(
    page: Page, host: SdkHost, setting: str, script: str, respected: bool
) -> None:
    host.config["consent"] = {"mode": "optout", "respectGpc": False, "respectDnt": False} | {setting: respected}
    await page.add_init_script(script)
    await load(page, host.add_page("/"))
    if respected:
        await page.evaluate("WebsiteTracker.track('refused'); WebsiteTracker.flush()")
        assert await page.evaluate(OURS) == []
        assert host.posts == []
        # What somebody says here counts more than what the browser says everywhere.
        await page.evaluate("WebsiteTracker.consent('granted')")
    await host.wait_for("page_view")


async def test_leaves_nothing_behind_when_the_client_turns_to_opt_in(page: Page, host: SdkHost) -> None:
    await load(page, host.add_page("/"))
    await host.wait_for("page_view")
    host.config["consent"]["mode"] = "optin"
    await load(page, host.add_page("/next"))
    await page.wait_for_function(f"!{OURS}.length")
    assert len(host.events("page_view")) == 1


async def test_counts_what_is_not_a_consent_as_a_refusal(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optin"
    await load(page, host.add_page("/"))
    await page.evaluate("WebsiteTracker.consent('yes'); WebsiteTracker.track('refused')")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    assert host.posts == []
