"""The garage as a shape: positions, movers, stops, and which mover reaches which position."""

from __future__ import annotations

from controller.garage.layout import Cabin, Layout, Lift, Position, PositionKind, Shuttle, Stop
from controller.garage.side import Side

__all__ = ["Cabin", "Layout", "Lift", "Position", "PositionKind", "Shuttle", "Side", "Stop"]
