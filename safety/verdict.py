"""What the safety logic says of one process image.

Owns the result types. Must never decide anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from plc_drivers.contract import CommandCode
from safety.refusal import Refusal


@dataclass(frozen=True, slots=True, order=True)
class Function:
    """A hazardous function of one device: the permit ``permit`` of ``device``, written ``lift1.travel``."""

    device: str
    permit: str

    def __str__(self) -> str:
        return f"{self.device}.{self.permit}"


@dataclass(frozen=True, slots=True, order=True)
class StartOf:
    """The start of one command of one device, written ``shuttle1.PLACE_LEFT``.

    ``arg1`` narrows it to one first argument, as the depth of a transfer, written ``shuttle1.PLACE_LEFT(2)``;
    a guard without it holds for every argument.
    """

    device: str
    code: CommandCode
    arg1: int | None = None

    def __str__(self) -> str:
        return f"{self.device}.{self.code.name}" + ("" if self.arg1 is None else f"({self.arg1})")


@dataclass(frozen=True, slots=True)
class Failing:
    """One instantiated interlock that does not hold now.

    ``readings`` are the tags that fail it as (``device.tag``, value or None, age_ms, quality name, device's
    fault text); ``musts`` says of each what it must be, and to which way it belongs (see ``requirement``).
    ``unknown`` is True when it fails because something is not known, not because it is false. ``remaining_ms`` is
    what is left of a holding time that runs.
    """

    id: str
    title: str
    hazard: str
    guards: tuple[Function | StartOf, ...]
    cause: str
    remedy: str
    unknown: bool
    readings: tuple[tuple[str, bool | int | float | None, int, str, str], ...] = ()
    musts: tuple[tuple[str, str], ...] = ()
    remaining_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A permit that was asserted and that safety has just taken: what fails, with the readings of that moment."""

    function: Function
    failing: tuple[Failing, ...]


@dataclass(frozen=True, slots=True)
class ActiveTrip:
    """A trip in force. ``category`` is its stop category (0 hardest), ``since_ms`` the controller's clock.

    ``may_be_reset`` is True when its cause is gone, so that a person's reset would count. ``is_first_out`` marks
    the one that came first among those that share a device with it: the others may be its consequence.
    """

    id: str
    title: str
    hazard: str
    category: int
    zone: int | None
    stops: tuple[Function, ...]
    since_ms: int
    cause: str
    remedy: str
    may_be_reset: bool
    is_first_out: bool

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that it stops, each once."""
        return tuple(dict.fromkeys(function.device for function in self.stops))


DRIFT_FACTOR = 1.2
"""A stop that takes a fifth more than designed is worth a look before it becomes dangerous (ISO 13855: the distances
that protect people rest on the stopping time, and brakes wear)."""

DRIFT_MS = 600
"""What the way of the news may add: the write, the PLC's scan, the drive's reaction, and reading the standstill."""


@dataclass(frozen=True, slots=True)
class StopMeasured:
    """One measured stop of ``function``'s axis (H18).

    ``speed`` is in mm/s, or mdeg/s on a turntable and round a ring; ``distance`` in mm or mdeg. ``designed_ms`` and
    ``designed_distance`` are what braking from that speed takes.
    """

    function: Function
    speed: int
    time_ms: int
    distance: int
    designed_ms: int
    designed_distance: int

    @property
    def is_late(self) -> bool:
        """True when time or distance is beyond what is designed and tolerated."""
        way = DRIFT_FACTOR * self.designed_distance + self.speed * DRIFT_MS / 1000
        return self.time_ms > DRIFT_FACTOR * self.designed_ms + DRIFT_MS or self.distance > way


@dataclass(frozen=True, slots=True)
class Verdict:
    """Permits that may be asserted now, and everything that stands in the way of the others.

    ``allowed`` holds every function whose run interlocks all hold (mutual exclusion with what is granted is
    the gate's part). ``failing`` lists the interlocks that do not hold; ``proven_empty`` the cabins that are
    proven free of people (H02, H05) after a confirmation and the countdown; ``clearing_ms`` how much of a
    running countdown is left. ``lost`` are functions that were allowed in the last cycle and are not now; ``taken``
    says why of those that were asserted. ``trips`` are the trips in force, the oldest first; ``stops`` the stops that
    came to an end with this image.
    """

    now_ms: int
    allowed: frozenset[Function]
    failing: tuple[Failing, ...]
    proven_empty: frozenset[str]
    clearing_ms: Mapping[str, int] = field(default_factory=dict)
    lost: frozenset[Function] = frozenset()
    trips: tuple[ActiveTrip, ...] = ()
    stops: tuple[StopMeasured, ...] = ()
    taken: tuple[Taken, ...] = ()
    _refusals: dict[tuple[Function | StartOf, ...], Refusal | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What has been asked of this verdict already: the gate asks for the same commands again and again."""

    def stop_category(self, device: str) -> int | None:
        """The hardest stop that a trip asks of a device now, None when no trip stops it."""
        return min((trip.category for trip in self.trips if device in trip.devices), default=None)

    def refusal(self, function: Function) -> Refusal | None:
        """Why ``function`` is not allowed now, None when it is."""
        if function in self.allowed:
            return None
        return self._first(function) or Refusal(
            "NOT_EVALUATED",
            f"{function} was not evaluated; what was not evaluated is not permitted.",
            "This is a defect of the controller: stop the garage and report it with the journal.",
        )

    def start_refusal(self, start: StartOf) -> Refusal | None:
        """Why the command may not start now (its start interlocks), None when it may.

        With ``arg1`` the interlocks of that argument count as well as those of every argument.
        """
        return self._first(start, StartOf(start.device, start.code))

    def _first(self, *what: Function | StartOf) -> Refusal | None:
        if what not in self._refusals:
            self._refusals[what] = next(
                (
                    Refusal(item.id, item.cause, item.remedy)
                    for item in self.failing
                    if not frozenset(what).isdisjoint(item.guards)
                ),
                None,
            )
        return self._refusals[what]
