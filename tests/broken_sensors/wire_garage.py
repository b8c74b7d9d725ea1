"""A garage at work over its real protocols: the emulator as a process of its own, the control process in this one.

Owns the start, the end and the recording of both, and the customers who keep the garage busy. What is recorded is what
safety was given and what the gate let out, cycle by cycle. Must never judge.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx

import controller.shell.run as control
from controller.config.endpoints import with_endpoints
from controller.config.load import load_config, save_config
from controller.config.models import GarageConfig
from controller.garage import Layout
from controller.local_link.client import LocalLinkClient
from controller.local_link.messages import ClearDevice, Snapshot, Start, SubmitOrder, VehicleData, WithdrawOrder
from controller.local_link.mode_messages import ConfirmInventory, EndFire
from plc_drivers.reading import ProcessImage
from safety.gate import Gate, GateResult
from safety.logic import SafetyLogic
from safety.memory import SafetyMemory
from safety.verdict import Verdict
from sim_hardware.control_port import ADDRESS_FILE
from sim_hardware.fault import Fault
from tests.broken_sensors.movable import movable_positions
from tests.broken_sensors.witness import Cycle
from tests.free_ports import free_port

CYCLES_KEPT = 6000
START_S = 60.0
RECOVER_S = 20.0
OPEN_ORDERS = 2
"""Orders of each kind that the customers keep open."""
_STANDING = frozenset({"STOPPED", "ABORTED"})
_OVER = frozenset({"done", "withdrawn", "failed"})
_PATIENCE_S = 60.0
"""After so long without any order coming to an end the customers give up what waits, and come anew."""


class GarageLostError(Exception):
    """The garage did not start, or one of its processes has ended."""


class Recorder:
    """Keeps the last cycles of the control process."""

    def __init__(self) -> None:
        self.cycles: deque[Cycle] = deque(maxlen=CYCLES_KEPT)
        self.count = 0
        self.ticked = asyncio.Event()

    def evaluated(self, image: ProcessImage, verdict: Verdict) -> None:
        """A cycle's image and verdict."""
        self.cycles.append(Cycle(image, verdict, None))
        self.count += 1
        self.ticked.set()
        self.ticked = asyncio.Event()

    def passed(self, result: GateResult) -> None:
        """What the gate let out in that cycle."""
        last = self.cycles.pop()
        self.cycles.append(Cycle(last.image, last.verdict, result.outputs))

    def since(self, count: int) -> list[Cycle]:
        """The cycles after number ``count``."""
        wanted = min(self.count - count, len(self.cycles))
        return list(self.cycles)[len(self.cycles) - wanted :] if wanted > 0 else []


@contextmanager
def _recorded(recorder: Recorder) -> Iterator[None]:
    """While this lasts, a control process that is put together in here tells what its safety and its gate did."""

    class RecordedLogic(SafetyLogic):
        def evaluate(self, image: ProcessImage, memory: SafetyMemory, now_ms: int) -> tuple[Verdict, SafetyMemory]:
            verdict, after = super().evaluate(image, memory, now_ms)
            recorder.evaluated(image, verdict)
            return verdict, after

    class RecordedGate(Gate):
        def pass_wishes(self, *arguments: Any, **named: Any) -> GateResult:
            result = super().pass_wishes(*arguments, **named)
            recorder.passed(result)
            return result

        def safe_outputs(self, *arguments: Any, **named: Any) -> GateResult:
            result = super().safe_outputs(*arguments, **named)
            recorder.passed(result)
            return result

    parts: dict[str, Any] = {"SafetyLogic": RecordedLogic, "Gate": RecordedGate}
    before = {name: getattr(control, name) for name in parts}
    for name, part in parts.items():
        setattr(control, name, part)
    try:
        yield
    finally:
        for name, part in before.items():
            setattr(control, name, part)


