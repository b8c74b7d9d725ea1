"""The planner's part in the core: when a picture is asked for, whether its advice still holds, and who is held for it.

Owns the memory of one run: the number of the picture, the advice to it, and since when each order has been held. An
advice is a preference (ADR 0028): it holds for the moment of its picture, for a bounded time, and not at all when the
planner is gone or late. Must never let an order begin: the dispatcher does, by its own checks.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.core import supply
from controller.core.cabin_phase import READY
from controller.core.order import Order, OrderState
from controller.core.picture import picture_of
from controller.core.placement import Placement
from controller.core.service import out_of_use
from controller.core.situation import Situation
from controller.planning.advice import BEGINS_MAX, Advice, Counsel, Picture, PlannerGone, PlannerReady, PlannerWord
from safety.refusal import Refusal

REFRESH_MS = 5000
"""How old an advice may become while somebody is held for it and nothing happens: people are late, cars are slow."""


class AdvisingMemory(msgspec.Struct, frozen=True):
    """All that is remembered between two cycles."""

    is_there: bool = False
    number: int = 0
    asked_ms: int = 0
    key: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    advice: Advice | None = None
    held_since_ms: dict[str, int] = {}
    is_holding: bool = False
    is_late: bool = False


class Advising:
    """What the planner has said, as the dispatcher may use it in this cycle."""

    def __init__(self) -> None:
        self._is_there = False
        self._number = 0
        self._asked_ms = 0
        self._key: tuple[str, ...] = ()
        self._known: frozenset[str] = frozenset()
        self._advice: Advice | None = None
        self._counsels: dict[str, Counsel] = {}
        self._held_since_ms: dict[str, int] = {}
        self._is_holding = False
        self._is_late = False
        self._is_waiting = False
        self._hold_max_ms = 0

    def memory(self) -> AdvisingMemory:
        """All that is remembered, for a recording that goes on from here."""
        return AdvisingMemory(
            self._is_there,
            self._number,
            self._asked_ms,
            self._key,
            self._known,
            self._advice,
            dict(self._held_since_ms),
            self._is_holding,
            self._is_late,
        )

    def recall(self, memory: AdvisingMemory) -> None:
        """Go on from what ``memory`` gave."""
        self._is_there, self._number, self._asked_ms = memory.is_there, memory.number, memory.asked_ms
        self._key, self._known = memory.key, memory.known
        self._held_since_ms, self._is_holding = dict(memory.held_since_ms), memory.is_holding
        self._is_late = memory.is_late
        self._take(memory.advice)

    def hear(self, word: PlannerWord) -> None:
        """A planner says something; an advice to any other picture than the last one is not used."""
        match word:
            case PlannerReady():
                self._is_there = True
                self._forget()
            case PlannerGone():
                self._is_there = False
                self._forget()
            case Advice() if self._is_there and not self._is_late and word.picture == self._number:
                self._take(word)
            case _:
                pass  # late, or of a planner that counts wrongly: the rule of the queue has decided already

    def look(self, situation: Situation, placement: Placement) -> Picture | None:
        """Begin a cycle; a new picture when the old one has become wrong, or too old for whoever is held for it."""
        now_ms, controller = situation.now.mono_ms, situation.config.controller
        self._hold_max_ms = 1000 * controller.planner_hold_max_s
        self._is_waiting = self._is_there and self._advice is None and self._waits_until_ms(situation) > now_ms
        self._is_late |= self._advice is None and not self._is_waiting
        if not self._is_there:
            return None
        key = _key(situation)
        is_old = self._is_holding and now_ms - self._asked_ms >= REFRESH_MS
        self._is_holding = False
        if key == self._key and not is_old:
            return None
        self._key = key
        self._take(None)
        if not key:
            self._known, self._is_waiting = frozenset(), False
            return None
        self._number += 1
        self._asked_ms, self._is_waiting, self._is_late = now_ms, True, False
        picture = picture_of(situation, placement, self._number)
        orders = {one.order for one in picture.waiting} | {car.order for car in picture.stored}
        self._known = frozenset(orders | {one.booking for one in picture.booked})
        kept = {order: since for order, since in self._held_since_ms.items() if order in self._known}
        self._held_since_ms = kept
        return picture if self._known else None

    def due_ms(self, situation_ms: int, timeout_ms: int) -> int | None:
        """When time alone ends a wait or makes an advice too old; None when nobody is held."""
        if not self._is_there or not self._is_holding:
            return None
        if self._advice is None:
            return max(situation_ms, self._asked_ms + timeout_ms)
        dues = [self._asked_ms + REFRESH_MS, *(since + self._hold_max_ms for since in self._held_since_ms.values())]
        return max(situation_ms, min(dues))

    # --- what the dispatcher asks ------------------------------------------------------------------------------

    def counsel(self, order: str) -> Counsel | None:
        """How an order is to begin now; None when it is not among those."""
        return self._counsels.get(order)

    def ranked(self, orders: Sequence[Order]) -> list[Order]:
        """The orders in which the dispatcher tries them: those that are to begin first, the others as they came."""
        ranks = {order: rank for rank, order in enumerate(self._counsels)}
        return sorted(orders, key=lambda order: ranks.get(order.id, len(ranks)))

    def is_held(self, situation: Situation, order: str) -> bool:
        """True while an order is to wait for the plan although it might begin: for a bounded time, and not for ever."""
        if order not in self._known:
            return False
        if self._advice is None and not self._is_waiting:
            return False
        since_ms = self._held_since_ms.get(order)
        return since_ms is None or situation.now.mono_ms - since_ms < self._hold_max_ms

    def hold(self, situation: Situation, order: Order) -> Refusal | None:
        """Take note that an order could begin, and does not for the plan's sake; what it is told."""
        self._is_holding = True
        self._held_since_ms.setdefault(order.id, situation.now.mono_ms)
        if self._advice is None:
            # The answer comes within a few cycles, and the words of before are as good until then.
            return order.waiting
        first = ", ".join(self._counsels)
        what = f"The plan lets {first} begin first" if first else "The plan keeps the machine for what is about to end"
        limits = situation.config.controller
        return Refusal(
            "PLANNED_LATER",
            f"{what}: all together wait less so.",
            f"Wait: for {limits.planner_hold_max_s} s at most, and no more than {limits.overtaking_max} later orders "
            "begin before one that came earlier.",
        )

    def _waits_until_ms(self, situation: Situation) -> int:
        return self._asked_ms + situation.config.controller.planner_timeout_ms

    def _take(self, advice: Advice | None) -> None:
        self._advice = advice
        begins = () if advice is None else advice.begins[:BEGINS_MAX]
        self._counsels = {counsel.order: counsel for counsel in begins if counsel.order in self._known}

    def _forget(self) -> None:
        self._key, self._known, self._is_holding = (), frozenset(), False
        self._held_since_ms.clear()
        self._take(None)


def _is_ready(situation: Situation, order: Order) -> bool:
    return order.cabin is not None and not order.legs and situation.state.cabin(order.cabin).phase == READY


def _key(situation: Situation) -> tuple[str, ...]:
    """What an advice rests on: empty when there is nothing to decide, else the same as long as nothing happens."""
    state = situation.state
    found: list[str] = []
    is_open = False
    for order in state.open_orders():
        is_open |= order.state is OrderState.WAITING or _is_ready(situation, order)
        found.append(f"{order.id} {order.state.value} {order.withdrawal} {order.legs_done} {len(order.claims)}")
    if not is_open:
        return ()
    found += [f"{name} {use.phase}" for name, use in state.cabins.items()]
    found += [f"{one.id} {one.state.value} {one.arrival_ms}" for one in state.bookings.open()]
    found += sorted(out_of_use(situation))
    found += sorted(situation.verdict.proven_empty)
    found.append(f"{supply.feed_of(situation).value} {situation.settling_ms > 0}")
    return tuple(found)
