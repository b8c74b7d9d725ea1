"""What must hold for bookings in a campaign, by the journal on disk alone: none is lost, and who comes is served.

Owns the check. It folds the events of the disk for itself and compares with what the books hold; it knows no decider of
the core. Must never change anything.
"""

from __future__ import annotations

from dataclasses import dataclass

from cli.campaign.virtual_garage import VirtualGarage
from controller.core import booking_events as bev

SLACK_MS = 30_000
"""A car that is there for the taking has an order so long after its customer has come; the core looks every 5 s."""
LOOK_MS = 1000


@dataclass(slots=True)
class _Known:
    """A booking as its events tell it."""

    kind: str
    vehicle: str
    to_ms: int
    arrival_ms: int | None = None
    is_served: bool = False
    free_since_ms: int | None = None
    """Since when everything was there for its order, and none was made; by the campaign's own clock."""
    over_since_ms: int | None = None
    """Since when a living controller could have ended it, and has not; by the campaign's own clock."""


class BookingCheck:
    """Looks at the bookings of one run."""

    def __init__(self, garage: VirtualGarage) -> None:
        self.served = 0
        """How often an order was made from a booking, or taken for one."""
        self._garage = garage
        self._open: dict[str, _Known] = {}
        self._seq = 0
        self._salvages = 0
        self._look_ms = 0

    def look(self) -> str:
        """The first breach, empty while all holds."""
        garage = self._garage
        if not garage.alive or not garage.claimed:
            for known in self._open.values():
                known.free_since_ms = known.over_since_ms = None
            return ""
        if garage.now_ms < self._look_ms:
            return ""
        self._look_ms = garage.now_ms + LOOK_MS
        self._read()
        kept = garage.core.state.bookings.all
        for name, known in self._open.items():
            if name not in kept or kept[name].vehicle != known.vehicle:
                return f"{name} is in the journal and not in the books"
            if self._is_left_waiting(known):
                return f"{name}: {known.vehicle} is there, its customer has come, and no order was made"
            if self._goes_on_too_long(known):
                return f"{name} goes on although its slot and the time of grace are over"
        return ""

    def _goes_on_too_long(self, known: _Known) -> bool:
        garage = self._garage
        if garage.now().unix_ms <= self._latest_ms(known) or known.is_served or garage.disk.waits:
            known.over_since_ms = None
        elif known.over_since_ms is None:
            known.over_since_ms = garage.now_ms
        return known.over_since_ms is not None and garage.now_ms - known.over_since_ms > SLACK_MS

    def _is_left_waiting(self, known: _Known) -> bool:
        garage, state = self._garage, self._garage.core.state
        car = state.vehicles.get(known.vehicle)
        is_free = (
            known.kind == "retrieve"
            and known.arrival_ms is not None
            and known.arrival_ms <= garage.now().unix_ms
            and not known.is_served
            and state.mode == "automatic"
            and car is not None
            and car.position is not None
            and all(order.vehicle != known.vehicle for order in state.orders.values() if not order.state.is_over)
            and not garage.disk.waits
        )
        if not is_free:
            known.free_since_ms = None
        elif known.free_since_ms is None:
            known.free_since_ms = garage.now_ms
        return known.free_since_ms is not None and garage.now_ms - known.free_since_ms > SLACK_MS

    def _latest_ms(self, known: _Known) -> int:
        grace_ms = 1000 * self._garage.config.bookings.grace_s
        return max(known.to_ms, known.arrival_ms or 0) + grace_ms

    def _read(self) -> None:
        disk = self._garage.disk
        if disk.salvages != self._salvages:
            self._salvages, self._seq = disk.salvages, 0
            self._open.clear()
        for recorded in disk.events_after(self._seq):
            self._seq = recorded.seq
            if isinstance(recorded.event, bev.BookingEvent):
                self._fold(recorded.event)

    def _fold(self, event: bev.BookingEvent) -> None:
        if isinstance(event, bev.BookingMade):
            self._open[event.booking] = _Known(event.booking_kind, event.vehicle, event.to_ms)
            return
        known = self._open[event.booking]
        match event:
            case bev.BookingAnnounced():
                known.arrival_ms = event.arrival_ms
            case bev.BookingInService():
                known.is_served = True
                self.served += 1
            case bev.BookingReleased():
                known.is_served = False
                if event.code == "CUSTOMER_NOT_COME":
                    known.arrival_ms = None
            case bev.BookingEnded():
                del self._open[event.booking]
