"""Mappings of a whole client: written, read, audited, and what the caches get of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from tests.config.conftest import Notices
from tracker.config.read import load_client
from tracker.config.records import ClientMappingRecord
from tracker.config.service import ConfigService
from tracker.config.views import describe_client_mapping
from tracker.errors import ConflictError, InvalidError, NotFoundError, StaleError

SHOP = "shop.example"


@pytest.fixture
def client_id(service: ConfigService) -> str:
    return service.create_client(SHOP).client.client_id


def test_a_mapping_is_made_changed_and_deleted_with_an_entry_each(
    service: ConfigService, client_id: str, notices: Notices
) -> None:
    before = notices.count
    made = service.create_client_mapping(SHOP, " utmSource ", "Lead", "LeadSource", "trim | default:Web", True)
    assert service.get_client_mapping(made.mapping_id) == made
    assert (made.source, made.transform, made.is_required) == ("utmSource", "trim|default:Web", True)
    changed = service.update_client_mapping(made.mapping_id, source="=Web", transform="", required=False)
    assert (changed.source, changed.transform, changed.is_required, changed.target_field) == (
        "=Web",
        None,
        False,
        "LeadSource",
    )
    service.delete_client_mapping(made.mapping_id)
    assert service.list_client_mappings(SHOP) == []
    assert notices.count == before + 3

    entries = service.list_audit(SHOP, action="client_mapping").items
    assert [entry["action"] for entry in entries] == [
        "client_mapping.delete",
        "client_mapping.update",
        "client_mapping.create",
    ]
    assert {entry["targetId"] for entry in entries} == {made.mapping_id}
    assert entries[1]["after"] == {"source": "=Web", "transform": None, "isRequired": False}
    assert entries[2]["after"] == describe_client_mapping(made)


def test_the_same_source_leads_to_a_target_once(service: ConfigService, client_id: str) -> None:
    made = service.create_client_mapping(SHOP, "=vip", "Lead", "Rating")
    with pytest.raises(ConflictError, match="already"):
        service.create_client_mapping(SHOP, "=vip", "Lead", "Rating", "upper")
    other = service.create_client_mapping(SHOP, "=VIP", "Lead", "Rating")  # another constant
    with pytest.raises(ConflictError):
        service.update_client_mapping(other.mapping_id, source="=vip")
    assert service.set_client_mapping(SHOP, "=vip", "Lead", "Rating", "upper").mapping_id == made.mapping_id
    assert service.set_client_mapping(SHOP, "=vip", "Contact", "Rating").mapping_id != made.mapping_id
    assert len(service.list_client_mappings(SHOP)) == 3


@pytest.mark.parametrize(
    ("source", "entity", "field", "transform"),
    [
        ("utm_source", "Lead", "X", None),
        ("utmSource", "", "X", None),
        ("utmSource", "Lead.X", "Y", None),
        ("utmSource", "Lead", "", None),
        ("utmSource", "Lead", "X" * 101, None),
        ("utmSource", "Lead", "X", "nonsense"),
        ("utmSource", "Lead", "X", "default:" + "x" * 250),
    ],
)
def test_what_cannot_be_used_is_refused(
    service: ConfigService, client_id: str, source: str, entity: str, field: str, transform: str | None
) -> None:
    with pytest.raises(InvalidError):
        service.create_client_mapping(SHOP, source, entity, field, transform)
    assert service.list_client_mappings(SHOP) == []


def test_a_change_of_an_earlier_state_is_refused(service: ConfigService, client_id: str) -> None:
    made = service.create_client_mapping(SHOP, "email", "Lead", "Email")
    earlier = made.updated_at - timedelta(seconds=1)
    with pytest.raises(StaleError):
        service.update_client_mapping(made.mapping_id, source="name", expected=earlier)
    with pytest.raises(StaleError):
        service.delete_client_mapping(made.mapping_id, expected=earlier)
    service.update_client_mapping(made.mapping_id, source="name", expected=made.updated_at)


def test_what_is_not_there_is_not_found(service: ConfigService, client_id: str) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"
    for call in (service.get_client_mapping, service.update_client_mapping, service.delete_client_mapping):
        with pytest.raises(NotFoundError, match="trackerctl mapping list"):
            call(nobody)
    with pytest.raises(NotFoundError):
        service.owner_of("client_mapping", nobody)


def test_it_belongs_to_its_client_and_goes_with_it(service: ConfigService, client_id: str) -> None:
    made = service.create_client_mapping(SHOP, "email", "Lead", "Email")
    assert service.owner_of("client_mapping", made.mapping_id) == client_id
    service.delete_client(SHOP)
    assert service.list_client_mappings() == []


def test_pages_hold_those_of_one_client(service: ConfigService, client_id: str) -> None:
    service.create_client("other.example")
    service.create_client_mapping("other.example", "email", "Lead", "Email")
    for source in ("name", "email", "company"):
        service.create_client_mapping(SHOP, source, "Lead", source.title())
    first = service.page_client_mappings(SHOP, "source", 2)
    second = service.page_client_mappings(SHOP, "source", 2, first.next_cursor)
    assert [one["source"] for one in (*first.items, *second.items)] == ["company", "email", "name"]
    assert second.next_cursor is None


def test_the_hot_path_gets_them_in_the_order_they_were_made(
    service: ConfigService, client_id: str, engine: Engine
) -> None:
    service.create_client_mapping(SHOP, "utmSource", "Lead", "LeadSource", "trim", True)
    service.create_client_mapping(SHOP, "=Web", "Lead", "LeadSource")
    record = load_client(engine, client_id)
    assert record is not None
    assert record.mappings == tuple(
        ClientMappingRecord(
            source=source, target_entity="Lead", target_field="LeadSource", transform=transform, is_required=required
        )
        for source, transform, required in (("utmSource", "trim", True), ("=Web", None, False))
    )


def test_all_mappings_of_a_client_are_listed_those_of_fields_first(service: ConfigService, client_id: str) -> None:
    wide = service.create_client_mapping(SHOP, "=Web", "Lead", "LeadSource")
    form = service.create_form(SHOP, "Contact", "/", "#f")
    fields = [service.create_field(form.form_id, f"#{name}", name) for name in ("b", "a")]
    mappings = [service.set_mapping(field.field_id, "Lead", field.field_name) for field in reversed(fields)]
    listed = service.list_mappings(SHOP)
    assert [one["mappingId"] for one in listed] == [mappings[1].mapping_id, mappings[0].mapping_id, wide.mapping_id]
    assert (listed[0]["fieldName"], listed[0]["formName"]) == ("b", "Contact")


def test_a_transform_of_a_field_is_checked_when_it_is_written(service: ConfigService, client_id: str) -> None:
    field = service.create_field(service.create_form(SHOP, "Contact", "/", "#f").form_id, "#a", "a")
    with pytest.raises(InvalidError, match="did you mean trim"):
        service.set_mapping(field.field_id, "Lead", "Email", "tirm")
    made = service.set_mapping(field.field_id, "Lead", "Email", "map:" + ";".join(f"{n}=b" for n in range(40)))
    assert len(made.transform or "") > 100
    with pytest.raises(InvalidError, match="at position 6"):
        service.update_mapping(made.mapping_id, transform="trim|nonsense")
    assert service.get_mapping(made.mapping_id).transform == made.transform
