"""``trackerctl crm connect | check | status | sync | disconnect``: a client's accounts, by the client's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import actor, current
from cli.crm import app, read_json_object
from cli.errors import FAILED, UsageError
from cli.options import ClientArgument, DryRun, Limit, Since, Yes, confirm, counted
from cli.output import emit, facts, hint, table
from cli.progress import end_if_asked, progress
from cli.times import ago, parse_since

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.config.models import CrmConnection
    from tracker.config.records import ClientRecord
    from tracker.crm.sync.service import AccountStatus, Preview
    from tracker.stores.documents import Database

KindOption = Annotated[
    str | None, typer.Option("--crm", metavar="KIND", help="Only its account of this CRM, such as salesforce.")
]


@app.command("connect")
async def connect(
    client: ClientArgument,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="salesforce, hubspot, http, log, or an installed one.")],
    from_json: Annotated[
        str, typer.Option("--from-json", metavar="FILE", help="JSON object as docs/salesforce.md says; - reads stdin.")
    ],
    check: Annotated[bool, typer.Option("--check/--no-check", help="Sign in before it is stored.")] = True,
) -> None:
    """Connect a client with a CRM account, or give the account it has new credentials and settings."""
    from tracker.config.views import describe_connection
    from tracker.crm.registry import adapter_class

    kind_class = adapter_class(kind)
    credentials, settings = kind_class.split(read_json_object(from_json, "--from-json"))
    if check:
        adapter = kind_class.open(credentials, settings)
        try:
            await adapter.check()
        finally:
            await adapter.close()
    service = current().service
    known = [row for row in service.list_crm(client) if row.adapter == kind_class.kind]
    if known:
        cleared = {name: None for name in known[0].settings if name not in settings}
        row = service.update_crm(
            known[0].connection_id, credentials=credentials, settings={**cleared, **settings}, is_active=True
        )
    else:
        row = service.create_crm(client, kind_class.kind, credentials, settings)
    view = describe_connection(row)
    done = "The connection is changed." if known else "The client is connected."
    emit(view, lambda: [done, _connection(view)], brief=view["connectionId"])
    hint(
        f"Next, see what leads become there:\n  trackerctl mapping check {client}\n"
        f"  trackerctl crm sync {client} --all --dry-run"
    )


@app.command("check")
async def check(client: ClientArgument, kind: KindOption = None) -> None:
    """Sign in to each account of a client and tell what it is. Exit code 1 when one does not let us in."""
    from tracker.crm.connections import open_adapter
    from tracker.errors import TrackerError

    context = current()
    found = []
    for row in _rows(client, kind):
        entry: dict[str, Any] = {"connectionId": row.connection_id, "adapter": row.adapter, "ok": True}
        try:
            adapter = open_adapter(context.service, row)
            try:
                from msgspec import to_builtins

                entry |= to_builtins(await adapter.check())
            finally:
                await adapter.close()
        except TrackerError as error:
            entry |= {"ok": False, "problem": error.detail}
        found.append(entry)
    emit(found, lambda: [facts(_told(entry)) for entry in found], brief=[str(entry["ok"]).lower() for entry in found])
    if not all(entry["ok"] for entry in found):
        raise typer.Exit(FAILED)


@app.command("status")
async def status(client: ClientArgument, kind: KindOption = None) -> None:
    """Show how it stands with a client's accounts: what waits, what failed, why one is left alone, how many calls are
    left. Exit code 1 when one is left alone.
    """
    from msgspec import to_builtins

    from tracker.crm.sync.service import status_of

    context = current()
    rows = _rows(client, kind)
    async with context.documents() as documents:
        database = documents.database
        found = [(row, await status_of(database, row.connection_id, row.client_id)) for row in rows]
    views = [{"adapter": row.adapter, "isActive": row.is_active, **to_builtins(one)} for row, one in found]
    emit(views, lambda: [_status(row, one) for row, one in found], brief=[str(one.waiting) for _, one in found])
    if any(one.circuit for _, one in found):
        raise typer.Exit(FAILED)


@app.command("sync")
async def sync(
    client: ClientArgument,
    everything: Annotated[bool, typer.Option("--all", help="All leads, not only those that failed.")] = False,
    since: Since = None,
    kind: KindOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Send all values again, not only those that changed.", show_default=False)
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Until the workers have done it.")] = True,
    dry_run: DryRun = False,
    limit: Limit = 50,
    yes: Yes = False,
) -> None:
    """Bring a client's leads over again: those that failed, or with --all every one that belongs there.

    Workers do it; this may be ended and begun again at any time. With --dry-run the CRM is only read, and what would
    change in the newest leads (--limit) is shown.
    """
    from tracker.config.read import load_client
    from tracker.crm.sync import service as sync_service

    context = current()
    rows = [row for row in _rows(client, kind) if row.is_active]
    if not rows:
        raise UsageError(f"{client} has no active account; `trackerctl crm connect {client} KIND --from-json FILE`")
    record = load_client(context.engine, rows[0].client_id)
    assert record is not None
    query = sync_service.backfill_query(rows[0].client_id, parse_since(since), failed=not everything)
    async with context.documents() as documents:
        database = documents.database
        if dry_run:
            await _dry_run(database, record, rows, query, limit)
            return
        number = await database["leads"].count_documents(query)
        confirm(f"Bring {counted(number, 'lead')} of {record.domain} to {_kinds(rows)}?", [], yes)
        ids = [row.connection_id for row in rows]
        noted = await _mark(database, record, ids, query, number, force)
        done = await _wait(database, ids, noted) if wait else 0
    context.service.record_change(
        "crm.sync", ("client", record.client_id), record.client_id, after={"leads": noted}, actor=actor()
    )
    view = {"clientId": record.client_id, "leads": noted, "done": done if wait else None}
    emit(view, lambda: _brought(noted, wait, client), brief=str(noted))


@app.command("disconnect")
def disconnect(client: ClientArgument, kind: KindOption = None, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Take a client's accounts away, with their credentials. Records in the CRM stay."""
    from tracker.config.views import describe_connection

    service = current().service
    views = [describe_connection(row) for row in _rows(client, kind)]
    names = f"{_kinds(views)} of {client}"
    if not dry_run:
        confirm(f"Disconnect {names}?", ["the credentials"], yes)
        for view in views:
            service.delete_crm(view["connectionId"])
    done = not dry_run
    emit(
        [{**view, "deleted": done} for view in views],
        lambda: f"Disconnected {names}." if done else f"Would disconnect {names}, with the credentials.",
        brief=[view["connectionId"] for view in views],
    )


