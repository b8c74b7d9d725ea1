"""Emulated PLCs that are scanned by the test, for servers to stand in front of."""

from __future__ import annotations

from collections.abc import Mapping

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import CABIN, DEFINITIONS, LIFT, SAFETY, DeviceDefinition, DeviceKind, Tag, TagType, Value
from plc_drivers.profile import Profile
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.device import EmulatedPlc, ReadOnlyPlc
from sim_hardware.servers.modbus_unit import ModbusUnit
from tests.sim_hardware.plc.bench import BenchProgram


def telling_value(tag: Tag, position: int) -> Value:
    """A value that differs from tag to tag and is allowed."""
    if tag.wire is TagType.BOOL:
        return position % 3 == 0
    if tag.enum is not None:
        return int(list(tag.enum)[-1])
    low, high = tag.bounds
    return int(max(low, min(high, (-1 if low < 0 else 1) * (1000 + 37 * position))))


class TellingProgram(BenchProgram):
    """Shows a telling value in every tag of its kind."""

    def __init__(self, definition: DeviceDefinition) -> None:
        super().__init__()
        self._inputs = telling_inputs(definition)

    def inputs(self) -> Mapping[str, Value]:
        return self._inputs


def telling_inputs(definition: DeviceDefinition) -> dict[str, Value]:
    return {tag.name: telling_value(tag, i) for i, tag in enumerate(definition.status) if tag.word >= 30}


def bench_plc(kind: DeviceKind = DeviceKind.LIFT, name: str = "lift1", device_id: int = 7) -> EmulatedPlc:
    """A PLC after its first scan."""
    definition = DEFINITIONS[kind]
    if definition.is_commanded:
        plc: EmulatedPlc = CommandedPlc(definition, name, device_id, TellingProgram(definition))
    else:
        plc = ReadOnlyPlc(definition, name, device_id, lambda: telling_inputs(definition))
    plc.scan(1000, 1000)
    return plc


def unit_of(plc: EmulatedPlc, profile: Profile | None = None, unit: int = 1) -> ModbusUnit:
    made = ModbusUnit()
    made.add(binding_of(plc, profile, unit), plc)
    return made


def binding_of(plc: EmulatedPlc, profile: Profile | None = None, unit: int = 1) -> DeviceBinding:
    return DeviceBinding(plc.name, plc.device_id, plc.definition.kind, unit, profile)


def registers_of(tag: Tag, value: Value) -> list[int]:
    """The registers of a documented value, high word first; made here again on purpose."""
    raw = int(value) & (0xFFFF_FFFF if tag.wire.registers == 2 else 0xFFFF)
    return [raw >> 16, raw & 0xFFFF] if tag.wire.registers == 2 else [raw]


__all__ = ["CABIN", "LIFT", "SAFETY", "bench_plc", "binding_of", "registers_of", "telling_value", "unit_of"]
