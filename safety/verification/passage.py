"""The way through the real gate: of what the core goes on wishing, and of everything else that it may wish.

Owns the wishes. By itself the core goes on wishing the command that it has given until the PLC reports its end; in
each cycle it may besides give any order to any device, or to two devices at once, take any permit back, or switch a
light. Wishes that the verdict refuses outright are left out: they change nothing that the next cycle could see.
A permit that is wished without an order is left out too: it moves nothing, and to others it only forbids.

The gate looks at every device by itself, but for functions that must not begin together. So it is asked about one
device at a time, with nothing wished of the others, and what it lets out for several is put together from that;
wherever functions begin that exclude each other, it is asked about all at once. That the gate is so is not taken for
granted: of everything that is put together a part is held against the gate's own answer to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import NamedTuple

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import TrafficLight
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import ProcessImage
from safety.gate import Gate, GateResult
from safety.logic import SafetyLogic
from safety.memory import SafetyMemory
from safety.verdict import Function, StartOf, Verdict
from safety.verification.canonical import Renaming
from safety.verification.kept import Kept
from safety.verification.layout import Device
from safety.verification.readings import BEAT, EPOCH, NEXT_SEQ, SEQ
from safety.verification.scan import Write
from safety.verification.space import Space
from safety.wish import DeviceWish

Wish = tuple[str, int, int]
"""What the core wants besides: (orders | withdraws | green | red, device number, order number)."""

_GREEN = {"traffic_light": int(TrafficLight.GREEN)}
_VALID_MS = 1000
_CHECK_EVERY = 61
"""Every how many passages that are put together the gate is asked about the whole."""


class GateError(RuntimeError):
    """The gate gives another answer to the whole than to its parts: the search's reasoning about it is wrong."""


class Result(NamedTuple):
    """What the gate leaves: the number of its part of the memory, and the number of what was written."""

    kept: int
    writes: int


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate makes of one verdict: of the core's usual wishes, and of every other that is not refused.

    Each option has its wishes, the orders among them as bits (see ``Space.orders``), and its result.
    """

    default: Result
    options: tuple[tuple[tuple[Wish, ...], int, Result], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One evaluation while it is passed through the gate."""

    image: ProcessImage
    verdict: Verdict
    memory: SafetyMemory


class _Share(NamedTuple):
    """What the gate does for one device: the part of the memory, what is written, and the functions that begin."""

    part: int
    write: Write
    begins: frozenset[Function]


@dataclass(frozen=True, slots=True)
class _Choice:
    """One device at the gate: its usual share, and its share under every wish that is not refused."""

    number: int
    usual: _Share
    others: dict[Wish, _Share]


