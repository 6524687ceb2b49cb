"""Which events are taken, which are refused and why, each for itself."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UnreadableError
from tracker.ingest.wire import MAX_ID_CHARS, MAX_TYPE_CHARS, Refusal, RefusalReason, read_batch, read_events
from tracker.queue import QueuedEvent
from tracker.settings import Settings

SETTINGS = Settings(secret_keys="")
GOOD = {"type": "page_view", "id": "good"}


def read(*events: Any, settings: Settings = SETTINGS) -> tuple[list[QueuedEvent], list[Refusal]]:
    return read_events(read_batch(json.dumps({"events": events}).encode()).events, settings)


def nested(depth: int) -> dict[str, Any]:
    """An event of this depth."""
    value: Any = 1
    for _ in range(depth - 1):
        value = {"a": value}
    return {"type": "custom", "payload": value}


REFUSED: dict[RefusalReason, list[Any]] = {
    RefusalReason.NOT_AN_OBJECT: [None, 1, "text", [], [GOOD]],
    RefusalReason.MISSING_TYPE: [{}, {"type": None}, {"type": ""}, {"id": "x"}],
    RefusalReason.INVALID_TYPE: [
        {"type": 5},
        {"type": "x" * (MAX_TYPE_CHARS + 1)},
        *({"type": name} for name in ("Page View", "page-view", "_x", "x_", "a__b", "$set", "é", "page_view\n")),
    ],
    RefusalReason.INVALID_ID: [{**GOOD, "id": bad} for bad in (5, "", "x" * (MAX_ID_CHARS + 1), {}, ["x"])],
    RefusalReason.INVALID_SESSION: [{**GOOD, "sessionId": bad} for bad in (5, "", "x" * (MAX_ID_CHARS + 1))],
    RefusalReason.INVALID_VISITOR: [{**GOOD, "visitorId": bad} for bad in (True, "", "x" * (MAX_ID_CHARS + 1))],
    RefusalReason.INVALID_TIMESTAMP: [{**GOOD, "timestamp": bad} for bad in ("yesterday", "", True, {}, "2026-13-01")],
    RefusalReason.INVALID_SHAPE: [
        *({**GOOD, name: bad} for name in ("payload", "metadata", "fields", "page") for bad in ("x", 1, [1])),
        *({**GOOD, "payload": {name: "x"}} for name in ("fields", "form", "page", "roles")),
    ],
    RefusalReason.TOO_LARGE: [{**GOOD, "payload": {"text": "x" * 32 * 1024}}],
    RefusalReason.TOO_DEEP: [nested(9), nested(300), {**GOOD, "payload": {"a": [[[[[[[[1]]]]]]]]}}],
    RefusalReason.TOO_MANY_FIELDS: [{**GOOD, "payload": {f"f{n}": n for n in range(200)}}],
}


@pytest.mark.parametrize(
    ("reason", "event"),
    [pytest.param(reason, event, id=f"{reason}-{n}") for reason, bad in REFUSED.items() for n, event in enumerate(bad)],
)
def test_a_bad_event_is_refused_alone_with_index_id_and_reason(reason: RefusalReason, event: Any) -> None:
    accepted, refused = read(GOOD, event, GOOD)
    assert [each.event_id for each in accepted] == ["good", "good"]
    wanted = event.get("id") if isinstance(event, dict) else None
    if not (isinstance(wanted, str) and 0 < len(wanted) <= MAX_ID_CHARS):
        wanted = None
    assert refused == [Refusal(1, wanted, reason)]


def test_every_reason_but_one_has_a_case() -> None:
    # INVALID_TEXT stands for what a reader stricter than ours would refuse; see the test below.
    assert set(RefusalReason) - set(REFUSED) == {RefusalReason.INVALID_TEXT}


def test_an_event_that_is_no_json_is_refused_as_invalid_text() -> None:
    raws = [msgspec.Raw(b'{"type": "custom"}'), msgspec.Raw(b'{"type": "cust')]
    accepted, refused = read_events(raws, SETTINGS)
    assert len(accepted) == 1
    assert refused == [Refusal(1, None, RefusalReason.INVALID_TEXT)]


@pytest.mark.parametrize(
    "event",
    [
        {"type": name}
        for name in [
            "form_submission",
            "form_interaction",
            "page_view",
            "pageview",
            "session_start",
            "session_end",
            "form_start",
            "form_abandon",
            "chat_message",
            "identify",
            "tracker_initialized",
            "custom",
            "video_played",
            "step2_done",
        ]
    ]
    + [{"type": "x" * MAX_TYPE_CHARS}]
    + [{**GOOD, "id": "x" * MAX_ID_CHARS, "sessionId": "s", "visitorId": "v"}]
    + [{**GOOD, "timestamp": at} for at in (1_772_452_800_000, 1_772_452_800.5, "2026-03-02T12:00:00Z", None, 10**400)]
    + [{**GOOD, "payload": None, "metadata": None, "fields": None, "page": None}]
    + [{**GOOD, "payload": {"fields": None, "form": {}, "page": {}, "roles": {}}}]
    + [nested(8)]
    + [{**GOOD, "payload": {f"f{n}": n for n in range(197)}}],
    ids=lambda event: json.dumps(event)[:40],
)
def test_every_described_shape_is_taken(event: dict[str, Any]) -> None:
    accepted, refused = read(event)
    assert refused == []
    assert len(accepted) == 1


def test_brackets_and_colons_inside_text_count_for_nothing() -> None:
    accepted, refused = read({**GOOD, "payload": {"text": "{[:" * 500}})
    assert (len(accepted), refused) == (1, [])


def test_limits_are_the_settings() -> None:
    tight = Settings(secret_keys="", max_event_bytes=60, max_event_depth=2, max_event_fields=4)
    assert read({**GOOD, "payload": {"a": "x" * 60}}, settings=tight)[1][0].reason == RefusalReason.TOO_LARGE
    assert read({"type": "a", "payload": {"a": {}}}, settings=tight)[1][0].reason == RefusalReason.TOO_DEEP
    assert read({"type": "a", "payload": {"a": 1, "b": 2, "c": 3}}, settings=tight)[1][0].reason == (
        RefusalReason.TOO_MANY_FIELDS
    )
    assert read({"type": "a", "payload": {"a": 1}}, settings=tight)[1] == []


def test_a_number_that_no_double_holds_is_refused_where_it_is_seen() -> None:
    fields = ", ".join(f'"f{number}": 1e309' for number in range(200))
    body = f'{{"events": [{{"type": "custom", "payload": {{{fields}}}}}, {{"type": "custom"}}]}}'
    accepted, refused = read_events(read_batch(body.encode()).events, SETTINGS)
    assert (len(accepted), [each.reason for each in refused]) == (1, [RefusalReason.INVALID_TEXT])


@pytest.mark.parametrize("depth", [*range(900, 1010, 3), 5_000])
def test_no_depth_is_an_internal_error(depth: int) -> None:
    body = b'{"events": [{"type": "custom", "payload": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}]}"
    try:
        _, refused = read_events(read_batch(body).events, SETTINGS)
    except UnreadableError:
        return
    assert [each.reason for each in refused] == [RefusalReason.TOO_DEEP]


def test_accepted_events_keep_their_bytes() -> None:
    raw = b'{ "type":"custom",  "id" : "x", "payload":{"n":1.50,"s":"\\u00e9\xc3\xa9"} }'
    accepted, _ = read_events(read_batch(b'{"events":[' + raw + b"]}").events, SETTINGS)
    assert accepted == [QueuedEvent("x", raw.strip())]


# --- ids ----------------------------------------------------------------------------------------------------------


def test_an_event_without_an_id_but_with_a_time_counts_once_when_it_is_sent_again() -> None:
    event = {"type": "custom", "timestamp": 1_772_452_800_000}
    (first,), _ = read(event)
    (again,), _ = read(event)
    (other,), _ = read({**event, "timestamp": 1_772_452_800_001})
    assert first.event_id == again.event_id != other.event_id


def test_two_equal_events_without_id_and_time_are_two() -> None:
    (first, second), _ = read({"type": "custom"}, {"type": "custom"})
    assert first.event_id != second.event_id


# --- the envelope -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        b'{"events": {}}',
        b'{"events": [1,]}',
        b'{"events": [], "apiKey": 5}',
        b'{"events": [], "sentAt": "noon"}',
        b'{"events": ["\xff"]}',
        b'{"events": ["\\q"]}',
        b'\xff\xfe{"events": []}',
        b'{"events": []} trailing',
    ],
    ids=repr,
)
def test_an_unreadable_body_is_refused_whole(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read_batch(body)


def test_what_the_envelope_does_not_know_is_ignored() -> None:
    batch = read_batch(b'{"events": [1], "apiKey": "k", "sentAt": 5, "sdk": {"version": 2}}')
    assert (len(batch.events), batch.apiKey, batch.sentAt) == (1, "k", 5)


# --- halves of surrogate pairs ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"\ud83d", "�"),
        (r"\uDE00", "�"),
        (r"hi \ud83d", "hi �"),
        (r"\ud83dx", "�x"),
        (r"\ud83d\ud83d\ude00", "�😀"),
        (r"\ud83d\ude00", "😀"),
        (r"\ude00\ud83d", "��"),
        (r"\\ud83d \ud83d", "\\ud83d �"),
        (r"\\\ud83d", "\\�"),
        (r"\n\ud83d", "\n�"),
    ],
)
def test_half_an_emoji_becomes_a_replacement_character_and_its_neighbours_live(escaped: str, text: str) -> None:
    event = f'{{"type": "custom", "payload": {{"text": "{escaped}"}}}}'
    body = f'{{"events": [{json.dumps(GOOD)}, {event}]}}'.encode()
    accepted, refused = read_events(read_batch(body).events, SETTINGS)
    assert refused == []
    assert [json.loads(each.data)["payload"]["text"] for each in accepted[1:]] == [text]


@given(st.text(st.characters(exclude_categories=[])), st.text(st.characters(exclude_categories=[])))
def test_any_text_that_a_browser_can_send_arrives_repaired(name: str, text: str) -> None:
    body = json.dumps({"events": [{"type": "custom", "payload": {"own": {name: text}}}]}).encode()
    (event,), refused = read_events(read_batch(body).events, SETTINGS)
    assert refused == []
    # json.loads joins two escapes that make a pair, as a browser's reader would.
    [(got_name, got_text)] = json.loads(event.data)["payload"]["own"].items()
    joined = json.loads(json.dumps([name, text]))
    assert [got_name, got_text] == [re.sub("[\ud800-\udfff]", "�", each) for each in joined]
