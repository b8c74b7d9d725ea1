"""The Modbus TCP link against a PLC that answers as it should, and against one that does everything wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import cast

import pytest

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import CommandCode, DeviceKind
from plc_drivers.link import LinkState
from plc_drivers.outputs import DeviceOutputs, MailboxCommand, PermittedOutputs
from plc_drivers.profile import ModbusProfile, Profile
from plc_drivers.reconnect import ConnectGate
from tests.eventually import eventually
from tests.plc_drivers.modbus.driving import LIFT, Driver, tcp_link, value
from tests.plc_drivers.modbus.fake_plc import FakePlc
from tests.plc_drivers.modbus.hostile_tcp import POISON, Call, HostileServer, Trick, honest
from tests.plc_drivers.modbus.sealed import beat, permitted

FC16 = Profile.model_validate({"name": "no FC23", "modbus": {"exchange": "fc16+fc3"}})


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    server = HostileServer(FakePlc(LIFT))
    await server.start()
    yield server
    await server.stop()


# --- tricks ------------------------------------------------------------------------------------------------------


def late(call: Call) -> None:
    call.later(0.1, call.frame(call.poison()))


def late_and_the_next_right_one_first(call: Call) -> None:
    held = call.frame(call.poison())

    def next_call(following: Call) -> None:
        honest(following)
        following.send(held)

    call.server.script.appendleft(next_call)


def late_just_before_the_next_right_one(call: Call) -> None:
    held = call.frame(call.poison())
    call.server.script.appendleft(lambda following: following.send(held + following.frame(following.right())))


def twice(call: Call) -> None:
    call.send(call.frame(call.right()) + call.frame(call.poison()))


def foreign_transaction_first(call: Call) -> None:
    call.send(call.frame(call.poison(), tid=(call.tid + 1) % 0x10000) + call.frame(call.right()))


def transaction_zero(call: Call) -> None:
    call.send(call.frame(call.poison(), tid=0))


def wrong_unit(call: Call) -> None:
    call.send(call.frame(call.poison(), unit=call.unit + 1))


def wrong_function(call: Call) -> None:
    pdu = call.poison()
    call.send(call.frame(b"\x03" + pdu[1:]))


def fewer_registers(call: Call) -> None:
    pdu = call.poison()
    call.send(call.frame(bytes((pdu[0], pdu[1] - 2)) + pdu[2:-2]))


def more_registers(call: Call) -> None:
    pdu = call.poison()
    call.send(call.frame(bytes((pdu[0], pdu[1] + 2)) + pdu[2:] + b"\x00\x00"))


def byte_count_that_lies(call: Call) -> None:
    pdu = call.poison()
    call.send(call.frame(bytes((pdu[0], pdu[1] - 2)) + pdu[2:]))


def empty_pdu(call: Call) -> None:
    call.send(call.frame(b"\x17"))


def refuses_address(call: Call) -> None:
    call.send(call.frame(bytes((call.pdu[0] | 0x80, 2))))


def unknown_exception(call: Call) -> None:
    call.send(call.frame(bytes((call.pdu[0] | 0x80, 99))))


def exception_of_another_function(call: Call) -> None:
    call.send(call.frame(b"\x84\x02"))


def wrong_protocol(call: Call) -> None:
    call.send(call.frame(call.poison(), protocol=1))


def garbage(call: Call) -> None:
    call.send(b"\xff" * 40)


def text(call: Call) -> None:
    call.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def oversized(call: Call) -> None:
    call.send(call.frame(call.poison() + bytes(300)))


def length_of_nothing(call: Call) -> None:
    call.send(call.frame(b"")[:6])


def truncated(call: Call) -> None:
    call.send(call.frame(call.poison())[:-3])


def header_only(call: Call) -> None:
    call.send(call.frame(call.poison())[:5])


def closes_instead(call: Call) -> None:
    call.writer.close()


def closes_in_the_middle(call: Call) -> None:
    call.send(call.frame(call.poison())[:20])
    call.writer.close()


def resets(call: Call) -> None:
    call.reset()


def floods(call: Call) -> None:
    call.send(call.frame(call.poison(), tid=(call.tid + 7) % 0x10000) * 40)


def silent(call: Call) -> None:
    del call


@dataclass(frozen=True)
class Case:
    trick: Trick
    code: str | None = None
    """A fault that must be shown; None where the exchange succeeds all the same."""
    rejected: int = 0
    reconnects: bool = False


CASES = [
    Case(late, "TIMEOUT", rejected=1),
    Case(late_and_the_next_right_one_first, "TIMEOUT", rejected=1),
    Case(late_just_before_the_next_right_one, "TIMEOUT", rejected=1),
    Case(twice, rejected=1),
    Case(foreign_transaction_first, rejected=1),
    Case(transaction_zero, "TIMEOUT", rejected=1),
    Case(wrong_unit, "FOREIGN_UNIT", rejected=1),
    Case(wrong_function, "FOREIGN_ANSWER", rejected=1),
    Case(fewer_registers, "FOREIGN_ANSWER", rejected=1),
    Case(more_registers, "FOREIGN_ANSWER", rejected=1),
    Case(byte_count_that_lies, "FOREIGN_ANSWER", rejected=1),
    Case(empty_pdu, "GARBAGE", rejected=1, reconnects=True),
    Case(refuses_address, "MODBUS_ILLEGAL_ADDRESS"),
    Case(unknown_exception, "MODBUS_EXCEPTION_99"),
    Case(exception_of_another_function, "FOREIGN_ANSWER", rejected=1),
    Case(wrong_protocol, "GARBAGE", rejected=1, reconnects=True),
    Case(garbage, "GARBAGE", rejected=1, reconnects=True),
    Case(text, "GARBAGE", rejected=1, reconnects=True),
    Case(oversized, "GARBAGE", rejected=1, reconnects=True),
    Case(length_of_nothing, "GARBAGE", rejected=1, reconnects=True),
    Case(truncated, "TRUNCATED_ANSWER", rejected=1, reconnects=True),
    Case(header_only, "TRUNCATED_ANSWER", rejected=1, reconnects=True),
    Case(closes_instead, "CONNECTION_LOST", reconnects=True),
    Case(closes_in_the_middle, "CONNECTION_LOST", reconnects=True),
    Case(resets, "CONNECTION_LOST", reconnects=True),
    Case(floods, "FLOODED", rejected=17, reconnects=True),
    Case(silent, "TIMEOUT"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.trick.__name__)
async def test_h10_no_wrong_answer_is_ever_taken_and_the_link_recovers(server: HostileServer, case: Case) -> None:
    link = tcp_link(server.port)
    link.start()
    driver = Driver(link)
    try:
        await driver.until(lambda: len(driver.answers) >= 2)
        before = len(driver.answers)
        server.script += [case.trick] * 2
        await driver.until(lambda: not server.script and len(driver.answers) >= before + 5 and not link.faults())
        if case.code == "TIMEOUT":
            await driver.rounds(45)  # Whatever comes late has come by then.
    finally:
        await link.stop()
    assert POISON not in driver.seen("lift", "position_mm")
    status = link.status()
    assert status.rejected >= case.rejected
    assert (status.connects > 1) == case.reconnects
    if case.code is not None:
        assert case.code in driver.codes()
        fault = next(fault for _, fault in driver.faults if fault.code == case.code)
        assert fault.detail
        assert fault.remedy


@pytest.mark.parametrize("writes", [True, False], ids=["writing", "reading"])
async def test_an_exchange_reads_all_status_and_carries_what_was_written(server: HostileServer, writes: bool) -> None:
    server.plc.devices["lift"].values["position_mm"] = -123_456
    link = tcp_link(server.port)
    link.start()
    driver = Driver(link, writes=writes)
    await driver.settled(lambda: len(driver.answers) >= 3)
    answer = link.answers()["lift"]
    await link.stop()
    assert value(link, "lift", "position_mm") == -123_456
    assert not answer.bad_tags
    assert answer.sent_ms <= answer.at_ms
    assert (answer.written is not None) == writes
    assert {pdu[0] for pdu in server.plc.requests} == {23 if writes else 3}
    assert server.plc.command("lift")["controller_heartbeat"] == (answer.written or 0)


async def test_a_command_arrives_with_all_its_parts(server: HostileServer) -> None:
    link = tcp_link(server.port)
    link.start()
    await eventually(lambda: link.status().state is LinkState.UP)
    command = MailboxCommand(7, CommandCode.MOVE_TO_LEVEL, -3, 4_000_000, 0xFFFF_FFFE, 1000)
    link.exchange(permitted({"lift": DeviceOutputs(65_535, 77_000, frozenset({"travel"}), command)}))
    await eventually(lambda: "lift" in link.answers())
    await link.stop()
    assert server.plc.command("lift") == {
        "controller_heartbeat": 65_535,
        "permit_travel": True,
        "owner_epoch_wanted": 77_000,
        "cmd_code": int(CommandCode.MOVE_TO_LEVEL),
        "cmd_arg1": -3,
        "cmd_arg2": 4_000_000,
        "cmd_issued_ms": 0xFFFF_FFFE,
        "cmd_valid_ms": 1000,
        "cmd_seq": 7,
    }


async def test_an_answer_in_single_bytes_is_taken(server: HostileServer) -> None:
    def dribbles(call: Call) -> None:
        call.dribble(0.0002, call.frame(call.right()))

    link = tcp_link(server.port, timeout_ms=2000)
    link.start()
    driver = Driver(link)
    await driver.until(link.answers)
    before = len(driver.answers)
    server.script.append(dribbles)
    await driver.until(lambda: len(driver.answers) > before + 2)
    await link.stop()
    assert link.status().rejected == 0
    assert link.status().timeouts == 0


async def test_h10_a_wrong_write_echo_fails_the_exchange(server: HostileServer) -> None:
    def echoes_another_count(call: Call) -> None:
        call.send(call.frame(call.right()[:-1] + b"\x01"))

    link = tcp_link(server.port, DeviceBinding("lift", 1, DeviceKind.LIFT, profile=FC16))
    server.plc = FakePlc(DeviceBinding("lift", 1, DeviceKind.LIFT, profile=FC16))
    link.start()
    driver = Driver(link)
    await driver.settled(link.answers)
    server.script.append(echoes_another_count)
    await driver.until(lambda: "FOREIGN_ANSWER" in driver.codes() and not link.faults())
    await link.stop()
    assert {pdu[0] for pdu in server.plc.requests} == {16, 3}


async def test_a_pending_request_fails_at_once_when_the_peer_closes(server: HostileServer) -> None:
    link = tcp_link(server.port, timeout_ms=5000)
    link.start()
    await Driver(link).settled(link.answers)
    server.always = closes_instead
    link.exchange(None)
    await eventually(lambda: not link.busy(), within_s=2)
    assert link.faults()["lift"].code == "CONNECTION_LOST"
    assert link.status().timeouts == 0
    await link.stop()


async def test_a_half_open_connection_is_built_anew_after_three_time_outs(server: HostileServer) -> None:
    link = tcp_link(server.port)
    link.start()
    driver = Driver(link)
    await driver.until(link.answers)
    dead = server.connections
    server.always = lambda call: silent(call) if call.server.connections == dead else honest(call)
    await driver.until(lambda: link.status().timeouts >= 1)
    await driver.until(lambda: not link.faults() and link.status().connects == 2)
    await link.stop()
    assert "HALF_OPEN" in driver.codes()
    assert link.status().timeouts == 3


async def test_h11_outputs_kept_for_a_lost_connection_never_go_out_on_the_next(server: HostileServer) -> None:
    link = tcp_link(server.port, timeout_ms=5000)
    link.start()
    await Driver(link).settled(link.answers)
    held: list[Call] = []
    server.always = held.append
    assert link.exchange(beat(901, "lift"))
    assert not link.exchange(beat(902, "lift"))
    link.write_now(beat(903, "lift"))
    await eventually(lambda: held)
    server.always = honest
    held[0].reset()
    await eventually(lambda: link.status().connects == 2)
    link.exchange(None)
    await eventually(lambda: not link.faults())
    await link.stop()
    assert server.plc.command("lift")["controller_heartbeat"] not in {901, 902, 903}


async def test_kept_outputs_go_out_newest_first_when_the_wire_is_free(server: HostileServer) -> None:
    link = tcp_link(server.port, timeout_ms=5000)
    link.start()
    await Driver(link).settled(link.answers)
    held: list[Call] = []
    server.script.append(held.append)
    assert link.exchange(beat(901, "lift"))
    assert not link.exchange(beat(902, "lift"))
    assert not link.exchange(beat(903, "lift"))
    await eventually(lambda: held)
    served = server.served
    honest(held[0])
    await eventually(lambda: not link.busy())
    await link.stop()
    assert server.served == served + 1
    assert link.answers()["lift"].written == 903


async def test_dropped_permits_overtake_the_trip_that_is_under_way() -> None:
    bindings = [DeviceBinding(f"lift{n}", n, DeviceKind.LIFT, unit=1, profile=_at(n)) for n in (1, 2, 3)]
    server = HostileServer(FakePlc(*bindings))
    await server.start()
    link = tcp_link(server.port, *bindings, timeout_ms=5000)
    link.start()
    names = link.devices
    await Driver(link).settled(lambda: len(link.answers()) == 3)
    held: list[Call] = []
    server.script.append(held.append)
    link.exchange(beat(901, *names, permits=("travel",)))
    await eventually(lambda: held)
    link.exchange(beat(902, *names, permits=("travel",)))
    link.write_now(beat(903, *names))
    server.plc.requests.clear()
    honest(held[0])
    await eventually(lambda: not link.busy())
    await link.stop()
    await server.stop()
    # The exchange in flight ends, then come the three urgent writes; no later request asserts a permit again.
    assert [pdu[0] for pdu in server.plc.requests[:4]] == [23, 16, 16, 16]
    assert [server.plc.command(name)["permit_travel"] for name in names] == [False] * 3
    writes = [pdu for pdu in server.plc.requests[1:] if pdu[0] in {16, 23}]
    heartbeats = {int.from_bytes(pdu[6:8] if pdu[0] == 16 else pdu[10:12], "big") for pdu in writes}
    assert heartbeats == {903}


def _at(number: int) -> Profile:
    bases = {"command_base": 1000 * number, "status_base": 1000 * number + 100}
    return Profile.model_validate({"name": "bases", "modbus": bases})


async def test_a_plc_that_is_absent_at_start_is_found_when_it_appears(free_port: Callable[[], int]) -> None:
    server = HostileServer(FakePlc(LIFT))
    port = free_port()
    link = tcp_link(port)
    link.start()
    assert link.exchange(None)
    assert not link.busy()
    driver = Driver(link)
    await driver.until(lambda: link.faults()["lift"].code == "CONNECT_FAILED")
    assert link.status().fault is not None
    await server.start(port)
    await driver.until(lambda: not link.faults())
    assert link.status().fault is None
    await link.stop()
    await server.stop()


async def test_one_bad_link_never_delays_another(server: HostileServer, free_port: Callable[[], int]) -> None:
    mute = HostileServer(FakePlc(LIFT))
    mute.always = silent
    await mute.start()
    bad = [tcp_link(mute.port, timeout_ms=3000), tcp_link(free_port(), timeout_ms=3000)]
    good = tcp_link(server.port, timeout_ms=3000)
    for link in (*bad, good):
        link.start()
    await eventually(lambda: bad[0].status().state is LinkState.UP and good.status().state is LinkState.UP)
    for heartbeat in range(50):
        for link in (*bad, good):
            link.exchange(beat(heartbeat, "lift"))
        await eventually(lambda: not good.busy(), within_s=2)
        assert good.answers()["lift"].written == heartbeat
    assert not bad[0].answers()
    assert bad[0].busy()
    await asyncio.gather(*(link.stop() for link in (*bad, good)))
    await mute.stop()


async def test_a_silent_unit_behind_a_gateway_does_not_make_the_live_ones_stale() -> None:
    bindings = [DeviceBinding(f"lift{n}", n, DeviceKind.LIFT, unit=n, profile=_at(n)) for n in (1, 2, 3)]
    server = HostileServer(FakePlc(*bindings))
    await server.start()
    server.always = lambda call: silent(call) if call.unit == 2 else honest(call)
    link = tcp_link(server.port, *bindings, timeout_ms=60)
    link.start()
    driver = Driver(link)
    await driver.until(lambda: link.status().timeouts >= 4)
    timeouts, connects = link.status().timeouts, link.status().connects
    before = len(driver.answers)
    await driver.until(lambda: len(driver.answers) >= before + 60)
    assert link.status().timeouts <= timeouts + 2
    assert link.status().connects == connects
    assert set(link.faults()) == {"lift2"}
    server.always = honest
    await driver.until(lambda: not link.faults())
    await link.stop()
    await server.stop()


async def test_units_are_not_compared_where_the_profile_says_so(server: HostileServer) -> None:
    server.always = lambda call: call.send(call.frame(call.right(), unit=0))
    careless = Profile.model_validate({"name": "careless", "modbus": {"ignore_unit": True}})
    link = tcp_link(server.port, DeviceBinding("lift", 1, DeviceKind.LIFT, profile=careless))
    link.start()
    await Driver(link).until(link.answers)
    await link.stop()
    assert link.status().rejected == 0


async def test_outputs_that_do_not_fit_are_not_written_and_the_device_is_still_read(server: HostileServer) -> None:
    link = tcp_link(server.port)
    link.start()
    await Driver(link).settled(link.answers)
    written = server.plc.command("lift")
    server.plc.requests.clear()
    link.exchange(permitted({"lift": DeviceOutputs(5, 1, frozenset({"fly"}))}))
    await eventually(lambda: not link.busy())
    assert [pdu[0] for pdu in server.plc.requests] == [3]
    assert link.faults()["lift"].code == "OUTPUTS_REFUSED"
    assert "fly" in link.faults()["lift"].detail
    link.exchange(permitted({"lift": DeviceOutputs(70_000, 1)}))
    await eventually(lambda: not link.busy())
    assert "controller_heartbeat = 70000" in link.faults()["lift"].detail
    assert server.plc.command("lift") == written
    link.exchange(beat(9, "lift"))
    await eventually(lambda: not link.faults())
    await link.stop()


async def test_h10_only_outputs_that_passed_the_gate_are_taken(server: HostileServer) -> None:
    link = tcp_link(server.port)
    link.start()
    forged = cast("PermittedOutputs", {"lift": DeviceOutputs(1, 1)})
    for bypass in (link.exchange, link.write_now):
        with pytest.raises(TypeError, match=r"safety\.gate"):
            bypass(forged)
    await link.stop()


async def test_the_link_says_when_it_is_idle(server: HostileServer) -> None:
    link = tcp_link(server.port)
    idle = asyncio.Event()
    link.on_idle = idle.set
    link.start()
    await eventually(lambda: link.status().state is LinkState.UP)
    for _ in range(20):
        idle.clear()
        link.exchange(None)
        assert link.busy()
        await asyncio.wait_for(idle.wait(), 2)
        assert not link.busy()
    await link.stop()


async def test_stop_ends_everything_whatever_the_link_is_doing(
    server: HostileServer, free_port: Callable[[], int]
) -> None:
    server.always = silent
    waiting, absent, never = tcp_link(server.port), tcp_link(free_port()), tcp_link(server.port)
    waiting.start()
    absent.start()
    await eventually(lambda: waiting.status().state is LinkState.UP)
    waiting.exchange(None)
    await asyncio.gather(waiting.stop(), absent.stop(), never.stop())
    for link in (waiting, absent, never):
        assert link.status().state is LinkState.CLOSED
        assert link.exchange(None)
        assert not link.busy()


def test_connects_to_one_host_are_spaced() -> None:
    gate = ConnectGate()
    assert [gate.delay_s("plc", 0.5, 10.0) for _ in range(3)] == [0.0, 0.5, 1.0]
    assert gate.delay_s("other", 0.5, 10.0) == 0.0
    assert gate.delay_s("plc", 0.5, 20.0) == 0.0


def test_a_default_profile_changes_nothing() -> None:
    assert ModbusProfile().status_base_of("lift") == 100
