"""Rate limits: a window of a minute that slides, kept in Redis, one round trip for all requests that wait.

The count of the last minute is estimated from two fixed windows: the running one and the share of the one before
that still lies within sixty seconds. A refused request spends nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import msgspec

from tracker.gather import Gatherer
from tracker.stores.redis import AsyncRedis

WINDOW_SECONDS = 60

# KEYS: for each bucket the running and the previous window. ARGV: weight of the previous window, expiry, then for
# each request its cost and two limits (0 = off); request i owns the buckets 2i and 2i+1.
# Returns for each request 0 (granted) or the number (1, 2) of the limit that refused it, and what remains of it.
_SCRIPT = """
local answers = {}
local weight, expiry = tonumber(ARGV[1]), tonumber(ARGV[2])
for i = 0, (#ARGV - 2) / 3 - 1 do
  local cost = tonumber(ARGV[3 + i * 3])
  local refused, left = 0, 0
  for b = 1, 2 do
    local limit = tonumber(ARGV[3 + i * 3 + b])
    if limit > 0 and refused == 0 then
      local k = i * 4 + (b - 1) * 2 + 1
      local used = tonumber(redis.call('GET', KEYS[k]) or '0')
      if used + cost > limit - weight * limit then
        used = used + weight * tonumber(redis.call('GET', KEYS[k + 1]) or '0')
      end
      if used + cost > limit then refused = b; left = math.max(0, math.floor(limit - used)) end
    end
  end
  if refused == 0 then
    for b = 1, 2 do
      if tonumber(ARGV[3 + i * 3 + b]) > 0 then
        local k = i * 4 + (b - 1) * 2 + 1
        if redis.call('INCRBY', KEYS[k], cost) == cost then redis.call('EXPIRE', KEYS[k], expiry) end
      end
    end
  end
  answers[#answers + 1] = refused
  answers[#answers + 1] = left
end
return answers
"""


class Spend(msgspec.Struct, frozen=True):
    """What one request costs, and the two buckets (name, limit a minute; limit 0 = none) that pay for it."""

    cost: int
    first: tuple[str, int]
    second: tuple[str, int] = ("", 0)


class Refused(msgspec.Struct, frozen=True):
    """A reached limit; ``retry_after`` in seconds."""

    limit: int
    remaining: int
    retry_after: int


class Limiter:
    """Asks Redis for permission, many requests at a time."""

    def __init__(self, redis: AsyncRedis) -> None:
        self._script = redis.register_script(_SCRIPT)
        self._gatherer: Gatherer[Spend, Refused | None] = Gatherer(self._ask, max_weight=500, max_waiting=10_000)

    async def spend(self, spend: Spend) -> Refused | None:
        """``None`` when the request may pass.

        :raises redis.exceptions.RedisError: when Redis is away.
        """
        if spend.first[1] == 0 and spend.second[1] == 0:
            return None
        return await self._gatherer.submit(spend)

    async def _ask(self, spends: Sequence[Spend]) -> list[Refused | None]:
        """Requests of one key and address ask together first; only where their sum is too much, one by one."""
        groups: dict[tuple[tuple[str, int], tuple[str, int]], list[int]] = {}
        for index, spend in enumerate(spends):
            groups.setdefault((spend.first, spend.second), []).append(index)
        sums = [Spend(sum(spends[i].cost for i in members), *buckets) for buckets, members in groups.items()]
        answers: list[Refused | None] = [None] * len(spends)
        singly: list[int] = []
        for members, refused in zip(groups.values(), await self._run(sums), strict=True):
            if refused and len(members) > 1:
                singly += members
            elif refused:
                answers[members[0]] = refused
        if singly:
            for index, refused in zip(singly, await self._run([spends[i] for i in singly]), strict=True):
                answers[index] = refused
        return answers

    async def _run(self, spends: Sequence[Spend]) -> list[Refused | None]:
        window, passed = divmod(time.time(), WINDOW_SECONDS)
        keys: list[str] = []
        args: list[str | int | float] = [1 - passed / WINDOW_SECONDS, 2 * WINDOW_SECONDS]
        for spend in spends:
            args.append(spend.cost)
            for name, limit in (spend.first, spend.second):
                keys += (f"tracker:limit:{name}:{int(window)}", f"tracker:limit:{name}:{int(window) - 1}")
                args.append(limit)
        answers = await self._script(keys=keys, args=args)
        wait = max(1, math.ceil(WINDOW_SECONDS - passed))
        return [
            Refused((spend.first, spend.second)[which - 1][1], left, wait) if which else None
            for spend, which, left in zip(spends, answers[::2], answers[1::2], strict=True)
        ]
