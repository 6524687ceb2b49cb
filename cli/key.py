"""``trackerctl key``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.context import current
from cli.noun import Noun
from cli.options import ClientArgument, KeyArgument, Mode, Yes, confirm, counted
from cli.output import emit, facts, hint, table
from cli.times import ago, parse_duration, parse_expiry

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.config.service import IssuedKey

app = Noun(
    "API keys of a client. A publishable key (pk_…) goes into pages and may only send events; a secret key (sk_…) "
    "is for servers and is shown once."
)


@app.command("issue")
def issue(
    client: ClientArgument,
    kind: Annotated[Literal["publishable", "secret"], typer.Option(help="For pages, or for servers.")] = "publishable",
    mode: Annotated[Mode, typer.Option(help="Test data never reaches a CRM.")] = "live",
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it ends: 90d from now, 2030-12-31, ISO 8601.")
    ] = None,
) -> None:
    """Make one more key for a client and print it."""
    issued = current().service.issue_key(client, kind, mode, parse_expiry(expires))
    _emit_issued(issued, "A new key:")


@app.command("list")
def list_keys(client: ClientArgument) -> None:
    """List a client's keys, revoked ones too. The keys themselves are stored nowhere."""
    from tracker.config.views import describe_key

    views = [describe_key(row) for row in current().service.list_keys(client)]
    emit(
        views,
        lambda: keys_table(views) if views else f"No keys. trackerctl key issue {client}",
        brief=[view["keyId"] for view in views],
    )


@app.command("rotate")
def rotate(
    key: KeyArgument,
    grace: Annotated[
        str, typer.Option(metavar="TIME", help="How long the old key works on; 0 ends it at once.")
    ] = "7d",
) -> None:
    """Replace a key by a new one of the same kind; both work until the grace period is over."""
    length = parse_duration(grace, "--grace")
    issued = current().service.rotate_key(key, length)
    _emit_issued(issued, f"The new key; the old one {_until(length, grace)}:", is_replacement=True)


@app.command("revoke")
def revoke(key: KeyArgument, yes: Yes = False) -> None:
    """Refuse a key from now on; pages and servers that still use it are cut off within a second."""
    from tracker.config.views import describe_key

    confirm(f"Revoke the key {key}? What still uses it is cut off at once.", [], yes)
    view = describe_key(current().service.revoke_key(key))
    emit(view, lambda: f"Key {_shown(view)} is revoked.", brief=view["keyId"])


def keys_table(views: list[dict[str, Any]]) -> RenderableType:
    """Keys as their prefixes and last characters, which people compare with what stands in a page."""
    return table(
        ("ID", "KEY", "STATUS", "LAST USED"),
        [(view["keyId"], _shown(view), _status(view), ago(view["lastUsedAt"])) for view in views],
        ids=("ID", "KEY"),
    )


def _emit_issued(issued: IssuedKey, title: str, *, is_replacement: bool = False) -> None:
    from tracker.config.views import describe_key

    view = describe_key(issued.key)
    emit(
        {**view, "key": issued.plaintext},
        lambda: [title, facts([("key", issued.plaintext), ("id", view["keyId"]), ("status", _status(view))])],
        brief=issued.plaintext,
    )
    if view["kind"] == "secret":
        hint("\nKeep it now: it is stored nowhere and not shown again.")
    elif is_replacement:
        hint(f"\nPages that hold the old key need the new snippet:\n  trackerctl embed {view['clientId']}")


def _until(length: timedelta, text: str) -> str:
    if not length:
        return "is refused from now on"
    return (
        f"works for {counted(length.days, 'more day')}"
        if length == timedelta(days=length.days)
        else f"works for {text}"
    )


def _shown(view: dict[str, Any]) -> str:
    return f"{'pk' if view['kind'] == 'publishable' else 'sk'}_{view['mode']}_…{view['hint']}"


def _status(view: dict[str, Any]) -> str:
    return f"until {view['expiresAt'][:10]}" if view["status"] == "expiring" else str(view["status"])
