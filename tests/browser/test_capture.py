"""Where forms are found: the plain cases are in `test_forms`, these are the others."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.browser.capturing import EMAIL, FORM, form_config, open_page, settle, submitted
from tests.browser.sdk_host import SdkHost


@pytest.mark.parametrize("srcdoc", [False, True], ids=["src", "srcdoc"])
async def test_captures_form_in_iframe_of_the_same_origin(page: Page, host: SdkHost, srcdoc: bool) -> None:
    host.add_page("/inner", FORM, tracked=False)
    frame = f"""srcdoc='{FORM.replace("'", "&#39;")}'""" if srcdoc else 'src="/inner"'
    await open_page(page, host, f'<iframe id="i" {frame}></iframe>')
    inner = page.frame_locator("#i")
    await inner.locator("[name=email]").fill(EMAIL)
    await inner.locator("button").click()
    payload = await submitted(page, host)
    assert (payload["formId"], payload["fields"]) == ("f", {"email": EMAIL})
    assert payload["page"]["path"] == "/"


async def test_captures_form_in_iframe_that_is_added_and_then_led_elsewhere(page: Page, host: SdkHost) -> None:
    host.add_page("/one", "<p>first</p>", tracked=False)
    host.add_page("/two", FORM, tracked=False)
    await open_page(page, host, "")
    await page.evaluate("document.body.append(Object.assign(document.createElement('iframe'), {id: 'i', src: '/one'}))")
    await page.frame_locator("#i").locator("p").wait_for()
    await page.evaluate("document.getElementById('i').src = '/two'")
    inner = page.frame_locator("#i")
    await inner.locator("[name=email]").fill(EMAIL)
    await inner.locator("button").click()
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}


async def test_counts_once_what_an_iframe_with_its_own_tracker_sends(page: Page, host: SdkHost) -> None:
    host.add_page("/inner", FORM)
    await open_page(page, host, '<iframe id="i" src="/inner"></iframe>')
    inner = page.frame_locator("#i")
    await host.wait_for("page_view", 2)
    await inner.locator("[name=email]").fill(EMAIL)
    await inner.locator("button").click()
    assert (await submitted(page, host))["page"]["path"] == "/inner"


async def test_captures_form_in_shadow_root_inside_an_iframe(page: Page, host: SdkHost) -> None:
    component = f"""<x-form></x-form><script>customElements.define('x-form', class extends HTMLElement {{
      connectedCallback() {{ this.attachShadow({{mode: 'open'}}).innerHTML = `{FORM}`; }} }})</script>"""
    host.add_page("/inner", component, tracked=False)
    await open_page(page, host, '<iframe id="i" src="/inner"></iframe>')
    inner = page.frame_locator("#i")
    await inner.locator("[name=email]").fill(EMAIL)
    await inner.locator("button").click()
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}


async def test_is_harmless_beside_an_iframe_of_another_origin(page: Page, host: SdkHost) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    other_origin = host.url.replace("127.0.0.1", "localhost")
    host.add_page("/inner", FORM, tracked=False)
    await open_page(page, host, f'<iframe id="i" src="{other_origin}/inner"></iframe>{FORM}')
    await page.frame_locator("#i").locator("[name=email]").fill("framed@example.com")
    await page.frame_locator("#i").locator("button").click()
    await page.locator("#f [name=email]").fill(EMAIL)
    await page.locator("#f button").click()
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}
    assert errors == []


async def test_takes_inputs_that_name_their_form_from_elsewhere(page: Page, host: SdkHost) -> None:
    body = """<form id="f" onsubmit="return false"></form><aside><input form="f" name="email"><input name="phone">
      <button form="f">Go</button></aside>"""
    await open_page(page, host, body)
    await page.fill("[name=email]", EMAIL)
    await page.fill("[name=phone]", "020 7946 0000")
    await page.click("button")
    payload = await submitted(page, host)
    assert (payload["formId"], payload["fields"]) == ("f", {"email": EMAIL})


