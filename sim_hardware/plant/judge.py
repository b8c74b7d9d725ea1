"""The judge: says what physically went wrong, loudly, and keeps count.

Owns the verdict. It watches bodies and mechanics only and knows nothing of PLCs, sensors, the controller or what any
of them believes; that is what makes it the judge in every test.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.cabin_rules import cabin_findings
from sim_hardware.plant.device import Site
from sim_hardware.plant.finding import Finding
from sim_hardware.plant.lift import LiftMachine
from sim_hardware.plant.mover_rules import lift_findings, shuttle_findings
from sim_hardware.plant.shuttle import ShuttleMachine
from sim_hardware.plant.timeline import Timeline
from sim_hardware.plant.violation import Verdict, Violation, ViolationKind

KEPT = 1000
"""Violations kept in the list; beyond it they are only counted."""

Listener = Callable[[Violation], None]

_log = logging.getLogger(__name__)


class Judge:
    """Collects violations; one accident is recorded once, when it begins."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._counts: Counter[str] = Counter()
        self._violations: list[Violation] = []
        self._present: set[tuple[ViolationKind, tuple[str, ...]]] = set()
        self._listeners: list[Listener] = []
        self._rules: list[Callable[[], Iterable[Finding]]] = []

    def watch(
        self,
        site: Site,
        lifts: Iterable[LiftMachine],
        shuttles: Iterable[ShuttleMachine],
        cabins: Iterable[CabinMachine],
    ) -> None:
        """Put machines under the judge's eyes."""
        all_lifts = tuple(lifts)
        for lift in all_lifts:
            mates = tuple(
                other for other in all_lifts if other is not lift and (other.way, other.y) == (lift.way, lift.y)
            )
            self._rules.append(partial(lift_findings, lift, mates))
        for shuttle in shuttles:
            self._rules.append(partial(shuttle_findings, shuttle, site.space))
        for cabin in cabins:
            self._rules.append(partial(cabin_findings, cabin, site.scene))

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with each violation at the moment it happens."""
        self._listeners.append(listener)

    def report(self, kind: ViolationKind, text: str, *bodies: str) -> None:
        """An event that the mechanics noticed themselves."""
        self._record(Finding(kind, text, bodies))

    def check(self) -> None:
        """Look at everything once; called by the plant whenever something has moved or changed."""
        present: set[tuple[ViolationKind, tuple[str, ...]]] = set()
        for finding in self._findings():
            key = (finding.kind, finding.bodies)
            present.add(key)
            if key not in self._present:
                self._record(finding)
        self._present = present

    def verdict(self) -> Verdict:
        """What has happened so far."""
        total = sum(self._counts.values())
        return Verdict(dict(self._counts), tuple(self._violations), total - len(self._violations))

    def _findings(self) -> Iterator[Finding]:
        for rule in self._rules:
            yield from rule()

    def _record(self, finding: Finding) -> None:
        violation = Violation(finding.kind, round(self._timeline.now_ms), finding.text, finding.bodies)
        self._counts[finding.kind.value] += 1
        if len(self._violations) < KEPT:
            self._violations.append(violation)
        _log.error("VIOLATION %s at %d ms: %s", finding.kind.value, violation.at_ms, finding.text)
        for listener in self._listeners:
            listener(violation)
