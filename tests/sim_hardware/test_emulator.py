"""The emulator as a whole: every protocol on real sockets, the control port, its start and its end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import struct
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import serial
from asyncua.client.client import Client
from pymodbus.client import AsyncModbusTcpClient

from controller.config.links import ModbusTcpLink, OpcUaLink
from controller.config.load import save_config
from controller.config.models import GarageConfig
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import FaultCode, Sign, State
from sim_hardware.control_port import ADDRESS_FILE, ControlPort
from sim_hardware.emulator import Emulator, EmulatorError, serve
from sim_hardware.fault import Fault, FaultKind
from sim_hardware.garage import EmulatedGarage
from sim_hardware.people import Actor
from sim_hardware.servers import wire_fault
from sim_hardware.servers.certificate import make_certificate
from sim_hardware.servers.modbus_rtu import crc16
from tests.eventually import eventually

Load = Callable[[str], GarageConfig]
URI = "urn:garage-controller:contract:1"


@asynccontextmanager
async def running(config: GarageConfig, state: Path, **options: bool) -> AsyncIterator[Emulator]:
    emulator = Emulator(config, state, **options)
    await emulator.start()
    try:
        yield emulator
    finally:
        await emulator.stop()


@asynccontextmanager
async def modbus(config: GarageConfig, link_id: str) -> AsyncIterator[AsyncModbusTcpClient]:
    link = next(link for link in config.links if link.id == link_id)
    assert isinstance(link, ModbusTcpLink)
    client = AsyncModbusTcpClient(link.host, port=link.port, timeout=2, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


def url_of(config: GarageConfig, link_id: str) -> str:
    link = next(link for link in config.links if link.id == link_id)
    assert isinstance(link, OpcUaLink)
    return link.url


def ask_line(path: Path) -> bytes:
    request = b"\x01\x03" + struct.pack(">HH", 100, 1)
    with serial.Serial(str(path), 115_200, timeout=2.0) as port:
        port.write(request + crc16(request))
        return bytes(port.read(7))


# --- protocols ----------------------------------------------------------------------------------------------


async def test_one_garage_is_served_over_all_three_protocols_at_once_and_each_wire_can_be_disturbed(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    config = config_on_free_ports("tower-guangzhou")
    async with running(config, tmp_state, faulty_wires=True) as emulator:
        async with modbus(config, "lift-plc") as client:
            first = (await client.read_holding_registers(106, count=1, device_id=1)).registers[0]
            assert (await client.read_holding_registers(100, count=1, device_id=1)).registers == [1]
            seen = first
            async with asyncio.timeout(10):
                while seen == first:  # the heartbeat goes on with the next scan
                    seen = (await client.read_holding_registers(106, count=1, device_id=1)).registers[0]
        async with Client(url_of(config, "shuttle-plc"), timeout=1) as opcua:
            index = await opcua.get_namespace_index(URI)
            node = opcua.get_node(f"ns={index};s=shuttle1.device_id")
            assert await node.read_value() == 2
            emulator.disturb("shuttle-plc", wire_fault.drop)
            with pytest.raises((TimeoutError, ConnectionError)):
                await node.read_value()
            emulator.disturb("shuttle-plc", wire_fault.faithful)
        answer = await asyncio.to_thread(ask_line, tmp_state / "cabin2-line")
        assert answer[:5] == b"\x01\x03\x02\x00\x04"
        emulator.disturb("cabin2-line", wire_fault.garbage(b"noise!!"))
        assert await asyncio.to_thread(ask_line, tmp_state / "cabin2-line") == b"noise!!"
        with pytest.raises(KeyError):
            emulator.disturb("no-such-link", wire_fault.drop)


async def test_h10_a_device_that_hears_no_heartbeat_stops_itself_in_real_time(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    config = config_on_free_ports("tower-small")
    async with running(config, tmp_state) as emulator, modbus(config, "machine-plc") as client:
        lift = emulator.garage.devices["lift1"]
        await client.write_registers(0, [1, 0, 0, 1, *[0] * 11], device_id=1)
        await eventually(lambda: lift.read("owner_epoch") == 1)
        clear = [0, 0, 1, 0, 0, CommandCode.CLEAR, 0, 0, 0, 0, 0, 0, 60_000, 1]
        await client.write_registers(0, [2, *clear], device_id=1)
        await eventually(lambda: lift.read("done_seq") == 1)
        assert lift.read("state") == State.IDLE
        await eventually(lambda: lift.read("fault_code") == FaultCode.CONTROLLER_LOST)
        assert lift.read("state") == State.STOPPED


async def test_a_secured_server_takes_only_the_pinned_client(config_on_free_ports: Load, tmp_state: Path) -> None:
    for name in ("controller", "stranger"):
        uri = f"urn:garage-controller:{name}"
        make_certificate(tmp_state / f"{name}.pem", tmp_state / f"{name}-key.pem", uri, name)
    config = config_on_free_ports("tower-guangzhou")
    secured = next(link for link in config.links if link.id == "safety-plc").model_copy(
        update={
            "security": "basic256sha256",
            "certificate": tmp_state / "controller.pem",
            "private_key": tmp_state / "controller-key.pem",
            "server_certificate": tmp_state / "server.pem",
        }
    )
    async with running(config.model_copy(update={"links": (secured,)}), tmp_state):
        for name, welcome in (("controller", True), ("stranger", False)):
            client = Client(url_of(config, "safety-plc"), timeout=4)
            client.application_uri = f"urn:garage-controller:{name}"
            files = f"{tmp_state}/{name}.pem,{tmp_state}/{name}-key.pem,{tmp_state}/server.pem"
            await client.set_security_string(f"Basic256Sha256,SignAndEncrypt,{files}")
            if not welcome:
                with pytest.raises((Exception, asyncio.CancelledError)):
                    await client.connect()
                continue
            async with client:
                index = await client.get_namespace_index(URI)
                assert await client.get_node(f"ns={index};s=safety1.device_kind").read_value() == 4
        with pytest.raises((Exception, asyncio.CancelledError)):
            await Client(url_of(config, "safety-plc"), timeout=4).connect()


# --- start and end ------------------------------------------------------------------------------------------


async def test_a_port_in_use_is_a_coded_error_and_nothing_stays_open(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    config = config_on_free_ports("tower-small")
    async with running(config, tmp_state):
        second = Emulator(config, tmp_state)
        with pytest.raises(EmulatorError) as error:
            await second.start()
        assert error.value.code == "PORT_UNAVAILABLE"
        assert "machine-plc" in error.value.text
        assert error.value.remedy
    async with running(config, tmp_state):
        pass


async def test_a_file_in_the_place_of_a_serial_line_is_a_coded_error(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    (tmp_state / "cabin2-line").write_text("precious")
    with pytest.raises(EmulatorError) as error:
        await Emulator(config_on_free_ports("tower-guangzhou"), tmp_state).start()
    assert error.value.code == "PORT_UNAVAILABLE"
    assert (tmp_state / "cabin2-line").read_text() == "precious"


@pytest.mark.parametrize("speed", [0.0, -1.0, 1e9, float("nan")])
def test_a_speed_that_is_none_is_refused(config_on_free_ports: Load, tmp_state: Path, speed: float) -> None:
    with pytest.raises(EmulatorError) as error:
        Emulator(config_on_free_ports("tower-small"), tmp_state, speed)
    assert error.value.code == "BAD_SPEED"


async def test_a_machine_that_fails_ends_the_emulator_with_an_error(
    config_on_free_ports: Load, tmp_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: EmulatedGarage, _ms: int) -> None:
        raise RuntimeError("gear broken")

    monkeypatch.setattr(EmulatedGarage, "pass_scan", fail)
    with pytest.raises(EmulatorError) as error:
        await asyncio.wait_for(serve(config_on_free_ports("tower-small"), tmp_state), 10)
    assert error.value.code == "EMULATION_FAILED"


async def test_a_full_collection_of_garbage_does_not_stop_the_plcs(config_on_free_ports: Load, tmp_state: Path) -> None:
    looked_at: list[int] = []
    at_start = len(gc.get_objects())

    def ready(_emulator: Emulator) -> None:
        looked_at.append(len(gc.get_objects()))
        os.kill(os.getpid(), signal.SIGTERM)

    await asyncio.wait_for(serve(config_on_free_ports("tower-guangzhou"), tmp_state, ready=ready), 60)

    assert looked_at[0] < at_start, "what start-up made is no longer looked at"
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_emulator_process_ends_with_0_on_a_signal_and_takes_its_address_away(
    config_on_free_ports: Load, tmp_state: Path, number: signal.Signals
) -> None:
    save_config(config_on_free_ports("tower-small"), tmp_state / "garage.json")
    code = (
        "import sys; from pathlib import Path; from controller.config.load import load_config; "
        "from sim_hardware.emulator import main; "
        "state = Path(sys.argv[1]); sys.exit(main(load_config(state / 'garage.json'), state, speed=5))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(tmp_state))
    try:
        async with asyncio.timeout(30):
            await eventually((tmp_state / ADDRESS_FILE).exists, 30)
            os.kill(process.pid, number)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not (tmp_state / ADDRESS_FILE).exists()


# --- control port -------------------------------------------------------------------------------------------


class Bench:
    """A garage without servers behind a control port."""

    def __init__(self, config: GarageConfig, state: Path) -> None:
        self.garage = EmulatedGarage(config)
        self.state_dir = state


@asynccontextmanager
async def controlled(config: GarageConfig, state: Path) -> AsyncIterator[tuple[EmulatedGarage, httpx.AsyncClient]]:
    bench = Bench(config, state)
    port = ControlPort(bench, 0)
    await port.start()
    address = json.loads((state / ADDRESS_FILE).read_text())
    try:
        async with httpx.AsyncClient(base_url=f"http://{address['host']}:{address['port']}", timeout=5) as client:
            yield bench.garage, client
    finally:
        await port.stop()


async def test_the_control_port_tells_the_truth_and_lets_people_act(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    async with controlled(config_on_free_ports("tower-small"), tmp_state) as (garage, client):
        assert (await client.get("/verdict")).json()["violations"] == 0
        world = (await client.get("/world")).json()
        assert world["vehicles"]["kuga-01"]["seat"] == "stand:l1-c1-left"
        await client.post("/arrivals", json={"cabin": "cabin1", "vehicle": {"id": "new-1", "length_mm": 4200}})
        assert (await client.get("/world")).json()["waiting"] == ["new-1"]
        await client.post("/estop", json={"zone": 1, "pressed": True})
        garage.step(30)
        assert garage.devices["lift1"].read("fault_code") == FaultCode.EMERGENCY_STOP
        await client.post("/estop", json={"zone": 1, "pressed": False})
        await client.post("/reset", json={"zone": 1})
        garage.step(30)
        assert garage.devices["safety1"].read("zone1_reset_done") is True
        await client.post("/confirm", json={"cabin": "cabin1"})
        garage.step(30)
        assert garage.devices["cabin1"].read("confirm_count") == 1
        await client.post("/power-cycle", json={"device": "lift1"})
        garage.step(30)
        assert garage.devices["lift1"].read("boot_counter") == 2
        await client.post("/sensor", json={"path": "lift1.rope_taut", "value": 0})
        garage.step(30)
        assert garage.devices["lift1"].read("rope_taut") is False
        await client.post("/sensor", json={"path": "lift1.rope_taut", "value": None})
        garage.step(30)
        assert garage.devices["lift1"].read("rope_taut") is True


async def test_faults_are_injected_listed_and_cleared_over_the_control_port(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    async with controlled(config_on_free_ports("tower-small"), tmp_state) as (garage, client):
        wish = {"target": "lift1.rope_taut", "kind": "flicker", "period_ms": 40, "point": "tag"}
        assert (await client.post("/faults", json=wish)).json() == {**wish, "value": None}
        await client.post("/faults", json={"target": "shuttle1", "kind": "frozen"})
        listed = (await client.get("/faults")).json()
        assert [fault["target"] for fault in listed["faults"]] == ["lift1.rope_taut", "shuttle1"]
        assert "zone1.guards_closed" in listed["sensors"]
        assert (await client.post("/faults/clear", json={"target": "shuttle1"})).json() == {"cleared": 1}
        assert (await client.post("/faults/clear", json={})).json() == {"cleared": 1}
        assert garage.faults.faults == ()


async def test_h10_a_tag_of_bad_quality_is_told_as_such_over_opc_ua(
    config_on_free_ports: Load, tmp_state: Path
) -> None:
    config = config_on_free_ports("tower-guangzhou")
    async with running(config, tmp_state) as emulator, Client(url_of(config, "shuttle-plc"), timeout=4) as opcua:
        node = opcua.get_node(f"ns={await opcua.get_namespace_index(URI)};s=shuttle1.docked")
        shuttle, faults = emulator.garage.devices["shuttle1"], emulator.garage.faults

        async def quality() -> str:
            scans = shuttle.scans
            await eventually(lambda: shuttle.scans > scans)
            status = (await node.read_data_value(raise_on_bad_status=False)).StatusCode
            return "" if status is None else status.name

        assert await quality() == "Good"
        faults.inject(Fault("shuttle1.docked", FaultKind.BAD))
        assert await quality() == "BadSensorFailure"
        faults.clear("shuttle1.docked")
        assert await quality() == "Good"


async def test_a_restarted_safety_plc_wants_its_reset(config_on_free_ports: Load, tmp_state: Path) -> None:
    async with controlled(config_on_free_ports("tower-small"), tmp_state) as (garage, client):
        await client.post("/power-cycle", json={"device": "safety1"})
        garage.step(30)
        assert garage.devices["safety1"].read("zone1_torque_enabled") is False


@pytest.mark.parametrize(
    ("request_line", "body", "status", "code"),
    [
        ("GET /nothing", None, 404, "UNKNOWN_PATH"),
        ("GET /estop", None, 405, "WRONG_METHOD"),
        ("POST /estop", b"{", 400, "BAD_JSON"),
        ("POST /estop", b"[]", 400, "BAD_JSON"),
        ("POST /estop", {}, 422, "BAD_REQUEST"),
        ("POST /estop", {"zone": True, "pressed": True}, 422, "BAD_REQUEST"),
        ("POST /estop", {"zone": 7, "pressed": True}, 404, "UNKNOWN_ZONE"),
        ("POST /reset", {"zone": "1"}, 422, "BAD_REQUEST"),
        ("POST /confirm", {"cabin": "cabin9"}, 404, "UNKNOWN_CABIN"),
        ("POST /power-cycle", {"device": "x"}, 404, "UNKNOWN_DEVICE"),
        ("POST /sensor", {"path": "lift1.x", "value": 1}, 404, "UNKNOWN_SENSOR"),
        ("POST /sensor", {"path": "lift1.rope_taut"}, 422, "BAD_REQUEST"),
        ("POST /sensor", {"path": "lift1.rope_taut", "value": 7}, 422, "BAD_FAULT"),
        ("POST /faults", {"target": "lift1.rope_taut"}, 422, "BAD_REQUEST"),
        ("POST /faults", {"target": "lift1.rope_taut", "kind": "sad"}, 422, "BAD_REQUEST"),
        ("POST /faults", {"target": "lift1.rope_taut", "kind": "stuck", "at": "tag"}, 422, "BAD_REQUEST"),
        ("POST /faults", {"target": "lift1.rope_taut", "kind": "stuck", "value": "0"}, 422, "BAD_REQUEST"),
        ("POST /faults", {"target": "lift1.x", "kind": "stuck"}, 404, "UNKNOWN_TARGET"),
        ("POST /faults", {"target": "lift1.rope_taut", "kind": "bad"}, 422, "NOT_SUPPORTED"),
        ("POST /faults/clear", {"target": "lift1.rope_taut"}, 404, "NO_FAULT"),
        ("POST /arrivals", {"vehicle": {"length_mm": 4000}}, 422, "BAD_REQUEST"),
        ("POST /arrivals", {"vehicle": {"id": "a", "colour": "red"}}, 422, "BAD_REQUEST"),
        ("POST /arrivals", {"vehicle": {"id": "a", "length_mm": -1}}, 422, "BAD_REQUEST"),
        ("POST /arrivals", {"vehicle": {"id": "kuga-01"}}, 409, "VEHICLE_IS_HERE"),
        ("POST /arrivals", {"vehicle": {"id": "a"}, "cabin": "cabin9"}, 404, "UNKNOWN_CABIN"),
    ],
)
async def test_what_the_control_port_does_not_understand_it_refuses_with_a_remedy(
    config_on_free_ports: Load, tmp_state: Path, request_line: str, body: Any, status: int, code: str
) -> None:
    async with controlled(config_on_free_ports("tower-small"), tmp_state) as (_, client):
        content = body if isinstance(body, bytes) else (None if body is None else json.dumps(body).encode())
        answer = await client.request(*request_line.split(), content=content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["remedy"]


# --- attendant ----------------------------------------------------------------------------------------------


def test_the_attendant_confirms_an_empty_cabin_that_asks_for_it_once(config_on_free_ports: Load) -> None:
    garage = EmulatedGarage(config_on_free_ports("tower-small"), speed=10)
    garage.devices["cabin1"].write({"sign": int(Sign.CONFIRM_EMPTY)})
    garage.step(200)
    assert garage.devices["cabin1"].read("confirm_count") == 0
    garage.step(400)
    assert garage.devices["cabin1"].read("confirmed_opening") == 1
    garage.step(1000)
    assert garage.devices["cabin1"].read("confirm_count") == 1


def test_h02_the_attendant_does_not_confirm_while_somebody_is_inside(config_on_free_ports: Load) -> None:
    garage = EmulatedGarage(config_on_free_ports("tower-small"), speed=10)
    Actor(garage.plant, "cabin1", "child").appear_inside()
    garage.devices["cabin1"].write({"sign": int(Sign.CONFIRM_EMPTY)})
    garage.step(2000)
    assert garage.devices["cabin1"].read("confirm_count") == 0
