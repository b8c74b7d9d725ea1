"""The Modbus RTU link on a real pseudo-terminal, with units that answer late, wrong, or not at all."""

from __future__ import annotations

import termios
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import serial

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import LIFT as LIFT_DEFINITION
from plc_drivers.contract import DeviceKind
from plc_drivers.link import LinkState, RawAnswer
from plc_drivers.modbus.rtu_frame import crc16, find_answer
from plc_drivers.modbus.rtu_link import ModbusRtuLink
from plc_drivers.modbus.rtu_witness import RESYNC_AFTER, RtuWitness
from plc_drivers.modbus.settings import ModbusRtuSettings
from plc_drivers.profile import Profile
from tests.eventually import eventually
from tests.plc_drivers.modbus import fake_line
from tests.plc_drivers.modbus.driving import Driver, value
from tests.plc_drivers.modbus.fake_line import POISON, FakeLine, LineCall, Trick, framed, honest
from tests.plc_drivers.modbus.fake_plc import FakePlc
from tests.plc_drivers.modbus.sealed import beat

FIRST = DeviceBinding("lift1", 1, DeviceKind.LIFT, unit=3)
SECOND = DeviceBinding("lift2", 2, DeviceKind.LIFT, unit=4)


def rtu_link(path: Path, *bindings: DeviceBinding, timeout_ms: int = 60, silence_ms: int = 90) -> ModbusRtuLink:
    settings = ModbusRtuSettings("line", path, timeout_ms=timeout_ms, silence_after_timeout_ms=silence_ms)
    return ModbusRtuLink(settings, bindings or (FIRST,))


@pytest.fixture
async def line() -> AsyncIterator[FakeLine]:
    line = FakeLine({3: FakePlc(FIRST), 4: FakePlc(SECOND)})
    yield line
    line.close()


# --- tricks ------------------------------------------------------------------------------------------------------


def late(call: LineCall) -> None:
    call.later(0.09, call.poison())


def noise_before(call: LineCall) -> None:
    call.send(b"\x00" + call.right())


def own_unit_id_as_noise_before(call: LineCall) -> None:
    call.send(bytes((call.unit, call.unit)) + call.right())


def noise_after(call: LineCall) -> None:
    call.send(call.right() + b"\xff")


def dribbled(call: LineCall) -> None:
    call.dribble(0.0002, call.right())


def bad_check_sum(call: LineCall) -> None:
    answer = call.poison()
    call.send(answer[:-1] + bytes((answer[-1] ^ 1,)))


def wrong_unit(call: LineCall) -> None:
    call.send(call.poison(unit=9))


def wrong_function(call: LineCall) -> None:
    answer = call.poison()
    call.send(framed(call.unit, b"\x03" + answer[2:-2]))


def fewer_registers(call: LineCall) -> None:
    answer = call.poison()
    call.send(framed(call.unit, bytes((answer[1], answer[2] - 2)) + answer[3:-4]))


def truncated(call: LineCall) -> None:
    call.send(call.poison()[:-4])


def babble(call: LineCall) -> None:
    call.send(bytes(range(256)) * 6)


def refuses(call: LineCall) -> None:
    call.send(framed(call.unit, bytes((call.pdu[0] | 0x80, 3))))


def another_device(call: LineCall) -> None:
    device = next(iter(call.line.plcs[call.unit].devices.values()))
    device.values["device_id"] = 77
    call.send(call.poison())
    device.values["device_id"] = 1


def echo_of_an_older_frame(call: LineCall) -> None:
    plc = call.line.plcs[call.unit]
    heartbeat = int.from_bytes(call.pdu[10:12], "big") - 9
    older = call.pdu[:10] + heartbeat.to_bytes(2, "big") + call.pdu[12:]
    device = next(iter(plc.devices.values()))
    device.values["position_mm"] = POISON
    call.send(framed(call.unit, plc.answer(older)))
    device.values["position_mm"] = 0


def clock_of_an_older_frame(call: LineCall) -> None:
    device = next(iter(call.line.plcs[call.unit].devices.values()))
    device.serial -= 5
    call.send(call.poison())
    device.serial += 5


def silent(call: LineCall) -> None:
    del call


@dataclass(frozen=True)
class Case:
    trick: Trick
    code: str | None = None
    rejected: int = 0


