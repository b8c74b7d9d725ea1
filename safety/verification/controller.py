"""One cycle of the real safety code: the real evaluation, the real gate, with any wish of the core.

Owns the driving of ``SafetyLogic`` and ``Gate``, and the caches that make the search fast: the same readings with the
same memory give the same verdict, and with the same wish the same outputs. Must never decide what is permitted.

The core wishes anything. By itself it goes on wishing the command that it has given until the PLC reports its end; in
each cycle it may besides give any order to any device, or to two devices at once, take any permit back, or switch a
light. Wishes that the verdict refuses outright are left out: they change nothing that the next cycle could see.
A permit that is wished without an order is left out too: it moves nothing, and to others it only forbids.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import TrafficLight
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import ProcessImage
from safety.gate import Gate
from safety.logic import SafetyLogic
from safety.memory import NodeState, SafetyMemory, Trace
from safety.verdict import Function, StartOf, Verdict
from safety.verification.canonical import NOW_MS, STEP_MS, Key, Renaming
from safety.verification.images import Images
from safety.verification.layout import Device
from safety.verification.lie import Lie
from safety.verification.numbers import Numbers
from safety.verification.readings import BEAT, EPOCH, NEXT_SEQ, SEQ
from safety.verification.scan import Write
from safety.verification.space import Space
from safety.wish import DeviceWish

Wish = tuple[str, int, int]
"""What the core wants besides: (orders | withdraws | green | red, device number, order number)."""

_NOTHING: frozenset[tuple[str, str]] = frozenset()
_ANSWERS_MAX = 3_000_000
COUNTERS = ("confirm_count", "boot_counter")
"""Tags whose readings are renamed after a cycle, so that an answer is not the same when their sensor lies."""

_GREEN = {"traffic_light": int(TrafficLight.GREEN)}
_VALID_MS = 1000


class Result(NamedTuple):
    """What the gate leaves: the number of its part of the memory, and the number of what was written."""

    kept: int
    writes: int


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate makes of one verdict: of the core's usual wishes, and of every other that is not refused."""

    default: Result
    options: tuple[tuple[tuple[Wish, ...], Result], ...]


class Answer(NamedTuple):
    """One evaluation: the number of the expressions' states afterwards, and the way through the gate.

    ``alone`` are the interlocks that are the only one in the way of something.
    """

    states: int
    passage: Passage
    alone: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Moment:
    """One evaluation while it is passed through the gate."""

    image: ProcessImage
    verdict: Verdict
    memory: SafetyMemory


