"""Site tokens in the browser: sent with each batch, renewed when they are over, and no event is lost by that."""

from __future__ import annotations

import json

from playwright.async_api import Page

from tests.browser.capturing import open_page, settle
from tests.browser.sdk_host import Answer, SdkHost

REFUSED = {"type": "urn:trackerctl:problem:site-token", "status": 401}


def tokens(host: SdkHost) -> list[str | None]:
    return [json.loads(post.body).get("siteToken") for post in host.posts]


async def test_no_token_is_sent_where_there_is_none(page: Page, host: SdkHost) -> None:
    await open_page(page, host, "")
    assert set(tokens(host)) == {None}
    assert "siteToken" not in host.posts[0].body


async def test_the_token_of_the_configuration_goes_with_each_batch(page: Page, host: SdkHost) -> None:
    host.config["siteToken"] = "first"
    await open_page(page, host, "")
    await settle(page, host)
    assert set(tokens(host)) == {"first"}


async def test_a_token_that_is_over_is_renewed_and_the_events_are_sent_again(page: Page, host: SdkHost) -> None:
    host.config["siteToken"] = "old"
    await open_page(page, host, "")
    await settle(page, host)
    sent = len(host.posts)
    host.config["siteToken"] = "new"
    host.answers.append(Answer(401, {"Retry_After": "1"}, REFUSED))
    await page.evaluate("WebsiteTracker.track('important'); WebsiteTracker.flush()")
    important, again = await host.wait_for("important", 2)
    assert important["id"] == again["id"]
    assert tokens(host)[sent:] == ["old", "new"]
    await page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('_crm_q_'))")


async def test_a_client_that_begins_to_require_tokens_loses_nothing_of_open_pages(page: Page, host: SdkHost) -> None:
    await open_page(page, host, "")
    await settle(page, host)
    host.config["siteToken"] = "new"
    host.answers.append(Answer(401, {"Retry_After": "1"}, REFUSED))
    await page.evaluate("WebsiteTracker.track('important'); WebsiteTracker.flush()")
    await host.wait_for("important", 2)
    assert tokens(host)[-1] == "new"


async def test_a_token_is_renewed_though_the_configuration_cannot_be_read_at_first(page: Page, host: SdkHost) -> None:
    host.config["siteToken"] = "old"
    await open_page(page, host, "")
    await settle(page, host)
    host.config_status = 503
    host.config["siteToken"] = "new"
    host.answers += [Answer(401, {"Retry_After": "1"}, REFUSED) for _ in range(2)]
    await page.evaluate("WebsiteTracker.track('important'); WebsiteTracker.flush()")
    await host.wait_for("important", 2)
    host.config_status = 200
    await host.wait_for("important", 3)
    await page.wait_for_function("!Object.keys(localStorage).some(key => key.startsWith('_crm_q_'))")


async def test_a_revoked_key_is_not_tried_again(page: Page, host: SdkHost) -> None:
    await open_page(page, host, "")
    await settle(page, host)
    host.answers.append(Answer(401))
    await page.evaluate("WebsiteTracker.track('late'); WebsiteTracker.flush()")
    await host.wait_for("late")
    await settle(page, host)
    assert len(host.events("late")) == 1
