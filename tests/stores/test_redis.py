"""Which answers of Redis mean that the same call can succeed later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from tests.fixtures.instances import PrivateRedis
from tracker.stores.redis import is_outage


async def _refused(call: Callable[[], Any]) -> Exception:
    with pytest.raises(ResponseError) as caught:
        await call()
    return caught.value


async def test_a_full_server_is_an_outage_however_it_is_asked(private_redis: PrivateRedis) -> None:
    redis = Redis.from_url(private_redis.url)
    await redis.config_set("maxmemory", "1")
    pipe = redis.pipeline(transaction=True).set("a", "b").set("c", "d")
    for call in (
        lambda: redis.set("a", "b"),
        pipe.execute,
        lambda: redis.eval("return redis.call('SET', KEYS[1], 'b')", 1, "a"),
    ):
        assert is_outage(await _refused(call))
    await redis.aclose()


@pytest.mark.parametrize(
    "text",
    [
        "MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk",
        "LOADING Redis is loading the dataset in memory",
        "Command # 1 (SET a b) of pipeline caused error: ('MISCONF Errors writing to the AOF file: No space left',)",
        "Error running script (call to f_0): @user_script:1: @user_script: 1: -MISCONF Errors writing to the AOF file",
        "Command # 2 (EVALSHA x) of pipeline caused error: ('Error running script: @user_script: 1: -READONLY You',)",
    ],
)
def test_a_server_that_takes_no_writes_is_an_outage(text: str) -> None:
    assert is_outage(ResponseError(text))
    assert is_outage(OutOfMemoryError("command not allowed when used memory > 'maxmemory'."))


@pytest.mark.parametrize(
    "text",
    [
        "WRONGTYPE Operation against a key holding the wrong kind of value",
        "Command # 1 (SET a MISCONF) of pipeline caused error: ('WRONGTYPE Operation against a key',)",
        "unknown command 'MISCONF'",
        "NOAUTH Authentication required.",
    ],
)
def test_a_wrong_call_is_none(text: str) -> None:
    assert not is_outage(ResponseError(text))
