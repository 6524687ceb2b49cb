"""What the shell offers for an argument when Tab is pressed.

Somebody is in the middle of typing: nothing is printed beside the offers, and what goes wrong offers nothing.
"""

from __future__ import annotations

import io
from contextlib import redirect_stderr


def complete_client(incomplete: str) -> list[tuple[str, str]]:
    """Domains that begin so, and ids once some of one was typed; each with what tells clients apart."""
    try:
        with redirect_stderr(io.StringIO()):
            return _clients(incomplete)
    except Exception:
        return []


def _clients(incomplete: str) -> list[tuple[str, str]]:
    from tracker.config.suggest import clients_beginning
    from tracker.settings import load_settings

    wanted = incomplete.lower()
    offers: list[tuple[str, str]] = []
    for client_id, domain, name in clients_beginning(load_settings(), wanted):
        if domain.startswith(wanted):
            offers.append((domain, name))
        if wanted and client_id.startswith(wanted):
            offers.append((client_id, domain))
    return offers