async def test_takes_a_group_without_form_when_its_button_is_pressed(page: Page, host: SdkHost) -> None:
    body = """<input name="email" class="other" placeholder="E-mail"><section id="lead"><p><input name="email"></p>
      <p><input name="name"></p><div><button type="button">Send</button></div></section>"""
    await open_page(page, host, body)
    await page.fill("section [name=email]", EMAIL)
    await page.fill("[name=name]", "Ann Lee")
    await page.click("button")
    payload = await submitted(page, host)
    assert payload["formId"] == "lead"
    assert payload["fields"] == {"email": EMAIL, "name": "Ann Lee"}


@pytest.mark.parametrize(
    ("markup", "form_id", "form_name"),
    [
        (FORM.replace('id="f"', ""), "", ""),
        (FORM.replace('id="f"', 'name="quote"'), "quote", "quote"),
        (FORM.replace('id="f"', 'id="f" name="quote"'), "f", "quote"),
    ],
    ids=["neither", "name", "both"],
)
async def test_gives_a_form_the_id_and_name_that_its_page_gives_it_or_none(
    page: Page, host: SdkHost, markup: str, form_id: str, form_name: str
) -> None:
    await open_page(page, host, markup)
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    payload = await submitted(page, host)
    assert (payload["formId"], payload["formName"]) == (form_id, form_name)


async def test_takes_no_group_without_form_that_holds_no_lead(page: Page, host: SdkHost) -> None:
    body = """<div id="search"><input name="q" placeholder="Search"><button type="button">Find</button></div>
      <div id="named"><input name="name" placeholder="Name"><button type="button">Rename</button></div>"""
    await open_page(page, host, body)
    await page.fill("[name=q]", "lanterns")
    await page.fill("[name=name]", "Ann Lee")
    await page.click("#search button")
    await page.click("#named button")
    await settle(page, host)
    assert host.events("form_submission") == []
    assert "lanterns" not in host.everything


async def test_takes_a_configured_group_without_form(page: Page, host: SdkHost) -> None:
    host.config["forms"] = [
        form_config(
            formSelector="#box", fields=[{"fieldSelector": ".budget", "fieldName": "budget"}], partialCapture=False
        )
    ]
    await open_page(page, host, '<div id="box"><input class="budget"><button type="button">Go</button></div>')
    await page.fill(".budget", "9000")
    await page.click("button")
    payload = await submitted(page, host)
    assert (payload["formId"], payload["formName"], payload["fields"]) == ("f-1", "Ours", {"budget": "9000"})


async def test_captures_requested_submission(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM)
    await page.fill("[name=email]", EMAIL)
    await page.evaluate("document.forms[0].requestSubmit()")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}


async def test_captures_submission_by_the_enter_key(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM)
    await page.fill("[name=email]", EMAIL)
    await page.press("[name=email]", "Enter")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}


async def test_captures_form_of_a_modal_dialog(page: Page, host: SdkHost) -> None:
    form = FORM.replace('onsubmit="return false"', 'method="dialog"')
    await open_page(page, host, f"<dialog>{form}</dialog>")
    await page.evaluate("document.querySelector('dialog').showModal()")
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}


async def test_sends_no_submission_that_the_browser_refuses(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM.replace('name="phone"', 'name="phone" required'))
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    await settle(page, host)
    assert host.events("form_submission") == []


async def test_sends_each_of_two_submissions_with_other_values(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM)
    for count, email in enumerate((EMAIL, "bob@example.com"), start=1):
        await page.fill("[name=email]", email)
        await page.click("button")
        assert (await submitted(page, host, count))["fields"] == {"email": email}


async def test_captures_nothing_where_form_tracking_is_off(page: Page, host: SdkHost) -> None:
    host.config["features"]["formTracking"] = False
    await open_page(page, host, FORM)
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    await settle(page, host)
    assert not [event for event in host.events() if event["type"].startswith("form_")]
