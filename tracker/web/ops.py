"""What load balancers and operators ask."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, get

from tracker.health import StoreHealth
from tracker.web.http import AppRequest
from tracker.web.services import services_of


class Readiness(msgspec.Struct):
    """``ready``: all stores answer. ``degraded``: events are still taken, but one store is away. ``away``: the queue
    is, and events get a 503."""

    status: Literal["ready", "degraded", "away"]
    stores: list[StoreHealth]


@get("/health/live", summary="The process runs", tags=["operation"])
async def live() -> dict[str, str]:
    """Touches no store: a restart would not bring one back."""
    return {"status": "live"}


@get("/health/ready", summary="Which stores answer", tags=["operation"])
async def ready(request: AppRequest) -> Response[Readiness]:
    """503 only while Redis is away. Taking every process out of the load balancer because MongoDB is away would lose
    the events that Redis can keep for it."""
    stores = await services_of(request).health.look()
    away = {store.name for store in stores if not store.ok}
    status: Literal["ready", "degraded", "away"] = "away" if "redis" in away else "degraded" if away else "ready"
    return Response(Readiness(status, stores), status_code=503 if status == "away" else 200)
