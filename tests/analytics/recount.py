"""The figures of docs/analytics.md counted one by one, in the plainest way, from the stored documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from tracker.stores.documents import Documents

Key = tuple[str, str | None, str, str, str, bool]
Figures = dict[Key, dict[str, int]]
FORM_EVENTS = {"form_start", "form_interaction", "form_submission", "form_abandon"}
HOURS = timedelta(hours=2)
METRICS = ("views", "sessions", "formStarts", "submissions", "partial", "abandoned", "leads")


async def stored_rows(documents: Documents, client_id: str) -> tuple[Figures, dict[str, datetime]]:
    """What ``analytics_daily`` holds of a client, and when each day was computed."""
    rows: Figures = {}
    computed: dict[str, datetime] = {}
    async for row in documents.database["analytics_daily"].find({"clientId": client_id}):
        key = tuple(row[name] for name in ("date", "formId", "source", "medium", "campaign", "test"))
        assert row["_id"] == {"clientId": client_id, **dict(zip(list(row["_id"])[1:], key, strict=True))}
        rows[key] = {name: row[name] for name in METRICS}
        computed[row["date"]] = row["computedAt"]
    return rows, computed


async def recount(
    documents: Documents, client_id: str, computed: Mapping[str, datetime], pause: timedelta = timedelta(minutes=30)
) -> Figures:
    """The rows as they should be; a day's abandonment is judged by the time when it was computed."""
    database, own = documents.database, {"clientId": client_id}
    events = await database["events"].find(own).to_list()
    sessions = {row["sessionId"]: row async for row in database["sessions"].find(own)}
    leads = await database["leads"].find(own).to_list()
    counted: dict[Key, Counter[str]] = defaultdict(Counter)
    for event in events:
        name = {"page_view": "views", "form_submission": "submissions"}.get(event["eventType"])
        if name:
            counted[_key(event["timestamp"], event, _source_of(event, sessions))][name] += 1
    for session in sessions.values():
        counted[_key(session["startedAt"], {"test": session["test"]}, _source(session.get("touch") or {}))][
            "sessions"
        ] += 1
    for lead in leads:
        counted[_key(lead["createdAt"], lead, _source(lead["attribution"].get("first") or {}))]["leads"] += 1
    for attempt in _attempts(events, sessions):
        _count_attempt(counted, attempt, sessions, computed, pause)
    return {key: {name: figures[name] for name in METRICS} for key, figures in counted.items()}


def _attempts(events: list[dict[str, Any]], sessions: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The form events of each visit and form, in order."""
    by_visit: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for event in sorted(events, key=lambda event: event["timestamp"]):
        if event["eventType"] in FORM_EVENTS:
            visit = event.get("sessionId") or (
                event.get("visitorId") or event["eventId"],
                _source_of(event, sessions),
                "no session",
            )
            by_visit[visit, event.get("formId"), event.get("test", False)].append(event)
    return list(by_visit.values())


def _count_attempt(
    counted: dict[Key, Counter[str]],
    events: list[dict[str, Any]],
    sessions: Mapping[str, Any],
    computed: Mapping[str, datetime],
    pause: timedelta,
) -> None:
    for date in sorted({event["timestamp"].date().isoformat() for event in events}):
        start = datetime.fromisoformat(date).replace(tzinfo=UTC)
        if any(start - HOURS <= event["timestamp"] < start for event in events):
            continue
        own = [event for event in events if start <= event["timestamp"] < start + timedelta(days=1) + HOURS]
        figures = counted[_key(start, own[0], _source_of(own[0], sessions))]
        figures["formStarts"] += 1
        kinds = {event["eventType"] for event in own}
        if "form_submission" not in kinds:
            figures["partial"] += 1
            if "form_abandon" in kinds or own[-1]["timestamp"] + pause <= computed[date]:
                figures["abandoned"] += 1


def _key(moment: datetime, about: Mapping[str, Any], source: tuple[str, str, str]) -> Key:
    return moment.date().isoformat(), about.get("formId"), *source, about.get("test", False)


def _source_of(event: dict[str, Any], sessions: Mapping[str, Any]) -> tuple[str, str, str]:
    if event.get("sessionId"):
        return _source((sessions.get(event["sessionId"]) or {}).get("touch") or {})
    metadata, page = event.get("metadata") or {}, (event.get("payload") or {}).get("page") or {}
    referrer = metadata.get("referrer", page.get("referrer"))
    if _host(referrer) == _host(page.get("url")):
        referrer = None
    return _source({**metadata, "referrer": referrer})


def _source(touch: Mapping[str, Any]) -> tuple[str, str, str]:
    given = {name: value for name, value in touch.items() if isinstance(value, str) and value}
    campaign = given.get("utmCampaign", "(none)")
    found = ("(direct)", "(none)")
    if host := _host(given.get("referrer")):
        found = (host, "referral")
    if "fbclid" in given:
        found = ("facebook", "referral")
    if "msclkid" in given:
        found = ("bing", "cpc")
    if "gclid" in given:
        found = ("google", "cpc")
    if "utmSource" in given:
        found = (given["utmSource"], "(none)")
    return found[0], given.get("utmMedium", found[1]), campaign


def _host(url: object) -> str:
    return (urlsplit(url).hostname or "") if isinstance(url, str) else ""
