"""How the work of the SDK grows with a form: counts of what it asks of the browser. `make bench-sdk` has the times."""

from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

# Whatever looks at a field goes through one of these.
COUNTING = """
  window.count = 0;
  for (const [owner, ...names] of [
    [RegExp.prototype, 'test', 'exec'],
    [Element.prototype, 'closest', 'matches', 'getAttribute', 'getBoundingClientRect', 'querySelectorAll'],
  ])
    for (const name of names) {
      const native = owner[name];
      owner[name] = function (...rest) { count++; return native.apply(this, rest); };
    }"""
KEYS = "abcdefghij"


def form(fields: int) -> str:
    rows = "".join(f'<p><label>Item {n} <input name="q{n}" value="some text"></label></p>' for n in range(fields))
    return f"""<form onsubmit="event.preventDefault()"><input name="email">{rows}<button>Send</button></form>"""


async def counts(page: Page, host: SdkHost, fields: int) -> tuple[int, int]:
    """Calls while typing, after the first key, and while submitting."""
    views = len(host.events("page_view"))
    starts = len(host.events("form_start"))
    submissions = len(host.events("form_submission"))
    await page.goto(host.add_page(f"/{fields}", form(fields)))
    await host.wait_for("page_view", views + 1)
    await page.type("[name=email]", "x")
    await host.wait_for("form_start", starts + 1)
    await page.evaluate("count = 0")
    await page.type("[name=email]", KEYS)
    typing = await page.evaluate("count")
    await page.fill("[name=email]", f"ann{fields}@example.com")
    submitting = await page.evaluate("count = 0, document.forms[0].requestSubmit(), count")
    await host.wait_for("form_submission", submissions + 1)
    return typing, submitting


async def test_work_grows_no_faster_than_the_form(page: Page, host: SdkHost) -> None:
    await page.add_init_script(COUNTING)
    small_typing, small_submitting = await counts(page, host, 50)
    large_typing, large_submitting = await counts(page, host, 200)
    assert small_submitting > 50, "nothing was counted"
    # Four times the fields: four times the work, not sixteen times.
    assert large_submitting < 5 * small_submitting
    # Typing into one field asks nothing of the others.
    assert large_typing < small_typing + len(KEYS)
