"""Countries and crawlers, through the real processes."""

from __future__ import annotations

from pathlib import Path

from tests.fixtures.geo import city, write_database
from tests.fixtures.system import System, event, submission

VISITOR = "203.0.113.77"


def test_stores_where_a_visitor_is_and_drops_a_crawler(system: System, tmp_path: Path) -> None:
    client = system.new_client()
    database = write_database(tmp_path / "geo.mmdb", {"203.0.113.0/24": city("DE", "BE", "Berlin")})
    process = system.serve(TRACKER_GEOIP_DB=str(database), TRACKER_TRUSTED_PROXIES="127.0.0.1")
    system.work()
    crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    came_from = {"X-Forwarded-For": f"198.51.100.9, {VISITOR}"}

    dropped = system.post(client["apiKey"], [event(), submission("bot@example.com")], **{"User-Agent": crawler})
    kept = system.post(client["apiKey"], [submission("ada@example.com")], **came_from)

    assert [dropped.json()["queued"], kept.json()["queued"]] == [2, 1]
    system.wait_drained()
    assert system.redis.hgetall(f"tracker:outcomes:{client['clientId']}") == {b"dropped_bot": b"2", b"stored": b"1"}
    [stored] = system.database.events.find()
    [session] = system.database.sessions.find()
    assert system.database.leads.count_documents({}) == 1
    place = {"country": "DE", "region": "BE", "city": "Berlin"}
    assert (stored["geo"], stored["ipAddress"], session["geo"]) == (place, "203.0.113.0", place)
    everything = repr([list(system.database[name].find()) for name in system.database.list_collection_names()])
    assert VISITOR not in everything + system.launch.outputs()
    assert process.running
