"""The Salesforce adapter keeps the promises of every adapter, with each of the ways to tell records."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from tests.crm.salesforce.leads import BY_ID, a_lead
from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.base import Record
from tracker.crm.salesforce.adapter import Salesforce
from tracker.crm.testing import CANARY, AdapterConformance


class Org:
    """The org, as the suite looks at it."""

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org

    def count(self, entity: str) -> int:
        return len(self._org.records(entity))

    def value(self, entity: str, crm_id: str, field: str) -> object:
        assert crm_id in self._org.store.rows
        return self._org.store.rows[crm_id].get(field)

    def lose_answer(self) -> None:
        self._org.fault("cut_after", "composite/sobjects")

    def limit(self, seconds: int) -> None:
        self._org.fault("too_many", seconds=seconds)

    def break_down(self) -> None:
        self._org.fault("503")


class TestByEmail(AdapterConformance):
    """Records are found by their e-mail address."""

    text_field = "Description"
    settings: ClassVar[dict[str, Any]] = {}

    @pytest.fixture
    def adapter(self, org: SalesforceOrg) -> Salesforce:
        return _open(org, **self.settings)

    @pytest.fixture
    def records(self) -> list[Record]:
        return [a_lead(number) for number in range(4)]

    @pytest.fixture
    def bad_record(self) -> Record:
        return a_lead(9, FirstName=CANARY * 10)

    @pytest.fixture
    def impostor(self, org: SalesforceOrg) -> Salesforce:
        return _open(org, **self.settings, consumer_secret="another")

    @pytest.fixture
    def far_side(self, org: SalesforceOrg) -> Org:
        return Org(org)


class TestByExternalId(TestByEmail):
    """Records are told by an external id; they need no address."""

    settings: ClassVar[dict[str, Any]] = BY_ID

    @pytest.fixture
    def records(self) -> list[Record]:
        return [a_lead(number, email=None) for number in range(4)]


class TestByBulkJob(TestByExternalId):
    """All goes as bulk jobs."""

    settings: ClassVar[dict[str, Any]] = {**BY_ID, "bulk_from": 1}

    @pytest.fixture
    def far_side(self, org: SalesforceOrg) -> Org:
        org.routes.bulk.polls = 0
        return BulkOrg(org)


class BulkOrg(Org):
    """The same, where jobs are what writes."""

    def lose_answer(self) -> None:
        self._org.fault("cut_after", "/jobs/ingest/", method="PATCH")


def _open(org: SalesforceOrg, **settings: Any) -> Salesforce:
    return Salesforce.open(*Salesforce.split(org.credentials("client_credentials", **settings)))
