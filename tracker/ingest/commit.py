"""Group commit: accepted batches go to Redis together, and nothing is acknowledged from memory (decisions §7)."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.errors import UnavailableError
from tracker.gather import Gatherer
from tracker.ingest.headroom import Headroom
from tracker.queue import QueuedBatch, QueueProducer, shard_of
from tracker.settings import Settings
from tracker.stores import redis as redis_store
from tracker.stores.redis import RedisError


class Committer:
    """Stores batches in the queue of their client's shard."""

    def __init__(self, settings: Settings) -> None:
        self._clients = [redis_store.connect(settings, url) for url in redis_store.queue_urls(settings)]
        self._headroom = [Headroom(client, settings.queue_headroom_ratio) for client in self._clients]
        self._shards = [_gatherer(QueueProducer(client, shard), settings) for shard, client in enumerate(self._clients)]

    async def start(self) -> None:
        """Begin to watch how full the queues' servers are."""
        for headroom in self._headroom:
            await headroom.start()

    async def commit(self, batch: QueuedBatch) -> None:
        """Returns once the batch is in Redis.

        :raises UnavailableError: when it may not be; sending it again is safe.
        """
        shard = shard_of(batch.client_id, len(self._shards))
        if self._headroom[shard].used_up:
            raise UnavailableError("the queue is full; send the batch again later", retry_after=10)
        try:
            await self._shards[shard].submit(batch, len(batch.events))
        except (RedisError, OSError) as error:
            raise UnavailableError("the queue does not answer; send the batch again", retry_after=2) from error

    async def close(self) -> None:
        """Finish what is in flight, then close the connections."""
        for headroom in self._headroom:
            await headroom.close()
        for shard in self._shards:
            await shard.close()
        for client in self._clients:
            await redis_store.close(client)


def _gatherer(producer: QueueProducer, settings: Settings) -> Gatherer[QueuedBatch, None]:
    async def flush(batches: Sequence[QueuedBatch]) -> list[None]:
        await producer.enqueue(batches)
        return [None] * len(batches)

    return Gatherer(flush, max_weight=settings.commit_max_events, max_waiting=settings.commit_max_waiting)
