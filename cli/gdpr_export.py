"""``trackerctl gdpr export``."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.context import actor
from cli.output import emit, facts

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tracker.privacy.erase.work import Tools
    from tracker.privacy.subject import Subject


async def export_person(
    opening: AbstractAsyncContextManager[Tools], output: Path, subject: Subject, *, force: bool
) -> None:
    """Write the copy and print ``{found, file, counts, mentionsByOthers}``.

    That nothing is held is an answer and no failure: the file says so.

    :param opening: gives the tools.
    """
    from tracker.privacy.disclosure.service import disclose

    async with opening as tools:
        done = await disclose(tools, subject, output, actor(), force=force)
    view: dict[str, Any] = {
        "found": done.found,
        "file": str(done.path),
        "counts": dict(done.counts),
        "mentionsByOthers": dict(done.mentions),
    }
    emit(view, lambda: _readable(view), brief=[view["file"]])


def _readable(view: dict[str, Any]) -> list[RenderableType]:
    held = [(name.replace("_", " "), number) for name, number in view["counts"].items() if number]
    rows: list[tuple[str, object]] = [*held, ("file", view["file"])]
    if others := sum(view["mentionsByOthers"].values()):
        rows.append(("not in it", f"{others} entries of other persons that name this one"))
    title = "What is held of this person:" if view["found"] else "Nothing is held of this person; the file says so."
    return [title, facts(rows)]
