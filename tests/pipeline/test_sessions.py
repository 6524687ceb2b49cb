"""How events add up to sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.fixtures.builders import NOON, a_batch, a_client, drafted, page_view, submission
from tracker.pipeline.sessions import SessionDelta, group_by_session, new_session, session_update

MINUTE = timedelta(minutes=1)


def delta(*events: dict[str, Any], **batch: Any) -> SessionDelta:
    client = a_client()
    [only] = group_by_session(drafted(client, a_batch(client, *events, **batch))).values()
    return only


def visit(*minutes: int) -> list[dict[str, Any]]:
    return [page_view(f"/{minute}", NOON + minute * MINUTE, sessionId="s") for minute in minutes]


def stored(*minutes: int) -> dict[str, Any]:
    return new_session(delta(*visit(*minutes)), NOON, 500)


def test_events_without_a_session_belong_to_none_and_sessions_are_told_apart() -> None:
    client = a_client()
    events = [page_view(), page_view(sessionId="a"), page_view(sessionId="b"), submission(sessionId="a")]
    deltas = group_by_session(drafted(client, a_batch(client, *events)))
    assert {key[1]: each.events for key, each in deltas.items()} == {"a": 2, "b": 1}


def test_a_new_session_follows_event_times_and_not_the_order_of_arrival() -> None:
    session = stored(5, 0, 9)
    assert (session["startedAt"], session["endedAt"], session["duration"]) == (NOON, NOON + 9 * MINUTE, 540)
    assert [view["url"] for view in session["pageViews"]] == ["/0", "/5", "/9"]
    assert session["landingPage"] == "/0"


def test_only_submissions_and_page_views_count_as_such() -> None:
    events = [
        *visit(0),
        submission(sessionId="s"),
        {"type": "session_end", "sessionId": "s"},
        {"type": "custom", "sessionId": "s"},
    ]
    session = new_session(delta(*events), NOON, 500)
    assert (session["eventCount"], session["pageViewCount"], session["formSubmissions"]) == (4, 1, 1)


def test_later_events_extend_a_session_and_change_not_its_beginning() -> None:
    update = session_update(stored(0), delta(*visit(3, 4)), 500)
    assert update["$set"]["endedAt"] == NOON + 4 * MINUTE
    assert update["$set"]["duration"] == 240
    assert "landingPage" not in update["$set"]
    assert update["$inc"] == {"eventCount": 2, "pageViewCount": 2}
    assert "$sort" not in update["$push"]["pageViews"]


def test_late_events_move_the_beginning_and_sort_the_views() -> None:
    update = session_update(stored(5), delta(*visit(2)), 500)
    assert (update["$set"]["startedAt"], update["$set"]["landingPage"]) == (NOON + 2 * MINUTE, "/2")
    assert update["$push"]["pageViews"]["$sort"] == {"timestamp": 1, "url": 1}


def test_views_are_cut_to_the_latest() -> None:
    assert [view["url"] for view in new_session(delta(*visit(*range(9))), NOON, 3)["pageViews"]] == ["/6", "/7", "/8"]
    push = session_update(stored(0), delta(*visit(*range(1, 9))), 3)["$push"]["pageViews"]
    assert ([view["url"] for view in push["$each"]], push["$slice"]) == (["/6", "/7", "/8"], -3)


def test_a_visitor_that_is_known_later_is_filled_in_and_never_replaced() -> None:
    known = delta(page_view(at=NOON + MINUTE, sessionId="s", visitorId="v"))
    assert session_update(stored(0), known, 500)["$set"]["visitorId"] == "v"
    assert "visitorId" not in session_update(stored(0) | {"visitorId": "w"}, known, 500)["$set"]


def test_without_page_views_nothing_is_pushed() -> None:
    update = session_update(stored(0), delta(submission(sessionId="s")), 500)
    assert "$push" not in update
    assert update["$inc"] == {"eventCount": 1, "formSubmissions": 1}
