"""``trackerctl config``: the configuration as a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import current
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientOption, Yes, confirm, counted
from cli.output import clean, emit, emit_raw, hint, plain, warn

if TYPE_CHECKING:
    from rich.text import Text

    from tracker.manifest.diff import Change, Plan
    from tracker.manifest.service import ManifestService

app = Noun("The configuration as a file: clients, forms, fields, mappings, webhooks and CRM accounts.")

CHANGES_EXIT = 2
_STYLE = {"create": ("+", "green"), "update": ("~", "yellow"), "delete": ("-", "red")}

FileOption = Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="The file; - reads standard input.")]
Prune = Annotated[bool, typer.Option("--prune", help="Also delete what the file does not have.", show_default=False)]


@app.command("export")
def export(
    client: ClientOption = None,
    file: Annotated[
        str | None, typer.Option("--file", "-f", metavar="FILE", help="Write here instead of printing.")
    ] = None,
) -> None:
    """Print the configuration as YAML, secrets as references to variables of the environment."""
    client_id = current().service.get_client(client).client_id if client else None
    text = _manifest().export(client_id)
    if file is None:
        emit_raw({"yaml": text}, text)
        return
    Path(file).write_text(text, encoding="utf-8")
    emit({"file": file}, lambda: f"The configuration is in {file}.", brief=file)


@app.command("validate")
def validate(file: FileOption) -> None:
    """Check a file by itself, without comparing it with what is stored."""
    missing = _manifest().missing_variables(_read(file))
    if missing:
        warn(f"not set: {', '.join(missing)}; `config apply` needs what the file takes secrets from")
    emit({"valid": True, "missingVariables": missing}, lambda: "The file can be used.", brief="valid")


@app.command("diff")
def diff(file: FileOption, prune: Prune = False) -> None:
    """Show what applying a file would change. Exits with 2 when that is anything."""
    plan = _manifest().plan(_read(file), prune=prune)
    _show(plan)
    if plan.changes:
        raise typer.Exit(CHANGES_EXIT)


@app.command("apply")
def apply(
    file: FileOption,
    prune: Prune = False,
    yes: Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the changes.", show_default=False)] = False,
) -> None:
    """Make the configuration what a file says, all of it or nothing."""
    from cli.progress import progress

    manifest = _manifest()
    plan = manifest.plan(_read(file), prune=prune)
    if dry_run or not plan.changes:
        _show(plan)
        return
    if not yes:
        _print_plan(plan)
        lost = [counted(number, kind) for kind, number in _deleted(plan.changes).items()]
        confirm(f"Make {counted(len(plan.changes), 'change')}?", lost, yes)
    with progress("Applying", len(plan.changes)) as advance:
        manifest.apply(current().service, plan.changes, lambda _: advance(1))
    made = _summary(plan.changes)
    emit({"applied": made, **_view(plan)}, lambda: f"Done: {_sentence(made)}.", brief=[one.key for one in plan.changes])


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of the file, for editors."""
    from tracker.manifest.shape import schema as json_schema

    found = json_schema()
    emit_raw(found, json.dumps(found, indent=2))


def _manifest() -> ManifestService:
    import os

    from tracker.manifest.service import ManifestService

    context = current()
    return ManifestService(context.engine, context.settings, os.environ)


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(f"{file} cannot be read: {reason}") from None


def _show(plan: Plan) -> None:
    emit(_view(plan), lambda: _lines(plan), brief=[f"{one.action} {one.kind} {one.path}" for one in plan.changes])
    if plan.unlisted:
        hint(f"{counted(len(plan.unlisted), 'object')} not in the file; --prune deletes them")


def _print_plan(plan: Plan) -> None:
    plain(clean("\n".join(line.plain for line in _lines(plan)), keep="\n"))


def _lines(plan: Plan) -> list[Text]:
    from rich.text import Text

    if not plan.changes:
        return [Text("No changes.")]
    lines: list[Text] = []
    for change in plan.changes:
        sign, style = _STYLE[change.action]
        lines.append(Text(f"{sign} {change.kind} {change.path}", style=style))
        lines += [Text(f"    {line}") for line in _details(change)]
    lines.append(Text(_sentence(_summary(plan.changes))))
    return lines


def _details(change: Change) -> list[str]:
    if change.action == "delete":
        return []
    names = dict.fromkeys([*change.before, *change.after])
    if change.action == "create":
        return [f"{name}: {_value(change.after[name])}" for name in names]
    details = [f"{name}: {_value(change.before.get(name))} → {_value(change.after.get(name))}" for name in names]
    return [*details, "secret: changed"] if change.secrets else details


def _value(value: Any) -> str:
    return "(default)" if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _view(plan: Plan) -> dict[str, Any]:
    return {
        "changes": [_change(one) for one in plan.changes],
        "unlisted": [_change(one) for one in plan.unlisted],
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "kind": change.kind,
        "path": change.path,
        "id": change.key,
        "before": change.before,
        "after": change.after,
        "secretChanged": change.secrets,
    }


def _summary(changes: Sequence[Change]) -> dict[str, int]:
    return {action: sum(one.action == action for one in changes) for action in _STYLE}


def _sentence(summary: dict[str, int]) -> str:
    return ", ".join(f"{number} to {action}" for action, number in summary.items() if number)


def _deleted(changes: Sequence[Change]) -> dict[str, int]:
    kinds: dict[str, int] = {}
    for change in changes:
        if change.action == "delete":
            kinds[change.kind] = kinds.get(change.kind, 0) + 1
    return kinds
