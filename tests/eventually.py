"""Waiting for a condition with a deadline, instead of sleeping for luck."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

_Found = TypeVar("_Found")


async def eventually(condition: Callable[[], _Found], within_s: float = 10.0, what: str = "") -> _Found:
    """The condition's first true result.

    Raises:
        TimeoutError: it has not become true in time.
    """
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s} s: {what or condition}")
        await asyncio.sleep(0.005)
    return found


def eventually_blocking(condition: Callable[[], _Found], within_s: float = 10.0, what: str = "") -> _Found:
    """As ``eventually``, for tests without an event loop.

    Raises:
        TimeoutError: it has not become true in time.
    """
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s} s: {what or condition}")
        time.sleep(0.01)
    return found
