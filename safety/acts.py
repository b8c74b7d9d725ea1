"""What persons ask of safety: what they reset, which zones they have locked out, which axis they hold.

Owns the type. An act is an input like a reading: who may ask for it is decided, and written down, before it gets here.
Must never let one reset act twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from safety.verdict import Function


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody keeps the hold-to-run of ``function`` pressed; ``at_ms`` is when that was last heard (monotonic)."""

    function: Function
    at_ms: int


@dataclass(frozen=True, slots=True)
class Acts:
    """``resets`` are ids of trips that a person resets. A reset permits; it never starts anything (H11).

    ``locks`` are the zones that persons have locked out, ``hold`` the one axis that somebody moves by hand.

    There is room for one hold and no more: of all axes of the garage, one moves in manual at a time (H13).
    """

    resets: frozenset[str] = frozenset()
    locks: frozenset[int] = frozenset()
    hold: Hold | None = None

    @property
    def lasting(self) -> Acts:
        """What still stands when the core has said nothing new: locks, and a hold until its time is over.

        A lock is never forgotten for want of somebody to repeat it (H13); a reset is one act (H11).
        """
        return replace(self, resets=frozenset()) if self.resets else self


NO_ACTS = Acts()
"""Nobody has asked for anything."""
