"""``trackerctl dev``: the whole system on embedded stores, one process tree, nothing installed beforehand."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from rich.console import Console

from tracker.config.cache import bump_sync
from tracker.config.models import Client
from tracker.config.service import ConfigService
from tracker.errors import NotFoundError, UnavailableError
from tracker.migrate import upgrade
from tracker.settings import Settings, load_settings
from tracker.stores.embedded import ChildProcess, EmbeddedStores
from tracker.stores.relational import create_engine
from tracker.web.pages import DEMO_DOMAIN

_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
_FORM = {"name": "Demo form", "selector": "#demo-form"}
_FIELDS = (
    ("email", "email", True),
    ("name", "text", False),
    ("phone", "tel", False),
    ("company", "text", False),
    ("message", "textarea", False),
)


def run_dev(port: int, data_dir: Path) -> int:
    """Run until Ctrl-C or SIGTERM; data stay in ``data_dir`` for the next time.

    :returns: the exit code: 0 when stopped, 1 when a part died.
    :raises UnavailableError: when an embedded store cannot run here, with what to do.
    """
    console = Console(stderr=False, highlight=False)
    data_dir = data_dir.resolve()
    with ExitStack() as stack:
        console.print("Starting the embedded stores…")
        stores = stack.enter_context(EmbeddedStores(data_dir))
        environment = _environment(stores, data_dir, port)
        stack.enter_context(_dev_env(data_dir, environment))
        settings = load_settings(**{key.removeprefix("TRACKER_").lower(): value for key, value in environment.items()})
        client = prepare(settings)
        processes = [
            stack.enter_context(_process(environment, data_dir, "serve", "--port", str(port))),
            stack.enter_context(_process(environment, data_dir, "worker")),
        ]
        _wait_until_ready(processes, port)
        _greet(console, client, port, data_dir)
        return _watch(console, processes)


def prepare(settings: Settings) -> Client:
    """Migrate the configuration store and make the demo client, unless it is there."""
    engine = create_engine(settings)
    try:
        upgrade(engine)
        service = ConfigService(engine, settings, actor="dev", notify=lambda: bump_sync(settings))
        # 127.0.0.1 is another host name to a browser than localhost, which the domain already covers.
        origins = [settings.public_url.replace("localhost", "127.0.0.1")]
        try:
            client = service.get_client(DEMO_DOMAIN)
        except NotFoundError:
            # Who tries it out with curl or a headless browser wants to see those events.
            kept = {"keepBots": True}
            client = service.create_client(DEMO_DOMAIN, name="Demo", origins=origins, settings=kept).client
            form = service.create_form(
                client.client_id, _FORM["name"], f"{settings.public_url}/demo", _FORM["selector"], partial_capture=True
            )
            for name, kind, required in _FIELDS:
                service.create_field(form.form_id, f'[name="{name}"]', name, kind, required=required)
        if origins[0] not in client.allowed_origins:
            client = service.update_client(client.client_id, origins=[*client.allowed_origins, *origins])
        return client
    finally:
        engine.dispose()


def _environment(stores: EmbeddedStores, data_dir: Path, port: int) -> dict[str, str]:
    secret_file = data_dir / "secret"
    if not secret_file.exists():
        secret_file.touch(mode=0o600)
        secret_file.write_text(secrets.token_urlsafe(48))
    return {
        "TRACKER_CONFIG_DB_URL": stores.config_db_url,
        "TRACKER_MONGODB_URL": stores.mongodb_url,
        "TRACKER_MONGODB_DATABASE": "tracker",
        "TRACKER_REDIS_URL": stores.redis_url,
        "TRACKER_SECRET_KEYS": secret_file.read_text().strip(),
        "TRACKER_PUBLIC_URL": f"http://localhost:{port}",
        "TRACKER_EMBEDDED": "true",
    }


@contextmanager
def _dev_env(data_dir: Path, environment: dict[str, str]) -> Iterator[None]:
    """Lets ``trackerctl`` in another terminal find the running system: it reads this file."""
    path = data_dir / "dev.env"
    path.touch(mode=0o600)
    path.write_text("".join(f"{key}={value}\n" for key, value in environment.items()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def _process(environment: dict[str, str], data_dir: Path, *command: str) -> Iterator[ChildProcess]:
    process = ChildProcess(
        [sys.executable, "-m", "cli.main", *command],
        log=data_dir / "logs" / f"{command[0]}.log",
        env={**os.environ, **environment},
    )
    try:
        yield process
    finally:
        process.stop(_STOP_SECONDS)


def _wait_until_ready(processes: list[ChildProcess], port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if not all(process.running for process in processes):
            raise UnavailableError("a process ended at its start; see the logs in the data folder")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", timeout=5).json()["status"] == "ready":
                return
        time.sleep(0.1)
    raise UnavailableError("the service did not become ready; see the logs in the data folder")


def _greet(console: Console, client: Client, port: int, data_dir: Path) -> None:
    flag = "" if data_dir == Path(".tracker").resolve() else f" --data-dir {data_dir}"
    console.print(
        f"\n[bold]Ready.[/bold] Open [bold]http://localhost:{port}/demo[/bold] and fill in the form.\n\n"
        f"In another terminal:\n"
        f"  trackerctl{flag} event tail {client.domain}\n"
        f"  trackerctl{flag} lead list\n\n"
        f"Data and logs: {data_dir}. Ctrl-C stops everything.",
        soft_wrap=True,
    )


def _watch(console: Console, processes: list[ChildProcess]) -> int:
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not stopped:
            if not all(process.running for process in processes):
                console.print("A process ended; see the logs in the data folder.")
                return 1
            time.sleep(0.2)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    console.print("Stopping…")
    return 0
