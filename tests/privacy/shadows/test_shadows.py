"""Canaries in every input of the real system are found where docs/personal-data.md has them, and nowhere else."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.depth import examples
from tests.fixtures.hubspot import HubSpotServer
from tests.fixtures.processes import service_environment, wait_until
from tests.fixtures.receiver import Receiver
from tests.fixtures.system import System
from tests.privacy.shadows import places
from tests.privacy.shadows.canaries import Aviary, Canary, Searched
from tests.privacy.shadows.scene import (
    POISONED,
    Scene,
    bad_requests,
    commands,
    configure,
    draft_event,
    good_events,
    headers,
    post,
    refused_events,
    spoiled_events,
)

DEBUG = {
    "TRACKER_LOG_LEVEL": "debug",
    "TRACKER_WEBHOOK_ALLOW_PRIVATE": "true",
    "TRACKER_TRUSTED_PROXIES": "127.0.0.1",
    "TRACKER_CRM_GATHER_SECONDS": "0",
    "TRACKER_EVENT_RETRY_SECONDS": "0.05",
    "TRACKER_CACHE_POLL_SECONDS": "0.1",
}


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shadows-") as folder:
        yield Path(folder)


@pytest.fixture
def scene(system: System, receiver: Receiver, temporary: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    system.settings |= DEBUG
    with HubSpotServer() as hubspot:
        yield Scene(system, Aviary(request.param), hubspot, receiver, temporary)


class Seen:
    """What was found where; each kind of value is looked for in each place."""

    def __init__(self, aviary: Aviary) -> None:
        self.aviary = aviary
        self.found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def look(self, data: Mapping[str, bytes]) -> None:
        for place, raw in data.items():
            searched = Searched(raw)
            self.found[place]
            for canary in self.aviary.planted:
                if searched.holds(canary):
                    self.found[place][canary.kind].add(canary.source)

    def beyond(self, table: Mapping[str, set[str]]) -> dict[str, dict[str, list[str]]]:
        """What is where the table does not have it."""
        wrong = {
            place: {kind: sorted(sources) for kind, sources in kinds.items() if kind not in table.get(place, set())}
            for place, kinds in self.found.items()
        }
        return {place: kinds for place, kinds in wrong.items() if kinds}

    def never(self, table: Mapping[str, set[str]]) -> dict[str, set[str]]:
        """What the table has and nobody saw."""
        missed = {place: kinds - set(self.found.get(place, {})) for place, kinds in table.items()}
        return {place: kinds for place, kinds in missed.items() if kinds}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scene", range(examples(ci=1, deep=5)), indirect=True)
def test_what_people_type_and_operators_set_is_only_where_it_is_meant_to_be(scene: Scene) -> None:
    system, seen = scene.system, Seen(scene.aviary)
    configure(scene)
    system.serve(**DEBUG, TMPDIR=str(scene.temporary))
    sent = [*good_events(scene.aviary), draft_event(scene), *spoiled_events(scene.aviary)]
    accepted = post(scene, sent, **headers(scene.aviary))
    assert accepted.json() == {"success": True, "queued": len(sent)}
    assert post(scene, [*refused_events(scene.aviary), {"type": "custom"}]).json()["queued"] == 1
    bad_requests(scene)
    # As it waits, before any worker has seen it.
    seen.look({place: data for place, data in places.stores(system).items() if place == "redis arq:job:*"})
    env = service_environment(**scene.environment)
    system.launch.program([sys.executable, str(POISONED)], env=env, name="worker")
    system.wait_drained()
    deliveries = system.database["webhook_deliveries"]
    wait_until(lambda: deliveries.find_one({"attempts": {"$gte": 1}}), timeout=60, message=system.launch.outputs)
    wait_until(lambda: len({row["connectionId"] for row in system.database["crm_attempts"].find({})}) == 2, timeout=60)
    assert system.database["lead_drafts"].count_documents({}) == 1
    assert system.redis.hlen("tracker:dlq:entries") == 2
    commands(scene)

    seen.look(places.stores(system))
    seen.look(places.processes(system))
    seen.look(places.files(scene.temporary))
    seen.look({"answers": b"\n".join(scene.answers), **asked(scene)})
    for name, text in scene.printed.items():
        seen.look({f"output of {name.rsplit(' ', 1)[0]}": text.encode()})
    table = places.table()
    assert not (beyond := seen.beyond(table)), json.dumps(beyond, indent=1)
    assert not (never := seen.never(table)), never
    assert table.keys() <= seen.found.keys(), "the document names places that nobody looked at"


def asked(scene: Scene) -> dict[str, bytes]:
    """What anybody may read."""
    paths = {"metrics": "/metrics", "OpenAPI document": "/schema/openapi.json", "health": "/health"}
    answers: dict[str, Any] = {place: scene.system.http.get(path) for place, path in paths.items()}
    assert answers["metrics"].status_code == answers["OpenAPI document"].status_code == 200
    return {place: answer.content for place, answer in answers.items()}


def test_what_is_somewhere_else_would_be_told() -> None:
    """The check itself."""
    aviary = Aviary(1)
    aviary.email("a")
    seen = Seen(aviary)
    canary: Canary = aviary.planted[0]
    seen.look({"logs": f"x {canary.value.upper()}".encode(), "metrics": b"nothing"})
    assert seen.beyond({"logs": set()}) == {"logs": {"email": ["a"]}}
    assert seen.beyond({"logs": {"email"}}) == {}
    assert seen.never({"metrics": {"email"}, "logs": {"email"}}) == {"metrics": {"email"}}
