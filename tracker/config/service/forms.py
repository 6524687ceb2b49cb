"""Forms of a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from tracker.config import values
from tracker.config.models import Form, new_id
from tracker.config.service.base import ServiceBase, Transaction
from tracker.config.service.lookup import find_client, find_row
from tracker.config.service.pages import Listing
from tracker.config.views import describe_form
from tracker.paging import Page

NO_FORM = "no such form; `trackerctl form list <client>` shows the ids"

_FORMS = Listing(
    "forms", Form, "form_id", {"createdAt": "created_at", "formName": "form_name", "name": "form_name"}, describe_form
)


class Forms(ServiceBase):
    """Reads and writes of forms."""

    def create_form(
        self,
        client_ref: str,
        name: str,
        page_url: str,
        selector: str,
        alternatives: Sequence[str] = (),
        partial_capture: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
        form_id: str | None = None,
        draft: bool | None = None,
    ) -> Form:
        """Add a form to a client.

        :param alternatives: selectors to try when ``selector`` finds nothing.
        :param partial_capture: ``None`` = as the client's configuration says; kept as ``metadata.partialCapture``.
        :param form_id: the id it had before, when it is made anew; ``None`` = a fresh one.
        :param draft: what is typed and not submitted is kept sealed and for days only; kept as ``metadata.draft``.
        :raises InvalidError: naming the value that cannot be used.
        """
        attributes = form_attributes(name, page_url, selector, alternatives)
        attributes["metadata_"] = values.form_metadata({}, metadata, partial_capture, draft)
        with self._write() as transaction:
            client = find_client(transaction.session, client_ref, lock=True)
            form = Form(form_id=form_id or new_id(), client_id=client.client_id, **attributes)
            transaction.session.add(form)
            transaction.record("form.create", _target(form), form.client_id, after=describe_form(form))
        return form

    def list_forms(self, client_ref: str) -> list[Form]:
        """All forms of a client, inactive ones too, in the order they were made."""
        with self._read() as session:
            client = find_client(session, client_ref)
            query = (
                select(Form).where(Form.client_id == client.client_id).order_by(col(Form.created_at), col(Form.form_id))
            )
            return list(session.exec(query))

    def page_forms(
        self,
        client_ref: str,
        is_active: bool | None = None,
        sort: str = "createdAt",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """A page of the same; sorted by ``createdAt`` or ``name``, descending with ``-`` in front.

        :raises InvalidError: when the sort, limit or cursor cannot be used.
        """
        with self._read() as session:
            client = find_client(session, client_ref)
            query = select(Form).where(Form.client_id == client.client_id)
            if is_active is not None:
                query = query.where(Form.is_active == is_active)
            return _FORMS.page(session, query, sort, limit, cursor)

    def get_form(self, form_id: str) -> Form:
        """One form.

        :raises NotFoundError: when there is none.
        """
        with self._read() as session:
            return find_row(session, Form, form_id, NO_FORM)

    def update_form(
        self,
        form_id: str,
        *,
        name: str | None = None,
        page_url: str | None = None,
        selector: str | None = None,
        alternatives: Sequence[str] | None = None,
        partial_capture: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
        is_active: bool | None = None,
        expected: datetime | None = None,
        draft: bool | None = None,
    ) -> Form:
        """Change what is given; ``None`` leaves a value as it is.

        :param alternatives: replaces the list.
        :param metadata: merged as RFC 7396 says; ``{"partialCapture": None}`` goes back to the client's setting.
        :param expected: its ``updated_at`` as the caller saw it.
        :raises StaleError: when it has changed since ``expected``.
        """
        with self._write() as transaction:
            form = transaction.get(Form, form_id, NO_FORM, expected)
            before = describe_form(form)
            form.form_name = form.form_name if name is None else values.text(name, "a form name")
            form.page_url = form.page_url if page_url is None else values.page_url(page_url)
            form.form_selector = form.form_selector if selector is None else values.selector(selector)
            if alternatives is not None:
                form.alternative_selectors = values.alternatives(alternatives)
            form.metadata_ = values.form_metadata(form.metadata_, metadata, partial_capture, draft)
            form.is_active = form.is_active if is_active is None else is_active
            transaction.record("form.update", _target(form), form.client_id, before=before, after=describe_form(form))
        return form

    def delete_form(self, form_id: str, *, expected: datetime | None = None) -> Form:
        """Delete a form with its fields and mappings; gives what it was. ``expected`` as in `update_form`."""
        with self._write() as transaction:
            form = transaction.get(Form, form_id, NO_FORM, expected)
            transaction.session.delete(form)
            transaction.record("form.delete", _target(form), form.client_id, before=describe_form(form))
        return form


def form_attributes(name: str, page_url: str, selector: str, alternatives: Sequence[str]) -> dict[str, Any]:
    """What a form is made of, checked; its metadata left out.

    :raises InvalidError: naming the value that cannot be used.
    """
    return {
        "form_name": values.text(name, "a form name"),
        "page_url": values.page_url(page_url),
        "form_selector": values.selector(selector),
        "alternative_selectors": values.alternatives(alternatives),
    }


def locked_form(transaction: Transaction, form_id: str) -> Form:
    """The form, which nobody else changes or deletes until the transaction ends."""
    return transaction.get(Form, form_id, NO_FORM)


def _target(form: Form) -> tuple[str, str]:
    return "form", form.form_id
