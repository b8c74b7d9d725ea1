"""The link without a wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import pytest

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import LIFT, SAFETY, DeviceKind, Value
from plc_drivers.link import Link, LinkState
from plc_drivers.memory_link import MemoryLink
from plc_drivers.outputs import DeviceOutputs, PermittedOutputs
from tests.clock import VirtualClock
from tests.plc_drivers.modbus.sealed import beat, permitted

BINDING = DeviceBinding("lift", 1, DeviceKind.LIFT)


class Device:
    def __init__(self) -> None:
        self.values: dict[str, Value] = {
            tag.name: max(1, int(tag.bounds[0])) if tag.enum is None else int(next(iter(tag.enum)))
            for tag in LIFT.status
        }
        self.written: list[Mapping[str, Value]] = []

    def status(self) -> Sequence[Value]:
        return list(self.values.values())

    def write(self, values: Mapping[str, Value]) -> None:
        self.written.append(values)


def made(device: Device, clock: VirtualClock) -> MemoryLink:
    link = MemoryLink("memory", [BINDING], {"lift": device}, clock_ms=clock)
    link.start()
    return link


async def test_an_exchange_writes_and_then_reads_at_once(clock: VirtualClock) -> None:
    device = Device()
    link: Link = made(device, clock)
    idle: list[bool] = []
    link.on_idle = lambda: idle.append(True)
    assert link.exchange(beat(7, "lift", permits=("travel",)))
    answer = link.answers()["lift"]
    assert (answer.written, answer.at_ms, answer.bad_tags) == (7, clock(), frozenset())
    assert device.written[0]["controller_heartbeat"] == 7
    assert device.written[0]["permit_travel"] is True
    assert idle == [True]
    assert not link.busy()
    assert not link.faults()
    await link.stop()
    assert link.status().state is LinkState.CLOSED
    assert link.faults()


def test_a_read_writes_nothing(clock: VirtualClock) -> None:
    device = Device()
    link = made(device, clock)
    link.exchange(None)
    link.exchange(permitted({}))
    assert device.written == []
    assert link.answers()["lift"].written is None


def test_a_value_out_of_range_is_bad_as_it_would_be_on_a_wire(clock: VirtualClock) -> None:
    device = Device()
    device.values["state"] = 0
    device.values["station"] = -7
    link = made(device, clock)
    link.exchange(None)
    answer = link.answers()["lift"]
    assert answer.bad_tags == {LIFT.status_index["state"], LIFT.status_index["station"]}
    assert answer.values[LIFT.status_index["state"]] is None


def test_outputs_that_do_not_fit_are_not_written(clock: VirtualClock) -> None:
    device = Device()
    link = made(device, clock)
    for outputs in (
        DeviceOutputs(1, 1, frozenset({"fly"})),
        DeviceOutputs(70_000, 1),
        DeviceOutputs(1, 1, levels={"sign": 1}),
    ):
        link.exchange(permitted({"lift": outputs}))
        assert link.faults()["lift"].code == "OUTPUTS_REFUSED"
        assert link.answers()["lift"].written is None
    assert device.written == []
    link.write_now(beat(2, "lift"))
    assert len(device.written) == 1
    assert not link.faults()


def test_a_kind_that_is_only_read_takes_no_outputs(clock: VirtualClock) -> None:
    class Safety(Device):
        def status(self) -> Sequence[Value]:
            return [True] * len(SAFETY.status)

    safety = Safety()
    link = MemoryLink("m", [DeviceBinding("s", 1, DeviceKind.SAFETY)], {"s": safety}, clock_ms=clock)
    link.start()
    link.exchange(beat(1, "s"))
    assert safety.written == []
    assert link.faults()["s"].code == "OUTPUTS_REFUSED"


def test_a_device_that_gives_another_number_of_values_is_a_fault_of_the_simulation(clock: VirtualClock) -> None:
    class Short(Device):
        def status(self) -> Sequence[Value]:
            return [1]

    link = made(Short(), clock)
    with pytest.raises(ValueError, match="1 values"):
        link.exchange(None)


def test_h10_only_outputs_that_passed_the_gate_are_taken(clock: VirtualClock) -> None:
    link = made(Device(), clock)
    forged = cast("PermittedOutputs", {"lift": DeviceOutputs(1, 1)})
    for bypass in (link.exchange, link.write_now):
        with pytest.raises(TypeError, match=r"safety\.gate"):
            bypass(forged)


def test_a_device_without_its_object_is_refused() -> None:
    with pytest.raises(ValueError, match="object behind it"):
        MemoryLink("m", [BINDING], {})


def test_a_sensor_that_the_device_does_not_have_reads_as_bad(clock: VirtualClock) -> None:
    binding = replace(BINDING, absent=frozenset({"rope_taut"}))
    link = MemoryLink("memory", [binding], {"lift": Device()}, clock_ms=clock)
    link.start()
    link.exchange(None)
    answer = link.answers()["lift"]
    assert answer.bad_tags == {binding.definition.status_index["rope_taut"]}
    assert answer.values[binding.definition.status_index["rope_taut"]] is None
