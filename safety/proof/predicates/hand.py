"""What must never go out by hand: jogs without key and hold, forks driven outwards, a car turned into the walls.

Owns these predicates. Written from the hazard list and the device contract's part on manual; must never be taken
from the interlocks.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import JOGS
from plc_drivers.contract.codes import Axis as Handled
from safety.proof.formula import Formula, all_of, any_of
from safety.proof.instances import each_cabin, each_device, each_shuttle
from safety.proof.moment import Moment
from safety.proof.predicate import Predicate
from safety.proof.space import FORKS_IN_MM, OTHER_SIDE, OUT_OF_LINE_MDEG, left_half_way
from safety.topology import CabinTopology, ShuttleTopology

_MANUAL = "device contract, manual"

_HOME_FROM: dict[str, CommandCode] = {"right": CommandCode.JOG_FORWARD, "left": CommandCode.JOG_BACK}
"""By the side to which forks are out: the jog that brings them home (device contract, shuttle)."""


def _jogged_unheld(at: Moment, device: str) -> Formula:
    """A jog begins of an axis that nobody holds, or with the key not in manual, or of an axis that there is not."""
    spec = at.garage.definitions[device].spec(CommandCode.JOG_FORWARD)
    axes = () if spec is None else spec.axes
    held = any_of(*(at.starts(device, *JOGS, arg1=axis) & at.by_hand(device, permit) for axis, permit in axes))
    return at.starts(device, *JOGS) & ~held


def _forks_jogged_out(at: Moment, shuttle: ShuttleTopology) -> Formula:
    """By hand forks come home from where they are out; they do not go anywhere else."""
    begins = any_of(
        *(
            at.starts(shuttle.id, code, arg1=int(Handled.FORKS)) & ~left_half_way(at, shuttle.id, side)
            for side, code in _HOME_FROM.items()
        )
    )
    return begins | any_of(*(_beyond_home(at, shuttle.id, side) for side in _HOME_FROM))


def _beyond_home(at: Moment, shuttle: str, side: str) -> Formula:
    """Forks that came home from ``side`` go on to the other one, and the permit still goes out."""
    beyond = at.above(shuttle, f"forks_{OTHER_SIDE[side]}_mm", FORKS_IN_MM)
    return all_of(at.out(shuttle, "transfer"), at.busy_with(shuttle, _HOME_FROM[side]), beyond)


def _jogged_into_the_walls(at: Moment, cabin: CabinTopology) -> Formula:
    """A car that stands in line and sticks out of its marks meets the walls when it is turned."""
    in_line = any_of(
        *(
            at.within(cabin.id, "angle_mdeg", angle - OUT_OF_LINE_MDEG // 2, angle + OUT_OF_LINE_MDEG // 2)
            for angle in (0, 180_000, 360_000)
        )
    )
    sticks_out = ~at.says(cabin.id, vehicle_in_envelope=True)
    stands = at.says(cabin.id, standstill=True)
    knows = at.says(cabin.id, referenced=True)
    return at.starts(cabin.id, *JOGS) & ((in_line & knows & sticks_out) | ~stands)


HAND: tuple[Predicate, ...] = (
    Predicate(
        "H13.jogged-unheld",
        "A jog begins of an axis that nobody holds, or with the device's key not in manual",
        _MANUAL,
        each_device(_jogged_unheld),
    ),
    Predicate(
        "H07.forks-jogged-outwards",
        "Forks are moved by hand but home from the one side to which they are out",
        _MANUAL,
        each_shuttle(_forks_jogged_out),
    ),
    Predicate(
        "H09.jogged-into-the-walls",
        "A turntable is jogged out of line with a car that sticks out of its marks, or while something moves",
        _MANUAL,
        each_cabin(_jogged_into_the_walls),
    ),
)
