"""What a phase of the dispatcher is, and what it answers.

Owns the three answers. Must never decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from controller.planning.day import Begin, View


@dataclass(frozen=True, slots=True)
class Start:
    """An order begins now; ``code`` says which consideration let it."""

    begin: Begin
    code: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing begins at this moment, on purpose; no later phase is asked."""

    code: str
    text: str


Answer = Start | Hold | None
"""None: this phase has nothing to say, the next one is asked."""


class Phase(Protocol):
    """One consideration."""

    def consider(self, view: View) -> Answer:
        """What is to begin now, as far as this consideration goes."""
        ...
