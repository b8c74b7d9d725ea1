"""CPU cost of safety in one cycle: from the process image to the permits (evaluate, then the gate).

Three kinds of cycle: a quiet one, in which the PLCs have answered and nothing that matters has changed; one in which
one device has changed; one in which all have. Both shipped garages, and synthetic ones that grow in places with the
same devices, and in devices. CPU time of this thread, so that the machine's other load does not count.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.synthetic_garage import count_of, synthetic
from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.garage import Layout
from controller.garage.topology import topology_of
from plc_drivers.contract import DeviceKind, TagType
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.expression import Tag, leaves
from safety.gate import Gate
from safety.logic import SafetyLogic
from safety.memory import SafetyMemory
from safety.verdict import Function
from safety.wish import DeviceWish
from sim_hardware.garage import EmulatedGarage

CYCLES = 400
"""Cycles of each kind that are measured, where no time is given."""
_WARM_UP = 500
"""Cycles before: longer than every holding time of a garage at rest."""
_PERIOD_MS = 20
_EPOCH = 1
_CONFIG = Path(__file__).parent.parent / "config"
_WANTED = {DeviceKind.LIFT: "travel", DeviceKind.SHUTTLE: "travel", DeviceKind.CABIN: "outer_close"}


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU per cycle of one kind."""

    p50_us: float
    p99_us: float


def run(seconds: float | None) -> list[Figure]:
    """Measure; ``seconds`` shortens or lengthens it in proportion to the ten that it takes."""
    cycles = CYCLES if seconds is None else max(40, round(CYCLES * seconds / 10))
    figures: list[Figure] = []
    for name, config in _garages():
        bench = Bench(config)
        for kind, changed in bench.kinds():
            cost = bench.measure(changed, cycles)
            figures += [
                Figure("evaluation", f"{name}_{kind}_p50_us", round(cost.p50_us, 1), "us CPU"),
                Figure("evaluation", f"{name}_{kind}_p99_us", round(cost.p99_us, 1), "us CPU"),
            ]
        figures += [
            Figure("evaluation", f"{name}_plcs", count_of(config), "PLCs"),
            Figure("evaluation", f"{name}_interlocks", len(bench.logic.interlocks), "interlocks"),
        ]
    return [*figures, *_ratios({figure.figure: figure.value for figure in figures})]


def _ratios(values: Mapping[str, float]) -> list[Figure]:
    """How the dearest kind of cycle grows: with places (not at all), and with PLCs (in proportion)."""
    small, large = (values[f"{name}_all_changed_p50_us"] for name in ("devices_8", "devices_32"))
    few, many = (values[f"{name}_all_changed_p50_us"] for name in ("places_x1", "places_x4"))
    return [
        Figure("evaluation", "ratio_four_times_the_places", round(many / few, 2), "ratio"),
        Figure("evaluation", "ratio_per_plc_at_four_times_the_plcs", round(large / small / 4, 2), "ratio"),
    ]


def _garages() -> list[tuple[str, GarageConfig]]:
    return [
        ("tower", load_config(_CONFIG / "tower-guangzhou.toml")),
        ("shuttle", load_config(_CONFIG / "garage-shuttle.toml")),
        ("places_x1", synthetic(6, 2, 3, 22)),
        ("places_x4", synthetic(6, 2, 3, 88)),
        ("devices_8", synthetic(4, 1, 2, 22)),
        ("devices_16", synthetic(11, 2, 2, 22)),
        ("devices_32", synthetic(24, 2, 5, 22)),
    ]


