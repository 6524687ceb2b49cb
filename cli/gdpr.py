"""``trackerctl gdpr``: what people may ask for about their data."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import actor, current
from cli.errors import UsageError
from cli.gdpr_suppress import suppression
from cli.noun import Noun
from cli.options import ClientOption, DryRun, Yes, confirm, from_input
from cli.output import emit, facts, hint
from cli.times import ago

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rich.console import RenderableType

    from tracker.privacy.erase.work import Tools
    from tracker.privacy.subject import Subject

app = Noun("What people may ask for about their data: erasing it, a copy of it, not being recorded.")

Address = Annotated[
    str | None,
    typer.Argument(
        metavar="EMAIL", help="Whom it is about; - reads it from standard input, where no process list shows it."
    ),
]
Phone = Annotated[
    str | None, typer.Option(metavar="NUMBER", help="A phone number of the person, with its country as +49 170 …")
]
Visitor = Annotated[
    str | None, typer.Option(metavar="ID", help="The id of a browser of the person, as `lead show` and events have it.")
]
RequestArgument = Annotated[
    str, typer.Argument(metavar="REQUEST", help="Id of the erasure, as `gdpr delete` prints it.")
]
Timeout = Annotated[
    float,
    typer.Option(metavar="SECONDS", min=0, help="How long a store or a CRM may be away before the command gives up."),
]


@app.command("delete")
async def delete(
    email: Address = None,
    client: ClientOption = None,
    phone: Phone = None,
    visitor: Visitor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave it to the workers and return.", show_default=False)
    ] = False,
    timeout: Timeout = 60.0,
) -> None:
    """Erase a person everywhere: leads, visits, events, what waits in queues, CRM records, messages to webhooks. What
    belongs to others stays. It cannot be undone; a signed certificate says what was done.
    """
    from tracker.privacy.erase import requests, service

    whom = _subject(email, phone, visitor, client)
    async with _tools() as tools:
        counts = await service.preview(tools, whom) if dry_run or not yes else {}
        if dry_run:
            emit(
                {"dryRun": True, "counts": counts}, lambda: ["Would delete:", _counts(counts)] if counts else "Nothing."
            )
            return
        confirm("Erase this person?", [f"{number} {name.replace('_', ' ')}" for name, number in counts.items()], yes)
        request_id = await requests.ask(tools, whom, actor())
        if no_wait:
            _show(await requests.show(tools.database, request_id))
            return
        await _finish(tools, request_id, timeout, None)


@app.command("status")
async def status(
    request: RequestArgument,
    wait: Annotated[
        bool, typer.Option("--wait", help="Go on with it, and return when it is done.", show_default=False)
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the certificate there, once it is done.")
    ] = None,
    timeout: Timeout = 60.0,
) -> None:
    """Show how far an erasure is, and what it waits for."""
    from cli.gdpr_certificate import write_certificate
    from tracker.privacy.erase import requests

    async with _tools() as tools:
        if wait:
            await _finish(tools, request, timeout, certificate)
            return
        view = await requests.show(tools.database, request)
        if certificate is not None:
            write_certificate(await requests.certificate_of(tools.database, request), certificate)
        _show(view)


@app.command("verify")
def verify(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A certificate.", show_default=False)] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="BASE64", help="The public key to trust, where the secrets are not at hand."),
    ] = None,
    public_key: Annotated[
        bool, typer.Option("--public-key", help="Print the key that others verify with.", show_default=False)
    ] = False,
) -> None:
    """Check that a certificate is genuine and unchanged: exit code 0 or 1."""
    from cli.gdpr_certificate import print_public_key, verify_file

    if public_key:
        print_public_key()
    elif file is None:
        raise UsageError("which certificate? give its file, or --public-key for the key that others verify with")
    else:
        verify_file(file, key)


@app.command("export")
async def export(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.zip", help="Where to write it.")],
    email: Address = None,
    client: ClientOption = None,
    phone: Phone = None,
    visitor: Visitor = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.", show_default=False)] = False,
) -> None:
    """Write all that is held of a person: JSON and a readable page, per store, with recipients and dates."""
    from cli.gdpr_export import export_person

    await export_person(_tools(), output, _subject(email, phone, visitor, client), force=force)


@app.command("suppress")
async def suppress(email: Address = None, phone: Phone = None, client: ClientOption = None) -> None:
    """Have what comes in of a person from now on stripped of personal data. Only keyed hashes are kept."""
    await suppression("suppress", email, phone, client)


@app.command("unsuppress")
async def unsuppress(email: Address = None, phone: Phone = None, client: ClientOption = None) -> None:
    """Take a suppression back."""
    await suppression("unsuppress", email, phone, client)


@app.command("check")
async def check(email: Address = None, phone: Phone = None, client: ClientOption = None) -> None:
    """Tell whether a person is suppressed."""
    await suppression("check", email, phone, client)


# -------------------------------------------------------------------------------------------------------------- shared


def _subject(email: str | None, phone: str | None, visitor: str | None, client: str | None) -> Subject:
    from tracker.privacy.subject import subject_of

    if not (email or phone or visitor):
        raise UsageError("whom? give an e-mail address, --phone NUMBER or --visitor ID")
    context = current()
    client_id = context.service.get_client(client).client_id if client else None
    address = from_input(email) if email else None
    return subject_of(address, phone, visitor, region=context.settings.default_region, client_id=client_id)


@asynccontextmanager
async def _tools() -> AsyncIterator[Tools]:
    from tracker.privacy.erase.work import Tools

    context = current()
    context.settings.require("config_db_url", "mongodb_url", "redis_url", "secret_keys")
    config = context.service
    async with context.documents() as documents:
        yield Tools(documents.database, context.engine, config, context.settings)


async def _finish(tools: Tools, request_id: str, timeout: float, certificate: Path | None) -> None:
    from cli.gdpr_certificate import certificate_path, write_certificate
    from tracker.privacy.erase import requests, service

    view = await service.finish_now(
        tools, request_id, patience=timeout, waiting=lambda what: hint(f"{request_id}: waiting for {what} …")
    )
    path = certificate or certificate_path(current().settings, request_id)
    write_certificate(await requests.certificate_of(tools.database, request_id), path)
    _show(view, path)


def _show(view: dict[str, Any], certificate: Path | None = None) -> None:
    shown = {name: value for name, value in view.items() if name != "certificate"}
    if certificate is not None:
        shown["certificate"] = str(certificate)
    emit(shown, lambda: _readable(shown), brief=[view["requestId"]])


def _readable(view: Mapping[str, Any]) -> RenderableType:
    rows: list[tuple[str, object]] = [("request", view["requestId"]), ("state", view["status"])]
    if view["waitingFor"]:
        rows.append(("waits for", view["waitingFor"]))
    rows += [("asked", f"{ago(view['askedAt'])} by {view['askedBy']}"), ("client", view["clientId"] or "all clients")]
    rows += [(f"deleted: {name}", number) for name, number in view["counts"].items()]
    rows += [(f"CRM {one['adapter'] or ''} {one['connectionId']}", one["state"]) for one in view["crm"]]
    rows += [(f"webhook {one['endpointId']}", one["state"]) for one in view["webhooks"]]
    if view.get("certificate"):
        rows.append(("certificate", view["certificate"]))
    return facts(rows)


def _counts(counts: Mapping[str, int]) -> RenderableType:
    return facts([(name, number) for name, number in counts.items()])
