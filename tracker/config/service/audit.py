"""The audit log: who changed what and when; and which client a thing belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from tracker.config.models import (
    ApiKey,
    AuditEntry,
    ClientMapping,
    CrmConnection,
    Field,
    FieldMapping,
    Form,
    WebhookEndpoint,
)
from tracker.config.service.base import ServiceBase
from tracker.config.service.client_mappings import NO_CLIENT_MAPPING
from tracker.config.service.crm import NO_CONNECTION
from tracker.config.service.fields import NO_FIELD, NO_MAPPING
from tracker.config.service.forms import NO_FORM
from tracker.config.service.keys import NO_KEY
from tracker.config.service.lookup import find_client, is_id
from tracker.config.service.pages import Listing
from tracker.config.service.webhooks import NO_WEBHOOK
from tracker.config.views import describe_audit_entry
from tracker.errors import NotFoundError
from tracker.paging import Page

OwnedKind = Literal["form", "field", "mapping", "client_mapping", "key", "webhook", "crm"]

_ENTRIES = Listing("audit", AuditEntry, "id", {"id": "id"}, describe_audit_entry)
_REFUSALS: Mapping[OwnedKind, str] = {
    "form": NO_FORM,
    "field": NO_FIELD,
    "mapping": NO_MAPPING,
    "client_mapping": NO_CLIENT_MAPPING,
    "key": NO_KEY,
    "webhook": NO_WEBHOOK,
    "crm": NO_CONNECTION,
}


class Audit(ServiceBase):
    """Reads the audit log, and adds entries of changes in other stores."""

    def list_audit(
        self,
        client_ref: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Entries, the newest first.

        :param client_ref: of this client; the whole id of one that is deleted works too.
        :param action: ``client.update``, or ``client`` for all that was done to clients.
        :param target: id of what was changed.
        :param since: at or after; ``until``: before. Aware.
        :raises NotFoundError: when there is no such client.
        :raises InvalidError: when the limit or cursor cannot be used.
        """
        conditions: list[ColumnElement[bool]] = []
        if actor:
            conditions.append(col(AuditEntry.actor) == actor)
        if action:
            exact = "." in action
            conditions.append(
                col(AuditEntry.action) == action
                if exact
                else col(AuditEntry.action).startswith(f"{action}.", autoescape=True)
            )
        if target:
            conditions.append(col(AuditEntry.target_id) == target)
        if since is not None:
            conditions.append(col(AuditEntry.at) >= since)
        if until is not None:
            conditions.append(col(AuditEntry.at) < until)
        with self._read() as session:
            if client_ref:
                conditions.append(col(AuditEntry.client_id) == _client_id(session, client_ref))
            return _ENTRIES.page(session, select(AuditEntry).where(*conditions), "-id", limit, cursor)

    def record_change(
        self,
        action: str,
        target: tuple[str, str],
        client_id: str | None,
        *,
        after: Mapping[str, Any] | None = None,
        actor: str | None = None,
    ) -> None:
        """Note a change that was made in another store; no cache is told.

        :param target: kind and id of what was changed.
        :param after: what is worth knowing; never personal data.
        :param actor: who did it; ``None`` = the actor of this service.
        """
        with self._write() as transaction:
            transaction.actor = (actor or transaction.actor)[:255]
            transaction.record(action, target, client_id, after=after)
            transaction.dirty = False  # no cache holds any of it

    def owner_of(self, kind: OwnedKind, id: str) -> str:  # noqa: A002 - what it is
        """Id of the client that a thing belongs to.

        :raises NotFoundError: when there is no such thing.
        """
        query = {
            "form": select(Form.client_id).where(Form.form_id == id),
            "field": select(Form.client_id)
            .join(Field, col(Field.form_id) == col(Form.form_id))
            .where(Field.field_id == id),
            "mapping": select(Form.client_id)
            .join(Field, col(Field.form_id) == col(Form.form_id))
            .join(FieldMapping, col(FieldMapping.field_id) == col(Field.field_id))
            .where(FieldMapping.mapping_id == id),
            "client_mapping": select(ClientMapping.client_id).where(ClientMapping.mapping_id == id),
            "key": select(ApiKey.client_id).where(ApiKey.key_id == id),
            "webhook": select(WebhookEndpoint.client_id).where(WebhookEndpoint.endpoint_id == id),
            "crm": select(CrmConnection.client_id).where(CrmConnection.connection_id == id),
        }[kind]
        if is_id(id):
            with self._read() as session:
                found = session.exec(query).one_or_none()
            if found is not None:
                return found
        raise NotFoundError(_REFUSALS[kind])


def _client_id(session: Session, ref: str) -> str:
    try:
        return find_client(session, ref).client_id
    except NotFoundError:
        # Entries outlive their client, which a look by id can still ask for.
        known = ref.strip().lower()
        if is_id(known) and _has_entries(session, known):
            return known
        raise


def _has_entries(session: Session, client_id: str) -> bool:
    query = select(AuditEntry.id).where(AuditEntry.client_id == client_id).limit(1)
    return session.exec(query).first() is not None
