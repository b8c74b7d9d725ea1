"""What the outside hears of an event: its kind and its facts, flat.

Owns the translation of journal events to published ones. Must never leave anything out silently.
"""

from __future__ import annotations

import msgspec

from controller.core.interface import Recorded
from controller.local_link.messages import Event

HIDDEN = frozenset({"fingerprint", "key"})
"""Facts that stay inside: the keys are the customers'."""


def published(recorded: Recorded) -> Event:
    """The event as it goes over the local link; lists are joined with blanks, keys of customers stay inside."""
    raw = msgspec.to_builtins(recorded.event)
    kind = raw.pop("type")
    data = {name: _flat(value) for name, value in raw.items() if name not in HIDDEN}
    return Event(seq=recorded.seq, at_ms=recorded.at_ms, kind=kind, data=data)


def _flat(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, (list, tuple)):
        return " ".join(_text(item) for item in value)
    return str(value)


def _text(item: object) -> str:
    return ">".join(str(part) for part in item) if isinstance(item, (list, tuple)) else str(item)
