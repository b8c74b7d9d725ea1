"""An order and its legs, as the core keeps them.

Owns the records. Must never decide what an order does next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from controller.alarms.book import CONTROLLER
from controller.core.events import OrderKind
from safety.refusal import Refusal


class OrderState(Enum):
    """Where an order stands in its life."""

    WAITING = "waiting"
    ACTIVE = "active"
    WITHDRAWING = "withdrawing"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """True when the order holds nothing any more."""
        return self in _OVER


_OVER = frozenset({OrderState.DONE, OrderState.WITHDRAWN, OrderState.FAILED})


@dataclass(frozen=True, slots=True)
class Leg:
    """One car from ``source`` to ``target``, both position ids, by one shuttle."""

    shuttle: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Promise:
    """What was promised when an order was accepted, Unix time: expected, and the ends of the 90 % interval.

    The later end is the time by which it was promised (VDI 4486).
    """

    eta_ms: int
    early_ms: int
    late_ms: int


@dataclass(slots=True)
class Order:
    """An order. Changed by ``state.apply`` only.

    ``leg`` is the index of the leg under way, None while none is. ``claims`` are the ids of the movers, cabins
    and positions that are this order's alone. ``waiting`` is None while the order goes on;
    ``rejection`` is why it cannot be carried out and only has to be brought to its end. ``served_at_ms`` is when a
    fetched car had green, or another was in its place.
    """

    id: str
    kind: OrderKind
    vehicle: str
    accepted_at_ms: int
    actor: str
    source: str | None = None
    target: str | None = None
    cabin: str | None = None
    wanted_cabin: str | None = None
    state: OrderState = OrderState.WAITING
    legs: tuple[Leg, ...] = ()
    leg: int | None = None
    legs_done: int = 0
    claims: set[str] = field(default_factory=set)
    waiting: Refusal | None = None
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    outcome: Refusal | None = None
    rejection: Refusal | None = None
    withdrawal: Literal["", "regular", "immediate"] = ""
    is_halted: bool = False
    key: str | None = None
    fingerprint: str = ""
    promise: Promise | None = None
    served_at_ms: int | None = None

    @property
    def makes_way(self) -> bool:
        """True for a relocation that the controller ordered: the car makes way for the one behind it."""
        return self.kind == "relocate" and self.actor == CONTROLLER

    @property
    def current_leg(self) -> Leg | None:
        """The leg under way, None while none is."""
        return None if self.leg is None else self.legs[self.leg]

    @property
    def missing_shuttle(self) -> str | None:
        """The shuttle for which the car waits on a platform: of the next leg, and not claimed yet (ADR 0033)."""
        if self.state is OrderState.WAITING or self.state.is_over or self.leg is not None:
            return None
        shuttle = self.legs[self.legs_done].shuttle if self.legs_done < len(self.legs) else None
        return None if shuttle in self.claims else shuttle
