"""What every message of the local link is.

Owns the base class, so that messages can stand in more than one module.
"""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all messages."""