class Passages:
    """The gate of one garage, asked about every device and every wish."""

    def __init__(self, space: Space, logic: SafetyLogic, renaming: Renaming, kept: Kept) -> None:
        self._space = space
        self._devices = space.layout.devices
        self._logic = logic
        self._gate = Gate(logic)
        self._renaming = renaming
        self._kept = kept
        self._bits = {
            Function(device.id, permit): (device.number, device.bit(permit))
            for device in self._devices
            for permit in device.permits
        }
        self._orders = [
            {(order.code, order.arg1): number for number, order in enumerate(device.orders, start=1)}
            for device in self._devices
        ]
        self._choices: dict[tuple[int, int, int, int], _Choice] = {}
        self._together: dict[tuple[tuple[int, int, Wish | None], ...], tuple[_Share, ...]] = {}
        self._made = 0

    def of(self, keys: list[tuple[int, int, int]], rest: int, moment: Callable[[], Moment]) -> Passage:
        """The passage of a moment; ``keys`` number, for each device, all that the gate sees of it.

        ``rest`` is the number of what the memory holds of no single device. ``moment`` is asked for only where the
        gate is.
        """
        choices: list[_Choice] = []
        for device, key in zip(self._devices, keys, strict=True):
            place = (device.number, *key)
            choice = self._choices.get(place)
            if choice is None:
                choice = self._choices[place] = self._choice(device, moment(), len(self._choices))
            choices.append(choice)
        passage = _Whole(self, choices, rest, moment).passage()
        self._made += 1
        if self._made % _CHECK_EVERY == 0 and passage != self.asked_at_once(moment()):
            raise GateError(f"the gate treats devices otherwise together than one by one: {moment().memory}")
        return passage

    def asked_at_once(self, moment: Moment) -> Passage:
        """The passage of a moment with nothing put together: every wish is passed through the gate with all others."""
        usual = {device.id: self.goes_on(moment, device) for device in self._devices}
        default = self.result(moment, usual)

        def ask(wishes: tuple[Wish, ...]) -> Result:
            changed = {self._devices[wish[1]].id: self._wished(usual, wish) for wish in wishes}
            return self.result(moment, usual | changed)

        singles = [wish for device in self._devices for wish in self._wishes(moment, device, usual[device.id])]
        return Passage(default, tuple(self.options(singles, default, ask)))

    def options(
        self, singles: list[Wish], default: Result, ask: Callable[[tuple[Wish, ...]], Result]
    ) -> Iterator[tuple[tuple[Wish, ...], int, Result]]:
        """Every wish, and every two orders to two devices, that come to something new."""
        seen = {default}
        accepted: list[Wish] = []
        for wish in singles:
            result = ask((wish,))
            if result not in seen:
                seen.add(result)
                if wish[0] == "orders":
                    accepted.append(wish)
                yield (wish,), self._ordered(wish), result
        for one, other in combinations(accepted, 2):
            if one[1] != other[1]:
                result = ask((one, other))
                if result not in seen:
                    seen.add(result)
                    yield (one, other), self._ordered(one, other), result

    def result(self, moment: Moment, wishes: Mapping[str, DeviceWish]) -> Result:
        """The gate's answer to wishes of any devices."""
        passed = self._pass(moment, wishes)
        writes = tuple(self._write(device, passed) for device in self._devices)
        return Result(self._kept.of(self._renaming.past(passed.memory)), self._space.write(writes))

    def put_together(self, rest: int, shares: list[_Share]) -> Result:
        """The result in which every device has its share."""
        kept = self._kept.put_together(rest, [share.part for share in shares])
        return Result(kept, self._space.write(tuple([share.write for share in shares])))

    def exclude(self, some: frozenset[Function], others: frozenset[Function]) -> bool:
        """Some functions must not begin together with others."""
        if not some or not others:
            return False
        conflicts = self._logic.conflicts
        return any(not others.isdisjoint(conflicts.get(function, ())) for function in some)

    def together(
        self, moment: Callable[[], Moment], group: tuple[tuple[int, int, Wish | None], ...]
    ) -> tuple[_Share, ...]:
        """The shares of some devices that are passed through the gate at once, with nothing wished of the others.

        ``group`` has the number of each device, that of its choice, and what is wished of it beside the usual.
        """
        found = self._together.get(group)
        if found is None:
            now = moment()
            devices = [self._devices[number] for number, _, _ in group]
            wishes = {device.id: self.goes_on(now, device) for device in devices}
            wishes |= {self._devices[w[1]].id: self._wished(wishes, w) for _, _, w in group if w is not None}
            passed = self._pass(now, wishes)
            found = self._together[group] = tuple(self._share_of(device, now, passed) for device in devices)
        return found

    def goes_on(self, moment: Moment, device: Device) -> DeviceWish:
        """What the core goes on wishing of a device: the command until its end, and a green light."""
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

    def _choice(self, device: Device, moment: Moment, number: int) -> _Choice:
        usual = {device.id: self.goes_on(moment, device)}
        others = {
            wish: self._share(device, moment, self._wished(usual, wish))
            for wish in self._wishes(moment, device, usual[device.id])
        }
        return _Choice(number, self._share(device, moment, usual[device.id]), others)

    def _share(self, device: Device, moment: Moment, wish: DeviceWish) -> _Share:
        return self._share_of(device, moment, self._pass(moment, {device.id: wish}))

    def _share_of(self, device: Device, moment: Moment, passed: GateResult) -> _Share:
        begins = {f for f in passed.granted if f.device == device.id and f not in moment.memory.granted}
        given = passed.memory.commands.get(device.id)
        if given is not None and given != moment.memory.commands.get(device.id):
            spec = device.definition.spec(given.code)
            permit = None if spec is None else spec.permit_for(given.command.arg1)
            begins |= {Function(device.id, permit)} if permit is not None else set()
        part = self._kept.part(self._renaming.past(passed.memory), device.id)
        return _Share(part, self._write(device, passed), frozenset(begins))

    def _pass(self, moment: Moment, wishes: Mapping[str, DeviceWish]) -> GateResult:
        return self._gate.pass_wishes(
            wishes, moment.verdict, moment.memory, heartbeat=BEAT, epoch=EPOCH, image=moment.image
        )

    def _write(self, device: Device, passed: GateResult) -> Write:
        permits = sum(self._bits[f][1] for f in passed.granted if f.device == device.id)
        command = passed.outputs.devices[device.id].command
        order = self._orders[device.number].get((command.code, command.arg1), 0)
        return Write(permits, order, int(command.seq == NEXT_SEQ))

    def _wishes(self, moment: Moment, device: Device, usual: DeviceWish) -> Iterator[Wish]:
        """Every single wish about a device that the verdict does not refuse outright."""
        for number, order in enumerate(device.orders, start=1):
            if Function(device.id, order.permit) not in moment.verdict.allowed:
                continue
            if moment.verdict.start_refusal(StartOf(device.id, order.code, order.arg1)) is None:
                yield "orders", device.number, number
        if usual.command.code is not CommandCode.NONE:
            yield "withdraws", device.number, 0
        green = Function(device.id, "green")
        if green in moment.memory.granted:
            yield "red", device.number, 0
        elif green in moment.verdict.allowed:
            yield "green", device.number, 0

    def _wished(self, usual: Mapping[str, DeviceWish], wish: Wish) -> DeviceWish:
        what, number, order_number = wish
        device = self._devices[number]
        kept = usual[device.id]
        light = kept.permits & {"green"}
        match what:
            case "orders":
                order = device.orders[order_number - 1]
                command = MailboxCommand(NEXT_SEQ, order.code, order.arg1, 0, 0, _VALID_MS)
                return replace(kept, permits=light | {order.permit}, command=command, new_command=True)
            case "withdraws":
                return replace(kept, permits=light)
            case "green":
                return replace(kept, permits=kept.permits | {"green"}, levels=_GREEN)
            case _:
                return replace(kept, permits=kept.permits - {"green"}, levels={})

    def _ordered(self, *wishes: Wish) -> int:
        return self._space.orders((device, number) for what, device, number in wishes if what == "orders")


