"""What the tests of the Salesforce adapter share: adapters on the tests' own org."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fixtures.salesforce import SalesforceOrg
from tracker.crm.salesforce.adapter import Salesforce

OpenOrg = Callable[..., Salesforce]


@pytest.fixture
async def opened(org: SalesforceOrg) -> AsyncIterator[OpenOrg]:
    """Opens adapters on ``org``: ``opened("jwt", duplicates="hold")``."""
    adapters: list[Salesforce] = []

    def open_org(auth: str = "client_credentials", **settings: Any) -> Salesforce:
        credentials, kept = Salesforce.split(org.credentials(auth, **settings))
        adapters.append(Salesforce.open(credentials, kept))
        return adapters[-1]

    yield open_org
    for adapter in adapters:
        await adapter.close()


@contextmanager
def impatient(adapter: Salesforce) -> Iterator[None]:
    """Meanwhile it waits for no answer, so that a call which is not answered fails at once and others do not after."""
    http = adapter._connection.http
    before, http.timeout_seconds = http.timeout_seconds, 0.3
    yield
    http.timeout_seconds = before
