"""The configuration as operators change it: one facade over clients, keys, forms, fields, mappings, webhooks, CRM
connections and the audit log."""

from __future__ import annotations

from tracker.config.service.audit import Audit, OwnedKind
from tracker.config.service.base import CreatedClient, CreatedWebhook, IssuedKey
from tracker.config.service.client_mappings import ClientMappings
from tracker.config.service.clients import Clients
from tracker.config.service.crm import Crm
from tracker.config.service.fields import Fields
from tracker.config.service.forms import Forms
from tracker.config.service.keys import DEFAULT_GRACE, Keys
from tracker.config.service.webhooks import Webhooks
from tracker.config.service.whole_forms import NewField, NewForm, WholeForm, WholeForms

__all__ = [
    "DEFAULT_GRACE",
    "ConfigService",
    "CreatedClient",
    "CreatedWebhook",
    "IssuedKey",
    "NewField",
    "NewForm",
    "OwnedKind",
    "WholeForm",
]


class ConfigService(Clients, Keys, Forms, Fields, ClientMappings, WholeForms, Webhooks, Crm, Audit):
    """All reads and writes of the configuration, for CLI and management API.

    Each write is one transaction with its entry in ``audit_log``, followed by ``notify()``. Rows that are returned
    belong to no session and are fully loaded. Synchronous: call it in a thread from async code.

    Every method may raise `UnavailableError` (the database does not answer, or is not migrated) and `SettingsError`
    (the database refuses the credentials); what else, each says.
    """
