"""A HubSpot account: its credentials, settings, budget and properties."""

from __future__ import annotations

from typing import Any

import pytest

from tests.crm.adapters.test_hubspot import contact, open_one
from tests.fixtures.hubspot import HubSpotServer
from tracker.crm.base import RateLimitedError, RefusedError
from tracker.crm.fit import check_values
from tracker.crm.hubspot import HubSpot
from tracker.crm.registry import adapter_class
from tracker.errors import InvalidError


async def test_learns_its_budget_from_every_answer(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    assert adapter.usage is None
    hubspot.daily = 1000
    await adapter.upsert([contact(1)])
    assert adapter.usage is not None
    assert (adapter.usage.used, adapter.usage.limit, adapter.usage.window_seconds) == (1, 1000, 86_400)
    hubspot.fault("429")
    with pytest.raises(RateLimitedError):
        await adapter.upsert([contact(1)])
    assert adapter.usage.used == 2
    await adapter.close()


async def test_checks_the_account_and_warns_of_what_is_missing(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    found = await adapter.check()
    await adapter.close()
    assert (found.account, found.instance) == ("HubSpot 4711 (developer test)", "app.hubspot.example")
    assert "unique_property" in found.warnings[0]
    hubspot.see_account, hubspot.daily = False, 10
    adapter = open_one(hubspot, unique_property="firstname")
    found = await adapter.check()
    await adapter.close()
    assert found.account == "HubSpot"
    assert found.warnings == ("contacts has no property firstname with unique values",)


async def test_describes_properties_so_that_values_can_be_checked(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    entity = await adapter.describe("contacts")
    await adapter.close()
    fields = {field.name: field for field in entity.fields}
    assert "gone" not in fields
    assert {name: fields[name].type for name in ("email", "phone", "newsletter", "interests", "age", "createdate")} == {
        "email": "email", "phone": "phone", "newsletter": "boolean", "interests": "multipicklist", "age": "number",
        "createdate": "datetime",
    }  # fmt: skip
    assert not fields["createdate"].updatable
    assert not fields["score"].creatable
    assert fields["tracker_lead_id"].external_id
    assert fields["hubspot_owner_id"].choices is None
    assert fields["lifecyclestage"].choices == ("lead", "customer")
    faults = check_values(entity, {"lifecyclestage": "king", "age": "many", "score": 1, "LastName": "x"}, new=True)
    assert [fault.fields for fault in faults] == [("lifecyclestage",), ("age",), ("score",)]


async def test_reads_values_as_they_would_be_sent(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot)
    record = contact(1, Newsletter=True, age=36, phone=None)
    await adapter.upsert([record])
    found = (await adapter.fetch([record]))[0]
    await adapter.close()
    assert found is not None
    assert found.fields == record.fields


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"access_token": ""}, "access_token"),
        ({"acces_token": "x"}, "access_token"),
        ({"unique_property": "no name"}, "unique_property"),
        ({"entity": "../x"}, "entity"),
        ({"base_url": "https://user@host"}, "base_url"),
        ({"reserve": 2}, "reserve"),
        ({"access_token": "a\nb: c"}, "access_token"),
        ({"allow_private": "yes"}, "allow_private"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_settings_of_no_use_are_refused_by_name(more: dict[str, Any], names: str) -> None:
    with pytest.raises(InvalidError, match=names):
        HubSpot.split({"access_token": "pat-secret", **more})


@pytest.mark.parametrize("kind", ["hubspot", "http"])
def test_stored_settings_are_checked_again_and_those_of_the_sync_left_alone(kind: str) -> None:
    found = adapter_class(kind)
    credentials, good = ({"access_token": "x"}, {}) if kind == "hubspot" else ({}, {"url": "https://intake.example"})
    assert found.open(credentials, {**good, "reserve": 0.5, "somebodys": True}).default_entity
    with pytest.raises(InvalidError, match="allow_private"):
        found.open(credentials, {**good, "allow_private": "yes"})


async def test_a_private_address_is_not_called_unless_it_is_allowed(hubspot: HubSpotServer) -> None:
    adapter = open_one(hubspot, allow_private=False)
    with pytest.raises(RefusedError, match="allow_private"):
        await adapter.check()
    await adapter.close()
    assert hubspot.calls == []
