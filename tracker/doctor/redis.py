"""Redis: until MongoDB has an event this is the only copy of it, so persistence and room are what matters."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from tracker.doctor.clocks import clock_finding
from tracker.doctor.report import Finding, error, good, version_of, warning
from tracker.settings import Settings
from tracker.stores import redis as redis_store

_LEAST_VERSION = (6, 2)
_ANSWER_SECONDS = 2.4
_FULL_MACHINE = 0.75
_NEARLY_FULL = 0.75


def patient(settings: Settings) -> Settings:
    """The settings with a Redis that must answer within three seconds."""
    seconds = min(settings.redis_timeout_seconds, _ANSWER_SECONDS)
    return settings.model_copy(update={"redis_timeout_seconds": seconds})


def servers(settings: Settings) -> dict[str, str]:
    """The URL of every server by what findings call it."""
    urls = list(dict.fromkeys((settings.redis_url, *redis_store.queue_urls(settings))))
    if len(urls) == 1:
        return {"Redis": urls[0]}
    return {"Redis" if url == settings.redis_url else f"queue server {number}": url for number, url in enumerate(urls)}


async def check_redis(settings: Settings, name: str, url: str) -> list[Finding]:
    """Ask one server; every command is a read.

    :param name: what findings call it.
    :raises redis.exceptions.RedisError: when it does not answer.
    """
    redis = redis_store.connect(patient(settings), url)
    try:
        await redis.ping()  # the connection is made by now, and costs the clock's answer nothing
        before = time.time()
        seconds, micros = await redis.time()
        after = time.time()
        info: dict[str, Any] = await redis.info()
    finally:
        await redis_store.close(redis)
    findings = [clock_finding(name, seconds + micros / 1e6, before, after), _version(name, str(info["redis_version"]))]
    return [*findings, *redis_findings(name, info, settings.queue_headroom_ratio)]


def _version(name: str, version: str) -> Finding:
    if version_of(version) < _LEAST_VERSION:
        fix = "Upgrade the server to Redis 6.2 or later."
        return error("redis", f"{name} is older than 6.2: {version}", "commands that are needed are missing", fix)
    return good("redis", f"{name} {version} answers")


def redis_findings(name: str, info: Mapping[str, Any], headroom: float) -> Iterator[Finding]:
    """Judge what ``INFO`` says.

    :param headroom: share of ``maxmemory`` that senders must leave (``queue_headroom_ratio``).
    """
    found = [*_persistence(name, info), *_memory(name, info, headroom), *_role(name, info)]
    if not found:
        yield good("redis", f"{name} keeps what it is given", "appendonly yes, noeviction")
    yield from found


def _persistence(name: str, info: Mapping[str, Any]) -> Iterator[Finding]:
    if not info.get("aof_enabled"):
        yield error(
            "redis",
            f"{name} keeps no append-only file",
            "events that wait are lost when it restarts",
            "Set `appendonly yes` in redis.conf (and now, `CONFIG SET appendonly yes`); see deploy/redis.conf.",
        )
    elif info.get("aof_last_write_status", "ok") != "ok":
        yield error(
            "redis",
            f"{name} cannot write its append-only file",
            "it refuses events meanwhile; senders get a 503 and try again",
            "Make room on its disk.",
        )
    elif info.get("aof_last_bgrewrite_status", "ok") != "ok":
        yield warning(
            "redis",
            f"{name} could not rewrite its append-only file",
            "the file grows without end",
            "Look into the log of Redis; often memory or disk is short (vm.overcommit_memory = 1).",
        )


def _memory(name: str, info: Mapping[str, Any], headroom: float) -> Iterator[Finding]:
    policy = info.get("maxmemory_policy", "noeviction")
    most, used = int(info.get("maxmemory") or 0), int(info.get("used_memory") or 0)
    if policy != "noeviction":
        yield error(
            "redis",
            f"{name} throws events away when it is full",
            f"maxmemory-policy is {policy}",
            "Set `maxmemory-policy noeviction` in redis.conf (and now, `CONFIG SET maxmemory-policy noeviction`).",
        )
    if most:
        usable = most * (1 - headroom)
        if used > usable * _NEARLY_FULL:
            yield (error if used > usable else warning)(
                "redis",
                f"{name} is {'full' if used > usable else 'nearly full'}",
                f"{used / 2**20:,.0f} of {usable / 2**20:,.0f} MiB that events may use",
                "Raise maxmemory, start more workers, or see with `trackerctl dlq list` whether dead letters fill it.",
            )
    elif (machine := int(info.get("total_system_memory") or 0)) and used > machine * _FULL_MACHINE:
        yield warning(
            "redis",
            f"{name} uses {used * 100 // machine} % of its machine's memory, and has no limit",
            "the kernel ends it when memory is out",
            "Set maxmemory in redis.conf to what the machine can spare: senders are then told to wait instead.",
        )


def _role(name: str, info: Mapping[str, Any]) -> Iterator[Finding]:
    if info.get("role") == "slave":
        yield error("redis", f"{name} is a replica", "it takes no events", "Point TRACKER_REDIS_URL at the primary.")
    if info.get("loading"):
        yield warning(
            "redis",
            f"{name} is still reading its file",
            "it takes no events until then",
            "Wait for it, and look again.",
        )
