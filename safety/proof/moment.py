"""One cycle as a hazard sees it: what the readings say, what goes out, and what was seen before.

Owns the words in which predicates are written. Must never look into an interlock's condition, except to learn what
its holding times and presses say about the past; everything else is readings and the gate's outcome. What is not
said is not true here: a reading that is unknown says nothing.
"""

from __future__ import annotations

from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.codes import AckResult, Mode
from safety.expression import Answering, ChangedSince, ChangedWithin, Expression, HeldFor, Latch, Outlasted, Tag, leaves
from safety.proof.formula import FALSE, Answer, Formula, Number, all_of, any_of, solve, truth
from safety.proof.garage import Garage
from safety.proof.gate_model import GateModel, Memo, may_run
from safety.proof.translation import TagReading, Translation
from safety.trip import Trip
from safety.verdict import Function


class Moment:
    """One question about one cycle of a garage; made anew for each question, over the shared translation."""

    def __init__(self, garage: Garage, translation: Translation, memo: Memo) -> None:
        self.garage = garage
        self.translation = translation
        self.gate = GateModel(garage, translation, memo)
        self._memo = memo
        self.spoken: dict[Tag, None] = {}
        """Tags that the question speaks of, in its order."""
        self.asked: dict[Function, None] = {}
        """Permits that the question speaks of."""
        self.ordered: dict[str, None] = {}
        """Devices whose commands the question speaks of."""
        self._past: list[Formula] = []

    def rules(self) -> list[Formula]:
        """What holds of this cycle, whatever happens."""
        return self.gate.rules() + self._past

    # What the readings say

    def says(self, device: str, **tags: Value) -> Formula:
        """Every one of the tags is known and has just this value."""
        return all_of(*(self._value(device, tag, value) for tag, value in tags.items()))

    def within(self, device: str, tag: str, low: int, high: int) -> Formula:
        """The tag is known and lies in a range, both ends included."""
        reading = self._reading(device, tag)
        return reading.known & reading.number.between(low, high)

    def above(self, device: str, tag: str, limit: int) -> Formula:
        """The tag is known and above the limit."""
        reading = self._reading(device, tag)
        return reading.known & ~reading.number.at_most(limit)

    def says_other_than(self, device: str, tag: str, value: int) -> Formula:
        """The tag is known and has another value."""
        reading = self._reading(device, tag)
        return reading.known & ~reading.number.equals(value)

    def equal(self, device: str, one: str, other: str) -> Formula:
        """Both tags are known and show the same."""
        first, second = self._reading(device, one), self._reading(device, other)
        return all_of(first.known, second.known, first.number.equals(second.number))

    def differ(self, one: tuple[str, str], other: tuple[str, str]) -> Formula:
        """Two tags, each (device, tag), are known and show different numbers."""
        first, second = self._reading(*one), self._reading(*other)
        return all_of(first.known, second.known, ~first.number.equals(second.number))

    def greater(self, one: tuple[str, str], other: tuple[str, str]) -> Formula:
        """Two tags, each (device, tag), are known and the first shows the greater number."""
        first, second = self._reading(*one), self._reading(*other)
        return all_of(first.known, second.known, second.number.below(first.number))

    def beyond_goal(self, device: str, tag: str, of: str) -> Formula:
        """The tag is known and above the first argument of the command that is wanted of the device ``of``."""
        reading = self._reading(device, tag)
        return reading.known & self._goal(of).below(reading.number)

    def short_of_goal(self, device: str, tag: str, of: str) -> Formula:
        """The tag is known and below the first argument of the command that is wanted of the device ``of``."""
        reading = self._reading(device, tag)
        return reading.known & reading.number.below(self._goal(of))

    def known(self, device: str, tag: str) -> Formula:
        """The tag is known, whatever it shows."""
        return self._reading(device, tag).known

    def answers(self, device: str) -> Formula:
        """The device's readings are good."""
        return self.translation.answers(device)

    def ours(self, device: str) -> Formula:
        """The PLC shows this controller as its owner."""
        self._reading(device, "owner_epoch")
        return self.gate.owned(device)

    def by_hand(self, device: str, permit: str) -> Formula:
        """The device's own key stands in manual, and a person holds this axis."""
        held = self.translation.held_by_hand(Function(device, permit))
        return self.says(device, mode=int(Mode.MANUAL)) & held

    # What goes out

    def out(self, device: str, permit: str) -> Formula:
        """This cycle asserts the permit.

        Raises:
            KeyError: the device has no such permit.
        """
        return self.gate.out(self._function(device, permit))

    def may_act(self, device: str, permit: str) -> Formula:
        """The PLC may act upon the permit: it goes out, it is on its way back, or the PLC does not say it let go."""
        function = self._function(device, permit)
        return any_of(
            self.gate.out(function),
            self.translation.fading(function),
            ~self.says(device, **{f"holds_{permit}": False}),
        )

    def starts(self, device: str, *codes: CommandCode, arg1: int | None = None) -> Formula:
        """This cycle gives the device one of these commands.

        Raises:
            KeyError: the device knows no such command.
        """
        self._check_codes(device, codes)
        return any_of(*(self.gate.started(device, code, arg1) for code in codes))

    def starts_something(self, device: str) -> Formula:
        """This cycle gives the device any command but STOP."""
        codes = (spec.code for spec in self.garage.definitions[device].commands)
        return self.starts(device, *(code for code in codes if code is not CommandCode.STOP))

    def ordered_to(self, device: str, *codes: CommandCode) -> Formula:
        """The device executes one of these commands, or does not tell which, or has one of them still to do.

        Raises:
            KeyError: the device knows no such command.
        """
        self._check_codes(device, codes)
        active = self._reading(device, "active_command")
        elsewhere = active.known & ~active.number.one_of(codes)
        to_do = may_run(self.gate, device, *codes) & ~(self.gate.keeps(device) & self._has_ended(device))
        return ~elsewhere | to_do

    def busy_with(self, device: str, *codes: CommandCode) -> Formula:
        """The device says that it executes one of these commands, or was given one earlier and has not ended it.

        Raises:
            KeyError: the device knows no such command.
        """
        self._check_codes(device, codes)
        active = self._reading(device, "active_command")
        given = self.translation.mailbox(device).code.one_of(codes) & ~self._has_ended(device)
        return (active.known & active.number.one_of(codes)) | given

    def keeps(self, device: str) -> Formula:
        """A command other than STOP that was given earlier stays in the mailbox."""
        self.ordered[device] = None
        codes = (spec.code for spec in self.garage.definitions[device].commands)
        return self.gate.left_in(device, *(code for code in codes if code is not CommandCode.STOP))

    def restarted(self, device: str) -> Formula:
        """The PLC cannot be seen, or does not show the boot counter that it had when its command was given."""
        boot, mailbox = self._reading(device, "boot_counter"), self.translation.mailbox(device)
        seen = self.gate.good(device) & boot.came
        return ~all_of(seen, mailbox.boot_known, boot.number.equals(mailbox.boot))

    def taken_away(self, device: str, permit: str) -> Formula:
        """Safety has taken the permit away under the very command that is wanted still."""
        function = self._function(device, permit)
        again = self.gate.wanted_seq(device).equals(self.gate.revoked_seq(function))
        return self.gate.revoked(function) & again

    def shows_green(self, cabin: str) -> Formula:
        """This cycle asks the cabin's lamp for green."""
        self._function(cabin, "green")
        return self.gate.green_shown(cabin)

    def _has_ended(self, device: str) -> Formula:
        """Of the command that was given last, the PLC says that it has ended or been refused."""
        done, ack, answer = (self._reading(device, tag) for tag in ("done_seq", "ack_seq", "ack_result"))
        seq = self.translation.mailbox(device).seq
        refused = all_of(
            ack.known, ack.number.equals(seq), answer.known, ~answer.number.equals(int(AckResult.ACCEPTED))
        )
        return (done.known & done.number.equals(seq)) | refused

    # What was seen before

    def held(self, condition: Formula, ms: int, devices: tuple[str, ...], name: str) -> Formula:
        """``condition`` has been true in every evaluation for at least ``ms``; ``devices`` are those it reads.

        A holding time of the interlocks that is over says that this is true, where its own condition implies this
        one in every image and it lasts as long; and this being true says that a holding time or a grace of theirs is
        over, where this one implies theirs and lasts as long. Otherwise nothing is known of the past. ``condition``
        may speak of readings, of presses and of what was permitted last, not of what goes out.
        """
        past = truth(f"{name} held for {ms} ms")
        self._past.append(past.implies(condition))
        for node in self._timed(devices):
            child, value = self.translation.truth(node.child), self.translation.truth(node).true
            if isinstance(node, HeldFor):
                if node.ms >= ms and self._never((node, name, ms, 0), child.true & ~condition):
                    self._past.append(value.implies(past))
                if node.ms <= ms and self._never((node, name, ms, 1), condition & ~child.true):
                    self._past.append(past.implies(value))
            elif node.ms <= ms and self._never((node, name, ms, 2), condition & child.false):
                self._past.append(past.implies(value))
        return past

    def rested(self, device: str, tag: str, ms: int) -> Formula:
        """The tag has been watched for at least ``ms`` and has shown one value."""
        watched = self._reading(device, tag)
        past = truth(f"{device}.{tag} rested for {ms} ms")
        self._past.append(past.implies(watched.known))
        for node in self.garage.remembering:
            if isinstance(node, ChangedWithin) and (node.tag.device, node.tag.name) == (device, tag) and node.ms <= ms:
                self._past.append(past.implies(self.translation.truth(node).false))
        return past

    def counted_since(self, device: str, counter: str, otherwise: Formula, name: str) -> Formula:
        """The counter has moved since the last evaluation in which ``otherwise`` was not true.

        Tied to a memory of the interlocks only where each moment without ``otherwise`` is one at which that memory
        begins anew, in every image.
        """
        self._reading(device, counter)
        past = truth(f"{name} counted")
        for node, value in self._counting(device, counter):
            void = self.translation.truth(node.void_when)
            if self._never((node, name), void.false & ~otherwise):
                self._past.append(value.implies(past))
        return past

    def permitted_last(self, device: str, permit: str) -> Formula:
        """The permit was asserted in the last cycle, or dropped and the PLC has not been seen to know."""
        function = self._function(device, permit)
        return self.translation.asserted_last(function) | self.translation.fading(function)

    def stood(self, trip: Trip) -> Formula:
        """The latched trip stood in the last evaluation, and nobody resets it in this one."""
        stands = trip.stands
        if not isinstance(stands, Latch):
            return FALSE
        return self.translation.before(stands).true & ~self.translation.reset_asked(trip.id)

    def _timed(self, devices: tuple[str, ...]) -> list[HeldFor | Outlasted]:
        return [
            node
            for node in self.garage.remembering
            if isinstance(node, HeldFor | Outlasted) and node_devices(node) & set(devices)
        ]

    def _counting(self, device: str, counter: str) -> list[tuple[ChangedSince, Formula]]:
        return [
            (node, self.translation.truth(node).true)
            for node in self.garage.remembering
            if isinstance(node, ChangedSince) and (node.counter.device, node.counter.name) == (device, counter)
        ]

    def _never(self, lemma: tuple[object, ...], formula: Formula) -> bool:
        """The formula is true in no image and no memory; each ``lemma`` is worked out once for a garage."""
        found = self._memo.lemmas.get(lemma)
        if found is None:
            found = self._memo.lemmas[lemma] = solve([formula, *self._past])[0] is Answer.IMPOSSIBLE
        return found

    def _value(self, device: str, tag: str, value: Value) -> Formula:
        reading = self._reading(device, tag)
        if reading.truth is None:
            return reading.known & reading.number.equals(int(value))
        return reading.known & (reading.truth if value else ~reading.truth)

    def _reading(self, device: str, name: str) -> TagReading:
        tag = Tag(device, self.garage.definitions[device].kind, name)
        self.spoken[tag] = None
        return self.translation.reading(tag)

    def _goal(self, device: str) -> Number:
        self.ordered[device] = None
        return self.gate.wanted_argument(device)

    def _function(self, device: str, permit: str) -> Function:
        if permit not in self.garage.definitions[device].permits:
            raise KeyError(f"{device} has no permit {permit}")
        function = Function(device, permit)
        self.asked[function] = None
        return function

    def _check_codes(self, device: str, codes: tuple[CommandCode, ...]) -> None:
        self.ordered[device] = None
        for code in codes:
            if self.garage.definitions[device].spec(code) is None:
                raise KeyError(f"{device} knows no {code.name}")


def node_devices(node: Expression) -> set[str]:
    """Devices whose readings the expression is made of."""
    return {leaf.device for leaf in leaves(node) if isinstance(leaf, Tag | Answering)}
