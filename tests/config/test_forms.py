"""Forms, fields and mappings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select

from tests.config.conftest import Notices
from tracker.config.models import Field, FieldMapping, Form
from tracker.config.service import ConfigService
from tracker.errors import ConflictError, InvalidError, NotFoundError

NO_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def form(service: ConfigService) -> Form:
    service.create_client("shop.example")
    return service.create_form("shop.example", "Contact", "https://shop.example/contact", "#Contact")


@pytest.fixture
def field(service: ConfigService, form: Form) -> Field:
    return service.create_field(form.form_id, "#email", "email", "EMAIL", "E-mail", required=True)


def test_a_form_is_kept_as_given(service: ConfigService, notices: Notices) -> None:
    service.create_client("shop.example")
    form = service.create_form(
        "shop.example", " Contact ", "/contact", "#c", ["#d", "#e", "#d"], partial_capture=False, metadata={"team": "é"}
    )
    assert service.get_form(form.form_id) == form
    assert (form.form_name, form.page_url, form.form_selector) == ("Contact", "/contact", "#c")
    assert form.alternative_selectors == ["#d", "#e"]
    assert form.metadata_ == {"team": "é", "partialCapture": False}
    assert form.is_active
    assert notices.count == 2


def test_forms_are_listed_in_the_order_they_were_made_inactive_ones_too(service: ConfigService) -> None:
    service.create_client("shop.example")
    service.create_client("other.example")
    made = [service.create_form("shop.example", name, "/", "#f").form_id for name in ("b", "a", "c")]
    service.create_form("other.example", "foreign", "/", "#f")
    service.update_form(made[0], is_active=False)
    assert [form.form_id for form in service.list_forms("shop.example")] == made


def test_an_updated_form_keeps_what_is_not_given(service: ConfigService, form: Form) -> None:
    changed = service.update_form(form.form_id, selector="#new", partial_capture=True, metadata={"a": {"b": 1}})
    assert (changed.form_selector, changed.form_name, changed.page_url) == ("#new", form.form_name, form.page_url)
    assert changed.metadata_ == {"a": {"b": 1}, "partialCapture": True}
    back = service.update_form(form.form_id, metadata={"partialCapture": None, "a": {"c": 2}}, alternatives=["#x"])
    assert back.metadata_ == {"a": {"b": 1, "c": 2}}
    assert back.alternative_selectors == ["#x"]
    assert service.get_form(form.form_id) == back


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"page_url": " "},
        {"selector": "#" * 501},
        {"metadata": {"partialCapture": "yes"}},
        {"alternatives": [""]},
    ],
)
def test_a_form_that_cannot_be_is_refused(service: ConfigService, form: Form, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        service.update_form(form.form_id, **changes)  # type: ignore[arg-type]
    given = {"name": "n", "page_url": "/", "selector": "#f"} | changes
    with pytest.raises(InvalidError):
        service.create_form("shop.example", **given)  # type: ignore[arg-type]


def test_selectors_that_differ_in_case_stay_different(service: ConfigService, form: Form, engine: Engine) -> None:
    service.create_form("shop.example", "Other", "/", "#CONTACT")
    with Session(engine) as session:
        found = session.exec(select(Form.form_id).where(Form.form_selector == "#Contact")).all()
    assert found == [form.form_id]


def test_a_deleted_form_takes_its_fields_and_mappings(service: ConfigService, field: Field, engine: Engine) -> None:
    service.set_mapping(field.field_id, "Lead", "Email")
    assert service.delete_form(field.form_id).form_id == field.form_id
    with Session(engine) as session:
        for model in (Form, Field, FieldMapping):
            assert session.exec(select(func.count()).select_from(model)).one() == 0


def test_a_field_is_kept_as_given(service: ConfigService, field: Field) -> None:
    assert service.get_field(field.field_id) == field
    assert (field.field_type, field.label, field.is_required, field.display_order) == ("email", "E-mail", True, 0)


def test_fields_stand_in_display_order_and_new_ones_behind(service: ConfigService, form: Form) -> None:
    names = {name: service.create_field(form.form_id, f"#{name}", name).field_id for name in ("one", "two")}
    service.create_field(form.form_id, "#first", "first", order=0)
    service.update_field(names["one"], order=7)
    service.create_field(form.form_id, "#last", "last")
    listed = [(field.field_name, field.display_order) for field in service.list_fields(form.form_id)]
    assert listed == [("first", 0), ("two", 1), ("one", 7), ("last", 8)]


def test_an_updated_field_keeps_what_is_not_given(service: ConfigService, field: Field) -> None:
    changed = service.update_field(field.field_id, label="", validation={"min": 3})
    assert (changed.label, changed.validation_rules, changed.is_required) == (None, {"min": 3}, True)
    changed = service.update_field(
        field.field_id, selector="#m", name="mail", type="text", required=False, order=4, validation={"max": 9}
    )
    assert changed.validation_rules == {"min": 3, "max": 9}
    assert (changed.field_selector, changed.field_name, changed.field_type) == ("#m", "mail", "text")
    assert (changed.is_required, changed.display_order) == (False, 4)


@pytest.mark.parametrize(
    "changes",
    [{"name": ""}, {"selector": ""}, {"type": "two words"}, {"order": -1}, {"label": "x" * 256}, {"validation": [1]}],
)
def test_a_field_that_cannot_be_is_refused(service: ConfigService, field: Field, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidError):
        service.update_field(field.field_id, **changes)  # type: ignore[arg-type]


def test_a_field_has_one_mapping_and_setting_it_again_replaces_it(service: ConfigService, field: Field) -> None:
    first = service.set_mapping(field.field_id, "Lead", "Email", "lower", required=True)
    second = service.set_mapping(field.field_id, "Contact", "Email__c")
    assert second.mapping_id == first.mapping_id
    assert (second.target_entity, second.target_field, second.transform) == ("Contact", "Email__c", None)
    assert not second.is_required
    assert service.get_mapping(field.field_id) == second


def test_two_operators_mapping_one_field_at_once_leave_one_mapping(
    service: ConfigService, field: Field, engine: Engine
) -> None:
    barrier = Barrier(6)

    def set_mapping(number: int) -> str:
        barrier.wait()
        return service.set_mapping(field.field_id, "Lead", f"Field{number}").mapping_id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(set_mapping, range(6)))) == 1
    with Session(engine) as session:
        assert session.exec(select(func.count()).select_from(FieldMapping)).one() == 1


def test_of_two_operators_who_make_one_mapping_at_once_one_is_told(service: ConfigService, field: Field) -> None:
    barrier = Barrier(6)

    def make_mapping(number: int) -> bool:
        barrier.wait()
        try:
            service.set_mapping(field.field_id, "Lead", f"Field{number}", replace=False)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(make_mapping, range(6))) == 1


def test_a_deleted_mapping_is_gone_and_a_deleted_field_takes_its_mapping(
    service: ConfigService, field: Field, engine: Engine
) -> None:
    service.set_mapping(field.field_id, "Lead", "Email")
    service.delete_mapping(field.field_id)
    with pytest.raises(NotFoundError, match="`trackerctl mapping set"):
        service.get_mapping(field.field_id)
    service.set_mapping(field.field_id, "Lead", "Email")
    assert service.delete_field(field.field_id).field_name == "email"
    with Session(engine) as session:
        assert session.exec(select(func.count()).select_from(FieldMapping)).one() == 0


@pytest.mark.parametrize("missing", [NO_ID, "", "nonsense", "\x00"])
def test_what_is_not_there_is_not_found(service: ConfigService, field: Field, missing: str) -> None:
    by_form = (service.get_form, service.update_form, service.delete_form, service.list_fields)
    by_field = (
        service.get_field,
        service.update_field,
        service.delete_field,
        service.get_mapping,
        service.delete_mapping,
    )
    for call in (*by_form, *by_field):
        with pytest.raises(NotFoundError, match=r"`trackerctl (form|field) list"):
            call(missing)
    with pytest.raises(NotFoundError):
        service.create_field(missing, "#x", "x")
    with pytest.raises(NotFoundError):
        service.set_mapping(missing, "Lead", "Email")
    with pytest.raises(NotFoundError):
        service.create_form("nobody.example", "n", "/", "#f")
    with pytest.raises(NotFoundError, match="no such mapping"):
        service.delete_mapping(field.field_id)
