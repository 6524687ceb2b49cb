"""From what Salesforce says of an object to what the mapping needs to know of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.crm.base import Entity, EntityField, FieldType, RetryLaterError

_TYPES: dict[str, FieldType] = {
    "string": "text",
    "textarea": "text",
    "encryptedstring": "text",
    "combobox": "text",
    "email": "email",
    "phone": "phone",
    "url": "url",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "picklist": "picklist",
    "multipicklist": "multipicklist",
    "reference": "reference",
    "id": "reference",
}
# Their "length" is how they are stored or shown, not what they take.
_WITHOUT_LENGTH = frozenset({"number", "boolean", "date", "datetime", "multipicklist"})


def read_entity(told: Any) -> Entity:
    """The answer to ``sobjects/<name>/describe``.

    :raises RetryLaterError: when it is none.
    """
    try:
        fields = tuple(_field(field) for field in told["fields"])
        return Entity(name=str(told["name"]), label=str(told.get("label") or told["name"]), fields=fields)
    except (TypeError, KeyError, AttributeError):
        raise RetryLaterError("Salesforce answered with something that describes no object") from None


def _field(told: Mapping[str, Any]) -> EntityField:
    kind: FieldType = _TYPES.get(told["type"], "other")
    length = told.get("length") or 0
    chosen = kind in ("picklist", "multipicklist")
    choices = tuple(str(one["value"]) for one in told.get("picklistValues") or () if one.get("active"))
    creatable = bool(told.get("createable"))
    return EntityField(
        name=str(told["name"]),
        label=str(told.get("label") or told["name"]),
        type=kind,
        length=int(length) if length and kind not in _WITHOUT_LENGTH else None,
        # A boolean is never "nillable" and has a default whether it says so or not.
        required=creatable and not told.get("nillable") and not told.get("defaultedOnCreate") and kind != "boolean",
        creatable=creatable,
        updatable=bool(told.get("updateable")),
        choices=choices if chosen else None,
        restricted=chosen and bool(told.get("restrictedPicklist")),
        external_id=bool(told.get("externalId")),
    )
