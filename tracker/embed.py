"""Snippets that bring the browser script into a page (technical design §3.2, decisions §10). Pure: values in, text out.

Each value is encoded for the place that it goes to, so that no key, address or hash can end the string, the script or
the attribute that it stands in, whatever it holds.

A snippet also makes the API object with a queue ``q`` of calls, which the browser script takes over when it has
loaded: a page may call ``WebsiteTracker.track(…)`` from its first line on. And it notes what speaks for a form being
filled in by a program (docs/abuse.md), which the browser script asks it for: there is no room for that there.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from urllib.parse import quote, urlsplit

from tracker.config.records import Consent
from tracker.names import GLOBAL_NAME, INGEST_PATH, SCRIPT_NAME
from tracker.settings import Settings

VERSION = "v1"
RECORD_QUERY = "record=consent"
"""Asks the address of the browser script for the one that keeps a record of consent."""

# What ends or changes the meaning of a script in HTML (< > &), of an attribute or PHP string ('), of a template literal
# (` $), of a Google Tag Manager variable ({{name}}). JSON escapes the rest: quotes, backslashes, U+2028 and U+2029.
_RISKY = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'`${}\x7f"}


@dataclass(frozen=True, slots=True)
class Snippet:
    """What snippets say of a client and of the installation.

    :ivar api_key: a publishable key; it is readable for everybody.
    :ivar api_url: where browsers reach the service.
    :ivar integrity: ``sha384-…`` of the browser script; the browser then runs no other.
    :ivar site_token: for the one page that is being answered, until the configuration brings the next; never for a
        snippet that is kept (`tracker.ingest.site_token`).
    :ivar consent: the client's, which holds on its pages until the configuration has come; ``None`` = not known.
    """

    api_key: str
    api_url: str
    version: str = VERSION
    integrity: str | None = None
    consent: Consent | None = None
    script_name: str = SCRIPT_NAME
    global_name: str = GLOBAL_NAME
    ingest_path: str = INGEST_PATH
    site_token: str | None = None

    @property
    def source(self) -> str:
        """Where the browser script is: the one with a record of consent for clients that ask for consent."""
        query = f"?{RECORD_QUERY}" if records_consent(self.consent) else ""
        return f"{self.api_url.rstrip('/')}/{quote(self.script_name, safe='')}{query}"

    @property
    def overlay(self) -> str:
        """Where the panel is that shows what the script does, on pages with ``?tracker_debug=1``."""
        return f"{self.api_url.rstrip('/')}/debug-overlay.v1.js"


def records_consent(consent: Consent | None) -> bool:
    """Whether pages of a client load the browser script that keeps a record of consent."""
    return consent is not None and consent.mode != "none"


def snippet_of(
    settings: Settings,
    api_key: str,
    consent: Consent | None = None,
    integrity: str | None = None,
    *,
    site_token: str | None = None,
) -> Snippet:
    """With the names and the address of this installation."""
    return Snippet(
        api_key,
        settings.public_url,
        integrity=integrity,
        consent=consent,
        script_name=settings.script_name,
        global_name=settings.global_name,
        ingest_path=settings.ingest_path,
        site_token=site_token,
    )


# ES5, as it is pasted into pages whose tools know nothing newer.
_LOADER = """\
(function (w, d) {{
  var c = w.WebsiteTrackerConfig = w.WebsiteTrackerConfig || {{}};
  if (c.apiKey) return;
{settings}{stub}
  var s = d.createElement("script");
  s.src = {source};
  s.async = !o;{integrity}
  (d.head || d.documentElement).appendChild(s);
}})(window, document);"""

# Notes forms in which keys were struck in a field that nobody sees: neither widgets nor browsers that fill in a form by
# themselves make trusted events with data. A field is looked at once, at its first key: that costs the page a layout.
# The overlay comes before the script, which is then loaded in order too: it would miss what is made before it listens.
_STUB = """
  var n = {name}, q = [];
  if (!w[n]) {{
    w[n] = {{ q: q }};
    "track identify page consent flush reset chat on".split(" ").forEach(function (m) {{
      w[n][m] = function () {{ q.push([m].concat([].slice.call(arguments))); }};
    }});
  }}
  var traps = [], last;
  w.document.addEventListener("input", function (e) {{
    var t = e.composedPath ? e.composedPath()[0] : e.target, b;
    if (!e.isTrusted || !e.data || !t.form || t === last || !t.checkVisibility) return;
    b = (last = t).getBoundingClientRect();
    if (b.right + w.scrollX <= 0 || b.bottom + w.scrollY <= 0 ||
        !t.checkVisibility({{ checkOpacity: true, checkVisibilityCSS: true }})) traps.push(t.form);
  }}, true);
  c.form = function (f) {{
    return {{ fillMs: Math.round(w.performance.now()), honeypot: traps.indexOf(f) >= 0 || void 0 }};
  }};
  if (/[?&]tracker_debug=1/.test(w.location.search)) {{
    var o = w.document.createElement("script");
    o.src = {overlay};
    o.async = false;
    w.document.head.appendChild(o);
  }}"""

_INTEGRITY = """
  s.integrity = {integrity};
  s.crossOrigin = "anonymous";"""

_NEXT = """\
// components/WebsiteTracker.jsx; put <WebsiteTracker /> into app/layout or pages/_app.
"use client";