class _Whole:
    """One passage while it is put together from the devices' choices."""

    def __init__(self, gate: Passages, choices: list[_Choice], rest: int, moment: Callable[[], Moment]) -> None:
        self._gate = gate
        self._choices = choices
        self._rest = rest
        self._moment = moment
        self._usual = [choice.usual for choice in choices]

    def passage(self) -> Passage:
        default = self._result(())
        singles = [wish for choice in self._choices for wish in choice.others]
        return Passage(default, tuple(self._gate.options(singles, default, self._result)))

    def _result(self, wishes: tuple[Wish, ...]) -> Result:
        shares = list(self._usual)
        for wish in wishes:
            shares[wish[1]] = self._choices[wish[1]].others[wish]
        group = self._excluding(shares)
        if group:
            wished = {wish[1]: wish for wish in wishes}
            key = tuple((number, self._choices[number].number, wished.get(number)) for number in group)
            for number, share in zip(group, self._gate.together(self._moment, key), strict=True):
                shares[number] = share
        return self._gate.put_together(self._rest, shares)

    def _excluding(self, shares: list[_Share]) -> list[int]:
        """Devices that begin what must not begin together with what another one begins."""
        beginning = [number for number, share in enumerate(shares) if share.begins]
        if len(beginning) < 2:
            return []
        found: set[int] = set()
        for one, other in combinations(beginning, 2):
            if self._gate.exclude(shares[one].begins, shares[other].begins):
                found |= {one, other}
        return sorted(found)
