"""``trackerctl gdpr suppress|unsuppress|check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from cli.context import actor, current
from cli.errors import UsageError
from cli.options import from_input
from cli.output import emit, facts
from cli.times import ago

if TYPE_CHECKING:
    from rich.console import RenderableType

Verb = Literal["suppress", "unsuppress", "check"]


async def suppression(verb: Verb, email: str | None, phone: str | None, client: str | None) -> dict[str, Any]:
    """Do it and print what holds now.

    :param email: ``-`` reads it from standard input, where no process list shows it.
    :returns: what was printed (`tracker.privacy.suppress_service`).
    :raises UsageError: unless one address is given.
    """
    from tracker.privacy.suppress_service import Suppressing

    if (email is None) == (phone is None):
        raise UsageError("give one address: an e-mail address, or --phone NUMBER")
    kind: Literal["email", "phone"] = "email" if email else "phone"
    value = from_input(email or phone or "")
    context = current()
    config = context.service
    async with context.documents() as documents:
        suppressing = Suppressing(documents.database, config, context.settings, actor())
        view = await getattr(suppressing, verb)(kind, value, client)
    emit(view, lambda: _facts(view), brief=[view["hash"]])
    found: dict[str, Any] = view
    return found


def _facts(view: dict[str, Any]) -> RenderableType:
    state = "suppressed" if view["suppressed"] else "not suppressed"
    rows: list[tuple[str, object]] = [
        ("state", state if view.get("changed", True) else f"{state}, as it was before"),
        ("hash", view["hash"]),
    ]
    if view["suppressed"]:
        rows += [
            ("holds for", view["clientId"] or "all clients"),
            ("since", ago(view["createdAt"])),
            ("by", view["createdBy"]),
        ]
    return facts(rows)
