"""Composition root of the HTTP service: ``create_app`` for any ASGI server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from tracker import __version__
from tracker.errors import TrackerError
from tracker.settings import Settings, load_settings
from tracker.telemetry.logs import configure
from tracker.web.config import get_config
from tracker.web.embed import get_embed, get_loader, get_overlay, script_route
from tracker.web.http import http_error_handler, tracker_error_handler
from tracker.web.manage import manage_router
from tracker.web.metrics import get_metrics
from tracker.web.ops import live, ready
from tracker.web.pages import demo, example, example_sent
from tracker.web.pages.config_test import config_test, config_test_check
from tracker.web.pages.render import page_file
from tracker.web.pages.stored import demo_stored
from tracker.web.schema import WholeJson, WholeYaml
from tracker.web.services import open_services
from tracker.web.track import track_route


def create_app(settings: Settings | None = None) -> Litestar:
    """The ASGI application, for ``granian --factory`` or ``uvicorn --factory``.

    :param settings: read from the environment when not given.
    :raises SettingsError: when settings are missing.
    """
    settings = (settings or load_settings()).require("config_db_url", "mongodb_url", "redis_url")
    configure(settings)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with open_services(settings) as services:
            app.state.services = services
            yield

    app = Litestar(
        route_handlers=[
            track_route(settings),
            get_config,
            get_loader,
            get_embed,
            script_route(settings),
            get_overlay,
            demo,
            demo_stored,
            example,
            example_sent,
            config_test,
            config_test_check,
            page_file,
            live,
            ready,
            get_metrics,
            manage_router(settings),
        ],
        lifespan=[lifespan],
        exception_handlers={TrackerError: tracker_error_handler, HTTPException: http_error_handler},
        openapi_config=OpenAPIConfig(
            title="trackerctl",
            version=__version__,
            path="/schema",
            components=Components(
                security_schemes={"token": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
            ),
            render_plugins=[WholeJson(path=["/openapi.json", "/"]), WholeYaml()],
        ),
        # Bodies are limited while they are read, with the limit of the settings.
        request_max_body_size=None,
        logging_config=None,
    )
    return app
