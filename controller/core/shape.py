"""The garage's shape as the outside draws and addresses it."""

from __future__ import annotations

from controller.garage import Layout
from controller.local_link.messages import (
    CabinShape,
    ColumnShape,
    LevelShape,
    LiftShape,
    PositionShape,
    Shape,
    ShuttleShape,
)


def shape_of(layout: Layout, software: str, config_hash: str) -> Shape:
    """The message that describes ``layout``."""
    config = layout.config
    sides = {section.id: section.side for section in config.lifts}
    return Shape(
        garage=config.garage.id,
        name=config.garage.name,
        layout=config.garage.layout,
        ring=config.aisle.shape == "ring",
        software=software,
        config_hash=config_hash,
        levels=[
            LevelShape(number=level.number, height_mm=level.height_mm, clear_height_mm=level.clear_height_mm)
            for level in config.levels
        ],
        columns=[ColumnShape(number=column.number, at=column.at) for column in config.aisle.columns],
        positions=[
            PositionShape(
                id=p.id,
                kind=p.kind.value,
                level=p.level,
                column=p.column,
                side=None if p.side is None else p.side.value,
                depth=p.depth,
                owner=p.owner,
                length_mm=p.limits.length_mm,
                width_mm=p.limits.width_mm,
                height_mm=p.limits.height_mm,
                weight_kg=p.limits.weight_kg,
            )
            for p in layout.positions.values()
        ],
        lifts=[
            LiftShape(
                id=lift.id,
                levels=list(lift.levels),
                column=lift.column,
                side=sides[lift.id],
                rider=layout.rider.get(lift.id),
            )
            for lift in layout.lifts.values()
        ],
        shuttles=[
            ShuttleShape(id=s.id, lift=s.lift, level=s.level, columns=list(s.columns), stroke_mm=s.transfer.stroke_mm)
            for s in layout.shuttles.values()
        ],
        cabins=[
            CabinShape(id=c.id, level=c.level, column=c.column, side=c.side.value, turntable=c.turntable)
            for c in layout.cabins.values()
        ],
    )