class Controller:
    """The safety code of one garage, with every answer that it has given.

    ``lie`` is the lie that sensors tell from now on, None for honest ones.
    """

    def __init__(self, space: Space, logic: SafetyLogic) -> None:
        self._space = space
        self._layout = layout = space.layout
        self.logic = logic
        self.lie: Lie | None = None
        self.evaluations = 0
        self._gate = Gate(logic)
        self._renaming = Renaming(logic)
        self.images = Images(space, logic)
        self._bits = {
            Function(device.id, permit): (device.number, device.bit(permit))
            for device in layout.devices
            for permit in device.permits
        }
        self._orders = [
            {(order.code, order.arg1): number for number, order in enumerate(device.orders, start=1)}
            for device in layout.devices
        ]
        self._states = Numbers[tuple[NodeState, ...]]()
        self._kept = Numbers[Key]()
        self._kept_memories: list[SafetyMemory] = []
        self._memories = Numbers[tuple[int, int]]()
        self._traces: list[Trace | None] = []
        self._verdicts = Numbers[tuple[frozenset[Function], frozenset[StartOf]]]()
        self._meaning_of: dict[tuple[str, ...], int] = {}
        self._passages: dict[tuple[int, int, int], Passage] = {}
        self._alone_of: dict[tuple[str, ...], frozenset[str]] = {}
        self._before_gate = Numbers[Key]()
        self._answers: dict[frozenset[tuple[str, str]], dict[int, Answer]] = {}
        self._traced: dict[int, Trace | None] = {}

    def first_memory(self) -> int:
        """The memory of a controller that has just been started and has seen nothing."""
        memory = replace(self.logic.memory0(), at_ms=NOW_MS - STEP_MS)
        return self.memory(self._states.of(memory.states), self._keep(memory))

    def memory(self, states: int, kept: int) -> int:
        """The number of a whole memory."""
        return self._memories.of((states, kept))

    def shows(self, plant: int, lie: Lie) -> bool:
        """A lie shows something else than the truth at a plant."""
        return self.images.told(plant, lie) != self.images.honest(plant)

    def answer(self, plant: int, memory: int) -> Answer:
        """What safety makes of a plant's readings with a memory, from the cache or from the real code."""
        lie = self.lie
        shown = self.images.honest(plant) if lie is None else self.images.told(plant, lie)
        frozen = _NOTHING if lie is None else frozenset({(lie.device, lie.tag)})
        answers = self._answers.setdefault(frozen if lie is None or lie.tag in COUNTERS else _NOTHING, {})
        key = memory << 32 | shown
        found = answers.get(key)
        if found is None:
            if len(answers) > _ANSWERS_MAX:
                answers.clear()
            found = answers[key] = self.evaluate(shown, memory, frozen)
        return found

    def evaluate(self, shown: int, memory: int, frozen: frozenset[tuple[str, str]]) -> Answer:
        """The answer of the real code to an image and a memory."""
        self.evaluations += 1
        image = self.images.image(shown)
        verdict, after = self.logic.evaluate(image, self.real_memory(memory), NOW_MS)
        states = self._states.of(self._renaming.states(after, image, frozen))
        self._traced[states] = after.trace
        passage = self._passage(_Moment(image, verdict, after), shown)
        return Answer(states, passage, self._alone(verdict))

    def real_memory(self, number: int) -> SafetyMemory:
        """The memory behind a number, as safety knows it."""
        states, kept = self._memories[number]
        return replace(self._kept_memories[kept], states=self._states[states], trace=self._traced.get(states))

    def adopt(self, other: Controller, number: int) -> int:
        """The number here of a memory of another controller, whose interlocks are these or more."""
        memory = other.real_memory(number)
        theirs, mine = other.logic.program.states, self.logic.program.states
        states = tuple(memory.states[theirs[node]] for node in sorted(mine, key=lambda node: mine[node]))
        return self.memory(self._states.of(states), self._keep(memory))

    def _keep(self, memory: SafetyMemory) -> int:
        number = self._kept.of(self._renaming.key(memory))
        if number == len(self._kept_memories):
            self._kept_memories.append(replace(memory, trace=None))
        return number

    def _passage(self, moment: _Moment, shown: int) -> Passage:
        key = (
            self._meaning(moment.verdict),
            self._before_gate.of(self._renaming.key(moment.memory)),
            self.images.gate_view(shown),
        )
        found = self._passages.get(key)
        if found is None:
            found = self._passages[key] = self._through(moment)
        return found

    def fresh_passage(self, shown: int, memory: int) -> Passage:
        """The way through the gate worked out anew, as if nothing had been asked before."""
        image = self.images.image(shown)
        verdict, after = self.logic.evaluate(image, self.real_memory(memory), NOW_MS)
        return self._through(_Moment(image, verdict, after))

    def _through(self, moment: _Moment) -> Passage:
        usual = self._usual(moment)
        default = self._pass(moment, usual)
        return Passage(default, tuple(self._options(moment, usual, default)))

    def _meaning(self, verdict: Verdict) -> int:
        """All that the gate reads of a verdict, as a number: what is allowed, and which starts are refused."""
        ids = tuple(failing.id for failing in verdict.failing)
        found = self._meaning_of.get(ids)
        if found is None:
            refused = {guard for f in verdict.failing for guard in f.guards if isinstance(guard, StartOf)}
            found = self._meaning_of[ids] = self._verdicts.of((verdict.allowed, frozenset(refused)))
        return found

    def _alone(self, verdict: Verdict) -> frozenset[str]:
        ids = tuple(failing.id for failing in verdict.failing)
        found = self._alone_of.get(ids)
        if found is None:
            found = self._alone_of[ids] = frozenset(_alone(verdict))
        return found

    def _pass(self, moment: _Moment, wishes: dict[str, DeviceWish]) -> Result:
        result = self._gate.pass_wishes(
            wishes, moment.verdict, moment.memory, heartbeat=BEAT, epoch=EPOCH, image=moment.image
        )
        permits = [0] * len(self._layout.devices)
        for function in result.granted:
            number, bit = self._bits[function]
            permits[number] |= bit
        writes = tuple(
            self._write(device, permits[device.number], result.outputs.devices[device.id].command)
            for device in self._layout.devices
        )
        return Result(self._keep(self._renaming.past(result.memory)), self._space.write(writes))

    def _write(self, device: Device, permits: int, command: MailboxCommand) -> Write:
        order = self._orders[device.number].get((command.code, command.arg1), 0)
        return Write(permits, order, int(command.seq == NEXT_SEQ))

    def _usual(self, moment: _Moment) -> dict[str, DeviceWish]:
        """What the core goes on wishing: each command until its end, and a green light."""
        return {device.id: self._goes_on(moment, device) for device in self._layout.devices}

    def _goes_on(self, moment: _Moment, device: Device) -> DeviceWish:
        passed = moment.memory.commands.get(device.id)
        green = Function(device.id, "green") in moment.memory.granted
        permits = frozenset({"green"}) if green else frozenset()
        levels = _GREEN if green else {}
        if passed is None:
            return DeviceWish(permits, MailboxCommand(seq=SEQ), levels=levels)
        ended = moment.image.value(device.id, "done_seq") == passed.command.seq
        if passed.voided or ended or passed.command.code is CommandCode.NONE:
            return DeviceWish(permits, MailboxCommand(seq=passed.command.seq), levels=levels)
        order = device.orders[self._orders[device.number][passed.command.code, passed.command.arg1] - 1]
        return DeviceWish(permits | {order.permit}, passed.command, levels=levels)

    def _options(
        self, moment: _Moment, usual: dict[str, DeviceWish], default: Result
    ) -> Iterator[tuple[tuple[Wish, ...], Result]]:
        seen = {default}
        accepted: list[Wish] = []
        for wish in self._wishes(moment, usual):
            result = self._pass(moment, usual | self._wished(usual, wish))
            if result in seen:
                continue
            seen.add(result)
            if wish[0] == "orders":
                accepted.append(wish)
            yield (wish,), result
        for one, other in combinations(accepted, 2):
            if one[1] == other[1]:
                continue
            both = self._wished(usual, one) | self._wished(usual, other)
            result = self._pass(moment, usual | both)
            if result not in seen:
                seen.add(result)
                yield (one, other), result

    def _wishes(self, moment: _Moment, usual: dict[str, DeviceWish]) -> Iterator[Wish]:
        """Every single wish that the verdict does not refuse outright."""
        for device in self._layout.devices:
            for number, order in enumerate(device.orders, start=1):
                start = StartOf(device.id, order.code, order.arg1)
                if Function(device.id, order.permit) not in moment.verdict.allowed:
                    continue
                if moment.verdict.start_refusal(start) is None:
                    yield "orders", device.number, number
            if usual[device.id].command.code is not CommandCode.NONE:
                yield "withdraws", device.number, 0
            green = Function(device.id, "green")
            if green in moment.memory.granted:
                yield "red", device.number, 0
            elif green in moment.verdict.allowed:
                yield "green", device.number, 0

    def _wished(self, usual: dict[str, DeviceWish], wish: Wish) -> dict[str, DeviceWish]:
        what, number, order_number = wish
        device = self._layout.devices[number]
        kept = usual[device.id]
        light = kept.permits & {"green"}
        match what:
            case "orders":
                order = device.orders[order_number - 1]
                command = MailboxCommand(NEXT_SEQ, order.code, order.arg1, 0, 0, _VALID_MS)
                return {device.id: replace(kept, permits=light | {order.permit}, command=command, new_command=True)}
            case "withdraws":
                return {device.id: replace(kept, permits=light)}
            case "green":
                return {device.id: replace(kept, permits=kept.permits | {"green"}, levels=_GREEN)}
            case _:
                return {device.id: replace(kept, permits=kept.permits - {"green"}, levels={})}


def _alone(verdict: Verdict) -> Iterator[str]:
    """Interlocks that alone stand in the way of a permit, or of a start whose permit may be had."""
    objections: dict[Function | StartOf, set[str]] = {}
    for failing in verdict.failing:
        for guard in failing.guards:
            objections.setdefault(guard, set()).add(failing.id)
    for guard, ids in objections.items():
        general = set() if isinstance(guard, Function) else objections.get(StartOf(guard.device, guard.code), set())
        if len(ids | general) == 1:
            yield from ids
