"""What was seen of one case, cycle by cycle, and what it amounts to.

Owns the comparison of what the running system did with what the matrix says. The cycles come from whoever runs the
garage: the process image as safety got it, its verdict, and what the gate let out. Must never talk to the garage.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import State
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import ProcessImage, Quality
from safety.expression import Tag
from safety.trip import UNKNOWN_GRACE_MS, StopCategory, Trip
from safety.verdict import Function, Verdict
from tests.broken_sensors.cases import Case, Mode
from tests.broken_sensors.matrix import Matrix, readings_of
from tests.broken_sensors.truths import possible

MARGIN_MS = 100
"""What a grace may last longer than declared: cycles are not at its very end."""
SHOWS_CYCLES = 25
"""Cycles after which an injected fault must have reached the process image, over the slowest line."""
_OUT_OF_HANDS = frozenset({State.STOPPED, State.ABORTED, State.MANUAL, State.MAINTENANCE, State.OFFLINE})
_NOT_BELIEVED = frozenset({"state", "active_command", "mode", "health"})


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle of the control process."""

    image: ProcessImage
    verdict: Verdict
    outputs: PermittedOutputs | None

    def asserted(self) -> frozenset[Function]:
        """Permits that are on their way to the PLCs."""
        if self.outputs is None:
            return frozenset()
        return frozenset(
            Function(name, permit) for name, device in self.outputs.devices.items() for permit in device.permits
        )

    def raw(self, tag: Tag) -> Value | None:
        """The tag's value as the last answer had it, whatever its quality."""
        device = self.image.devices[tag.device]
        return device.values[device.definition.status_index[tag.name]]


@dataclass(slots=True)
class Finding:
    """The result of one case. Lists are empty where nothing is wrong, except ``took`` and ``tripped``."""

    name: str
    mode: str
    device: str
    point: str
    in_use: bool = False
    shown: bool = False
    evidence: str = ""
    took: list[str] = field(default_factory=list)
    tripped: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    without_cause: list[str] = field(default_factory=list)
    still_moving: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    recovered: bool = True
    note: str = ""

    @property
    def as_the_matrix_says(self) -> bool:
        """What had to stop has stopped, and nothing stopped without a cause."""
        return not (self.missed or self.without_cause or self.still_moving)


