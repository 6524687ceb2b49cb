"""A copy of all that is held of one person (GDPR Art. 15): what is theirs, store by store, in a zip file.

`service.py` is the entry, `stores.py` the table of stores, `readers.py` and `waiting.py` read them, `scope.py` says
what is the person's and takes others out, `archive.py` writes the file, `page.py` the readable page in it.
"""
