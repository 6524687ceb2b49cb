"""Runs the HTTP service on Granian."""

from __future__ import annotations

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import Server

from tracker.ingest.geo import Database
from tracker.settings import Settings

_TARGET = "tracker.app:create_app"


def serve(settings: Settings, host: str, port: int, workers: int) -> None:
    """Serve until a signal; processes read the settings again from the environment.

    :raises SettingsError: when settings are missing or the geo database cannot be used, before any process is started.
    """
    settings.require("config_db_url", "mongodb_url", "redis_url")
    if settings.geoip_db:
        Database(settings.geoip_db).close()
    Server(
        _TARGET,
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=settings.max_header_seconds * 1000),
        log_access=False,
        log_level=LogLevels.warning,
        # A worker that dies takes its unanswered requests with it, but no acknowledged event: start another.
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()
