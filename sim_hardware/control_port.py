"""The control port: what a person could do at the emulated machine, and what only a god could see, over loopback HTTP.

Owns the requests of tests and demonstrations to the plant. Must never be offered to anything but loopback, and never
be used by a controller: it shows the truth, which a controller has to find out through its sensors.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from sim_hardware.control_request import ControlError, fault_of, field, optional_field, vehicle_of
from sim_hardware.fault import Fault, FaultKind, FaultPoint, FaultRefusedError
from sim_hardware.garage import EmulatedGarage
from sim_hardware.people import QueueFullError

ADDRESS_FILE = "plant-control.json"
"""Below the state directory: ``{"host": ..., "port": ...}`` of a running emulator's control port."""

_HOST = "127.0.0.1"
_HEAD_MAX = 16_384
_BODY_MAX = 65_536
_READ_S = 5.0
_CLIENTS_MAX = 32

Body = Mapping[str, Any]
Handler = Callable[[Body], object]


class Emulated(Protocol):
    """What the control port needs of an emulator."""

    @property
    def garage(self) -> EmulatedGarage:
        """The garage that is emulated."""

    @property
    def state_dir(self) -> Path:
        """Where the address file goes."""


class ControlPort:
    """Serves the control requests of one emulator at ``port`` of loopback; 0 takes a free one (see ``port``)."""

    def __init__(self, emulator: Emulated, port: int) -> None:
        self.port = port
        self._garage = emulator.garage
        self._file = emulator.state_dir / ADDRESS_FILE
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "/verdict"): self._verdict,
            ("GET", "/world"): self._world,
            ("POST", "/arrivals"): self._arrive,
            ("POST", "/estop"): self._estop,
            ("POST", "/reset"): self._reset,
            ("POST", "/confirm"): self._confirm,
            ("POST", "/power-cycle"): self._power_cycle,
            ("POST", "/sensor"): self._sensor,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._inject,
            ("POST", "/faults/clear"): self._clear_faults,
        }

    async def start(self) -> None:
        """Listen, and leave the address in the state directory.

        Raises:
            OSError: the port is in use, or the address file cannot be written.
        """
        self._server = await asyncio.start_server(self._meet, _HOST, self.port, limit=_HEAD_MAX)
        self.port = self._server.sockets[0].getsockname()[1]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"host": _HOST, "port": self.port}), encoding="utf-8")

    async def stop(self) -> None:
        """Close the port and remove its address."""
        if self._server is None:
            return
        self._file.unlink(missing_ok=True)
        self._server.close()
        clients = tuple(self._clients)
        for client in clients:
            client.cancel()
        if clients:
            await asyncio.wait(clients, timeout=1.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 1.0)
        self._server = None

    # --- requests ------------------------------------------------------------------------------------------

    def _verdict(self, _body: Body) -> object:
        verdict = self._garage.verdict()
        return {
            "violations": sum(verdict.counts.values()),
            "counts": verdict.counts,
            "list": [
                {"kind": v.kind.value, "at_ms": v.at_ms, "text": v.text, "bodies": list(v.bodies)}
                for v in verdict.violations
            ],
            "dropped": verdict.dropped,
        }

    def _world(self, _body: Body) -> object:
        snapshot = asdict(self._garage.plant.snapshot())
        waiting = self._garage.crowd.waiting()
        return {**snapshot, "waiting": list(waiting), "sensor_faults": list(self._garage.plant.sensors.faulty)}

    def _arrive(self, body: Body) -> object:
        cabin = optional_field(body, "cabin", str)
        spec = vehicle_of(field(body, "vehicle", dict))
        try:
            self._garage.crowd.arrive(cabin, spec)
        except KeyError as error:
            raise self._unknown("cabin", cabin, self._garage.layout.cabins) from error
        except ValueError as error:
            raise ControlError(409, "VEHICLE_IS_HERE", f"{error}.", "Give another vehicle id.") from error
        except QueueFullError as error:
            raise ControlError(409, "QUEUE_FULL", f"{error}.", "Let the waiting cars in first.") from error
        return {"arrived": spec.id}

    def _estop(self, body: Body) -> object:
        zone, pressed = self._zone(body), field(body, "pressed", bool)
        if pressed:
            zone.press_estop()
        else:
            zone.release_estop()
        return {"pressed": pressed}

    def _reset(self, body: Body) -> object:
        self._zone(body).press_reset()
        return {"pressed": True}

    def _zone(self, body: Body) -> Any:
        number = field(body, "zone", int)
        try:
            return self._garage.plant.zone(number)
        except KeyError as error:
            text = f"The garage has no zone {number}."
            raise ControlError(404, "UNKNOWN_ZONE", text, "Use a zone of the configuration.") from error

    def _confirm(self, body: Body) -> object:
        cabin = field(body, "cabin", str)
        if cabin not in self._garage.layout.cabins:
            raise self._unknown("cabin", cabin, self._garage.layout.cabins)
        self._garage.plant.cabin(cabin).press_confirm()
        return {"pressed": cabin}

    def _power_cycle(self, body: Body) -> object:
        device = field(body, "device", str)
        if device not in self._garage.devices:
            raise self._unknown("device", device, self._garage.devices)
        self._garage.power_cycle(device)
        return {"power_cycled": device}

    def _sensor(self, body: Body) -> object:
        path = field(body, "path", str)
        if "value" not in body:
            raise ControlError(422, "BAD_REQUEST", "value is missing.", "Give a number, or null to repair the sensor.")
        value = optional_field(body, "value", int)
        if value is None:
            self._garage.faults.clear(path)
        else:
            self._injected(Fault(path, FaultKind.STUCK, value, point=FaultPoint.SENSOR))
        return {"path": path, "value": value}

    def _faults(self, _body: Body) -> object:
        return {
            "faults": [fault.as_json() for fault in self._garage.faults.faults],
            "sensors": list(self._garage.plant.sensors.paths),
        }

    def _inject(self, body: Body) -> object:
        return self._injected(fault_of(body)).as_json()

    def _injected(self, fault: Fault) -> Fault:
        try:
            return self._garage.faults.inject(fault)
        except FaultRefusedError as error:
            status = 404 if error.code.startswith("UNKNOWN_") else 422
            raise ControlError(status, error.code, error.text, error.remedy) from error

    def _clear_faults(self, body: Body) -> object:
        target = optional_field(body, "target", str)
        faults = self._garage.faults
        if target is None:
            return {"cleared": faults.clear_all()}
        if not faults.clear(target):
            raise ControlError(404, "NO_FAULT", f"{target} has no fault.", "GET /faults lists what there is.")
        return {"cleared": 1}

    @staticmethod
    def _unknown(what: str, name: object, known: Mapping[str, object]) -> ControlError:
        return ControlError(
            404, f"UNKNOWN_{what.upper()}", f"The garage has no {what} {name!r}.", f"Known: {', '.join(known)}."
        )

    # --- HTTP ----------------------------------------------------------------------------------------------

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._clients.add(task)
            task.add_done_callback(self._clients.discard)
        try:
            if len(self._clients) <= _CLIENTS_MAX:
                await _answer(reader, writer, self._carry_out)
        finally:
            writer.close()

    async def _carry_out(self, method: str, path: str, body: bytes) -> tuple[int, object]:
        try:
            handler = self._routes.get((method, path))
            if handler is None:
                raise self._no_route(path)
            return 200, handler(_parsed(body))
        except ControlError as error:
            return error.status, {"code": error.code, "text": error.text, "remedy": error.remedy}

    def _no_route(self, path: str) -> ControlError:
        methods = [known for known, route in self._routes if route == path]
        if methods:
            return ControlError(405, "WRONG_METHOD", f"{path} is not asked so.", f"Use {methods[0]}.")
        known = ", ".join(f"{m} {route}" for m, route in self._routes)
        return ControlError(404, "UNKNOWN_PATH", f"There is no {path}.", f"Known: {known}.")