class WireGarage:
    """One running garage; ``async with`` starts it as its operator would, and ends it."""

    def __init__(self, config: GarageConfig, state: Path, speed: float) -> None:
        self.config = with_endpoints(config, lambda _host, _port: free_port())
        self.recorder = Recorder()
        self.orders_done = 0
        self._state = state
        self._speed = speed
        self._client = LocalLinkClient(state)
        self._plant: asyncio.subprocess.Process | None = None
        self._control: asyncio.Task[int] | None = None
        self._customers: asyncio.Task[None] | None = None
        self._http: httpx.AsyncClient | None = None
        self._cars = 0
        self._seen: set[str] = set()
        self._ended_s = 0.0

    async def __aenter__(self) -> Self:
        """Start plant, control process and customers.

        Raises:
            GarageLostError: it does not come up.
        """
        try:
            async with asyncio.timeout(START_S):
                await self._start_plant()
                with _recorded(self.recorder):
                    running = control.run(self.config, self._state, api=False, host="", port=0, signals=False)
                    self._control = asyncio.create_task(running, name="control process")
                    await self._until(lambda: self.recorder.count > 0)
                self._client.start()
                await self._until(lambda: self._client.snapshot is not None)
                await self._until(self._all_answer)
            if not await self.recover():
                raise GarageLostError(f"it does not start: {self.obstacles()}")
        except BaseException:
            await self._end()
            raise
        self._customers = asyncio.create_task(self._keep_busy(), name="customers")
        return self

    async def __aexit__(self, *_: object) -> None:
        """End everything, the controller first."""
        await self._end()

    async def _start_plant(self) -> None:
        file = self._state / "garage.json"
        save_config(self.config, file)
        self.config = load_config(file)
        log = (self._state / "plant.log").open("wb")
        command = ("-m", "cli.main", "emulate", "--config", str(file), "--state", str(self._state))
        with log:
            self._plant = await asyncio.create_subprocess_exec(
                sys.executable, *command, "--speed", str(self._speed), "--control-port", "0", stdout=log, stderr=log
            )
        address = self._state / ADDRESS_FILE
        await self._until(address.is_file)
        where = json.loads(address.read_text(encoding="utf-8"))
        self._http = httpx.AsyncClient(base_url=f"http://{where['host']}:{where['port']}", trust_env=False, timeout=10)

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self.ensure_alive()
            await asyncio.sleep(0.02)

    def ensure_alive(self) -> None:
        """Do nothing while both processes live.

        Raises:
            GarageLostError: one of them has ended.
        """
        if self._plant is not None and self._plant.returncode is not None:
            raise GarageLostError(f"the plant ended with {self._plant.returncode}; see {self._state}/plant.log")
        if self._control is not None and self._control.done():
            raise GarageLostError("the control process has ended") from self._control.exception()

    async def _end(self) -> None:
        if self._customers is not None:
            self._customers.cancel()
            await asyncio.wait({self._customers})
        if self._control is not None:
            self._control.cancel()
            await asyncio.wait({self._control}, timeout=15)
        await self._client.stop()
        if self._http is not None:
            await self._http.aclose()
        if self._plant is not None and self._plant.returncode is None:
            with suppress(ProcessLookupError):
                self._plant.terminate()
            try:
                async with asyncio.timeout(10):
                    await self._plant.wait()
            except TimeoutError:
                self._plant.kill()
                await self._plant.wait()

    # --- the plant ------------------------------------------------------------------------------------------

    async def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """A request to the plant's control port.

        Raises:
            GarageLostError: it does not answer.
            ValueError: it refuses.
        """
        if self._http is None:
            raise GarageLostError("the plant is not running")
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise GarageLostError(f"the plant does not answer: {error!r}") from error
        if not answer.is_success:
            raise ValueError(f"{path} {body}: {answer.text}")
        return answer.json()

    async def inject(self, fault: Fault) -> None:
        """Break something.

        Raises:
            ValueError: the plant does not support it.
        """
        wish = fault.as_json()
        await self.ask("POST", "/faults", {name: value for name, value in wish.items() if value is not None})

    async def repair(self) -> None:
        """Repair everything."""
        await self.ask("POST", "/faults/clear", {})

    async def violations(self) -> list[str]:
        """What the judge has seen so far."""
        verdict = await self.ask("GET", "/verdict")
        return [f"{one['kind']}: {one['text']}" for one in verdict["list"]] + ["more"] * int(verdict["dropped"])

    # --- the operator ---------------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The newest picture of the garage.

        Raises:
            GarageLostError: there is none.
        """
        if self._client.snapshot is None:
            raise GarageLostError("the control process shows nothing")
        return self._client.snapshot

    def _all_answer(self) -> bool:
        return all(device.quality == "good" for device in self.snapshot.devices)

    def obstacles(self) -> list[str]:
        """Why the garage does not work."""
        shown = self.snapshot
        found = [f"{reason.code}: {reason.text}" for reason in shown.reasons]
        found += [f"trip {trip.id}" for trip in shown.trips]
        found += [f"{device.id} {device.state} {device.fault}" for device in shown.devices if device.state in _STANDING]
        waiting = [order for order in shown.orders if order.state not in _OVER]
        found += [f"{one.id} {one.kind} {one.phase}: {one.waiting_for}" for one in waiting if one.waiting_for]
        found += [f"{cabin.id} {cabin.phase}: {cabin.reason}" for cabin in shown.cabins if cabin.reason]
        return [*found, f"mode {shown.mode}"]

    async def recover(self) -> bool:
        """Reset at the machine, clear and start, as persons would; False when it does not come back in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + RECOVER_S
        while True:
            self.ensure_alive()
            if self._all_answer():
                for zone in self.config.safety.zones:
                    await self.ask("POST", "/reset", {"zone": zone})
                await asyncio.sleep(0.1)
                at = {one.id: one.vehicle for one in self.snapshot.positions}
                for position in movable_positions(Layout(self.config)):
                    await self._client.request(ConfirmInventory(position=position, vehicle=at[position], person="mia"))
                await self._client.request(EndFire(person="mia"))
                await self._client.request(ClearDevice(device="all"))
                await asyncio.sleep(0.15)
                await self._client.request(Start())
            await asyncio.sleep(0.15)
            shown = self.snapshot
            standing = any(device.state in _STANDING for device in shown.devices)
            if shown.mode == "automatic" and not shown.trips and not standing and self._all_answer():
                return True
            if loop.time() > until:
                return False

    # --- the customers --------------------------------------------------------------------------------------

    async def _keep_busy(self) -> None:
        loop = asyncio.get_running_loop()
        self._ended_s = loop.time()
        while True:
            await asyncio.sleep(0.3)
            shown = self.snapshot
            over = {order.id for order in shown.orders if order.state in _OVER} - self._seen
            if over:
                self._seen |= over
                self.orders_done += sum(order.id in over and order.state == "done" for order in shown.orders)
                self._ended_s = loop.time()
            if shown.mode != "automatic":
                continue
            waiting = [order for order in shown.orders if order.state not in _OVER]
            if loop.time() - self._ended_s > _PATIENCE_S:
                self._ended_s = loop.time()
                for order in waiting:
                    await self._client.request(WithdrawOrder(order=order.id))
            if sum(order.kind == "retrieve" for order in waiting) < OPEN_ORDERS:
                await self._retrieve(shown)
            if sum(order.kind == "store" for order in waiting) < OPEN_ORDERS:
                await self._store()

    async def _retrieve(self, shown: Snapshot) -> None:
        cars = [car.id for car in shown.vehicles if car.position is not None and car.order is None]
        if len(cars) > 1:
            await self._client.request(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=cars[0])))

    async def _store(self) -> None:
        self._cars += 1
        car = f"guest-{self._cars}"
        with suppress(ValueError):  # too many wait already
            await self.ask("POST", "/arrivals", {"vehicle": {"id": car, "length_mm": 4200}})
            data = VehicleData(id=car, length_mm=4200, width_mm=1800, height_mm=1500, weight_kg=1300)
            await self._client.request(SubmitOrder(kind="store", vehicle=data))
