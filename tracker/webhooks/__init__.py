"""Telling other systems of leads: signed messages to URLs that operators name (Standard Webhooks).

What is to be sent is a document, written in the transaction that changes the lead (`outbox`). A loop in each worker
sends what is due (`runner`), again and again where it must; what becomes of each is kept for 90 days.
"""
