"""The scripts of deploy/ do what they are for, on real servers."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from tests.docs.text import ROOT
from tests.fixtures.instances import PrivateMongo
from tests.fixtures.processes import free_port
from tracker.documents import open_documents
from tracker.health import check_stores
from tracker.settings import Settings

DEPLOY = ROOT / "deploy"


# ------------------------------------------------------------------------------------------------------- make-env.sh


def make_env(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", DEPLOY / "make-env.sh", *arguments], cwd=folder, capture_output=True, text=True)


def test_writes_fresh_passwords_that_only_the_owner_can_read(tmp_path: Path) -> None:
    done = make_env(tmp_path, "https://track.example.com")
    assert done.returncode == 0, done.stderr
    path = tmp_path / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = dict(line.split("=", 1) for line in path.read_text().splitlines() if not line.startswith("#"))
    secrets = [value for name, value in values.items() if name != "TRACKER_PUBLIC_URL"]
    assert len(set(secrets)) == len(secrets) > 5
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert Settings(secret_keys=values["TRACKER_SECRET_KEYS"]).secrets == (values["TRACKER_SECRET_KEYS"],)
    assert not any(secret in done.stdout + done.stderr for secret in secrets)


def test_never_replaces_passwords_that_are_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("REDIS_PASSWORD=mine\n")
    assert make_env(tmp_path, "https://track.example.com").returncode == 1
    assert (tmp_path / ".env").read_text() == "REDIS_PASSWORD=mine\n"


@pytest.mark.parametrize("arguments", [[], ["track.example.com"], ["https://a", "https://b"]])
def test_writes_nothing_without_a_public_url(tmp_path: Path, arguments: list[str]) -> None:
    assert make_env(tmp_path, *arguments).returncode == 2
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------------------------------------- redis-entrypoint.sh


@pytest.fixture
def guarded_redis(server_folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    process = subprocess.Popen(
        ["sh", DEPLOY / "redis-entrypoint.sh", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(server_folder)],
        env={**os.environ, "REDIS_PASSWORD": "correct-horse", "RUN_FOLDER": str(server_folder)},
        stdout=subprocess.DEVNULL,
    )
    yield process, port
    process.terminate()
    process.wait(10)


def answer(client: redis.Redis[bytes]) -> None:
    """Wait until the server is up; a refusal is an answer too."""
    for _ in range(100):
        try:
            client.ping()
            return
        except redis.AuthenticationError:
            return
        except redis.ConnectionError:
            time.sleep(0.05)


@pytest.mark.real("redis")
async def test_starts_a_redis_that_keeps_events_and_asks_for_the_password(
    guarded_redis: tuple[subprocess.Popen[bytes], int], server_folder: Path
) -> None:
    process, port = guarded_redis
    stranger = redis.Redis(port=port)
    answer(stranger)
    with pytest.raises(redis.AuthenticationError):
        stranger.ping()
    friend = redis.Redis(port=port, password="correct-horse")
    assert friend.config_get("appendonly", "appendfsync", "maxmemory-policy") == {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
    }
    settings = Settings(redis_url=f"redis://:correct-horse@127.0.0.1:{port}/0", config_db_url="sqlite://")
    state = {store.name: store for store in await check_stores(settings)}["redis"]
    assert (state.ok, state.detail) == (True, "")
    assert friend.info("server")["process_id"] == process.pid  # signals reach Redis and not a shell
    assert stat.S_IMODE((server_folder / "redis.conf").stat().st_mode) == 0o600


@pytest.mark.real("redis")
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
def test_the_password_stands_in_no_command_line(guarded_redis: tuple[subprocess.Popen[bytes], int]) -> None:
    process, port = guarded_redis
    answer(redis.Redis(port=port))
    assert b"correct-horse" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()


# ---------------------------------------------------------------------------------------------- mongo-entrypoint.sh


def test_gives_mongod_a_key_file_that_nobody_else_can_read(tmp_path: Path) -> None:
    fake = tmp_path / "docker-entrypoint.sh"
    fake.write_text('#!/bin/sh\necho "$@"\necho "key in the environment: ${MONGO_REPLICA_KEY-none}"\n')
    fake.chmod(0o755)
    done = subprocess.run(
        ["bash", DEPLOY / "mongo-entrypoint.sh"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "KEY_FOLDER": str(tmp_path), "MONGO_REPLICA_KEY": "abc123"},
        capture_output=True,
        text=True,
        check=True,
    )
    key = tmp_path / "key"
    assert key.read_text() == "abc123"
    assert stat.S_IMODE(key.stat().st_mode) == 0o400
    assert done.stdout.splitlines() == [
        f"mongod --replSet rs0 --keyFile {key} --bind_ip_all",
        "key in the environment: none",
    ]


def test_starts_again_over_the_key_of_the_last_start(tmp_path: Path) -> None:
    test_gives_mongod_a_key_file_that_nobody_else_can_read(tmp_path)
    test_gives_mongod_a_key_file_that_nobody_else_can_read(tmp_path)


# ----------------------------------------------------------------------------------------------------- mongo_init.py


class GuardedMongo(PrivateMongo):
    """As the image runs it: first alone and open, to make the root user, then as a member of a set that asks for
    passwords."""

    guarded = False

    def prepare(self) -> None:
        super().prepare()
        key = self.folder / "key"
        key.touch(mode=0o600)
        key.write_text("abcdef0123456789" * 4)

    def command(self, port: int) -> Sequence[str | Path]:
        command = list(super().command(port))
        if self.guarded:
            return [*command, "--keyFile", self.folder / "key"]
        place = command.index("--replSet")
        return [*command[:place], *command[place + 2 :]]

    def answers(self, port: int, pid: int) -> bool:
        try:
            with MongoClient[dict[str, Any]](port=port, directConnection=True, serverSelectionTimeoutMS=500) as client:
                return bool(client.admin.command("ping")["ok"])
        except PyMongoError:
            return False


@pytest.fixture
def guarded_mongo(server_folder: Path) -> Iterator[GuardedMongo]:
    server = GuardedMongo(server_folder / "guarded", replica_set="rs0", initiate=False)
    server.start()
    with server.client() as client:
        client.admin.command("createUser", "root", pwd="root-password", roles=["root"])
    server.stop()
    server.guarded = True
    server.start()
    yield server
    server.stop()


def mongo_init(server: GuardedMongo, password: str, root: str = "root-password") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEPLOY / "mongo_init.py"],
        env={"MONGO_ADDRESS": server.address, "MONGO_ROOT_PASSWORD": root, "MONGO_PASSWORD": password},
        capture_output=True,
        text=True,
        timeout=90,
    )


def app_url(server: GuardedMongo, password: str) -> str:
    return f"mongodb://tracker:{password}@{server.address}/?replicaSet=rs0&authSource=tracker"


@pytest.mark.real("mongodb")
async def test_makes_a_replica_set_and_a_user_who_can_do_the_work_and_no_more(guarded_mongo: GuardedMongo) -> None:
    for _ in range(2):
        done = mongo_init(guarded_mongo, "first")
        assert done.returncode == 0, done.stderr

    settings = Settings(mongodb_url=app_url(guarded_mongo, "first"))
    async with open_documents(settings, indexes=True) as documents:
        assert documents.transactions
        async with documents.client.start_session() as session, await session.start_transaction():
            await documents.database["events"].insert_one({"clientId": "c", "eventId": "e"}, session=session)
        # A worker ends what a dead one left open, as the same user.
        async with documents.client.start_session() as session:
            await documents.client.admin.command("killSessions", [session.session_id])
        with pytest.raises(OperationFailure):
            await documents.client["other"]["things"].insert_one({})


@pytest.mark.real("mongodb")
def test_gives_the_user_the_password_of_the_environment_again(guarded_mongo: GuardedMongo) -> None:
    mongo_init(guarded_mongo, "first")
    mongo_init(guarded_mongo, "second")
    with MongoClient[dict[str, Any]](app_url(guarded_mongo, "second")) as client:
        assert client["tracker"].command("ping")["ok"]
    with MongoClient[dict[str, Any]](app_url(guarded_mongo, "first")) as client, pytest.raises(OperationFailure):
        client["tracker"].command("ping")


@pytest.mark.real("mongodb")
def test_says_in_one_line_that_the_root_password_is_wrong(guarded_mongo: GuardedMongo) -> None:
    done = mongo_init(guarded_mongo, "first", root="wrong")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "wrong" not in done.stderr


# ------------------------------------------------------------------------------------------- systemd, reverse proxy


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("systemd/*.service")), ids=lambda path: path.name)
def test_a_unit_runs_an_existing_command_as_its_own_user(unit: Path) -> None:
    from tests.docs.text import check_command

    values = dict(line.split("=", 1) for line in unit.read_text().splitlines() if re.match(r"[A-Z]\w+=", line))
    program, *arguments = values["ExecStart"].split()
    assert program == "/opt/trackerctl/bin/trackerctl"  # as docs/install.md makes it
    assert check_command(arguments) is None
    assert values["User"] == "trackerctl"
    if arguments == ["worker"]:
        assert int(values["TimeoutStopSec"]) > Settings.model_fields["shutdown_grace_seconds"].default + 10


def test_the_proxy_leads_to_the_service_and_lets_it_answer_what_is_too_large() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    unit = (DEPLOY / "systemd/trackerctl-api.service").read_text()
    port = re.search(r"--port (\d+)", unit)
    assert port
    assert f"server 127.0.0.1:{port[1]};" in text
    limit = re.search(r"client_max_body_size (\d+)m;", text)
    assert limit
    assert int(limit[1]) * 1024 * 1024 > Settings.model_fields["max_body_bytes"].default
    assert "X-Forwarded-For $remote_addr;" in text
    assert text.count("{") == text.count("}")
