"""What is wrong with a configuration: one finding for each mistake, and the error that carries them all.

Owns the form of a finding. Must never decide what is wrong; the checks do.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_VALUE_LENGTH_MAX = 80


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake in a configuration.

    ``code`` is stable; ``key`` is the path in the file, as ``lifts[0].levels[2]``, empty when the file as a whole
    is meant; ``value`` is what stands there, as it would be written, empty when nothing does; ``text`` says what
    is wrong and ``remedy`` what would be right.
    """

    code: str
    key: str
    value: str
    text: str
    remedy: str
    file: str = ""

    def __str__(self) -> str:
        place = f"{self.file}: " if self.file else ""
        key = f"{self.key}: " if self.key and not self.value else ""
        key = f"{self.key} = {self.value}: " if self.key and self.value else key
        return f"{place}{key}{self.text} {self.remedy} [{self.code}]"


class ConfigError(ValueError):
    """A configuration that cannot be used; ``findings`` holds everything that was found, in the file's order."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def shown(value: object) -> str:
    """A value as it would be written in the file, cut to 80 characters."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _VALUE_LENGTH_MAX else text[: _VALUE_LENGTH_MAX - 3] + "..."


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names in one line: ``a, b, c``, and how many more when there are more than ``most``."""
    every = [str(name) for name in names]
    text = ", ".join(every[:most])
    return text if len(every) <= most else f"{text} and {len(every) - most} more"


def suggestion(wrong: object, known: Iterable[object]) -> str:
    """What was probably meant, and everything that is known: the remedy for an unknown name."""
    names = [str(name) for name in known]
    if not names:
        return "There is none; define it first."
    close = difflib.get_close_matches(str(wrong), names, n=1, cutoff=0.6)
    meant = f"Did you mean {close[0]}? " if close else ""
    return f"{meant}Known: {listed(names)}."