import Script from "next/script";

if (typeof window !== "undefined" && !window.WebsiteTrackerConfig) {{
  const w = window;
  const c = (w.WebsiteTrackerConfig = {{}});
{settings}{stub}
}}

export default function WebsiteTracker() {{
  return (
    <Script
      id="website-tracker"
      strategy="afterInteractive"
      src={{{source}}}{integrity}
    />
  );
}}
"""

_NEXT_INTEGRITY = """
      integrity={{{integrity}}}
      crossOrigin="anonymous\""""

_WORDPRESS = """\
// Goes into functions.php of the theme, or into a code snippets plugin.
add_action('wp_head', function () {{
    echo {snippet};
}}, 1);
"""


def loader_script(snippet: Snippet) -> str:
    """JavaScript that names key and service in ``window.WebsiteTrackerConfig``, makes the queue of calls and loads the
    browser script.

    Embedded twice, the first one stands. What a page set in ``WebsiteTrackerConfig`` before is kept.
    """
    return _LOADER.format(
        **_parts(snippet),
        integrity=_INTEGRITY.format(integrity=js_string(snippet.integrity)) if snippet.integrity else "",
    )


def embed_html(snippet: Snippet) -> str:
    """HTML to paste before ``</head>``: the loader, inline."""
    return f"<!-- Website tracker -->\n<script>{inline_script(snippet)}</script>\n"


def inline_script(snippet: Snippet) -> str:
    """What stands in the script element of :func:`embed_html`, to the character."""
    return f"\n{loader_script(snippet)}\n"


def content_security_policy(api_url: str, inline: str | None = None) -> str:
    """What a page's Content-Security-Policy must allow, as directives to add to those that it has (CSP Level 3).

    :param inline: the text of an inline script, which is allowed by its hash; a changed snippet needs a new one.
    """
    parts = urlsplit(api_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    scripts = [origin]
    if inline is not None:
        scripts.append(f"'sha256-{b64encode(sha256(inline.encode()).digest()).decode()}'")
    return f"script-src {' '.join(scripts)}; connect-src {origin}"


def loader_tag(client_id: str, api_url: str) -> str:
    """HTML to paste before ``</head>``: one tag, which takes the loader from ``/script/{clientId}.js``."""
    address = f"{api_url.rstrip('/')}/script/{quote(client_id, safe='')}.js"
    return f'<script async src="{escape(address)}"></script>\n'


def gtm(snippet: Snippet) -> str:
    """A Custom HTML tag of Google Tag Manager, to be fired on all pages; plain ES5, which is all that it takes."""
    return f"<script>\n{loader_script(snippet)}\n</script>\n"


def next_component(snippet: Snippet) -> str:
    """A component for Next.js, which puts scripts in by itself."""
    return _NEXT.format(
        **_parts(snippet),
        integrity=_NEXT_INTEGRITY.format(integrity=js_string(snippet.integrity)) if snippet.integrity else "",
    )


def wordpress(snippet: Snippet) -> str:
    """PHP for WordPress, which prints the snippet into the head of every page."""
    return _WORDPRESS.format(snippet=php_string(embed_html(snippet)))


def js_string(value: str) -> str:
    """A JavaScript string literal that is also safe inside an HTML script element: ASCII letters and escapes only."""
    return json.dumps(value, ensure_ascii=True).translate(_RISKY)


def php_string(value: str) -> str:
    """A PHP string literal in single quotes, where nothing but the backslash and the quote has a meaning."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _parts(snippet: Snippet) -> dict[str, str]:
    values = {"apiKey": snippet.api_key, "apiUrl": snippet.api_url.rstrip("/"), "version": snippet.version}
    # The browser script knows the usual names by itself.
    if snippet.global_name != GLOBAL_NAME:
        values["globalName"] = snippet.global_name
    if snippet.ingest_path != INGEST_PATH:
        values["ingestPath"] = snippet.ingest_path
    if snippet.site_token:
        values["siteToken"] = snippet.site_token
    lines = [f"  c.{name} = {js_string(value)};" for name, value in values.items()]
    if snippet.consent:
        lines.append(f"  c.consent = c.consent || {_consent(snippet.consent)};")
    stub = _STUB.format(name=js_string(snippet.global_name), overlay=js_string(snippet.overlay))
    return {"settings": "\n".join(lines), "stub": stub, "source": js_string(snippet.source)}


def _consent(consent: Consent) -> str:
    """As the configuration has it. Signals of the browser that are to be honoured must be known from the start too."""
    parts = [f"mode: {js_string(consent.mode)}"]
    parts += ["respectGpc: true"] if consent.respect_gpc else []
    parts += ["respectDnt: true"] if consent.respect_dnt else []
    return f"{{ {', '.join(parts)} }}"
