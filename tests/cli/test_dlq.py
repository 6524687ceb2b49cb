"""``trackerctl dlq`` on a real Redis, and its dry run on the real stores."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import pytest
from redis.asyncio import Redis

from tests.cli.conftest import Run, process_environment
from tests.cli.test_terminal import driver
from tests.deadletters.letters import DAY, a_letter, bury, dump, keep_job, outcomes
from tests.fixtures.builders import page_view, submission
from tests.fixtures.world import queued_batches
from tracker.deadletters import DeadLetter

T = TypeVar("T")
With = Callable[[Callable[[Redis], Awaitable[T]]], T]
NOW = time.time()


@pytest.fixture
def on_redis(client: dict[str, Any], redis_url: str, monkeypatch: pytest.MonkeyPatch) -> With[Any]:
    """Look at the installation's Redis, or write into it; commands have event loops of their own."""
    monkeypatch.setenv("TRACKER_REDIS_URL", redis_url)

    def call(work: Callable[[Redis], Awaitable[Any]]) -> Any:
        async def run() -> Any:
            redis = Redis.from_url(redis_url)
            try:
                return await work(redis)
            finally:
                await redis.aclose()

        return asyncio.run(run())

    return call


@pytest.fixture
def letters(client: dict[str, Any], on_redis: With[Any]) -> list[DeadLetter]:
    """Four of two clients, the oldest first: 40, 20, 2 and 0 days old."""
    own = client["clientId"]
    fixed: list[dict[str, Any]] = [
        {"client": own, "at": NOW - 40 * DAY, "error": "store: WriteError 121", "event": page_view()},
        {"client": "gone", "at": NOW - 20 * DAY, "error": "steps: ValueError", "event": page_view()},
        {"client": own, "at": NOW - 2 * DAY, "error": "killed its worker 3 times", "event": submission()},
        {"client": own, "at": NOW, "error": "steps: ValueError", "event": submission("eve@example.com")},
    ]
    made = [a_letter(**values) for values in fixed]
    return list(on_redis(lambda redis: bury(redis, *made)))


def ids(listed: list[dict[str, Any]]) -> list[str]:
    return [one["id"] for one in listed]


async def jobs(redis: Redis) -> list[str]:
    return [event.event_id for job in await queued_batches(redis) for batch in job for event in batch.events]


# ---------------------------------------------------------------------------------------------------- list and show


def test_an_empty_installation_has_no_dead_letters(on_redis: With[Any], run: Run) -> None:
    assert run("dlq", "list").out == "No dead letters.\n"
    assert run("--json", "dlq", "list").json == []
    assert run("--json", "dlq", "replay", "--all").json == {"replayed": 0, "skipped": 0}
    assert run("--json", "dlq", "replay", "--all", "--dry-run", code=None).code == 1, "needs MongoDB"
    assert run("--json", "dlq", "stats").json["count"] == 0
    assert run("--json", "dlq", "purge", "--older-than", "1d").json == {"dropped": 0}


def test_a_letter_is_listed_with_its_error_tries_and_event(
    letters: list[DeadLetter], client: dict[str, Any], run: Run
) -> None:
    listed = run("--json", "dlq", "list").json
    assert ids(listed) == [letter.id for letter in reversed(letters)]
    assert list(listed[0]) == ["id", "kind", "clientId", "error", "attempts", "firstAt", "lastAt", "event"]
    assert (listed[0]["kind"], listed[0]["clientId"], listed[0]["attempts"]) == ("event", client["clientId"], 3)
    assert listed[0]["event"]["payload"]["form"]["fields"] == {"email": "eve@example.com"}
    row = run("dlq", "list", "-n", "1").out.splitlines()[1].split()
    assert row[0] == letters[3].id[:12]
    assert row[1:5] == [client["clientId"][:8], "form_submission", "steps:", "ValueError"]
    assert run("-q", "dlq", "list").out.split() == ids(listed)


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--client", "example.com"), [3, 2, 0]),
        (("--error", "valueerror"), [3, 1]),
        (("--kind", "job"), []),
        (("--kind", "event", "--limit", "2"), [3, 2]),
        (("--since", "3d"), [3, 2]),
        (("--until", "10d"), [1, 0]),
        (("--since", "30d", "--until", "1d", "-e", "worker"), [2]),
    ],
)
def test_filters_narrow_the_list_down(
    letters: list[DeadLetter], run: Run, options: tuple[str, ...], numbers: list[int]
) -> None:
    assert ids(run("--json", "dlq", "list", *options).json) == [letters[number].id for number in numbers]


