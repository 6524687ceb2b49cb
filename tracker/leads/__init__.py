"""Leads: documents, roles of fields, merging and quality."""
