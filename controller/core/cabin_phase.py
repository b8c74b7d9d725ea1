"""The phases of a cabin by name, as the journal holds them.

Owns the names. What ends each is in ``handover``.
"""

from __future__ import annotations

FREE = "free"
RESERVED = "reserved"
TURNING = "turning"
OPENING = "opening"
LEAVING = "leaving"
CLOSING = "closing"
CONFIRMING = "confirming"
INVITING = "inviting"
POSITIONING = "positioning"
STEPPING_OUT = "stepping-out"
SECURING = "securing"
CHECKING = "checking"
TURNING_ROUND = "turning-round"
READY = "ready"
REJECTING = "rejecting"

MACHINES_TURN = frozenset({FREE, RESERVED, TURNING, TURNING_ROUND, READY})
"""Phases in which nobody has any business inside: without the proof of it somebody must look and confirm (H02)."""
