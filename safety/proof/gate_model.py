"""What the gate guarantees of one cycle, as formulas: the model that stands in for ``safety.gate`` in a proof.

Owns the model. Must never promise more than the gate keeps: ``tests/safety/proof`` runs the real gate on random
images, memories and wishes and looks whether each outcome satisfies every formula here. It may promise less.

Memory is free: any permits of the last cycle, any command given before, any that was taken away. Wishes are free too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plc_drivers.contract import CommandCode, DeviceDefinition
from safety.expression import Tag
from safety.interlock import Interlock
from safety.proof.formula import FALSE, Formula, Number, all_of, any_of, truth, whole
from safety.proof.garage import Garage
from safety.proof.translation import Translation
from safety.verdict import Function, StartOf


@dataclass(slots=True)
class Memo:
    """What was worked out once for a garage and serves every question about it.

    ``holding`` is, for each guard, that all of its interlocks are true; ``lemmas`` which of two conditions implies
    which.
    """

    holding: dict[Function | StartOf, Formula] = field(default_factory=dict)
    lemmas: dict[tuple[object, ...], bool] = field(default_factory=dict)


class GateModel:
    """One cycle's passage through the gate of one garage.

    ``rules()`` holds for whatever was asked about; functions and devices that nobody asked about are left free,
    which can only make more possible than there is.
    """

    def __init__(self, garage: Garage, translation: Translation, memo: Memo) -> None:
        self.garage = garage
        self.translation = translation
        self._memo = memo
        self.epoch = whole("our epoch")
        self._functions: dict[Function, None] = {}
        self._devices: dict[str, None] = {}

    @property
    def asked(self) -> frozenset[Function]:
        """Functions that were asked about, by themselves or by a command under them."""
        return frozenset(self._functions)

    def out(self, function: Function) -> Formula:
        """The permit is asserted in this cycle's outputs."""
        self._functions[function] = None
        return truth(f"{function} goes out")

    def started(self, device: str, code: CommandCode, arg1: int | None = None) -> Formula:
        """This cycle puts a new command with this code into the device's mailbox."""
        self._ask(device)
        given = self.begins(device) & self.wanted_code(device).equals(code)
        return given if arg1 is None else given & self.wanted_argument(device).equals(arg1)

    def left_in(self, device: str, *codes: CommandCode) -> Formula:
        """A command given earlier still stands in the mailbox after this cycle, under its number."""
        self._ask(device)
        return self.keeps(device) & self.translation.mailbox(device).code.one_of(codes)

    def begins(self, device: str) -> Formula:
        """The wanted command is a new one and goes into the mailbox."""
        return truth(f"{device} begins a command")

    def keeps(self, device: str) -> Formula:
        """The command in the mailbox stays there."""
        return truth(f"{device} keeps its command")

    def wanted(self, function: Function) -> Formula:
        """The core wants the permit."""
        return truth(f"{function} is wanted")

    def wanted_code(self, device: str) -> Number:
        """The code of the command that the core wants."""
        return whole(f"{device} wanted command")

    def wanted_argument(self, device: str) -> Number:
        """Its first argument."""
        return whole(f"{device} wanted argument")

    def wanted_seq(self, device: str) -> Number:
        """Its number."""
        return whole(f"{device} wanted number")

    def revoked(self, function: Function) -> Formula:
        """Safety took the permit away under an earlier command and has not given it back."""
        return truth(f"{function} was revoked")

    def revoked_seq(self, function: Function) -> Number:
        """The number of the command under which it was taken away."""
        return whole(f"{function} revoked under")

    def fresh(self, function: Function) -> Formula:
        """The permit, or a command under it, begins in this cycle."""
        return truth(f"{function} begins")

    def good(self, device: str) -> Formula:
        """The device's image is good, whatever its age."""
        return self.translation.answers(device) | truth(f"{device} is good")

    def owned(self, device: str) -> Formula:
        """The PLC has taken this controller for its owner."""
        reading = self.translation.reading(self._tag(device, "owner_epoch"))
        return all_of(self.good(device), reading.came, reading.number.equals(self.epoch))

    def allowed(self, function: Function) -> Formula:
        """The verdict holds the permit: at least one run interlock guards it, and all of those are true."""
        found = self._memo.holding.get(function)
        if found is None:
            found = self._hold(self.garage.run.get(function, [])) if function in self.garage.run else FALSE
            self._memo.holding[function] = found
        return found

    def _start_allowed(self, start: StartOf) -> Formula:
        """The start interlocks of just this guard are all true; so they are when there is none."""
        found = self._memo.holding.get(start)
        if found is None:
            found = self._memo.holding[start] = self._hold(self.garage.starts.get(start, []))
        return found

    def _hold(self, interlocks: list[Interlock]) -> Formula:
        return all_of(*(self.translation.truth(one.condition).true for one in interlocks))

    def green_shown(self, cabin: str) -> Formula:
        """The outputs ask the cabin's lamp for green."""
        self.out(Function(cabin, "green"))
        return truth(f"{cabin} light goes out green")

    def rules(self) -> list[Formula]:
        """What the gate keeps, of every function and mailbox that was asked about."""
        found: list[Formula] = []
        for device in self._devices:
            found += self._mailbox(device)
        for function in list(self._functions):
            found += self._permit(function)
        return found + self._exclusions()

    def _ask(self, device: str) -> None:
        self._devices[device] = None
        for permit in self._kind(device).permits:
            self._functions[Function(device, permit)] = None

    def _permit(self, function: Function) -> list[Formula]:
        device, goes = function.device, self.out(function)
        again = self.revoked(function) & self.wanted_seq(device).equals(self.revoked_seq(function))
        rules = [
            goes.implies(self.wanted(function)),
            goes.implies(self.good(device)),
            goes.implies(self.owned(device)),
            goes.implies(self.allowed(function)),
            goes.implies(~again),
            (goes & ~self.translation.asserted_last(function)).implies(self.fresh(function)),
        ]
        if function.permit == "green":
            rules.append(self.green_shown(device).implies(goes))
        return rules

    def _mailbox(self, device: str) -> list[Formula]:
        begins, mailbox = self.begins(device), self.translation.mailbox(device)
        voidable = ~mailbox.code.one_of((CommandCode.NONE, CommandCode.STOP))
        rules = [
            begins.implies(~self.wanted_code(device).equals(CommandCode.NONE)),
            begins.implies(mailbox.code.equals(CommandCode.NONE) | ~self.wanted_seq(device).equals(mailbox.seq)),
            self.keeps(device).implies(~begins),
            (self.keeps(device) & voidable).implies(~self._lost(device)),
            begins.implies(self.wanted_code(device).one_of((CommandCode.STOP, *self._codes(device)))),
        ]
        for code in self._codes(device):
            start = begins & self.wanted_code(device).equals(code)
            rules += [start.implies(rule) for rule in self._start(StartOf(device, code))]
        return rules

    def _start(self, start: StartOf) -> list[Formula]:
        device, function = start.device, self.garage.function_of(start)
        if start.code is CommandCode.STOP:
            return []
        boot = self.translation.reading(self._tag(device, "boot_counter"))
        rules = [self.good(device) & boot.came, self.owned(device)]
        arguments = self.garage.arguments(start)
        if arguments is not None:
            rules.append(self.wanted_argument(device).one_of(sorted(arguments)))
        axes = self.garage.axes_of(start)
        if function is None and not axes:
            return rules
        if function is not None:
            rules += [self.out(function), self.fresh(function)]
        for axis, moved in axes.items():
            here = self.wanted_argument(device).equals(axis)
            rules += [here.implies(self.out(moved)), here.implies(self.fresh(moved))]
        if axes:
            rules.append(self.wanted_argument(device).one_of(sorted(axes)))
        rules.append(self._start_allowed(start))
        for arg1 in sorted(arguments or ()):
            here = self.wanted_argument(device).equals(arg1)
            rules.append(here.implies(self._start_allowed(StartOf(device, start.code, arg1))))
        return rules

    def _lost(self, device: str) -> Formula:
        """The PLC cannot be seen, or has started anew since the command in its mailbox was given."""
        now, mailbox = self.translation.reading(self._tag(device, "boot_counter")), self.translation.mailbox(device)
        seen = self.good(device) & now.came
        return ~all_of(seen, mailbox.boot_known, now.number.equals(mailbox.boot))

    def _exclusions(self) -> list[Formula]:
        asked = list(self._functions)
        return [
            ~(self.fresh(one) & self.fresh(other))
            for place, one in enumerate(asked)
            for other in asked[place + 1 :]
            if self.garage.exclude_each_other(one, other)
        ]

    def _codes(self, device: str) -> tuple[CommandCode, ...]:
        return tuple(spec.code for spec in self._kind(device).commands)

    def _kind(self, device: str) -> DeviceDefinition:
        return self.garage.definitions[device]

    def _tag(self, device: str, name: str) -> Tag:
        return Tag(device, self._kind(device).kind, name)


def may_run(model: GateModel, device: str, *codes: CommandCode) -> Formula:
    """After this cycle the mailbox holds one of the commands."""
    return any_of(*(model.started(device, code) for code in codes), model.left_in(device, *codes))
