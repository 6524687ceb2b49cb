"""``trackerctl worker``."""

from __future__ import annotations

import typer

from cli.context import current
from cli.noun import Noun

app = Noun()


@app.command("worker")
def worker() -> None:
    """Run a worker until Ctrl-C or SIGTERM. It stores events and makes leads of them; run as many as you like."""
    from tracker.telemetry import logs
    from tracker.worker import run_worker

    settings = current().settings.require("config_db_url", "mongodb_url", "redis_url")
    logs.configure(settings)
    raise typer.Exit(run_worker(settings))
