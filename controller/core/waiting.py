"""Why orders wait, told once and not at every flicker.

Owns the memory of reasons that have not lasted long enough to be told. Must never invent a reason.
"""

from __future__ import annotations

from controller.core import events as ev
from controller.core.situation import Situation
from safety.refusal import Refusal

LASTING_MS = 500
"""A reason must last this long before it is told: the moments between two commands are no news."""


class WaitingReasons:
    """Turns the reasons of each cycle into events when they change and last."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[str, str, int]] = {}

    def tell(self, situation: Situation, reasons: dict[str, Refusal]) -> None:
        """Write an event for every open order whose reason has changed for long enough, or has gone."""
        now_ms = situation.now.mono_ms
        open_orders = situation.state.open_orders()
        for order in open_orders:
            reason = reasons.get(order.id)
            if reason is None:
                self._since.pop(order.id, None)
                if order.waiting is not None:
                    situation.log.write(ev.OrderWaiting(order=order.id, code=""))
                continue
            if order.waiting is not None and (order.waiting.code, order.waiting.text) == (reason.code, reason.text):
                self._since.pop(order.id, None)
                continue
            code, text, since_ms = self._since.get(order.id, ("", "", now_ms))
            if (code, text) != (reason.code, reason.text):
                self._since[order.id] = (reason.code, reason.text, now_ms)
            elif now_ms - since_ms >= LASTING_MS:
                del self._since[order.id]
                event = ev.OrderWaiting(order=order.id, code=reason.code, text=reason.text, remedy=reason.remedy)
                situation.log.write(event)
        if len(self._since) > len(open_orders):
            known = {order.id for order in open_orders}
            self._since = {key: value for key, value in self._since.items() if key in known}
