"""Names that an installation may choose for what browsers see of it, because ad-blockers match names.

Checks as pure functions. All raise :class:`ValueError` with what to choose instead; the settings show it.
"""

from __future__ import annotations

import re

SCRIPT_NAME = "main-app.v1.js"
GLOBAL_NAME = "WebsiteTracker"
INGEST_PATH = "v1/track/events"
OVERLAY_NAME = "debug-overlay.v1.js"

# The first parts of paths that are the service's own. What else will stand below v1/ is its own to decide.
_TAKEN = frozenset({"config-test", "demo", "example", "health", "metrics", "pages", "schema", "script", "v1"})
_SCRIPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}\.js")
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*")
_MAX_PARTS = 5
_MAX_PATH_CHARS = 100
_GLOBAL = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]{1,63}")
# Words of the language, and names that a page's window has already: the script would take them for itself.
_TAKEN_WORDS = """
Array ArrayBuffer BigInt Blob Boolean DataView Date Document Element Error Event EventTarget File FormData Function
Headers History Image Infinity Intl JSON Location Map Math MutationObserver NaN Navigator Node Notification Number
Object Option Promise Proxy Range ReferenceError Reflect RegExp Request Response Set ShadowRoot String Symbol Text
TypeError URL URLSearchParams WeakMap WeakSet WebSocket WebsiteTrackerConfig Window Worker XMLHttpRequest
addEventListener alert arguments as async atob await blur break btoa caches case catch chrome class clearInterval
clearTimeout close closed confirm const constructor continue crypto customElements dataLayer debugger default delete
dispatchEvent do document else enum escape eval event export extends external false fetch finally find focus for
frameElement frames from function getComputedStyle get globalThis google_tag_manager gtag hasOwnProperty history if
implements import in indexedDB innerHeight innerWidth instanceof interface isFinite isNaN jQuery length let
localStorage location locationbar matchMedia menubar moveBy moveTo name navigation navigator new null of open opener
origin outerHeight outerWidth package parent parseFloat parseInt performance postMessage print private prompt
protected prototype public queueMicrotask removeEventListener requestAnimationFrame resizeBy resizeTo return screen
scroll scrollBy scrollTo scrollX scrollY self sessionStorage set setInterval setTimeout static status stop
structuredClone super switch this throw toString top toolbar true try typeof undefined unescape valueOf var void while
window with yield __proto__
"""
_TAKEN_GLOBALS = frozenset(_TAKEN_WORDS.split())


def script_name(value: str) -> str:
    """A file name such as ``main-app.v1.js``, served from the root of the service."""
    if not _SCRIPT.fullmatch(value) or ".." in value:
        raise ValueError("must be a plain file name that ends in .js, such as site-forms.js")
    if value == OVERLAY_NAME:
        raise ValueError(f"{OVERLAY_NAME} is another file of this service; choose another name")
    return value


def ingest_path(value: str) -> str:
    """A path such as ``v1/track/events``; comes back without slashes around it."""
    path = value.strip("/")
    parts = path.split("/")
    plain = all(_PART.fullmatch(part) and ".." not in part for part in parts)
    if not plain or len(parts) > _MAX_PARTS or len(path) > _MAX_PATH_CHARS:
        raise ValueError(
            f"must be a path of 1 to {_MAX_PARTS} plain parts (letters, digits, . _ ~ -), such as forms/send"
        )
    if path != INGEST_PATH and (parts[0] in _TAKEN or path.endswith(".js")):
        raise ValueError(f"{path} is the service's own or would hide a page of it; choose another, such as forms/send")
    return path


def global_name(value: str) -> str:
    """A name such as ``WebsiteTracker``, under which pages find the browser script's object."""
    if not _GLOBAL.fullmatch(value):
        raise ValueError("must be a JavaScript name of 2 to 64 ASCII letters, digits, _ and $, such as SiteForms")
    if value in _TAKEN_GLOBALS:
        raise ValueError(f"{value} is a name that JavaScript or the page's window uses; choose another, like SiteForms")
    return value
