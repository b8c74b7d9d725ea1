"""One thing that a rule sees at one moment.

Owns nothing but the value; the judge turns a finding that begins into a violation.
"""

from __future__ import annotations

from typing import NamedTuple

from sim_hardware.plant.violation import ViolationKind


class Finding(NamedTuple):
    """Kind, words, and the bodies and devices that take part; kind and bodies tell one accident from the next."""

    kind: ViolationKind
    text: str
    bodies: tuple[str, ...]
