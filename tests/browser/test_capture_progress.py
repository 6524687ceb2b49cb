"""What is told of a visitor's way through a form, and that the page itself notices nothing."""

from __future__ import annotations

import json

from playwright.async_api import Page

from tests.browser.capturing import EMAIL, FORM, open_page, settle, submitted
from tests.browser.sdk_host import Event, SdkHost


async def test_tells_once_that_a_form_was_begun(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM + FORM.replace('id="f"', 'id="g"'))
    await page.locator("#f [name=email]").focus()
    await settle(page, host)
    assert host.events("form_start") == []
    await page.fill("#f [name=email]", EMAIL)
    await page.fill("#f [name=phone]", "020 7946 0000")
    await page.fill("#f [name=email]", "bob@example.com")
    await page.fill("#g [name=phone]", "020 7946 0001")
    await settle(page, host)
    assert [event["payload"]["formId"] for event in by_time(host.events("form_start"))] == ["f", "g"]
    assert all("fields" not in event["payload"] for event in host.events("form_start"))


def by_time(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event["timestamp"])


async def test_tells_how_long_a_form_took(page: Page, host: SdkHost) -> None:
    await page.clock.install()
    await open_page(page, host, FORM)
    await page.fill("[name=email]", EMAIL)
    await page.clock.fast_forward(42_000)
    await page.click("button")
    payload = await submitted(page, host)
    assert 42_000 <= payload["timeToComplete"] < 42_000 + 15_000


async def test_tells_which_fields_are_done(page: Page, host: SdkHost) -> None:
    host.config["features"]["partialCapture"] = True
    inputs = '<input name="company"><input name="favourite_tree"><input type="hidden" name="h" value="1">'
    await open_page(page, host, FORM.replace("<button", f"{inputs}<button"))
    await page.fill("[name=email]", EMAIL)
    await page.fill("[name=company]", "Lee & Co")
    await page.click("button")
    payload = await submitted(page, host)
    assert payload["formProgress"] == {"completedFields": ["email", "company"], "totalFields": 4, "percentComplete": 50}


async def test_tells_that_a_form_was_left_unfinished_without_any_value(page: Page, host: SdkHost) -> None:
    host.config["features"]["partialCapture"] = False
    await open_page(page, host, FORM)
    await page.fill("[name=email]", EMAIL)
    await page.goto(host.add_page("/elsewhere"))
    [event] = await host.wait_for("form_abandon")
    payload = event["payload"]
    assert payload["formId"] == "f"
    assert payload["formProgress"] == {"completedFields": ["email"], "totalFields": 2, "percentComplete": 50}
    assert payload["timeToComplete"] >= 0
    assert "fields" not in payload
    assert EMAIL not in host.everything


async def test_tells_no_abandonment_of_a_form_that_was_sent_or_never_begun(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM + FORM.replace('id="f"', 'id="untouched"'))
    await page.fill("#f [name=email]", EMAIL)
    await page.click("#f button")
    await submitted(page, host)
    await page.goto(host.add_page("/elsewhere"))
    await host.until(
        lambda: len({view["payload"]["page"]["path"] for view in host.events("page_view")}) == 2, "the next page"
    )
    assert host.events("form_abandon") == []


async def test_tells_listeners_each_event_as_it_is_sent_and_no_secret(page: Page, host: SdkHost) -> None:
    part = """<input name="word" type="password"><input name="colour"><input name="company" data-tracker-ignore>"""
    await open_page(page, host, FORM.replace("<button", f"{part}<button"))
    await page.evaluate(
        """window.made = []; window.sent = [];
        WebsiteTracker.on('event', event => made.push(JSON.stringify(event)));
        WebsiteTracker.on('sent', (texts, answered) => sent.push([answered, ...texts]))"""
    )
    for name, value in {"email": EMAIL, "word": "correct-horse", "colour": "teal", "company": "Lee & Co"}.items():
        await page.fill(f"[name={name}]", value)
    await page.click("button")
    payload = await submitted(page, host)
    told = [json.loads(event) for event in await page.evaluate("made")]
    [submission] = [event for event in told if event["type"] == "form_submission"]
    assert submission["payload"] == payload
    assert submission["payload"]["fields"] == {"email": EMAIL}
    acknowledged = "id => sent.some(([answered, ...texts]) => answered && texts.join().includes(id))"
    await page.wait_for_function(acknowledged, arg=submission["id"])
    everything = await page.evaluate("JSON.stringify([made, sent])")
    assert not [value for value in ("correct-horse", "teal", "Lee & Co") if value in everything]


