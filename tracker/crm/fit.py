"""Whether values fit the fields that a CRM describes, before anything is sent. Pure; no message holds a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from tracker.crm.base import Entity, EntityField, FieldType, RecordError, Value


def check_values(entity: Entity, fields: Mapping[str, Value], new: bool) -> list[RecordError]:
    """What the CRM would refuse of a record.

    :param fields: what is to be sent; ``None`` empties a field.
    :param new: the record is to be created: all of it must be there.
    :returns: one error for each field at fault, in the order of ``fields``, then what is missing.
    """
    known = {field.name.casefold(): field for field in entity.fields}
    errors = []
    for name, value in fields.items():
        field = known.get(name.casefold())
        if field is None:
            errors.append(_error("INVALID_FIELD", f"{entity.name} has no field {name}", name))
        elif problem := _problem(entity, field, value, new=new):
            errors.append(problem)
    if new:
        given = {name.casefold() for name, value in fields.items() if value not in (None, "", [])}
        for field in entity.fields:
            if field.required and field.creatable and field.name.casefold() not in given:
                text = f"{entity.name}.{field.name} is required and the lead has nothing for it"
                errors.append(_error("REQUIRED_FIELD_MISSING", text, field.name))
    return errors


def _problem(entity: Entity, field: EntityField, value: Value, *, new: bool) -> RecordError | None:
    where = f"{entity.name}.{field.name}"
    if not (field.creatable if new else field.updatable) and not field.external_id:
        return _error("INVALID_FIELD_FOR_INSERT_UPDATE", f"{where} cannot be written", field.name)
    if value is None:
        return None
    chars = sum(map(len, value)) if isinstance(value, list) else len(value) if isinstance(value, str) else 0
    if field.length and chars > field.length:
        text = f"{where} takes {field.length} characters and the value has {chars}; truncate:{field.length} cuts it"
        return _error("STRING_TOO_LONG", text, field.name)
    if field.restricted and field.choices is not None and not _chosen(field, value):
        text = f"{where} takes only the choices of its picklist; a transform like map:a=b;c=d brings values there"
        return _error("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", text, field.name)
    fits = _FITS.get(field.type)
    if fits is not None and not fits(value):
        text = f"{where} takes a {field.type} and the value is none; a transform like {_HINTS[field.type]} makes one"
        return _error("JSON_PARSER_ERROR", text, field.name)
    return None


def _chosen(field: EntityField, value: Value) -> bool:
    given = value if isinstance(value, list) else str(value).split(";") if field.type == "multipicklist" else [value]
    return all(str(one) in (field.choices or ()) for one in given)


def _is_number(value: Value) -> bool:
    if isinstance(value, bool | list):
        return False
    return isinstance(value, int | float) or bool(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", str(value)))


def _is_boolean(value: Value) -> bool:
    return isinstance(value, bool) or value in ("true", "false")


def _is_date(value: Value) -> bool:
    return _parses(date.fromisoformat, value)


def _is_datetime(value: Value) -> bool:
    return _parses(datetime.fromisoformat, value)


def _parses(parse: Callable[[str], object], value: Value) -> bool:
    try:
        parse(str(value))
    except ValueError:
        return False
    return True


_FITS: dict[FieldType, Callable[[Value], bool]] = {
    "number": _is_number,
    "boolean": _is_boolean,
    "date": _is_date,
    "datetime": _is_datetime,
}
_HINTS: dict[FieldType, str] = {
    "number": "number",
    "boolean": "boolean",
    "date": "date:%Y-%m-%d",
    "datetime": "date:%Y-%m-%dT%H:%M:%S",
}


def _error(code: str, message: str, field: str) -> RecordError:
    return RecordError(code, message, fields=(field,))
