"""Why the control process cannot start: one coded line that says what to do.

Owns the error type. Must never be raised once the cycle runs.
"""

from __future__ import annotations


class StartError(Exception):
    """The control process cannot start. ``code`` is stable, ``text`` and ``remedy`` are for a person."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code = code
        self.text = text
        self.remedy = remedy
