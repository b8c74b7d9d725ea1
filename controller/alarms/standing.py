"""Where an alarm stands between its condition and the people who answer it: the one table of states.

Owns states, triggers and transitions. Everything else (shelved, out of service, suppressed by design) lies beside
these states and never changes them: an alarm that is hidden for a while still knows whether it is active.
"""

from __future__ import annotations

from enum import Enum


class Standing(Enum):
    """State of one alarm. OPC UA Part 9 has the same as the flags ``active``, ``acked``, ``confirmed``, ``latched``."""

    NORMAL = "normal"
    UNACKNOWLEDGED = "unacknowledged"
    """Active, and nobody has answered."""
    ACKNOWLEDGED = "acknowledged"
    """Active, and somebody has."""
    RETURNED = "returned"
    """No longer active, and nobody has answered: it stays until somebody has."""
    LATCHED_UNACKNOWLEDGED = "latched-unacknowledged"
    """No longer active, but latched, and nobody has answered."""
    LATCHED = "latched"
    """No longer active, acknowledged; latched until somebody confirms that the cause was dealt with."""

    @property
    def is_active(self) -> bool:
        """The condition holds, or has not been gone for long enough."""
        return self in _ACTIVE

    @property
    def is_acknowledged(self) -> bool:
        """Somebody has answered since it was raised, or it is normal."""
        return self in _ANSWERED

    @property
    def is_retained(self) -> bool:
        """It must be shown (OPC UA Part 9: Retain)."""
        return self is not Standing.NORMAL


_ACTIVE = frozenset({Standing.UNACKNOWLEDGED, Standing.ACKNOWLEDGED})
_ANSWERED = frozenset({Standing.NORMAL, Standing.ACKNOWLEDGED, Standing.LATCHED})


class Trigger(Enum):
    """What moves an alarm from one state to another."""

    RAISE = "raise"
    """The condition has held for the on-delay."""
    CLEAR = "clear"
    """The condition has been gone for the off-delay."""
    ACKNOWLEDGE = "acknowledge"
    CONFIRM = "confirm"


Table = dict[tuple[Standing, Trigger], Standing]

PLAIN: Table = {
    (Standing.NORMAL, Trigger.RAISE): Standing.UNACKNOWLEDGED,
    (Standing.UNACKNOWLEDGED, Trigger.CLEAR): Standing.RETURNED,
    (Standing.UNACKNOWLEDGED, Trigger.ACKNOWLEDGE): Standing.ACKNOWLEDGED,
    (Standing.ACKNOWLEDGED, Trigger.CLEAR): Standing.NORMAL,
    (Standing.RETURNED, Trigger.RAISE): Standing.UNACKNOWLEDGED,
    (Standing.RETURNED, Trigger.ACKNOWLEDGE): Standing.NORMAL,
}
"""An alarm that does not latch. A pair that is not here changes nothing and is refused to a person."""

LATCHING: Table = {
    (Standing.NORMAL, Trigger.RAISE): Standing.UNACKNOWLEDGED,
    (Standing.UNACKNOWLEDGED, Trigger.CLEAR): Standing.LATCHED_UNACKNOWLEDGED,
    (Standing.UNACKNOWLEDGED, Trigger.ACKNOWLEDGE): Standing.ACKNOWLEDGED,
    (Standing.ACKNOWLEDGED, Trigger.CLEAR): Standing.LATCHED,
    (Standing.LATCHED_UNACKNOWLEDGED, Trigger.RAISE): Standing.UNACKNOWLEDGED,
    (Standing.LATCHED_UNACKNOWLEDGED, Trigger.ACKNOWLEDGE): Standing.LATCHED,
    (Standing.LATCHED, Trigger.RAISE): Standing.UNACKNOWLEDGED,
    (Standing.LATCHED, Trigger.CONFIRM): Standing.NORMAL,
}
"""An alarm that latches: it is over when its cause is gone and a person has acknowledged and confirmed it."""


def follow(standing: Standing, trigger: Trigger, *, latching: bool) -> Standing | None:
    """The next state, None where the table has none: then nothing may change."""
    return (LATCHING if latching else PLAIN).get((standing, trigger))
