"""Finds the forms of pages: proposes how to configure them, sees which configured ones are gone, visits live pages."""
