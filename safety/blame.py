"""Which readings keep an expression from the truth that is wanted of it.

Owns the way from a condition that fails to the sensors that a person should look at. Must never evaluate: it
reads the results of an evaluation.
"""

from __future__ import annotations

from collections.abc import Callable

from plc_drivers.contract import Value
from safety.expression import (
    And,
    Answering,
    Asserted,
    AtMost,
    ChangedSince,
    Commanded,
    Expression,
    HeldFor,
    Latch,
    Leaf,
    LockedOut,
    ManualHold,
    Not,
    Or,
    Outlasted,
    Proven,
    ResetAsked,
    Tag,
    children,
)

TruthOf = Callable[[Expression], Value | None]


def blame(node: Expression, truth_of: TruthOf, *, wanted: bool = True) -> tuple[Leaf, ...]:
    """Leaves that make ``node`` other than ``wanted``, each once, in order; empty when it is as wanted.

    A holding time that is still running blames nothing: there the only cause is that it is too early.
    """
    return tuple(dict.fromkeys(_blame(node, truth_of, wanted=wanted)))


def _blame(node: Expression, truth_of: TruthOf, *, wanted: bool) -> list[Leaf]:
    if _is(node, truth_of, wanted=wanted):
        return []
    match node:
        case Not(child):
            return _blame(child, truth_of, wanted=not wanted)
        case Proven(child):
            return _blame(child, truth_of, wanted=wanted)
        case And(below) | Or(below):
            return _among(below, truth_of, wanted=wanted, decisive=isinstance(node, Or))
        case AtMost(_, below):
            return _counted(below, truth_of, wanted=wanted)
        case Tag() | Asserted() | Commanded() | LockedOut() | ManualHold() | Answering() | ResetAsked():
            return [node]
        case HeldFor() | Outlasted() | ChangedSince() | Latch():
            return _remembered(node, truth_of, wanted=wanted)
        case _:
            return [child for child in children(node) if isinstance(child, Tag)]


def _remembered(node: HeldFor | Outlasted | ChangedSince | Latch, truth_of: TruthOf, *, wanted: bool) -> list[Leaf]:
    match node:
        case HeldFor(child, _) | Outlasted(child, _):
            return _blame(child, truth_of, wanted=wanted)
        case ChangedSince(counter, void_when, _):
            return [counter, *_blame(void_when, truth_of, wanted=False)]
        case Latch(set_when, reset_when, _):
            cause = _blame(set_when, truth_of, wanted=wanted)
            if cause and not wanted:
                return cause  # while what set it is still there, nobody need look at the reset
            return [*cause, *_blame(reset_when, truth_of, wanted=not wanted)]


def _among(below: tuple[Expression, ...], truth_of: TruthOf, *, wanted: bool, decisive: bool) -> list[Leaf]:
    """Blame within And (one False decides) or Or (one True decides).

    Where the wanted truth needs every child, those are blamed that are not there yet. Where one child would be
    enough, unknown children come first, because knowing them might settle it; else all of them.
    """
    wrong = [child for child in below if not _is(child, truth_of, wanted=wanted)]
    if wanted is decisive:
        unknown = [child for child in wrong if truth_of(child) is None]
        wrong = unknown or wrong
    return [leaf for child in wrong for leaf in _blame(child, truth_of, wanted=wanted)]


def _counted(below: tuple[Expression, ...], truth_of: TruthOf, *, wanted: bool) -> list[Leaf]:
    """Blame within a count: too many hold, or may hold, or too few do."""
    each = not wanted
    return [leaf for child in below for leaf in _blame(child, truth_of, wanted=each)]


def _is(node: Expression, truth_of: TruthOf, *, wanted: bool) -> bool:
    return truth_of(node) is wanted
