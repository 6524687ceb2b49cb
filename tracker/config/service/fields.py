"""Fields of a form, and where their values go in the CRM."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from tracker.config import mapping_values, values
from tracker.config.models import Field, FieldMapping, Form, new_id
from tracker.config.service.base import ServiceBase, Transaction
from tracker.config.service.forms import NO_FORM, locked_form
from tracker.config.service.lookup import checked_fresh, find_optional, find_row
from tracker.config.service.pages import Listing
from tracker.config.views import describe_field, describe_mapping
from tracker.errors import ConflictError, NotFoundError
from tracker.paging import Page

NO_FIELD = "no such field; `trackerctl field list <form>` shows the ids"
NO_MAPPING = "no such mapping; `trackerctl mapping set <field>` makes one"

_FIELDS = Listing(
    "fields",
    Field,
    "field_id",
    {"displayOrder": "display_order", "createdAt": "created_at", "fieldName": "field_name", "name": "field_name"},
    describe_field,
)


class Fields(ServiceBase):
    """Reads and writes of fields and their mappings."""

    def create_field(
        self,
        form_id: str,
        selector: str,
        name: str,
        type: str = "text",  # noqa: A002 - the word of the document
        label: str | None = None,
        required: bool = False,
        order: int | None = None,
        validation: Mapping[str, Any] | None = None,
        field_id: str | None = None,
    ) -> Field:
        """Add a field to a form.

        :param order: place among the fields; ``None`` = behind the last one.
        :param validation: rules for the browser, a free JSON object.
        :param field_id: ``None`` = a fresh one.
        """
        attributes = field_attributes(selector, name, type, label, required)
        attributes["validation_rules"] = values.document({}, validation, "validation")
        with self._write() as transaction:
            form = locked_form(transaction, form_id)
            place = _next_place(transaction.session, form_id) if order is None else values.display_order(order)
            field = Field(field_id=field_id or new_id(), form_id=form_id, display_order=place, **attributes)
            transaction.session.add(field)
            transaction.record("field.create", _target(field), form.client_id, after=describe_field(field))
        return field

    def list_fields(self, form_id: str) -> list[Field]:
        """The fields of a form in display order.

        :raises NotFoundError: when there is no such form.
        """
        query = (
            select(Field)
            .where(Field.form_id == form_id)
            .order_by(col(Field.display_order), col(Field.created_at), col(Field.field_id))
        )
        with self._read() as session:
            find_row(session, Form, form_id, NO_FORM)
            return list(session.exec(query))

    def page_fields(self, form_id: str, sort: str = "displayOrder", limit: int = 50, cursor: str | None = None) -> Page:
        """A page of the same; sorted by ``displayOrder``, ``createdAt`` or ``name``, descending with ``-``.

        :raises NotFoundError: when there is no such form.
        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        with self._read() as session:
            find_row(session, Form, form_id, NO_FORM)
            return _FIELDS.page(session, select(Field).where(Field.form_id == form_id), sort, limit, cursor)

    def get_field(self, field_id: str) -> Field:
        """One field.

        :raises NotFoundError: when there is none.
        """
        with self._read() as session:
            return find_row(session, Field, field_id, NO_FIELD)

    def update_field(
        self,
        field_id: str,
        *,
        selector: str | None = None,
        name: str | None = None,
        type: str | None = None,  # noqa: A002 - the word of the document
        label: str | None = None,
        required: bool | None = None,
        order: int | None = None,
        validation: Mapping[str, Any] | None = None,
        expected: datetime | None = None,
    ) -> Field:
        """Change what is given; ``None`` leaves a value as it is.

        :param label: the empty text removes it.
        :param validation: merged as RFC 7396 says.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        """
        with self._write() as transaction:
            field = transaction.get(Field, field_id, NO_FIELD, expected)
            before = describe_field(field)
            field.field_selector = field.field_selector if selector is None else values.selector(selector)
            field.field_name = field.field_name if name is None else values.text(name, "a field name")
            field.field_type = field.field_type if type is None else values.field_type(type)
            field.label = field.label if label is None else values.optional_text(label, "a label")
            field.is_required = field.is_required if required is None else required
            field.display_order = field.display_order if order is None else values.display_order(order)
            field.validation_rules = values.document(field.validation_rules, validation, "validation")
            owner = _owner(transaction, field)
            transaction.record("field.update", _target(field), owner, before=before, after=describe_field(field))
        return field

    def delete_field(self, field_id: str, *, expected: datetime | None = None) -> Field:
        """Delete a field with its mapping; gives what it was. ``expected`` as in `update_field`."""
        with self._write() as transaction:
            field = transaction.get(Field, field_id, NO_FIELD, expected)
            owner = _owner(transaction, field)
            transaction.session.delete(field)
            transaction.record("field.delete", _target(field), owner, before=describe_field(field))
        return field

    def set_mapping(
        self,
        field_id: str,
        entity: str,
        field: str,
        transform: str | None = None,
        required: bool = False,
        *,
        replace: bool = True,
    ) -> FieldMapping:
        """Say where a field's value goes, in place of what was said before.

        :param entity: object of the CRM, like ``Lead``.
        :param field: attribute of that object, like ``Email``.
        :raises ConflictError: without ``replace``, when something was said before.
        """
        wanted = mapping_attributes(entity, field, transform, required)
        with self._write() as transaction:
            # Two calls at once wait for each other at the field; the second finds the row of the first.
            owner = _owner(transaction, transaction.get(Field, field_id, NO_FIELD))
            mapping = _mapping_of(transaction.session, field_id)
            if mapping is not None and not replace:
                raise ConflictError("the field has a mapping already; change that one")
            before = None if mapping is None else describe_mapping(mapping)
            if mapping is None:
                mapping = FieldMapping(field_id=field_id, **wanted)
                transaction.session.add(mapping)
            else:
                for name, value in wanted.items():
                    setattr(mapping, name, value)
            after = describe_mapping(mapping)
            transaction.record("mapping.set", _mapping_target(mapping), owner, before=before, after=after)
        return mapping

    def get_mapping(self, ref: str) -> FieldMapping:
        """Where a field's value goes.

        :param ref: id of the field, or of the mapping itself.
        :raises NotFoundError: when there is neither, or nothing was said of the field.
        """
        with self._read() as session:
            return _found_mapping(session, ref)

    def update_mapping(
        self,
        ref: str,
        *,
        entity: str | None = None,
        field: str | None = None,
        transform: str | None = None,
        required: bool | None = None,
        expected: datetime | None = None,
    ) -> FieldMapping:
        """Change what is given; ``None`` leaves a value as it is.

        :param ref: as in `get_mapping`.
        :param transform: the empty text removes it.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        """
        with self._write() as transaction:
            mapping, owner = _locked_mapping(transaction, ref, expected)
            before = describe_mapping(mapping)
            if entity is not None:
                mapping.target_entity = values.text(entity, "a target entity", 100)
            if field is not None:
                mapping.target_field = values.text(field, "a target field", 100)
            if transform is not None:
                mapping.transform = mapping_values.transform(transform)
            mapping.is_required = mapping.is_required if required is None else required
            after = describe_mapping(mapping)
            transaction.record("mapping.set", _mapping_target(mapping), owner, before=before, after=after)
        return mapping

    def delete_mapping(self, ref: str, *, expected: datetime | None = None) -> FieldMapping:
        """Send a field's value nowhere any more; gives what the mapping was.

        :param ref: as in `get_mapping`; ``expected`` as in `update_mapping`.
        """
        with self._write() as transaction:
            mapping, owner = _locked_mapping(transaction, ref, expected)
            transaction.session.delete(mapping)
            before = describe_mapping(mapping)
            transaction.record("mapping.delete", _mapping_target(mapping), owner, before=before)
        return mapping