CASES = [
    Case(late, "TIMEOUT", rejected=1),
    Case(noise_before, rejected=1),
    Case(own_unit_id_as_noise_before, rejected=1),
    Case(noise_after, rejected=1),
    Case(dribbled),
    Case(bad_check_sum, "TIMEOUT", rejected=1),
    Case(wrong_unit, "TIMEOUT", rejected=1),
    Case(wrong_function, "TIMEOUT", rejected=1),
    Case(fewer_registers, "TIMEOUT", rejected=1),
    Case(truncated, "TIMEOUT", rejected=1),
    Case(babble, "TIMEOUT", rejected=1),
    Case(refuses, "MODBUS_ILLEGAL_VALUE"),
    Case(another_device, "FOREIGN_DEVICE", rejected=1),
    Case(echo_of_an_older_frame, "IMPLAUSIBLE_ECHO", rejected=1),
    Case(clock_of_an_older_frame, "OLDER_ANSWER", rejected=1),
    Case(silent, "TIMEOUT"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.trick.__name__)
async def test_h10_no_wrong_answer_is_ever_taken_and_the_line_recovers(line: FakeLine, case: Case) -> None:
    link = rtu_link(line.path)
    link.start()
    driver = Driver(link, heartbeat=100)
    try:
        await driver.until(lambda: len(driver.answers) >= 2)
        before = len(driver.answers)
        line.script += [case.trick] * 2
        await driver.until(lambda: not line.script and len(driver.answers) >= before + 5 and not link.faults())
        if case.code == "TIMEOUT":
            await driver.rounds(40)  # Whatever comes late has come by then.
    finally:
        await link.stop()
    assert POISON not in driver.seen("lift1", "position_mm")
    assert link.status().rejected >= case.rejected
    assert link.status().connects == 1
    if case.code is not None:
        assert case.code in driver.codes()


async def test_h10_a_unit_late_every_third_time_gives_no_wrong_value(line: FakeLine) -> None:
    answered = 0

    def every_third_late(call: LineCall) -> None:
        nonlocal answered
        answered += 1
        if answered % 3 == 0:
            late(call)
        else:
            honest(call)

    line.always = every_third_late
    link = rtu_link(line.path)
    link.start()
    driver = Driver(link)
    await driver.until(lambda: link.status().timeouts >= 10)
    await link.stop()
    assert len(driver.answers) >= 15
    assert POISON not in driver.seen("lift1", "position_mm")
    assert link.status().rejected >= 9


async def test_h10_a_second_answer_while_the_next_request_waits_for_a_quiet_line_is_not_taken(line: FakeLine) -> None:
    slow = Profile.model_validate({"name": "slow", "modbus": {"minimum_silence_ms": 40}})
    link = rtu_link(line.path, DeviceBinding("lift1", 1, DeviceKind.LIFT, unit=3, profile=slow), timeout_ms=3000)
    link.start()
    driver = Driver(link)
    await driver.settled(link.answers)

    def twice(call: LineCall) -> None:
        honest(call)
        call.later(0.01, call.poison())

    line.script.append(twice)
    link.exchange(beat(901, "lift1"))
    link.exchange(beat(902, "lift1"))
    await eventually(lambda: not link.busy())
    await link.stop()
    assert link.answers()["lift1"].written == 902
    assert POISON not in driver.seen("lift1", "position_mm")
    assert link.status().rejected == 1


async def test_units_take_turns_and_each_gets_its_own_outputs(line: FakeLine) -> None:
    link = rtu_link(line.path, FIRST, SECOND)
    link.start()
    driver = Driver(link)
    await driver.settled(lambda: len(driver.answers) >= 10)
    await link.stop()
    assert value(link, "lift1", "device_id") == 1
    assert value(link, "lift2", "device_id") == 2
    assert line.asked[:6] == [3, 4] * 3
    for unit, device in ((3, "lift1"), (4, "lift2")):
        assert line.plcs[unit].command(device)["controller_heartbeat"] == link.answers()[device].written


async def test_a_dead_unit_is_asked_less_often_and_never_stalls_the_live_one(line: FakeLine) -> None:
    line.always = lambda call: silent(call) if call.unit == 4 else honest(call)
    link = rtu_link(line.path, FIRST, SECOND)
    link.start()
    driver = Driver(link)
    await driver.until(lambda: line.asked.count(4) >= 4)
    start = len(line.asked)
    await driver.until(lambda: line.asked[start:].count(3) >= 60)
    assert line.asked[start:].count(4) <= 2
    assert set(link.faults()) == {"lift2"}
    line.always = honest
    await driver.until(lambda: not link.faults())
    await link.stop()


async def test_an_urgent_write_goes_out_between_two_units(line: FakeLine) -> None:
    link = rtu_link(line.path, FIRST, SECOND, timeout_ms=3000)
    link.start()
    await Driver(link).settled(lambda: len(link.answers()) == 2)
    held: list[LineCall] = []
    line.script.append(held.append)
    link.exchange(beat(901, "lift1", "lift2", permits=("travel",)))
    await eventually(lambda: held)
    link.write_now(beat(902, "lift1", "lift2"))
    for plc in line.plcs.values():
        plc.requests.clear()
    honest(held[0])
    await eventually(lambda: not link.busy())
    await link.stop()
    assert [pdu[0] for pdu in line.plcs[4].requests] == [16, 23]
    for unit, device in ((3, "lift1"), (4, "lift2")):
        assert line.plcs[unit].command(device)["permit_travel"] is False
        assert line.plcs[unit].command(device)["controller_heartbeat"] == 902


async def test_a_port_that_does_not_exist_is_a_coded_fault_and_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "tty-line"
    link = rtu_link(path)
    link.start()
    driver = Driver(link)
    await driver.until(lambda: "PORT_UNREACHABLE" in driver.codes())
    status = link.status()
    assert status.fault is not None
    assert str(path) in status.fault.detail
    line = FakeLine({3: FakePlc(FIRST)})
    path.symlink_to(line.path)
    await driver.until(link.answers)
    await link.stop()
    line.close()


async def test_a_port_that_is_pulled_out_is_opened_again_when_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "tty-line"
    first = FakeLine({3: FakePlc(FIRST)})
    path.symlink_to(first.path)
    link = rtu_link(path)
    link.start()
    driver = Driver(link)
    await driver.until(link.answers)
    path.unlink()
    first.close()
    await driver.until(lambda: link.status().state is not LinkState.UP)
    second = FakeLine({3: FakePlc(FIRST)})
    path.symlink_to(second.path)
    await driver.until(lambda: link.status().connects == 2 and not link.faults())
    await link.stop()
    second.close()
    assert "PORT_LOST" in driver.codes()


async def test_a_file_that_is_no_port_is_a_coded_fault(tmp_path: Path) -> None:
    path = tmp_path / "no-port"
    path.write_text("text")
    link = rtu_link(path)
    link.start()
    driver = Driver(link)
    await driver.until(lambda: "PORT_UNREACHABLE" in driver.codes())
    await link.stop()


async def test_settings_that_the_port_refuses_are_named(line: FakeLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_settings: object) -> None:
        raise termios.error(22, "Invalid argument")

    monkeypatch.setattr(serial, "Serial", refuse)
    link = ModbusRtuLink(ModbusRtuSettings("line", line.path, parity="even"), [FIRST])
    link.start()
    driver = Driver(link)
    await driver.until(lambda: "PORT_SETTINGS" in driver.codes())
    await link.stop()
    fault = next(fault for _, fault in driver.faults if fault.code == "PORT_SETTINGS")
    assert "115200 baud, parity even" in fault.detail


async def test_the_port_belongs_to_one_link_alone(line: FakeLine) -> None:
    owner, intruder = rtu_link(line.path), rtu_link(line.path)
    owner.start()
    await eventually(lambda: owner.status().state is LinkState.UP)
    intruder.start()
    driver = Driver(intruder)
    await driver.until(lambda: "PORT_UNREACHABLE" in driver.codes())
    await intruder.stop()
    await owner.stop()


# --- frames and witness ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x01\x03\x00\x00\x00\x0a", bytes(range(256))])
def test_the_check_sum_is_the_standard_s(data: bytes) -> None:
    assert crc16(data) == fake_line.crc16(data)


def test_a_frame_is_found_only_whole() -> None:
    plan_operation = ModbusRtuLink(ModbusRtuSettings("line", Path("none")), [FIRST])._plans[0].read_only[0]
    answer = framed(3, plan_operation.answer_head + bytes(plan_operation.answer_size - 2))
    for end in range(len(answer)):
        assert find_answer(answer[:end], 3, plan_operation) is None
    found = find_answer(b"\x03\x03" + answer + b"\x00", 3, plan_operation)
    assert found is not None
    assert (found.before, found.after) == (2, 1)


def _answer(**values: int) -> RawAnswer:
    known = {"device_id": 1, "boot_counter": 1, "clock_ms": 0, "heartbeat_echo": 0, **values}
    return RawAnswer(tuple(known.get(tag.name, 1) for tag in LIFT_DEFINITION.status), frozenset(), 0, 0, None)


def test_a_restarted_plc_is_believed_at_once() -> None:
    witness = RtuWitness(FIRST)
    witness.wrote(5)
    assert witness.judge(_answer(clock_ms=1_000_000, heartbeat_echo=5)) is None
    assert witness.judge(_answer(clock_ms=3, boot_counter=2)) is None


def test_a_clock_that_wraps_is_not_an_older_answer() -> None:
    witness = RtuWitness(FIRST)
    assert witness.judge(_answer(clock_ms=0xFFFF_FFF0)) is None
    assert witness.judge(_answer(clock_ms=5)) is None
    assert witness.judge(_answer(clock_ms=0xFFFF_FFF0)) is not None


def test_an_echo_of_another_owner_is_shown_after_a_few_answers() -> None:
    witness = RtuWitness(FIRST)
    witness.wrote(5)
    assert witness.judge(_answer(heartbeat_echo=5)) is None
    faults = [witness.judge(_answer(heartbeat_echo=40_000 + n)) for n in range(RESYNC_AFTER)]
    assert [fault.code if fault else None for fault in faults] == ["IMPLAUSIBLE_ECHO"] * (RESYNC_AFTER - 1) + [None]
