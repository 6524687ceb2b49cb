"""``trackerctl dlq``: the dead letters (decisions §9)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.context import current
from cli.dlq_pages import details_page, fates_page, letters, letters_table, replayed_words, stats_page
from cli.errors import UsageError
from cli.noun import Noun
from cli.options import ClientOption, Limit, Since, Until, Yes, confirm
from cli.output import emit, hint, warn
from cli.progress import end_if_asked, progress
from cli.times import parse_duration, parse_since

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tracker.deadletters.places import Place
    from tracker.deadletters.select import Entry, Filter
    from tracker.settings import Settings

app = Noun(
    "Dead letters: events that could not be stored after all tries. Nothing of them is lost until you drop them."
)

KindOption = Annotated[
    Literal["event", "job"] | None,
    typer.Option("--kind", help="Only events, or only jobs that could not be read.", show_default=False),
]
ErrorOption = Annotated[
    str | None, typer.Option("--error", "-e", metavar="TEXT", help="Only where the error holds this text.")
]
Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Ids, or their beginnings; `dlq list` shows them.", show_default=False),
]
All = Annotated[bool, typer.Option("--all", help="All that the filters leave, instead of ids.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would happen and change nothing.")]

_ID_CHARS = 36
Selected = tuple["Place", "list[Entry]"]


@app.command("list")
async def list_letters(
    client: ClientOption = None,
    kind: KindOption = None,
    error: ErrorOption = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List dead letters, the newest first. Secrets in the events are replaced; --since and --until are about the last
    failure.
    """
    from tracker.deadletters.places import open_places
    from tracker.deadletters.select import newest_entries
    from tracker.deadletters.views import entry_view

    wanted = _filter(client, kind, error, since, until)
    async with open_places(_settings()) as places:
        entries = await newest_entries(places, wanted, limit)
    emit(
        [entry_view(entry) for entry in entries],
        lambda: letters_table(entries) if entries else "No dead letters.",
        brief=[entry.id for entry in entries],
    )


@app.command("show")
async def show(
    letter: Annotated[str, typer.Argument(metavar="ID", help="Id, or its beginning; `dlq list` shows it.")],
) -> None:
    """Show one dead letter: its error, its tries and the event as it was sent, with secrets replaced."""
    from tracker.deadletters.places import open_places
    from tracker.deadletters.select import get_entry
    from tracker.deadletters.views import entry_details

    async with open_places(_settings()) as places:
        _, entry = await get_entry(places, letter)
    details = entry_details(entry)
    emit(details, lambda: details_page(details), brief=entry.id)


@app.command("replay")
async def replay(
    ids: Ids = None,
    everything: All = False,
    client: ClientOption = None,
    kind: KindOption = None,
    error: ErrorOption = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
) -> None:
    """Put dead letters back into the queue, with a new life of tries. What is already back is left alone, so a replay
    can be repeated.

    With --dry-run each goes through the code and configuration of now, and nothing is changed.
    """
    from tracker.deadletters.places import open_places
    from tracker.deadletters.replay import replay as put_back

    wanted = _wanted(ids, everything, client, kind, error, since, until)
    async with open_places(_settings()) as places:
        chosen = await _chosen(places, ids or ())
        if dry_run:
            await _rehearse(places, chosen, wanted)
            return
        replayed, left = 0, len(ids or ()) - len(chosen)
        try:
            async for place, entries in _selected(places, chosen, wanted, "replaying"):
                done = await put_back(place, entries)
                replayed, left = replayed + done, left + len(entries) - done
        except BaseException:
            # Ctrl-C or an outage: it ended between two entries, and what is back in the queue stays there.
            hint(f"Stopped after {letters(replayed)}; all others are still there.")
            raise
    emit({"replayed": replayed, "skipped": left}, lambda: replayed_words(replayed, left), brief=str(replayed))
    if replayed:
        hint("`trackerctl status` shows the queue; what fails again comes back to `dlq list`.")


