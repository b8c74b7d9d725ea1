"""The gate in front of every output: the only taker of the seal, and so the only maker of ``PermittedOutputs``.

Owns what of the core's wishes goes out. Must never let a permit through that the verdict does not hold, a command
start without its permit and its start interlocks, two functions begin in one cycle that exclude each other, or
anything but a heartbeat reach a device that is not ours or cannot be seen. Dropping a permit is always possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from plc_drivers.contract import CommandCode, DeviceDefinition
from plc_drivers.contract.codes import TrafficLight
from plc_drivers.contract.definition import MAILBOX
from plc_drivers.outputs import DeviceOutputs, MailboxCommand, PermittedOutputs, take_seal
from plc_drivers.reading import ProcessImage, Quality
from safety.logic import SafetyLogic
from safety.memory import Passed, SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Function, StartOf, Verdict
from safety.wish import DeviceWish

_SEAL = take_seal()

_NO_WISH = DeviceWish()

_NOT_OWNER = Refusal(
    "NOT_OWNER",
    "The PLC has not taken this controller for its owner: another one owns it, or ownership is on its way.",
    "Find the other controller and stop it. If there is none, restart this one: it then takes a higher epoch.",
)
_NOT_GOOD = Refusal(
    "NO_GOOD_READINGS",
    "The device gives no trustworthy readings.",
    "Check supply, cable and address of its PLC; `garagectl diag link` shows what was seen last.",
)
_REVOKED = Refusal(
    "REVOKED",
    "Safety took this permit away under the present command; it does not come back by itself.",
    "Remove the cause, then let a new command be given.",
)
_TOGETHER = Refusal(
    "BEGINS_TOGETHER",
    "Another function that excludes this one begins in the same cycle.",
    "Nothing to do: it is decided anew in the next cycle.",
)
_VOIDED = Refusal(
    "COMMAND_VOIDED",
    "The device was lost or started anew after this command was given; it is not given again.",
    "Look at the machine, then let a new command be given.",
)
_REUSED = Refusal(
    "SEQUENCE_REUSED",
    "A command with the number of another one was wanted.",
    "This is a defect of the controller: stop the garage and report it with the journal.",
)
_UNKNOWN = Refusal(
    "NOT_EVALUATED",
    "No interlock speaks of this command; what was not evaluated is not permitted.",
    "This is a defect of the controller: stop the garage and report it with the journal.",
)


@dataclass(frozen=True, slots=True)
class GateResult:
    """What one cycle lets out.

    ``granted`` are the permits asserted; ``withheld`` what was wanted and not given, with the reason;
    ``defects`` are wishes that cannot be: an unknown device, permit or level, or a value out of its range.
    """

    outputs: PermittedOutputs
    granted: frozenset[Function]
    withheld: tuple[tuple[Function | StartOf, Refusal], ...]
    memory: SafetyMemory
    defects: tuple[Refusal, ...] = ()


class Gate:
    """The gate of one garage, whose interlocks are ``logic``."""

    def __init__(self, logic: SafetyLogic) -> None:
        self._logic = logic
        self._devices = {name: d for name, d in logic.definitions.items() if d.is_commanded}
        self._levels = {name: _level_defaults(definition) for name, definition in self._devices.items()}
        self._arguments = _arguments(logic.starts)

    def pass_wishes(
        self,
        wishes: Mapping[str, DeviceWish],
        verdict: Verdict,
        memory: SafetyMemory,
        *,
        heartbeat: int,
        epoch: int,
        image: ProcessImage,
    ) -> GateResult:
        """Outputs of one cycle, for every device that takes commands, wanted or not.

        ``verdict`` and ``memory`` are those of this cycle's evaluation of ``image``. ``heartbeat`` is 0 to 65535
        and must differ from the last cycle's; ``epoch`` is this controller's owner epoch. A verdict of another
        cycle than ``memory`` permits nothing (H10).
        """
        if verdict.now_ms != memory.at_ms:
            verdict = replace(verdict, allowed=frozenset(), failing=())  # nothing was evaluated
        cycle = _Cycle(self._logic, verdict, memory, image, epoch, self._arguments)
        defects = [_unknown_device(name) for name in wishes if name not in self._devices]
        for name in self._devices:
            cycle.keep_permits(name, wishes.get(name, _NO_WISH))
        for name in self._devices:
            cycle.begin(name, wishes.get(name, _NO_WISH))
        outputs = {}
        for name in self._devices:
            levels, wrong = self._level_outputs(name, wishes.get(name, _NO_WISH), cycle.granted)
            defects += wrong
            outputs[name] = cycle.outputs(name, heartbeat, levels)
        return GateResult(
            PermittedOutputs(_SEAL, outputs),
            frozenset(cycle.granted),
            tuple(cycle.withheld),
            cycle.memory_after(heartbeat),
            tuple(defects),
        )

    def safe_outputs(
        self,
        memory: SafetyMemory,
        *,
        heartbeat: int,
        epoch: int,
        stops: Mapping[str, MailboxCommand] | None = None,
    ) -> GateResult:
        """Outputs for a trip, an overrun or the end: heartbeat, red light, no permit, mailboxes as they were.

        Every PLC then makes a controlled stop for want of its permit. ``stops`` may put a STOP with a number of
        its own into a device's mailbox; any other code in it is ignored. A permit dropped here under a command
        comes back only with another command (H11).
        """
        commands = dict(memory.commands)
        for name, command in (stops or {}).items():
            if command.code is CommandCode.STOP and name in self._devices:
                commands[name] = Passed(command, None)
        outputs = {
            name: DeviceOutputs(
                heartbeat,
                epoch,
                command=_mailbox(commands, name),
                levels=dict(self._levels[name]),
            )
            for name in self._devices
        }
        revoked = {f: memory.commands[f.device].command.seq for f in memory.granted if f.device in memory.commands}
        after = replace(
            memory,
            granted=frozenset(),
            fading={**memory.fading, **dict.fromkeys(memory.granted, heartbeat)},
            commands=commands,
            revoked={**memory.revoked, **revoked},
        )
        return GateResult(PermittedOutputs(_SEAL, outputs), frozenset(), (), after)

    def _level_outputs(
        self, name: str, wish: DeviceWish, granted: set[Function]
    ) -> tuple[dict[str, int], list[Refusal]]:
        levels = dict(self._levels[name])
        wrong: list[Refusal] = []
        definition = self._devices[name]
        for tag, value in wish.levels.items():
            if tag not in levels or not definition.tag(tag).admits(value):
                wrong.append(_bad_level(name, tag, value))
            else:
                levels[tag] = value
        if levels.get("traffic_light") == TrafficLight.GREEN and Function(name, "green") not in granted:
            levels["traffic_light"] = int(TrafficLight.RED)
        return levels, wrong


@dataclass(slots=True)
class _Cycle:
    """One passage through the gate, built device by device."""

    logic: SafetyLogic
    verdict: Verdict
    memory: SafetyMemory
    image: ProcessImage
    epoch: int
    arguments: Mapping[StartOf, frozenset[int]]
    granted: set[Function] = field(default_factory=set)
    fresh: set[Function] = field(default_factory=set)
    withheld: list[tuple[Function | StartOf, Refusal]] = field(default_factory=list)
    commands: dict[str, Passed] = field(default_factory=dict)
    revoked: dict[Function, int] = field(default_factory=dict)

    def keep_permits(self, name: str, wish: DeviceWish) -> None:
        """First those permits that were already asserted: the verdict has seen them beside each other."""
        passed = self._passed(name)
        if passed is not None:
            self.commands[name] = passed
        self._keep_revoked(name, wish)
        for permit in sorted(wish.permits):
            function = Function(name, permit)
            if function not in self.memory.granted:
                continue
            refusal = self._refusal(function)
            if refusal is None:
                self.granted.add(function)
            else:
                self._withhold(function, refusal)
                if passed is not None and passed.command.seq == wish.command.seq and permit != "green":
                    self.revoked[function] = passed.command.seq

    def begin(self, name: str, wish: DeviceWish) -> None:
        """Then what begins in this cycle: new permits and new commands, one at a time."""
        for permit in sorted(wish.permits):
            function = Function(name, permit)
            if function in self.memory.granted:
                continue
            refusal = self._refusal(function) or self._together(function)
            if refusal is None:
                self.granted.add(function)
                self.fresh.add(function)
            else:
                self._withhold(function, refusal)
        self._command(name, wish.command)

    def outputs(self, name: str, heartbeat: int, levels: Mapping[str, int]) -> DeviceOutputs:
        """What is written to the device."""
        permits = frozenset(function.permit for function in self.granted if function.device == name)
        return DeviceOutputs(heartbeat, self.epoch, permits, _mailbox(self.commands, name), levels)

    def memory_after(self, heartbeat: int) -> SafetyMemory:
        """Memory for the next evaluation."""
        dropped = self.memory.granted - self.granted
        fading = {f: beat for f, beat in self.memory.fading.items() if f not in self.granted}
        fading.update(dict.fromkeys(dropped, heartbeat))
        commands = self.memory.commands if self.commands == self.memory.commands else self.commands
        return replace(
            self.memory, granted=frozenset(self.granted), fading=fading, commands=commands, revoked=self.revoked
        )

    def _refusal(self, function: Function) -> Refusal | None:
        if not self._good(function.device):
            return self.verdict.refusal(function) or _NOT_GOOD
        if not self._owned(function.device):
            return _NOT_OWNER
        if function in self.revoked:
            return self.verdict.refusal(function) or _REVOKED
        return self.verdict.refusal(function)

    def _together(self, function: Function) -> Refusal | None:
        return _TOGETHER if self.logic.conflicts[function] & self.fresh else None

    def _command(self, name: str, wanted: MailboxCommand) -> None:
        passed = self.commands.get(name)
        if wanted.code is CommandCode.NONE:
            # An empty wish never changes the number: a change is what makes a command.
            if passed is None:
                self.commands[name] = Passed(wanted, self._boot(name))
            elif wanted.seq == passed.command.seq and passed.command.code is not CommandCode.NONE:
                self.commands[name] = Passed(MailboxCommand(seq=wanted.seq), passed.boot)
            return
        start = StartOf(name, wanted.code, wanted.arg1)
        if passed is not None and wanted.seq == passed.command.seq:
            if wanted != passed.command:
                self._withhold(start, _REUSED)
            elif passed.voided:
                self._withhold(start, _VOIDED)
            return
        refusal = self._start_refusal(name, wanted, start)
        if refusal is None:
            self.commands[name] = Passed(wanted, self._boot(name))
        else:
            self._withhold(start, refusal)

    def _start_refusal(self, name: str, wanted: MailboxCommand, start: StartOf) -> Refusal | None:
        if wanted.code is CommandCode.STOP:
            return None
        if self._boot(name) is None:
            # Without the boot counter nobody could tell later that the PLC has forgotten the command (H11).
            return _NOT_GOOD
        if not self._owned(name):
            return _NOT_OWNER
        spec = self.logic.definitions[name].spec(wanted.code)
        known = self.arguments.get(StartOf(name, wanted.code))
        if spec is None or not spec.takes(wanted.arg1) or (known is not None and wanted.arg1 not in known):
            return _UNKNOWN
        permit = spec.permit_for(wanted.arg1)
        if permit is None:
            return None
        function = Function(name, permit)
        if function not in self.granted:
            return self._refusal(function) or _TOGETHER
        refusal = self.verdict.start_refusal(start)
        if refusal is None and function not in self.fresh:
            refusal = self._together(function)
            if refusal is None:
                self.fresh.add(function)
        return refusal

    def _passed(self, name: str) -> Passed | None:
        """The command in the mailbox, voided when its PLC was lost or started anew since (H11)."""
        passed = self.memory.commands.get(name)
        if passed is None or passed.voided or passed.command.code in (CommandCode.NONE, CommandCode.STOP):
            return passed
        boot = self._boot(name)
        lost = boot is None or boot != passed.boot
        return replace(passed, voided=True) if lost else passed

    def _keep_revoked(self, name: str, wish: DeviceWish) -> None:
        for function, seq in self.memory.revoked.items():
            if function.device == name and function.permit in wish.permits and wish.command.seq == seq:
                self.revoked[function] = seq

    def _good(self, name: str) -> bool:
        found = self.image.devices.get(name)
        return found is not None and found.quality is Quality.GOOD

    def _owned(self, name: str) -> bool:
        return self.image.devices[name].value("owner_epoch") == self.epoch

    def _boot(self, name: str) -> int | None:
        if not self._good(name):
            return None
        boot = self.image.devices[name].value("boot_counter")
        return None if boot is None else int(boot)

    def _withhold(self, what: Function | StartOf, refusal: Refusal) -> None:
        self.withheld.append((what, refusal))


def _mailbox(commands: Mapping[str, Passed], name: str) -> MailboxCommand:
    passed = commands.get(name)
    return MailboxCommand() if passed is None else passed.mailbox


def _level_defaults(definition: DeviceDefinition) -> dict[str, int]:
    """The kind's command tags beside mailbox and permits, each at its first word: red, blank."""
    mailbox = {tag.name for tag in MAILBOX}
    return {
        tag.name: min(int(member) for member in tag.enum)
        for tag in definition.command
        if tag.enum is not None and tag.name not in mailbox
    }


def _arguments(starts: frozenset[StartOf]) -> dict[StartOf, frozenset[int]]:
    """For commands whose interlocks depend on the first argument: the arguments that they speak of."""
    found: dict[StartOf, set[int]] = {}
    for start in starts:
        if start.arg1 is not None:
            found.setdefault(StartOf(start.device, start.code), set()).add(start.arg1)
    return {start: frozenset(values) for start, values in found.items()}


def _unknown_device(name: str) -> Refusal:
    return Refusal(
        "UNKNOWN_DEVICE",
        f"Something was wanted of {name}, which is no device that takes commands.",
        "This is a defect of the controller: report it with the journal.",
    )


def _bad_level(name: str, tag: str, value: int) -> Refusal:
    return Refusal(
        "BAD_LEVEL",
        f"{value} was wanted for {name}.{tag}, which the contract does not admit.",
        "This is a defect of the controller: report it with the journal.",
    )