def test_letters_of_a_deleted_client_are_found_by_its_id(on_redis: With[Any], run: Run) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    on_redis(lambda redis: bury(redis, a_letter(gone)))
    assert len(run("--json", "dlq", "list", "--client", gone).json) == 1
    assert run("--json", "dlq", "list", "--client", "nobody.example", code=1).error["slug"] == "not-found"


def test_one_is_shown_by_the_beginning_of_its_id(letters: list[DeadLetter], run: Run) -> None:
    shown = run("--json", "dlq", "show", letters[2].id[:8]).json
    assert shown["id"] == letters[2].id
    assert shown["eventId"] == letters[2].batch.events[0].event_id
    out = run("dlq", "show", letters[2].id).out
    assert "killed its worker 3 times" in out
    assert "ann@shop.example" in out
    error = run("--json", "dlq", "show", "feedfeed", code=1).error
    assert (error["slug"], "dlq list" in error["detail"]) == ("not-found", True)


def test_they_are_counted(letters: list[DeadLetter], client: dict[str, Any], run: Run) -> None:
    stats = run("--json", "dlq", "stats").json
    assert (stats["count"], stats["kinds"]) == (4, {"event": 4})
    assert {(group["clientId"], group["error"]) for group in stats["groups"]} == {
        (letter.client_id, letter.error) for letter in letters
    }
    assert stats["limits"] | {"oldestAt": None} == {
        "count": 4,
        "limit": 100_000,
        "oldestAt": None,
        "maxAgeDays": 90,
        "warning": None,
    }
    assert run("--json", "dlq", "stats", "--client", "example.com", "--since", "3d").json["count"] == 2
    assert "kept at most  100,000" in run("dlq", "stats").out


