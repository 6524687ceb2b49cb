"""Brings leads to CRM accounts: what is due is a document, written with the lead; a loop in each worker works it off.

``outbox`` stages what is due inside the lead's own transaction, ``due`` decides whether and when (pure), ``batch``
brings a batch of one account's leads there and writes down what came of it, ``circuit`` says when an account is asked
again (pure), ``runner`` is the loop, ``service`` what operators ask and tell.
"""
