"""Profiles on real sockets: a PLC with other registers is driven as one with the default image."""

from __future__ import annotations

import pytest

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import CommandCode, DeviceKind
from plc_drivers.link import LinkState
from plc_drivers.modbus.plan import compile_plan, tag_places
from plc_drivers.outputs import DeviceOutputs, MailboxCommand
from plc_drivers.profile import Area, load_profile
from tests.eventually import eventually
from tests.plc_drivers.modbus.driving import Driver, tcp_link, value
from tests.plc_drivers.modbus.fake_plc import FakePlc
from tests.plc_drivers.modbus.hostile_tcp import Call, HostileServer
from tests.plc_drivers.modbus.sealed import permitted
from tests.plc_drivers.test_profile import FIELD, SHARED

FIELD_LIFT = DeviceBinding("lift1", 1, DeviceKind.LIFT, profile=load_profile(FIELD))


async def test_a_field_plc_without_fc23_gives_the_contract_s_values_and_takes_its_commands() -> None:
    server = HostileServer(FakePlc(FIELD_LIFT))
    await server.start()
    link = tcp_link(server.port, FIELD_LIFT)
    link.start()
    device = server.plc.devices["lift1"]
    device.values |= {"position_mm": 12_340, "load_weight_kg": 1810, "rope_taut": True, "load_present": False}
    await eventually(lambda: link.status().state is LinkState.UP)
    command = MailboxCommand(9, CommandCode.MOVE_TO_LEVEL, 4, 0, 123_456, 1000)
    link.exchange(permitted({"lift1": DeviceOutputs(77, 5, frozenset({"travel"}), command)}))
    await eventually(lambda: "lift1" in link.answers())
    await link.stop()
    await server.stop()
    assert [pdu[0] for pdu in server.plc.requests] == [16, 4, 4, 2]
    for tag, expected in {
        "position_mm": 12_340,
        "load_weight_kg": 1810,
        "rope_taut": True,
        "load_present": False,
    }.items():
        assert value(link, "lift1", tag) == expected
    assert server.plc.memory[Area.DISCRETE][416] == 1
    assert server.plc.memory[Area.INPUT][30_205] == 181
    # Low word first: the low word of the PLC's clock stands in the lower register.
    assert server.plc.memory[Area.HOLDING][511] == 123_456 & 0xFFFF
    assert server.plc.memory[Area.HOLDING][512] == 123_456 >> 16
    assert server.plc.command("lift1")["cmd_seq"] == 9


async def test_several_devices_share_a_unit_by_their_bases() -> None:
    profile = load_profile(SHARED)
    bindings = [
        DeviceBinding("lift1", 1, DeviceKind.LIFT, profile=profile),
        DeviceBinding("cabin1", 2, DeviceKind.CABIN, profile=profile),
        DeviceBinding("cabin2", 3, DeviceKind.CABIN, profile=profile),
    ]
    server = HostileServer(FakePlc(*bindings))

    def with_a_unit_id_of_its_own(call: Call) -> None:
        call.send(call.frame(call.right(), unit=255))

    server.always = with_a_unit_id_of_its_own
    await server.start()
    link = tcp_link(server.port, *bindings)
    link.start()
    await Driver(link, writes=False).settled(lambda: len(link.answers()) == 3)
    levels = {"traffic_light": 1, "sign": 2}
    link.exchange(
        permitted(
            {
                "lift1": DeviceOutputs(21, 1, frozenset({"travel"})),
                "cabin1": DeviceOutputs(22, 1, frozenset({"inner"}), levels=levels),
                "cabin2": DeviceOutputs(23, 1, levels=levels),
            }
        )
    )
    await eventually(lambda: not link.busy())
    await link.stop()
    await server.stop()
    assert [value(link, name, "device_id") for name in link.devices] == [1, 2, 3]
    assert [server.plc.command(name)["controller_heartbeat"] for name in link.devices] == [21, 22, 23]
    assert server.plc.command("cabin1")["permit_inner"] is True
    assert server.plc.command("cabin2")["permit_inner"] is False


@pytest.mark.parametrize("levels", [{}, {"traffic_light": 1}, {"traffic_light": 1, "sign": 2, "horn": 1}])
async def test_a_cabin_s_levels_must_all_be_there_and_no_other(levels: dict[str, int]) -> None:
    cabin = DeviceBinding("cabin", 1, DeviceKind.CABIN)
    server = HostileServer(FakePlc(cabin))
    await server.start()
    link = tcp_link(server.port, cabin)
    link.start()
    await eventually(lambda: link.status().state is LinkState.UP)
    link.exchange(permitted({"cabin": DeviceOutputs(1, 1, levels=levels)}))
    await eventually(lambda: not link.busy())
    await link.stop()
    await server.stop()
    assert link.faults()["cabin"].code == "LINK_CLOSED"
    assert [pdu[0] for pdu in server.plc.requests] == [3]


async def test_a_sensor_that_a_device_does_not_have_is_not_asked_for_and_reads_as_bad() -> None:
    """In the block its bit is passed over; as a re-bound tag at the block's end its register is not even read."""
    lift = DeviceBinding("lift1", 1, DeviceKind.LIFT, absent=frozenset({"rope_taut", "speed_ok", "shaft_doors_closed"}))
    server = HostileServer(FakePlc(lift))
    await server.start()
    link = tcp_link(server.port, lift)
    link.start()
    server.plc.devices["lift1"].values |= {"brake_closed": True, "rope_taut": True}
    await Driver(link, writes=False).settled(lambda: "lift1" in link.answers())
    await link.stop()
    await server.stop()
    answer = link.answers()["lift1"]
    index = lift.definition.status_index
    assert answer.bad_tags == {index[tag] for tag in lift.absent}
    assert answer.values[index["rope_taut"]] is None
    assert value(link, "lift1", "brake_closed") is True
    assert tag_places(lift)["rope_taut"] is None
    (span,) = compile_plan(lift).status.spans
    assert span.count == lift.definition.status_length - 1, "the last register held nothing else"
