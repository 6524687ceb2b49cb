"""A person fills in the demo form in a real browser, against the real system."""

from __future__ import annotations

from playwright.async_api import Page, Request
from sqlalchemy import inspect, text

from tests.browser.pages_host import serve_demo, settings_of
from tests.fixtures.processes import wait_until_async
from tests.fixtures.system import System
from tracker.stores.relational import create_engine

EMAIL = "ada.lovelace@example.com"
PASSWORD = "Tr0ub4dor&3-canary"
CARD = "4111 1111 1111 1111"


def everything_stored(system: System) -> str:
    """All that Redis, MongoDB and the configuration database hold, as text."""
    found: list[str] = []
    found += [f"{key!r} {system.redis.dump(key)!r}" for key in system.redis.scan_iter()]
    for name in system.database.list_collection_names():
        found += [repr(document) for document in system.database[name].find()]
    engine = create_engine(settings_of(system))
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            found += [repr(row) for row in connection.execute(text(f"select * from {table}"))]
    engine.dispose()
    return "\n".join(found)


async def test_turns_a_filled_in_demo_form_into_one_lead_and_keeps_secrets_in_the_browser(
    page: Page, system: System
) -> None:
    url = serve_demo(system, worker=True)
    sent: list[str] = []

    def note(request: Request) -> None:
        sent.append(f"{request.url} {request.post_data or ''}")

    page.on("request", note)
    leads = system.database.leads

    await page.goto(f"{url}/demo")
    await page.wait_for_function("window.WebsiteTracker")
    await page.fill("[name=email]", EMAIL)
    await page.press("[name=email]", "Tab")
    await wait_until_async(lambda: leads.find_one({"email": EMAIL, "status": "partial"}), timeout=20)

    await page.fill("[name=name]", "Ada Lovelace")
    await page.fill("[name=password]", PASSWORD)
    await page.fill("[name=card_number]", CARD)
    await page.click("button[type=submit]")
    await wait_until_async(lambda: leads.find_one({"email": EMAIL, "status": "submitted"}), timeout=20)

    assert leads.count_documents({}) == 1
    lead = leads.find_one({})
    assert lead is not None
    assert (lead["firstName"], lead["lastName"], lead["quality"]) == ("Ada", "Lovelace", "high")
    assert lead["history"][0]["decision"] == "created"
    kinds = {row["eventType"] for row in system.database.events.find()}
    assert {"session_start", "page_view", "form_interaction", "form_submission"} <= kinds
    assert any(EMAIL in request for request in sent), "the recorder sees no requests at all"
    stored = everything_stored(system)
    assert EMAIL in stored and "Demo form" in stored, "the search sees not all stores"
    for place in ("\n".join(sent), stored, system.launch.outputs()):
        for secret in (PASSWORD, CARD, CARD.replace(" ", "")):
            assert secret not in place
    assert EMAIL not in system.launch.outputs()


def cell(stage: str, kind: str = "form_submission") -> str:
    """Where the page shows what became of the newest event of a kind."""
    return f"#events > li:has(strong:text-is('{kind}')) [data-stage={stage}]"


async def test_the_demo_shows_each_event_captured_redacted_queued_and_stored(page: Page, system: System) -> None:
    url = serve_demo(system)
    await page.goto(f"{url}/demo")
    await page.wait_for_selector(f"{cell('queued', 'page_view')}[data-state=done]")
    await page.fill("[name=email]", EMAIL)
    await page.fill("[name=password]", PASSWORD)
    await page.fill("[name=card_number]", CARD)
    await page.click("button[type=submit]")
    await page.wait_for_selector(f"{cell('captured')}[data-state=done]")
    await page.wait_for_selector(f"{cell('queued')}[data-state=done]")
    kept = await page.text_content(f"{cell('redacted')} dd")
    assert kept is not None
    assert {"Password", "Card number"} == set(kept.split(", "))
    # Nobody has stored it yet, and the page does not say so.
    assert await page.get_attribute(cell("stored"), "data-state") == "wait"
    assert await page.text_content("#count-stored") == "0"

    system.work()
    await page.wait_for_selector(f"{cell('stored')}[data-state=done]")
    assert "lead: submitted" in (await page.text_content(cell("stored")) or "")
    for count in ("captured", "queued", "stored"):
        shown = await page.locator(f"#events [data-stage={count}][data-state=done]").count()
        assert await page.text_content(f"#count-{count}") == str(shown)
    text = await page.text_content("#events") or ""
    assert EMAIL in text
    assert PASSWORD not in text and CARD not in text


async def test_the_demo_says_when_an_event_cannot_be_sent_and_sends_it_later(page: Page, system: System) -> None:
    url = serve_demo(system, TRACKER_INGEST_PATH="forms/send")
    await page.goto(f"{url}/demo")
    await page.wait_for_selector(f"{cell('queued', 'page_view')}[data-state=done]")
    await page.context.set_offline(True)
    await page.fill("[name=email]", EMAIL)
    await page.click("button[type=submit]")
    await page.wait_for_selector(f"{cell('captured')}[data-state=done]")
    assert await page.get_attribute(cell("queued"), "data-state") == "wait"
    await page.context.set_offline(False)
    await page.wait_for_selector(f"{cell('queued')}[data-state=done]")


async def test_the_demos_calls_work_under_the_name_of_the_installation(page: Page, system: System) -> None:
    url = serve_demo(system, TRACKER_GLOBAL_NAME="SiteForms", TRACKER_SCRIPT_NAME="site-forms.js")
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    await page.goto(f"{url}/demo")
    await page.click("[data-call=track]")
    await page.click("[data-call=flush]")
    await page.wait_for_selector(f"{cell('queued', 'demo_click')}[data-state=done]")
    assert f"{url}/site-forms.js" in loaded
    assert await page.evaluate("[typeof SiteForms.track, typeof window.WebsiteTracker]") == ["function", "undefined"]
    await page.click("[data-call=denied]")
    seen = await page.locator("#events > li").count()
    await page.click("[data-call=track]")
    await page.click("[data-call=granted]")
    await page.click("[data-call=track]")
    await page.wait_for_function(f"document.querySelectorAll('#events > li').length > {seen}")
    names = await page.locator("#events > li strong").all_text_contents()
    assert names.count("demo_click") == 2, "a call without consent made an event"
