"""What every event is.

Owns the base class, so that events can stand in more than one module.
"""

from __future__ import annotations

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all events."""
