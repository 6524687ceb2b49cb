"""A person fills in the demo form in a real browser, against the real system."""

from __future__ import annotations

from playwright.async_api import Page, Request
from sqlalchemy import inspect, text

from tests.fixtures.processes import wait_until_async
from tests.fixtures.system import System
from tracker.dev import prepare
from tracker.settings import Settings, load_settings
from tracker.stores.relational import create_engine

EMAIL = "ada.lovelace@example.com"
PASSWORD = "Tr0ub4dor&3-canary"
CARD = "4111 1111 1111 1111"


def settings_of(system: System) -> Settings:
    return load_settings(**{key.removeprefix("TRACKER_").lower(): value for key, value in system.settings.items()})


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
    prepare(settings_of(system))
    system.serve()
    system.work()
    sent: list[str] = []

    def note(request: Request) -> None:
        sent.append(f"{request.url} {request.post_data or ''}")

    page.on("request", note)
    leads = system.database.leads

    await page.goto(f"http://localhost:{system.port}/demo")
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
