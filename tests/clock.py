"""A clock that only a test can move."""

from __future__ import annotations


class VirtualClock:
    """Milliseconds that stand still until they are advanced; pass ``clock`` where a function of time is wanted."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, by_ms: int) -> int:
        """Let time pass and tell the new time.

        Raises:
            ValueError: time does not go back.
        """
        if by_ms < 0:
            raise ValueError("a monotonic clock does not go back")
        self.now_ms += by_ms
        return self.now_ms
