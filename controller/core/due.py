"""When time alone would change a decision, while nothing else changes.

Owns the list of what the core waits for by its clock. Must never decide anything: whoever runs a core in virtual time
asks this before it jumps over time in which nothing happens.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.models import GarageConfig
from controller.core.handover import RED_BEFORE_CLOSING_MS
from controller.core.state import GarageState
from controller.garage.topology import waivers_of


def next_due_ms(state: GarageState, config: GarageConfig, now_ms: int) -> int | None:
    """The earliest moment after ``now_ms`` by the monotonic clock; None when the core waits for nothing."""
    return min(_dues(state, config, now_ms), default=None)


def _dues(state: GarageState, config: GarageConfig, now_ms: int) -> Iterator[int]:
    yield now_ms if state.alarms.due_ms is None else state.alarms.due_ms
    if state.hold is not None or waivers_of(config):
        yield now_ms
    limit_ms = config.controller.customer_timeout_s * 1000
    for use in state.cabins.values():
        if use.entered_ms is not None:
            yield from (
                due for due in (use.entered_ms + RED_BEFORE_CLOSING_MS, use.entered_ms + limit_ms) if due > now_ms
            )
    timeout_ms = config.controller.command_timeout_s * 1000
    for box in state.mailboxes.values():
        if box.retry_after_ms > now_ms:
            yield box.retry_after_ms
        if box.pending is not None:
            yield now_ms if box.pending.released_ms is None else box.pending.released_ms + timeout_ms