def test_full_dead_letters_warn_before_any_is_lost(
    letters: list[DeadLetter], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_DEAD_LETTER_MAX_ENTRIES", "5")
    assert "4 of at most 5 dead letters" in run("dlq", "stats").err


# ------------------------------------------------------------------------------------------------------------ replay


def test_replaying_one_puts_just_it_back_and_again_changes_nothing(
    letters: list[DeadLetter], run: Run, on_redis: With[Any]
) -> None:
    ran = run("--json", "dlq", "replay", letters[3].id[:10])
    assert ran.json == {"replayed": 1, "skipped": 0}
    assert on_redis(jobs) == [letters[3].batch.events[0].event_id]
    after = on_redis(dump)
    again = run("--json", "dlq", "replay", letters[3].id)
    assert again.json == {"replayed": 0, "skipped": 1}
    assert "replayed or dropped already" in again.err
    assert on_redis(dump) == after
    assert letters[3].id not in ids(run("--json", "dlq", "list").json)


def test_several_ids_are_replayed_once_each(letters: list[DeadLetter], run: Run, on_redis: With[Any]) -> None:
    first, second = letters[0].id, letters[1].id
    assert run("--json", "dlq", "replay", first, second, first[:8]).json["replayed"] == 2
    assert len(on_redis(jobs)) == 2


def test_a_filter_chooses_what_is_replayed(letters: list[DeadLetter], run: Run, on_redis: With[Any]) -> None:
    assert run("--json", "dlq", "replay", "--all", "--client", "example.com", "--since", "3d").json["replayed"] == 2
    assert sorted(on_redis(jobs)) == sorted(letter.batch.events[0].event_id for letter in letters[2:])
    assert run("dlq", "replay", "--all").out == "Put 2 dead letters back into the queue.\n"
    assert run("--json", "dlq", "list").json == []


def test_what_could_not_be_read_is_replayed_too(client: dict[str, Any], on_redis: With[Any], run: Run) -> None:
    job = on_redis(lambda redis: keep_job(redis, data=b"\xc1", timed=False))
    assert [(one["id"], one["kind"]) for one in run("--json", "dlq", "list").json] == [(job, "job")]
    assert run("--json", "dlq", "replay", "--all", "--kind", "job").json["replayed"] == 1
    assert on_redis(lambda redis: redis.zrange("tracker:queue:0", 0, -1)) == [job.encode()]


@pytest.mark.parametrize(
    "words",
    [
        ("replay",),
        ("drop", "--yes"),
        ("replay", "abcdef", "--all"),
        ("replay", "abcdef", "--client", "example.com"),
        ("drop", "abcdef", "--error", "x"),
        ("purge", "--yes"),
        ("purge", "--older-than", "soon"),
        ("list", "--since", "soon"),
        ("list", "--kind", "lead"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    letters: list[DeadLetter], run: Run, on_redis: With[Any], words: tuple[str, ...]
) -> None:
    before = on_redis(dump)
    assert run("--json", "dlq", *words, code=2).error["slug"] == "usage"
    assert on_redis(dump) == before


def test_a_redis_that_is_away_is_named(client: dict[str, Any], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_REDIS_URL", "redis://127.0.0.1:1/0")
    for words in (("list",), ("replay", "--all"), ("stats",), ("drop", "abcdef", "--yes")):
        assert "TRACKER_REDIS_URL" in run("--json", "dlq", *words, code=1).error["detail"]


# ---------------------------------------------------------------------------------------------------- drop and purge


def test_dropping_asks_names_the_loss_and_counts_it(
    letters: list[DeadLetter], client: dict[str, Any], run: Run, on_redis: With[Any]
) -> None:
    before = on_redis(dump)
    refused = run("--json", "dlq", "drop", letters[0].id, code=2).error
    assert "drop 1 dead letter for good" in refused["detail"]
    assert "--yes" in refused["detail"]
    assert run("--json", "dlq", "drop", letters[0].id, letters[2].id, "--dry-run").json == {
        "dropped": 0,
        "wouldDrop": 2,
    }
    assert on_redis(dump) == before
    assert run("--json", "dlq", "drop", letters[0].id, letters[2].id, "--yes").json == {"dropped": 2}
    assert on_redis(lambda redis: outcomes(redis, client["clientId"])) == {"dead_letter": 1, "dropped_dead_letter": 2}
    assert run("--json", "dlq", "drop", letters[0].id, "--yes").json == {"dropped": 0}


def test_purging_takes_the_old_ones(letters: list[DeadLetter], run: Run) -> None:
    assert run("--json", "dlq", "purge", "--older-than", "10d", "--dry-run").json["wouldDrop"] == 2
    assert run("--json", "dlq", "purge", "--older-than", "30d", "--yes").json == {"dropped": 1}
    assert ids(run("--json", "dlq", "list").json) == [letter.id for letter in reversed(letters[1:])]
    assert run("--json", "dlq", "purge", "--older-than", "1d", "-e", "killed", "--yes").json == {"dropped": 1}
    assert run("dlq", "drop", "--all", "--yes").out == "Dropped 2 dead letters.\n"


# ------------------------------------------------------------------------------------------------------------ dry run


@pytest.mark.real("mongodb")
def test_a_dry_run_tells_each_fate_and_changes_no_store(
    documents: Any, client: dict[str, Any], run: Run, on_redis: With[Any]
) -> None:
    own = client["clientId"]
    made = [
        a_letter(own, submission("ann@example.com"), at=NOW - 3),
        a_letter(own, submission("ann@example.com"), at=NOW - 2),
        a_letter(own, page_view(), at=NOW - 1),
        a_letter("deleted", page_view(), at=NOW),
    ]
    on_redis(lambda redis: bury(redis, *made))
    job = on_redis(lambda redis: keep_job(redis, data=b"\xc1", timed=False))
    before = on_redis(dump), contents(documents)

    found = run("--json", "dlq", "replay", "--all", "--dry-run").json
    assert [one["id"] for one in found] == [*(letter.id for letter in made), job]
    assert [one["result"] for one in found] == ["stored", "stored", "stored", "dropped", "fails"]
    assert [one["outcome"] for one in found] == ["stored", "stored", "stored", "dropped_client_gone", None]
    assert [one["lead"] and one["lead"]["action"] for one in found] == [*sorted_actions(found), None, None, None]
    assert found[0]["lead"]["id"] == found[1]["lead"]["id"]
    assert found[4]["error"] == "unreadable job"
    assert list(found[0]) == ["id", "result", "outcome", "error", "lead"]
    assert (on_redis(dump), contents(documents)) == before

    out = run("dlq", "replay", made[0].id, "--dry-run").out
    assert "created" in out
    assert out.endswith("1 stored. Nothing was changed.\n")
    assert (on_redis(dump), contents(documents)) == before


def sorted_actions(found: list[dict[str, Any]]) -> list[str]:
    """Both are at the same time, so that either may be the one that begins the lead; just one is."""
    actions = [found[0]["lead"]["action"], found[1]["lead"]["action"]]
    assert sorted(actions) == ["created", "merged"]
    return actions


def contents(documents: Any) -> dict[str, list[dict[str, Any]]]:
    return {name: list(documents[name].find({}).sort("_id", 1)) for name in ("events", "leads", "sessions")}


def test_a_dry_run_without_mongodb_says_so_and_lists_still_work(
    letters: list[DeadLetter], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_MONGODB_URL", "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200")
    monkeypatch.setenv("TRACKER_MONGODB_TIMEOUT_SECONDS", "0.2")
    error = run("--json", "dlq", "replay", "--all", "--dry-run", code=1).error
    assert "TRACKER_MONGODB_URL" in error["detail"]
    assert len(run("--json", "dlq", "list").json) == 4
    assert run("--json", "dlq", "replay", "--all").json["replayed"] == 4


def test_nothing_is_said_of_events_where_redis_refuses(
    letters: list[DeadLetter], run: Run, on_redis: With[Any]
) -> None:
    on_redis(lambda redis: redis.config_set("maxmemory", "1"))
    try:
        ran = run("--json", "dlq", "replay", "--all", code=1)
    finally:
        on_redis(lambda redis: redis.config_set("maxmemory", "0"))
    assert "takes no writes" in ran.error["detail"]
    assert "example" not in ran.err
    assert len(run("--json", "dlq", "list").json) == 4


# ------------------------------------------------------------------------------------------------------ long replays

INTERRUPTED = """
    import os, signal
    import tracker.deadletters.replay as module
    original, calls = module.replay, []
    async def replay(place, entries):
        calls.append(place)
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return await original(place, entries)
    module.replay = replay
"""


def on_a_terminal(command: list[str]) -> tuple[int, str, str]:
    """Exit code, stdout in a pipe, and stderr on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=process_environment(), stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the end of a terminal
            while more := os.read(ours, 65_536):
                shown += more
        assert process.stdout is not None
        out = process.stdout.read().decode()
    os.close(ours)
    return process.returncode, out, shown.decode(errors="replace")


def many(client: dict[str, Any], on_redis: With[Any]) -> int:
    made = [a_letter(client["clientId"], page_view(), at=NOW - number) for number in range(1_500)]
    on_redis(lambda redis: bury(redis, *made))
    return len(made)


def test_a_long_replay_shows_its_progress_to_people_only(client: dict[str, Any], run: Run, on_redis: With[Any]) -> None:
    number = many(client, on_redis)
    command = [sys.executable, "-m", "cli.main"]
    code, out, shown = on_a_terminal([*command, "--json", "dlq", "replay", "--all", "--error", "nothing so"])
    assert (code, json.loads(out), shown) == (0, {"replayed": 0, "skipped": 0}, "")
    code, out, shown = on_a_terminal([*command, "dlq", "replay", "--all"])
    assert (code, out) == (0, f"Put {number} dead letters back into the queue.\n")
    assert "replaying" in shown
    assert f"/{number}" in shown
    assert len(on_redis(jobs)) == number


def test_ctrl_c_ends_a_replay_between_two_letters(client: dict[str, Any], on_redis: With[Any]) -> None:
    number = many(client, on_redis)
    code, out, shown = on_a_terminal([*driver(INTERRUPTED), "dlq", "replay", "--all"])
    assert (code, out) == (130, "")
    assert "all others are still there" in shown
    assert "Traceback" not in shown
    queued = on_redis(jobs)
    left = on_redis(lambda redis: redis.hlen("tracker:dlq:entries"))
    assert 400 <= len(queued) < number
    assert len(queued) + left == number
    assert on_redis(lambda redis: outcomes(redis, client["clientId"])) == {"dead_letter": left}
