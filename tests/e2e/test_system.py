"""The real processes on the real stores, driven over HTTP."""

from __future__ import annotations

import time

from tests.fixtures.processes import wait_until
from tests.fixtures.system import System, event, submission


def test_turns_posted_events_into_events_session_and_one_lead(system: System) -> None:
    client = system.new_client("example.com")
    system.serve()
    system.work()
    page = {"url": "https://example.com/contact?utm_source=news", "title": "Contact", "referrer": "https://x.org/"}
    typed = event("form_interaction", payload={"formId": "contact", "fields": {"email": "Ada@Example.com "}})
    batch = [
        event("session_start", payload={"page": page}),
        event("page_view", payload={"page": page}),
        typed,
        submission("ada@example.com"),
        {"type": "Not A Type"},
    ]

    answer = system.post(client["apiKey"], batch, Origin="https://www.example.com")

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "success": True,
        "queued": 4,
        "rejected": [{"index": 4, "id": None, "reason": "invalid_type"}],
    }
    assert answer.headers["access-control-allow-origin"] == "https://www.example.com"
    system.wait_drained()
    leads = system.cli("lead", "list")
    assert [(lead["email"], lead["status"], lead["quality"]) for lead in leads] == [
        ("ada@example.com", "submitted", "high")
    ]
    assert [entry["decision"] for entry in leads[0]["history"]] == ["created", "promoted"]
    assert (leads[0]["utmSource"], leads[0]["landingPage"]) == ("news", page["url"])
    assert system.database.events.count_documents({"clientId": client["clientId"]}) == 4
    session = system.database.sessions.find_one({"sessionId": "session-1"})
    assert session is not None
    assert (session["eventCount"], session["pageViewCount"], session["formSubmissions"]) == (4, 1, 1)
    assert session["landingPage"] == page["url"]
    assert session["utmParams"] == {"source": "news"}


def test_counts_a_batch_that_is_sent_again_once(system: System) -> None:
    client = system.new_client()
    system.serve()
    batch = [submission(f"person{number}@example.com") for number in range(20)]
    first = system.post(client["apiKey"], batch)
    again = system.post(client["apiKey"], batch)
    assert first.json()["queued"] == again.json()["queued"] == 20
    system.work()
    system.post(client["apiKey"], batch[:5])
    system.wait_drained()
    assert system.database.events.count_documents({}) == 20
    assert system.database.leads.count_documents({}) == 20
    session = system.database.sessions.find_one({})
    assert session is not None and session["eventCount"] == session["formSubmissions"] == 20


def test_refuses_a_revoked_key_within_a_second_in_every_process(system: System) -> None:
    client = system.new_client()
    system.serve()
    assert system.post(client["apiKey"], [event()]).status_code == 200
    # The second begins when the change is made; the command itself takes a while to end.
    system.cli("key", "revoke", client["keyId"], "--yes")
    revoked = time.monotonic()
    wait_until(lambda: system.post(client["apiKey"], [event()]).status_code == 401, timeout=5, interval=0.02)
    assert time.monotonic() - revoked < 1.0


def test_worker_that_is_told_to_stop_finishes_or_hands_back_what_it_holds(system: System) -> None:
    client = system.new_client()
    system.serve()
    for start in range(0, 2000, 50):
        system.post(client["apiKey"], [submission(f"person{start + n}@example.com") for n in range(50)])
    worker = system.work(TRACKER_SHUTDOWN_GRACE_SECONDS="0")
    wait_until(lambda: system.database.events.estimated_document_count() > 0)
    assert worker.terminate() == 0
    held = list(system.redis.scan_iter("arq:in-progress:*"))
    assert held == []
    system.work()
    system.wait_drained()
    assert system.database.events.count_documents({}) == 2000
    assert system.database.leads.count_documents({}) == 2000


def test_takes_events_while_no_worker_runs_and_stores_them_later(system: System) -> None:
    client = system.new_client()
    system.serve()
    answer = system.post(client["apiKey"], [submission("early@example.com")])
    assert answer.status_code == 200
    system.work()
    system.wait_drained()
    assert system.database.leads.count_documents({"email": "early@example.com"}) == 1


def test_hashes_clients_over_queue_shards_and_drains_them_all(system: System) -> None:
    system.settings["TRACKER_QUEUE_SHARDS"] = "3"
    clients = [system.new_client(f"site{number}.example") for number in range(6)]
    system.serve()
    for client in clients:
        assert system.post(client["apiKey"], [submission("ada@example.com")]).status_code == 200
    used = [shard for shard in range(3) if system.redis.zcard(f"tracker:queue:{shard}")]
    assert len(used) > 1, "six clients on one of three shards"
    system.work()
    wait_until(lambda: system.database.events.count_documents({}) == 6, timeout=30)
    assert system.database.leads.count_documents({"email": "ada@example.com"}) == 6
