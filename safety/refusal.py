"""A refusal: never a bare boolean, always a code, a reason and a remedy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be. ``code`` is stable and machine-readable; text and remedy are for a person at 3 a.m."""

    code: str
    text: str
    remedy: str
