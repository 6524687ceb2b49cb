"""Checks a page against a client's configuration: is the tracker in it, may it run there, what do the selectors find.

The HTML is as the server sends it: what scripts draw later is not in it, and the words of the checks say so.
"""

from __future__ import annotations

import asyncio
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from tracker.config.records import ClientRecord, FormRecord
from tracker.configtest.apart import ask
from tracker.configtest.report import Check, Row, Status, worst

_PROGRAM = Path(__file__).with_name("parse.py")
_MAX_FORMS = 100
_MAX_FIELDS = 100
_AT_ONCE = 2
_KEY = re.compile(r"\b(?:pk|sk)_(?:live|test)_[0-9A-Za-z]{43}\b")
_LOADER = re.compile(r"/script/([0-9A-Za-z-]+)\.js")
_TAG_MANAGER = "googletagmanager.com/gtm"
_DRAWN = "if scripts draw it in the browser, paste the page's HTML from the developer tools (Copy outerHTML)"


class Place(msgspec.Struct, frozen=True):
    """Where a page stands, and by what it should load the tracker."""

    url: str | None
    api_key: str
    public_url: str
    script_name: str


class Parser:
    """Runs ``parse.py``, two at a time at most: each may take a core for some seconds."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def read(self, html: str, forms: list[FormRecord]) -> dict[str, Any]:
        """What the page holds; see ``parse.py``.

        :raises PageError: when it cannot be read in time.
        """
        question = msgspec.json.encode({"html": html, "forms": [_asked(form) for form in forms]})
        async with self._free:
            answer = await ask([str(_PROGRAM)], question)
        return msgspec.json.decode(answer, type=dict[str, Any])


def _asked(form: FormRecord) -> dict[str, Any]:
    return {
        "selectors": [selector for selector in (form.form_selector, *form.alternative_selectors) if selector],
        "fields": [{"selector": field.field_selector, "name": field.field_name} for field in form.fields[:_MAX_FIELDS]],
    }


async def check_page(parser: Parser, html: str, policies: list[str], client: ClientRecord, place: Place) -> list[Check]:
    """All checks of a page.

    :param policies: its ``Content-Security-Policy`` headers; those of its meta elements are added.
    :raises PageError: when the page cannot be read.
    """
    forms = list(client.forms[:_MAX_FORMS])
    found = await parser.read(html, forms)
    return [
        check_snippet(found, client, place),
        check_policy([*policies, *found["policies"]], place),
        check_selectors(found, forms, place.url),
    ]


def check_snippet(found: dict[str, Any], client: ClientRecord, place: Place) -> Check:
    """Whether the page loads the tracker, once, and for this client."""
    title = "Tracker on the page"
    inline = "\n".join(found["inline"])
    loaders = _LOADER.findall("\n".join(found["scripts"]))
    keys = set(_KEY.findall(inline))
    show = f"`trackerctl embed {client.domain}` prints the snippet"
    if any(key.startswith("sk_") for key in keys):
        return Check(
            "snippet", title, "error", "A secret key stands in the page, where everybody can read it.",
            "Revoke it now (`trackerctl key revoke`), then put the snippet with the publishable key in its place.",
        )  # fmt: skip
    strangers = {f"…{key[-4:]}" for key in keys - {place.api_key}} | {one for one in loaders if one != client.client_id}
    if strangers:
        shown = ", ".join(sorted(strangers))
        return Check(
            "snippet", title, "error", f"The page loads the tracker with another key or client: {shown}.",
            f"Events go there and not to {client.domain}; {show}.",
        )  # fmt: skip
    times = len(loaders) + (1 if keys else 0)
    if times > 1:
        return Check(
            "snippet", title, "warning", "The snippet is in the page more than once; the first one counts.",
            "Harmless, but remove one: two places to keep up to date.",
        )  # fmt: skip
    if times == 1:
        return Check("snippet", title, "ok", "The page carries this client's snippet.")
    if any(place.script_name in source for source in found["scripts"]):
        return Check(
            "snippet", title, "error", "The page loads the script without telling it a key, so it does nothing.",
            f"Put the whole snippet into the page: {show}.",
        )  # fmt: skip
    if _TAG_MANAGER in inline or any(_TAG_MANAGER in source for source in found["scripts"]):
        return Check(
            "snippet", title, "info", "No snippet in the HTML, but a tag manager, which may bring it.",
            "Open the page with ?tracker_debug=1 to see whether it does.",
        )  # fmt: skip
    return Check(
        "snippet", title, "error", "The page does not load the tracker.",
        f"{show[0].upper()}{show[1:]} to paste before </head>. If scripts put it in, open the page with "
        "?tracker_debug=1 to see whether it runs.",
    )  # fmt: skip


def check_policy(policies: list[str], place: Place) -> Check:
    """Whether the page's Content-Security-Policy lets the script load and send."""
    title = "Content-Security-Policy of the page"
    if not policies:
        return Check("csp", title, "ok", "The page sets none, so nothing is in the way.")
    base = f"{urlsplit(place.public_url).scheme}://{urlsplit(place.public_url).netloc}"
    missing = [
        directive
        for directive in ("script-src", "connect-src")
        if not all(allows(policy, directive, base, place.url) for policy in policies)
    ]
    if missing:
        return Check(
            "csp", title, "error", f"The browser will refuse the tracker: {' and '.join(missing)} lack {base}.",
            f"Add {base} to {' and '.join(missing)} of the page's policy. The inline snippet also needs a nonce or a "
            "hash; the one-tag loader (`trackerctl embed --format loader`) does not.",
        )  # fmt: skip
    return Check("csp", title, "ok", f"The policy lets the page load the script from {base} and send to it.")


