"""``trackerctl init``."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.errors import UsageError
from cli.noun import Noun
from cli.output import emit
from tracker.errors import ConflictError

app = Noun()

_SCHEMES = {
    "config_db_url": ("mysql+pymysql://", "mariadb+pymysql://", "sqlite:///"),
    "mongodb_url": ("mongodb://", "mongodb+srv://"),
    "redis_url": ("redis://", "rediss://", "unix://"),
    "public_url": ("http://", "https://"),
}
_NEEDED = ("config_db_url", "mongodb_url", "redis_url")


def _url(example: str) -> Any:
    return typer.Option(metavar="URL", help=example, show_default=False)


@app.command("init")
def init(
    config_db_url: Annotated[str | None, _url("Clients and keys: mysql+pymysql://user:password@host/name")] = None,
    mongodb_url: Annotated[str | None, _url("Events and leads: mongodb://host:27017/?replicaSet=rs0")] = None,
    redis_url: Annotated[str | None, _url("The queue: redis://host:6379/0")] = None,
    public_url: Annotated[str | None, _url("Where browsers reach the service: https://track.example.com")] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace a .env; its secrets are kept behind the new one.", show_default=False),
    ] = False,
) -> None:
    """Write a .env with a fresh secret, the addresses that are given, and every other setting explained.

    The file is readable for its owner alone. What is not given is left to be filled in.
    """
    given = {
        "config_db_url": config_db_url,
        "mongodb_url": mongodb_url,
        "redis_url": redis_url,
        "public_url": public_url,
    }
    values = {name: _checked(name, value) for name, value in given.items() if value is not None}
    path = Path(".env")
    if path.exists() and not force:
        raise ConflictError(".env exists already; edit it, or replace it with --force")
    values["secret_keys"] = ",".join([secrets.token_urlsafe(32), *_old_secrets(path)])
    _write(path, _content(values))
    missing = [f"TRACKER_{name.upper()}" for name in _NEEDED if name not in values]
    emit(
        {"path": str(path), "missing": missing},
        lambda: [f"Wrote {path} with a fresh secret; keep it out of version control.", "", *_next_steps(missing)],
        brief=str(path),
    )


def _checked(name: str, value: str) -> str:
    option = f"--{name.replace('_', '-')}"
    if not value.startswith(_SCHEMES[name]):
        raise UsageError(f"{option}: must begin with {' or '.join(_SCHEMES[name])}")
    from cli.settings_doc import quoted

    try:
        quoted(value)
    except ValueError as error:
        raise UsageError(f"{option}: {error}; set the environment variable TRACKER_{name.upper()} instead") from None
    return value


def _content(values: dict[str, str]) -> str:
    from cli.settings_doc import env_file

    return env_file(values, "Settings of trackerctl, written by `trackerctl init`.")


def _old_secrets(path: Path) -> list[str]:
    """The secrets of the file that is replaced: what they sealed and signed must stay readable."""
    if not path.exists():
        return []
    from dotenv import dotenv_values

    kept = dotenv_values(path).get("TRACKER_SECRET_KEYS") or ""
    return [secret.strip() for secret in kept.split(",") if secret.strip()]


def _write(path: Path, content: str) -> None:
    # A new file moved into place: never readable for others, and never half written.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def _next_steps(missing: list[str]) -> list[str]:
    steps = [f"  edit .env                                       fill in {', '.join(missing)}"] if missing else []
    return [
        "Next:",
        *steps,
        "  trackerctl db upgrade                           create the tables",
        "  trackerctl client create --domain example.com   add a site and get its key",
        "  trackerctl serve                                take events in",
        "  trackerctl worker                               turn them into leads",
    ]
