"""A recording as people read it: what was asked, what safety took and gave, what was commanded, what happened.

Owns the words. One line for each thing, in the order of a cycle. Pure; must never decide anything again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from controller.black_box.form import Cycle, Decided, DeviceWritten, Judged
from controller.core.publish import HIDDEN
from controller.planning.advice import Advice, PlannerReady, PlannerWord
from plc_drivers.contract import CommandCode


class Timeline:
    """Follows one recording; ``lines`` is called with its cycles in order."""

    def __init__(self) -> None:
        self._judged: Judged | None = None
        self._written: dict[str, DeviceWritten] = {}
        self._foreign: list[str] = []

    def lines(self, cycle: Cycle) -> Iterator[str]:
        """What is to be told of a cycle; nothing for most."""
        if cycle.surroundings is not None and cycle.surroundings.down:
            yield f"links down: {', '.join(cycle.surroundings.down)}"
        if cycle.judged is not None:
            yield from self._verdict(cycle.judged)
        if cycle.decided is not None:
            yield from _asked(cycle.decided)
            yield from self._outputs(cycle.decided)
        for word in cycle.words:
            yield _said(word)
        for recorded in cycle.events:
            yield f"event {recorded.seq} {_told(recorded.event)}"
        if cycle.defect:
            yield f"DEFECT {cycle.defect}"

    def _verdict(self, judged: Judged) -> Iterator[str]:
        before, self._judged = self._judged, judged
        was = {} if before is None else {trip.id: trip for trip in before.trips}
        now = {trip.id: trip for trip in judged.trips}
        for trip in sorted(now.keys() - was.keys()):
            yield f"trip {trip}, stop category {now[trip].category}"
        for trip in sorted(was.keys() - now.keys()):
            yield f"trip {trip} is reset"

    def _outputs(self, decided: Decided) -> Iterator[str]:
        for written in decided.written:
            before = self._written.get(written.device)
            self._written[written.device] = written
            permits = set() if before is None else set(before.permits)
            for permit in sorted(set(written.permits) - permits):
                yield f"permit {written.device}.{permit} given"
            for permit in sorted(permits - set(written.permits)):
                yield f"permit {written.device}.{permit} dropped"
            box = written.mailbox
            if box.code is not CommandCode.NONE and (before is None or before.mailbox != box):
                yield f"command {written.device} {box.code.name}({box.arg1}, {box.arg2}) number {box.seq}"
        if decided.foreign != self._foreign:
            self._foreign = decided.foreign
            yield f"owned by another controller: {', '.join(decided.foreign) or 'none any more'}"


def _asked(decided: Decided) -> Iterator[str]:
    answers = dict(decided.answers)
    for token, request in decided.asks:
        outcome = answers.get(token)
        what = "not answered" if outcome is None else outcome or "accepted"
        yield f"asked {_told(request)}: {what}"


def _told(thing: Any) -> str:
    """A tagged struct on one line. What is left at its default is left out, and so are customers' keys."""
    facts: dict[str, Any] = msgspec.to_builtins(thing)
    kind = facts.pop("type", type(thing).__name__)
    shown = (f"{name}={_short(fact)}" for name, fact in facts.items() if name not in HIDDEN and fact not in (None, ""))
    return " ".join((str(kind), *shown))


def _short(fact: object) -> str:
    return msgspec.json.encode(fact).decode() if isinstance(fact, (list, dict)) else str(fact)


def _said(word: PlannerWord) -> str:
    match word:
        case Advice():
            first = ", ".join(f"{counsel.order} at {counsel.cabin}" for counsel in word.begins) or "nobody"
            return f"planner, picture {word.picture}: {first} begins ({word.code})"
        case PlannerReady():
            return "planner is there"
        case _:
            return f"planner is gone: {word.why}"
