"""What the flows share: a page with a form, and the ways to a page and away from it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from tests.browser.cross.tab import Tab
from tests.browser.sdk_host import KEY, SdkHost

CONTACT = """
<form id="contact" method="post" action="/thanks">
  <p><label>Your e-mail <input name="email" type="email"></label>
  <p><label>Phone <input name="tel"></label>
  <p><input name="colour" placeholder="Favourite colour">
  <p><button>Send</button>
</form>"""
HOUR_MS = 3_600_000
ACKNOWLEDGED = "!Object.keys(localStorage).some((key) => key.startsWith('_crm_q_'))"


async def visit(tab: Tab, host: SdkHost, body: str = "") -> None:
    """Open a page and wait until its first events are out of the way."""
    before = len(host.events("page_view"))
    await tab.goto(host.add_page("/", body))
    await host.wait_for("page_view", before + 1)
    await tab.until(ACKNOWLEDGED)


def prepared(host: SdkHost, script: str) -> str:
    """The tags of the SDK, with a script of the test ahead of them."""
    settings = json.dumps({"apiKey": KEY, "apiUrl": host.api_url, "version": "v1"})
    return f"""<script>{script}; WebsiteTrackerConfig = {settings};</script>
      <script src="{host.api_url}/main-app.v1.js"></script>"""


@contextmanager
def unreachable(host: SdkHost) -> Iterator[None]:
    """Whoever sends events meanwhile gets a connection that ends without an answer."""
    with patch.object(host, "record", side_effect=ConnectionAbortedError("unreachable, as the test wants it")):
        yield
