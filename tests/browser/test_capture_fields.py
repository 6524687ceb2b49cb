"""Which inputs of a form count, and what the operator configures. What may leave at all is in `test_privacy`."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, Page

from tests.browser.capturing import EMAIL, FORM, form_config, open_page, settle, submitted
from tests.browser.sdk_host import SdkHost

# Which inputs count


async def test_sends_all_steps_though_the_earlier_are_hidden(page: Page, host: SdkHost) -> None:
    steps = """<form id="f" onsubmit="return false"><div id="s1"><input name="email"><button type="button"
      onclick="s1.style.display = 'none'; s2.hidden = false">Next</button></div><div id="s2" hidden><input name="phone">
      <button type="submit">Go</button></div>
      <div id="s3" hidden><input name="company" value="Never Shown Ltd"></div></form>"""
    await open_page(page, host, steps)
    await page.fill("[name=email]", EMAIL)
    await page.click("#s1 button")
    await page.fill("[name=phone]", "020 7946 0000")
    await page.click("#s2 button")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL, "phone": "020 7946 0000"}


@pytest.mark.parametrize(
    ("everything", "configured", "expected"),
    [
        (False, False, {}),
        (True, False, {"cv": "life.pdf 17"}),
        (False, True, {"resume": "life.pdf 17"}),
    ],
    ids=["by default", "everything", "configured"],
)
async def test_sends_name_and_size_of_a_file_when_asked_and_never_its_content(
    page: Page, host: SdkHost, everything: bool, configured: bool, expected: dict[str, str]
) -> None:
    host.config["captureUnrecognised"] = everything
    fields = [{"fieldSelector": "[name=cv]", "fieldName": "resume"}]
    host.config["forms"] = [form_config(fields=fields)] if configured else []
    await open_page(page, host, FORM.replace("<button", '<input type="file" name="cv"><button'))
    await page.fill("[name=email]", EMAIL)
    content = b"seventeen letters"
    await page.set_input_files("[name=cv]", {"name": "life.pdf", "mimeType": "application/pdf", "buffer": content})
    await page.click("button")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL} | expected
    assert content.decode() not in host.everything
    assert "fakepath" not in host.everything


async def test_sends_names_and_sizes_of_several_files_with_commas_between(page: Page, host: SdkHost) -> None:
    host.config["captureUnrecognised"] = True
    await open_page(page, host, FORM.replace("<button", '<input type="file" name="plans" multiple><button'))
    await page.fill("[name=email]", EMAIL)
    contents = {"attic.pdf": b"rafters and beams", "cellar.pdf": b"vaults"}
    files = [FilePayload(name=name, mimeType="application/pdf", buffer=data) for name, data in contents.items()]
    await page.set_input_files("[name=plans]", files)
    await page.click("button")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL, "plans": "attic.pdf 17,cellar.pdf 6"}
    assert not [data for data in contents.values() if data.decode() in host.everything]


@pytest.mark.parametrize("attribute", ["data-tracker-ignore", "data-tracker-redact"])
@pytest.mark.parametrize(
    "markup",
    [
        "<main {attribute}><div><p>{input}</p></div></main>",
        "<fieldset {attribute}>{input}</fieldset>",
        "<div {attribute}><x-input></x-input></div>",
    ],
    ids=["far ancestor", "fieldset", "around a shadow root"],
)
async def test_heeds_what_the_author_marks_on_any_ancestor(
    page: Page, host: SdkHost, attribute: str, markup: str
) -> None:
    host.config["captureUnrecognised"] = True
    part = markup.format(attribute=attribute, input='<input class="marked" name="company" placeholder="Company">')
    define = """<script>customElements.define('x-input', class extends HTMLElement { connectedCallback() {
      this.attachShadow({mode: 'open'}).innerHTML = '<input class="marked" name="company">'; } })</script>"""
    await open_page(page, host, FORM.replace("<button", f"{part}<button") + define)
    await page.fill("[name=email]", EMAIL)
    await page.locator(".marked").fill("Marked Works")
    await page.click("button[type=submit]")
    payload = await submitted(page, host)
    assert payload["fields"].get("company") in (None, "[REDACTED]")
    assert payload["fields"]["email"] == EMAIL
    assert "Marked Works" not in host.everything


async def test_ignores_a_whole_form_that_the_author_marks(page: Page, host: SdkHost) -> None:
    await open_page(page, host, FORM.replace("<form", "<form data-tracker-ignore"))
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    await settle(page, host)
    assert EMAIL not in host.everything


@pytest.mark.parametrize("everything", [False, True], ids=["leads", "everything"])
@pytest.mark.parametrize(
    "bait",
    [
        '<div style="display:none">{}</div>',
        '<div hidden><p style="display:block">{}</p></div>',
        '<div style="visibility:hidden">{}</div>',
        '<div style="position:absolute;left:-9999px">{}</div>',
        '<div style="position:absolute;top:-5000px">{}</div>',
        '<div style="height:0;overflow:hidden">{}</div>',
        '<div style="opacity:0;position:absolute;right:0;top:0">{}</div>',
        '<div aria-hidden="true">{}</div>',
        '<div style="clip-path:inset(100%);position:absolute">{}</div>',
    ],
    ids=["none", "hidden", "invisible", "left of all", "above all", "no height", "transparent", "aria", "clipped"],
)
async def test_leaves_out_what_is_bait_for_robots(page: Page, host: SdkHost, bait: str, everything: bool) -> None:
    host.config["captureUnrecognised"] = everything
    trap = bait.format('<input name="company" tabindex="-1" autocomplete="off" value="Bait and Sons">')
    await open_page(page, host, FORM.replace("<button", f"{trap}<button"))
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}
    assert "Bait" not in host.everything


async def test_sends_a_hidden_input_that_is_configured(page: Page, host: SdkHost) -> None:
    fields = [{"fieldSelector": "[name=src]", "fieldName": "source"}, {"fieldName": "campaign"}]
    host.config["forms"] = [form_config(fields=fields)]
    hidden = {"src": "fair", "campaign": "spring", "other": "unasked"}
    inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in hidden.items())
    await open_page(page, host, FORM.replace("<button", f"{inputs}<button"))
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL, "source": "fair", "campaign": "spring"}


async def test_leaves_out_what_a_fieldset_disables(page: Page, host: SdkHost) -> None:
    host.config["captureUnrecognised"] = True
    part = """<fieldset disabled><input name="company" value="Disabled Ltd"></fieldset>
      <input name="city" disabled value="Ur">"""
    await open_page(page, host, FORM.replace("<button", f"{part}<button"))
    await page.fill("[name=email]", EMAIL)
    await page.click("button[type=submit]")
    assert (await submitted(page, host))["fields"] == {"email": EMAIL}


async def test_sends_choices_by_their_values_when_everything_is_asked(page: Page, host: SdkHost) -> None:
    host.config["captureUnrecognised"] = True
    part = """<select name="size"><option value="s">Small</option><option value="l">Large</option></select>
      <input type="radio" name="roof" value="flat"><input type="radio" name="roof" value="pitched">
      <input type="checkbox" name="terms" value="yes"><input type="checkbox" name="news" value="often">"""
    await open_page(page, host, FORM.replace("<button", f"{part}<button"))
    await page.fill("[name=email]", EMAIL)
    await page.select_option("[name=size]", "l")
    await page.check("[value=pitched]")
    await page.check("[name=terms]")
    await page.click("button")
    fields = (await submitted(page, host))["fields"]
    assert fields == {"email": EMAIL, "size": "l", "roof": "pitched", "terms": "yes"}


# What the operator configures


async def test_prefers_the_first_configured_form_that_fits(page: Page, host: SdkHost) -> None:
    host.config["forms"] = [
        form_config(formId="gone", formSelector="#gone"),
        form_config(formId="second", formSelector="#gone-too", alternativeSelectors=[".no", ".quote"]),
        form_config(formId="third", formSelector="#f"),
    ]
    await open_page(page, host, FORM.replace('id="f"', 'id="f" class="quote"'))
    await page.fill("[name=email]", EMAIL)
    await page.click("button")
    assert (await submitted(page, host))["formId"] == "second"


@pytest.mark.parametrize("broken", ["][", "form[", ":nope()", "", "#1"])
async def test_survives_selectors_that_are_none(page: Page, host: SdkHost, broken: str) -> None:
    fields = [{"fieldSelector": broken, "fieldName": "lost"}, {"fieldSelector": "[name=x]", "fieldName": "found"}]
    host.config["forms"] = [
        form_config(formId="bad", formSelector=broken, alternativeSelectors=[broken]),
        form_config(formSelector=broken, alternativeSelectors=[broken, "#f"], fields=fields),
    ]
    await open_page(page, host, FORM.replace("<button", '<input name="x"><button'))
    await page.fill("[name=email]", EMAIL)
    await page.fill("[name=x]", "kept")
    await page.click("button")
    payload = await submitted(page, host)
    assert (payload["formId"], payload["fields"]) == ("f-1", {"email": EMAIL, "found": "kept"})


@pytest.mark.parametrize(("words", "roles"), [("Where to?", {}), ("Work e-mail", {"office": "email"})])
async def test_names_a_configured_field_as_configured_and_reads_its_role_from_the_words(
    page: Page, host: SdkHost, words: str, roles: dict[str, str]
) -> None:
    fields = [{"fieldSelector": "[name=q9]", "fieldName": "office"}]
    host.config["forms"] = [form_config(fields=fields)]
    await open_page(page, host, FORM.replace("<button", f'<input name="q9" placeholder="{words}"><button'))
    await page.fill("[name=q9]", EMAIL)
    await page.click("button")
    payload = await submitted(page, host)
    assert (payload["fields"], payload["roles"]) == ({"office": EMAIL}, roles)


@pytest.mark.parametrize(
    ("mode", "feature", "form", "expected"),
    [
        ("none", None, None, True),
        ("none", True, None, True),
        ("none", False, None, False),
        ("none", False, True, True),
        ("none", None, False, False),
        ("none", True, False, False),
        ("optout", None, None, True),
        ("optout", False, None, False),
        ("optin", None, None, False),
        ("optin", True, None, True),
        ("optin", None, True, True),
        ("optin", True, False, False),
    ],
)
async def test_sends_partial_values_as_form_and_consent_mode_say(
    page: Page, host: SdkHost, mode: str, feature: bool | None, form: bool | None, expected: bool
) -> None:
    host.config["consent"]["mode"] = mode
    host.config["features"]["partialCapture"] = feature
    if form is not None:
        host.config["forms"] = [form_config(partialCapture=form)]
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/", FORM))
    await (await answer.value).finished()
    await page.evaluate("WebsiteTracker.consent('granted')")
    await host.wait_for("page_view")
    await page.fill("[name=email]", EMAIL)
    await page.locator("[name=phone]").focus()
    await settle(page, host)
    sent = [event["payload"]["fields"] for event in host.events("form_interaction")]
    assert sent == ([{"email": EMAIL}] if expected else [])
    assert (EMAIL in host.everything) is expected
