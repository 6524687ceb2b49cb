"""What leads become in Salesforce where no operator has said it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from tracker.crm.base import DefaultMapping, Value

UNKNOWN_NAME = "[unknown]"
UNKNOWN_COMPANY = "[not provided]"
SOURCE = "Web"

# Salesforce refuses a lead without LastName or Company, and a contact without LastName.
_PERSON = (
    DefaultMapping("firstName", "FirstName", "truncate:40"),
    DefaultMapping("lastName", "LastName", f"truncate:80|default:{UNKNOWN_NAME}"),
    DefaultMapping("email", "Email"),
    DefaultMapping("phone", "Phone", "truncate:40"),
    DefaultMapping(f"={SOURCE}", "LeadSource"),
)
_DEFAULTS = {
    "Lead": (
        *_PERSON,
        DefaultMapping("company", "Company", f"truncate:255|default:{UNKNOWN_COMPANY}"),
        DefaultMapping("message", "Description", "truncate:32000"),
    ),
    "Contact": (*_PERSON, DefaultMapping("message", "Description", "truncate:32000")),
}
_FILLED_IN = {"LastName": UNKNOWN_NAME, "Company": UNKNOWN_COMPANY, "LeadSource": SOURCE}


def defaults(entity: str) -> tuple[DefaultMapping, ...]:
    """The mappings of an entity; none for any but Lead and Contact."""
    return _DEFAULTS.get(entity, ())


def for_existing(values: Mapping[str, Value]) -> dict[str, Value]:
    """What of a record's values may be written over those of a record that is there.

    What the defaults fill in because Salesforce wants a value is for new records: nobody's name becomes "[unknown]".
    """
    return {name: value for name, value in values.items() if name not in _FILLED_IN or _FILLED_IN[name] != value}
