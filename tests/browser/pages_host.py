"""The real service with the demo client, for tests of its own pages in a browser."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

from tests.fixtures.system import System
from tracker.dev import prepare
from tracker.settings import Settings, load_settings

GRAVE = {"serious", "critical"}


def settings_of(system: System) -> Settings:
    """The settings that the system's processes run with."""
    return load_settings(**{key.removeprefix("TRACKER_").lower(): value for key, value in system.settings.items()})


def serve_demo(system: System, *, worker: bool = False, **settings: str) -> str:
    """Start the service with the demo client of ``trackerctl dev``; returns its address as browsers know it."""
    system.settings |= settings
    prepare(settings_of(system))
    system.serve()
    if worker:
        system.work()
    return f"http://localhost:{system.port}"


class Watched:
    """What a page asked of whom, and what the browser complained about."""

    def __init__(self, page: Page) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(f"{request.url} {request.post_data or ''}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)

    @property
    def hosts(self) -> set[str]:
        """Schemes and hosts of everything that was loaded."""
        return {"/".join(request.split("/")[:3]) for request in self.requests}


async def findings(page: Page) -> list[dict[str, Any]]:
    """What axe finds serious or critical on the page as it is now."""
    results = await Axe().run(page)
    return [
        {"rule": found["id"], "nodes": [node["html"][:160] for node in found["nodes"]]}
        for found in results.response["violations"]
        if found["impact"] in GRAVE
    ]
