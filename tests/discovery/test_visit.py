"""A visit to a live page: what would be captured, and that nothing of it is sent anywhere."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.discovery.pages import PageHost, a_host
from tests.fixtures.builders import a_client, a_field, a_form, a_key
from tracker.config.records import ClientRecord, KeyRecord
from tracker.discovery.visit import Visit, VisitedForm, Visitor
from tracker.settings import Settings
from tracker.web.config import public_config

pytestmark = pytest.mark.usefixtures("chromium_path")

SECRET = "k3Yx-9vQd_7LmWz2pRt8sNbHc5JfGaE1uTiOyX4w"
FORM = """<title>Live</title><form id=contact>
<label>Your name <input name=name></label><input type=email name=email><input type=password name=pw>
<div class=trap><input name=website></div><input name=off disabled><div data-tracker-ignore><input name=internal></div>
<input name=favourite_colour><textarea name=message></textarea><button>Send</button></form>
<style>.trap { position: absolute; left: -9000px }</style>"""


async def visited(
    site: PageHost, tracker: PageHost, path: str = "/", client: ClientRecord | None = None, key: KeyRecord | None = None
) -> Visit:
    client = client or a_client()
    settings = Settings(secret_keys=SECRET, public_url=tracker.url, _env_file=None)  # type: ignore[call-arg]
    config = msgspec.json.encode(public_config(client))
    visitor = Visitor(settings, client, key or a_key(mode="test"), "pk_test_" + "a" * 43, config)
    return await visitor.visit(site.url + path, allow_private=True)


async def on_page(html: str, headers: dict[str, str] | None = None, **given: Any) -> tuple[Visit, list[str], list[str]]:
    """The visit, and what the site and the tracker were asked."""
    with a_host({"/": html}, headers) as site, a_host() as tracker:
        visit = await visited(site, tracker, **given)
        return visit, site.asked, tracker.asked


def form_of(visit: Visit) -> VisitedForm:
    (form,) = visit.forms
    return form


def status(visit: Visit, name: str) -> str:
    return next(check.status for check in visit.checks if check.id == name)


async def test_each_field_is_told_with_its_role_or_why_not() -> None:
    visit, _, _ = await on_page(FORM)
    assert {field.name: (field.fate, field.role) for field in form_of(visit).fields} == {
        "name": ("captured", "full_name"),
        "email": ("captured", "email"),
        "pw": ("redacted", None),
        "website": ("hidden", None),
        "off": ("disabled", None),
        "internal": ("ignored", None),
        "favourite_colour": ("unrecognised", None),
        "message": ("captured", "message"),
    }
    assert all(field.why for field in form_of(visit).fields if field.fate != "captured")


async def test_the_script_itself_runs_on_the_page() -> None:
    visit, _, _ = await on_page(FORM)
    assert visit.events == ["session_start", "page_view"]
    assert status(visit, "run") == "ok"


async def test_nothing_is_typed_submitted_or_sent_to_a_tracker() -> None:
    page = (
        FORM
        + """<script>const seen = type => document.title += type;
    for (const type of ['input', 'submit', 'click', 'change']) addEventListener(type, () => seen(type), true);
    fetch('TRACKER/v1/track/events', { method: 'POST', body: '{}' }).catch(() => seen('!'));
    navigator.sendBeacon('TRACKER/v1/track/events', '{}');</script><script src="TRACKER/main-app.v1.js"></script>"""
    )
    with a_host() as tracker, a_host({"/": page.replace("TRACKER", tracker.url)}) as site:
        visit = await visited(site, tracker)
        assert tracker.asked == []
        assert [line for line in site.asked if "favicon" not in line] == ["GET /"]
    assert visit.stopped == 3
    assert visit.title == "Live!"


async def test_a_policy_that_keeps_the_script_out_blocks_every_form() -> None:
    visit, _, _ = await on_page(FORM, {"Content-Security-Policy": "default-src 'self'; script-src 'self'"})
    form = form_of(visit)
    assert form.blocked == "csp"
    assert "connect-src" in form.fix
    assert {field.fate for field in form.fields if field.name in ("name", "email", "favourite_colour")} == {"blocked"}
    assert visit.has_errors


async def test_an_origin_that_may_not_use_the_key_blocks_every_form() -> None:
    visit, _, _ = await on_page(FORM, key=a_key(mode="live"))
    assert form_of(visit).blocked == "origin"
    assert "trackerctl" in form_of(visit).fix


async def test_a_form_in_a_frame_of_another_origin_is_blocked_and_one_of_the_own_is_not() -> None:
    inner = "<form id=inner><input name=email></form>"
    with a_host({"/f": inner}) as other, a_host() as tracker:
        page = f"<iframe src='http://localhost:{other.port}/f'></iframe><iframe srcdoc='{inner}'></iframe>"
        with a_host({"/": page}) as site:
            visit = await visited(site, tracker)
    assert [(form.blocked, form.frame is not None) for form in visit.forms] == [("", False), ("frame", True)]
    assert f"http://localhost:{other.port}" in visit.forms[1].fix


async def test_a_client_that_tracks_no_forms_captures_none() -> None:
    client = a_client()
    features = msgspec.structs.replace(client.config.features, form_tracking=False)
    client = msgspec.structs.replace(client, config=msgspec.structs.replace(client.config, features=features))
    visit, _, _ = await on_page(FORM, client=client)
    assert form_of(visit).blocked == "off"


async def test_before_consent_the_script_waits() -> None:
    client = a_client()
    consent = msgspec.structs.replace(client.config.consent, mode="optin")
    client = msgspec.structs.replace(client, config=msgspec.structs.replace(client.config, consent=consent))
    visit, _, _ = await on_page(FORM, client=client)
    assert (visit.events, status(visit, "run")) == ([], "info")


async def test_a_page_that_takes_the_name_of_the_script_is_found_out() -> None:
    page = FORM + "<script>addEventListener('load', () => { window.WebsiteTracker = 'mine' })</script>"
    visit, _, _ = await on_page(page)
    assert form_of(visit).blocked == "script"


async def test_a_configured_form_is_told_by_its_id() -> None:
    form = msgspec.structs.replace(a_form("form-1", a_field("favourite_colour")), form_selector="#contact")
    visit, _, _ = await on_page(FORM, client=a_client(form))
    fields = {field.name: field for field in form_of(visit).fields}
    assert form_of(visit).form_id == "form-1"
    assert (fields["favourite_colour"].fate, fields["favourite_colour"].configured) == ("captured", True)
