"""Faults of the wire: what becomes of an answer between the PLC and its reader.

Owns the one mechanism by which answers come late, twice, never, cut off, foreign or as garbage. Must never change
what the PLC did: the request has been carried out when a fault meets its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sending:
    """Bytes that go out, ``delay_ms`` after they would have gone without a fault."""

    data: bytes
    delay_ms: int = 0


WireFault = Callable[[bytes], Sequence[Sending]]
"""What becomes of one answer frame (with its header and checksum, as it goes over the wire)."""


def faithful(frame: bytes) -> Sequence[Sending]:
    """A good wire."""
    return (Sending(frame),)


def drop(_frame: bytes) -> Sequence[Sending]:
    """The answer is lost; with every answer lost the connection is half open."""
    return ()


def delay(delay_ms: int) -> WireFault:
    """The answer comes late."""
    return lambda frame: (Sending(frame, delay_ms),)


def twice(gap_ms: int = 0) -> WireFault:
    """The answer comes again."""
    return lambda frame: (Sending(frame), Sending(frame, gap_ms))


def truncate(kept: int) -> WireFault:
    """Only the first ``kept`` bytes arrive."""
    return lambda frame: (Sending(frame[:kept]),)


def garbage(noise: bytes) -> WireFault:
    """Noise comes in place of the answer."""
    return lambda _frame: (Sending(noise),)


def preceded_by(noise: bytes) -> WireFault:
    """Noise comes before the answer."""
    return lambda frame: (Sending(noise + frame),)


def flip(position: int, mask: int = 0xFF) -> WireFault:
    """Bits of one byte are wrong (transaction id, unit id, function, count, data)."""

    def fault(frame: bytes) -> Sequence[Sending]:
        changed = bytearray(frame)
        if position < len(changed):
            changed[position] ^= mask
        return (Sending(bytes(changed)),)

    return fault


def overtaken() -> WireFault:
    """Of two answers the second one arrives first, and the first right after it."""
    held: list[Sending] = []

    def fault(frame: bytes) -> Sequence[Sending]:
        if held:
            return (Sending(frame), held.pop())
        held.append(Sending(frame))
        return ()

    return fault


def every(count: int, fault: WireFault) -> WireFault:
    """The fault meets each ``count``-th answer, the others arrive as they are.

    Raises:
        ValueError: ``count`` is below 1.
    """
    if count < 1:
        raise ValueError(f"every {count}: count must be at least 1")
    seen = 0

    def sometimes(frame: bytes) -> Sequence[Sending]:
        nonlocal seen
        seen += 1
        return fault(frame) if seen % count == 0 else faithful(frame)

    return sometimes
