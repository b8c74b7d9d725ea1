"""A scripted control process, the API over a real socket, and clients of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.events import Streams
from api.process import listen
from api.server import ApiServer
from controller.config.load import load_config
from controller.local_link.client import LocalLinkClient
from tests.api.scripted_garage import ScriptedGarage
from tests.eventually import eventually

CONFIG = Path(__file__).parent.parent.parent / "config"


@dataclass
class RunningApi:
    url: str
    link: LocalLinkClient
    streams: Streams
    http: httpx.AsyncClient

    async def caught_up(self, seq: int) -> None:
        await eventually(lambda: self.link.ring.last >= seq, what=f"event {seq} in the API's ring")


@asynccontextmanager
async def running_garage(name: str, state: Path, **fields: object) -> AsyncIterator[ScriptedGarage]:
    garage = ScriptedGarage(load_config(CONFIG / f"{name}.toml"), state)
    for field, value in fields.items():
        setattr(garage, field, value)
    task = asyncio.create_task(garage.run(), name="scripted garage")
    try:
        yield garage
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def running_api(state: Path, *, ring_size: int = 10_000) -> AsyncIterator[RunningApi]:
    link = LocalLinkClient(state, ring_size=ring_size)
    streams = Streams()
    with listen("127.0.0.1", 0) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = ApiServer(create_app(link, streams=streams), link, streams, signals=False)
        task = asyncio.create_task(server.serve(sockets=[listener]), name="api server")
        try:
            await eventually(lambda: server.started, what="the server's start")
            async with httpx.AsyncClient(base_url=url, timeout=10) as http:
                yield RunningApi(url, link, streams, http)
        finally:
            server.should_exit = True
            await task


@pytest.fixture
async def garage(tmp_state: Path) -> AsyncIterator[ScriptedGarage]:
    async with running_garage("tower-small", tmp_state) as running:
        yield running


@pytest.fixture
async def api(tmp_state: Path, garage: ScriptedGarage) -> AsyncIterator[RunningApi]:
    async with running_api(tmp_state) as running:
        await eventually(lambda: running.link.snapshot, what="the first snapshot")
        await running.caught_up(garage.ring.last)
        yield running


@pytest.fixture
async def api_alone(tmp_state: Path) -> AsyncIterator[RunningApi]:
    async with running_api(tmp_state) as running:
        yield running
