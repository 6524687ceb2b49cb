"""The script for clients that ask for consent: what was decided, and about which text, stands on each event."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.capturing import settle
from tests.browser.sdk_host import SdkHost
from tests.browser.test_consent import OURS, load


@pytest.fixture
def host(host: SdkHost) -> SdkHost:
    host.script = "main-app-consent.v1.js"
    host.config["consent"]["mode"] = "optin"
    return host


def consents(host: SdkHost) -> list[Any]:
    return [event["metadata"].get("consent") for event in host.events()]


async def test_a_decision_and_its_version_stand_on_each_event_from_then_on(page: Page, host: SdkHost) -> None:
    await load(page, host.add_page("/"))
    await page.evaluate("WebsiteTracker.consent('granted', { version: '2026-11 | v2' })")
    await host.wait_for("page_view")
    await load(page, host.add_page("/next"))
    await host.wait_for("page_view", 2)
    await settle(page, host)
    assert all(consent == {"state": "granted", "version": "2026-11 | v2"} for consent in consents(host)), consents(host)


async def test_a_decision_is_told_of_once_however_often_it_is_repeated(page: Page, host: SdkHost) -> None:
    await load(page, host.add_page("/"))
    for version in ("1", "1", "2", "2"):
        await page.evaluate("version => WebsiteTracker.consent('granted', { version })", version)
    await settle(page, host)
    told = host.events("consent")
    assert [event["metadata"]["consent"]["version"] for event in told] == ["1", "2"]
    assert all(set(event["payload"]) == {"page"} for event in told)


async def test_a_decision_before_the_configuration_is_told_of_too(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/", "<script>WebsiteTracker.consent('granted', { version: '7' })</script>"))
    [told] = await host.wait_for("consent")
    assert told["metadata"]["consent"] == {"state": "granted", "version": "7"}


async def test_a_refusal_is_told_of_alone_before_all_is_erased(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = 3_600_000
    await load(page, host.add_page("/"))
    await page.evaluate("WebsiteTracker.consent('granted'); WebsiteTracker.flush()")
    await host.wait_for("page_view")
    await page.evaluate("WebsiteTracker.track('waiting'); WebsiteTracker.consent('denied', { version: '2' })")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    granted, denied = await host.wait_for("consent", 2)
    assert granted["metadata"]["consent"] == {"state": "granted"}
    assert denied["metadata"]["consent"] == {"state": "denied", "version": "2"}
    assert denied["visitorId"] == granted["visitorId"]
    await page.evaluate("WebsiteTracker.flush()")
    assert host.events("waiting") == []
    assert await page.evaluate(OURS) == ["_crm_consent"]


async def test_whoever_refuses_without_having_agreed_leaves_no_trace(page: Page, host: SdkHost) -> None:
    await load(page, host.add_page("/"))
    await page.evaluate("WebsiteTracker.consent('denied', { version: '1' })")
    await page.evaluate("WebsiteTracker.flush()")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    assert host.posts == []


async def test_anything_but_granted_is_a_refusal(page: Page, host: SdkHost) -> None:
    await load(page, host.add_page("/"))
    await page.evaluate("WebsiteTracker.consent('granted-not'); WebsiteTracker.track('x'); WebsiteTracker.flush()")
    assert host.posts == []


async def test_nothing_is_said_where_nothing_was_decided(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optout"
    await load(page, host.add_page("/"))
    await host.wait_for("page_view")
    assert set(map(str, consents(host))) == {"None"}


async def test_both_scripts_read_the_same_decision(page: Page, host: SdkHost) -> None:
    await load(page, host.add_page("/"))
    await page.evaluate("WebsiteTracker.consent('granted', { version: '1' })")
    await host.wait_for("page_view")
    host.script = "main-app.v1.js"
    await load(page, host.add_page("/plain"))
    await host.wait_for("page_view", 2)
    assert "consent" not in host.events("page_view")[1]["metadata"]