def _parsed(body: bytes) -> Body:
    if not body:
        return {}
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise ControlError(400, "BAD_JSON", f"The body is no JSON: {error}.", "Send a JSON object.") from error
    if not isinstance(parsed, dict):
        raise ControlError(400, "BAD_JSON", "The body is no JSON object.", "Send a JSON object.")
    return parsed


async def _answer(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    carry_out: Callable[[str, str, bytes], Awaitable[tuple[int, object]]],
) -> None:
    """One request and its answer; a client that is slow, gone or no HTTP client gets none."""
    try:
        async with asyncio.timeout(_READ_S):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *headers = head.split("\r\n")
            method, target, _version = line.split(" ")
            length = _content_length(headers)
            body = await reader.readexactly(length)
    except (TimeoutError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return
    status, answer = await carry_out(method, target.split("?")[0], body)
    payload = json.dumps(answer).encode()
    writer.write(
        f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(payload)}\r\nConnection: close\r\n\r\n".encode()
        + payload
    )
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(_READ_S):
            await writer.drain()


def _content_length(headers: list[str]) -> int:
    for header in headers:
        name, _, value = header.partition(":")
        if name.strip().lower() == "content-length":
            length = int(value)
            if not 0 <= length <= _BODY_MAX:
                raise ValueError(f"a body of {length} bytes")
            return length
    return 0
