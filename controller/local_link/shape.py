"""The garage's shape as the local link tells it, made from the layout.

Owns the translation from ``Layout`` to ``Shape``, for the control process only. Must never be imported by the
API process, which knows the messages and nothing behind them.
"""

from __future__ import annotations

from typing import Literal

from controller.garage import Layout, Position, Side
from controller.local_link.messages import (
    CabinShape,
    ColumnShape,
    LevelShape,
    LiftShape,
    PositionShape,
    Shape,
    ShuttleShape,
)


def build_shape(layout: Layout, *, software: str, config_hash: str) -> Shape:
    """The shape of ``layout``; ``software`` and ``config_hash`` tell which program runs which configuration."""
    config = layout.config
    sections = {section.id: section for section in config.lifts}
    return Shape(
        garage=config.garage.id,
        name=config.garage.name,
        layout=config.garage.layout,
        ring=config.aisle.shape == "ring",
        software=software,
        config_hash=config_hash,
        levels=[
            LevelShape(number=level.number, height_mm=level.height_mm, clear_height_mm=level.clear_height_mm)
            for level in sorted(config.levels, key=lambda level: level.number)
        ],
        columns=[ColumnShape(number=column.number, at=column.at) for column in config.aisle.columns],
        positions=[_position(position) for position in layout.positions.values()],
        lifts=[
            LiftShape(
                id=lift.id,
                levels=list(lift.levels),
                column=lift.column,
                side=sections[lift.id].side,
                rider=layout.rider.get(lift.id),
            )
            for lift in layout.lifts.values()
        ],
        shuttles=[
            ShuttleShape(
                id=shuttle.id,
                lift=shuttle.lift,
                level=shuttle.level,
                columns=list(shuttle.columns),
                stroke_mm=shuttle.transfer.stroke_mm,
            )
            for shuttle in layout.shuttles.values()
        ],
        cabins=[
            CabinShape(
                id=cabin.id,
                level=cabin.level,
                column=cabin.column,
                side=_side(cabin.side),
                turntable=cabin.turntable,
            )
            for cabin in layout.cabins.values()
        ],
    )


def _side(side: Side) -> Literal["left", "right"]:
    return "left" if side is Side.LEFT else "right"


def _position(position: Position) -> PositionShape:
    return PositionShape(
        id=position.id,
        kind=position.kind.value,
        level=position.level,
        column=position.column,
        side=None if position.side is None else _side(position.side),
        depth=position.depth,
        owner=position.owner,
        length_mm=position.limits.length_mm,
        width_mm=position.limits.width_mm,
        height_mm=position.limits.height_mm,
        weight_kg=position.limits.weight_kg,
    )
