"""How strong the secrets are: those of the settings, and the passwords inside the stores' URLs. None is repeated."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from urllib.parse import unquote, urlsplit

from tracker.doctor.report import Finding, good, warning
from tracker.ingest.origins import LOOPBACK
from tracker.settings import Settings
from tracker.stores.redis import queue_urls

LEAST_BITS = 128.0
_LEAST_PASSWORD_BITS = 40.0
_DEFAULTS = re.compile(
    r"(?i)change.?(?:me|this|it)|pass(?:word|wd|w0rd)|secret|admin|default|example|letmein|qwerty|12345|tracker|insecure"
)


def entropy_bits(text: str) -> float:
    """What guessing the text costs at least, judged by its letters alone: length times the entropy of a letter, with
    what repeats itself counted once. Random base64 of 32 characters has about 150 bits.
    """
    if not text:
        return 0.0
    period = (text + text).find(text, 1)
    once = text[:period]
    counts = Counter(once)
    per_letter = -sum(n / len(once) * math.log2(n / len(once)) for n in counts.values())
    steps = sum(abs(ord(b) - ord(a)) <= 1 for a, b in pairwise(once))
    # A run such as abcdefgh or 11111111 is one choice and not eight.
    return per_letter * max(1, len(once) - steps)


def check_secrets(settings: Settings) -> list[Finding]:
    """Length, entropy and defaults of every secret that is set."""
    findings = [*_keys(settings), *_metrics_token(settings), *_passwords(settings)]
    return findings or [good("secrets", "the secrets are strong", "length, entropy and defaults")]


def _keys(settings: Settings) -> Iterator[Finding]:
    secrets = [part.strip() for part in settings.secret_keys.split(",") if part.strip()]
    for place, secret in enumerate(secrets, 1):
        what = f"secret key {place} of {len(secrets)}"
        bits = entropy_bits(secret)
        if (found := _DEFAULTS.search(secret)) and bits - 4 * len(found[0]) < LEAST_BITS:
            yield _weak_key(what, "it holds a word that everybody tries first")
        elif bits < LEAST_BITS:
            yield _weak_key(what, f"about {bits:.0f} bits, and {LEAST_BITS:.0f} are wanted")
    if len(set(secrets)) < len(secrets):
        yield warning(
            "secrets",
            "a secret key is listed twice",
            "a rotation puts a new one in front of the old ones",
            "Take the second one out of TRACKER_SECRET_KEYS.",
        )


def _weak_key(what: str, why: str) -> Finding:
    return warning(
        "secrets",
        f"{what} is weak",
        f"{why}; API keys, tokens and stored credentials are made with it",
        "Make one with `openssl rand -base64 48`, put it in front in TRACKER_SECRET_KEYS and leave the old one behind "
        "it until its keys are rotated.",
    )


def _metrics_token(settings: Settings) -> Iterator[Finding]:
    token = settings.metrics_token
    if token and (entropy_bits(token) < LEAST_BITS / 2 or _DEFAULTS.search(token)):
        yield warning(
            "secrets",
            "TRACKER_METRICS_TOKEN is weak",
            "who guesses it reads the figures of the installation",
            "Set a random one: `openssl rand -hex 32`.",
        )


def _passwords(settings: Settings) -> Iterator[Finding]:
    urls = {
        "TRACKER_CONFIG_DB_URL": [settings.config_db_url],
        "TRACKER_MONGODB_URL": [settings.mongodb_url],
        "TRACKER_REDIS_URL": [settings.redis_url],
        "TRACKER_QUEUE_SHARD_URLS": queue_urls(settings) if settings.queue_shard_urls else [],
    }
    for name, values in urls.items():
        reasons = {reason for value in values if value and (reason := _password_problem(value))}
        for reason in sorted(reasons):
            yield warning(
                "secrets",
                f"the store of {name} is badly guarded",
                reason,
                f"Give its user a random password (`openssl rand -hex 24`) and write it into {name}.",
            )


def _password_problem(url: str) -> str:
    if url.startswith("sqlite"):
        return ""
    parts, password = None, None
    with suppress(ValueError):  # several hosts of MongoDB are no host with a port
        parts = urlsplit(url)
        password = parts.password
    if parts is None:
        return ""
    host = parts.netloc.rpartition("@")[2].split(",")[0].rsplit(":", 1)[0].strip("[]").lower()
    local = host in LOOPBACK or host == ""
    if not password:
        return "" if local or "authMechanism=" in url else "there is no password in the URL, and it is on the network"
    text = unquote(password)
    if entropy_bits(text) < _LEAST_PASSWORD_BITS or (_DEFAULTS.search(text) and len(text) < 20):
        return "its password is short, or one that everybody tries first"
    return ""
