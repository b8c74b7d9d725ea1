"""A shuttle's forks and one space that they reach: a cabin, or a lift's platform.

Owns the question whether the forks are, may come, or are going into that space. Must never take "not known"
for "elsewhere": a shuttle whose stop is unknown is at every stop.
"""

from __future__ import annotations

from dataclasses import dataclass

from plc_drivers.contract import CommandCode
from safety.expression import Expression, Not, all_of, any_of
from safety.interlock import Interlock, Phase
from safety.interlocks import unit
from safety.interlocks.proof import FORKS_HOME_MM, FORKS_NOISE_MM, forks_home, in_automatic, levelled, locked_at_a_level
from safety.interlocks.unit import Unit
from safety.topology import ShuttleTopology

TRANSFERS: dict[str, tuple[CommandCode, CommandCode]] = {
    "left": (CommandCode.PICK_LEFT, CommandCode.PLACE_LEFT),
    "right": (CommandCode.PICK_RIGHT, CommandCode.PLACE_RIGHT),
}
"""Commands that send the forks to a side."""

_OTHER = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Reach:
    """``shuttle``, ridden by ``lift`` or captive, reaches a space from (level, column) to ``side``."""

    shuttle: Unit
    lift: Unit | None
    level: int
    column: int
    side: str

    @property
    def away(self) -> Expression:
        """The shuttle provably stands at another stop, by a trustworthy position and by the stop's own switch.

        Without its reference a mover may show the station that a coded switch sees: one sensor's word, and the
        same one that the switch gives.
        """
        station = self.shuttle["station"]
        other_column = all_of(
            self.shuttle["referenced"], station.ge(0), station.ne(self.column), self.shuttle["station_sensor"]
        )
        if self.lift is None:
            return other_column
        other_level = all_of(locked_at_a_level(self.lift), levelled(self.lift))
        return any_of(other_column, all_of(other_level, self.lift["station"].ne(self.level)))

    @property
    def towards(self) -> Expression:
        """The forks are on this side, or are being sent there."""
        return any_of(
            self.shuttle[f"forks_{self.side}_mm"].gt(FORKS_HOME_MM), self.shuttle.doing(*TRANSFERS[self.side])
        )

    @property
    def across(self) -> Expression:
        """The forks are busy on the other side of the aisle, and not on this one."""
        other = _OTHER[self.side]
        busy = any_of(self.shuttle[f"forks_{other}_mm"].gt(FORKS_HOME_MM), self.shuttle.doing(*TRANSFERS[other]))
        return all_of(busy, Not(self.towards))

    @property
    def out_of_it(self) -> Expression:
        """Nothing of the shuttle is in the space, and no transfer into it is under way (H02, H07).

        A transfer permit without a command to this side is no danger: the command's own start interlocks see
        what the space is doing, and the gate never lets both begin in one cycle.
        """
        return all_of(
            any_of(forks_home(self.shuttle), self.away, self.across),
            any_of(self.shuttle.idle("transfer"), self.away, Not(self.towards)),
        )

    def unless_elsewhere(self, condition: Expression) -> Expression:
        """``condition``, whenever the forks are in this space or on their way into it."""
        return any_of(self.away, Not(self.towards), condition)

    def unless_away(self, condition: Expression) -> Expression:
        """``condition``, whenever the shuttle may stand at the stop of this space."""
        return any_of(self.away, condition)


def reach(shuttle: ShuttleTopology, stop: tuple[str, int, int, str]) -> Reach:
    """The reach of ``shuttle`` into the space of (device, level, column, side)."""
    _, level, column, side = stop
    lift = None if shuttle.lift is None else unit.lift(shuttle.lift)
    return Reach(unit.shuttle(shuttle.id), lift, level, column, side)


def by_hand(
    device: Unit, shuttle: ShuttleTopology, stop: tuple[str, int, int, str], permits: tuple[str, ...]
) -> Interlock:
    """Nothing of ``device`` meets forks that a person drives by hand: those move without a permit of ours (H13).

    The outer door is left out: it is the way out for whoever is inside.
    """
    into = reach(shuttle, stop)
    return Interlock(
        id=f"{device.id}.{shuttle.id}-by-hand-{stop[1]}-{stop[2]}",
        title="Nobody drives by hand the shuttle that reaches in",
        hazard="H13",
        phase=Phase.RUN,
        guards=tuple(device.may(permit) for permit in permits),
        condition=into.unless_away(in_automatic(into.shuttle)),
        cause=f"The key switch of {shuttle.id}, which stands at {device.id} or may, is not in automatic: "
        "its forks can come in by hand.",
        remedy=f"Ask who has the key of {shuttle.id}; turn it back, or drive it to another column, "
        "only with the zone in view.",
        standard="IEC 60204-1, operating modes",
    )


def out_to(shuttle: Unit, side: str) -> Expression:
    """The forks are out to this side only, by centre switch and both encoders: a transfer was left half done.

    An encoder that trembles round zero says nothing: with it alone a dead centre switch would pass for a transfer
    under way, of which deck and target are not asked (H06).
    """
    return all_of(
        Not(shuttle["forks_centred"]),
        shuttle[f"forks_{side}_mm"].gt(FORKS_NOISE_MM),
        shuttle[f"forks_{_OTHER[side]}_mm"].le(0),
    )
