"""What the SDK keeps on the device."""

from playwright.async_api import Page

from tests.browser.sdk_host import Event

KEPT = "Object.keys(localStorage).filter(key => key.startsWith('_crm_q_'))"


async def kept_events(page: Page) -> list[Event]:
    """What waits to be sent or acknowledged."""
    events: list[Event] = await page.evaluate(f"{KEPT}.map(key => JSON.parse(localStorage[key].replace(/^\\d+/, '')))")
    return events


async def wait_until_acknowledged(page: Page) -> None:
    await page.wait_for_function(f"!{KEPT}.length", timeout=60_000)
