"""Snippets that bring the browser script into a page (technical design §3.2, decisions §10). Pure: values in, text out.

Each value is encoded for the place that it goes to, so that no key, address or hash can end the string, the script or
the attribute that it stands in, whatever it holds.
"""

from __future__ import annotations

import json
from html import escape
from urllib.parse import quote

VERSION = "v1"

# What ends or changes the meaning of a script in HTML (< > &), of an attribute or PHP string ('), of a template literal
# (` $), of a Google Tag Manager variable ({{name}}). JSON escapes the rest: quotes, backslashes, U+2028 and U+2029.
_RISKY = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'`${}\x7f"}

_LOADER = """\
(function (w, d) {{
  var c = w.WebsiteTrackerConfig = w.WebsiteTrackerConfig || {{}};
  if (c.apiKey) return;
  c.apiKey = {api_key};
  c.apiUrl = {api_url};
  c.version = {version};
  var s = d.createElement("script");
  s.src = {source};
  s.async = true;{integrity}
  (d.head || d.documentElement).appendChild(s);
}})(window, document);"""

_INTEGRITY = """
  s.integrity = {integrity};
  s.crossOrigin = "anonymous";"""

_NEXT = """\
// components/WebsiteTracker.jsx; put <WebsiteTracker /> into app/layout or pages/_app.
"use client";

import Script from "next/script";

if (typeof window !== "undefined" && !window.WebsiteTrackerConfig) {{
  window.WebsiteTrackerConfig = {{
    apiKey: {api_key},
    apiUrl: {api_url},
    version: {version},
  }};
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


def script_url(api_url: str, version: str = VERSION) -> str:
    """Where the browser script is."""
    return f"{api_url.rstrip('/')}/main-app.{quote(version, safe='')}.js"


def loader_script(api_key: str, api_url: str, version: str = VERSION, integrity: str | None = None) -> str:
    """JavaScript that names key and service in ``window.WebsiteTrackerConfig`` and loads the browser script.

    Embedded twice, the first one stands. What a page set in ``WebsiteTrackerConfig`` before is kept.

    :param api_key: a publishable key; it is readable for everybody.
    :param api_url: where browsers reach the service.
    :param integrity: ``sha384-…`` of the browser script; the browser then runs no other.
    """
    return _LOADER.format(
        **_literals(api_key, api_url, version),
        integrity=_INTEGRITY.format(integrity=js_string(integrity)) if integrity else "",
    )


def embed_html(api_key: str, api_url: str, version: str = VERSION, integrity: str | None = None) -> str:
    """HTML to paste before ``</head>``: the loader, inline."""
    return f"<!-- Website tracker -->\n<script>\n{loader_script(api_key, api_url, version, integrity)}\n</script>\n"


def loader_tag(client_id: str, api_url: str) -> str:
    """HTML to paste before ``</head>``: one tag, which takes the loader from ``/script/{clientId}.js``."""
    address = f"{api_url.rstrip('/')}/script/{quote(client_id, safe='')}.js"
    return f'<script async src="{escape(address)}"></script>\n'


def gtm(api_key: str, api_url: str, version: str = VERSION, integrity: str | None = None) -> str:
    """A Custom HTML tag of Google Tag Manager, to be fired on all pages; plain ES5, which is all that it takes."""
    return f"<script>\n{loader_script(api_key, api_url, version, integrity)}\n</script>\n"


def next_component(api_key: str, api_url: str, version: str = VERSION, integrity: str | None = None) -> str:
    """A component for Next.js, which puts scripts in by itself."""
    return _NEXT.format(
        **_literals(api_key, api_url, version),
        integrity=_NEXT_INTEGRITY.format(integrity=js_string(integrity)) if integrity else "",
    )


def wordpress(api_key: str, api_url: str, version: str = VERSION, integrity: str | None = None) -> str:
    """PHP for WordPress, which prints the snippet into the head of every page."""
    return _WORDPRESS.format(snippet=php_string(embed_html(api_key, api_url, version, integrity)))


def js_string(value: str) -> str:
    """A JavaScript string literal that is also safe inside an HTML script element: ASCII letters and escapes only."""
    return json.dumps(value, ensure_ascii=True).translate(_RISKY)


def php_string(value: str) -> str:
    """A PHP string literal in single quotes, where nothing but the backslash and the quote has a meaning."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _literals(api_key: str, api_url: str, version: str) -> dict[str, str]:
    values = {"api_key": api_key, "api_url": api_url.rstrip("/"), "version": version}
    return {name: js_string(value) for name, value in values.items()} | {
        "source": js_string(script_url(api_url, version))
    }
