"""What a page's HTML says about the tracker on it."""

from __future__ import annotations

import time

import msgspec
import pytest

from tests.fixtures.builders import a_client, a_field, a_form
from tracker import embed
from tracker.config.records import ClientRecord
from tracker.configtest.fetch import PageError
from tracker.configtest.page import Parser, Place, allows, check_page
from tracker.configtest.report import Check

KEY = "pk_live_" + "a" * 43
OTHER = "pk_live_" + "b" * 43
URL = "https://track.example"
SNIPPET = embed.embed_html(embed.Snippet(KEY, URL))


def place(url: str | None = "https://shop.example/contact") -> Place:
    return Place(url, KEY, URL, "main-app.v1.js")


def shop(*forms: object, selector: str = "#contact", page_url: str = "/contact") -> ClientRecord:
    form = a_form("contact", a_field("email"), a_field("city"))
    form = msgspec.structs.replace(form, form_selector=selector, page_url=page_url, form_name="Contact")
    return a_client(*(forms or (form,)))  # type: ignore[arg-type]


async def checked(
    html: str, client: ClientRecord | None = None, *policies: str, where: Place | None = None
) -> dict[str, Check]:
    checks = await check_page(Parser(), html, list(policies), client or shop(), where or place())
    return {check.id: check for check in checks}


GOOD = f"<head>{SNIPPET}</head><form id=contact><input name=email><input name=city></form>"


async def test_a_page_that_is_right_has_nothing_to_mend() -> None:
    found = await checked(GOOD)
    assert {check.status for check in found.values()} == {"ok"}
    assert [(row.name, row.status, row.detail) for row in found["selectors"].rows] == [
        ("Contact", "ok", "found"),
        ("Contact › email", "ok", "found"),
        ("Contact › city", "ok", "found"),
    ]


@pytest.mark.parametrize(
    ("html", "status", "words"),
    [
        ("<p>nothing", "error", "does not load the tracker"),
        (SNIPPET.replace(KEY, OTHER), "error", "another key or client: …bbbb"),
        (SNIPPET.replace(KEY, "sk_live_" + "c" * 43), "error", "secret key stands in the page"),
        (SNIPPET + '<script src="/script/CLIENT.js"></script>', "warning", "more than once"),
        ('<script async src="https://track.example/script/CLIENT.js"></script>', "ok", "carries"),
        ('<script src="https://track.example/script/other-client.js"></script>', "error", "other-client"),
        ('<script src="https://track.example/main-app.v1.js"></script>', "error", "without telling it a key"),
        ('<script src="https://www.googletagmanager.com/gtm.js?id=G"></script>', "info", "tag manager"),
    ],
)
async def test_the_snippet_is_found_or_missed(html: str, status: str, words: str) -> None:
    client = shop()
    check = (await checked(html.replace("CLIENT", client.client_id), client))["snippet"]
    assert (check.status, words in check.detail) == (status, True), check
    assert KEY not in check.detail + check.remedy
    assert OTHER not in check.detail + check.remedy
    assert (check.remedy == "") is (status == "ok")


@pytest.mark.parametrize(
    ("html", "status", "words"),
    [
        ("<form id=other></form>", "error", "#contact finds nothing"),
        ("<p id=contact>x</p>", "error", "no form and holds no input"),
        ("<form id=contact><input name=email><input name=city></form>" * 2, "warning", "found 2 times"),
        ("<div id=contact><input name=email><input name=city></div>", "ok", "found"),
        ("<div id=contact><form><input name=email><input name=city></form></div>", "ok", "found"),
    ],
)
async def test_each_form_is_found_or_missed(html: str, status: str, words: str) -> None:
    check = (await checked(html))["selectors"]
    assert (check.status, words in check.rows[0].detail) == (status, True), check


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<form id=contact><input name=email></form>", "finds nothing in the form"),
        ("<form id=contact><input name=email></form><input name=city>", "found only outside the form"),
    ],
)
async def test_a_field_that_is_not_in_the_form_is_said(html: str, words: str) -> None:
    check = (await checked(html))["selectors"]
    assert (check.status, check.rows[-1].status, check.rows[-1].detail) == ("error", "error", words)
    assert "trackerctl field update" in check.remedy


async def test_the_remedy_names_the_forms_that_are_there() -> None:
    check = (await checked("<form id=kontakt></form><form name=news></form>"))["selectors"]
    assert "Forms on the page: #kontakt, #news." in check.remedy


async def test_a_selector_that_no_browser_reads_is_said() -> None:
    check = (await checked(GOOD, shop(selector="form[")))["selectors"]
    assert (check.status, check.rows[0].detail) == ("error", "no CSS selector that can be read: form[")


@pytest.mark.parametrize(
    ("page_url", "status"),
    [
        ("/contact", "error"),
        ("/contact/", "error"),
        ("https://shop.example/contact", "error"),
        ("/con*", "error"),
        ("/elsewhere", "info"),
        ("https://shop.example/", "info"),
    ],
)
async def test_a_form_of_another_page_is_not_missed_on_this_one(page_url: str, status: str) -> None:
    check = (await checked("<p>", shop(page_url=page_url)))["selectors"]
    assert check.rows[0].status == status
    # Of pasted HTML nobody knows which page it is.
    pasted = (await checked("<p>", shop(page_url=page_url), where=place(None)))["selectors"]
    assert pasted.rows[0].status == "error"


async def test_without_configured_forms_there_is_nothing_to_find() -> None:
    check = (await checked(GOOD, a_client()))["selectors"]
    assert (check.status, check.rows) == ("info", [])


@pytest.mark.parametrize(
    ("policy", "lets"),
    [
        ("script-src 'self'", False),
        ("script-src https://track.example", True),
        ("script-src *.example", True),
        ("script-src *.track.example", False),
        ("script-src https:", True),
        ("script-src http://track.example", False),
        ("script-src track.example:443", True),
        ("script-src track.example:8443", False),
        ("script-src *", True),
        ("script-src 'none'", False),
        ("default-src 'none'", False),
        ("default-src 'none'; script-src https://track.example", True),
        ("script-src 'none'; script-src-elem https://track.example", True),
        ("script-src 'nonce-x' 'strict-dynamic'", True),
        ("img-src 'none'", True),
        ("", True),
    ],
)
def test_a_policy_is_read_as_browsers_do(policy: str, lets: bool) -> None:
    assert allows(policy, "script-src", URL, "https://shop.example/") is lets


async def test_a_policy_that_is_in_the_way_is_said_wherever_it_stands() -> None:
    strict = "default-src 'self'"
    for found in (
        await checked(GOOD, None, strict),
        await checked(f'<meta http-equiv="Content-Security-Policy" content="{strict}">{GOOD}'),
    ):
        assert found["csp"].status == "error"
        assert "script-src and connect-src lack https://track.example" in found["csp"].detail
    assert (await checked(GOOD, None, f"default-src {URL}"))["csp"].status == "ok"


async def test_a_page_that_would_be_read_for_minutes_is_given_up_and_does_not_hold_up_the_service() -> None:
    started = time.monotonic()
    with pytest.raises(PageError, match="too tangled"):
        await checked("<div>" * 200_000)
    assert time.monotonic() - started < 30
