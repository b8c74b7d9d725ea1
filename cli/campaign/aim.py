"""When a planned fault comes, and exactly where: some take effect only while the thing that they concern moves.

Owns the moment and the last choice of such faults, from a stream of each one's own. What is chosen from is the run's
own course, so that seed and settings still reproduce it bit by bit. Must never bring a fault about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from cli.campaign.mix import AnyKind, OwnFault
from cli.campaign.plan import Draw, Planned, stream
from cli.campaign.virtual_garage import VirtualGarage
from controller.garage import PositionKind
from sim_hardware.fault import Fault, FaultKind
from sim_hardware.fault_cars import OUT

WAIT_MS = 3 * 3_600_000
"""A fault whose moment has not come within so long is given up: a garage may rest all night."""
STOP_AFTER_MS = 700
"""What a worn brake is worth shows at the next stop: an emergency stop comes so soon after it."""
STOP_LASTS_MS = 20_000
OUT_SHARE = 0.3
"""Of the cars that somebody moves by hand, so many leave the garage."""

_Aim = Callable[[Planned], Planned | None]


class Aim:
    """Says of each planned fault whether its moment has come."""

    def __init__(self, garage: VirtualGarage, seed: int) -> None:
        self._garage = garage
        self._seed = seed
        self._draw = Draw(garage.hardware)
        self._aims: Mapping[AnyKind, _Aim] = {
            FaultKind.BRAKE_WORN: self._axis_moves,
            FaultKind.INPUTS_FROZEN: self._device_moves,
            FaultKind.REFUSES: self._device_moves,
            FaultKind.NEVER_ENDS: self._device_moves,
            FaultKind.NEVER_REPORTS: self._device_moves,
            FaultKind.STUCK: self._signal_moves,
            FaultKind.SLOW: self._signal_moves,
            FaultKind.DRIFT: self._signal_moves,
            OwnFault.DISK_FULL: self._something_moves,
            OwnFault.DISK_SLOW: self._something_moves,
            FaultKind.CAR_ROLLS: self._car_rests,
            FaultKind.CAR_MOVED: self._car_is_stored,
            FaultKind.BOOT_OPEN: self._car_is_invited,
            FaultKind.OTHER_CAR: self._known_car_is_invited,
        }

    def is_aimed(self, one: Planned) -> bool:
        """The fault waits for a moment; the others come when they are due."""
        return one.kind in self._aims

    def look(self, one: Planned) -> Planned | None:
        """The fault as it comes now; None when its moment has not come."""
        return self._aims[one.kind](one)

    def follows(self, one: Planned) -> Planned | None:
        """What comes right after a fault, so that it shows."""
        if one.kind is not FaultKind.BRAKE_WORN or one.fault is None:
            return None
        device = one.target.partition(".")[0]
        zone = f"zone{self._zones()[device]}"
        at_ms = self._garage.now_ms + STOP_AFTER_MS
        return Planned(f"{one.name}-stop", at_ms, FaultKind.ESTOP, zone, STOP_LASTS_MS, Fault(zone, FaultKind.ESTOP))

    # --- what moves -----------------------------------------------------------------------------------------

    def _axis_moves(self, one: Planned) -> Planned | None:
        plant, layout = self._garage.hardware.plant, self._garage.layout
        axes = {f"{name}.drive": plant.lift(name).axis for name in layout.lifts}
        for name in layout.shuttles:
            axes |= {f"{name}.drive": plant.shuttle(name).axis, f"{name}.forks": plant.shuttle(name).fork_axis}
        axes |= {f"{name}.turntable": plant.cabin(name).table for name in layout.cabins}
        return self._at(one, [name for name, axis in axes.items() if axis.moving and not axis.braking])

    def _device_moves(self, one: Planned) -> Planned | None:
        return self._at(one, self._moving())

    def _something_moves(self, one: Planned) -> Planned | None:
        return one if self._moving() else None

    def _signal_moves(self, one: Planned) -> Planned | None:
        """A signal of a device that moves: what stands still is hardly ever wrong by a lie that keeps it so."""
        if one.fault is None or (one.kind is FaultKind.STUCK and one.fault.value is not None):
            return one
        moving = self._moving()
        if not moving:
            return None
        dice = stream(self._seed, f"aim:{one.name}")
        fault = self._draw.lie(dice, FaultKind(one.kind), frozenset(moving))
        return None if fault is None else replace(one, target=fault.target, fault=fault)

    # --- cars ----------------------------------------------------------------------------------------------

    def _car_rests(self, one: Planned) -> Planned | None:
        """A car on a mover or a plate rolls while there is one; in a place it may stand for days."""
        where = [p.id for p in self._garage.layout.positions.values() if p.owner and self._holds(p.id)]
        waits_for_mover = stream(self._seed, f"roll:{one.name}").random() < 0.7
        if not where and not waits_for_mover:
            where = self._stored()
        return self._at(one, where)

    def _car_is_stored(self, one: Planned) -> Planned | None:
        where = self._stored()
        dice = stream(self._seed, f"aim:{one.name}")
        if one.fault is None or not where:
            return None
        free = [place.id for place in self._garage.layout.storage() if not self._holds(place.id)]
        peer = OUT if not free or dice.random() < OUT_SHARE else dice.choice(free)
        target = dice.choice(where)
        return replace(one, target=target, fault=replace(one.fault, target=target, peer=peer))

    def _stored(self) -> list[str]:
        """Places in which a car stands."""
        kinds = (PositionKind.PLACE, PositionKind.BUFFER)
        positions = self._garage.layout.positions.values()
        return [p.id for p in positions if p.kind in kinds and self._holds(p.id)]

    def _holds(self, position: str) -> bool:
        return bool(self._garage.hardware.plant.vehicles_at(position))

    def _car_is_invited(self, one: Planned) -> Planned | None:
        return self._at(one, [cabin for cabin, _ in self._invited()])

    def _known_car_is_invited(self, one: Planned) -> Planned | None:
        """Another car can be told from the ordered one only where the books know the ordered one's measures."""
        vehicles, waiting = self._garage.core.state.vehicles, self._garage.crowd.waiting()
        known = [(cabin, car) for cabin, car in self._invited() if vehicles[car].length_mm]
        return self._at(one, [cabin for cabin, car in known if car in waiting])

    def _invited(self) -> list[tuple[str, str]]:
        """Cabins to which somebody is just being invited, with the car that was ordered."""
        state = self._garage.core.state
        found = [
            (cabin, state.orders[use.order])
            for cabin, use in state.cabins.items()
            if use.phase in {"opening", "inviting"} and use.order is not None
        ]
        return [(cabin, order.vehicle) for cabin, order in found if order.kind == "store" and order.rejection is None]

    # --- choice --------------------------------------------------------------------------------------------

    def _at(self, one: Planned, targets: Sequence[str]) -> Planned | None:
        """The fault at one of the targets; None where there is none."""
        if one.fault is None or not targets:
            return None
        target = stream(self._seed, f"aim:{one.name}").choice(targets)
        return replace(one, target=target, fault=replace(one.fault, target=target))

    def _moving(self) -> list[str]:
        """Devices with a drive in motion."""
        plant, layout = self._garage.hardware.plant, self._garage.layout
        if not plant.timeline.moving:
            return []
        shuttles = {name: plant.shuttle(name) for name in layout.shuttles}
        cabins = {name: plant.cabin(name) for name in layout.cabins}
        return [
            *(name for name in layout.lifts if plant.lift(name).axis.moving),
            *(name for name, one in shuttles.items() if one.axis.moving or one.fork_axis.moving),
            *(name for name, one in cabins.items() if one.table.moving or one.outer.moving or one.inner.moving),
        ]

    def _zones(self) -> dict[str, int]:
        layout = self._garage.layout
        return {
            **{name: shape.zone for name, shape in layout.lifts.items()},
            **{name: shape.zone for name, shape in layout.shuttles.items()},
            **{name: shape.zone for name, shape in layout.cabins.items()},
        }
