"""``trackerctl dev``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from cli.noun import Noun

app = Noun()


@app.command("dev")
def dev(
    port: Annotated[int, typer.Option(min=1, max=65_535, metavar="PORT", help="Where the service listens.")] = 8000,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the data; TRACKER_DATA_DIR, or .tracker.", show_default=False),
    ] = None,
) -> None:
    """Run everything on embedded stores: service, worker and a demo site, with nothing to install or set up.

    Ctrl-C stops it all; the next run finds the data again.
    """
    from tracker.dev import run_dev

    folder = data_dir or Path(os.environ.get("TRACKER_DATA_DIR") or ".tracker")
    raise typer.Exit(run_dev(port, folder))
