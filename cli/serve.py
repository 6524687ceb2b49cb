"""``trackerctl serve``."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.context import current
from cli.noun import Noun

app = Noun()


@app.command("serve")
def serve(
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where it listens; 0.0.0.0 is everywhere.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65_535, metavar="PORT", help="The TCP port.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, metavar="N", help="Processes; one per core is plenty.")] = 1,
) -> None:
    """Run the HTTP service until Ctrl-C or SIGTERM. It takes events in and serves the browser script."""
    from tracker.telemetry import logs
    from tracker.web import server

    settings = current().settings.require("config_db_url", "mongodb_url", "redis_url")
    logs.configure(settings)
    server.serve(settings, host, port, workers)
