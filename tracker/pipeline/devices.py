"""What a user agent says about the device."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ua_parser import parse

from tracker.pipeline.bots import is_bot

_TABLETS = ("iPad", "Tablet", "Kindle", "Nexus 7", "Nexus 10", "Galaxy Tab")
_PHONE_SYSTEMS = ("iOS", "Android", "Windows Phone", "KaiOS", "BlackBerry OS")


class Device(NamedTuple):
    """Kind (desktop, mobile, tablet, bot), browser family and operating system."""

    device: str | None
    browser: str | None
    os: str | None


@lru_cache(maxsize=8192)
def device_of(user_agent: str) -> Device:
    """Parse a user agent; a few thousand different ones make up nearly all traffic, hence the cache."""
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else None
    system = found.os.family if found.os else None
    family = found.device.family if found.device else ""
    if family == "Spider" or is_bot(user_agent):
        return Device("bot", browser, system)
    if any(name in family or name in user_agent for name in _TABLETS):
        return Device("tablet", browser, system)
    if system in _PHONE_SYSTEMS:
        # Android without "Mobile" is how tablets say what they are.
        kind = "tablet" if system == "Android" and "Mobile" not in user_agent else "mobile"
        return Device(kind, browser, system)
    return Device("desktop" if system else None, browser, system)
