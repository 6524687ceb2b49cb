"""Leads on their way to a CRM: adapters, mapping, sync (technical design §1, §3.3)."""
