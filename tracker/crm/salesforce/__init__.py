"""Salesforce: leads become records of an org, over its REST API."""

from tracker.crm.salesforce.adapter import Salesforce

__all__ = ["Salesforce"]
