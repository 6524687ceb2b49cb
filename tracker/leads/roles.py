"""Which input holds which attribute of a lead (decisions §9).

First the form's configured fields and their mappings, then the roles that the browser script recognised, then
well-known names. What has no role goes to ``lead.fields``; no input's name can reach a lead attribute by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from tracker.config.records import ClientRecord, FieldRecord, FormRecord
from tracker.expressions.grammar import names_in
from tracker.field_names import field_key
from tracker.leads.spam import HONEYPOT, TRAP_NAMES
from tracker.memo import by_identity

# Roles as the browser script names them, by the lead attribute they fill.
ATTRIBUTE_OF_ROLE: Mapping[str, str] = {
    "email": "email",
    "phone": "phone",
    "first_name": "firstName",
    "last_name": "lastName",
    "full_name": "name",
    "company": "company",
    "message": "message",
}

_WELL_KNOWN: Mapping[str, str] = {
    name: role
    for role, names in {
        "email": "email mail emailaddress youremail useremail workemail businessemail contactemail",
        "phone": "phone telephone tel mobile phonenumber mobilephone telephonenumber workphone yourphone cellphone",
        "first_name": "firstname fname givenname forename yourfirstname",
        "last_name": "lastname lname surname familyname yourlastname",
        "full_name": "name fullname yourname contactname",
        "company": "company organization organisation companyname organizationname yourcompany businessname",
        "message": "message comments comment inquiry enquiry yourmessage question",
    }.items()
    for name in names.split()
}

_CRM_FIELDS: Mapping[str, str] = {
    "email": "email",
    "phone": "phone",
    "mobilephone": "phone",
    "firstname": "first_name",
    "lastname": "last_name",
    "name": "full_name",
    "company": "company",
    "description": "message",
}

_PARTS = frozenset({"first_name", "last_name"})
"""Transforms that take a part of a whole name."""

_FIELD_TYPES: Mapping[str, str] = {"email": "email", "tel": "phone", "phone": "phone"}
_NOT_ALNUM = re.compile(r"[^a-z0-9]+")


@lru_cache(maxsize=8192)
def _squeeze(name: str) -> str:
    return _NOT_ALNUM.sub("", name.lower())


@by_identity(1024)
def _configured(client: ClientRecord) -> dict[str, dict[str, str]]:
    return {form.form_id: _roles_of(form) for form in client.forms}


@by_identity(1024)
def _required(client: ClientRecord) -> dict[str, tuple[str, ...]]:
    return {
        form.form_id: tuple(field_key(field.field_name) for field in form.fields if field.is_required)
        for form in client.forms
    }


@by_identity(1024)
def _traps(client: ClientRecord) -> dict[str, frozenset[str]]:
    return {
        form.form_id: frozenset(field_key(field.field_name) for field in form.fields if field.field_type == HONEYPOT)
        for form in client.forms
    }


def trap_names(client: ClientRecord, form_id: str | None, *, server: bool) -> frozenset[str]:
    """Names of inputs that no visitor sees: what is configured so, and in what a server sends the well-known ones."""
    configured = _traps(client).get(form_id or "", frozenset())
    return configured | TRAP_NAMES if server else configured


def _roles_of(form: FormRecord) -> dict[str, str]:
    roles = {field_key(field.field_name): _role_of(field) for field in form.fields}
    return {name: role for name, role in roles.items() if role}


def _role_of(field: FieldRecord) -> str | None:
    if field.mapping and (role := _CRM_FIELDS.get(field.mapping.target_field.lower().removesuffix("__c"))):
        # What a part is taken from is the whole.
        return "full_name" if not _PARTS.isdisjoint(names_in(field.mapping.transform)) else role
    return _FIELD_TYPES.get(field.field_type.lower()) or _WELL_KNOWN.get(_squeeze(field.field_name))


def attributes_of(form: FormRecord) -> dict[str, str]:
    """Which attribute of a lead each field of a form fills, by the stored names of the fields that fill one."""
    return {name: ATTRIBUTE_OF_ROLE[role] for name, role in _roles_of(form).items()}


def required_fields(client: ClientRecord, form_id: str | None) -> tuple[str, ...]:
    """Stored names of the fields that a configured form requires."""
    return _required(client).get(form_id or "", ())


def split_fields(
    client: ClientRecord, form_id: str | None, fields: Mapping[str, Any], roles: Mapping[str, Any]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Divide a form's fields into lead attributes and the rest.

    :param fields: stored name → value.
    :param roles: stored name → role, as the browser script sent them.
    :returns: attributes by stored name without empty values, and all other fields. Where two inputs have one role
        (two e-mail fields, the second a repetition) the first with a value wins and the other is kept in the rest.
    """
    configured = _configured(client).get(form_id or "", {})
    attributes: dict[str, str] = {}
    rest: dict[str, Any] = {}
    ranked: Iterable[tuple[int, str, str | None, Any]] = sorted(
        ((*_resolve(name, configured, roles), value) for name, value in fields.items()), key=lambda row: row[0]
    )
    for _, name, role, value in ranked:
        attribute = ATTRIBUTE_OF_ROLE.get(role) if role else None
        text = value.strip() if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""
        if attribute and text and attribute not in attributes:
            attributes[attribute] = text
        elif value not in (None, "") and not (attribute and attributes.get(attribute) == text):
            rest[name] = value
    return attributes, rest


def _resolve(name: str, configured: Mapping[str, str], roles: Mapping[str, Any]) -> tuple[int, str, str | None]:
    if role := configured.get(name):
        return 0, name, role
    if isinstance(role := roles.get(name), str) and role in ATTRIBUTE_OF_ROLE:
        return 1, name, role
    return 2, name, _WELL_KNOWN.get(_squeeze(name))
