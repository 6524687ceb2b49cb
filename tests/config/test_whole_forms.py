"""A form with its fields and mappings is made whole, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.config.conftest import Notices
from tracker.config.service import ConfigService, NewField, NewForm
from tracker.errors import InvalidError

CONTACT = NewForm(
    "Contact",
    "/contact",
    "#contact",
    ["form.contact"],
    [
        NewField("[name=email]", "email", "email", "E-mail", True, ("Lead", "Email", None)),
        NewField("[name=name]", "name", target=("Lead", "LastName", "last_name")),
        NewField("[name=city]", "city"),
    ],
)


@pytest.fixture
def client_id(service: ConfigService) -> str:
    return service.create_client("shop.example").client.client_id


def test_everything_is_there_in_order(service: ConfigService, client_id: str) -> None:
    made = service.create_whole_form(client_id, CONTACT)

    form = service.get_form(made.form.form_id)
    fields = service.list_fields(form.form_id)
    assert (made.created, form.form_selector, form.alternative_selectors) == (True, "#contact", ["form.contact"])
    assert [(field.field_name, field.is_required) for field in fields] == [
        ("email", True),
        ("name", False),
        ("city", False),
    ]
    mapping = service.get_mapping(fields[1].field_id)
    assert (mapping.target_field, mapping.transform) == ("LastName", "last_name")
    assert made.mappings.keys() == {fields[0].field_id, fields[1].field_id}


def test_made_again_it_stays_as_it_is(service: ConfigService, client_id: str, notices: Notices) -> None:
    first = service.create_whole_form(client_id, CONTACT)
    before = notices.count
    again = service.create_whole_form(client_id, CONTACT)

    assert (again.created, again.form.form_id) == (False, first.form.form_id)
    assert [field.field_id for field in again.fields] == [field.field_id for field in first.fields]
    assert notices.count == before


def test_two_at_once_make_one(service: ConfigService, client_id: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: service.create_whole_form(client_id, CONTACT), range(6)))
    assert sum(one.created for one in made) == 1
    assert len(service.list_forms(client_id)) == 1


@pytest.mark.parametrize(
    "bad", [NewField("", "x"), NewField("#x", ""), NewField("#x", "x", target=("", "Email", None))]
)
def test_one_bad_field_makes_nothing(service: ConfigService, client_id: str, bad: NewField) -> None:
    with pytest.raises(InvalidError):
        service.create_whole_form(client_id, NewForm("F", "/", "#f", (), [NewField("#a", "a"), bad]))
    assert service.list_forms(client_id) == []
