"""Long work: a progress bar on stderr, where there is somebody to see it, and an end when they press Ctrl-C."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cli.context import current

_LEAST = 1_000


@contextmanager
def progress(doing: str, total: int, *, is_export: bool = False) -> Iterator[Callable[[int], None]]:
    """Gives a function to call with how much more was done.

    There is no bar for less than a thousand, in a pipe, where programs read and with ``--quiet``.

    :param is_export: what is done writes data into a pipe or a file; there is a bar unless they go to the terminal.
    """
    context = current()
    hidden = sys.stdout.isatty() if is_export else context.shape != "table"
    if total < _LEAST or hidden or context.quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr, color_system="auto" if context.color else None, highlight=False, emoji=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Rich would take what is printed meanwhile onto its own console, which is not where an export goes.
    with Progress(*columns, console=console, transient=True, redirect_stdout=not is_export) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda number: bar.advance(task, number)


def end_if_asked() -> None:
    """End a long loop after Ctrl-C: redis-py can lose a cancellation that comes in the middle of a command."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
