"""Which forms and fields are captured, and that the host page never notices."""

from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

CONTACT = """
<form id="contact" method="post" action="/thanks">
  <label>Your e-mail <input name="email" type="email"></label>
  <label>Phone <input name="tel"></label>
  <input name="colour" placeholder="Favourite colour">
  <button>Send</button>
</form>"""


async def fill_contact(page: Page) -> None:
    await page.fill("[name=email]", "ann@example.com")
    await page.fill("[name=tel]", "+44 20 7946 0000")
    await page.fill("[name=colour]", "ultramarine")


async def test_sends_submission_before_page_navigates_away(page: Page, host: SdkHost) -> None:
    host.config["batching"]["flushIntervalMs"] = 60_000
    await page.goto(host.add_page("/", CONTACT))
    await fill_contact(page)
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    payload = event["payload"]
    assert payload["formId"] == "contact"
    assert payload["fields"] == {"email": "ann@example.com", "tel": "+44 20 7946 0000"}
    assert payload["roles"] == {"email": "email", "tel": "phone"}
    assert payload["page"]["path"] == "/"
    assert page.url.endswith("/thanks")


async def test_leaves_the_host_forms_own_request_as_it_is(page: Page, host: SdkHost) -> None:
    for path, tracked in (("/tracked", True), ("/plain", False)):
        await page.goto(host.add_page(path, CONTACT, tracked))
        await fill_contact(page)
        await page.click("button")
        await page.wait_for_url("**/thanks")
    tracked, plain = host.submitted
    assert tracked == plain == [("email", "ann@example.com"), ("tel", "+44 20 7946 0000"), ("colour", "ultramarine")]


