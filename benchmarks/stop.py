"""From the change of an input in one PLC to the permits as written to every PLC that it concerns, cause by cause.

Real sockets, the real cycle with safety, gate and journal; 8 and 32 PLCs on a link each. What a declaration lets pass
first (a contradiction's grace, a silent PLC's time-out) is taken off, so that what is left is the controller's own.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.bench_garage import line_of, ports_of, process
from benchmarks.figure import Figure
from benchmarks.reaction_controller import WANTED
from benchmarks.resting_plcs import DONE, Cause
from benchmarks.synthetic_garage import count_of, synthetic
from controller.config.load import save_config
from controller.config.models import GarageConfig
from controller.garage import Layout
from controller.garage.topology import topology_of
from plc_drivers.contract.safety import zone_tag
from safety.expression import REFILL
from safety.interlock import Phase
from safety.logic import SafetyLogic
from safety.trips.sensors import CONTRADICTION_MS
from safety.verdict import Function

SECONDS = 12.0
"""Time for each cause and size; every stop takes about a third of a second, one with a confirmation two."""

SIZES = ((4, 1, 2), (24, 2, 5))
"""Shuttles, lifts and cabins: with the safety PLC 8 and 32 PLCs."""

_COLUMNS = 22
_COUNTDOWN_MS = 1000


@dataclass(frozen=True, slots=True)
class _Tripped:
    """A cause, and what the declarations let pass before it counts."""

    cause: Cause
    grace_ms: int = 0


def run(seconds: float | None) -> list[Figure]:
    """Measure each cause for ``seconds`` (12 where None) in each size."""
    figures: list[Figure] = []
    for shuttles, lifts, cabins in SIZES:
        config = synthetic(shuttles, lifts, cabins, _COLUMNS)
        controller = config.controller.model_copy(update={"clearance_countdown_ms": _COUNTDOWN_MS})
        config = config.model_copy(update={"controller": controller})
        figures += _measure(config, seconds or SECONDS)
    return figures


def _measure(config: GarageConfig, seconds: float) -> list[Figure]:
    causes = {one.cause.name: one for one in _causes(config)}
    reactions: dict[str, list[float]] = {name: [] for name in causes}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "garage.json"
        save_config(config, file)
        wanted = [part for one in causes.values() for part in ("--cause", json.dumps(asdict(one.cause)))]
        with process("-m", "benchmarks.resting_plcs", str(file), "--stops", str(seconds), *wanted) as plcs:
            ports = json.dumps(ports_of(plcs))
            with process("-m", "benchmarks.reaction_controller", ports, str(file)):
                while (line := line_of(plcs).strip()) != DONE:
                    name, reaction_us, _ = line.split()
                    reactions[name].append(int(reaction_us) / 1000 - causes[name].grace_ms)
    prefix = f"plcs{count_of(config)}"
    figures = [figure for name, taken in reactions.items() for figure in _figures(f"{prefix}_{name}", taken)]
    worst_ms = max(figure.value for figure in figures if figure.figure.endswith("_p99_ms"))
    worst = Figure("stop", f"{prefix}_worst_p99_periods", round(worst_ms / config.controller.period_ms, 3), "periods")
    return [*figures, worst]


def _figures(name: str, reactions_ms: list[float]) -> Iterator[Figure]:
    if not reactions_ms:
        raise RuntimeError(f"{name}: nothing was measured")
    reactions_ms.sort()
    yield Figure("stop", f"{name}_p50_ms", round(reactions_ms[len(reactions_ms) // 2], 2), "ms")
    last = len(reactions_ms) - 1
    yield Figure("stop", f"{name}_p99_ms", round(reactions_ms[min(last, len(reactions_ms) * 99 // 100)], 2), "ms")
    yield Figure("stop", f"{name}_max_ms", round(reactions_ms[-1], 2), "ms")
    yield Figure("stop", f"{name}_stops", len(reactions_ms), "stops")


def _causes(config: GarageConfig) -> list[_Tripped]:
    """One cause for each kind of trip, with the devices whose wanted permits the declarations take for it."""
    logic = SafetyLogic(topology_of(Layout(config)))
    safety, lift, cabin = config.safety.id, config.lifts[0].id, config.cabins[0].id
    zone = config.safety.zones[0]

    def of_zone(name: str, tag: str, rule: str) -> _Tripped:
        return _Tripped(Cause(name, safety, zone_tag(tag, zone), affected=_affected(logic, f"zone{zone}.{rule}")))

    def of_lift(name: str, tag: str, rule: str) -> _Tripped:
        return _Tripped(Cause(name, lift, tag, affected=_affected(logic, f"{lift}.{rule}")))

    return [
        of_zone("emergency_stop", "estop_released", "emergency-stop"),
        of_zone("guard", "guards_closed", "guards"),
        of_zone("lock_out", "lockout_clear", "lock-out"),
        of_zone("torque", "torque_enabled", "torque"),
        _Tripped(Cause("earthquake", safety, "seismic_clear", affected=_affected(logic, f"{safety}.no-earthquake"))),
        _Tripped(Cause("fire", safety, "fire_clear", affected=_reading_fire(logic, config))),
        of_lift("rope", "rope_taut", "rope-taut"),
        of_lift("overspeed", "speed_ok", "speed-ok"),
        of_lift("final_limit", "overtravel_top_clear", "overtravel"),
        # A grace that was used refills slowly; before that the next contradiction would trip earlier.
        _Tripped(
            Cause("contradiction", cabin, "outer_open", 1, affected=(cabin,), rests_s=CONTRADICTION_MS * REFILL / 1000),
            CONTRADICTION_MS,
        ),
        _Tripped(Cause("stale", safety, None), config.controller.plc_timeout_ms),
        _Tripped(Cause("presence", cabin, "scanner_clear", affected=(cabin,), confirms=cabin)),
    ]


def _affected(logic: SafetyLogic, trip: str) -> tuple[str, ...]:
    """Devices of which the trip takes the permit that they are given here."""
    stops = next(one.stops for one in logic.trips if one.id == trip)
    return _wanting(logic, stops)


def _reading_fire(logic: SafetyLogic, config: GarageConfig) -> tuple[str, ...]:
    """Devices whose permits ask for no fire."""
    fire = f"{config.safety.id}.no-fire"
    guards = [one.guards for one in logic.interlocks if one.phase is Phase.RUN and one.id == fire]
    return _wanting(logic, tuple(guard for each in guards for guard in each if isinstance(guard, Function)))


def _wanting(logic: SafetyLogic, stops: tuple[Function, ...]) -> tuple[str, ...]:
    names = dict.fromkeys(
        function.device
        for function in stops
        # The last of a kind's permits is the one that it is given at rest.
        if WANTED.get(logic.definitions[function.device].kind, ("",))[-1] == function.permit
    )
    return tuple(names)
