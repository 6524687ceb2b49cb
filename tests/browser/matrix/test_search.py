"""The search that the matrix judges leaks by finds a value in every writing in which a script could send it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.async_api import Browser

from tests.browser.matrix.drive import FRESH, Recorder, run
from tests.browser.matrix.search import is_in
from tests.browser.matrix.shape import lead, secret, shape
from tests.browser.sdk_host import SdkHost
from tests.fixtures.browser import leave

WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda text: text,
    "JSON": lambda text: json.dumps({"a": [text]}),
    "percent": lambda text: "https://x.example/?v=" + quote(text, safe=""),
    "form": lambda text: "v=" + quote_plus(text),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
}
LONG = st.text(
    st.characters(categories=["L", "Nd"], include_characters=" -@.", max_codepoint=0x24F), min_size=9
).filter(lambda text: len([letter for letter in text if letter.isalnum()]) >= 9 and text == text.strip())


@given(LONG, st.lists(st.sampled_from(sorted(WRITINGS)), min_size=1, max_size=2))
def test_finds_a_long_value_in_any_writing_inside_another(value: str, writings: list[str]) -> None:
    sent = f"before {value} after"
    for name in writings:
        sent = WRITINGS[name](sent)
    assert is_in(value, [sent])


def test_finds_a_number_whose_separators_were_taken_out() -> None:
    assert is_in("4111 1111 1111 1111", ['{"f": "4111111111111111"}'])
    assert is_in("536-22-8104", ["https://x.example/?s=536228104"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"fields": {"c": "737"}}', True),
        ('{"fields": {"note": "my code: 737."}}', True),
        ('{"fields": {"phone": "+49 30 1737000"}}', False),
        ('{"id": "737", "sessionId": "737", "timestamp": 737}', False),
        ("https://x.example/?cvc=737", True),
    ],
)
def test_finds_a_short_value_as_a_word_alone_and_in_no_id(body: str, expected: bool) -> None:
    assert is_in("737", [body]) is expected


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("writing", ["value", "btoa(value)", "encodeURIComponent(value)"])
async def test_the_matrix_sees_a_script_that_sends_all(chromium: Browser, writing: str) -> None:
    """A recorder beside the script: each of its requests is a leak, by address or by body."""
    host = SdkHost()
    recorder_script = f"""<script>document.addEventListener('change', event => {{ const {{ value }} = event.target;
      navigator.sendBeacon('{host.api_url}/v1/track/events', JSON.stringify({{ events: [], x: {writing} }}));
      new Image().src = '{host.api_url}/pixel?' + {writing}; }})</script>"""
    form = '<form><input name="email"><input type="password" name="pw"><button>Go</button></form>'
    leaky = shape("leaky", form + recorder_script, lead("email", "email"), secret("pw", "Correct-Horse-Battery"))
    context = await chromium.new_context()
    await context.add_init_script(FRESH)
    page = await context.new_page()
    outcome = await run(page, host, Recorder(page, host), leaky, everything=False)
    await leave(context.close())
    host.close()
    assert outcome.leaks == ["Correct-Horse-Battery"]
    assert (outcome.leads, outcome.recalled) == (1, 1)