async def test_captures_field_when_it_is_left(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/", CONTACT))
    await host.wait_for("page_view")
    await page.fill("[name=email]", "ann@example.com")
    await page.locator("[name=tel]").focus()
    [event] = await host.wait_for("form_interaction")
    payload = event["payload"]
    assert (payload["trigger"], payload["fieldName"]) == ("blur", "email")
    assert payload["fields"] == {"email": "ann@example.com"}
    assert payload["roles"] == {"email": "email"}
    assert payload["formProgress"] == {"completedFields": ["email"], "totalFields": 3, "percentComplete": 33}


async def test_says_nothing_when_a_field_is_left_unchanged(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/", '<input name="email" value="old@example.com"><input name="phone">'))
    await host.wait_for("page_view")
    await page.locator("[name=email]").focus()
    await page.locator("[name=phone]").focus()
    await page.fill("[name=phone]", "020 7946 0000")
    await page.locator("[name=email]").focus()
    await page.locator("[name=phone]").focus()
    await page.evaluate("WebsiteTracker.track('last')")
    await host.wait_for("last")
    assert [event["payload"]["fieldName"] for event in host.events("form_interaction")] == ["phone"]


async def test_captures_no_partial_values_unless_asked(page: Page, host: SdkHost) -> None:
    host.config["features"]["partialCapture"] = False
    host.config["forms"] = [{"formId": "f-1", "formName": "Ours", "formSelector": "#ours", "partialCapture": True}]
    forms = '<form id="other"><input name="email"></form><form id="ours"><input name="phone"></form>'
    await page.goto(host.add_page("/", forms))
    await host.wait_for("page_view")
    await page.fill("[name=email]", "ann@example.com")
    await page.fill("[name=phone]", "020 7946 0000")
    await page.locator("[name=email]").focus()
    [event] = await host.wait_for("form_interaction")
    assert (event["payload"]["formId"], event["payload"]["formName"]) == ("f-1", "Ours")
    assert "ann@example.com" not in host.everything


async def test_captures_form_added_later(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await page.evaluate("html => document.body.innerHTML = html", CONTACT)
    await fill_contact(page)
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"]["email"] == "ann@example.com"


async def test_captures_submission_that_the_page_handles_itself(page: Page, host: SdkHost) -> None:
    script = """<script>document.querySelector('form').onsubmit = event => {
        event.preventDefault(); event.stopPropagation(); event.target.reset(); };</script>"""
    url = host.add_page("/", CONTACT + script)
    await page.goto(url)
    await fill_contact(page)
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"]["email"] == "ann@example.com"
    assert page.url == url


async def test_captures_form_submitted_by_script(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/", CONTACT))
    await host.wait_for("page_view")
    await fill_contact(page)
    await page.evaluate("document.forms[0].submit()")
    await page.wait_for_url("**/thanks")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"]["email"] == "ann@example.com"


async def test_counts_a_submission_once_when_the_page_checks_first_and_submits_by_script(
    page: Page, host: SdkHost
) -> None:
    script = """<script>document.querySelector('form').onsubmit = event => {
        event.preventDefault(); setTimeout(() => event.target.submit(), 50); };</script>"""
    await page.goto(host.add_page("/", CONTACT + script))
    await fill_contact(page)
    await page.click("button")
    await page.wait_for_url("**/thanks")
    await page.goto(host.add_page("/next"))
    await host.until(
        lambda: any(event["payload"]["page"]["path"] == "/next" for event in host.events("page_view")), "next page view"
    )
    assert len({event["id"] for event in host.events("form_submission")}) == 1


async def test_captures_form_in_open_shadow_root(page: Page, host: SdkHost) -> None:
    script = """<contact-us></contact-us><script>customElements.define('contact-us', class extends HTMLElement {
        connectedCallback() { this.attachShadow({ mode: 'open' }).innerHTML = `
          <form id="shadow" onsubmit="return false"><input name="email">
          <x-phone></x-phone><button>Go</button></form>`; } });
        customElements.define('x-phone', class extends HTMLElement {
          connectedCallback() { this.attachShadow({ mode: 'open' }).innerHTML = '<input name="phone">';
          } });</script>"""
    await page.goto(host.add_page("/", script))
    await host.wait_for("page_view")
    await page.locator("[name=email]").fill("ann@example.com")
    await page.locator("[name=phone]").fill("020 7946 0000")
    await page.locator("button").click()
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["formId"] == "shadow"
    assert event["payload"]["fields"] == {"email": "ann@example.com", "phone": "020 7946 0000"}


async def test_sends_configured_fields_under_their_configured_names(page: Page, host: SdkHost) -> None:
    host.config["forms"] = [
        {
            "formId": "f-9",
            "formName": "Quote",
            "pageUrl": "/",
            "formSelector": "#gone",
            "alternativeSelectors": ["][", ".quote"],
            "partialCapture": False,
            "fields": [
                {"fieldSelector": "[name=q7]", "fieldName": "budget"},
                {"fieldSelector": "#how", "fieldName": "shipping_method"},
                {"fieldSelector": "[name=src]", "fieldName": "source"},
                {"fieldSelector": "[name=secret_pin]", "fieldName": "pin_code"},
            ],
        }
    ]
    form = """<form class="quote" id="ignored" onsubmit="return false">
      <input name="q7"><select id="how"><option value="">-</option><option value="air">By air</option></select>
      <input type="hidden" name="src" value="fair"><input name="secret_pin">
      <input name="email"><input name="other"><button>Go</button></form>"""
    await page.goto(host.add_page("/", form))
    for name, value in {"q7": "9000", "secret_pin": "8642", "email": "ann@example.com", "other": "unasked"}.items():
        await page.fill(f"[name={name}]", value)
    await page.select_option("#how", "air")
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert (event["payload"]["formId"], event["payload"]["formName"]) == ("f-9", "Quote")
    assert event["payload"]["fields"] == {
        "budget": "9000",
        "shipping_method": "air",
        "source": "fair",
        "pin_code": "[REDACTED]",
        "email": "ann@example.com",
    }
    assert '"8642"' not in host.everything


async def test_recognises_leads_in_eight_languages(page: Page, host: SdkHost) -> None:
    labels = {
        "E-Mail-Adresse": ("email", "a1@example.com"),
        "Téléphone": ("phone", "+33 1 70 18 99 00"),
        "Vorname": ("first_name", "Ann"),
        "Apellidos": ("last_name", "Lee"),
        "Nome": ("full_name", "Ann Lee"),
        "Bedrijf": ("company", "Acme"),
        "Wiadomość": ("message", "Hello"),
        "Cognome": ("last_name", "Rossi"),
        "Empresa": ("company", "Acme SA"),
        "Company size": (None, "50"),
        "User name": (None, "annlee"),
    }
    inputs = "".join(f'<label>{label}<input name="f{n}"></label>' for n, label in enumerate(labels))
    await page.goto(host.add_page("/", f'<form onsubmit="return false">{inputs}<button>Go</button></form>'))
    for n, (_, value) in enumerate(labels.values()):
        await page.fill(f"[name=f{n}]", value)
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["roles"] == {f"f{n}": role for n, (role, _) in enumerate(labels.values()) if role}


async def test_skips_disabled_ignored_and_untouched_hidden_inputs(page: Page, host: SdkHost) -> None:
    form = """<form onsubmit="return false"><input name="email"><input name="phone" value="020 7946 0001" disabled>
      <p style="display:none"><input name="email2" value="bait@example.com"></p>
      <p data-tracker-ignore><input name="company" value="Ignored Ltd"></p><button>Go</button></form>"""
    await page.goto(host.add_page("/", form))
    await page.fill("[name=email]", "ann@example.com")
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"] == {"email": "ann@example.com"}


async def test_survives_a_form_whose_fields_shadow_its_properties(page: Page, host: SdkHost) -> None:
    form = """<form id="odd" onsubmit="return false"><input name="id"><input name="elements"><input name="submit">
      <input name="__proto__" placeholder="E-mail"><button>Go</button></form>"""
    await page.goto(host.add_page("/", form))
    await page.fill("[name=__proto__]", "ann@example.com")
    await page.click("button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["formId"] == "odd"
    assert '"__proto__":"ann@example.com"' in host.everything
