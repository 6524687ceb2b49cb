"""Where a visit came from: campaign parameters, click ids, referrer, landing page."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tracker.leads.facts import CAMPAIGN_NAMES

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
_MAX_CHARS = 500
MAX_URL_CHARS = 2000
_MAX_PARAMETERS = 100


def touch_of(page: dict[str, Any], metadata: dict[str, Any]) -> dict[str, str]:
    """The attribution that one event shows: from its page's URL, then from what its sender put into ``metadata``."""
    touch: dict[str, str] = {}
    url = page.get("url")
    host = ""
    if isinstance(url, str) and url:
        touch["landingPage"] = url[:MAX_URL_CHARS]
        host, parameters = _read_url(url)
        touch.update(parameters)
    for source in (metadata, page):
        referrer = source.get("referrer")
        # A click inside the site is no source of a visit.
        if isinstance(referrer, str) and referrer and not (host and _read_url(referrer)[0] == host):
            touch["referrer"] = referrer[:MAX_URL_CHARS]
    if metadata:
        _from_metadata(touch, metadata)
    return touch


def _from_metadata(touch: dict[str, str], metadata: dict[str, Any]) -> None:
    for name in CAMPAIGN_NAMES:
        value = metadata.get(name)
        if name not in touch and isinstance(value, str) and value:
            touch[name] = value[:_MAX_CHARS]
    landing = metadata.get("landingPage")
    if isinstance(landing, str) and landing:
        touch["landingPage"] = landing[:MAX_URL_CHARS]


def campaign(touch: dict[str, str]) -> dict[str, str]:
    """Only what names a campaign or a click."""
    return {name: touch[name] for name in CAMPAIGN_NAMES if name in touch}


# A visit's events share a few URLs, and so do a site's visits.
@lru_cache(maxsize=8192)
def _read_url(url: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Host and attribution parameters of a URL; nothing of what is none."""
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        return "", ()
    found = ((PARAMETERS[name], value[:_MAX_CHARS]) for name, value in pairs if name in PARAMETERS and value)
    return parts.hostname or "", tuple(found)
