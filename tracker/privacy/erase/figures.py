"""How many erasures are open and done, in Redis beside the other figures: a scrape must not wait for MongoDB."""

from __future__ import annotations

from tracker.privacy.erase.work import COLLECTION
from tracker.stores.documents import Database
from tracker.stores.redis import AsyncRedis

STATES = ("open", "done")
_KEY = "tracker:gdpr:figures"


async def write_figures(redis: AsyncRedis, database: Database) -> None:
    """Count them; once a minute.

    :raises redis.exceptions.RedisError: :raises pymongo.errors.PyMongoError: when a store is away.
    """
    counts = {state: await database[COLLECTION].count_documents({"status": state}) for state in STATES}
    await redis.hset(_KEY, mapping=counts)  # type: ignore[misc]


async def read_figures(redis: AsyncRedis) -> dict[str, int]:
    """By state; zeros before the first count.

    :raises redis.exceptions.RedisError: when Redis is away.
    """
    found = await redis.hmget(_KEY, list(STATES))  # type: ignore[misc]
    return {state: int(number or 0) for state, number in zip(STATES, found, strict=True)}
