"""Every position of a garage in doubt: what a journal that lost events leaves to persons and sensors.

Owns which unit waits for which position. Must never leave out a position that can hold a car: an empty place of old
books may have a car in it (H08).
"""

from __future__ import annotations

from controller.core.mode_events import InventoryDoubted
from controller.garage import Layout


def everything_doubted(layout: Layout) -> list[InventoryDoubted]:
    """One event for each unit, with the positions that it holds or, for places, that it is the first to reach."""
    by_unit: dict[str, list[str]] = {}
    for position in layout.positions.values():
        unit = position.owner or next(iter(layout.reached_by(position.id)), "")
        if unit:
            by_unit.setdefault(unit, []).append(position.id)
    return [InventoryDoubted(device=unit, positions=sorted(positions)) for unit, positions in sorted(by_unit.items())]
