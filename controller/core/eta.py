"""A time that is told of an order, and how far it may be off.

Owns the type. Must never hold code that makes one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Eta:
    """A moment by Unix time, and the ends of its 90 % interval."""

    at_ms: int
    early_ms: int
    late_ms: int
