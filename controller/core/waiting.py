"""Why orders wait, told once and not at every flicker.

Owns the memory of reasons that have not lasted long enough to be told. Must never invent a reason.
"""

from __future__ import annotations

import msgspec

from controller.core import events as ev
from controller.core.order import Order
from controller.core.situation import Situation
from safety.refusal import Refusal

INNER_DOOR = "INNER_DOOR"
"""Code of the reason for which a shuttle waits before a cabin; the cabin's own reason says more."""

LASTING_MS = 500
"""A reason must last this long before it is told: the moments between two commands are no news."""


RETOLD_MS = 10_000
"""A reason of the same code is told again at most this often: its words may hold figures that change."""


class WaitingMemory(msgspec.Struct, frozen=True):
    """Reasons that have not lasted yet, by order with code and since when, and when each order's was told last."""

    since: dict[str, tuple[str, int]]
    told_ms: dict[str, int]
    retells: bool


class WaitingReasons:
    """Turns the reasons of each cycle into events when they change and last."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, int]] = {}
        self._told_ms: dict[str, int] = {}
        self._retells = False

    def memory(self) -> WaitingMemory:
        """All that is remembered, for a recording that goes on from here."""
        return WaitingMemory(dict(self._since), dict(self._told_ms), self._retells)

    def recall(self, memory: WaitingMemory) -> None:
        """Go on from what ``memory`` gave."""
        self._since, self._told_ms, self._retells = dict(memory.since), dict(memory.told_ms), memory.retells

    @property
    def is_settled(self) -> bool:
        """No reason waits to be told."""
        return not self._since and not self._retells

    def tell(self, situation: Situation, reasons: dict[str, Refusal]) -> None:
        """Write an event for every open order whose reason has changed for long enough, or has gone."""
        open_orders = situation.state.open_orders()
        self._retells = False
        for order in open_orders:
            reason = reasons.get(order.id)
            if reason is None:
                self._forget(order.id)
                if order.waiting is not None:
                    situation.log.write(ev.OrderWaiting(order=order.id, code=""))
            elif self._is_due(order, reason, situation.now.mono_ms):
                self._forget(order.id)
                self._told_ms[order.id] = situation.now.mono_ms
                event = ev.OrderWaiting(order=order.id, code=reason.code, text=reason.text, remedy=reason.remedy)
                situation.log.write(event)
        if len(self._since) + len(self._told_ms) > 2 * len(open_orders):
            known = {order.id for order in open_orders}
            self._since = {key: value for key, value in self._since.items() if key in known}
            self._told_ms = {key: value for key, value in self._told_ms.items() if key in known}

    def _forget(self, order: str) -> None:
        self._since.pop(order, None)

    def _is_due(self, order: Order, reason: Refusal, now_ms: int) -> bool:
        if order.waiting is not None and order.waiting.code == reason.code:
            self._forget(order.id)
            is_new_text = order.waiting.text != reason.text
            self._retells |= is_new_text
            return is_new_text and now_ms - self._told_ms.get(order.id, 0) >= RETOLD_MS
        code, since_ms = self._since.get(order.id, ("", now_ms))
        if code != reason.code:
            self._since[order.id] = (reason.code, now_ms)
            return False
        return now_ms - since_ms >= LASTING_MS