class Witness:
    """Judges the cycles of one case: ``cycles`` begin before the injection and end before the repair."""

    def __init__(self, matrix: Matrix, case: Case, cycles: Sequence[Cycle], injected_at: int) -> None:
        self._matrix = matrix
        self._case = case
        self._cycles = cycles
        self._first = injected_at
        self.finding = Finding(case.name, case.mode, case.device, str(case.fault.point or "tag"))

    def judge(self) -> Iterator[None]:
        """Work in steps short enough to be done between the cycles of a running garage; ``finding`` is the result."""
        shown = self._look_for_evidence()
        yield
        if shown is None:
            return
        before = self._cycles[shown - 1] if shown else self._cycles[0]
        for number in range(max(1, shown), len(self._cycles)):
            self._judge_permits(self._cycles[number - 1], self._cycles[number])
            yield
        yield from self._judge_trips(shown, {trip.id for trip in before.verdict.trips})
        self._judge_standstill(shown)

    # --- evidence -------------------------------------------------------------------------------------------

    def _look_for_evidence(self) -> int | None:
        """The first cycle in which the fault was on the wire; sets ``shown`` and says how it was seen."""
        found = self.finding
        case, tag = self._case, self._case.tags[0]
        values = [cycle.raw(tag) for cycle in self._cycles]
        match case.mode:
            case Mode.STALE:
                at = self._first_with(lambda cycle: cycle.image.devices[case.device].quality is Quality.STALE)
                found.evidence = "the device is stale" if at is not None else "never stale"
            case Mode.BAD:
                at = self._first_with(lambda cycle: _is_bad(cycle, tag))
                found.evidence = "bad quality" if at is not None else "never bad"
            case Mode.STUCK | Mode.CONTRADICTORY:
                at, found.evidence = self._stuck(values)
            case Mode.INVERTED | Mode.WRONG | Mode.FLICKER:
                changed = [n for n in range(self._first, len(values)) if values[n] != values[self._first - 1]]
                at = changed[0] if changed else None
                changes = sum(a != b for a, b in zip(values[self._first :], values[self._first + 1 :], strict=False))
                found.evidence = f"{values[self._first - 1]} became {values[changed[0]] if changed else 'nothing else'}"
                found.evidence += f", {changes} changes" if case.mode is Mode.FLICKER else ""
        found.shown = at is not None
        return at

    def _stuck(self, values: list[Value | None]) -> tuple[int | None, str]:
        """From when on the value is the one given, or the last one seen, until the end."""
        wanted = values[-1] if self._case.value is None else self._case.value
        wrong = [number for number, value in enumerate(values) if number >= self._first and value != wanted]
        at = max(wrong, default=self._first - 1) + 1
        # It shows with the next scan and the next exchange; what comes to rest much later came by itself.
        if at >= len(values) or at > self._first + SHOWS_CYCLES:
            return None, f"never stays {wanted}"
        before = values[self._first - 1]
        return at, f"stays {wanted}" if before == wanted else f"{before} became {wanted} and stays"

    def _first_with(self, holds: object) -> int | None:
        if not callable(holds):
            raise TypeError("a condition is needed")
        return next((n for n in range(self._first, len(self._cycles)) if holds(self._cycles[n])), None)

    # --- permits --------------------------------------------------------------------------------------------

    def _judge_permits(self, before: Cycle, now: Cycle) -> None:
        matrix, found, tags = self._matrix, self.finding, self._case.tags
        asserted = now.asserted()
        for function in asserted:
            for rule in matrix.forbidden(function, now.image, tags):
                _note(found.missed, f"{function} stayed permitted against {rule}")
        lost = (before.asserted() - asserted) - now.verdict.allowed
        if not lost:
            return
        mine = {one.id for tag in tags for one in matrix.interlocks_reading.get(tag, ())}
        for function in lost:
            failing = [one.id for one in now.verdict.failing if function in one.guards]
            if mine.intersection(failing):
                _note(found.took, str(function))
            if not matrix.may_lack(function, now.image):
                _note(found.without_cause, f"{function} was taken by {failing} without a reading against it")

    # --- trips ----------------------------------------------------------------------------------------------

    def _judge_trips(self, shown: int, standing: set[str]) -> Iterator[None]:
        matrix, found = self._matrix, self.finding
        reading = {trip.id: trip for tag in self._case.tags for trip in matrix.trips_reading.get(tag, ())}
        gone_ms: dict[str, int | None] = dict.fromkeys(reading)
        known = set(standing)
        for cycle in self._cycles[shown:]:
            readings = readings_of(cycle.image)
            stand = {trip.id: trip for trip in cycle.verdict.trips}
            for name in stand.keys() - known:
                declared = matrix.trips[name]
                found.tripped.append(f"{name} (category {int(declared.category)})")
                if stand[name].category != int(declared.category):
                    _note(found.without_cause, f"{name} came with category {stand[name].category}")
                if True not in possible(declared.fires, readings):
                    _note(found.without_cause, f"{name} tripped without a reading for it")
            known |= stand.keys()
            for name, trip in reading.items():
                truths = possible(trip.holds, readings)
                gone_ms[name] = None if True in truths else (gone_ms[name] or cycle.image.now_ms)
                since = gone_ms[name]
                lasted_ms = 0 if since is None else cycle.image.now_ms - since
                if name not in known and _must_trip(trip, truths == {False}, truths == {None}, lasted_ms):
                    _note(found.missed, f"{name} did not trip")
            yield

    # --- what has stopped -----------------------------------------------------------------------------------

    def _judge_standstill(self, shown: int) -> None:
        """At the end, what was taken shows as not held and not commanded, and tripped devices are out of hands."""
        last, early = self._cycles[-1], self._cycles[max(shown, len(self._cycles) - 20) :]
        recent = frozenset().union(*(cycle.asserted() for cycle in early))
        settled = len(self._cycles) - shown > 40
        if not settled:
            return
        for text in self.finding.took:
            device, _, permit = text.partition(".")
            function = Function(device, permit)
            if function not in recent and self._is_carried_out(last, function):
                _note(self.finding.still_moving, f"{function} is still held or executed")
        for trip in last.verdict.trips:
            since_ms = last.image.now_ms - trip.since_ms
            if trip.category != StopCategory.HOLD and since_ms > 1000 and self._is_new(trip.id):
                for name in trip.devices:
                    if not self._is_out_of_hands(last, name):
                        _note(self.finding.still_moving, f"{name} has not stopped for {trip.id}")

    def _is_new(self, trip: str) -> bool:
        return any(text.startswith(f"{trip} ") for text in self.finding.tripped)

    def _believed(self, cycle: Cycle, name: str, *tags: str) -> bool:
        lied = {tag.name for tag in self._case.tags if tag.device == name}
        return cycle.image.devices[name].quality is Quality.GOOD and not lied.intersection(tags)

    def _is_carried_out(self, cycle: Cycle, function: Function) -> bool:
        holds = f"holds_{function.permit}"
        if not self._believed(cycle, function.device, holds, "active_command"):
            return False
        image = cycle.image.devices[function.device]
        code = image.value("active_command")
        spec = None if not code else image.definition.spec(CommandCode(int(code)))
        return bool(image.value(holds)) or (spec is not None and spec.permit == function.permit)

    def _is_out_of_hands(self, cycle: Cycle, name: str) -> bool:
        if not self._believed(cycle, name, *_NOT_BELIEVED):
            return True
        return cycle.image.devices[name].value("state") in _OUT_OF_HANDS


def _must_trip(trip: Trip, is_false: bool, is_unknown: bool, lasted_ms: int) -> bool:
    if trip.grace_ms:
        return lasted_ms > trip.grace_ms + MARGIN_MS
    return is_false or (is_unknown and lasted_ms > UNKNOWN_GRACE_MS + MARGIN_MS)


def _is_bad(cycle: Cycle, tag: Tag) -> bool:
    device = cycle.image.devices[tag.device]
    return device.definition.status_index[tag.name] in device.bad_tags


def _note(notes: list[str], text: str) -> None:
    if text not in notes:
        notes.append(text)
