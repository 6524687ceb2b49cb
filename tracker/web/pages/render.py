"""Renders the service's own pages: templates, their files, and the headers that keep both to themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from litestar import Response, get
from litestar.params import FromPath

from tracker.assets import Asset, encoded
from tracker.errors import NotFoundError
from tracker.settings import Settings
from tracker.web.embed import asset_response
from tracker.web.http import AppRequest

_HTML = "text/html; charset=utf-8"
_SLOT = re.compile(r"\{\{(\w+)\}\}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
# Everything that pages of this package load from here, by its type.
_TYPES = {"css": "text/css; charset=utf-8", "js": "application/javascript; charset=utf-8", "svg": "image/svg+xml"}
_FILES = frozenset({"pages.css", "demo.js", "example.js", "config-test.js", "icon.svg"})


def page_response(
    settings: Settings, name: str, title: str, values: Mapping[str, str], *, status: int = 200, policy: str = ""
) -> Response[str]:
    """A page: ``<name>.html`` with its values in, inside the layout.

    :param values: plain text, encoded here.
    :param policy: directives to add to the Content-Security-Policy.
    """
    safe = {key: escape(value) for key, value in values.items()}
    content = fill(_template(f"{name}.html"), safe)
    layout = {"title": escape(title), "content": content, "client": safe.get("client", "")}
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"{_policy(settings)}{policy}",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(fill(_template("layout.html"), layout), status_code=status, media_type=_HTML, headers=headers)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into the slots of a template in one pass: what a value holds is no slot.

    :raises KeyError: for a slot without a value.
    """
    return _SLOT.sub(lambda slot: values[slot[1]], template)


def _policy(settings: Settings) -> str:
    """Own scripts, styles and requests only, and the tracker where browsers are told to find it: a page that was
    opened under another name of the same service must reach it too."""
    parts = urlsplit(settings.public_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    service = f"'self' {origin}" if _ORIGIN.fullmatch(origin) else "'self'"
    return (
        f"default-src 'none'; script-src {service}; connect-src {service}; style-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@get("/pages/{name:str}", include_in_schema=False)
async def page_file(request: AppRequest, name: FromPath[str]) -> Response[bytes]:
    """A style sheet, script or picture of these pages."""
    if name not in _FILES:
        raise NotFoundError("no such file here")
    # Of this version of the service: the browser asks each time whether it still is.
    return asset_response(request, _file(name), "no-cache", _TYPES[name.rpartition(".")[2]])


@cache
def _file(name: str) -> Asset:
    return encoded(files(__package__).joinpath(name).read_bytes())


@cache
def _template(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
