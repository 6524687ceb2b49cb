"""``trackerctl token``."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from cli.context import actor, current
from cli.noun import Noun
from cli.output import emit_raw, hint
from cli.times import parse_duration

app = Noun("Tokens for the management API. They are stored nowhere, and valid until they expire.")


@app.command("issue")
def issue(
    scope: Annotated[
        str,
        typer.Option(
            metavar="SCOPE",
            help="admin: everything. read: sees everything, changes nothing. client:<id>: all of one client.",
        ),
    ],
    ttl: Annotated[str, typer.Option(metavar="TIME", help="How long it is valid, up to 365d.")] = "1h",
    subject: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Whom it is for; the audit log names it. Your user name if not given."),
    ] = None,
) -> None:
    """Make a token and print it."""
    from tracker.access.tokens import Scope, issue_token

    length = parse_duration(ttl, "--ttl")
    issued = issue_token(
        current().settings,
        Scope.parse(_with_id(scope)),
        ttl=length,
        subject=_own_name() if subject is None else subject,
    )
    view = issued.view()
    emit_raw(view, view["token"])
    hint(f"Valid until {view['expiresAt']}. Send it as `Authorization: Bearer …`; it is not shown again.")


def _with_id(scope: str) -> str:
    """A client's domain, or the beginning of its id, replaced by its id."""
    kind, colon, ref = scope.partition(":")
    if kind != "client" or not colon or len(ref) == 36 or not ref:
        return scope
    return f"client:{current().service.get_client(ref).client_id}"


def _own_name() -> str:
    # A name of the operating system may hold what a subject may not.
    name = re.sub(r"[^A-Za-z0-9._@+-]", "-", actor().removeprefix("cli:")).lstrip("._@+-")
    return name[:100] or "operator"
