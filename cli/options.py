"""Arguments and options that several commands share, so that they are called and explained alike."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Literal

import typer

from cli.completion import complete_client
from cli.errors import UsageError

Mode = Literal["live", "test"]

ClientArgument = Annotated[
    str,
    typer.Argument(metavar="CLIENT", help="Id, beginning of an id, or domain.", autocompletion=complete_client),
]
FormArgument = Annotated[str, typer.Argument(metavar="FORM", help="Id of the form; `form list` shows it.")]
FieldArgument = Annotated[str, typer.Argument(metavar="FIELD", help="Id of the field; `field list` shows it.")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Id of the key; `key list` shows it.")]

ClientOption = Annotated[
    str | None,
    typer.Option(
        "--client",
        "-c",
        metavar="CLIENT",
        help="Only of this client: id, its beginning, or domain.",
        autocompletion=complete_client,
    ),
]
Since = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="From then on: 30m, 2d, 2026-01-31, ISO 8601.")
]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before then, written likewise.")]
# In the order of `tracker.leads.documents`: equal literals are one object to `typing`, whichever came first.
LeadStatus = Annotated[
    Literal["partial", "submitted", "chat_inquiry"] | None,
    typer.Option("--status", help="Only of this status.", show_default=False),
]
LeadQuality = Annotated[
    Literal["low", "medium", "high"] | None,
    typer.Option("--quality", help="Only of this quality.", show_default=False),
]
Email = Annotated[str | None, typer.Option("--email", metavar="ADDRESS", help="Only with this e-mail address.")]
Limit = Annotated[
    int, typer.Option("--limit", "-n", min=1, max=10_000, metavar="N", help="At most so many, the newest.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show what would happen and change nothing.", show_default=False)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.", show_default=False)]


def is_interactive() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def confirm(question: str, losses: Sequence[str], yes: bool) -> None:
    """Ask before something is lost, saying what.

    :raises UsageError: when there is nobody to ask and ``--yes`` was not given.
    """
    if yes:
        return
    lost = f" This also deletes {_and(losses)}." if losses else ""
    if not is_interactive():
        raise UsageError(f"{question}{lost} Nobody is here to be asked: repeat the command with --yes")
    with _interruptible():
        typer.confirm(f"{question}{lost} Go on?", abort=True, err=True)


def agree(question: str, default: bool) -> bool:
    """Ask for a yes or no; Enter alone is ``default``."""
    with _interruptible():
        return bool(typer.confirm(question, default, err=True))


def ask(question: str, default: str | None = None) -> str:
    """Ask for a line of text; Enter alone is ``default``, and asks again when there is none."""
    with _interruptible():
        return str(typer.prompt(question, default, err=True)).strip()


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C at a question ends it. In a coroutine asyncio would take it for a wish to end the next ``await``."""
    try:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
    except ValueError:  # not the main thread, which gets no signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def from_input(value: str) -> str:
    """What was given, or for ``-`` the first line of standard input: others on the machine can read a command line.

    :raises UsageError: when that line is empty.
    """
    if value != "-":
        return value
    line = sys.stdin.readline().strip()
    if not line:
        raise UsageError("standard input is empty; the value for - is its first line")
    return line


def counted(number: int, one: str, many: str = "") -> str:
    """``1 form``, ``2 forms``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def _and(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
