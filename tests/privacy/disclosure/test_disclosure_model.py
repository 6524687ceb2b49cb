"""In any small world a copy holds each document of the person, and no byte of anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.builders import a_client
from tests.fixtures.depth import examples
from tests.pipeline.storing import put
from tests.privacy.disclosure.opened import Opened
from tests.privacy.erase.test_model import NAMES, Act, acts, address, sent, survivors
from tracker.pipeline.store import Store
from tracker.privacy.disclosure.service import disclose
from tracker.privacy.erase.work import Tools
from tracker.privacy.locate import subject_of

_FIXTURES = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@settings(max_examples=examples(ci=25, deep=400), suppress_health_check=_FIXTURES)
@given(world=st.lists(acts, min_size=1, max_size=10), whom=st.sampled_from(NAMES), order=st.randoms())
async def test_a_copy_holds_the_person_s_documents_and_nobody_else(
    tools: Tools, store: Store, folder: Path, world: list[Act], whom: str, order: Any
) -> None:
    name, client = uuid4().hex, a_client()
    events = [sent(act, number, name) for number, act in enumerate(world)]
    # A secret of each sender's own: whose form it was typed into may read it.
    secrets = {event["id"]: f"canary{uuid4().hex}" for event in events}
    for event, act in zip(events, world, strict=True):
        if act.who:
            event["payload"]["form"]["fields"]["remark"] = secrets[event["id"]]
    shuffled = list(events)
    order.shuffle(shuffled)
    for event in shuffled:
        await put(store, client, event)
    subject = subject_of(address(whom, name), region="US", client_id=client.client_id)

    done = await disclose(tools, subject, folder / f"{uuid4().hex}.zip", "cli:test")

    copy = Opened(done.path)
    left = survivors(world, whom)
    own = [event for event, act in zip(events, world, strict=True) if act not in left]
    assert {row["eventId"] for row in copy.rows("events")} == {event["id"] for event in own}
    assert len(copy.rows("leads")) == (1 if any(act.who == whom for act in world) else 0)
    for event, act in zip(events, world, strict=True):
        if act.who:
            assert (secrets[event["id"]].encode() in copy.whole) == (act.who == whom)
    for other in NAMES:
        if other != whom:
            assert f"{other}-{name}".encode() not in copy.whole
    assert done.found == (bool(own) or bool(copy.rows("leads")) or bool(copy.rows("sessions")))
