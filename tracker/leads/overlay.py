"""What people have set on a lead by hand, laid over what its events say. Pure.

``edits`` holds each change, ``said`` what the events say of every attribute that lies under one: ``[value]``, or
``[]`` where they say nothing. An event is taken up as if there were no edits (`lift`), then they are laid over the
result again (`lay`): so they win whatever comes, and taking one back leaves what the events say by then.
"""

from __future__ import annotations

from typing import Any

from tracker.leads.names import split_name

_NAMES = ("name", "firstName", "lastName")


def lift(lead: dict[str, Any]) -> None:
    """Take the edits off, in place; they stay in ``edits``."""
    for attribute, said in lead.pop("said", {}).items():
        if said:
            lead[attribute] = said[0]
        else:
            lead.pop(attribute, None)


def lay(lead: dict[str, Any]) -> None:
    """Lay the edits over a lead that has none on it, in place."""
    values = _values(lead)
    if values:
        lead["said"] = {name: [lead[name]] if name in lead else [] for name in values}
        lead.update(values)


def _values(lead: dict[str, Any]) -> dict[str, Any]:
    edits = lead.get("edits") or {}
    values = {name: edit["value"] for name, edit in edits.items()}
    if "phone" in edits:
        # The two must belong together: an unreadable number has none.
        values["phoneE164"] = edits["phone"].get("e164")
    return {**_names(lead, values), **values}


def _names(lead: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """What follows for the names that nobody edited, when others were."""
    if "name" in values:
        first, last = split_name(values["name"])
        return {name: part for name, part in (("firstName", first), ("lastName", last)) if part}
    if not values.keys() & set(_NAMES):
        return {}
    parts = (values.get(name, lead.get(name)) for name in ("firstName", "lastName"))
    whole = " ".join(part for part in parts if part)
    return {"name": whole} if whole else {}
