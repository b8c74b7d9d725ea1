"""One measured figure, as every benchmark returns it. Owns the shape of a result; must never measure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` in ``unit``; ``peer`` names what it was measured against, None when it stands alone."""

    bench: str
    figure: str
    value: float
    unit: str
    peer: str | None = None
