"""The event stream: order, resumption, gaps, motion."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import RunningApi, running_api, running_garage
from tests.api.scripted_garage import ScriptedGarage
from tests.api.scripted_moments import busy
from tests.eventually import eventually

WITHIN_S = 10


@dataclass
class Sent:
    name: str
    id: str | None
    data: Any


class Listener:
    """Reads a stream as a browser does."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.comments = 0

    async def next(self, *names: str) -> Sent:
        """The next message with one of these names; ``message`` is the name of those without."""
        while True:
            sent = await asyncio.wait_for(self._next(), WITHIN_S)
            if sent.name in (names or ("message",)):
                return sent

    async def numbers(self, count: int) -> list[int]:
        return [(await self.next()).data["seq"] for _ in range(count)]

    async def _next(self) -> Sent:
        fields: dict[str, str] = {}
        async for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(":")
                fields[name] = value.removeprefix(" ")
            elif "data" in fields:
                return Sent(fields.get("event", "message"), fields.get("id"), json.loads(fields["data"]))
            else:
                fields = {}
        raise EOFError("the stream has ended")


@asynccontextmanager
async def listening(api: RunningApi, query: str = "", **headers: str) -> AsyncIterator[Listener]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with api.http.stream("GET", f"/api/v1/events?{query}", headers=sent) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Listener(response)


async def test_events_come_in_order_with_their_numbers_as_ids(api: RunningApi, garage: ScriptedGarage) -> None:
    async with listening(api, "after=0") as listener:
        for index in range(20):
            garage.tell("test", index=index)
        first = await listener.next()
        assert (first.id, first.data["kind"], first.data["data"]) == ("1", "test", {"index": 0})
        assert await listener.numbers(19) == list(range(2, 21))


async def test_a_listener_resumes_where_it_was_and_last_event_id_goes_before_after(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    for _ in range(10):
        garage.tell("test")
    await api.caught_up(10)
    async with listening(api, "after=2") as listener:
        assert await listener.numbers(8) == list(range(3, 11))
    async with listening(api, "after=2", Last_Event_ID="7") as listener:
        assert await listener.numbers(3) == [8, 9, 10]


async def test_a_new_listener_gets_only_what_happens_from_now_on(api: RunningApi, garage: ScriptedGarage) -> None:
    for _ in range(10):
        garage.tell("test")
    await api.caught_up(10)
    await eventually(lambda: api.link.snapshot and api.link.snapshot.event_seq == 10)
    async with listening(api) as listener, listening(api, "recent=3") as curious:
        assert await curious.numbers(3) == [8, 9, 10]
        await eventually(lambda: api.streams.count == 2)
        garage.tell("test")
        assert await listener.numbers(1) == [11]


async def test_events_older_than_the_apis_ring_come_from_the_control_process(tmp_state: Path) -> None:
    async with running_garage("tower-small", tmp_state) as garage, running_api(tmp_state, ring_size=5) as api:
        for _ in range(50):
            garage.tell("test")
        await api.caught_up(50)
        async with listening(api, "after=10") as listener:
            assert await listener.numbers(40) == list(range(11, 51))


async def test_events_that_nobody_keeps_any_more_are_told_as_a_gap(tmp_state: Path) -> None:
    async with running_garage("tower-small", tmp_state, ring_size=10) as garage, running_api(tmp_state) as api:
        garage.ring = type(garage.ring)(10)
        garage.server._events_after = garage.ring.after
        for _ in range(50):
            garage.tell("test", publish=False)
        await api.caught_up(50)
        async with listening(api, "after=5") as listener:
            gap = await listener.next("gap", "message")
            assert (gap.name, gap.id, gap.data) == ("gap", "40", {"from": 6, "to": 40})
            assert await listener.numbers(10) == list(range(41, 51))


async def test_a_listener_of_another_journal_is_told_so(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.tell("test")
    await api.caught_up(1)
    async with listening(api, Last_Event_ID="900") as listener:
        gap = await listener.next("gap")
        assert (gap.id, gap.data["journal"]) == ("1", "another")
        garage.tell("test")
        assert await listener.numbers(1) == [2]


async def test_the_first_motion_frame_is_the_whole_picture_and_later_ones_only_what_changed(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    async with listening(api, "motion=true") as listener:
        whole = await listener.next("motion")
        assert whole.id is None
        assert whole.data["full"] is True
        assert set(whole.data["devices"]) == set(garage.devices)
        assert set(whole.data["positions"]) == set(garage.layout.positions)
        garage.axes["lift1", "position_mm"].target = 2600
        change = await listener.next("motion")
        assert change.data["full"] is False
        assert set(change.data) == {"at_ms", "full", "devices"}
        assert set(change.data["devices"]) == {"lift1"}
        assert "heartbeat" not in change.data["devices"]["lift1"]["values"]


async def test_what_has_gone_is_told_as_null(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.add_order("retrieve", "kuga-01")
    await eventually(lambda: api.link.snapshot and api.link.snapshot.orders)
    async with listening(api, "motion=true") as listener:
        await listener.next("motion")
        del garage.orders["o-1"]
        frame = await listener.next("motion")
        assert frame.data["orders"] == {"o-1": None}


async def test_moving_machines_are_told_several_times_a_second(api: RunningApi, garage: ScriptedGarage) -> None:
    busy(garage)
    heights: set[int] = set()
    async with listening(api, "motion=true") as listener:
        while len(heights) < 5:
            frame = await listener.next("motion")
            if (lift := frame.data.get("devices", {}).get("lift1")) is not None:
                heights.add(lift["values"]["position_mm"])


async def test_pulses_go_on_and_tell_old_data_when_the_control_process_stops(
    api: RunningApi, garage: ScriptedGarage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.events.PULSE_S", 0.1)
    monkeypatch.setattr("api.events.STALE_AFTER_MS", 200)
    async with listening(api, "motion=true") as listener:
        while (await listener.next("pulse")).data["stale"]:
            pass
        garage.silent = True
        while not (pulse := await listener.next("pulse")).data["stale"]:
            pass
        assert pulse.data["age_ms"] > 200


async def test_a_quiet_stream_is_kept_alive_by_comments(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, garage: ScriptedGarage
) -> None:
    monkeypatch.setattr("api.events.COMMENT_S", 0.05)
    async with listening(api, "after=0") as listener:
        waiting = asyncio.create_task(listener.next())
        await eventually(lambda: listener.comments >= 3)
        garage.tell("test")
        await waiting


async def test_a_listener_that_goes_gives_its_place_back(api: RunningApi) -> None:
    async with listening(api), listening(api, "motion=true"):
        await eventually(lambda: api.streams.count == 2)
    await eventually(lambda: api.streams.count == 0)


async def test_more_listeners_than_the_bound_are_refused(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.events.STREAMS_MAX", 1)
    async with listening(api):
        await eventually(lambda: api.streams.count == 1)
        response = await api.http.get("/api/v1/events")
        assert (response.status_code, response.json()["code"]) == (503, "TOO_MANY_STREAMS")


async def test_a_stream_follows_the_control_process_through_a_restart(tmp_state: Path) -> None:
    async with running_api(tmp_state) as api:
        async with running_garage("tower-small", tmp_state) as before:
            before.tell("test")
            await api.caught_up(1)
        async with listening(api, "after=0") as listener:
            assert await listener.numbers(1) == [1]
            async with running_garage("tower-small", tmp_state, epoch=8) as after:
                after.tell("test")
                after.tell("test")
                assert await listener.numbers(1) == [2]
