"""What a trip is: a declaration of what must hold, what is stopped when it does not, how, and until when.

Owns the shape of a declaration, and how it becomes an interlock like any other: evaluated, printed, searched and
proved as it stands. Must never hold a condition itself; those stand in ``safety.trips``, one module per subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from safety.expression import Const, Dominant, Expression, Latch, Not, Outlasted, Proven, ResetAsked, all_of, any_of
from safety.interlock import Interlock, InterlockError, Phase
from safety.verdict import Function

UNKNOWN_GRACE_MS = 1000
"""How long a trip without a grace of its own bears that nothing is known. Permits go at once; only the latch waits."""


class StopCategory(IntEnum):
    """How motion is stopped, after IEC 60204-1, categories of stop. The lowest number is the hardest stop."""

    POWER_OFF = 0
    """Power is taken from the drives at once."""
    STOP_THEN_OFF = 1
    """A controlled stop, then power off."""
    HOLD = 2
    """A controlled stop; the drives hold."""


@dataclass(frozen=True, slots=True)
class Trip:
    """``holds`` must hold; when it does not, every function of ``stops`` loses its permit and ``category`` is how.

    ``id`` is ``device.rule`` or ``zoneN.rule``; ``zone`` is the zone that it belongs to, None for the whole garage.
    ``grace_ms`` is how long the cause may last in all before it trips; it refills slower than it drains, so that a
    cause that comes and goes cannot postpone the stop. While ``latch`` is True the trip stays until a person resets it
    and ``clear`` holds (``holds`` where nothing else is given); else it goes with its cause.

    Raises:
        InterlockError: malformed, or it stops nothing.
    """

    id: str
    title: str
    hazard: str
    category: StopCategory
    zone: int | None
    stops: tuple[Function, ...]
    holds: Expression
    cause: str
    remedy: str
    standard: str = ""
    grace_ms: int = 0
    latch: bool = True
    clear: Expression | None = None

    def __post_init__(self) -> None:
        if self.grace_ms < 0:
            raise InterlockError(f"trip {self.id} has a grace below zero")
        # Built once here, so that a malformed declaration is an error at load and not in the first cycle.
        _ = self.interlock

    @property
    def fires(self) -> Expression:
        """What sets it: the cause beyond its grace, or a cause that cannot be seen for too long. Never unknown."""
        absent = Not(Proven(self.holds))
        if self.grace_ms:
            return Proven(Outlasted(absent, self.grace_ms))
        # What was never known since the start has not been lost: there is nothing to latch, and no permit either.
        was_known = Proven(Latch(Proven(self.holds), Const(value=False)))
        return any_of(Proven(Not(self.holds)), all_of(was_known, Proven(Outlasted(absent, UNKNOWN_GRACE_MS))))

    @property
    def may_be_reset(self) -> Expression:
        """What must hold for a person's reset to count. Never unknown."""
        return Proven(self.holds if self.clear is None else all_of(self.holds, self.clear))

    @property
    def stands(self) -> Expression:
        """True while the trip is in force."""
        if not self.latch:
            return self.fires
        return Latch(self.fires, all_of(self.may_be_reset, ResetAsked(self.id)), Dominant.SET)

    @property
    def condition(self) -> Expression:
        """What the permits ask for: not tripped; and without a grace the thing itself, at once and as a level (H10)."""
        return Not(self.stands) if self.grace_ms else all_of(self.holds, Not(self.stands))

    @property
    def interlock(self) -> Interlock:
        """The same declaration as an interlock of the functions that it stops."""
        return Interlock(
            self.id,
            self.title,
            self.hazard,
            Phase.RUN,
            self.stops,
            self.condition,
            self.cause,
            self.remedy,
            self.standard,
        )

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that it stops, each once, in the order of ``stops``."""
        return tuple(dict.fromkeys(function.device for function in self.stops))
