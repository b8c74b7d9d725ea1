"""What persons have asked of safety since the last evaluation.

Owns the type. An act is an input like a reading: who may ask for it is decided, and written down, before it gets here.
Must never carry anything over from one evaluation to the next by itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acts:
    """``resets`` are ids of trips that a person resets. A reset permits; it never starts anything (H11)."""

    resets: frozenset[str] = frozenset()


NO_ACTS = Acts()
"""Nobody has asked for anything."""
