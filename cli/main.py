"""``trackerctl``: the root of the command line, and the list of its nouns.

A noun is imported when it is called, so that no command pays for another one's libraries. Adding one is a line in
``NOUNS`` and a file (docs/architecture.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.main import get_command, get_group

from cli import context
from cli.context import Context, Output
from cli.errors import guarded
from cli.noun import HelpGroup, Noun, choose_output

SET_UP, RUN, CONFIGURE, SEE, LOOK_AFTER = (
    "Set up",
    "Run",
    "Configure sites",
    "See what comes in",
    "Look after it",
)

# name: (panel, module, what the root's help says)
NOUNS: dict[str, tuple[str, str, str]] = {
    "init": (SET_UP, "init", "Write a .env with fresh secrets"),
    "db": (SET_UP, "db", "Create and upgrade the tables of the config database"),
    "dev": (RUN, "dev", "Run everything on embedded stores, for trying out and developing"),
    "serve": (RUN, "serve", "Run the HTTP service"),
    "worker": (RUN, "worker", "Run a worker, which turns events into leads"),
    "client": (CONFIGURE, "client", "Sites that are tracked"),
    "key": (CONFIGURE, "key", "API keys of a client"),
    "form": (CONFIGURE, "form", "Forms on a client's pages"),
    "field": (CONFIGURE, "field", "Inputs of a form"),
    "mapping": (CONFIGURE, "mapping", "Where a field goes in the CRM"),
    "webhook": (CONFIGURE, "webhook", "URLs that are told about a client's leads"),
    "crm": (CONFIGURE, "crm_account", "CRM accounts that leads are brought to"),
    "config": (CONFIGURE, "config", "The configuration as a file: export, compare, apply"),
    "embed": (CONFIGURE, "embed", "Print the snippet that goes into a site's pages"),
    "lead": (SEE, "lead", "People who filled in a form, or began to"),
    "session": (SEE, "session", "Visits: pages, events and forms between two pauses"),
    "event": (SEE, "event", "What browsers sent, live or stored, and what was refused"),
    "analytics": (SEE, "analytics", "Views, forms and leads by day, form and source"),
    "top": (SEE, "top", "What happens now, on a full screen"),
    "token": (LOOK_AFTER, "token", "Tokens for the management API"),
    "gdpr": (LOOK_AFTER, "gdpr", "Erase a person, export what is held of them, suppress them"),
    "retention": (LOOK_AFTER, "retention", "For how long data is kept: look, change, apply now"),
    "audit": (LOOK_AFTER, "audit", "Who changed what and when"),
    "dlq": (LOOK_AFTER, "dlq", "Events that could not be stored: look, replay, delete"),
    "doctor": (LOOK_AFTER, "doctor", "Find what is wrong with the installation, or with a page, and what to do"),
    "status": (LOOK_AFTER, "status", "Are the stores there, is the queue short, are the tables current"),
}


class Root(HelpGroup):
    """The root group: finds a noun by importing it, and turns every error into an exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in NOUNS:
            # The names in here are what a misspelt one is compared with.
            self.commands = dict.fromkeys(NOUNS, self)
            return None
        return load(cmd_name)

    def short_helps(self) -> Iterable[tuple[str, tuple[str, str]]]:
        """The nouns by what the operator wants to do, without importing any."""
        return ((panel, (name, text)) for name, (panel, _, text) in NOUNS.items())

    def main(self, args: Sequence[str] | None = None, *_: Any, **extra: Any) -> NoReturn:
        given = list(sys.argv[1:] if args is None else args)
        context.start(Context())
        extra |= {"prog_name": "trackerctl", "standalone_mode": False}
        run_all = super().main
        sys.exit(guarded(lambda: run_all(given, **extra), given))


def load(name: str) -> Any:
    """The command or group of a noun."""
    app: Noun = import_module(f"cli.{NOUNS[name][1]}").app
    # `get_command` alone would make a plain command of a noun that has one verb so far.
    loaded = get_command(app) if app.is_single else get_group(app)
    loaded.name = name
    return loaded


app = Noun(cls=Root, add_completion=True)


def _json(wanted: bool) -> bool:
    context.current().json = wanted
    return wanted


def _no_color(wanted: bool) -> bool:
    context.current().color = not (wanted or os.environ.get("NO_COLOR"))
    return wanted


def _version(wanted: bool) -> None:
    if wanted:
        from cli.output import emit
        from tracker import __version__

        emit({"version": __version__}, lambda: f"trackerctl {__version__}", brief=__version__)
        raise typer.Exit


@app.callback()
def root(
    json_output: Annotated[
        bool,
        typer.Option("--json", help="Print JSON for programs; errors too, on stderr.", is_eager=True, callback=_json),
    ] = False,
    output: Annotated[
        Output | None,
        typer.Option("--output", "-o", help="How results are printed; csv opens in a spreadsheet.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only, no hints.")] = False,
    no_color: Annotated[
        bool,
        typer.Option("--no-color", help="Print without colour; NO_COLOR does too.", is_eager=True, callback=_no_color),
    ] = False,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            help="Folder of `trackerctl dev`, where its settings are found too; TRACKER_DATA_DIR.", metavar="DIR"
        ),
    ] = None,
    version: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_version)] = False,
) -> None:
    """The self-hosted lead tracker: forms of your sites become leads in your database and CRM.

    New here? `trackerctl dev` shows it running within a minute; `trackerctl init` begins a real installation.
    """
    given = context.current()
    given.quiet = quiet
    choose_output(False, output)
    if data_dir is not None:
        # Child processes of `dev` and `serve` must read the same settings.
        os.environ["TRACKER_DATA_DIR"] = str(data_dir)


def run() -> NoReturn:
    """Entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
    sys.exit(0)


if __name__ == "__main__":
    run()
