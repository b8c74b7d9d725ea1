"""One emulated garage without any protocol: the plant, the people at its cabins, and the PLCs on its terminals.

Owns how these are built from a configuration and in which order they pass time. Deterministic and without a clock:
``step`` is the only way in which time passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from controller.config.links import OpcUaLink
from controller.config.models import GarageConfig
from controller.config.sections import Device, definition_of, devices
from controller.garage import Layout
from plc_drivers.contract import SAFETY
from plc_drivers.contract.codes import Mode
from sim_hardware.attendant import Attendant
from sim_hardware.fault_injector import FaultInjector
from sim_hardware.fault_machine import MachineFaults
from sim_hardware.fault_plc import PlcFaults
from sim_hardware.people import Crowd
from sim_hardware.plant.plant import Plant
from sim_hardware.plant.ports import DevicePort
from sim_hardware.plant.violation import Verdict
from sim_hardware.plc.cabin import CabinProgram
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.device import EmulatedPlc, ReadOnlyPlc
from sim_hardware.plc.jog import JOG_MM_S
from sim_hardware.plc.lift import LiftProgram
from sim_hardware.plc.program import Program
from sim_hardware.plc.safety import SafetyProgram
from sim_hardware.plc.shuttle import ShuttleProgram
from sim_hardware.plc.wires import cabin_wires, lift_wires, shuttle_wires


class EmulatedGarage:
    """Plant and PLCs of ``config``.

    ``speed`` is how many milliseconds of plant time pass with one of communication. ``local_interlocks`` False takes
    the PLCs' own interlocks away, for proofs that the controller's suffice. ``keeps_reference`` False makes shuttles
    forget their position with a PLC restart. ``populated`` False leaves the cabins without customers and attendants,
    for a test that acts for them.
    """

    def __init__(
        self,
        config: GarageConfig,
        *,
        speed: float = 1.0,
        local_interlocks: bool = True,
        keeps_reference: bool = True,
        populated: bool = True,
    ) -> None:
        self.config = config
        self.speed = speed
        self.layout = Layout(config)
        self.plant = Plant(self.layout)
        self.crowd = Crowd(self.plant, strangers=populated, customers=populated)
        self.attendants = tuple(Attendant(self.plant, name) for name in self.layout.cabins) if populated else ()
        self._interlocks = local_interlocks
        self._keeps_reference = keeps_reference
        self._keys = self._keys_by_zone()
        self._safety = SafetyProgram(self.plant.safety, config.safety.zones, self._is_set_up)
        self._plcs = {section.id: self._plc(section) for _, section in devices(config)}
        self.faults = FaultInjector(
            self.plant.sensors,
            self.plant.timeline,
            self._plcs,
            _qualified(config),
            (MachineFaults(self.plant, self.crowd), PlcFaults(self._plcs, self.power_cycle)),
        )
        self.each_scan: Callable[[int], None] = _nothing
        """Called after each scan with the PLCs' time; a scenario looks here whether its moment has come."""
        self._comm_ms = 0
        self._left_ms = 0.0
        self._rested_ms = 0
        self._ahead_ms = 0.0
        self._scan_all()

    @property
    def devices(self) -> Mapping[str, EmulatedPlc]:
        """Every PLC by its device's name; each offers ``status()`` and ``write()`` (see ``MemoryDevice``)."""
        return self._plcs

    def verdict(self) -> Verdict:
        """What the plant's judge has seen."""
        return self.plant.verdict()

    def step(self, ms: float) -> None:
        """Let ``ms`` of communication time pass, in whole PLC scans; what is left over is kept for the next call.

        Raises:
            ValueError: ``ms`` is negative.
        """
        if ms < 0:
            raise ValueError(f"time cannot run backwards ({ms} ms)")
        scan_ms = self.config.emulation.scan_ms
        self._left_ms += ms
        while self._left_ms >= scan_ms:
            self._left_ms -= scan_ms
            self.pass_scan(scan_ms)

    def pass_scan(self, ms: int) -> None:
        """One scan of every PLC, ``ms`` of communication time after the last one."""
        self._comm_ms += ms
        self.faults.pass_scan(self._comm_ms)
        self.plant.advance(ms * self.speed - self._ahead_ms)
        self._ahead_ms = 0.0
        for attendant in self.attendants:
            attendant.look()
        self._scan_all()
        self.each_scan(self._comm_ms)

    def rest(self, ms: int, grid_ms: int) -> int:
        """Let up to ``ms`` pass in which nothing changes, in whole steps of ``grid_ms``; how much has passed.

        PLC programs are not run and their clocks stand: whoever calls this knows that none of them waits for anything.
        What a person does ends the rest, and is seen by the next scan as it would have been without it. Ends before
        anything is due that looks at each scan. Only at natural speed.

        Raises:
            ValueError: the plant runs at another speed than the PLCs.
        """
        if self.speed != 1.0:
            raise ValueError("time can be jumped over at natural speed only")
        ms = self._undisturbed_ms(ms) // grid_ms * grid_ms
        if ms <= 0 or self._ahead_ms or self._left_ms:
            return 0
        passed = self.plant.rest(float(ms))
        steps = ms // grid_ms if passed >= ms and not self.plant.timeline.changed else ceil(passed / grid_ms) - 1
        rested = max(0, steps) * grid_ms
        self._ahead_ms = passed - rested
        self._comm_ms += rested
        self._rested_ms += rested
        return rested

    def _undisturbed_ms(self, ms: int) -> int:
        """How long nobody looks who looks at each scan: attendants and faults; 0 when one of them changes with time."""
        if self.each_scan is not _nothing or self.faults.changes:
            return 0
        due_ms = self.faults.due_ms()
        if due_ms is not None:
            ms = min(ms, due_ms - self._comm_ms - 1)
        for attendant in self.attendants:
            if (due_ms := attendant.due_ms()) is not None:
                ms = min(ms, due_ms - self.plant.now_ms - 1)
        return ms

    def power_cycle(self, device: str) -> None:
        """Take one PLC's supply away and give it back.

        Raises:
            KeyError: there is no such device.
        """
        plc = self._plcs[device]
        plc.power_cycle()
        if plc.definition is SAFETY:
            self._safety.restart()

    def _keys_by_zone(self) -> dict[int, list[DevicePort]]:
        found: dict[int, list[DevicePort]] = {}
        for shapes, ports in (
            (self.layout.lifts, self.plant.lifts),
            (self.layout.shuttles, self.plant.shuttles),
            (self.layout.cabins, self.plant.cabins),
        ):
            for name, shape in shapes.items():
                found.setdefault(shape.zone, []).append(ports[name])
        return found

    def _is_set_up(self, zone: int) -> bool:
        """A key switch of the zone is not in automatic: hard-wired to the safety PLC, which then limits the speed."""
        return any(port.mode is not Mode.AUTOMATIC for port in self._keys.get(zone, ()))

    def _scan_all(self) -> None:
        now_ms = self.plant.now_ms
        # The safety PLC first: a device must see in the same scan that its torque is gone.
        self._safety.scan(now_ms)
        for plc in self._plcs.values():
            plc.scan(self._comm_ms - self._rested_ms, now_ms)

    def _plc(self, section: Device) -> EmulatedPlc:
        definition = definition_of(section)
        if definition is SAFETY:
            return ReadOnlyPlc(definition, section.id, section.number, self._safety.inputs)
        return CommandedPlc(
            definition,
            section.id,
            section.number,
            self._program(section.id),
            controller_timeout_ms=section.controller_timeout_ms,
        )

    def _program(self, name: str) -> Program:
        layout, plant = self.layout, self.plant
        if name in layout.lifts:
            return LiftProgram(
                plant.lifts[name],
                layout.lifts[name],
                layout.level_height_mm,
                lift_wires(layout, plant, name),
                interlocks=self._interlocks,
            )
        if name in layout.shuttles:
            return ShuttleProgram(
                plant.shuttles[name],
                layout.shuttles[name],
                layout.column_at,
                shuttle_wires(layout, plant, name),
                interlocks=self._interlocks,
                keeps_reference=self._keeps_reference,
                jog_speed=_jog_speed(layout, name),
            )
        return CabinProgram(
            plant.cabins[name], layout.cabins[name], cabin_wires(layout, plant, name), interlocks=self._interlocks
        )


def _nothing(_now_ms: int) -> None:
    return None


def _jog_speed(layout: Layout, shuttle: str) -> int:
    """How fast a shuttle travels by hand; round a ring lengths are angles, so a share of its speed stands for it."""
    if layout.config.aisle.shape == "ring":
        return max(1, layout.shuttles[shuttle].axis.speed_mm_s // 6)
    return JOG_MM_S


def _qualified(config: GarageConfig) -> frozenset[str]:
    """Devices whose protocol carries a quality with each value."""
    links = {link.id for link in config.links if isinstance(link, OpcUaLink)}
    return frozenset(section.id for _, section in devices(config) if section.link in links)
