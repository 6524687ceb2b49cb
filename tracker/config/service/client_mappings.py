"""Mappings of a whole client: what all its leads take to the CRM, whichever form they came from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from tracker.config import mapping_values, values
from tracker.config.models import ClientMapping, Field, FieldMapping, Form, new_id
from tracker.config.service.base import ServiceBase
from tracker.config.service.fields import mapping_attributes
from tracker.config.service.lookup import find_client, find_row
from tracker.config.service.pages import Listing
from tracker.config.views import describe_client_mapping, describe_mapping
from tracker.errors import ConflictError
from tracker.paging import Page

NO_CLIENT_MAPPING = "no such mapping of a client; `trackerctl mapping list` shows the ids"
_TAKEN = "the client maps that source to that target already; change the mapping that is there"

_MAPPINGS = Listing(
    "client_mappings",
    ClientMapping,
    "mapping_id",
    {"createdAt": "created_at", "targetField": "target_field", "source": "source"},
    describe_client_mapping,
)


class ClientMappings(ServiceBase):
    """Reads and writes of the mappings that hold for all leads of a client."""

    def create_client_mapping(
        self,
        client_ref: str,
        source: str,
        entity: str,
        field: str,
        transform: str | None = None,
        required: bool = False,
        mapping_id: str | None = None,
    ) -> ClientMapping:
        """Take something of every lead to an attribute of the CRM.

        :param source: ``utmSource``, ``fields.budget`` or ``=Website`` (`tracker.expressions.sources`).
        :param entity: object of the CRM, like ``Lead``; ``field``: attribute of it, like ``LeadSource``.
        :param transform: a pipeline of functions (`tracker.expressions.grammar`).
        :param mapping_id: the id it had before, when it is made anew; ``None`` = a fresh one.
        :raises ConflictError: when the source leads there already.
        :raises InvalidError: naming what cannot be used.
        """
        wanted = client_mapping_attributes(source, entity, field, transform, required)
        with self._write() as transaction:
            client = find_client(transaction.session, client_ref, lock=True)
            if _found(transaction.session, client.client_id, wanted) is not None:
                raise ConflictError(_TAKEN)
            mapping = ClientMapping(mapping_id=mapping_id or new_id(), client_id=client.client_id, **wanted)
            transaction.session.add(mapping)
            after = describe_client_mapping(mapping)
            transaction.record("client_mapping.create", _target(mapping), mapping.client_id, after=after)
        return mapping

    def set_client_mapping(
        self,
        client_ref: str,
        source: str,
        entity: str,
        field: str,
        transform: str | None = None,
        required: bool = False,
    ) -> ClientMapping:
        """The same, in place of what was said of that source and target before. Parameters as above."""
        wanted = client_mapping_attributes(source, entity, field, transform, required)
        with self._write() as transaction:
            client = find_client(transaction.session, client_ref, lock=True)
            mapping = _found(transaction.session, client.client_id, wanted)
            before = None if mapping is None else describe_client_mapping(mapping)
            if mapping is None:
                mapping = ClientMapping(client_id=client.client_id, **wanted)
                transaction.session.add(mapping)
            else:
                for name, value in wanted.items():
                    setattr(mapping, name, value)
            after = describe_client_mapping(mapping)
            action = "client_mapping.create" if before is None else "client_mapping.update"
            transaction.record(action, _target(mapping), mapping.client_id, before=before, after=after)
        return mapping

    def list_client_mappings(self, client_ref: str | None = None) -> list[ClientMapping]:
        """All of a client, or of all clients, in the order they were made."""
        with self._read() as session:
            query = _of(session, client_ref)
            return list(session.exec(query.order_by(col(ClientMapping.created_at), col(ClientMapping.mapping_id))))

    def list_mappings(self, client_ref: str) -> list[dict[str, Any]]:
        """Views of all mappings of a client: those of its fields in the order of forms and fields, with ``formName``
        and ``fieldName``, then its own.

        :raises NotFoundError: when there is no such client.
        """
        with self._read() as session:
            owner = find_client(session, client_ref).client_id
            query = (
                select(FieldMapping, Field, Form)
                .join(Field, col(Field.field_id) == col(FieldMapping.field_id))
                .join(Form, col(Form.form_id) == col(Field.form_id))
                .where(Form.client_id == owner)
                .order_by(col(Form.created_at), col(Form.form_id), col(Field.display_order), col(Field.created_at))
            )
            found = [
                {**describe_mapping(mapping), "fieldName": field.field_name, "formName": form.form_name}
                for mapping, field, form in session.exec(query)
            ]
            wide = session.exec(_of(session, owner).order_by(col(ClientMapping.created_at), ClientMapping.mapping_id))
            return [*found, *(describe_client_mapping(mapping) for mapping in wide)]

    def page_client_mappings(
        self, client_ref: str | None = None, sort: str = "createdAt", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """A page of the same; sorted by ``createdAt``, ``targetField`` or ``source``, descending with ``-``.

        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        with self._read() as session:
            return _MAPPINGS.page(session, _of(session, client_ref), sort, limit, cursor)

    def get_client_mapping(self, mapping_id: str) -> ClientMapping:
        """One mapping.

        :raises NotFoundError: when there is none.
        """
        with self._read() as session:
            return find_row(session, ClientMapping, mapping_id, NO_CLIENT_MAPPING)

    def update_client_mapping(
        self,
        mapping_id: str,
        *,
        source: str | None = None,
        entity: str | None = None,
        field: str | None = None,
        transform: str | None = None,
        required: bool | None = None,
        expected: datetime | None = None,
    ) -> ClientMapping:
        """Change what is given; ``None`` leaves a value as it is.

        :param transform: the empty text removes it.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        :raises ConflictError: when another mapping does the same already.
        """
        with self._write() as transaction:
            mapping = transaction.get(ClientMapping, mapping_id, NO_CLIENT_MAPPING, expected)
            before = describe_client_mapping(mapping)
            if source is not None:
                mapping.source = mapping_values.mapping_source(source)
            if entity is not None:
                mapping.target_entity = mapping_values.target_entity(entity)
            if field is not None:
                mapping.target_field = values.text(field, "a target field", 100)
            if transform is not None:
                mapping.transform = mapping_values.transform(transform)
            mapping.is_required = mapping.is_required if required is None else required
            after = describe_client_mapping(mapping)
            transaction.record("client_mapping.update", _target(mapping), mapping.client_id, before=before, after=after)
        return mapping

    def delete_client_mapping(self, mapping_id: str, *, expected: datetime | None = None) -> ClientMapping:
        """Take that no more to the CRM; gives what the mapping was. ``expected`` as in `update_client_mapping`."""
        with self._write() as transaction:
            mapping = transaction.get(ClientMapping, mapping_id, NO_CLIENT_MAPPING, expected)
            transaction.session.delete(mapping)
            before = describe_client_mapping(mapping)
            transaction.record("client_mapping.delete", _target(mapping), mapping.client_id, before=before)
        return mapping


def client_mapping_attributes(
    source: str, entity: str, field: str, transform: str | None, required: bool
) -> dict[str, Any]:
    """What such a mapping is made of, checked.

    :raises InvalidError: naming the value that cannot be used.
    """
    return {
        "source": mapping_values.mapping_source(source),
        **mapping_attributes(entity, field, transform, required),
        "target_entity": mapping_values.target_entity(entity),
    }


def _found(session: Session, client_id: str, wanted: dict[str, Any]) -> ClientMapping | None:
    query = select(ClientMapping).where(ClientMapping.client_id == client_id)
    for name in ("source", "target_entity", "target_field"):
        query = query.where(getattr(ClientMapping, name) == wanted[name])
    return session.exec(query).one_or_none()


def _of(session: Session, client_ref: str | None) -> SelectOfScalar[ClientMapping]:
    query = select(ClientMapping)
    if client_ref is None:
        return query
    return query.where(ClientMapping.client_id == find_client(session, client_ref).client_id)


def _target(mapping: ClientMapping) -> tuple[str, str]:
    return "client_mapping", mapping.mapping_id
