"""In any small world what is left after an erasure is what a model of two dozen lines says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.builders import NOON, a_client, page_view, submission
from tests.fixtures.depth import examples
from tests.pipeline.storing import put
from tracker.config.records import ClientRecord
from tracker.pipeline.store import Store
from tracker.privacy.erase.requests import ask
from tracker.privacy.erase.service import finish_now, preview
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import subject_of

NAMES = ("ann", "ben", "cleo")


@dataclass(frozen=True)
class Act:
    """A page view or a submission, in one of two visits of one of three browsers; ``named``: whom its text mentions."""

    browser: int
    visit: int
    who: str | None
    named: str | None


acts = st.builds(
    Act,
    st.integers(0, 2),
    st.integers(0, 1),
    st.one_of(st.none(), st.sampled_from(NAMES)),
    st.one_of(st.none(), st.none(), st.sampled_from(NAMES)),
)


def address(name: str, world: str) -> str:
    return f"{name}-{world}@mail.example"


def sent(act: Act, number: int, world: str) -> dict[str, Any]:
    at = NOON + timedelta(seconds=number)
    ids = {"visitorId": f"b{act.browser}-{world}", "sessionId": f"b{act.browser}v{act.visit}-{world}"}
    mention = {"text": f"for {address(act.named, world)}"} if act.named else {}
    if act.who is None:
        query = f"?m={address(act.named, world).replace('@', '%40')}" if act.named else ""
        return page_view(f"https://shop.example/{number}{query}", at, **ids)
    return submission(address(act.who, world), at, fields=mention, **ids)


def survivors(world: list[Act], who: str) -> list[Act]:
    """What is left when one is erased."""
    used: dict[int, set[str]] = {}
    visited: dict[tuple[int, int], set[str]] = {}
    for act in world:
        if act.who:
            used.setdefault(act.browser, set()).add(act.who)
            visited.setdefault((act.browser, act.visit), set()).add(act.who)

    def stays(act: Act) -> bool:
        if act.who is not None:
            return act.who != who
        own = used.get(act.browser) == {who} or visited.get((act.browser, act.visit)) == {who}
        return not own and act.named != who

    return [act for act in world if stays(act)]


@settings(max_examples=examples(ci=25, deep=400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=st.lists(acts, min_size=1, max_size=10), whom=st.sampled_from(NAMES), order=st.randoms())
async def test_what_is_left_is_what_the_model_says(
    tools: Tools, store: Store, world: list[Act], whom: str, order: Any
) -> None:
    name, client = uuid4().hex, a_client()
    events = [sent(act, number, name) for number, act in enumerate(world)]
    shuffled = list(events)
    order.shuffle(shuffled)
    for event in shuffled:
        await put(store, client, event)
    subject = subject_of(address(whom, name), region="US", client_id=client.client_id)
    counted = (await preview(tools, subject)).get("events", 0)

    done = await finish_now(tools, await ask(tools, subject, "cli:test"))

    left = survivors(world, whom)
    wanted = {event["id"] for event, act in zip(events, world, strict=True) if act in left}
    stored = await rows(tools, client, "events")
    assert {row["eventId"] for row in stored} == wanted
    assert counted == done["counts"].get("events", 0) == len(world) - len(wanted)
    assert {row["email"] for row in await rows(tools, client, "leads")} == {
        address(act.who, name) for act in left if act.who
    }
    visits = Counter(row["sessionId"] for row in stored)
    views = Counter(row["sessionId"] for row in stored if row["eventType"] == "page_view")
    sessions = {row["sessionId"]: row for row in await rows(tools, client, "sessions")}
    assert {one: row["eventCount"] for one, row in sessions.items()} == visits
    assert {one: row["pageViewCount"] for one, row in sessions.items()} == {one: views[one] for one in sessions}
    assert {one: len(row["pageViews"]) for one, row in sessions.items()} == {one: views[one] for one in sessions}
    held = repr([await rows(tools, client, one) for one in ("events", "leads", "sessions", "webhook_deliveries")])
    for other in NAMES:
        named = any(act.named == other or act.who == other for act in left)
        assert (f"{other}-{name}" in held) == (named and other != whom)


async def rows(tools: Tools, client: ClientRecord, collection: str) -> list[dict[str, Any]]:
    return await tools.database[collection].find({"clientId": client.client_id}).to_list()
