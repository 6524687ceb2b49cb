"""What must never leave the page, and what may not even be stored on the device."""

import pytest
from playwright.async_api import Page

from tests.browser.sdk_host import SdkHost

OURS = "Object.keys(localStorage).concat(Object.keys(sessionStorage)).filter(key => key.startsWith('_crm_'))"


@pytest.fixture(params=[False, True], ids=["leads", "everything"])
def capturing(request: pytest.FixtureRequest, host: SdkHost) -> bool:
    host.config["captureUnrecognised"] = request.param
    return request.param


async def submit_and_wait(page: Page, host: SdkHost) -> dict[str, str]:
    await page.locator("button[type=submit]").click()
    [event] = await host.wait_for("form_submission")
    return event["payload"]["fields"]


async def test_sends_no_password_even_when_shown(page: Page, host: SdkHost, capturing: bool) -> None:
    form = """<form onsubmit="return false"><input name="email"><input name="a1" type="password">
      <input name="a2">
      <button type="button" onclick="a1 = document.querySelector('[name=a1]'); a1.type = 'text'">show</button>
      <button type="submit">Go</button></form>"""
    await page.goto(host.add_page("/", form))
    await page.click("[type=button]")
    await page.fill("[name=email]", "ann@example.com")
    await page.fill("[name=a1]", "correct-horse")
    await page.fill("[name=a2]", "correct-horse")
    assert await submit_and_wait(page, host) == {"email": "ann@example.com"}
    assert "correct-horse" not in host.everything
    assert "correct-horse" not in await page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.parametrize(
    ("attributes", "value"),
    [
        ('name="x" autocomplete="cc-number"', "anything1"),
        ('name="x" autocomplete="section-a one-time-code"', "715390"),
        ('name="cardNumber"', "4111 1111 1111"),
        ('name="x" aria-label="Card number"', "41111111"),
        ('name="creditCardNo"', "41111111"),
        ('name="billing[CVV2]"', "987654"),
        ('name="userSSN"', "912345678"),
        ('name="x" placeholder="PIN"', "864200"),
        ('name="otp_code"', "715390"),
        ('name="x" placeholder="Security code"', "715390"),
        ('name="notes"', "my card is 4111-1111-1111-1111 ok"),
        ('name="notes"', "123-45-6789"),
        ('name="notes"', "GB29 NWBK 6016 1331 9268 19"),
        ('name="phone"', "4111111111111111"),
    ],
)
async def test_sends_no_sensitive_field(
    page: Page, host: SdkHost, capturing: bool, attributes: str, value: str
) -> None:
    inputs = f'<input {attributes}><input name="email"><button type="submit">Go</button>'
    form = f'<form onsubmit="return false">{inputs}</form>'
    await page.goto(host.add_page("/", form))
    await page.locator("input").first.fill(value)
    await page.fill("[name=email]", "ann@example.com")
    assert await submit_and_wait(page, host) == {"email": "ann@example.com"}
    assert value not in host.everything


async def test_sends_unrecognised_fields_only_when_asked(page: Page, host: SdkHost, capturing: bool) -> None:
    names = {"shipping_method": "by-air", "spinning": "wheel-9", "discard": "old-9"}
    inputs = "".join(f'<input name="{name}">' for name in names)
    await page.goto(
        host.add_page("/", f'<form onsubmit="return false">{inputs}<button type="submit">Go</button></form>')
    )
    for name, value in names.items():
        await page.fill(f"[name={name}]", value)
    assert await submit_and_wait(page, host) == (names if capturing else {})


async def test_strips_secrets_from_addresses(page: Page, host: SdkHost) -> None:
    url = (
        host.add_page("/reset")
        + "?access_token=s3cr3t&utm_source=mail&user[email]=ann%40example.com&to=x%40y.example#id_token=s3cr3t"
    )
    await page.goto(url)
    await host.wait_for("page_view")
    await page.goto(host.add_page("/next"))
    await host.until(lambda: len(host.events("page_view")) > 1, "second page view")
    pages = [event["payload"]["page"] for event in host.events("page_view")]
    assert any(page["url"].endswith("?access_token=&utm_source=mail&user[email]=&to=#id_token=") for page in pages)
    assert "s3cr3t" not in host.everything
    assert "ann%40" not in host.everything


async def test_stores_and_sends_nothing_before_opt_in(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optin"
    form = '<form onsubmit="return false"><input name="email"><button>Go</button></form>'
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/", form))
    await (await answer.value).finished()
    await page.fill("[name=email]", "early@example.com")
    await page.click("button")
    await page.evaluate("WebsiteTracker.track('too_early')")
    assert await page.evaluate(OURS) == []
    assert await page.evaluate("document.cookie") == ""
    assert host.posts == []

    await page.evaluate("WebsiteTracker.consent('granted')")
    await host.wait_for("page_view")
    assert "_crm_id" in await page.evaluate(OURS)
    assert host.events("too_early") == []
    assert "early@example.com" not in host.everything

    await page.evaluate("WebsiteTracker.track('unsent'); WebsiteTracker.consent('denied')")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    await page.evaluate("WebsiteTracker.track('too_late')")
    assert await page.evaluate(OURS) == ["_crm_consent"]


async def test_remembers_a_refusal_and_nothing_else(page: Page, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optout"
    await page.goto(host.add_page("/"))
    await host.wait_for("page_view")
    await page.evaluate("WebsiteTracker.consent('denied')")
    before = len(host.posts)
    async with page.expect_response("**/v1/config/*") as answer:
        await page.reload()
    await (await answer.value).finished()
    await page.evaluate("WebsiteTracker.track('refused')")
    assert await page.evaluate(OURS) == ["_crm_consent"]
    assert len(host.posts) == before


async def test_honours_global_privacy_control_where_asked(page: Page, host: SdkHost) -> None:
    host.config["consent"]["respectGpc"] = True
    await page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })")
    async with page.expect_response("**/v1/config/*") as answer:
        await page.goto(host.add_page("/"))
    await (await answer.value).finished()
    await page.evaluate("WebsiteTracker.track('refused')")
    assert await page.evaluate(OURS) == []
    assert host.posts == []


async def test_cleans_what_a_page_passes_to_the_api(page: Page, host: SdkHost) -> None:
    await page.goto(host.add_page("/"))
    await page.evaluate(
        """WebsiteTracker.track('order_placed', {
             total: 7, cvv: '987', deep: { cardNumber: '1', note: '4111111111111111' } });
           WebsiteTracker.identify({ email: 'ann@example.com', password: 'correct-horse' })"""
    )
    [identified] = await host.wait_for("identify")
    [placed] = await host.wait_for("order_placed")
    assert identified["payload"]["fields"] == {"email": "ann@example.com"}
    assert {key: placed["payload"][key] for key in ("total", "deep")} == {"total": 7, "deep": {}}
    assert "cvv" not in placed["payload"]
