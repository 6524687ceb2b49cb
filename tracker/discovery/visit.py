"""Visits a live page with the browser script on it: what would be captured there, what would not, and why.

Nothing is typed, clicked or submitted, and nothing reaches a tracker: the script of this installation is put into the
page by the browser, it is told an address that does not exist, and what the page would ask of a tracker is stopped.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from tracker.addresses import Resolve, resolve
from tracker.assets import browser_script
from tracker.config.records import ClientRecord, KeyRecord
from tracker.configtest.checks import check_address, check_origin
from tracker.configtest.fetch import FetchedPage, PageError
from tracker.configtest.page import Parser, Place, check_page
from tracker.configtest.report import Check
from tracker.discovery.devtools import BrowserError, Message
from tracker.discovery.proposal import Fate, FieldProposal, FormProposal
from tracker.discovery.render import FLATTEN, Tab, opened, tab
from tracker.discovery.service import discover
from tracker.embed import VERSION
from tracker.settings import Settings

NOWHERE = "https://trackerctl.invalid"
"""What the script is told to send to; the name belongs to nobody (RFC 6761 §6.4)."""
_REPORT = "trackerctlReport"
_MAX_FRAMES = 20
_MAX_EVENTS = 100

Blocked = Literal["", "csp", "origin", "address", "frame", "off", "script"]


class VisitedField(msgspec.Struct, rename="camel", frozen=True):
    """An input: what the script does with it, why, and what to do if it should be otherwise."""

    name: str
    label: str | None
    type: str
    role: str | None
    fate: Fate | Literal["blocked"]
    why: str
    fix: str
    configured: bool


class VisitedForm(msgspec.Struct, rename="camel", frozen=True):
    """A form on the page or in one of its frames.

    :ivar frame: address of the frame of another origin that it stands in.
    :ivar blocked: what keeps all of it from being captured; empty when nothing does.
    """

    name: str
    selector: str
    form_id: str | None
    frame: str | None
    blocked: Blocked
    why: str
    fix: str
    fields: list[VisitedField]


class Visit(msgspec.Struct, rename="camel", frozen=True):
    """What was found on a page.

    :ivar events: types of the events that the script made by itself.
    :ivar stopped: requests of the page to a tracker that were stopped.
    :ivar strays: inputs in no form and near no button: what is typed is captured, but no submission.
    """

    url: str
    title: str
    client_id: str
    events: list[str]
    stopped: int
    strays: int
    checks: list[Check]
    forms: list[VisitedForm]

    @property
    def has_errors(self) -> bool:
        """Whether something is to be mended."""
        return any(check.status == "error" for check in self.checks) or any(form.blocked for form in self.forms)


class Visitor:
    """What a visit is made with.

    :param config: what the script is told of the client, JSON.
    :param key: a publishable key of the client, for the origins that may use it.
    :param api_key: its plaintext, to be recognised on the page.
    """

    def __init__(self, settings: Settings, client: ClientRecord, key: KeyRecord, api_key: str, config: bytes) -> None:
        self._settings = settings
        self._client = client
        self._key = key
        self._api_key = api_key
        self._config = config
        self._events: list[str] = []
        self._stopped = 0

    async def visit(self, url: str, allow_private: bool, resolve: Resolve = resolve) -> Visit:
        """Open the page, look, and leave.

        :raises PageError: when it cannot be opened.
        :raises UnavailableError: when there is no browser here.
        """
        async with tab(allow_private, resolve) as (page, gate):
            await self._prepare(page)
            await opened(page, gate, url)
            final, html = str(await page.evaluate("location.href")), str(await page.evaluate(FLATTEN))
            runs = await page.evaluate(f"!!(window[{json.dumps(self._settings.global_name)}] || {{}}).flush")
            frames = await _frames(page, final)
        return await self._told(FetchedPage(final, html, page.policies), bool(runs), frames)

    async def _prepare(self, page: Tab) -> None:
        page.tools.on("Runtime.bindingCalled", self._heard, page.session)
        page.tools.on("Fetch.requestPaused", lambda event: self._answer(page, event), page.session)
        # What the policy forbids is told from its text; the script must run to be looked at.
        await page.send("Page.setBypassCSP", enabled=True)
        await page.send("Runtime.addBinding", name=_REPORT)
        await page.send("Fetch.enable", patterns=[{"urlPattern": pattern} for pattern in self._patterns()])
        await page.send("Page.addScriptToEvaluateOnNewDocument", source=self._script())

    def _patterns(self) -> list[str]:
        settings = self._settings
        public = settings.public_url.rstrip("/")
        paths = (settings.ingest_path, settings.script_name, "v1/track/events", "v1/config/pk_", "main-app.v1.js")
        return [
            f"{NOWHERE}/*",
            f"{public}/v1/*",
            f"{public}/script/*",
            *(f"*/{path}*" for path in dict.fromkeys(paths)),
        ]

    def _script(self) -> str:
        """The built script behind what a snippet would say, in the page itself and not in its frames."""
        settings = self._settings
        said = {
            "apiKey": "visit",
            "apiUrl": NOWHERE,
            "globalName": settings.global_name,
            "ingestPath": settings.ingest_path,
            "consent": {"mode": self._client.config.consent.mode},
        }
        name = json.dumps(settings.global_name)
        code = browser_script(VERSION).body.decode("utf-8")
        return (
            f"if (window === top) {{ window.WebsiteTrackerConfig = {json.dumps(said)};"
            f"window[{name}] = {{ q: [['on', 'event', event => {_REPORT}(event.type)]] }};\n{code}\n}}"
        )

    def _heard(self, event: Message) -> None:
        if event["name"] == _REPORT and len(self._events) < _MAX_EVENTS:
            self._events.append(str(event["payload"])[:64])

    async def _answer(self, page: Tab, event: Message) -> None:
        request, number = event["request"], event["requestId"]
        if not request["url"].startswith(f"{NOWHERE}/"):
            self._stopped += 1
            await page.send("Fetch.failRequest", requestId=number, errorReason="BlockedByClient")
            return
        body = self._config if "/v1/config/" in request["url"] else b'{"success":true,"queued":0}'
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
        await page.send(
            "Fetch.fulfillRequest",
            requestId=number,
            responseCode=200,
            responseHeaders=[{"name": name, "value": value} for name, value in headers.items()],
            body=base64.b64encode(body).decode(),
        )

    async def _told(self, page: FetchedPage, runs: bool, frames: list[FetchedPage]) -> Visit:
        parts = urlsplit(page.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        settings = self._settings
        place = Place(page.url, self._api_key, settings.public_url, settings.script_name)
        checks = [check_origin(self._key, origin), check_address(settings.public_url, origin)]
        checks += await check_page(Parser(), page.html, page.policies, self._client, place)
        checks.append(self._check_run(runs))
        blocked, why, fix = self._block(checks)
        proposal = await discover(page, self._client, rendered=True)
        forms = [_form(form, None, blocked, why, fix) for form in proposal.forms]
        for frame in frames:
            inner = (await discover(frame, self._client, rendered=True)).forms
            forms += [_form(form, frame.url, "frame", _FRAME, _FRAME_FIX.format(_origin(frame.url))) for form in inner]
        client_id = self._client.client_id
        return Visit(
            page.url, proposal.title, client_id, self._events, self._stopped, proposal.strays, checks, forms
        )  # fmt: skip

    def _check_run(self, runs: bool) -> Check:
        title = "Browser script on the page"
        if not runs:
            return Check(
                "run", title, "error", "The script does not start on this page.",
                f"Another script may take the name {self._settings.global_name}; TRACKER_GLOBAL_NAME chooses another.",
            )  # fmt: skip
        if self._events:
            return Check("run", title, "ok", f"It runs, and made: {', '.join(dict.fromkeys(self._events))}.")
        if self._client.config.consent.mode == "optin":
            return Check("run", title, "info", "It runs, and waits for consent('granted') before it makes any event.")
        return Check("run", title, "ok", "It runs; no event is due before a visitor does something.")

    def _block(self, checks: list[Check]) -> tuple[Blocked, str, str]:
        """What stands in the way of every form of the page, the first of several."""
        reasons: dict[str, Blocked] = {"origin": "origin", "csp": "csp", "address": "address", "run": "script"}
        for check in checks:
            if check.status == "error" and check.id in reasons:
                return reasons[check.id], check.detail, check.remedy
        if not self._client.is_active:
            name = self._client.domain
            return "off", "The client is switched off.", f"`trackerctl client enable {name}` switches it on."
        if not self._client.config.features.form_tracking:
            fix = f"`trackerctl client update {self._client.domain} --set features.formTracking=true` tracks them."
            return "off", "The client's forms are not tracked (features.formTracking).", fix
        return "", "", ""


_FRAME = "It stands in a frame of another origin, into which a page's script cannot look."
_FRAME_FIX = (
    "Put the snippet into the frame's page too, and allow its origin: `trackerctl client update CLIENT --origin {}`."
)

_WORDS: dict[Fate, tuple[str, str]] = {
    "captured": ("", ""),
    "unrecognised": (
        "It has no role, and is not configured, so its value stays on the page.",
        "`trackerctl form discover` or `trackerctl field create` configures it.",
    ),
    "redacted": ("Its words or type say that it is a secret; no value leaves the page.", ""),
    "hidden": (
        "It cannot be seen, as a trap for robots cannot.",
        "If visitors fill it in, show it, or configure it with `trackerctl field create`.",
    ),
    "disabled": ("It is disabled; browsers do not submit it either.", "Enable it if it is to be filled in."),
    "ignored": ("The page says data-tracker-ignore.", "Remove the attribute if it is to be captured."),
}  # fmt: skip


def _form(form: FormProposal, frame: str | None, blocked: Blocked, why: str, fix: str) -> VisitedForm:
    fields = [_field(field, blocked, why, fix) for field in form.fields]
    return VisitedForm(form.form_name, form.form_selector, form.form_id, frame, blocked, why, fix, fields)


def _field(field: FieldProposal, blocked: Blocked, why: str, fix: str) -> VisitedField:
    fate: Fate | Literal["blocked"] = field.fate
    if blocked and field.is_wanted:
        fate = "blocked"
    else:
        why, fix = _WORDS[field.fate]
    role = field.role if field.is_wanted else None
    configured = field.field_id is not None
    return VisitedField(field.field_name, field.label, field.field_type, role, fate, why, fix, configured)


async def _frames(page: Tab, url: str) -> list[FetchedPage]:
    """What stands in frames of other origins; those of the page's own origin are part of it."""
    tree = (await page.send("Page.getFrameTree"))["frameTree"]
    found = []
    for frame in _foreign(tree, _origin(url))[:_MAX_FRAMES]:
        try:
            world = await page.send("Page.createIsolatedWorld", frameId=frame["id"])
            html = await page.evaluate(FLATTEN, contextId=world["executionContextId"])
        except (PageError, BrowserError):
            continue  # gone in the meantime
        found.append(FetchedPage(frame["url"], html, []))
    return found


def _foreign(tree: dict[str, Any], own: str) -> list[dict[str, Any]]:
    below = [one for child in tree.get("childFrames", []) for one in _foreign(child, own)]
    frame = tree["frame"]
    stranger = _origin(frame["url"]) != own and urlsplit(frame["url"]).scheme in ("http", "https")
    return [frame, *below] if stranger else below


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
