"""One cycle of the real safety code: the real evaluation, the real gate, with any wish of the core.

Owns the driving of ``SafetyLogic``, and the caches that make the search fast: the same readings with the same memory
give the same verdict, and the same verdict with the same memory the same outputs (``passage``). Must never decide what
is permitted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from plc_drivers.contract import DeviceDefinition
from safety.expression import Asserted, Commanded
from safety.logic import SafetyLogic
from safety.memory import NodeState, SafetyMemory, Trace
from safety.verdict import Function, StartOf, Verdict
from safety.verification.canonical import NOW_MS, STEP_MS, Renaming
from safety.verification.images import Images
from safety.verification.kept import Kept
from safety.verification.lie import Lie
from safety.verification.numbers import Numbers
from safety.verification.passage import Moment, Passage, Passages
from safety.verification.space import Space

_NOTHING: frozenset[tuple[str, str]] = frozenset()
_ANSWERS_MAX = 2_000_000
COUNTERS = ("confirm_count", "boot_counter")
"""Tags whose readings are renamed after a cycle, so that an answer is not the same when their sensor lies."""


class Answer(NamedTuple):
    """One evaluation: the number of the expressions' states afterwards, and the way through the gate.

    ``alone`` are the interlocks that are the only one in the way of something. ``number`` is the same for answers
    that lead to the same.
    """

    states: int
    passage: Passage
    alone: frozenset[str]
    number: int


class _Judged(NamedTuple):
    """What an evaluation says: its meaning for the gate and the expressions' states afterwards, both by number."""

    meaning: int
    alone: frozenset[str]
    failing: frozenset[str]
    states: int


class _Ready(NamedTuple):
    """A memory as an evaluation hands it on, by number.

    ``before`` are its parts, ``rest`` is what will be left of it that belongs to no device, ``asked`` is all that
    conditions read of it.
    """

    before: int
    rest: int
    asked: int


