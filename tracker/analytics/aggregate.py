"""The aggregation that makes the rows of one client and day. Pure: dates in, a pipeline out.

A *visit* is a session; without one, the events of one visitor that show the same source; without a visitor, the event
itself. An *attempt* is a visit's work on one form. It belongs to the day on which it begins: the day of its first form
event, unless the same visit worked on the form within :data:`REACH` before that day. What follows until :data:`REACH`
after the day still belongs to it. So an attempt that goes on over midnight counts once, and a submission after
midnight completes it, though one day's figures never depend on more than its neighbours' edges.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tracker.analytics.documents import METRICS
from tracker.analytics.sources import event_source, touch_source

REACH = timedelta(hours=2)
VIEW, SUBMISSION, GIVEN_UP = "page_view", "form_submission", "form_abandon"
FORM_EVENTS = ("form_start", "form_interaction", SUBMISSION, GIVEN_UP)

Stage = dict[str, Any]


def bounds(day: date) -> tuple[datetime, datetime]:
    """First moment of a UTC day and of the next one."""
    start = datetime.combine(day, time(), UTC)
    return start, start + timedelta(days=1)


def day_pipeline(client_id: str, day: date, *, run: int, now: datetime, pause: timedelta) -> list[Stage]:
    """The stages that write a day's rows into ``analytics_daily``, to be run on ``events``.

    A row that a later run has written stays as it is.

    :param run: number of this rebuild, higher than that of any before.
    :param now: the time that abandonment is judged by.
    :param pause: how long after its last event an attempt without submission counts as abandoned.
    """
    start, end = bounds(day)
    return [
        *_attempts(client_id, start, end, now, pause),
        {"$unionWith": {"coll": "sessions", "pipeline": _sessions(client_id, start, end)}},
        {"$unionWith": {"coll": "leads", "pipeline": _leads(client_id, start, end)}},
        *_rows(client_id, day, run, now),
        {
            "$merge": {
                "into": "analytics_daily",
                "whenMatched": [{"$replaceWith": {"$cond": [{"$gte": ["$$new.run", "$run"]}, "$$new", "$$ROOT"]}}],
                "whenNotMatched": "insert",
            }
        },
    ]


def _attempts(client_id: str, start: datetime, end: datetime, now: datetime, pause: timedelta) -> list[Stage]:
    """Views, submissions and attempts: by visit and form first, then with the source of the visit."""
    session = {"$ifNull": ["$sessionId", None]}
    in_day = {"$and": [{"$gte": ["$timestamp", start]}, {"$lt": ["$timestamp", end]}]}
    on_form = {"$ne": ["$eventType", VIEW]}
    since_start = {"$and": [on_form, {"$gte": ["$timestamp", start]}]}
    visit = {
        "session": session,
        "visitor": {"$cond": [{"$eq": [session, None]}, {"$ifNull": ["$visitorId", "$eventId"]}, None]},
        "source": {"$cond": [{"$eq": [session, None]}, event_source(), None]},
        "formId": {"$ifNull": ["$formId", None]},
        "test": {"$ifNull": ["$test", False]},
    }
    found = {
        "views": {"$sum": _one_if({"$and": [in_day, _is(VIEW)]})},
        "submissions": {"$sum": _one_if({"$and": [in_day, _is(SUBMISSION)]})},
        "before": {"$max": {"$and": [on_form, {"$lt": ["$timestamp", start]}]}},
        "begun": {"$max": {"$and": [on_form, in_day]}},
        "submitted": {"$max": {"$and": [since_start, _is(SUBMISSION)]}},
        "givenUp": {"$max": {"$and": [since_start, _is(GIVEN_UP)]}},
        "last": {"$max": {"$cond": [since_start, "$timestamp", None]}},
        "openUntil": {"$min": {"$cond": [in_day, "$expiresAt", None]}},
    }
    attempt = {"$and": ["$begun", {"$not": ["$before"]}]}
    partial = {"$and": [attempt, {"$not": ["$submitted"]}]}
    abandoned = {"$and": [partial, {"$or": ["$givenUp", {"$lte": ["$last", now - pause]}]}]}
    ages = {"$add": ["$last", pause // timedelta(milliseconds=1)]}
    return [
        {
            "$match": {
                "clientId": client_id,
                "timestamp": {"$gte": start - REACH, "$lt": end + REACH},
                # As an expression: else the index of types is taken, which holds every client's events.
                "$expr": {"$in": ["$eventType", [VIEW, *FORM_EVENTS]]},
            }
        },
        {"$group": {"_id": visit, **found}},
        # Not what counts for nothing on this day.
        {"$match": {"$or": [{"views": {"$gt": 0}}, {"submissions": {"$gt": 0}}, {"begun": True, "before": False}]}},
        _with_session(client_id),
        {"$set": {"session": {"$first": "$session"}}},
        {
            "$project": {
                "_id": 0,
                "formId": "$_id.formId",
                "test": "$_id.test",
                "from": {"$ifNull": ["$_id.source", touch_source("$session.touch")]},
                "views": 1,
                "submissions": 1,
                "formStarts": _one_if(attempt),
                "partial": _one_if(partial),
                "abandoned": _one_if(abandoned),
                "agesAt": {"$cond": [{"$and": [partial, {"$not": [abandoned]}]}, ages, None]},
                "openUntil": 1,
            }
        },
    ]


def _with_session(client_id: str) -> Stage:
    # By client and session, as the unique index has it; a session without its client would be looked for everywhere.
    return {
        "$lookup": {
            "from": "sessions",
            "localField": "_id.session",
            "foreignField": "sessionId",
            "pipeline": [{"$match": {"clientId": client_id}}, {"$project": {"_id": 0, "touch": 1}}],
            "as": "session",
        }
    }


def _sessions(client_id: str, start: datetime, end: datetime) -> list[Stage]:
    return [
        {"$match": {"clientId": client_id, "startedAt": {"$gte": start, "$lt": end}}},
        {
            "$project": {
                "_id": 0,
                "formId": {"$literal": None},
                "test": {"$ifNull": ["$test", False]},
                "from": touch_source("$touch"),
                "sessions": {"$literal": 1},
                "openUntil": "$expiresAt",
            }
        },
    ]


def _leads(client_id: str, start: datetime, end: datetime) -> list[Stage]:
    return [
        {"$match": {"clientId": client_id, "createdAt": {"$gte": start, "$lt": end}}},
        {
            "$project": {
                "_id": 0,
                "formId": {"$ifNull": ["$formId", None]},
                "test": {"$ifNull": ["$test", False]},
                "from": touch_source("$attribution.first"),
                "leads": {"$literal": 1},
            }
        },
    ]


def _rows(client_id: str, day: date, run: int, now: datetime) -> list[Stage]:
    """From what was counted by visit, session and lead to a row for each form and source."""
    dimensions = {
        "clientId": {"$literal": client_id},
        "date": {"$literal": day.isoformat()},
        "formId": "$_id.formId",
        "source": "$_id.from.source",
        "medium": "$_id.from.medium",
        "campaign": "$_id.from.campaign",
        "test": "$_id.test",
    }
    sums = {name: {"$sum": f"${name}"} for name in METRICS}
    return [
        {
            "$group": {
                "_id": {"formId": "$formId", "test": "$test", "from": "$from"},
                **sums,
                "agesAt": {"$min": "$agesAt"},
                "openUntil": {"$min": "$openUntil"},
            }
        },
        {
            "$project": {
                "_id": dimensions,
                **dimensions,
                **dict.fromkeys(METRICS, 1),
                "agesAt": {"$ifNull": ["$agesAt", "$$REMOVE"]},
                "openUntil": {"$ifNull": ["$openUntil", "$$REMOVE"]},
                "run": {"$literal": run},
                "computedAt": {"$literal": now},
            }
        },
    ]


def _is(event_type: str) -> Stage:
    return {"$eq": ["$eventType", event_type]}


def _one_if(condition: Stage) -> Stage:
    return {"$cond": [condition, 1, 0]}
