"""Source, medium and campaign of a visit, as aggregation expressions. Pure.

The rules are those that web analytics has made usual (docs/analytics.md): what the campaign says, then what a click id
tells, then the referring host, else ``(direct)``.
"""

from __future__ import annotations

from typing import Any

DIRECT, NONE = "(direct)", "(none)"
# Click id → who sets it, and what kind of link it is. Facebook sets its own on every link, paid or not.
CLICK_IDS = {"gclid": ("google", "cpc"), "msclkid": ("bing", "cpc"), "fbclid": ("facebook", "referral")}
MAX_CHARS = 500
_HOST = r"^[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)"

Expression = dict[str, Any]


def touch_source(path: str) -> Expression:
    """Of a stored touch, as sessions (``$touch``) and leads (``$attribution.first``) have it."""
    return _source({name: _text(f"{path}.{name}") for name in _NAMES}, host(_text(f"{path}.referrer")))


def event_source() -> Expression:
    """Of an event without a session: what its sender put into ``metadata``, then its page's referrer.

    A referrer on the page's own host is a click inside the site.
    """
    named = {name: _text(f"$metadata.{name}") for name in _NAMES}
    referrer = {"$ifNull": ["$metadata.referrer", "$payload.page.referrer"]}
    hosts = {"there": host(_text(referrer)), "here": host(_text("$payload.page.url"))}
    foreign = {"$cond": [{"$eq": ["$$there", "$$here"]}, "", "$$there"]}
    return _source(named, {"$let": {"vars": hosts, "in": foreign}})


_NAMES = ("utmSource", "utmMedium", "utmCampaign", *CLICK_IDS)


def _source(named: dict[str, Expression], referrer: Expression) -> Expression:
    clicks = [(_given(name), sets) for name, sets in CLICK_IDS.items()]
    return {
        "$let": {
            "vars": {**named, "referrer": referrer},
            "in": {
                "source": _first_case(
                    [
                        (_given("utmSource"), "$$utmSource"),
                        *((given, network) for given, (network, _) in clicks),
                        (_given("referrer"), "$$referrer"),
                    ],
                    DIRECT,
                ),
                "medium": _first_case(
                    [
                        (_given("utmMedium"), "$$utmMedium"),
                        (_given("utmSource"), NONE),
                        *((given, medium) for given, (_, medium) in clicks),
                        (_given("referrer"), "referral"),
                    ],
                    NONE,
                ),
                "campaign": _first_case([(_given("utmCampaign"), "$$utmCampaign")], NONE),
            },
        }
    }


def host(url: Expression) -> Expression:
    """Host of a URL in lower case, empty where there is none."""
    found = {"$regexFind": {"input": url, "regex": _HOST, "options": "i"}}
    first = {"$ifNull": [{"$arrayElemAt": ["$$found.captures", 0]}, ""]}
    return {"$let": {"vars": {"found": found}, "in": {"$toLower": first}}}


def _text(value: Any) -> Expression:
    """A string of bounded length; what is no string counts as not given."""
    return {"$cond": [{"$eq": [{"$type": value}, "string"]}, {"$substrCP": [value, 0, MAX_CHARS]}, ""]}


def _given(name: str) -> Expression:
    return {"$ne": [f"$${name}", ""]}


def _first_case(cases: list[tuple[Expression, str]], default: str) -> Expression:
    return {"$switch": {"branches": [{"case": case, "then": then} for case, then in cases], "default": default}}
