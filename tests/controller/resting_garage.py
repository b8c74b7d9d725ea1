"""A garage at rest for tests of the core: every device answers, owned, idle, and every cabin is proven empty.

Owns images made from a layout, with single readings changed by the test, and all events in
``recorded``. No plant and no safety logic behind it:
what moves here is moved by the test.
"""

from __future__ import annotations

from controller.core.core import GarageCore
from controller.core.interface import Ask, Instant, Recorded, StepResult
from controller.core.log import EventLog
from controller.core.situation import Situation
from controller.garage import Layout
from controller.local_link.messages import Request
from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE, DeviceDefinition, TagType, Value
from plc_drivers.contract.codes import Health, Mode, Sign, State, TrafficLight
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.verdict import Function, Verdict

_TRUE = frozenset(
    {
        "referenced", "in_position", "station_sensor", "standstill", "pins_extended", "load_clear", "load_centred",
        "overhang_front_clear", "overhang_rear_clear", "overhang_left_clear", "overhang_right_clear", "docked",
        "forks_centred", "zone_clear", "outer_closed", "outer_locked", "outer_unobstructed", "inner_closed",
        "inner_locked", "inner_unobstructed", "curtain_ok", "scanner_clear", "exit_closed", "vehicle_clear",
        "vehicle_in_envelope", "platform_present", "platform_level", "platform_locked", "brake_closed", "rope_taut",
        "speed_ok", "shaft_doors_closed", "overtravel_top_clear", "overtravel_bottom_clear",
        "mains_ok", "generator_off",
    }
)  # fmt: skip
_NUMBERS: dict[str, int] = {
    "state": State.IDLE,
    "mode": Mode.AUTOMATIC,
    "health": Health.OK,
    "contract_version": 1,
    "boot_counter": 1,
    "outer_opened_count": 1,
    "confirmed_opening": 1,
    "traffic_light_shown": TrafficLight.RED,
    "sign_shown": Sign.BLANK,
    "controller_timeout_ms": 500,
    "program_version": 1,
}


class RestingGarage:
    """A core over images that say: everything stands, at column and level of its home, and nothing is wrong."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.core = GarageCore(layout, software="test", config_hash="test")
        self.now_ms = 1_000
        self.values: dict[str, dict[str, Value]] = {}
        self.definitions: dict[str, DeviceDefinition] = {}
        for definition, names in (
            (LIFT, layout.lifts),
            (SHUTTLE, layout.shuttles),
            (CABIN, layout.cabins),
            (SAFETY, {layout.config.safety.id: None}),
        ):
            for name in names:
                self.definitions[name] = definition
                self.values[name] = _resting(definition)
        self.proven_empty = frozenset(layout.cabins)
        self.wall_jump_ms = 0
        self.missing: set[str] = set()
        self.foreign_epoch: dict[str, int] = {}
        self.recorded: list[Recorded] = []
        self.recorded += self.core.claim_epoch(self.image(), self.verdict(), 0, self.now()).events
        self.step()

    def now(self) -> Instant:
        """The moment of the next step."""
        return Instant(self.now_ms, 1_700_000_000_000 + self.now_ms + self.wall_jump_ms)

    def image(self) -> ProcessImage:
        """Everything as it reads now; commanded devices echo the core's epoch."""
        devices = {}
        for name, values in self.values.items():
            definition = self.definitions[name]
            if definition.is_commanded:
                values["owner_epoch"] = self.foreign_epoch.get(name, self.core.epoch)
                values["clock_ms"] = self.now_ms
            if name in self.missing:
                devices[name] = DeviceImage.missing(name, definition, self.now_ms)
                continue
            row = tuple(values[tag.name] for tag in definition.status)
            devices[name] = DeviceImage(name, definition, row, self.now_ms, Quality.GOOD)
        return ProcessImage(self.now_ms, devices)

    def verdict(self) -> Verdict:
        """Everything is allowed; the cabins in ``proven_empty`` are proven empty."""
        allowed = frozenset(Function(d, p) for d, definition in self.definitions.items() for p in definition.permits)
        return Verdict(self.now_ms, allowed, (), self.proven_empty)

    def situation(self) -> Situation:
        """A situation for calling deciders directly."""
        return Situation(
            self.layout, self.core.state, self.image(), self.verdict(), EventLog(self.core.state, self.now())
        )

    def step(self, *requests: Request, dt_ms: int = 20, durable: bool = True) -> StepResult:
        """One cycle of the core; ``durable`` False keeps every new event off the disk."""
        self.now_ms += dt_ms
        asks = [Ask(i, request) for i, request in enumerate(requests)]
        durable_seq = self.core.last_seq + 10_000 if durable else 0
        result = self.core.step(self.image(), self.verdict(), asks, self.now(), durable_seq)
        self.recorded += result.events
        return result


def _resting(definition: DeviceDefinition) -> dict[str, Value]:
    return {
        tag.name: tag.name in _TRUE or tag.name.startswith("zone") or tag.name.endswith("_clear")
        if tag.wire is TagType.BOOL
        else _NUMBERS.get(tag.name, 0)
        for tag in definition.status
    }
