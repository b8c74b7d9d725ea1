"""What the core shows a planner of the moment, and what a planner says to it: the messages between the two.

Owns their form. A picture is small, holds no reading and no claim, and all of its times count from its own moment. An
advice is a preference and nothing more: the core checks and claims by its own rules. Must never hold code that decides.
"""

from __future__ import annotations

import msgspec

from controller.planning.machine import Kind

OUT_OF_USE_S = 3600.0
"""When a unit that is out of use is expected back: so late that nothing is planned with it while anything else does."""
EARLY_S = 150.0
"""So long before a customer is there who is on the way, the car may be fetched in a plan."""
BEGINS_MAX = 16
"""So many orders an advice may let begin at one moment; no garage has more cabins to begin them in."""


class MoverSeen(msgspec.Struct, frozen=True, array_like=True):
    """A lift or shuttle: when it is free in s, and at which level or column it then stands."""

    free_s: float
    station: int


class CabinSeen(msgspec.Struct, frozen=True, array_like=True):
    """A cabin: when it is free in s.

    Where a stored car stands, or will stand, that waits for movers, ``free_s`` is None and ``ready_s`` says from when
    on it waits.
    """

    free_s: float | None
    ready_s: float = 0.0


class WaitingSeen(msgspec.Struct, frozen=True, array_like=True):
    """An order that has not begun, in the order of acceptance.

    ``place`` is where a retrieved car stands, or the place that a store asks for. ``since_s`` is for how long it has
    waited, negative while its customer is still on the way; ``passed`` how many later orders have begun before it.
    """

    order: str
    kind: Kind
    vehicle: str
    place: str
    since_s: float
    is_turned: bool
    passed: int


class BookedSeen(msgspec.Struct, frozen=True, array_like=True):
    """A booking whose customer is on the way and will be there in ``due_s``; no order has been made from it yet.

    ``place`` is where the car stands; empty for one that is to come.
    """

    booking: str
    kind: Kind
    vehicle: str
    place: str
    due_s: float
    is_turned: bool


class StoredSeen(msgspec.Struct, frozen=True, array_like=True):
    """A car that stands, or will stand, in a cabin and goes into a place."""

    cabin: str
    order: str
    vehicle: str
    place: str


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """One moment, as far as it matters for who begins next. ``number`` comes back with the advice.

    ``free`` are the places that are open for any car that fits them. ``overtaking_max`` is the bound in force.
    """

    number: int
    movers: dict[str, MoverSeen]
    cabins: dict[str, CabinSeen]
    waiting: list[WaitingSeen]
    stored: list[StoredSeen]
    free: list[str]
    overtaking_max: int
    booked: list[BookedSeen] = []


class Counsel(msgspec.Struct, frozen=True, array_like=True):
    """One order that is to begin now, or whose stored car is to leave its cabin; or a booking of which an order is to
    be made.

    ``movers`` are those of the way that was planned, ``place`` that of a stored car; both may be empty.
    """

    order: str
    cabin: str
    movers: tuple[str, ...] = ()
    place: str = ""


class Advice(msgspec.Struct, frozen=True, tag="advice"):
    """Who begins now, first of all the first one; whoever else the picture showed waits for the next moment.

    ``code`` is the planner's reason for going no further.
    """

    picture: int
    begins: list[Counsel]
    code: str = ""


class PlannerReady(msgspec.Struct, frozen=True, tag="ready"):
    """A planner looks at pictures from now on."""


class PlannerGone(msgspec.Struct, frozen=True, tag="gone"):
    """Nobody looks at pictures; ``why`` is for people."""

    why: str = ""


PlannerWord = Advice | PlannerReady | PlannerGone
