"""Where a visit came from: campaign parameters, click ids, referrer, landing page."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

# Query parameter → name of the attribution field (and of the document's `metadata.utmSource` shape).
PARAMETERS = {
    "utm_source": "utmSource",
    "utm_medium": "utmMedium",
    "utm_campaign": "utmCampaign",
    "utm_term": "utmTerm",
    "utm_content": "utmContent",
    "gclid": "gclid",
    "fbclid": "fbclid",
    "msclkid": "msclkid",
}
_NAMES = tuple(PARAMETERS.values())
_MAX_CHARS = 500
_MAX_PARAMETERS = 100


def touch_of(page: dict[str, Any], metadata: dict[str, Any]) -> dict[str, str]:
    """The attribution that one event shows: from its page's URL, then from what its sender put into ``metadata``."""
    touch: dict[str, str] = {}
    url = page.get("url")
    if isinstance(url, str) and url:
        touch["landingPage"] = url[:2000]
        if "?" in url:
            touch.update(_from_query(url))
    for source in (metadata, page):
        referrer = source.get("referrer")
        if isinstance(referrer, str) and referrer and not _same_host(referrer, url):
            touch["referrer"] = referrer[:2000]
    for name in _NAMES:
        value = metadata.get(name)
        if name not in touch and isinstance(value, str) and value:
            touch[name] = value[:_MAX_CHARS]
    landing = metadata.get("landingPage")
    if isinstance(landing, str) and landing:
        touch["landingPage"] = landing[:2000]
    return touch


def campaign(touch: dict[str, str]) -> dict[str, str]:
    """Only what names a campaign or a click."""
    return {name: touch[name] for name in _NAMES if name in touch}


def _from_query(url: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(urlsplit(url).query, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        return {}
    return {PARAMETERS[name]: value[:_MAX_CHARS] for name, value in pairs if name in PARAMETERS and value}


def _same_host(referrer: str, url: Any) -> bool:
    """A click inside the site is no source of a visit."""
    try:
        return bool(url) and urlsplit(referrer).hostname == urlsplit(str(url)).hostname
    except ValueError:
        return False
