"""Salesforce: leads become records of an org, over its REST API.

The adapter is in `adapter`. Nothing is imported here: the service reads `options`, and has no use for the library that
talks to Salesforce.
"""
