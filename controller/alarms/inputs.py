"""What the alarms look at in one cycle: which conditions hold, which are unknown, and what suppresses by design.

Owns the type between the sources and the book. What is neither holding nor unknown is known not to hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.alarms.definition import Suppression


@dataclass(frozen=True, slots=True, eq=False)
class AlarmInputs:
    """Conditions of one moment. The same object as before says that nothing has changed.

    ``holding``: alarm id to what is known of it in words (may be empty). ``unknown``: ids whose readings cannot be
    trusted now; an unknown condition neither raises nor clears an alarm (H10). ``suppressions``: sources for which
    each reason for suppression by design holds.
    """

    holding: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    suppressions: Mapping[Suppression, frozenset[str]] = field(default_factory=dict)
