"""The checks of a key, an origin, the script and the configuration, in words. Pure: answers in, :class:`Check` out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from tracker.config.keys import looks_like_key
from tracker.config.records import ClientRecord, KeyRecord
from tracker.configtest.report import Check, Row, Status, worst
from tracker.ingest.origins import LOOPBACK, origin_allowed

KeyState = Literal["ok", "malformed", "secret", "unknown", "revoked", "expired", "inactive"]
_SOON_SECONDS = 14 * 86_400
_FIRST = "Mend what is said above about key and origin first."


class Answer(msgspec.Struct, frozen=True):
    """What an endpoint of the service answered: status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


def key_state(text: str, key: KeyRecord | None, now: float) -> KeyState:
    """What a key that somebody typed is worth.

    :param key: its record, ``None`` when there is none.
    """
    if is_secret(text):
        return "secret"
    if not looks_like_key(text):
        return "malformed"
    if key is None:
        return "unknown"
    if key.revoked_at is not None and key.revoked_at <= now:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return "ok" if key.client_active else "inactive"


def is_secret(text: str) -> bool:
    """Whether this is a secret key or a piece of one."""
    return text.strip().lower().startswith("sk_")


_BAD_KEYS: dict[KeyState, tuple[str, str]] = {
    "malformed": (
        "That is no API key of this service: one has 51 characters and begins with pk_live_ or pk_test_.",
        "Copy it again, whole; `trackerctl embed <client>` prints it.",
    ),
    "secret": (
        "That is a secret key. It belongs on a server and nowhere else, and it was not looked up.",
        "If it stands in a page or was sent to anyone, revoke it (`trackerctl key revoke`) and issue another. Here "
        "goes the publishable key, pk_…; `trackerctl embed <client>` prints it.",
    ),
    "unknown": (
        "No client of this installation has this key.",
        "Copy it again, or check that it is of this installation; `trackerctl key list <client>` shows the last four "
        "characters of each.",
    ),
    "revoked": (
        "The key was revoked; every request with it is refused.",
        "Put the current key into the page: `trackerctl embed <client>` prints it.",
    ),
    "expired": (
        "The key has expired; every request with it is refused.",
        "`trackerctl key issue <client>` makes a new one; then `trackerctl embed <client>` prints the snippet.",
    ),
    "inactive": (
        "The key is right, but its client is switched off; every request is refused.",
        "`trackerctl client enable <client>` switches it on.",
    ),
}


def check_key(state: KeyState, key: KeyRecord | None, now: float) -> Check:
    """Known, of the right kind, neither expired nor revoked."""
    title = "API key"
    if state != "ok" or key is None:
        detail, remedy = _BAD_KEYS[state if state != "ok" else "unknown"]
        return Check("key", title, "error", detail, remedy)
    kind = "A publishable key" if key.mode == "live" else "A publishable test key: what it brings is marked as test"
    if key.expires_at is not None:
        day = datetime.fromtimestamp(key.expires_at, UTC).date().isoformat()
        soon = key.expires_at - now < _SOON_SECONDS
        return Check(
            "key", title, "warning" if soon else "ok", f"{kind} of {key.domain}, good until {day}.",
            "Put the new key into the page before that day: `trackerctl embed <client>` prints it." if soon else "",
        )  # fmt: skip
    return Check("key", title, "ok", f"{kind} of {key.domain}.")


def check_origin(key: KeyRecord, origin: str | None) -> Check:
    """Which origins may use the key, and whether the one that was typed is among them."""
    title = "Origin"
    rows = [Row(f"{key.domain} and its subdomains", "ok", "http and https, any port")]
    rows += [Row(allowed, "ok", "allowed origin") for allowed in key.allowed_origins]
    if key.mode == "test":
        rows.append(Row("localhost, 127.0.0.1, ::1", "ok", "as this is a test key"))
    if origin is None:
        return Check("origin", title, "info", "No page was named; these origins may use the key.", rows=rows)
    if origin_allowed(key, origin):
        return Check("origin", title, "ok", f"Pages on {origin} may use the key.", rows=rows)
    remedy = f"`trackerctl client update {key.domain} --origin {origin}` allows it."
    if (urlsplit(origin).hostname or "") in LOOPBACK:
        remedy = f"For trying out on this machine use a test key: `trackerctl embed {key.domain} --mode test`."
    return Check("origin", title, "error", f"Pages on {origin} may not use the key.", remedy, rows)


