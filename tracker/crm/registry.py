"""Which CRMs there are: adapters of ours and of other packages, by the entry points of group ``tracker.crm``."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from tracker.crm.base import CrmAdapter
from tracker.errors import InvalidError

GROUP = "tracker.crm"

# An editable install may be older than its source; these are there whatever its metadata say.
_BUILT_IN = {
    "salesforce": "tracker.crm.salesforce.adapter:Salesforce",
    "hubspot": "tracker.crm.hubspot:HubSpot",
    "http": "tracker.crm.http:Http",
    "log": "tracker.crm.log:Log",
}


def kinds() -> list[str]:
    """The names of all adapters that are installed."""
    return sorted({*_BUILT_IN, *_found()})


def adapter_class(kind: str) -> type[CrmAdapter]:
    """The adapter of a kind of CRM.

    :raises InvalidError: when no package brings it, or the one that does cannot be imported.
    """
    name = kind.strip().lower()
    point = _found().get(name)
    target = point.value if point is not None else _BUILT_IN.get(name)
    if target is None:
        near = get_close_matches(name, kinds(), 1, 0.6)
        known = f"did you mean {near[0]}?" if near else f"there are {', '.join(kinds())}"
        raise InvalidError(f"no adapter for this kind of CRM is installed; {known}")
    module, _, attribute = target.partition(":")
    try:
        found: type[CrmAdapter] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise InvalidError(f"the adapter {name} cannot be loaded ({type(error).__name__}: {target})") from None
    return found


def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}
