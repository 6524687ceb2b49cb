"""Whether a CRM account may lead to a machine inside the operator's network. Pure.

An operator may name any address: his CRM may stand beside the tracker. Who has a token for one client only could
otherwise make the tracker call services that trust its address (server-side request forgery).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.crm.salesforce.options import is_salesforce_host, options_of
from tracker.errors import InvalidError


def may_lead_inside(adapter: str, settings: Mapping[str, Any]) -> bool:
    """Whether nothing keeps the adapter from private addresses.

    :param adapter: kind of CRM.
    :param settings: of the connection. What is of no use to the adapter leads nowhere.
    """
    if settings.get("allow_private"):
        return True
    if adapter.strip().lower() != "salesforce":
        return False
    try:
        return not is_salesforce_host(options_of(settings).host)
    except InvalidError:
        return False
