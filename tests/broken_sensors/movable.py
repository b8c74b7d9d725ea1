"""Positions that move or that people enter: what a person confirms after a key was turned there."""

from __future__ import annotations

from controller.garage import Layout, PositionKind

_MOVABLE = frozenset({PositionKind.DECK, PositionKind.PLATFORM, PositionKind.CABIN})


def movable_positions(layout: Layout) -> list[str]:
    """Every deck, platform and cabin of the garage."""
    return [one.id for one in layout.positions.values() if one.kind in _MOVABLE]