class Controller:
    """The safety code of one garage, with every answer that it has given."""

    def __init__(self, space: Space, logic: SafetyLogic) -> None:
        self._devices = [device.id for device in space.layout.devices]
        self.logic = logic
        self.evaluations = 0
        self.images = Images(space, logic)
        self._renaming = Renaming(logic)
        self._kept = Kept(self._renaming, self._devices)
        self._passages = Passages(space, logic, self._renaming, self._kept)
        self._memory_slots = [
            slot for node, slot in logic.program.slots.items() if isinstance(node, Asserted | Commanded)
        ]
        self._states = Numbers[tuple[NodeState, ...]]()
        self._memories = Numbers[tuple[int, int]]()
        self._asked = Numbers[tuple[object, ...]]()
        self._before = Numbers[tuple[int, ...]]()
        self._ready: dict[tuple[int, int], _Ready] = {}
        self._judged: dict[tuple[frozenset[tuple[str, str]], int, int, int], _Judged] = {}
        self._said_of: dict[tuple[str, ...], tuple[int, frozenset[str], frozenset[str]]] = {}
        self._meanings = Numbers[tuple[int, ...]]()
        self._meaning_for = Numbers[tuple[frozenset[Function], frozenset[StartOf]]]()
        self._leads = Numbers[tuple[int, int]]()
        self._same_passage = Numbers[Passage]()
        self._passage_of: dict[tuple[int, int, int], Passage] = {}
        self._traced: dict[int, Trace | None] = {}
        self._answers: dict[frozenset[tuple[str, str]], dict[int, Answer]] = {}
        self._now = self._answers.setdefault(_NOTHING, {})
        self._lie: Lie | None = None
        self._told: Mapping[int, int] | None = None
        self._frozen = _NOTHING

    def first_memory(self) -> int:
        """The memory of a controller that has just been started and has seen nothing."""
        memory = replace(self.logic.memory0(), at_ms=NOW_MS - STEP_MS)
        return self.memory(self._states.of(memory.states), self._kept.of(memory))

    def memory(self, states: int, kept: int) -> int:
        """The number of a whole memory."""
        return self._memories.of((states, kept))

    def tell(self, lie: Lie | None) -> None:
        """From now on sensors tell this lie; None for honest ones."""
        if lie is self._lie:
            return
        self._lie = lie
        self._told = None if lie is None else self.images.told_by(lie)
        self._frozen = _NOTHING if lie is None or lie.tag not in COUNTERS else frozenset({(lie.device, lie.tag)})
        self._now = self._answers.setdefault(self._frozen, {})

    def shown(self, plant: int) -> int:
        """The image of a plant as the sensors tell it now."""
        honest = self.images.honest(plant)
        return honest if self._told is None else self._told[honest]

    def shows(self, plant: int) -> bool:
        """The lie that is told shows something else than the truth at a plant."""
        return self.shown(plant) != self.images.honest(plant)

    def answer(self, plant: int, memory: int) -> Answer:
        """What safety makes of a plant's readings with a memory, from the cache or from the real code."""
        shown = self.images.honest(plant)
        if self._told is not None:
            shown = self._told[shown]
        answers = self._now
        key = memory << 32 | shown
        found = answers.get(key)
        if found is None:
            if len(answers) > _ANSWERS_MAX:
                answers.clear()
            found = answers[key] = self._put_together(shown, memory)
        return found

    def alone(self, plant: int, memory: int) -> frozenset[str]:
        """The interlocks that alone stand in the way of something, by a plant's readings with a memory."""
        return self._judged_now(plant, memory).alone

    def failing(self, plant: int, memory: int) -> frozenset[str]:
        """The interlocks that stand in the way of anything."""
        return self._judged_now(plant, memory).failing

    def granted(self, memory: int) -> frozenset[Function]:
        """The permits that are asserted, by a memory."""
        return self._kept.memory(self._memories[memory][1]).granted

    def _judged_now(self, plant: int, memory: int) -> _Judged:
        states, kept = self._memories[memory]
        shown = self.shown(plant)
        once = _Once(self, shown, memory)
        return self._judgement(shown, states, self._readiness(shown, kept, once), once)

    def fresh_answer(self, plant: int, memory: int) -> Answer:
        """The same from the real code alone, with nothing remembered and nothing put together."""
        shown = self.shown(plant)
        moment = self.evaluated(shown, memory, trace=False)
        states = self._states.of(self._renaming.states(moment.memory, moment.image, self._frozen))
        passage = self._passages.asked_at_once(moment)
        return Answer(states, passage, self._alone(moment.verdict), self._number(states, passage))

    def _alone(self, verdict: Verdict) -> frozenset[str]:
        return frozenset(_alone(verdict, self.logic.definitions))

    def real_memory(self, number: int) -> SafetyMemory:
        """The memory behind a number, as safety knows it."""
        states, kept = self._memories[number]
        return replace(self._kept.memory(kept), states=self._states[states], trace=self._traced.get(states))

    def adopt(self, other: Controller, number: int) -> int:
        """The number here of a memory of another controller, whose interlocks are these or more."""
        memory = other.real_memory(number)
        theirs, mine = other.logic.program.states, self.logic.program.states
        states = tuple(memory.states[theirs[node]] for node in sorted(mine, key=lambda node: mine[node]))
        return self.memory(self._states.of(states), self._kept.of(replace(memory, states=states)))

    def _put_together(self, shown: int, memory: int) -> Answer:
        """The answer to an image and a memory, out of what the real code has said of each part.

        Conditions read the image, their own states, the permits that are out and the commands; the gate reads the
        verdict, its own part of the memory and few tags. What was judged once is passed through the gate with another
        command behind it without being judged anew, and the other way round.
        """
        states, kept = self._memories[memory]
        once = _Once(self, shown, memory)
        ready = self._readiness(shown, kept, once)
        judged = self._judgement(shown, states, ready, once)
        view, _ = self.images.views(shown)
        at_gate = (judged.meaning, ready.before, view)
        passage = self._passage_of.get(at_gate)
        if passage is None:
            meanings, befores = self._meanings[judged.meaning], self._before[ready.before]
            keys = list(zip(meanings, befores, self.images.gate_views(view), strict=True))
            passage = self._passage_of[at_gate] = self._passages.of(keys, ready.rest, once)
        return Answer(judged.states, passage, judged.alone, self._number(judged.states, passage))

    def _readiness(self, shown: int, kept: int, once: _Once) -> _Ready:
        _, over = self.images.views(shown)
        ready = self._ready.get((kept, over))
        if ready is None:
            ready = self._ready[kept, over] = self._made_ready(once().memory)
        return ready

    def _judgement(self, shown: int, states: int, ready: _Ready, once: _Once) -> _Judged:
        place = (self._frozen, self.images.facts(shown), states, ready.asked)
        judged = self._judged.get(place)
        if judged is None:
            judged = self._judged[place] = self._judge(once())
        return judged

    def evaluated(self, shown: int, memory: int, *, trace: bool = True) -> Moment:
        """What the real evaluation says of an image with a memory; ``trace`` lets it skip what cannot have changed."""
        self.evaluations += 1
        image = self.images.image(shown)
        real = replace(self.real_memory(memory), acts=self.images.acts(shown))
        verdict, after = self.logic.evaluate(image, real if trace else replace(real, trace=None), NOW_MS)
        return Moment(image, verdict, after)

    def _number(self, states: int, passage: Passage) -> int:
        return self._leads.of((states, self._same_passage.of(passage)))

    def _made_ready(self, after: SafetyMemory) -> _Ready:
        parts = tuple(self._kept.part(after, device) for device in self._devices)
        rest = self._kept.rest(self._renaming.past(after))
        trace = after.trace
        asked = () if trace is None else tuple(trace.results[slot] for slot in self._memory_slots)
        return _Ready(self._before.of(parts), rest, self._asked.of(asked))

    def _judge(self, moment: Moment) -> _Judged:
        states = self._states.of(self._renaming.states(moment.memory, moment.image, self._frozen))
        self._traced[states] = moment.memory.trace
        return _Judged(*self._said(moment.verdict), states)

    def _said(self, verdict: Verdict) -> tuple[int, frozenset[str], frozenset[str]]:
        """All that the gate reads of a verdict, as a number; who alone objects to something, and who objects at all."""
        ids = tuple(failing.id for failing in verdict.failing)
        found = self._said_of.get(ids)
        if found is None:
            refused = {guard for f in verdict.failing for guard in f.guards if isinstance(guard, StartOf)}
            meaning = tuple(
                self._meaning_for.of(
                    (
                        frozenset(function for function in verdict.allowed if function.device == device),
                        frozenset(start for start in refused if start.device == device),
                    )
                )
                for device in self._devices
            )
            found = self._said_of[ids] = (
                self._meanings.of(meaning),
                self._alone(verdict),
                frozenset(ids),
            )
        return found