def check_cors(origin: str | None, preflight: Answer, config: Answer, ingest: Answer) -> Check:
    """Whether a browser on ``origin`` may read what the service answers.

    :param ingest: the answer to an empty batch, which is refused (422) after the key and the origin were taken.
    """
    title = "CORS"
    if origin is None:
        return Check("cors", title, "skipped", "Name a page or an origin to try it.")
    faults = [
        f"{what} answered {answer.status} {'for' if _reads(answer, origin) else 'without'} {origin}"
        for what, answer, status in (("the preflight", preflight, 204), ("the configuration", config, 200))
        if answer.status != status or not _reads(answer, origin)
    ]
    if ingest.status != 422 or not _reads(ingest, origin):
        faults.append(f"the endpoint for events answered {ingest.status}")
    if not faults:
        return Check("cors", title, "ok", f"The service lets pages on {origin} read its answers.")
    limited = any(answer.status == 429 for answer in (config, ingest))
    return Check(
        "cors", title, "error", f"{'; '.join(faults).capitalize()}.",
        "A rate limit was reached: wait a minute." if limited else _FIRST,
    )  # fmt: skip


def _reads(answer: Answer, origin: str) -> bool:
    return answer.headers.get("access-control-allow-origin") in (origin, "*")


def check_script(answer: Answer, size: int, integrity: str, url: str) -> Check:
    """Whether the browser script is served as it was built.

    :param size: bytes of its body as the browser gets it, compressed.
    """
    title = "Browser script"
    if answer.status != 200:
        return Check(
            "script", title, "error", f"{url} answers {answer.status}: this installation carries no browser script.",
            "Install the wheel again; in a checkout, `make jsbundle` builds it.",
        )  # fmt: skip
    coding = answer.headers.get("content-encoding", "no compression")
    rows = [
        Row("address", "ok", url),
        Row("size", "ok", f"{size} bytes with {coding}, {len(answer.body)} unpacked"),
        Row("integrity", "ok", integrity),
        Row("cache", "ok", answer.headers.get("cache-control", "")),
    ]
    return Check("script", title, "ok", "The script is served.", rows=rows)


def check_address(public_url: str, origin: str | None) -> Check:
    """Whether visitors can reach the address that pages name."""
    title = "Address of the service"
    parts = urlsplit(public_url)
    local = (parts.hostname or "") in LOOPBACK or (parts.hostname or "").endswith(".localhost")
    away = origin is not None and (urlsplit(origin).hostname or "") not in LOOPBACK
    if local and away:
        return Check(
            "address", title, "error", f"Pages are told to send to {public_url}, which only this machine can reach.",
            "Set TRACKER_PUBLIC_URL to the address that visitors' browsers reach, and print the snippet again.",
        )  # fmt: skip
    if not local and parts.scheme == "http" and origin is not None and origin.startswith("https:"):
        return Check(
            "address", title, "error", f"A page on https may not load from {public_url} (mixed content).",
            "Serve the tracker on https and set TRACKER_PUBLIC_URL to that address.",
        )  # fmt: skip
    return Check("address", title, "ok", f"Pages load from and send to {public_url}.")


def check_config(answer: Answer, client: ClientRecord) -> Check:
    """Whether the configuration is served, and what in it may surprise."""
    title = "Configuration"
    if answer.status != 200:
        return Check(
            "config", title, "error", f"The configuration is refused ({answer.status}).",
            _FIRST,
        )  # fmt: skip
    rows = [*_switches(msgspec.json.decode(answer.body)), *_forms(client)]
    status = worst([row.status for row in rows])
    forms = f"{len(client.forms)} forms" if len(client.forms) != 1 else "1 form"
    remedy = "`trackerctl client update --set` changes what is marked." if status == "warning" else ""
    return Check("config", title, status, f"Served, with {forms}.", remedy, rows)


def _switches(config: dict[str, Any]) -> list[Row]:
    features, consent = config["features"], config["consent"]
    rows = []
    if not features["formTracking"]:
        rows.append(Row("features.formTracking", "warning", "false: no form is captured"))
    if features["partialCapture"] is None:
        partial = "off, as consent is opt-in" if consent["mode"] == "optin" else "on"
        rows.append(Row("features.partialCapture", "ok", f"not set: {partial}"))
    else:
        rows.append(Row("features.partialCapture", "ok", "on" if features["partialCapture"] else "off"))
    words: dict[str, tuple[Status, str]] = {
        "none": ("ok", "none: events are sent without asking"),
        "optout": ("ok", "optout: events are sent until the visitor objects"),
        "optin": ("info", "optin: nothing is stored or sent before the page calls consent('granted')"),
    }
    rows.append(Row("consent.mode", *words[consent["mode"]]))
    if config["debug"]:
        rows.append(Row("debug", "warning", "true: the script writes to the console of every visitor"))
    return rows


def _forms(client: ClientRecord) -> list[Row]:
    rows = []
    for form in client.forms:
        count = len(form.fields)
        what = f"{form.form_selector} on {form.page_url}, {count} fields"
        rows.append(Row(form.form_name, "ok" if count else "info", what if count else f"{what}: they are recognised"))
    return rows