# The page itself


async def test_changes_nothing_for_the_handlers_of_the_page(page: Page, host: SdkHost) -> None:
    """The same events reach them in the same order, with the same state, as on the page without the script."""
    script = """<script>window.seen = []; const form = document.forms[0];
      for (const [target, phase] of [[window, true], [document, false], [form, true], [form, false]])
        for (const type of ['focusin', 'input', 'change', 'focusout', 'click', 'submit', 'reset'])
          target.addEventListener(type, event => {
            seen.push([type, event.eventPhase, event.defaultPrevented, event.isTrusted]);
            if (type === 'submit' && target === form && !phase) { event.preventDefault(); form.reset(); } }, phase);
      </script>"""
    plain_form = FORM.replace(' onsubmit="return false"', "")
    seen = []
    for path, tracked in (("/plain", False), ("/tracked", True)):
        await page.goto(host.add_page(path, plain_form + script, tracked))
        await page.locator("[name=email]").press_sequentially("a@b.example")
        await page.press("[name=email]", "Tab")
        await page.locator("[name=phone]").press_sequentially("0207")
        await page.click("button")
        seen.append(await page.evaluate("seen"))
    await submitted(page, host)
    assert seen[0] == seen[1]
    assert len(seen[0]) > 50


async def test_leaves_form_methods_as_the_page_knows_them(page: Page, host: SdkHost) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await open_page(page, host, FORM)
    result = await page.evaluate(
        """() => { const tell = job => { try { return String(job()); } catch (error) { return error.name; } };
          const { submit, requestSubmit } = HTMLFormElement.prototype;
          return [tell(() => submit.call({})), tell(() => document.createElement('form').submit()),
            tell(() => document.forms[0].requestSubmit(document.body)), submit.length, requestSubmit.length]; }"""
    )
    assert result == ["TypeError", "undefined", "TypeError", 0, 0]
    assert errors == []


async def test_captures_native_submit_of_a_form_whose_inputs_shadow_its_properties(page: Page, host: SdkHost) -> None:
    form = """<form id="f" name="n" method="post" action="/thanks"><input name="id" value="7">
      <input name="action" value="/evil"><input name="method" value="put"><input name="submit" value="no">
      <input name="name"><input name="length"><input name="elements" placeholder="E-mail"></form>"""
    await open_page(page, host, form)
    await page.fill("[name=elements]", EMAIL)
    await page.evaluate("HTMLFormElement.prototype.submit.call(document.querySelector('form'))")
    await host.wait_for("form_submission")
    [event] = host.events("form_submission")
    assert event["payload"]["formId"] == "f"
    assert event["payload"]["fields"]["elements"] == EMAIL
    assert event["payload"]["roles"]["elements"] == "email"


async def test_survives_a_page_that_removes_the_form_while_it_is_typed_in(page: Page, host: SdkHost) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    script = """<script>document.querySelector('[name=phone]').onfocus = () => document.forms[0].remove()</script>"""
    await open_page(page, host, FORM + script)
    await page.fill("[name=email]", EMAIL)
    await page.locator("[name=phone]").focus()
    await settle(page, host)
    assert [event["payload"]["fields"] for event in host.events("form_interaction")] == [{"email": EMAIL}]
    assert errors == []