class Bench:
    """One garage at rest, its safety logic and its gate, in a loop of made-up cycles."""

    def __init__(self, config: GarageConfig) -> None:
        self.logic = SafetyLogic(topology_of(Layout(config)))
        self._gate = Gate(self.logic)
        hardware = EmulatedGarage(config, populated=False)
        hardware.step(100)
        self._images = {
            name: DeviceImage(name, plc.definition, tuple(plc.status()), 0, Quality.GOOD)
            for name, plc in hardware.devices.items()
        }
        for name, image in self._images.items():
            self._images[name] = _owned(image)
        self._toggled = {name: self._toggle_of(name) for name in self._images}
        self._memory: SafetyMemory = self.logic.memory0()
        self._heartbeat = 0
        self._now_ms = 0

    def kinds(self) -> list[tuple[str, tuple[str, ...]]]:
        """Kinds of cycle, with the devices that change in each."""
        largest = max(self._images, key=lambda name: self._images[name].definition.kind is DeviceKind.SHUTTLE)
        return [("quiet", ()), ("one_changed", (largest,)), ("all_changed", tuple(self._images))]

    def measure(self, changed: tuple[str, ...], cycles: int) -> Cost:
        """CPU time of cycles in each of which one reading of every device in ``changed`` is another than before.

        Raises:
            RuntimeError: nothing was permitted, so that the gate had nothing to do.
        """
        for _ in range(_WARM_UP):
            self._cycle(())
        gc.collect()
        gc.disable()
        try:
            took_us = sorted(self._cycle(changed) for _ in range(cycles))
        finally:
            gc.enable()
        return Cost(statistics.median(took_us), took_us[min(len(took_us) - 1, len(took_us) * 99 // 100)])

    def _cycle(self, changed: tuple[str, ...]) -> float:
        self._now_ms += _PERIOD_MS
        for name, image in self._images.items():
            self._images[name] = self._next(image, toggled=name in changed)
        seen = ProcessImage(self._now_ms, dict(self._images))
        wanted = self._gate_wishes()
        began_ns = time.thread_time_ns()
        verdict, memory = self.logic.evaluate(seen, self._memory, self._now_ms)
        passed = self._gate.pass_wishes(
            wanted(verdict.allowed), verdict, memory, heartbeat=self._heartbeat, epoch=_EPOCH, image=seen
        )
        took_us = (time.thread_time_ns() - began_ns) / 1000
        self._memory = passed.memory
        self._heartbeat = (self._heartbeat + 1) % 65_536
        return took_us

    def _gate_wishes(self) -> Callable[[frozenset[Function]], dict[str, DeviceWish]]:
        kinds = {name: image.definition.kind for name, image in self._images.items()}
        wishes = {
            name: (Function(name, permit), DeviceWish(frozenset({permit})), DeviceWish())
            for name, kind in kinds.items()
            if (permit := _WANTED.get(kind)) is not None
        }
        return lambda allowed: {
            name: some if function in allowed else none for name, (function, some, none) in wishes.items()
        }

    def _next(self, image: DeviceImage, *, toggled: bool) -> DeviceImage:
        """The device's next answer: heartbeat, clock and echo go on, and one reading changes where it shall."""
        values, index = list(image.values), image.definition.status_index
        values[index["heartbeat"]] = self._heartbeat
        values[index["clock_ms"]] = self._now_ms
        if "heartbeat_echo" in index:
            values[index["heartbeat_echo"]] = self._heartbeat
        if toggled:
            place = index[self._toggled[image.device]]
            values[place] = not values[place]
        return replace(image, values=tuple(values), at_ms=self._now_ms)

    def _toggle_of(self, device: str) -> str:
        """The contact of the device that most interlocks read: what costs most when it changes."""
        counts: dict[str, int] = {}
        for interlock in self.logic.interlocks:
            for tag in {leaf for leaf in leaves(interlock.condition) if isinstance(leaf, Tag)}:
                if tag.device == device and tag.definition.wire is TagType.BOOL:
                    counts[tag.name] = counts.get(tag.name, 0) + 1
        return max(counts, key=lambda name: counts[name])


def _owned(image: DeviceImage) -> DeviceImage:
    """The device as it is once its controller has cleared it: idle, and ours."""
    values, index = list(image.values), image.definition.status_index
    shown = {"state": 3, "owner_epoch": _EPOCH, "fault_code": 0, "health": 1}
    for name, value in shown.items():
        if name in index:
            values[index[name]] = value
    return replace(image, values=tuple(values))
