"""The interlocks of one garage, evaluated: from a process image to a verdict.

Owns evaluation, and the words that explain a verdict. Must never do I/O, read a clock or keep state of its own:
image, memory and time come in, verdict and memory go out, and the same input gives the same output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from typing import ClassVar

from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE, DeviceDefinition, Value
from plc_drivers.reading import ProcessImage, Quality
from safety.acts import Acts
from safety.expression import (
    Answering,
    Asserted,
    Commanded,
    Expression,
    Leaf,
    LockedOut,
    ManualHold,
    ResetAsked,
    Tag,
    leaves,
)
from safety.interlock import Interlock, Phase, check_guards
from safety.interlocks.proof import proven_empty
from safety.interlocks.unit import cabin as cabin_unit
from safety.memory import NodeState, SafetyMemory, Trace
from safety.program import Program
from safety.requirement import remaining_ms, requirements
from safety.rules import rules_of
from safety.stopping import StopMonitor
from safety.topology import Topology
from safety.trip import Trip
from safety.tripping import Tripping
from safety.trips import trips_of
from safety.verdict import Failing, Function, StartOf, Taken, Verdict

AGE_MS_MAX = 1000
"""A reading older than this is unknown, whatever quality its image claims (H10).

A second look behind the driver's own, much shorter time-out.
"""

GAP_MS_MAX = 1000
"""After a longer pause between evaluations every holding time and confirmation begins anew (H10)."""

Blamed = tuple[str, Value | None, int, str, str]


class SafetyLogic:
    """Interlocks of the garage described by ``topology``.

    Raises:
        TopologyError: the topology contradicts itself.
        ExpressionError: an interlock reads what a device of this garage does not have.
        InterlockError: two declarations have one id, or one guards what no device of this garage can do.
        MissingSensorError: a sensor that an interlock reads is absent, and nobody has waived it.
    """

    tells_losses: ClassVar[bool] = True
    """A verdict says why safety took what was asserted. The search does without; nobody reads its reasons."""

    def __init__(self, topology: Topology, *, age_ms_max: int = AGE_MS_MAX, gap_ms_max: int = GAP_MS_MAX) -> None:
        self.topology = topology
        self.definitions = definitions_of(topology)
        self.interlocks, self.trips = self._declared(topology)
        check_guards(self.interlocks, self.definitions)
        self.functions = frozenset(
            Function(name, permit) for name, definition in self.definitions.items() for permit in definition.permits
        )
        self.starts = frozenset(guard for one in self.interlocks for guard in one.guards if isinstance(guard, StartOf))
        self.conflicts = _conflicts(self.interlocks, self.functions, self.definitions)
        self._age_ms_max = age_ms_max
        self._gap_ms_max = gap_ms_max
        empty = {c.id: proven_empty(cabin_unit(c.id), topology.clearance_countdown_ms) for c in topology.cabins}
        conditions = [interlock.condition for interlock in self.interlocks]
        trips = [node for trip in self.trips for node in (trip.stands, trip.may_be_reset)]
        self.program = Program([*conditions, *empty.values(), *trips], self.definitions)
        self._empty = {name: (self.program.slots[node], self.program.states[node]) for name, node in empty.items()}
        self._stops = StopMonitor(topology)
        self._tripping = Tripping(self.trips, self.program)
        self._rows = tuple(
            (
                self.program.slots[interlock.condition],
                _failing(interlock, unknown=False),
                _failing(interlock, unknown=True),
            )
            for interlock in self.interlocks
        )
        self._guarded = frozenset(
            guard
            for one in self.interlocks
            if one.phase is Phase.RUN
            for guard in one.guards
            if guard in self.functions
        )

    def _declared(self, topology: Topology) -> tuple[tuple[Interlock, ...], tuple[Trip, ...]]:
        """All that is declared for this garage. The search looks at what would happen with less."""
        return rules_of(topology), trips_of(topology)

    def memory0(self, latched: Iterable[str] = (), locks: Iterable[int] = ()) -> SafetyMemory:
        """The memory of a controller that has seen nothing: no confirmation, no permit.

        ``latched`` are the ids of trips that nobody had reset when the last run ended (H11), ``locks`` the zones that
        persons had locked out (H13): both stand from the first evaluation on. What is no trip of this garage is left
        out.
        """
        states = self._tripping.latched(self.program.states0(), frozenset(latched))
        return SafetyMemory(states, acts=Acts(locks=frozenset(locks)))

    def evaluate(self, image: ProcessImage, memory: SafetyMemory, now_ms: int) -> tuple[Verdict, SafetyMemory]:
        """What is permitted now, and the memory for the gate and the next evaluation.

        ``now_ms`` is the controller's monotonic clock. The verdict's ``failing`` carry no readings; ``explain``
        adds them for whoever wants to show them.
        """
        stopping, stops = self._stops.update(image, memory.fading, memory.stopping, now_ms)
        memory = self._prepared(image, memory, now_ms)
        trace, states, _ = self.program.run(image, memory, now_ms, self._age_ms_max)
        if trace.verdict is not None:  # the last one's: nothing has changed
            verdict = replace(trace.verdict, now_ms=now_ms, lost=frozenset())
        else:
            verdict = self._verdict(trace, states, memory, now_ms)
            trace = replace(trace, verdict=verdict)
        if stops:
            verdict = replace(verdict, stops=stops)
        granted = memory.granted
        memory = replace(
            memory,
            states=states,
            allowed=verdict.allowed,
            tripped={trip.id: trip.since_ms for trip in verdict.trips},
            acts=memory.acts.lasting,
            stopping=stopping,
            at_ms=now_ms,
            trace=trace,
        )
        if self.tells_losses and not verdict.lost.isdisjoint(granted):
            lost = sorted(verdict.lost & granted)
            taken = tuple(Taken(one, self.explain(one, image, memory, now_ms)) for one in lost)
            verdict = replace(verdict, taken=taken)
        return verdict, memory

    def explain(
        self, what: Function | StartOf | None, image: ProcessImage, memory: SafetyMemory, now_ms: int
    ) -> tuple[Failing, ...]:
        """Interlocks in the way of ``what``, or all that fail for None, each with the readings that fail it.

        ``memory`` is the one that the last evaluation gave; before the first there is nothing to explain.
        """
        return self.explain_each(lambda interlock: _concerns(interlock, what), image, memory, now_ms)

    def explain_each(
        self,
        wanted: Callable[[Interlock], bool],
        image: ProcessImage,
        memory: SafetyMemory,
        now_ms: int,
        at_most: int | None = None,
    ) -> tuple[Failing, ...]:
        """As ``explain``, of the interlocks that are ``wanted``, in their order and ``at_most`` so many."""
        trace = memory.trace
        if trace is None:
            return ()
        # By slot: to look a condition up is to hash all of it, which in a large garage takes longer than to evaluate.
        failing = (
            interlock
            for interlock, (slot, _, _) in zip(self.interlocks, self._rows, strict=True)
            if trace.results[slot] is not True and wanted(interlock)
        )
        return tuple(self._explained(one, trace, image, memory, now_ms) for one in islice(failing, at_most))

    def _explained(
        self, interlock: Interlock, trace: Trace, image: ProcessImage, memory: SafetyMemory, now_ms: int
    ) -> Failing:
        def truth_of(node: Expression) -> Value | None:
            return self.program.truth(node, trace)

        def state_of(node: Expression) -> NodeState:
            return memory.states[self.program.states[node]]

        found = requirements(interlock.condition, truth_of)
        return replace(
            _failing(interlock, unknown=truth_of(interlock.condition) is None),
            readings=tuple(_blamed(one.leaf, image, memory, now_ms) for one in found),
            musts=tuple((one.must, one.way) for one in found),
            remaining_ms=remaining_ms(interlock.condition, truth_of, state_of, now_ms),
        )

    def _prepared(self, image: ProcessImage, memory: SafetyMemory, now_ms: int) -> SafetyMemory:
        """Forget permits that the PLCs have seen dropped; begin anew after a pause or a clock that went back."""
        if memory.fading:
            left = {f: beat for f, beat in memory.fading.items() if not _seen(image, f.device, beat)}
            if len(left) != len(memory.fading):
                memory = replace(memory, fading=left)
        if memory.at_ms is not None and not 0 <= now_ms - memory.at_ms <= self._gap_ms_max:
            states = self._tripping.latched(self.program.states0(), frozenset(memory.tripped))
            return replace(memory, states=states, trace=None)
        return memory

    def _verdict(self, trace: Trace, states: tuple[NodeState, ...], memory: SafetyMemory, now_ms: int) -> Verdict:
        results = trace.results
        failing = tuple(
            unknown if results[slot] is None else false
            for slot, false, unknown in self._rows
            if results[slot] is not True
        )
        stopped = {guard for one in failing for guard in one.guards}
        allowed = frozenset(self._guarded - stopped)
        empty: set[str] = set()
        clearing: dict[str, int] = {}
        for name, (slot, place) in self._empty.items():
            if results[slot] is True:
                empty.add(name)
                continue
            state = states[place]
            if state:
                clearing[name] = self.topology.clearance_countdown_ms - (now_ms - int(state[0] or 0))
        trips = self._tripping.active(trace, memory.tripped, now_ms)
        return Verdict(now_ms, allowed, failing, frozenset(empty), clearing, memory.allowed - allowed, trips)


def definitions_of(topology: Topology) -> dict[str, DeviceDefinition]:
    """Every device of the garage by name, with the definition of its kind."""
    found: dict[str, DeviceDefinition] = {topology.safety: SAFETY}
    found |= {lift.id: LIFT for lift in topology.lifts}
    found |= {shuttle.id: SHUTTLE for shuttle in topology.shuttles}
    found |= {cabin.id: CABIN for cabin in topology.cabins}
    return found


def _failing(interlock: Interlock, *, unknown: bool) -> Failing:
    return Failing(
        interlock.id, interlock.title, interlock.hazard, interlock.guards, interlock.cause, interlock.remedy, unknown
    )


def _concerns(interlock: Interlock, what: Function | StartOf | None) -> bool:
    if what is None or what in interlock.guards:
        return True
    return isinstance(what, StartOf) and StartOf(what.device, what.code) in interlock.guards


def _conflicts(
    interlocks: tuple[Interlock, ...], functions: frozenset[Function], definitions: dict[str, DeviceDefinition]
) -> dict[Function, frozenset[Function]]:
    """For each function those that may not begin in one cycle with it: one asks whether the other is permitted.

    The verdict knows what was permitted in the last cycle; two that begin together are not in it (H09).
    """
    found: dict[Function, set[Function]] = {function: set() for function in functions}
    for interlock in interlocks:
        asked = {leaf.function for leaf in leaves(interlock.condition) if isinstance(leaf, Asserted)}
        for guard in interlock.guards:
            for guarded in _functions_of(guard, definitions):
                for other in asked - {guarded}:
                    found[guarded].add(other)
                    found[other].add(guarded)
    return {function: frozenset(others) for function, others in found.items()}


def _functions_of(guard: Function | StartOf, definitions: dict[str, DeviceDefinition]) -> tuple[Function, ...]:
    """What begins with the guard: more than one function where the guard leaves open which axis is meant."""
    if isinstance(guard, Function):
        return (guard,)
    spec = definitions[guard.device].spec(guard.code)
    permits = () if spec is None else spec.permits if guard.arg1 is None else (spec.permit_for(guard.arg1),)
    return tuple(Function(guard.device, permit) for permit in permits if permit is not None)


def _seen(image: ProcessImage, device: str, beat: int) -> bool:
    """The PLC has echoed the heartbeat ``beat`` or a later one."""
    found = image.devices.get(device)
    echo = None if found is None else found.value("heartbeat_echo")
    return echo is not None and (int(echo) - beat) % 0x1_0000 < 0x8000


def _blamed(leaf: Leaf, image: ProcessImage, memory: SafetyMemory, now_ms: int) -> Blamed:
    match leaf:
        case Tag(device, _, name):
            return _reading(image, device, name, now_ms)
        case Answering(device, _):
            return _reading(image, device, "heartbeat", now_ms)
        case Asserted(function):
            return (str(function), True, 0, Quality.GOOD.name, "permitted by the controller itself")
        case ResetAsked(trip):
            return (f"{trip}.reset", False, 0, Quality.GOOD.name, "waits for a person's reset")
        case Commanded(_, done, _, _):
            passed = memory.commands.get(done.device)
            code = None if passed is None else int(passed.code)
            return (f"{done.device}.cmd_code", code, 0, Quality.GOOD.name, "commanded and not ended")
        case LockedOut(zone):
            return (f"zone{zone}.personal_lock", zone in memory.acts.locks, 0, Quality.GOOD.name, "a lock in the books")
        case ManualHold(function, _):
            return _hold_reading(function, memory, now_ms)


def _hold_reading(function: Function, memory: SafetyMemory, now_ms: int) -> Blamed:
    hold = memory.acts.hold
    is_held = hold is not None and hold.function == function
    age_ms = now_ms - hold.at_ms if hold is not None and is_held else 0
    return (f"{function}.hold_to_run", is_held, age_ms, Quality.GOOD.name, "what a person presses")


def _reading(image: ProcessImage, device: str, name: str, now_ms: int) -> Blamed:
    found = image.devices.get(device)
    if found is None:
        return (f"{device}.{name}", None, 0, Quality.MISSING.name, "the device has never answered")
    reading = found.reading(name)
    fault = "" if found.fault is None else f"{found.fault.code}: {found.fault.detail}"
    return (f"{device}.{name}", reading.value, now_ms - reading.at_ms, reading.quality.name, fault)