@app.command("drop")
async def drop(
    ids: Ids = None,
    everything: All = False,
    client: ClientOption = None,
    kind: KindOption = None,
    error: ErrorOption = None,
    since: Since = None,
    until: Until = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete dead letters for good. They are counted as dropped_dead_letter."""
    from tracker.deadletters.places import open_places

    wanted = _wanted(ids, everything, client, kind, error, since, until)
    async with open_places(_settings()) as places:
        await _discard(places, await _chosen(places, ids or ()), wanted, dry_run=dry_run, yes=yes)


@app.command("purge")
async def purge(
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="AGE", help="Whose last failure is longer ago: 12h, 30d.")
    ],
    client: ClientOption = None,
    kind: KindOption = None,
    error: ErrorOption = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete old dead letters for good. They are counted as dropped_dead_letter."""
    from tracker.deadletters.places import open_places

    until = (datetime.now(UTC) - parse_duration(older_than, "--older-than")).isoformat()
    wanted = _filter(client, kind, error, None, until)
    async with open_places(_settings()) as places:
        await _discard(places, [], wanted, dry_run=dry_run, yes=yes)


@app.command("stats")
async def stats(
    client: ClientOption = None,
    kind: KindOption = None,
    error: ErrorOption = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Count dead letters by client and error, and show how much room is left."""
    from tracker.deadletters.bounds import dead_letter_state
    from tracker.deadletters.places import open_places
    from tracker.deadletters.views import Tally

    wanted, settings, tally = _filter(client, kind, error, since, until), _settings(), Tally()
    async with open_places(settings) as places:
        async for _, entries in _selected(places, [], wanted, "counting"):
            tally.add(entries)
        state = await dead_letter_state(places, settings)
    view = tally.view(state)
    emit(view, lambda: stats_page(view), brief=str(view["count"]))
    if state.warning:
        warn(state.warning)


def _settings() -> Settings:
    return current().settings.require("redis_url")


def _filter(client: str | None, kind: Any, error: str | None, since: str | None, until: str | None) -> Filter:
    from tracker.deadletters.select import Filter

    begin, end = parse_since(since), parse_since(until, "--until")
    return Filter(
        client_id=_client_id(client) if client else None,
        kind=kind,
        error=error,
        since=begin.timestamp() if begin else None,
        until=end.timestamp() if end else None,
    )


def _client_id(ref: str) -> str:
    """A client's id. One that was deleted may have dead letters still: its whole id is taken as it is."""
    from tracker.errors import NotFoundError

    try:
        return current().service.get_client(ref).client_id
    except NotFoundError:
        if len(ref) == _ID_CHARS:
            return ref
        raise


def _wanted(ids: list[str] | None, everything: bool, *filters: Any) -> Filter | None:
    """The filter, or ``None`` when ids were given.

    :raises UsageError: when both were, or neither.
    """
    if bool(ids) == everything:
        raise UsageError("give ids, or --all with any filters" if not ids else "give ids or --all, not both")
    if ids and any(filters):
        raise UsageError("filters go with --all, not with ids")
    return None if ids else _filter(*filters)


async def _chosen(places: Sequence[Place], ids: Sequence[str]) -> list[tuple[Place, Entry]]:
    from tracker.deadletters.select import resolve

    found: dict[str, tuple[Place, Entry]] = {}
    for one in ids:
        if hit := await resolve(places, one):
            found[hit[1].id] = hit
        else:
            warn(f"no dead letter {one}: it was replayed or dropped already, or never was")
    return list(found.values())


async def _selected(
    places: Sequence[Place], chosen: Sequence[tuple[Place, Entry]], wanted: Filter | None, doing: str
) -> AsyncIterator[Selected]:
    """What is meant, some at a time, with a progress bar where there is somebody to see it."""
    from tracker.deadletters.select import pages, size

    if wanted is None:
        for place, entry in chosen:
            yield place, [entry]
        return
    with progress(doing, await size(places, wanted)) as advance:
        for place in places:
            async for page in pages(place, wanted):
                if page.entries:
                    yield place, page.entries
                advance(page.looked_at)
                end_if_asked()


async def _rehearse(places: Sequence[Place], chosen: Sequence[tuple[Place, Entry]], wanted: Filter | None) -> None:
    from tracker.deadletters.rehearse import open_rehearser, rehearse

    context = current()
    settings = context.settings.require("redis_url", "mongodb_url", "config_db_url")
    found: list[dict[str, Any]] = []
    async with open_rehearser(context.engine, settings) as rehearser:
        async for _, entries in _selected(places, chosen, wanted, "rehearsing"):
            found += await rehearse(rehearser, entries)
    emit(found, lambda: fates_page(found), brief=[row["id"] for row in found])


async def _discard(
    places: Sequence[Place], chosen: Sequence[tuple[Place, Entry]], wanted: Filter | None, *, dry_run: bool, yes: bool
) -> None:
    from tracker.deadletters.discard import discard

    if dry_run or not yes:
        lost = 0
        async for _, entries in _selected(places, chosen, wanted, "counting"):
            lost += len(entries)
        if dry_run:
            emit({"dropped": 0, "wouldDrop": lost}, lambda: f"Would drop {letters(lost)}.", brief=str(lost))
            return
        if lost:
            confirm(f"Their events are in no other place: drop {letters(lost)} for good?", (), yes)
    dropped = 0
    try:
        async for place, entries in _selected(places, chosen, wanted, "dropping"):
            dropped += await discard(place.redis, entries)
    except BaseException:
        hint(f"Stopped after {letters(dropped)}; all others are still there.")
        raise
    emit({"dropped": dropped}, lambda: f"Dropped {letters(dropped)}.", brief=str(dropped))
