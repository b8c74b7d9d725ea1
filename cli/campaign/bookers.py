"""Customers of a campaign who book: on time, early, late, not at all, or with a change of mind.

Owns when they book and what they do then, from a stream of their own, through the requests of the API. Must never look
at more than a customer sees: what they were answered, and the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cli.campaign.people import HOUR_MS, Customers
from cli.campaign.plan import stream
from cli.campaign.virtual_garage import VirtualGarage
from controller.local_link.booking_messages import AnnounceBooking, BookingView, BookSlot, CancelBooking
from controller.local_link.messages import Accepted

BOOKINGS_PER_DAY = 30.0
"""Beside the orders of those who just come; a garage at a shop has more."""
_MINUTE_MS = 60_000
_WAYS = ("on-time", "on-time", "on-time", "early", "late", "silent", "cancels", "changes")
NEVER_MS = 1 << 60
PATIENCE_MS = 5_000
"""Who has no answer by then, because the controller died, goes away."""


@dataclass(frozen=True, slots=True)
class _Deed:
    """What a customer does at a moment: announce an arrival in so many seconds, or cancel."""

    at_ms: int
    booking: str
    arrival_s: int | None


class Bookers:
    """Books, announces and cancels; ``due_ms`` is when somebody acts next."""

    def __init__(self, garage: VirtualGarage, customers: Customers, seed: int, rate: float = 1.0) -> None:
        self.asked = 0
        """Bookings that were asked for."""
        self._garage, self._customers = garage, customers
        self._dice = stream(seed, "bookings")
        self._per_ms = BOOKINGS_PER_DAY * rate / 24 / HOUR_MS
        self._next_ms = 60_000 + round(self._dice.expovariate(self._per_ms)) if rate else NEVER_MS
        self._open: dict[int, tuple[str, int]] = {}
        """Wishes without an answer, with the way in which each customer will behave, and since when they wait."""
        self._deeds: list[_Deed] = []

    @property
    def due_ms(self) -> int:
        """When somebody acts next."""
        return self._garage.now_ms if self._open else min([self._next_ms, *(deed.at_ms for deed in self._deeds)])

    def stop(self) -> None:
        """Nobody books any more; those who did still come."""
        self._next_ms = NEVER_MS

    def act(self) -> bool:
        """Do what is due while a controller runs that hears it; True when somebody booked."""
        self._read_answers()
        garage = self._garage
        for deed in [one for one in self._deeds if one.at_ms <= garage.now_ms]:
            self._deeds.remove(deed)
            if deed.arrival_s is None:
                garage.ask(CancelBooking(booking=deed.booking, actor="customer"))
            else:
                garage.ask(AnnounceBooking(booking=deed.booking, arrival_s=deed.arrival_s, actor="customer"))
        if garage.now_ms < self._next_ms:
            return False
        self._next_ms = garage.now_ms + 1 + round(self._dice.expovariate(self._per_ms))
        self._book()
        return True

    def _book(self) -> None:
        garage, dice = self._garage, self._dice
        here = sorted(car for car, vehicle in garage.core.state.vehicles.items() if vehicle.position is not None)
        begin_ms = garage.now().unix_ms + dice.randint(8, 30) * _MINUTE_MS
        end_ms = begin_ms + dice.randint(8, 20) * _MINUTE_MS
        way = dice.choice(_WAYS)
        is_store = not here or dice.random() < 0.4
        car = self._customers.somebody(dice, comes=way != "silent") if is_store else dice.choice(here)
        wish = BookSlot(kind="store" if is_store else "retrieve", vehicle=car, from_ms=begin_ms, to_ms=end_ms)
        self._open[garage.ask(wish)] = way, garage.now_ms
        self.asked += 1

    def _read_answers(self) -> None:
        answers, now_ms = self._garage.answers, self._garage.now_ms
        for token, (way, asked_ms) in list(self._open.items()):
            answer = answers.get(token)
            if answer is not None or now_ms - asked_ms > PATIENCE_MS:
                del self._open[token]
            if isinstance(answer, Accepted) and answer.booking is not None:
                self._deeds += self._planned(way, answer.booking, self._dice)

    def _planned(self, way: str, booking: BookingView, dice: Random) -> list[_Deed]:
        """What a customer is going to do, by the clock that runs beside the garage's own."""
        now_ms = self._garage.now_ms
        begins_ms = now_ms + booking.from_ms - self._garage.now().unix_ms
        ends_ms = begins_ms + booking.to_ms - booking.from_ms
        ahead_s = dice.randint(0, 400)
        comes_ms = dice.randint(begins_ms, ends_ms)
        told = _Deed(max(now_ms, comes_ms - 1000 * ahead_s), booking.id, ahead_s)
        match way:
            case "on-time":
                return [told]
            case "early":
                return [_Deed(dice.randint(now_ms, begins_ms), booking.id, dice.randint(0, 120))]
            case "late":
                return [_Deed(ends_ms + dice.randint(0, 300_000), booking.id, dice.randint(0, 200))]
            case "cancels":
                return [told, _Deed(dice.randint(now_ms, ends_ms), booking.id, None)]
            case "changes":
                return [told, _Deed(told.at_ms + dice.randint(5_000, 200_000), booking.id, dice.randint(0, 900))]
        return []
