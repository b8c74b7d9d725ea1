"""The HTTP application, put together from one router per noun.

Owns the assembly and the life of the local link in this process. Must never hold a route's logic.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version

from fastapi import APIRouter, FastAPI

from api import (
    alarms,
    bookings,
    cabins,
    devices,
    events,
    explain,
    findings,
    garage,
    health,
    links,
    manual,
    occupancy,
    orders,
    page,
    places,
    problem,
    schema,
    vehicles,
    zones,
)
from api.guard import Guard
from controller.local_link.client import LocalLinkClient

PREFIX = "/api/v1"

_DESCRIPTION = """\
Commands and state of one automated car tower. What is read comes from a copy of the control process's last
snapshot, whose age every answer tells in `snapshot_age_ms`; what is ordered is decided by the control process.
Every error is an RFC 9457 problem with a stable `code` and a `remedy`. Times are Unix milliseconds, lengths mm.
"""

_TAGS = [
    {"name": "orders", "description": "Retrieve, store and relocate cars."},
    {"name": "bookings", "description": "Slots for cars, see bookings.md."},
    {"name": "vehicles", "description": "The cars in the books."},
    {"name": "places", "description": "Positions that can hold a car."},
    {"name": "cabins", "description": "Where cars are handed over."},
    {"name": "zones", "description": "Emergency stops, guards, and the locks that persons hold."},
    {"name": "devices", "description": "The PLCs and the links to them."},
    {"name": "garage", "description": "The garage as a whole."},
    {"name": "alarms", "description": "What asks for a person's response (see alarms.md)."},
    {"name": "explanation", "description": "Why something may not move or does not go on."},
    {"name": "recovery", "description": "What books and machine do not agree on, and the answers that settle it."},
    {"name": "manual", "description": "One axis by hand, while somebody holds it."},
    {"name": "events", "description": "What happens."},
    {"name": "health", "description": "For supervision."},
]


def create_api(link: LocalLinkClient, streams: events.Streams | None = None) -> FastAPI:
    """The application without its guard; it starts and stops ``link`` with itself."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        link.start()
        try:
            yield
        finally:
            await link.stop()

    app = FastAPI(
        title="Garage controller",
        version=software_version(),
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        # FastAPI's documentation pages load scripts from another host; the generated docs/api.md does not.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=_TAGS,
        lifespan=life,
    )
    app.state.link = link
    app.state.streams = streams or events.Streams()
    problem.install(app)
    schema.install(app)
    routes = APIRouter(prefix=PREFIX)
    modules = (
        orders, bookings, vehicles, places, cabins, zones, devices, links, garage, occupancy, findings, manual, alarms,
        explain, events, health,
    )  # fmt: skip
    for module in modules:
        routes.include_router(module.router)
    app.include_router(routes)
    app.include_router(page.page_router())
    return app


def create_app(
    link: LocalLinkClient, *, streams: events.Streams | None = None, allowed_hosts: Iterable[str] = ()
) -> Guard:
    """The application as it is served: the API inside its guard."""
    return Guard(create_api(link, streams), allowed_hosts)


def software_version() -> str:
    """Version of this software, ``0`` when it runs without having been installed."""
    try:
        return version("garage-controller")
    except PackageNotFoundError:
        return "0"
