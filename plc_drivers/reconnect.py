"""When to try again to connect. Owns back-off and spacing; must never sleep or connect itself."""

from __future__ import annotations

import random

FIRST_S = 0.1
LARGEST_S = 1.0
"""A garage that stands still waits for this: the cap is short, and the number of tries has no end."""


class Backoff:
    """Delays of 0.1 s doubling to 1 s, with jitter, so that links that fell together do not come back together."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._next_s = FIRST_S

    def delay_s(self) -> float:
        """Seconds to wait before the next try: between half of the present delay and all of it."""
        delay_s = self._next_s * self._rng.uniform(0.5, 1.0)
        self._next_s = min(LARGEST_S, self._next_s * 2)
        return delay_s

    def reset(self) -> None:
        """The PLC has answered: the next loss starts with the shortest delay again."""
        self._next_s = FIRST_S


class ConnectGate:
    """Spaces the connects of all links to one host."""

    def __init__(self) -> None:
        self._free_at_s: dict[str, float] = {}

    def delay_s(self, host: str, spacing_s: float, now_s: float) -> float:
        """Seconds until this link's turn to connect to ``host``; the turn is taken by asking."""
        turn_s = max(now_s, self._free_at_s.get(host, now_s))
        self._free_at_s[host] = turn_s + spacing_s
        return turn_s - now_s


SHARED_GATE = ConnectGate()
"""The process's own gate: a host is the same host for every link. It holds one number per configured host."""
