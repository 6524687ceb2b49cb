"""Ids are chosen by browsers: knowing or guessing another client's leads nowhere."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fixtures.builders import NOON, a_client, interaction, page_view, submission
from tests.pipeline.storing import found, put
from tracker.config.records import ClientRecord
from tracker.pipeline.store import Store
from tracker.settings import Settings
from tracker.stores.documents import Documents

IDS = {"sessionId": "session-1", "visitorId": "visitor-1"}


async def everything(documents: Documents, client: ClientRecord) -> str:
    rows = [await found(documents, name, client) for name in ("events", "leads", "sessions")]
    return json.dumps(rows, default=str, sort_keys=True)


KINDS = st.sampled_from(("page_view", "interaction", "submission", "identify", "session_end"))


@given(st.lists(st.tuples(KINDS, st.booleans()), min_size=1, max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_guessed_ids_change_and_show_nothing_of_another_client(
    documents: Documents, document_settings: Settings, moves: list[tuple[str, bool]]
) -> None:
    victim, thief = a_client(), a_client()
    store = Store(documents, document_settings)
    await put(store, victim, page_view(**IDS, id="e-1"), submission("ann@shop.example", **IDS, id="e-2"))
    [lead] = await found(documents, "leads", victim)
    before = await everything(documents, victim)
    for number, (kind, same_event) in enumerate(moves):
        event = _event(kind, lead["leadId"], NOON + timedelta(seconds=number))
        await put(store, thief, event | ({"id": "e-1"} if same_event else {}))
    assert await everything(documents, victim) == before
    assert "ann@shop.example" not in await everything(documents, thief)
    await store.close()


def _event(kind: str, lead_id: str, at: Any) -> dict[str, Any]:
    made = {
        "page_view": page_view(at=at, **IDS),
        "interaction": interaction(None, at=at, fields={"message": "hello"}, **IDS),
        "submission": submission(None, at=at, fields={"leadId": lead_id, "clientId": "x"}, **IDS),
        "identify": page_view(at=at, **IDS) | {"type": "identify", "payload": {"email": "eve@shop.example"}},
        "session_end": page_view(at=at, **IDS) | {"type": "session_end"},
    }
    return made[kind] | {"leadId": lead_id, "clientId": "somebody"}