def _rows(client: str, kind: str | None) -> list[CrmConnection]:
    rows = [row for row in current().service.list_crm(client) if kind in (None, row.adapter)]
    if not rows:
        raise UsageError(f"{client} has no such account; `trackerctl crm connect {client} KIND --from-json FILE`")
    return rows


def _kinds(rows: list[Any]) -> str:
    return " and ".join(row["adapter"] if isinstance(row, dict) else row.adapter for row in rows)


async def _mark(
    database: Database, record: ClientRecord, ids: list[str], query: dict[str, Any], number: int, force: bool
) -> int:
    from tracker.crm.sync.service import mark_all

    noted = 0
    with progress("noting", number) as advance:
        partial, spam = record.settings.sync_partial, record.settings.deliver_spam
        marks = mark_all(database, record.client_id, ids, query, partial, force=force, deliver_spam=spam)
        async for so_far in marks:
            advance(so_far - noted)
            noted = so_far
            end_if_asked()
    return noted


async def _wait(database: Database, ids: list[str], noted: int) -> int:
    """Until nothing of it is due any more."""
    from tracker.tasks import pause

    left = noted * len(ids)
    with progress("bringing over", left) as advance:
        while left:
            query = {"connectionId": {"$in": ids}}
            now = min(left, await database["crm_due"].count_documents(query))
            advance(left - now)
            left = now
            if left:
                stuck = await database["crm_state"].find_one({"_id": {"$in": ids}, "circuit": {"$ne": None}})
                if stuck:
                    reason = stuck["circuit"]["reason"]
                    hint(
                        f"An account is left alone ({reason}); `trackerctl crm status` shows why. Workers go on later."
                    )
                    break
                await pause(0.5)
    return noted * len(ids) - left


