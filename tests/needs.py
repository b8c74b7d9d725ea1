"""Programs and libraries beside Python that some tests use, and what to install when one is absent.

Owns the list. Must never install anything.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass

CI_VARIABLE = "GARAGE_CI"
"""Set to 1 where every part must be there: a missing one is then a failure, elsewhere a skip."""


@dataclass(frozen=True, slots=True)
class Need:
    """A part outside Python: how to see that it is there, and what to install."""

    present: Callable[[], bool]
    install: str


def _program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name) for name in names)


def _library(name: str) -> Callable[[], bool]:
    def present() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return present


NEEDS = {
    "chromium": Need(_program("chromium", "chromium-browser"), "apt-get install chromium"),
    "libmodbus": Need(_library("libmodbus.so.5"), "apt-get install libmodbus5"),
    "tmux": Need(_program("tmux"), "apt-get install tmux"),
    "gcc": Need(_program("gcc", "cc"), "apt-get install gcc libmodbus-dev"),
    "make": Need(_program("make"), "apt-get install make"),
}


def missing(names: tuple[str, ...]) -> str | None:
    """What to install for the named parts, None when all of them are there.

    Raises:
        KeyError: a name that is not in ``NEEDS``.
    """
    absent = [NEEDS[name].install for name in names if not NEEDS[name].present()]
    return "; ".join(absent) or None


def in_ci() -> bool:
    """True where a missing part is a failure."""
    return os.environ.get(CI_VARIABLE) == "1"
