"""Erasing one person everywhere (GDPR Art. 17): a durable request that any worker or command works off.

`service` is how it is asked for and looked at, `runner` works it off, `stores` is the table of places in the order in
which they are emptied, `certificate` is what is left at the end.
"""
