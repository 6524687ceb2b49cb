"""Clients whose name on the command line begins so, for the shell's completion.

It asks a table and not the models, whose libraries take longer to import than a key press may last.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import column, make_url, or_, select, table

from tracker.settings import Settings
from tracker.stores.relational import engine_for

_CLIENTS = table("clients", column("client_id"), column("domain"), column("name"))
_SECONDS = "1"


def clients_beginning(settings: Settings, text: str, limit: int = 50) -> list[tuple[str, str, str]]:
    """``(id, domain, name)`` of clients whose id or domain begins with ``text``, by domain.

    A database that is not there is not made, and one that does not answer within a second is given up.
    """
    url = make_url(settings.config_db_url or "")
    if url.get_backend_name() == "sqlite":
        if not url.database or not Path(url.database).exists():
            return []
    else:
        url = url.update_query_dict({"connect_timeout": _SECONDS, "read_timeout": _SECONDS})
    beginning = or_(
        _CLIENTS.c.domain.startswith(text, autoescape=True), _CLIENTS.c.client_id.startswith(text, autoescape=True)
    )
    query = select(_CLIENTS.c.client_id, _CLIENTS.c.domain, _CLIENTS.c.name).where(beginning)
    engine = engine_for(url)
    try:
        with engine.connect() as connection:
            rows = connection.execute(query.order_by(_CLIENTS.c.domain).limit(limit))
            return [(row.client_id, row.domain, row.name) for row in rows]
    finally:
        engine.dispose()
