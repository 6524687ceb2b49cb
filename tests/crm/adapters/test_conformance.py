"""Our own adapters keep the protocol's promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest

from tests.crm.adapters.endpoint import Endpoint
from tests.fixtures.hubspot import HubSpotServer
from tracker.crm.base import Record
from tracker.crm.http import Http
from tracker.crm.hubspot import HubSpot
from tracker.crm.log import Log
from tracker.crm.testing import CANARY, AdapterConformance


def contacts(entity: str, name: str = "firstname") -> list[Record]:
    return [
        Record(f"lead-{n}", entity, {"email": f"ada{n}@example.com", name: f"Augusta{n}"}, f"ada{n}@example.com")
        for n in range(4)
    ]


class OfHubSpot:
    """The far side of `HubSpot`."""

    def __init__(self, server: HubSpotServer) -> None:
        self.server = server

    def count(self, entity: str) -> int:
        return len(self.server.portal.objects[entity])

    def value(self, entity: str, crm_id: str, field: str) -> object:
        return self.server.portal.objects[entity][crm_id].get(field)

    def lose_answer(self) -> None:
        self.server.fault("cut_after", "/batch/")

    def limit(self, seconds: int) -> None:
        self.server.fault("429", seconds=seconds)

    def break_down(self) -> None:
        self.server.fault("503")


class TestHubSpot(AdapterConformance):
    text_field = "message"
    long_chars = 60_000
    settings: ClassVar[dict[str, str]] = {}

    @pytest.fixture
    def adapter(self, hubspot: HubSpotServer) -> HubSpot:
        return HubSpot.open(*HubSpot.split(hubspot.document(**self.settings)))

    @pytest.fixture
    def records(self) -> list[Record]:
        return contacts("contacts")

    @pytest.fixture
    def bad_record(self) -> Record:
        fields = {"email": "bad@example.com", "lifecyclestage": CANARY}
        return Record("lead-bad", "contacts", fields, "bad@example.com")

    @pytest.fixture
    def impostor(self, hubspot: HubSpotServer) -> HubSpot:
        return HubSpot.open(*HubSpot.split({**hubspot.document(), "access_token": "pat-na1-wrong"}))

    @pytest.fixture
    def far_side(self, hubspot: HubSpotServer) -> OfHubSpot:
        return OfHubSpot(hubspot)


class TestHubSpotThatRefusesWholeBatches(TestHubSpot):
    @pytest.fixture
    def adapter(self, hubspot: HubSpotServer) -> HubSpot:
        hubspot.portal.multi_status = False
        return HubSpot.open(*HubSpot.split(hubspot.document()))


class TestHubSpotWithoutTraces(TestHubSpot):
    @pytest.fixture
    def adapter(self, hubspot: HubSpotServer) -> HubSpot:
        hubspot.portal.traces = False
        return HubSpot.open(*HubSpot.split(hubspot.document()))


class TestHubSpotByLeadId(TestHubSpot):
    """Leads without an e-mail address, told by a property of their own."""

    settings: ClassVar[dict[str, str]] = {"unique_property": "tracker_lead_id"}

    @pytest.fixture
    def records(self) -> list[Record]:
        return [
            Record(f"lead-{n}", "contacts", {"firstname": f"Augusta{n}", "phone": f"+4930123{n}"}) for n in range(4)
        ]

    @pytest.fixture
    def bad_record(self) -> Record:
        return Record("lead-bad", "contacts", {"lifecyclestage": CANARY})


class TestHttpBatch(AdapterConformance):
    text_field = "message"
    batch = True

    @pytest.fixture
    def endpoint(self) -> Iterator[Endpoint]:
        with Endpoint() as made:
            yield made

    @pytest.fixture
    def adapter(self, endpoint: Endpoint) -> Http:
        return Http.open(*Http.split(endpoint.document(batch=self.batch, deletes=True)))

    @pytest.fixture
    def records(self) -> list[Record]:
        return contacts("lead", "firstName")

    @pytest.fixture
    def bad_record(self) -> Record:
        return Record("lead-bad", "lead", {"email": "bad@example.com", "refuse": CANARY}, "bad@example.com")

    @pytest.fixture
    def impostor(self, endpoint: Endpoint) -> Http:
        return Http.open(*Http.split({**endpoint.document(batch=self.batch), "token": "wrong"}))

    @pytest.fixture
    def far_side(self, endpoint: Endpoint) -> Endpoint:
        return endpoint


class TestHttpOneByOne(TestHttpBatch):
    batch = False


class TestHttpThatRefusesWholeBatches(TestHttpBatch):
    @pytest.fixture
    def adapter(self, endpoint: Endpoint) -> Http:
        endpoint.tells = False
        return Http.open(*Http.split(endpoint.document()))


class TestLog(AdapterConformance):
    @pytest.fixture
    def adapter(self) -> Log:
        return Log.open(*Log.split({}))

    @pytest.fixture
    def records(self) -> list[Record]:
        return contacts("Lead", "FirstName")
