"""A Redis that may lose events is told from one that does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.servers import Store, make_redis
from tests.fixtures.world import make_settings
from tracker.doctor.redis import check_redis, redis_findings, servers
from tracker.doctor.report import Finding

WELL = {"aof_enabled": 1, "maxmemory_policy": "noeviction", "used_memory": 1, "role": "master"}


async def look(url: str) -> list[Finding]:
    return await check_redis(make_settings(redis_url=url), "Redis", url)


def worse(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(one.severity, one.title) for one in findings if one.severity != "ok"]


async def test_finds_a_redis_that_evicts_and_keeps_no_file(stores: dict[str, Store], server_folder: Path) -> None:
    options = ("--appendonly", "no", "--maxmemory-policy", "allkeys-lru", "--maxmemory", "64mb")
    server = make_redis(stores["redis"], server_folder / "redis", *options)
    server.start()
    try:
        findings = await look(server.url)
    finally:
        server.kill()
    assert worse(findings) == [
        ("error", "Redis keeps no append-only file"),
        ("error", "Redis throws events away when it is full"),
    ]
    assert all("CONFIG SET" in one.fix for one in findings if one.severity == "error")


async def test_is_content_with_one_that_keeps_events(stores: dict[str, Store], server_folder: Path) -> None:
    server = make_redis(stores["redis"], server_folder / "redis", "--appendonly", "yes")
    server.start()
    try:
        findings = await look(server.url)
    finally:
        server.kill()
    assert worse(findings) == []
    assert "Redis and this machine agree on the time" in [one.title for one in findings]


async def test_finds_a_replica(stores: dict[str, Store], server_folder: Path) -> None:
    server = make_redis(stores["redis"], server_folder / "redis", "--appendonly", "yes", "--replicaof", "127.0.0.1 1")
    server.start()
    try:
        assert ("error", "Redis is a replica") in worse(await look(server.url))
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("info", "severity", "words"),
    [
        ({"aof_last_write_status": "err"}, "error", "cannot write"),
        ({"aof_last_bgrewrite_status": "err"}, "warning", "rewrite"),
        ({"maxmemory": 100, "used_memory": 79}, "warning", "nearly full"),
        ({"maxmemory": 100, "used_memory": 95}, "error", "is full"),
        ({"total_system_memory": 100, "used_memory": 80}, "warning", "no limit"),
        ({"loading": 1}, "warning", "still reading"),
    ],
)
def test_judges_what_info_says(info: dict[str, object], severity: str, words: str) -> None:
    [finding] = redis_findings("Redis", WELL | info, headroom=0.1)
    assert finding.severity == severity
    assert words in finding.title


def test_every_server_of_the_queue_is_looked_at_once() -> None:
    settings = make_settings(redis_url="redis://a/", queue_shards=3, queue_shard_urls="redis://a/,redis://b/")
    assert servers(settings) == {"Redis": "redis://a/", "queue server 1": "redis://b/"}
