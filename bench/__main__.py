"""``make bench``: end to end and acknowledged throughput, latency, CPU by process; medians of three runs.

The machine is shared and noisy: compare CPU seconds per 1,000 events, and ratios within one run. ``reference`` is
what the same MongoDB does with bare ``insert_many`` calls of the same events with ``w: majority``, measured in the
same run: it tells how fast the machine is today.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from itertools import islice
from typing import Any

import psutil
import uvloop
from pymongo import MongoClient, WriteConcern

from bench.load import Load, request_bytes, run
from bench.servers import Bench, running
from bench.traffic import USER_AGENTS, visits
from tracker.documents import declared_indexes

Figures = dict[str, float]


def requests(bench: Bench, events: int, batch: int, seed: int) -> list[bytes]:
    """The HTTP requests that carry this many events."""
    stream = list(islice(visits(seed), events))
    return [
        request_bytes(
            "127.0.0.1",
            bench.port,
            json.dumps(
                {"apiKey": bench.api_key, "sentAt": int(time.time() * 1000), "events": stream[start : start + batch]}
            ).encode(),
            USER_AGENTS[start // batch % len(USER_AGENTS)],
        )
        for start in range(0, events, batch)
    ]


def load(bench: Bench, prepared: list[bytes], connections: int, per_second: float | None = None) -> Load:
    """Send them all from this process."""
    return uvloop.run(run("127.0.0.1", bench.port, prepared, connections, per_second=per_second))


def end_to_end(bench: Bench, events: int, batch: int, connections: int, seed: int) -> Figures:
    """From the first post to the last document."""
    prepared, known = requests(bench, events, batch, 1000 * batch + seed), bench.stored()
    before, started = bench.cpu(), time.perf_counter()
    sent = load(bench, prepared, connections)
    assert sent.failed == 0, f"{sent.failed} requests failed"
    while bench.queued():
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    after = bench.cpu()
    stored = bench.stored() - known
    assert stored == events, f"{stored} of {events} events stored"
    figures = {"events/s": events / seconds}
    figures |= {f"cpu {name}": 1000 * (after[name] - before[name]) / events for name in before}
    figures["cpu"] = sum(1000 * (after[name] - before[name]) / events for name in before)
    return figures


def acknowledged(bench: Bench, events: int, batch: int, connections: int, seed: int) -> Figures:
    """Only to the answer, with no worker running; then the latency at half of that rate."""
    bench.redis.flushall()
    prepared = requests(bench, events, batch, seed)
    before = bench.cpu()
    full = load(bench, prepared, connections)
    after = bench.cpu()
    bench.redis.flushall()
    rate = full.requests / full.seconds
    half = load(bench, prepared[: int(rate * 3)], connections, rate / 2)
    return {
        "events/s": events / full.seconds,
        "requests/s": rate,
        "p50 ms at half": half.percentile(0.5),
        "p99 ms at half": half.percentile(0.99),
        "cpu api": 1000 * (after["api"] - before["api"]) / events,
        "cpu redis": 1000 * (after["redis"] - before["redis"]) / events,
    }


def reference(bench: Bench, events: int, seed: int) -> Figures:
    """Bare inserts of the raw events, 500 a call, with all indexes of the events collection."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        bench.mongo.address and f"mongodb://{bench.mongo.address[0]}:{bench.mongo.address[1]}/?directConnection=true"
    )
    collection = client["reference"].get_collection("events", write_concern=WriteConcern("majority", j=True))
    collection.drop()
    collection.create_indexes(declared_indexes()["events"])
    documents = [
        {**event, "clientId": "c", "eventId": event["id"], "eventType": event["type"]}
        for event in islice(visits(seed), events)
    ]
    mongod = psutil.Process(bench.pids["mongod"])
    before, started = mongod.cpu_times(), time.perf_counter()
    for start in range(0, events, 500):
        collection.insert_many(documents[start : start + 500], ordered=False)
    seconds, after = time.perf_counter() - started, mongod.cpu_times()
    client.drop_database("reference")
    spent = after.user + after.system - before.user - before.system
    return {"events/s": events / seconds, "cpu mongod": 1000 * spent / events}


def median(measure: Callable[[int], Figures], runs: int) -> Figures:
    """The median of each figure over several runs."""
    taken = [measure(seed) for seed in range(1, runs + 1)]
    return {name: statistics.median(run[name] for run in taken) for name in taken[0]}


def show(title: str, figures: Figures) -> None:
    """One row of the result."""
    cells = [f"{name} {value:,.3f}" if value < 10 else f"{name} {value:,.0f}" for name, value in figures.items()]
    print(f"{title:28} " + " · ".join(cells), flush=True)


def main() -> None:
    """Run the benchmarks named on the command line, all by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="runs per figure; the median is shown")
    parser.add_argument("--events", type=int, default=30_000, help="events per run with batches of 50")
    arguments = parser.parse_args()
    few = arguments.events // 3
    with running() as bench:
        print("stores: " + " · ".join(bench.names))
        show("reference insert_many 500", median(lambda seed: reference(bench, arguments.events, seed), arguments.runs))
        end_to_end(bench, few, 50, 8, 99)  # caches warm, indexes made
        show(
            "end to end, batch 50",
            median(lambda seed: end_to_end(bench, arguments.events, 50, 8, seed), arguments.runs),
        )
        show("end to end, batch 1", median(lambda seed: end_to_end(bench, few, 1, 64, seed), arguments.runs))
        show("memory MiB", bench.memory())
    with running(worker=False) as bench:
        acknowledged(bench, few, 50, 8, 99)
        show(
            "acknowledged, batch 50",
            median(lambda seed: acknowledged(bench, 3 * arguments.events, 50, 8, seed), arguments.runs),
        )
        show("acknowledged, batch 1", median(lambda seed: acknowledged(bench, few, 1, 64, seed), arguments.runs))


if __name__ == "__main__":
    main()
