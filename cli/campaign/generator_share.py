"""How many drives begin on the generator, counted from outside: by the plant's motors and what the PLCs tell.

Owns the count and the breach. Knows nothing of interlocks, permits given or plans; must never change anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from cli.campaign.virtual_garage import VirtualGarage
from plc_drivers.contract import DEFINITIONS, CommandCode
from sim_hardware.plant.axis import Axis
from sim_hardware.plc.commanded import CommandedPlc

LAG_MS = 2000
"""A command that was given before the safety PLC told of the generator may begin so much later: its way to the safety
PLC's image, and the time for which a command is valid."""

_DRIVEN = frozenset({"travel", "transfer", "rotate"})


@dataclass(slots=True)
class _Mover:
    """A device with its motors; ``command`` is the number of the drive command that it carries out, 0 for none."""

    plc: CommandedPlc
    motors: tuple[Axis, ...]
    codes: frozenset[CommandCode]
    command: int = 0

    @property
    def moves(self) -> bool:
        """A motor turns under a permit that the PLC holds."""
        held = any(self.plc.read(f"holds_{permit}") for permit in self.plc.definition.permits if permit in _DRIVEN)
        return held and any(motor.moving for motor in self.motors)

    def begins(self) -> bool:
        """True in the cycle in which the PLC shows another drive command than before."""
        active, number = int(self.plc.read("active_command")), int(self.plc.read("ack_seq"))
        command = number if active in self.codes else 0
        is_new, self.command = command not in (0, self.command), command
        return is_new


class GeneratorShare:
    """The count of one garage."""

    def __init__(self, garage: VirtualGarage) -> None:
        self._garage = garage
        self._movers = {plc.name: _Mover(plc, motors, _codes(plc)) for plc, motors in _motors(garage)}
        self._limit = garage.config.power.generator_movers_max
        self._safety = garage.config.safety.id
        self._since_ms: int | None = None
        self.begun = 0
        """Drive commands that began on the generator: what the check has had to judge."""

    def look(self) -> str:
        """After a cycle: what is wrong, empty while nothing is."""
        began = [name for name, mover in self._movers.items() if mover.begins()]
        if not self._feeds():
            self._since_ms = None
            return ""
        now_ms = self._garage.now_ms
        if self._since_ms is None:
            self._since_ms = now_ms
        if now_ms - self._since_ms < LAG_MS:
            return ""
        self.begun += len(began)
        for name in began:
            others = [other for other, mover in self._movers.items() if other != name and mover.moves]
            if len(others) >= self._limit:
                return f"{name} begins on the generator beside {', '.join(others)}; it carries {self._limit}"
        return ""

    def _feeds(self) -> bool:
        return not self._garage.hardware.devices[self._safety].read("generator_off")


def _codes(plc: CommandedPlc) -> frozenset[CommandCode]:
    commands = DEFINITIONS[plc.definition.kind].commands
    return frozenset(spec.code for spec in commands if not _DRIVEN.isdisjoint(spec.permits))


def _motors(garage: VirtualGarage) -> list[tuple[CommandedPlc, tuple[Axis, ...]]]:
    plant = garage.hardware.plant
    motors: dict[str, tuple[Axis, ...]] = {name: (plant.lift(name).axis,) for name in garage.layout.lifts}
    motors |= {name: (plant.shuttle(name).axis, plant.shuttle(name).fork_axis) for name in garage.layout.shuttles}
    motors |= {cabin.id: (plant.cabin(cabin.id).table,) for cabin in garage.layout.cabins.values() if cabin.turntable}
    found: list[tuple[CommandedPlc, tuple[Axis, ...]]] = []
    for name, axes in motors.items():
        plc = garage.hardware.devices[name]
        if isinstance(plc, CommandedPlc):
            found.append((plc, axes))
    return found
