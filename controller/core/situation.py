"""One cycle's view for everything that decides: shape, state, readings, verdict, pen.

Owns small questions to the image that several deciders ask in the same words. Must never decide what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.config.models import GarageConfig
from controller.core.eta import Eta
from controller.core.interface import Instant
from controller.core.log import EventLog
from controller.core.state import GarageState
from controller.garage import Layout, Side
from plc_drivers.contract import Value
from plc_drivers.reading import Fault, ProcessImage, Quality
from safety.interlocks.proof import FORKS_HOME_MM
from safety.verdict import Verdict


@dataclass(slots=True)
class Situation:
    """Everything that one step of the core looks at. The image is already judged: unknown values are None."""

    layout: Layout
    state: GarageState
    image: ProcessImage
    verdict: Verdict
    log: EventLog
    resets: set[str] = field(default_factory=set)
    """Trips that persons reset in this step."""
    journal_fault: Fault | None = None
    """Why events do not reach the disk; while it stands no motion is intended that could not be recorded."""

    settling_ms: int = 0
    """How long the supply must still stay as it is before anything begins; 0 when it has proven lasting (H19)."""
    etas: Mapping[str, Eta] | None = None
    """Times of the open orders, None while nobody has asked for them in this cycle."""

    @property
    def now(self) -> Instant:
        """The moment of this step."""
        return self.log.now

    @property
    def config(self) -> GarageConfig:
        """The garage's configuration."""
        return self.layout.config

    def value(self, device: str, tag: str) -> Value | None:
        """A good reading's value, else None."""
        image = self.image.devices.get(device)
        return None if image is None else image.value(tag)

    def is_good(self, device: str) -> bool:
        """True when the device answers, in time and as the device it must be."""
        image = self.image.devices.get(device)
        return image is not None and image.quality is Quality.GOOD

    def forks_home(self, shuttle: str) -> bool | None:
        """True when centre switch and both encoders say home, False when any says out, None when one is unknown.

        The switch alone would end a transfer in the books while the car hangs on the forks (H05).
        """
        switch = self.value(shuttle, "forks_centred")
        encoders = [self.value(shuttle, f"forks_{side}_mm") for side in ("left", "right")]
        if switch is False or any(mm is not None and abs(mm) > FORKS_HOME_MM for mm in encoders):
            return False
        return None if switch is None or None in encoders else True

    def loaded(self, device: str) -> bool | None:
        """True when both load detectors see a car, False when neither does, None when they disagree (H05)."""
        present, clear = self.value(device, "load_present"), self.value(device, "load_clear")
        if present is None or clear is None or present == clear:
            return None
        return bool(present)

    def target_loaded(self, shuttle: str, side: Side, depth: int) -> bool | None:
        """What both detectors of the position beside the shuttle say; None when they disagree or are unknown."""
        prefix = "target" if depth == 1 else "rear"
        occupied = self.value(shuttle, f"{prefix}_{side.value}_occupied")
        clear = self.value(shuttle, f"{prefix}_{side.value}_clear")
        if occupied is None or clear is None or occupied == clear:
            return None
        return bool(occupied)

    def stands_at(self, device: str, station: int) -> bool:
        """True when position, the station's own sensor and standstill agree that the mover is at ``station``."""
        return (
            self.value(device, "station") == station
            and self.value(device, "station_sensor") is True
            and self.value(device, "in_position") is True
            and self.value(device, "standstill") is True
        )

    def is_locked_at(self, lift: str, level: int) -> bool:
        """True when the lift stands at ``level`` with its pins proven in the building (H08)."""
        return self.stands_at(lift, level) and self.value(lift, "pins_extended") is True
