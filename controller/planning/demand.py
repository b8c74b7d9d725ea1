"""What customers a day brings: a profile by hours, and the days that are drawn from it.

Owns the shape of demand and how a day is drawn from a seeded stream of the caller's. Every day drawn can be served: a
car is asked for only when it is in the garage or on its way in, and nobody brings a car when every place is taken or
promised. Must never know how the garage is run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Protocol

from controller.garage import Layout
from controller.planning.day import Demand
from controller.planning.people import Visit, visit
from controller.planning.places import fillable, settled

HOUR_S = 3600.0


class Dice(Protocol):
    """A seeded stream of chance, as ``random.Random`` is one."""

    def random(self) -> float:
        """Evenly from 0 up to 1."""
        ...

    def uniform(self, a: float, b: float, /) -> float:
        """Evenly between two bounds."""
        ...

    def expovariate(self, rate: float, /) -> float:
        """The time to the next of independent events that come at a rate."""
        ...

    def randrange(self, count: int, /) -> int:
        """A number below ``count``."""
        ...


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day in which customers come at one rate, one by one and independently."""

    from_h: float
    to_h: float
    arrivals_per_h: float
    store_share: float
    """Share of them who bring a car; the others fetch one."""


@dataclass(frozen=True, slots=True)
class Bookings:
    """Customers who fetch at a time that they booked."""

    share: float = 0.0
    """Share of those who fetch."""
    signal_s: float = 150.0
    """So long before they are there the controller learns that they are on the way."""


@dataclass(frozen=True, slots=True)
class Returns:
    """Fetched cars that come back the same day, as after a test drive."""

    share: float = 0.0
    after_h: tuple[float, float] = (1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Stays:
    """Cars that were brought today and are fetched the same day."""

    share: float = 0.0
    after_h: tuple[float, float] = (1.0, 9.0)


@dataclass(frozen=True, slots=True)
class Profile:
    """The demand of one kind of day."""

    hours: tuple[Hours, ...]
    filled: float = 0.6
    """Share of the places that hold a car in the morning."""
    bookings: Bookings = Bookings()
    returns: Returns = Returns()
    stays: Stays = Stays()
    walk_s: tuple[float, float] = (4.0, 10.0)
    dwell_s: tuple[float, float] = (15.0, 45.0)


@dataclass(frozen=True, slots=True)
class DrawnDay:
    """One day: who comes when, what stands where in the morning, and who found no place or no car to ask for."""

    demand: tuple[Demand, ...]
    stock: dict[str, str]
    turned_away: int


def draw_day(profile: Profile, places: Sequence[str], dice: Dice) -> DrawnDay:
    """One day for a garage with these places."""
    return _Drawing(profile, places, dice).day()


def draw_day_of(layout: Layout, profile: Profile, dice: Dice) -> DrawnDay:
    """One day for a garage; where places lie behind others the cars of the morning stand as they would be stored."""
    drawn = draw_day(profile, fillable(layout), dice)
    return replace(drawn, stock=settled(layout, drawn.stock))


class _Drawing:
    def __init__(self, profile: Profile, places: Sequence[str], dice: Dice) -> None:
        self._profile = profile
        self._dice = dice
        self._capacity = len(places)
        left = list(places)
        self._stock = {
            left.pop(dice.randrange(len(left))): f"car{n}" for n in range(round(len(places) * profile.filled))
        }
        self._inside = list(self._stock.values())
        """Cars that nobody has asked for yet."""
        self._occupied = len(self._stock)
        """Places that hold a car, or are promised to one. One that is asked for still counts until it has gone."""
        self._moments: list[tuple[float, int, str, str]] = []
        self._number = 0
        self._demand: list[Demand] = []
        self._turned_away = 0

    def day(self) -> DrawnDay:
        for hours in self._profile.hours:
            self._arrivals(hours)
        act: dict[str, Callable[[float, str], None]] = {
            "walk-in": lambda at_s, _car: self._fetch(at_s, self._any_car()),
            "fetch": self._fetch,
            "bring": self._bring,
            "gone": lambda _at_s, _car: self._leave(),
        }
        while self._moments:
            at_s, _, what, car = heappop(self._moments)
            act[what](at_s, car)
        self._demand.sort(key=lambda wish: wish.at_s)
        return DrawnDay(tuple(self._demand), self._stock, self._turned_away)

    def _at(self, at_s: float, what: str, car: str = "") -> None:
        self._number += 1
        heappush(self._moments, (at_s, self._number, what, car))

    def _arrivals(self, hours: Hours) -> None:
        if hours.arrivals_per_h <= 0:
            return
        at_s, end_s = hours.from_h * HOUR_S, hours.to_h * HOUR_S
        while True:
            at_s += self._dice.expovariate(hours.arrivals_per_h / HOUR_S)
            if at_s >= end_s:
                return
            self._at(at_s, "bring" if self._dice.random() < hours.store_share else "walk-in")

    def _any_car(self) -> str:
        return self._inside[self._dice.randrange(len(self._inside))] if self._inside else ""

    def _fetch(self, at_s: float, car: str) -> None:
        if car not in self._inside:
            self._turned_away += not car
            return
        self._inside.remove(car)
        profile, dice = self._profile, self._dice
        early_s = profile.bookings.signal_s if dice.random() < profile.bookings.share else 0.0
        self._demand.append(Demand(at_s, "retrieve", car, self._visit(), early_s=early_s))
        self._at(at_s + _LEAVES_S, "gone")
        if dice.random() < profile.returns.share:
            self._at(at_s + _LEAVES_S + dice.uniform(*profile.returns.after_h) * HOUR_S, "bring", car)

    def _leave(self) -> None:
        self._occupied -= 1

    def _bring(self, at_s: float, car: str) -> None:
        if self._occupied >= self._capacity:
            self._turned_away += 1
            return
        self._occupied += 1
        vehicle = car or f"guest{self._number}"
        self._number += 1
        self._demand.append(Demand(at_s, "store", vehicle, self._visit()))
        self._inside.append(vehicle)
        if self._dice.random() < self._profile.stays.share:
            self._at(at_s + self._dice.uniform(*self._profile.stays.after_h) * HOUR_S, "fetch", vehicle)

    def _visit(self) -> Visit:
        return visit(self._dice.uniform(*self._profile.walk_s), self._dice.uniform(*self._profile.dwell_s))


_LEAVES_S = 1800.0
"""A place counts as taken for so long after its car was asked for: whoever waits long must not lose it to a guest."""
