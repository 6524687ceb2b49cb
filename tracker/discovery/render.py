"""Pages as a browser draws them: for forms that scripts make."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tracker.addresses import Resolve, resolve
from tracker.configtest.fetch import MAX_PAGE_BYTES, FetchedPage, PageError
from tracker.discovery.devtools import DevTools, Message, browser
from tracker.discovery.gate import Gate
from tracker.ingest.origins import Site, origin_allowed

FLATTEN = Path(__file__).with_name("flatten.js").read_text(encoding="utf-8")
"""An expression whose value is the page as a text."""
_SETTLE_SECONDS = 15.0
_PERMIT = "allow it with --allow-private"


class Tab:
    """One page in a browser.

    :ivar policies: ``Content-Security-Policy`` headers of the document.
    :ivar status: HTTP status of the document, 0 when there was no answer.
    """

    def __init__(self, tools: DevTools, session: str) -> None:
        self.tools = tools
        self.session = session
        self.policies: list[str] = []
        self.status = 0
        self._idle = asyncio.Event()
        self._loader = ""
        self._quiet: set[str] = set()

    async def send(self, method: str, **parameters: Any) -> Message:
        """Call a method of the page."""
        return await self.tools.send(method, self.session, **parameters)

    async def prepare(self) -> None:
        """Listen, and let nothing of the page hold us up."""
        self.tools.on("Page.lifecycleEvent", self._lifecycle, self.session)
        self.tools.on("Network.responseReceived", self._answered, self.session)
        self.tools.on("Page.javascriptDialogOpening", self._dismiss, self.session)
        await self.send("Page.enable")
        await self.send("Runtime.enable")
        await self.send("Network.enable")
        await self.send("Network.setBypassServiceWorker", bypass=True)
        await self.send("Page.setLifecycleEventsEnabled", enabled=True)
        await self.tools.send("Browser.setDownloadBehavior", behavior="deny")

    async def go(self, url: str) -> None:
        """Open a page and wait until its scripts have gone quiet, for some seconds at most.

        :raises PageError: when it cannot be opened.
        """
        answer = await self.send("Page.navigate", url=url)
        if answer.get("errorText"):
            raise PageError(f"the browser could not open the page ({answer['errorText']})")
        self._loader = answer.get("loaderId", "")
        if self._loader in self._quiet:
            return
        try:
            async with asyncio.timeout(_SETTLE_SECONDS):
                await self._idle.wait()
        except TimeoutError:
            # Some pages never stop asking; what is drawn by now is what a visitor has before them.
            return

    async def evaluate(self, script: str, **parameters: Any) -> Any:
        """The value of an expression on the page.

        :raises PageError: when it throws.
        """
        answer = await self.send("Runtime.evaluate", expression=script, returnByValue=True, **parameters)
        if "exceptionDetails" in answer:
            raise PageError("the page could not be looked at in the browser; try again")
        return answer["result"].get("value")

    def _lifecycle(self, event: Message) -> None:
        if event["name"] == "networkIdle":
            self._quiet.add(event["loaderId"])
            if event["loaderId"] == self._loader:
                self._idle.set()

    def _answered(self, event: Message) -> None:
        response = event["response"]
        own = event["type"] == "Document" and event["requestId"] == event["loaderId"]
        if not own or self._loader not in ("", event["loaderId"]):
            return
        headers = {name.lower(): value for name, value in response["headers"].items()}
        policy = headers.get("content-security-policy", "")
        self.status, self.policies = response["status"], [line for line in policy.split("\n") if line]

    async def _dismiss(self, _: Message) -> None:
        await self.send("Page.handleJavaScriptDialog", accept=False)


@asynccontextmanager
async def tab(allow_private: bool, resolve: Resolve = resolve) -> AsyncIterator[tuple[Tab, Gate]]:
    """An empty page in a fresh browser that reaches public addresses only, unless others are allowed.

    :raises UnavailableError: when there is no browser here.
    """
    async with Gate(allow_private, resolve).open() as gate, browser(gate.port) as tools:
        target = await tools.send("Target.createTarget", url="about:blank")
        attached = await tools.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Tab(tools, attached["sessionId"])
        await page.prepare()
        yield page, gate


async def render_page(url: str, site: Site, allow_private: bool, resolve: Resolve = resolve) -> FetchedPage:
    """A page of a client as a browser draws it, without the values of its inputs.

    :raises PageError: when it cannot be opened, or leads to another site.
    :raises UnavailableError: when there is no browser here.
    """
    async with tab(allow_private, resolve) as (page, gate):
        await opened(page, gate, url)
        final = await page.evaluate("location.href")
        refuse_stranger(final, site)
        html = await page.evaluate(FLATTEN)
    if len(html.encode("utf-8", "replace")) > 4 * MAX_PAGE_BYTES:
        raise PageError(f"the page is larger than {4 * MAX_PAGE_BYTES // 1024**2} MiB when it is drawn")
    return FetchedPage(final, html, page.policies)


async def opened(page: Tab, gate: Gate, url: str) -> None:
    """Open a page, saying why where it cannot be."""
    try:
        await page.go(url)
    except PageError:
        if (urlsplit(url).hostname or "") in gate.refused:
            raise PageError(
                f"the host's name leads to a private or loopback address, which is not visited; {_PERMIT}"
            ) from None
        # An answer without a body is an error to the browser.
        if page.status < 400:
            raise
    if page.status >= 400:
        raise PageError(f"the page answers with status {page.status}; give the address of one that answers")


def refuse_stranger(url: str, site: Site) -> None:
    """Refuse a page that is not the client's.

    :raises PageError: saying what to do.
    """
    parts = urlsplit(url)
    if not origin_allowed(site, f"{parts.scheme}://{parts.netloc}"):
        raise PageError(
            f"the page is on {parts.scheme}://{parts.netloc}, which is not the client's; "
            "`trackerctl client update --origin` adds an origin"
        )