class _Once:
    """The evaluation of one image with one memory, made when it is asked for first."""

    def __init__(self, controller: Controller, shown: int, memory: int) -> None:
        self._ask = (controller, shown, memory)
        self._moment: Moment | None = None

    def __call__(self) -> Moment:
        if self._moment is None:
            controller, shown, memory = self._ask
            self._moment = controller.evaluated(shown, memory)
        return self._moment


def _alone(verdict: Verdict, definitions: Mapping[str, DeviceDefinition]) -> Iterator[str]:
    """Interlocks that alone stand in the way of a permit, or of a start whose permit may be had."""
    objections: dict[Function | StartOf, set[str]] = {}
    for failing in verdict.failing:
        for guard in failing.guards:
            objections.setdefault(guard, set()).add(failing.id)
    for guard, ids in objections.items():
        if isinstance(guard, StartOf) and not _may_be_permitted(guard, verdict, definitions):
            continue
        general = set() if isinstance(guard, Function) else objections.get(StartOf(guard.device, guard.code), set())
        if len(ids | general) == 1:
            yield from ids


def _may_be_permitted(start: StartOf, verdict: Verdict, definitions: Mapping[str, DeviceDefinition]) -> bool:
    """A permit that the command may need is not refused, or it needs none."""
    spec = definitions[start.device].spec(start.code)
    permits = () if spec is None else spec.permits if start.arg1 is None else (spec.permit_for(start.arg1),)
    needed = [permit for permit in permits if permit is not None]
    return not needed or any(Function(start.device, permit) in verdict.allowed for permit in needed)