def allows(policy: str, directive: str, base: str, page_url: str | None) -> bool:
    """Whether a policy lets a page load from (or connect to) an origin, as far as host sources tell (CSP Level 3
    §6.7.2); with ``strict-dynamic`` and a nonce it is for the page's author to say."""
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *sources = part.split()[:200] or [""]
        directives.setdefault(name.lower(), sources)
    wanted = directives.get(directive, directives.get("default-src"))
    if directive == "script-src":
        wanted = directives.get("script-src-elem", wanted)
    if wanted is None or (directive == "script-src" and "'strict-dynamic'" in wanted):
        return True
    own = page_url is not None and _base(page_url) == base
    return any(_source_allows(source.lower(), base, own) for source in wanted)


def _source_allows(source: str, base: str, own: bool) -> bool:
    if source == "'self'":
        return own
    if source in ("*", base, f"{urlsplit(base).scheme}:"):
        return True
    parts = urlsplit(source if "://" in source else f"//{source}")
    target = urlsplit(base)
    host = parts.netloc.partition(":")[0]
    if parts.scheme not in ("", target.scheme) or parts.netloc.partition(":")[2] not in (
        "", "*", str(target.port or {"http": 80, "https": 443}[target.scheme])
    ):  # fmt: skip
        return False
    name = target.hostname or ""
    return host == name or (host.startswith("*.") and name.endswith(host[1:]))


def _base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def check_selectors(found: dict[str, Any], forms: list[FormRecord], url: str | None) -> Check:
    """What each configured form's selectors find."""
    title = "Forms and fields on the page"
    counted = f"{found['formCount']} forms and {found['fieldCount']} inputs are in the HTML"
    if not forms:
        return Check(
            "selectors", title, "info", f"{counted}; the client configures no form, so fields are recognised.",
            "Nothing has to be done; `trackerctl form create` makes a form whose fields are named and mapped.",
        )  # fmt: skip
    rows: list[Row] = []
    for form, seen in zip(forms, found["forms"], strict=True):
        rows += _form_rows(form, seen, _is_elsewhere(form, url))
    status = worst([row.status for row in rows])
    detail = f"{counted}; {len(forms)} forms are configured."
    remedy = ""
    if status in ("warning", "error"):
        named = ", ".join(f"#{name}" for name in found["named"] if name)
        remedy = (
            f"Correct a selector with `trackerctl form update` or `trackerctl field update`; {_DRAWN}."
            + (f" Forms on the page: {named}." if named else "")
        )  # fmt: skip
    return Check("selectors", title, status, detail, remedy, rows)


def _form_rows(form: FormRecord, seen: dict[str, Any], elsewhere: bool) -> list[Row]:
    rows = [Row(form.form_name, *_form_fate(form, seen, elsewhere))]
    if seen["holds"]:
        for field, counts in zip(form.fields, seen["fields"], strict=False):
            rows.append(Row(f"{form.form_name} › {field.field_name}", *_field_fate(counts)))
    return rows


def _form_fate(form: FormRecord, seen: dict[str, Any], elsewhere: bool) -> tuple[Status, str]:
    unreadable = [
        selector
        for selector, count in zip((form.form_selector, *form.alternative_selectors), seen["matches"], strict=False)
        if count is None
    ]
    if unreadable:
        return "error", f"no CSS selector that can be read: {', '.join(unreadable)}"
    if seen["holds"] == 1:
        return "ok", "found"
    if seen["holds"]:
        return "warning", f"found {seen['holds']} times; all count as this form, so make the selector narrower"
    if any(seen["matches"]):
        return "error", f"{form.form_selector} finds something that is no form and holds no input"
    if elsewhere:
        return "info", f"not on this page; it is for {form.page_url}"
    return "error", f"{form.form_selector} finds nothing"


def _field_fate(counts: dict[str, Any]) -> tuple[Status, str]:
    if counts["inside"] is None:
        return "error", "no CSS selector that can be read"
    if counts["inside"]:
        more = f" {counts['inside']} times; the values of all are sent" if counts["inside"] > 1 else ""
        return "ok", f"found{more}"
    if counts["outside"]:
        return "error", "found only outside the form"
    return "error", "finds nothing in the form"


def _is_elsewhere(form: FormRecord, url: str | None) -> bool:
    """Whether a form is said to be on other pages than this one; of pasted HTML nobody knows."""
    if url is None:
        return False
    parts = urlsplit(url)
    wanted = form.page_url.strip()
    candidates = (url, f"{_base(url)}{parts.path}", parts.path, parts.path.rstrip("/") or "/")
    return not any(one == wanted or one == wanted.rstrip("/") or fnmatchcase(one, wanted) for one in candidates)
