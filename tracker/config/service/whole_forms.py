"""A form with all of its fields and mappings, made at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import col, select

from tracker.config.models import Field, FieldMapping, Form
from tracker.config.service.base import ServiceBase, Transaction
from tracker.config.service.fields import field_attributes, mapping_attributes
from tracker.config.service.forms import form_attributes
from tracker.config.service.lookup import find_client
from tracker.config.views import describe_field, describe_form, describe_mapping


@dataclass(frozen=True)
class NewField:
    """A field to be made, and where its value goes: object, attribute and transform of the CRM, or nowhere."""

    selector: str
    name: str
    type: str = "text"
    label: str | None = None
    required: bool = False
    target: tuple[str, str, str | None] | None = None


@dataclass(frozen=True)
class NewForm:
    """A form to be made; ``fields`` in display order."""

    name: str
    page_url: str
    selector: str
    alternatives: Sequence[str] = ()
    fields: Sequence[NewField] = ()


@dataclass(frozen=True)
class WholeForm:
    """A form with what belongs to it.

    :ivar mappings: by id of the field.
    :ivar created: false when the client had a form with this selector, which was left as it is.
    """

    form: Form
    fields: list[Field]
    mappings: dict[str, FieldMapping]
    created: bool


class WholeForms(ServiceBase):
    """Makes whole forms, in one transaction each."""

    def create_whole_form(self, client_ref: str, wanted: NewForm) -> WholeForm:
        """Add a form with its fields and mappings to a client, unless it has one that is found by the same selector.

        Called again it changes nothing, also by two at once; all of it is made, or nothing.

        :raises InvalidError: naming the value that cannot be used.
        """
        attributes = form_attributes(wanted.name, wanted.page_url, wanted.selector, wanted.alternatives)
        rows = [field_attributes(one.selector, one.name, one.type, one.label, one.required) for one in wanted.fields]
        with self._write() as transaction:
            # Another call for this client waits here until this one is through.
            client = find_client(transaction.session, client_ref, lock=True)
            known = _with_selector(transaction, client.client_id, attributes["form_selector"])
            if known is not None:
                return _loaded(transaction, known)
            form = Form(client_id=client.client_id, metadata_={}, **attributes)
            transaction.session.add(form)
            transaction.record("form.create", ("form", form.form_id), client.client_id, after=describe_form(form))
            fields = [
                Field(form_id=form.form_id, display_order=place, validation_rules={}, **row)
                for place, row in enumerate(rows)
            ]
            for field in fields:
                transaction.session.add(field)
                target = ("field", field.field_id)
                transaction.record("field.create", target, form.client_id, after=describe_field(field))
            mappings = {
                field.field_id: _add_mapping(transaction, form, field, one.target)
                for field, one in zip(fields, wanted.fields, strict=True)
                if one.target is not None
            }
        return WholeForm(form, fields, mappings, True)


def _with_selector(transaction: Transaction, client_id: str, selector: str) -> Form | None:
    query = select(Form).where(Form.client_id == client_id).order_by(col(Form.created_at), col(Form.form_id))
    forms = transaction.session.exec(query)
    return next((form for form in forms if selector in (form.form_selector, *form.alternative_selectors)), None)


def _loaded(transaction: Transaction, form: Form) -> WholeForm:
    query = (
        select(Field, FieldMapping)
        .outerjoin(FieldMapping, col(FieldMapping.field_id) == Field.field_id)
        .where(Field.form_id == form.form_id)
        .order_by(col(Field.display_order), col(Field.created_at), col(Field.field_id))
    )
    rows = transaction.session.exec(query).all()
    fields = [field for field, _ in rows]
    return WholeForm(form, fields, {field.field_id: mapping for field, mapping in rows if mapping}, False)


def _add_mapping(
    transaction: Transaction, form: Form, field: Field, target: tuple[str, str, str | None]
) -> FieldMapping:
    mapping = FieldMapping(field_id=field.field_id, **mapping_attributes(*target, required=False))
    transaction.session.add(mapping)
    target_of = ("mapping", mapping.mapping_id)
    transaction.record("mapping.set", target_of, form.client_id, after=describe_mapping(mapping))
    return mapping
