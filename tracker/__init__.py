"""Self-hosted lead tracker: browser events in, de-duplicated leads out.

One event can be followed through the folder names:
``web`` → ``ingest`` → ``queue`` → ``pipeline`` → documents (``leads``) → ``crm`` / ``webhooks``.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("trackerctl")
except PackageNotFoundError:  # a bare checkout on PYTHONPATH
    __version__ = "0.0.0"
