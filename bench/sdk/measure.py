"""One visit to a page, traced: loading it, typing, leaving a field, submitting."""

from __future__ import annotations

from playwright.async_api import Browser, Page

from bench.sdk import pages
from bench.sdk.trace import CATEGORIES, Trace, calls_into, events, script, total
from tests.browser.sdk_host import SdkHost

Figures = dict[str, float]
TYPED = "the quick brown fox jumps over a lazy dog"
PHASES = ("first_key", "keys", "blur", "submit", "submit_full")
# All that waits is sent within this time, and so within the phase that made it.
FLUSH_MS = 100


def prepare(host: SdkHost) -> None:
    """Put each page on the host twice: below ``/with`` it has the SDK, below ``/without`` it has not."""
    host.config["batching"]["flushIntervalMs"] = FLUSH_MS
    for path, body in ((pages.LARGE, pages.large()), (pages.SMALL, pages.small())):
        host.add_page(f"/with{path}", body)
        host.add_page(f"/without{path}", body, tracked=False)


async def visit(browser: Browser, host: SdkHost, path: str, tracked: bool) -> Figures:
    """Milliseconds of CPU in one visit in a fresh profile.

    ``script`` is all script while loading; ``longest`` the longest call that the browser made to the SDK; the others
    are what the events took that a key caused: ``key`` is the mean of all but the first, ``submit`` is an Enter.
    ``long_tasks`` is a number: what the page itself sees of tasks over 50 ms.
    """
    context = await browser.new_context()
    page = await context.new_page()
    await browser.start_tracing(page=page, categories=CATEGORIES)
    before = len(host.events())
    await page.goto(f"{host.url}/{'with' if tracked else 'without'}{path}")
    if tracked:
        await host.until(lambda: _count(host, before, "page_view"), "page_view")
    await _settle(page)
    await _use(page)
    long_tasks = len(await page.evaluate("longTasks"))
    trace = Trace(await browser.stop_tracing())
    if tracked:
        # Or it would have been quick because it did nothing.
        await host.until(lambda: _count(host, before, "form_submission") == 2, "2 x form_submission")
    await context.close()
    return {**_figures(trace, f"{host.api_url}/main-app.v1.js"), "long_tasks": long_tasks}


def _count(host: SdkHost, before: int, kind: str) -> int:
    return sum(event["type"] == kind for event in host.events()[before:])


async def _use(page: Page) -> None:
    """Type into a field, leave it, submit, fill all fields, submit again."""
    await page.focus("input >> nth=2")
    await _press(page, "first_key", TYPED[0])
    await _press(page, "keys", *TYPED[1:])
    await _press(page, "blur", "Tab")
    await _press(page, "submit", "Enter")
    await page.evaluate("fill()")
    await _press(page, "submit_full", "Enter")


async def _press(page: Page, phase: str, *keys: str) -> None:
    await _settle(page)
    await page.evaluate("(name) => void performance.mark('phase:' + name)", phase)
    for key in keys:
        await page.keyboard.press(key)
    await _settle(page)
    await page.evaluate("() => void performance.mark('phase:')")


def _figures(trace: Trace, sdk: str) -> Figures:
    dispatched = {phase: total(events(trace.phase(phase))) for phase in PHASES}
    dispatched["key"] = dispatched.pop("keys") / (len(TYPED) - 1)
    longest = max((span.ms for span in calls_into(trace.spans, sdk)), default=0.0)
    return {**dispatched, "script": total(script(trace.phase("start"))), "longest": longest}


async def _settle(page: Page) -> None:
    """Until timers have had their turn and the page has been drawn."""
    await page.evaluate(
        "(ms) => new Promise((done) => setTimeout(() => requestIdleCallback(done, { timeout: 1000 }), ms))",
        FLUSH_MS * 1.5,
    )
