"""``trackerctl client create --interactive``: from a domain to the first event."""

from __future__ import annotations

from typing import get_args

from cli.context import current
from cli.discover import discover_command
from cli.embed import Format, embed
from cli.errors import UsageError
from cli.options import Mode, ask, is_interactive
from cli.output import emit_item, hint, warn

_NONE = "none"


def domain_of(domain: str | None, interactive: bool) -> str:
    """The domain that was given, or that somebody types.

    :raises UsageError: when there is none, or nobody to ask.
    """
    if not interactive:
        if domain is None:
            raise UsageError("give --domain example.com, or --interactive to be asked")
        return domain
    if current().shape != "table" or current().quiet or not is_interactive():
        raise UsageError("--interactive asks at a terminal; scripts use `form discover CLIENT URL --accept-all`")
    return domain or ask("Domain of the site, such as example.com")


async def configure(site: str, mode: Mode) -> None:
    """Read pages, configure the forms that are accepted, and print the snippet."""
    page = ask(f"\nA page with a form, whose fields are then mapped; {_NONE} to leave it", f"https://{site}/")
    while page != _NONE:
        await _discover(site, page)
        page = ask(f"\nAnother page; {_NONE} to go on", _NONE)
    chosen = ask(f"\nWhere does the snippet go: {', '.join(_formats())}", "html")
    while chosen not in _formats():
        chosen = ask(f"One of {', '.join(_formats())}", "html")
    embed(site, form=chosen, mode=mode)  # type: ignore[arg-type]


async def wait_for_first_event(client_id: str, site: str, *, must: bool) -> None:
    """Wait until an event of the client is stored, and say so.

    :param must: whether it was asked for; without a document store it is left otherwise.
    :raises SettingsError: when it was, and there is no document store.
    """
    context = current()
    if not must and not context.settings.mongodb_url:
        hint(f"\nTRACKER_MONGODB_URL is not set, so the first event is not waited for: trackerctl event tail {site}")
        return
    from tracker.pipeline.queries import first_event

    async with context.documents():
        hint(
            f"\nWaiting for the first event of {site}: put the snippet in and open a page. Ctrl-C ends this; the client"
            f" stays.\nIf nothing comes: trackerctl event rejected {site}"
        )
        event = await first_event(client_id)
    kind, moment = event["eventType"], event["timestamp"]
    if context.shape == "table" and not context.quiet:
        emit_item(event, lambda: f"The first event is here: {kind} at {moment}. {site} is tracked.")


async def _discover(site: str, page: str) -> None:
    from tracker.errors import TrackerError

    try:
        await discover_command(site, page, None, render=False, allow_private=False, accept_all=False)
    except (TrackerError, UsageError) as error:
        # The client is there already: a page that cannot be read must not end it all.
        warn(f"{getattr(error, 'detail', '') or error}; try another page, or later: trackerctl form discover {site}")


def _formats() -> tuple[str, ...]:
    return tuple(name for name in get_args(Format) if name not in ("plain", "nextjs"))