async def _dry_run(
    database: Database, record: ClientRecord, rows: list[CrmConnection], query: dict[str, Any], limit: int
) -> None:
    from msgspec import to_builtins

    from tracker.crm.sync.open import open_account
    from tracker.crm.sync.service import preview

    context = current()
    found: list[Preview] = []
    for row in rows:
        account = await open_account(context.service, record, row)
        try:
            found += await preview(database, account, query, limit)
        finally:
            await account.adapter.close()
    emit(to_builtins(found), lambda: _previews(found), brief=[one.lead_id for one in found if one.action != "nothing"])


def _previews(found: list[Preview]) -> list[RenderableType]:
    if not found:
        return ["No lead would be brought over."]
    rows = []
    for one in found:
        told = [f"{name}: {before!r} → {after!r}" for name, (before, after) in one.changes.items()] + one.errors
        rows.append((one.lead_id[:8], one.entity, one.action, one.crm_id, "\n".join(told)))
    return [table(("LEAD", "ENTITY", "WOULD", "CRM ID", "CHANGES"), rows, ids=("LEAD", "CRM ID"))]


def _brought(noted: int, wait: bool, client: str) -> str:
    if not noted:
        return "No lead is to be brought over."
    if not wait:
        return f"{counted(noted, 'lead')} noted; `trackerctl crm status {client}` shows how it goes."
    return f"{counted(noted, 'lead')} done; what failed, and why: trackerctl crm status {client}"


def _connection(view: dict[str, Any]) -> RenderableType:
    rows: list[tuple[str, object]] = [("id", view["connectionId"]), ("crm", view["adapter"])]
    return facts([*rows, *view["settings"].items()])


def _told(entry: dict[str, Any]) -> list[tuple[str, object]]:
    usage = entry.get("usage")
    rows: list[tuple[str, object]] = [
        ("crm", entry["adapter"]),
        ("lets us in", entry["ok"]),
        ("problem", entry.get("problem")),
        ("account", entry.get("account")),
        ("user", entry.get("user")),
        ("instance", entry.get("instance")),
        ("version", entry.get("apiVersion")),
        ("calls", f"{usage['used']} of {usage['limit']} used" if usage else None),
        *(("warning", text) for text in entry.get("warnings", ())),
    ]
    return [row for row in rows if row[1] not in (None, "")]


def _status(row: CrmConnection, one: AccountStatus) -> RenderableType:
    left_alone = (
        f"{one.circuit['reason']}: {one.circuit['detail']} (until {_at(one.circuit['until'])})" if one.circuit else None
    )
    usage = f"{one.usage['used']} of {one.usage['limit']} calls used, {ago(one.usage['at'])}" if one.usage else None
    return facts(
        [
            ("crm", row.adapter if row.is_active else f"{row.adapter}, switched off"),
            ("waiting", f"{one.waiting}, the first since {ago(one.oldest_due_at)}" if one.waiting else 0),
            ("failed", one.failed),
            ("left alone", left_alone),
            ("budget", usage),
            ("used up", _at(one.exhausted_at) if one.exhausted_at else None),
            ("last success", ago(one.last_success_at)),
            ("so far", ", ".join(f"{number} {name}" for name, number in sorted(one.totals.items())) or None),
        ]
    )


def _at(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
