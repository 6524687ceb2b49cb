"""Pages as Chromium draws them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.discovery.pages import a_host
from tests.fixtures.builders import a_client
from tracker.configtest.fetch import PageError
from tracker.discovery.devtools import find_chromium
from tracker.discovery.render import opened, render_page, tab
from tracker.discovery.service import Place, discover
from tracker.errors import UnavailableError

pytestmark = pytest.mark.usefixtures("chromium_path")

HERE = Place("shop.example", (), "test")
DRAWN = """<!doctype html><title>Drawn</title>
<style>.trap { position: absolute; left: -5000px } .old { visibility: hidden }</style><div id=app></div>
<script>
addEventListener('load', () => {
  document.getElementById('app').innerHTML = `<form class="contact-form">
    <label>E-mail <input name=email value="ann@example.org"></label><div class=trap><input name=website></div>
    <input name=fax class=old><textarea name=message>Call me</textarea></form>`;
  const host = document.body.appendChild(document.createElement('my-form'));
  host.attachShadow({ mode: 'open' }).innerHTML = '<form id=inner><input name=phone type=tel></form>';
  const frame = document.body.appendChild(document.createElement('iframe'));
  frame.srcdoc = '<form id=framed><input name=email></form>';
});
</script>"""


async def test_forms_that_scripts_make_are_found_in_shadow_roots_and_frames_too() -> None:
    with a_host({"/": DRAWN}) as host:
        page = await render_page(f"{host.url}/", HERE, allow_private=True)
    proposal = await discover(page, a_client(), rendered=True)
    assert [form.form_selector for form in proposal.forms] == ["form.contact-form", "#inner", "#framed"]
    fates = {field.field_name: field.fate for field in proposal.forms[0].fields}
    assert fates == {"email": "captured", "website": "hidden", "fax": "hidden", "message": "captured"}
    assert "ann@example.org" not in page.html.partition("<script")[0]
    assert ">Call me<" not in page.html.partition("<script")[0]


async def test_private_addresses_are_not_visited_unless_allowed() -> None:
    with a_host({"/": DRAWN}) as host:
        with pytest.raises(PageError, match="private or loopback"):
            await render_page(f"{host.url}/", HERE, allow_private=False)
        assert host.asked == []


async def test_a_name_that_leads_inside_is_not_visited_whatever_the_browser_would_make_of_it() -> None:
    async def names(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    with a_host({"/": "<p>x"}) as host:
        with pytest.raises(PageError, match="private or loopback"):
            await render_page(f"http://shop.example:{host.port}/", HERE, False, names)
        assert host.asked == []


async def test_a_page_that_leads_to_another_site_is_refused() -> None:
    with a_host({"/": "<p>elsewhere"}) as host, pytest.raises(PageError, match="not the client's"):
        await render_page(f"{host.url}/", Place("shop.example", ()), allow_private=True)


async def test_a_page_that_is_not_there_is_said() -> None:
    with a_host() as host, pytest.raises(PageError, match="status 404"):
        await render_page(f"{host.url}/gone", HERE, allow_private=True)


async def test_a_dialog_does_not_hold_up_the_page() -> None:
    with a_host({"/": "<form id=f><input name=email></form><script>alert('x')</script>"}) as host:
        page = await render_page(f"{host.url}/", HERE, allow_private=True)
    assert 'id="f"' in page.html


def test_without_a_browser_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="install Chromium"):
        find_chromium()


async def test_selectors_find_the_same_in_a_browser(chromium_path: str) -> None:
    page = (
        '<form id="2nd.form:a"><input name="a[b]&quot;c"><input id="ü-1 x"><input class="wide.box">'
        "<p><input></p></form>"
        '<form name="näme \\ x"><input name="q"></form>'
        '<section id="-1"><form><input name="email"></form></section>'
    )
    with a_host({"/": page}) as host:
        async with tab(True) as (opening, gate):
            await opened(opening, gate, f"{host.url}/")
            proposal = await discover(await render_page(f"{host.url}/", HERE, True), a_client())
            selectors = [one for form in proposal.forms for one in (form.form_selector, *form.alternative_selectors)]
            selectors += [field.field_selector for form in proposal.forms for field in form.fields]
            script = f"{selectors!r}.map(one => document.querySelectorAll(one).length)"
            counts = await opening.evaluate(script)
    assert dict(zip(selectors, counts, strict=True)) == dict.fromkeys(selectors, 1)
