"""What every machine of the plant is built from and shows at its terminals.

Owns the surroundings that machines share and the key switch. Must never hold a machine's own mechanics.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plc_drivers.contract.codes import Mode
from sim_hardware.plant.body import Scene
from sim_hardware.plant.sensors import SensorBank, Signal
from sim_hardware.plant.space import Space
from sim_hardware.plant.timeline import Mechanism, Timeline
from sim_hardware.plant.violation import Report
from sim_hardware.plant.zone import ZoneCircuit


@dataclass(frozen=True, slots=True)
class Site:
    """What all machines of one plant share."""

    timeline: Timeline
    bank: SensorBank
    scene: Scene
    space: Space
    report: Report


class Machine:
    """A device with a key switch in a safety zone; ``sensors`` are the names that it reads through the bank.

    Each stands for a contact, except those in ``forms``: numbers, and enumerations by their class.

    ``stirred`` counts the moments at which one of its mechanisms was in motion; ``sees`` are the machines whose motion
    its sensors can notice, set by the plant.
    """

    def __init__(
        self, site: Site, device: str, zone: ZoneCircuit, sensors: tuple[str, ...], forms: Mapping[str, type[int]]
    ) -> None:
        self.id = device
        self.zone = zone
        self._site = site
        self.stirred = 0
        self.sees: tuple[Machine, ...] = ()
        self._key = Mode.AUTOMATIC
        self._path = {name: site.bank.register(f"{device}.{name}", forms.get(name, bool)) for name in sensors}
        self._path["mode"] = site.bank.register(f"{device}.mode", Mode)

    @property
    def revision(self) -> int:
        """See ``ports.DevicePort``."""
        revision = self._site.timeline.revision + self.stirred
        for machine in self.sees:
            revision += machine.stirred
        return revision

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """Everything of it that can be in motion."""
        return ()

    @property
    def mode(self) -> Mode:
        """See ``ports.DevicePort``."""
        return self._site.bank.read_choice(self._path["mode"], self._key)

    def turn_key(self, mode: Mode) -> None:
        """A person turns the key switch."""
        self._key = mode
        self._site.timeline.touch()

    def _moment(self) -> tuple[float, int]:
        """Names the present state of the world: what was worked out at this moment still holds while it is the same."""
        return self._site.timeline.now_ms, self._site.timeline.revision

    def _read(self, name: str, truth: Signal) -> Signal:
        return self._site.bank.read(self._path[name], truth)