def field_attributes(selector: str, name: str, kind: str, label: str | None, required: bool) -> dict[str, Any]:
    """What a field is made of, checked; its validation and its place left out.

    :raises InvalidError: naming the value that cannot be used.
    """
    return {
        "field_selector": values.selector(selector),
        "field_name": values.text(name, "a field name"),
        "field_type": values.field_type(kind),
        "label": values.optional_text(label, "a label"),
        "is_required": required,
    }


def mapping_attributes(entity: str, field: str, transform: str | None, required: bool) -> dict[str, Any]:
    """What a mapping is made of, checked.

    :raises InvalidError: naming the value that cannot be used.
    """
    return {
        "target_entity": values.text(entity, "a target entity", 100),
        "target_field": values.text(field, "a target field", 100),
        "transform": mapping_values.transform(transform),
        "is_required": required,
    }


def _next_place(session: Session, form_id: str) -> int:
    last = session.exec(select(func.max(Field.display_order)).where(Field.form_id == form_id)).one()
    return 0 if last is None else int(last) + 1


def _mapping_of(session: Session, field_id: str) -> FieldMapping | None:
    return session.exec(select(FieldMapping).where(FieldMapping.field_id == field_id)).one_or_none()


def _found_mapping(session: Session, ref: str) -> FieldMapping:
    mapping = find_optional(session, FieldMapping, ref)
    if mapping is None:
        find_row(session, Field, ref, NO_FIELD)
        mapping = _mapping_of(session, ref)
    if mapping is None:
        raise NotFoundError(NO_MAPPING)
    return mapping


def _locked_mapping(transaction: Transaction, ref: str, expected: datetime | None) -> tuple[FieldMapping, str | None]:
    """The mapping and its client; whoever changes it locks its field first, so that nobody waits in a circle."""
    field = transaction.get(Field, _found_mapping(transaction.session, ref).field_id, NO_FIELD)
    # Of before the wait for the lock, it may be changed or gone.
    transaction.session.expire_all()
    mapping = _mapping_of(transaction.session, field.field_id)
    if mapping is None:
        raise NotFoundError(NO_MAPPING)
    return checked_fresh(mapping, expected), _owner(transaction, field)


def _owner(transaction: Transaction, field: Field) -> str | None:
    return transaction.session.exec(select(Form.client_id).where(Form.form_id == field.form_id)).one_or_none()


def _target(field: Field) -> tuple[str, str]:
    return "field", field.field_id


def _mapping_target(mapping: FieldMapping) -> tuple[str, str]:
    return "mapping", mapping.mapping_id
