"""What HubSpot says, in our words: values, properties, errors. Pure; no text holds a value.

Shapes: HubSpot's API reference, "Error handling" (multi-status errors) and "Properties"; all of it is to be treated as
optional, says the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tracker.crm.base import EntityField, FieldType, RecordError, Value

TEXT_CHARS = 65_536
"""Longest text of a property."""

STRUCTURAL = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "CALCULATED_PROPERTY"})
"""A property that cannot be written at all, whatever the value."""

_RETRYABLE = frozenset({"INTERNAL_ERROR", "LOCKED", "OBJECT_LOCKED", "RATE_LIMITS", "SERVER_ERROR", "TIMEOUT"})
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_EXISTING_ID = re.compile(r"Existing ID:\s*(\d{1,20})\b")
_HINTS = {
    "PROPERTY_DOESNT_EXIST": "there is no such property; `trackerctl mapping check` finds such mappings",
    "READ_ONLY_VALUE": "nobody can write it",
    "CALCULATED_PROPERTY": "HubSpot calculates it",
    "INVALID_EMAIL": "the value is no e-mail address that HubSpot takes",
    "INVALID_OPTION": "the value is none of its options; a transform like map:a=b;c=d brings values there",
    "INVALID_INTEGER": "the value is no whole number",
    "INVALID_DOUBLE": "the value is no number",
    "INVALID_DATE": "the value is no date; a transform like date:%Y-%m-%d makes one",
    "INVALID_LONG": "the value is no number",
    "STRING_TOO_LONG": f"it takes {TEXT_CHARS} characters",
    "CONFLICT": "another record has that value already, and it must be unique",
}
_TYPES: dict[str, FieldType] = {
    "string": "text",
    "number": "number",
    "bool": "boolean",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "picklist",
    "phone_number": "phone",
}
_BY_INPUT: dict[str, FieldType] = {
    "checkbox": "multipicklist",
    "booleancheckbox": "boolean",
    "phonenumber": "phone",
}


def property_value(value: Value) -> str:
    """A value as HubSpot takes it: all are texts, the empty one clears, several options stand with semicolons."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def properties(fields: Mapping[str, Value]) -> dict[str, str]:
    """Values by names of properties, which are lower case throughout HubSpot."""
    return {name.lower(): property_value(value) for name, value in fields.items()}


def read_field(told: Mapping[str, Any]) -> EntityField:
    """A property, as ``/crm/v3/properties/{object}`` describes it."""
    name, kind, shown_as = str(told.get("name")), str(told.get("type")), str(told.get("fieldType"))
    field_type: FieldType = _BY_INPUT.get(shown_as) or _TYPES.get(kind, "other")
    if name == "email" and field_type == "text":
        field_type = "email"
    metadata = told.get("modificationMetadata")
    fixed = bool(isinstance(metadata, Mapping) and metadata.get("readOnlyValue")) or told.get("calculated") is True
    choices = _choices(told) if field_type in ("picklist", "multipicklist") else None
    return EntityField(
        name=name,
        label=str(told.get("label") or name),
        type=field_type,
        length=TEXT_CHARS if kind == "string" else None,
        creatable=not fixed,
        updatable=not fixed,
        choices=choices,
        restricted=choices is not None,
        external_id=told.get("hasUniqueValue") is True,
    )


def _choices(told: Mapping[str, Any]) -> tuple[str, ...] | None:
    """``None`` where the options are kept somewhere else (``externalOptions``: owners, stages of a pipeline)."""
    given = told.get("options")
    if told.get("externalOptions") is True or not isinstance(given, list) or not given:
        return None
    return tuple(str(one.get("value")) for one in given if isinstance(one, Mapping) and not one.get("hidden"))


def faults(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Properties at fault and why: name in lower case (may be empty) and code, of one error."""
    found = [(str(one.get("name") or ""), one.get("error")) for one in _invalid_values(told.get("message"))]
    for one in told.get("errors") or ():
        if not isinstance(one, Mapping):
            continue
        nested = _invalid_values(one.get("message"))
        found += [(str(inner.get("name") or ""), inner.get("error")) for inner in nested]
        if not nested:
            found += [(name, one.get("code")) for name in _named(one)]
    return [(name.lower(), code) for name, code in found if isinstance(code, str) and _CODE.fullmatch(code)]


def record_error(told: Mapping[str, Any], sent: Iterable[str]) -> RecordError:
    """Why a record was not taken.

    :param told: one of ``errors`` of a multi-status answer, or a whole answer of 4xx.
    :param sent: names of the properties that were sent; others are not repeated.
    """
    known = set(sent)
    found = [(name, code) for name, code in faults(told) if not name or name in known]
    category = told.get("category")
    category = category if isinstance(category, str) and _CODE.fullmatch(category) else "VALIDATION_ERROR"
    code = found[0][1] if found else category
    names = tuple(dict.fromkeys(name for name, _ in found if name))
    where = ", ".join(names) or "the record"
    return RecordError(
        code=code,
        message=f"HubSpot refuses {where}: {_HINTS.get(code, code)}",
        retryable=category in _RETRYABLE,
        fields=names,
    )


def existing_id(told: Mapping[str, Any]) -> str | None:
    """The record that a conflict is with; from the context, or the text where HubSpot puts it."""
    context = told.get("context")
    ids = context.get("existingId") if isinstance(context, Mapping) else None
    if isinstance(ids, list) and ids and str(ids[0]).isdigit():
        return str(ids[0])
    match = _EXISTING_ID.search(str(told.get("message") or ""))
    return match[1] if match else None


def texts(told: Mapping[str, Any], name: str) -> list[str]:
    """A list of an error's context; a single value counts as a list of one."""
    context = told.get("context")
    found = context.get(name) if isinstance(context, Mapping) else None
    return [str(one) for one in found] if isinstance(found, list) else [str(found)] if found is not None else []


def _invalid_values(message: object) -> list[Mapping[str, Any]]:
    """``Property values were not valid: [{"isValid": false, "error": …, "name": …}]``: JSON inside a text."""
    text = str(message or "")
    start = text.find("[{")
    if start < 0:
        return []
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:])
    except ValueError:
        return []
    return [one for one in found if isinstance(one, Mapping)]


def _named(told: Mapping[str, Any]) -> list[str]:
    names = [*texts(told, "propertyName"), *texts(told, "properties")]
    where = told.get("in")
    return names or ([where] if isinstance(where, str) else [""])
