"""What is captured and what never is, in Chromium, Firefox and WebKit, by mouse and keyboard."""

import json

from tests.browser.cross.flows import CONTACT, HOUR_MS, visit
from tests.browser.cross.tab import Tab
from tests.browser.sdk_host import KEY, SdkHost


async def test_reports_the_visit(tab: Tab, host: SdkHost) -> None:
    await tab.goto(host.add_page("/landing") + "?utm_source=news&token=s3cr3t-t0k3n")
    [view] = await host.wait_for("page_view")
    [session] = await host.wait_for("session_start")
    assert view["payload"]["page"]["path"] == "/landing"
    assert view["payload"]["page"]["title"] == "Page /landing"
    assert view["sessionId"] == session["sessionId"]
    assert view["visitorId"] == session["visitorId"]
    assert "news" in json.dumps(session["payload"])
    assert "s3cr3t-t0k3n" not in host.everything


async def test_brings_the_submission_of_a_form_that_navigates_at_once(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host, CONTACT)
    host.config["batching"]["flushIntervalMs"] = HOUR_MS
    await tab.type("[name=email]", "ann@example.com")
    await tab.type("[name=tel]", "+44 20 7946 0000")
    await tab.type("[name=colour]", "ultramarine")
    await tab.click("button")
    [event] = await host.wait_for("form_submission")
    payload = event["payload"]
    assert payload["formId"] == "contact"
    assert payload["fields"] == {"email": "ann@example.com", "tel": "+44 20 7946 0000"}
    assert payload["roles"] == {"email": "email", "tel": "phone"}
    await tab.until("location.pathname === '/thanks'")
    assert host.submitted == [[("email", "ann@example.com"), ("tel", "+44 20 7946 0000"), ("colour", "ultramarine")]]
    assert "ultramarine" not in host.everything


async def test_captures_a_submission_by_the_enter_key(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host, CONTACT)
    await tab.type("[name=email]", "ann@example.com")
    await tab.press("Enter")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"] == {"email": "ann@example.com"}


async def test_captures_a_form_that_script_submits(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host, CONTACT)
    await tab.type("[name=email]", "ann@example.com")
    await tab.evaluate("void document.forms[0].submit()")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"] == {"email": "ann@example.com"}


async def test_captures_a_field_when_it_is_left(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host, CONTACT)
    await tab.type("[name=email]", "ann@example.com")
    await tab.press("Tab")
    [event] = await host.wait_for("form_interaction")
    payload = event["payload"]
    assert (payload["trigger"], payload["fieldName"]) == ("blur", "email")
    assert payload["fields"] == {"email": "ann@example.com"}
    assert payload["formProgress"] == {"completedFields": ["email"], "totalFields": 3, "percentComplete": 33}


async def test_lets_no_password_and_no_card_leave(tab: Tab, host: SdkHost) -> None:
    host.config["captureUnrecognised"] = True
    form = """<form id="buy" method="post" action="/thanks"><p><input name="email"><p><input name="a" type="password">
      <p><input name="note"><p><input autocomplete="cc-csc" name="b"><p><button>Buy</button></form>
      <button id="eye" onclick="document.forms[0].a.type = 'text'">Show password</button>"""
    await visit(tab, host, form)
    await tab.type("[name=email]", "ann@example.com")
    await tab.type("[name=a]", "correct-horse")
    await tab.click("#eye")
    await tab.type("[name=a]", "-battery")
    await tab.type("[name=note]", "4111 1111 1111 1111")
    await tab.type("[name=b]", "zq-737")
    await tab.click("form button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["fields"] == {"email": "ann@example.com"}
    await tab.until("location.pathname === '/thanks'")
    for secret in ("correct-horse", "battery", "4111 1111", "zq-737"):
        assert secret not in host.everything


async def test_reports_the_routes_of_a_single_page_application(tab: Tab, host: SdkHost) -> None:
    # By clicks: going back, WebKit passes over what script has entered into the history by itself.
    links = """<button onclick="history.pushState({}, '', '/pricing')">Pricing</button> <a href="#faq">Questions</a>"""
    await visit(tab, host, links)
    await tab.click("button")
    await host.wait_for("page_view", 2)
    await tab.click("a")
    await host.wait_for("page_view", 3)
    await tab.back()
    await host.wait_for("page_view", 4)
    urls = [event["payload"]["page"]["url"].removeprefix(host.url) for event in host.events("page_view")]
    assert sorted(urls) == ["/", "/pricing", "/pricing", "/pricing#faq"]


async def test_captures_a_form_in_a_shadow_root(tab: Tab, host: SdkHost) -> None:
    body = """<div id="card"></div><script>
      const root = document.getElementById('card').attachShadow({ mode: 'open' });
      root.innerHTML = '<form id="inside"><input name="email"><p><button>Go</button></form>';
      root.querySelector('form').addEventListener('submit', (event) => event.preventDefault());
    </script>"""
    await visit(tab, host, body)
    await tab.type("#card >>> input", "ann@example.com")
    await tab.click("#card >>> button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["formId"] == "inside"
    assert event["payload"]["fields"] == {"email": "ann@example.com"}


async def test_captures_a_form_added_later_in_a_dialog(tab: Tab, host: SdkHost) -> None:
    await visit(tab, host, "<dialog></dialog>")
    await tab.evaluate(
        """void (() => { const dialog = document.querySelector('dialog');
        dialog.innerHTML = '<form method="dialog" id="late"><input name="email"><p><button>Go</button></form>';
        dialog.showModal(); })()"""
    )
    await tab.type("[name=email]", "ann@example.com")
    await tab.click("dialog button")
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["formId"] == "late"
    assert event["payload"]["fields"] == {"email": "ann@example.com"}


async def test_captures_a_form_in_a_frame_of_the_same_origin(tab: Tab, host: SdkHost) -> None:
    host.add_page("/frame", '<form id="framed"><input name="email"></form>', tracked=False)
    await visit(tab, host, '<iframe src="/frame"></iframe>')
    await tab.evaluate(
        """void (() => { const form = document.querySelector('iframe').contentDocument.forms[0];
        form.addEventListener('submit', (event) => event.preventDefault());
        form.email.value = 'ann@example.com'; form.requestSubmit(); })()"""
    )
    [event] = await host.wait_for("form_submission")
    assert event["payload"]["formId"] == "framed"
    assert event["payload"]["fields"] == {"email": "ann@example.com"}


async def test_stores_and_sends_nothing_before_consent(tab: Tab, host: SdkHost) -> None:
    host.config["consent"]["mode"] = "optin"
    await tab.goto(host.add_page("/", CONTACT))
    await tab.until("!!window.WebsiteTracker?.track")
    await tab.type("[name=email]", "ann@example.com")
    await tab.press("Tab")
    # A request of its own, behind which anything that was sent before would have arrived.
    await tab.evaluate(f"fetch('{host.api_url}/v1/config/{KEY}').then((answer) => answer.text())")
    assert await tab.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage), document.cookie)") == [""]
    assert host.posts == []
    await tab.evaluate("void WebsiteTracker.consent('granted')")
    await host.wait_for("page_view")
    await tab.evaluate("void WebsiteTracker.consent('denied')")
    left = await tab.evaluate("JSON.stringify(localStorage)")
    assert host.events("page_view")[0]["visitorId"] not in left
    assert "_crm_q_" not in left
