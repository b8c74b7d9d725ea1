"""The places of a simulated garage: what stands where, what is promised, and which places a car may be given.

Owns the rules of places two deep (ADR 0031): behind comes before in front of, so that no free place is shut in; nothing
is put before a car that somebody has asked for, or whose place is promised; and one place stays free, so that a car can
always make way. Must never choose among the places that it allows.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.garage import Layout

SPARE = 1
"""So many places two deep stay free for a car that must make way."""


class Places:
    """The books of one simulated garage."""

    def __init__(self, layout: Layout, stock: Mapping[str, str]) -> None:
        self._layout = layout
        self.occupant = dict(stock)
        """Vehicle by place."""
        self.place_of = {vehicle: place for place, vehicle in stock.items()}
        """Place by vehicle."""
        self.free = {place.id for place in layout.storage()} - set(stock)
        """Places without a car that nobody has been promised."""
        self.asked: set[str] = set()
        """Vehicles that somebody has asked for, or brings: nothing is put before them."""

    # --- what happens ------------------------------------------------------------------------------------------

    def promise(self, place: str) -> None:
        """Keep a place for a car that is on its way in.

        Raises:
            ValueError: it is taken, promised, or shut in.
        """
        if place not in self.free or self.front_of(place):
            raise ValueError(f"{place} is not free")
        self.free.discard(place)

    def give_up(self, place: str) -> None:
        """A promise is not kept any more."""
        self.free.add(place)

    def put(self, vehicle: str, place: str) -> None:
        """A car goes into a place that was promised to it."""
        self.occupant[place] = vehicle
        self.place_of[vehicle] = place

    def take(self, vehicle: str) -> str:
        """A car leaves its place; the place that is free now."""
        place = self.place_of.pop(vehicle)
        del self.occupant[place]
        self.free.add(place)
        return place

    # --- what may be -------------------------------------------------------------------------------------------

    def front_of(self, place: str) -> str:
        """The occupied place between the aisle and ``place``; empty when the way is clear."""
        return next((front for front in self._layout.in_front_of(place) if front in self.occupant), "")

    def deeper(self, place: str) -> str:
        """The free place behind ``place``, for a car that was promised it while somebody stood there; else empty."""
        rear = self._layout.behind(place)
        return rear if rear is not None and rear in self.free else ""

    def for_stores(self) -> set[str]:
        """The places that a car which comes may be given."""
        if not self._layout.is_deep:
            return self.free
        return self.open() if len(self.free) > SPARE else set()

    def for_asides(self) -> set[str]:
        """The places that a car may be given which must make way.

        Only when nothing else is left is it put before one that somebody has asked for.
        """
        if not self._layout.is_deep:
            return set()
        return self.open() or {place for place in self.free if not self.front_of(place) and self._rear_is_taken(place)}

    def open(self) -> set[str]:
        """Free places that are not shut in, and before no wanted car and no place that is to be filled first."""
        return {place for place in self.free if self._is_open(place)}

    def _is_open(self, place: str) -> bool:
        if self.front_of(place):
            return False
        rear = self._layout.behind(place)
        return rear is None or (rear in self.occupant and self.occupant[rear] not in self.asked)

    def _rear_is_taken(self, place: str) -> bool:
        return self._layout.behind(place) in self.occupant


def fillable(layout: Layout) -> list[str]:
    """The places that may hold a car all at the same time; two deep one of those in front stays free."""
    fronts = [place.id for place in layout.storage() if layout.behind(place.id) is not None]
    kept = fronts[-SPARE:]
    return [place.id for place in layout.storage() if place.id not in kept]


def settled(layout: Layout, stock: Mapping[str, str]) -> dict[str, str]:
    """The same cars by place, those who stand before an empty place moved back into it, as cars are stored."""
    found = dict(stock)
    for place, vehicle in stock.items():
        rear = layout.behind(place)
        if rear is not None and rear not in stock:
            del found[place]
            found[rear] = vehicle
    return found
