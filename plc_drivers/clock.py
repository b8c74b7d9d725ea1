"""The clock of every link.

Owns the controller's monotonic time in ms. Must never follow the wall clock.
"""

from __future__ import annotations

import time


def monotonic_ms() -> int:
    """The controller's monotonic clock in ms."""
    return time.monotonic_ns() // 1_000_000
