"""A garage as safety sees it, set tag by tag, with PLCs that obey the contract at once.

Owns the images that the safety tests evaluate. Knows nothing of the interlocks: a healthy, empty garage at rest is
written down here by the meaning of each tag.
"""

from __future__ import annotations

from collections.abc import Mapping

from plc_drivers.contract import CABIN, LIFT, SAFETY, SHUTTLE, CommandCode, DeviceDefinition, DeviceKind, Value
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, Health, Mode, Sign, State, TrafficLight
from plc_drivers.contract.tag import TagType
from plc_drivers.outputs import DeviceOutputs, MailboxCommand
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.gate import Gate, GateResult
from safety.logic import SafetyLogic
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.verdict import Function, StartOf, Verdict
from safety.wish import DeviceWish

EPOCH = 7
PERIOD_MS = 20
COUNTDOWN_MS = 3000
KINDS: dict[DeviceKind, DeviceDefinition] = {
    DeviceKind.LIFT: LIFT,
    DeviceKind.SHUTTLE: SHUTTLE,
    DeviceKind.CABIN: CABIN,
    DeviceKind.SAFETY: SAFETY,
}

TOWER = Topology(
    lifts=(LiftTopology("lift1", 1, "shuttle1", has_platform=False),),
    shuttles=(
        ShuttleTopology("shuttle1", 1, "lift1", None, 3, (), (("cabin1", 0, 2, "left"), ("cabin2", 0, 4, "right"))),
    ),
    cabins=(
        CabinTopology("cabin1", 1, turntable=True, reached_by=(("shuttle1", 0, 2, "left"),)),
        CabinTopology("cabin2", 1, turntable=True, reached_by=(("shuttle1", 0, 4, "right"),)),
    ),
    safety="safety1",
    zones=(1,),
    clearance_countdown_ms=COUNTDOWN_MS,
)
"""One lift with a shuttle on it (home column 3), a cabin on each side."""

SHUTTLES = Topology(
    lifts=(
        LiftTopology(
            "lift1",
            1,
            None,
            has_platform=True,
            reached_by=(("shuttle0", 0, 8, "right"), ("shuttle1", 1, 8, "right")),
        ),
    ),
    shuttles=(
        ShuttleTopology(
            "shuttle0",
            1,
            None,
            0,
            None,
            (("lift1", 0, 8, "right"),),
            (("cabin1", 0, 4, "left"), ("cabin2", 0, 8, "left")),
        ),
        ShuttleTopology("shuttle1", 1, None, 1, None, (("lift1", 1, 8, "right"),), ()),
    ),
    cabins=(
        CabinTopology("cabin1", 2, turntable=True, reached_by=(("shuttle0", 0, 4, "left"),)),
        CabinTopology("cabin2", 1, turntable=False, reached_by=(("shuttle0", 0, 8, "left"),)),
    ),
    safety="safety1",
    zones=(1, 2),
    clearance_countdown_ms=COUNTDOWN_MS,
)
"""A shuttle on each of two levels, a lift beside the aisle, cabin1 in a zone of its own, cabin2 across the lift."""

_HEALTHY_COMMON: dict[str, Value] = {
    "state": State.IDLE,
    "mode": Mode.AUTOMATIC,
    "health": Health.OK,
    "fault_code": FaultCode.NONE,
    "boot_counter": 1,
    "contract_version": 1,
    "program_version": 1,
    "device_id": 1,
    "owner_epoch": EPOCH,
    "controller_timeout_ms": 500,
    "ack_result": AckResult.NONE,
    "done_result": DoneResult.NONE,
    "active_command": CommandCode.NONE,
}

_AT_REST: dict[DeviceKind, dict[str, Value]] = {
    DeviceKind.LIFT: {"pins_retracted": False, "load_present": False, "station": 0},
    DeviceKind.SHUTTLE: {
        "load_present": False,
        "target_left_occupied": False,
        "target_right_occupied": False,
        "rear_left_occupied": False,
        "rear_left_clear": False,
        "rear_right_occupied": False,
        "rear_right_clear": False,
        "station": 3,
    },
    DeviceKind.CABIN: {
        "outer_open": False,
        "inner_open": False,
        "vehicle_present": False,
        "outer_opened_count": 1,
        "traffic_light_shown": TrafficLight.RED,
        "sign_shown": Sign.BLANK,
    },
    DeviceKind.SAFETY: {},
}


class Scene:
    """The readings of one garage, the memory of its safety, and a clock."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.logic = SafetyLogic(topology)
        self.gate = Gate(self.logic)
        self.memory = self.logic.memory0()
        self.now_ms = 10_000
        self.heartbeat = 0
        self.values: dict[str, dict[str, Value]] = {
            name: _at_rest(definition) for name, definition in self.logic.definitions.items()
        }
        self.quality = dict.fromkeys(self.values, Quality.GOOD)
        self.bad: dict[str, set[str]] = {name: set() for name in self.values}
        self.wishes: dict[str, DeviceWish] = {}
        self.seq = dict.fromkeys(self.values, 0)
        self.scans = True
        """False while the PLCs have not taken up what was written last."""

    def set(self, device: str, **tags: Value) -> None:
        """Readings from now on; an unknown tag is an error of the test."""
        for tag, value in tags.items():
            if tag not in self.logic.definitions[device].status_index:
                raise KeyError(f"{device}.{tag}")
            self.values[device][tag] = value

    def copy(self) -> Scene:
        """A scene of its own with the same readings and memory, without building the interlocks again."""
        other = object.__new__(Scene)
        other.__dict__.update(self.__dict__)
        other.values = {name: dict(values) for name, values in self.values.items()}
        other.quality = dict(self.quality)
        other.bad = {name: set(tags) for name, tags in self.bad.items()}
        other.wishes = dict(self.wishes)
        other.seq = dict(self.seq)
        return other

    def image(self) -> ProcessImage:
        """The process image of this moment."""
        return ProcessImage(self.now_ms, {name: self._device_image(name) for name in self.values})

    def _device_image(self, name: str) -> DeviceImage:
        definition = self.logic.definitions[name]
        values = tuple(self.values[name][tag.name] for tag in definition.status)
        bad = frozenset(definition.status_index[tag] for tag in self.bad[name])
        return DeviceImage(name, definition, values, self.now_ms, self.quality[name], bad)

    def look(self) -> Verdict:
        """The verdict of this moment; nothing is written and no time passes."""
        verdict, self.memory = self.logic.evaluate(self.image(), self.memory, self.now_ms)
        return verdict

    def verdict_if(self, device: str, **tags: Value) -> Verdict:
        """The verdict that other readings would give, without remembering it."""
        before = {tag: self.values[device][tag] for tag in tags}
        self.set(device, **tags)
        verdict, _ = self.logic.evaluate(self.image(), self.memory, self.now_ms)
        self.set(device, **before)
        return verdict

    def pass_time(self, ms: int) -> Verdict:
        """Cycles without wishes for as long as ``ms``."""
        verdict = self.look()
        for _ in range(0, ms, PERIOD_MS):
            self.now_ms += PERIOD_MS
            verdict = self.look()
        return verdict

    def cycle(self, **wishes: DeviceWish) -> GateResult:
        """One cycle with the wishes given in addition to those standing; PLCs take up permits at once."""
        self.now_ms += PERIOD_MS
        self.heartbeat += 1
        verdict = self.look()
        result = self.gate.pass_wishes(
            {**self.wishes, **{name.replace("_", "-"): wish for name, wish in wishes.items()}},
            verdict,
            self.memory,
            heartbeat=self.heartbeat,
            epoch=EPOCH,
            image=self.image(),
        )
        self.memory = result.memory
        for name, outputs in result.outputs.devices.items():
            self.obey(name, outputs)
        return result

    def obey(self, name: str, outputs: DeviceOutputs) -> None:
        """The PLC has taken what was written: heartbeat and permits."""
        if not self.scans:
            return
        self.values[name]["heartbeat_echo"] = outputs.heartbeat
        for permit in self.logic.definitions[name].permits:
            self.values[name][f"holds_{permit}"] = permit in outputs.permits

    def confirm(self, cabin: str) -> None:
        """Somebody presses the button outside, and the countdown passes."""
        self.look()
        self.press(cabin)
        self.pass_time(COUNTDOWN_MS + PERIOD_MS)

    def press(self, cabin: str) -> None:
        """Somebody presses the button outside."""
        values = self.values[cabin]
        values["confirm_count"] = int(values["confirm_count"]) + 1
        values["confirmed_opening"] = values["outer_opened_count"]

    def command(self, device: str, code: CommandCode, arg1: int = 0) -> MailboxCommand:
        """A new command for a device, with the next number."""
        self.seq[device] += 1
        return MailboxCommand(self.seq[device], code, arg1, 0, 0, 1000)

    def permit_of(self, device: str, code: CommandCode) -> Function:
        """The function that a command needs."""
        spec = self.logic.definitions[device].spec(code)
        if spec is None or spec.permit is None:
            raise KeyError(f"{device} {code.name}")
        return Function(device, spec.permit)

    def do(
        self,
        device: str,
        code: CommandCode,
        arg1: int = 0,
        *,
        during: Mapping[str, Value] | None = None,
        after: Mapping[str, Value] | None = None,
    ) -> None:
        """One whole command as core and PLC play it; fails where safety would not let it begin, go on or end."""
        function = self.permit_of(device, code)
        command = self.command(device, code, arg1)
        self.wishes[device] = DeviceWish(frozenset({function.permit}), command, new_command=True)
        result = self.cycle()
        sent = result.outputs.devices[device]
        if sent.command.seq != command.seq or function not in result.granted:
            raise AssertionError(f"{device} {code.name} was withheld: {result.withheld}")
        self.set(device, ack_seq=command.seq, ack_result=AckResult.ACCEPTED, active_command=code, state=State.EXECUTING)
        self.set(device, **(during or {}))
        for _ in range(3):
            self._still_granted(function, code)
        self.set(device, **(after or {}))
        self.set(
            device, done_seq=command.seq, done_result=DoneResult.OK, active_command=CommandCode.NONE, state=State.IDLE
        )
        self.cycle()
        del self.wishes[device]
        self.cycle()
        self.cycle()

    def _still_granted(self, function: Function, code: CommandCode) -> None:
        result = self.cycle()
        if function not in result.granted:
            raise AssertionError(f"{function} was taken away during {code.name}: {result.withheld}")


def _at_rest(definition: DeviceDefinition) -> dict[str, Value]:
    """By the contract's rule every bool that safety reads is 1 when safe; numbers rest at 0 or their lowest."""
    values: dict[str, Value] = {}
    for tag in definition.status:
        if tag.wire is TagType.BOOL:
            values[tag.name] = not tag.name.startswith("holds_")
        else:
            values[tag.name] = 0
    common = {tag: value for tag, value in _HEALTHY_COMMON.items() if tag in values}
    return values | common | {"device_kind": definition.kind} | _AT_REST[definition.kind]


def function(text: str) -> Function:
    """``lift1.travel`` as a function."""
    device, permit = text.split(".")
    return Function(device, permit)


def codes_failing(verdict: Verdict, what: Function) -> set[str]:
    """Ids of the interlocks in the way of a function."""
    return {failing.id for failing in verdict.failing if what in failing.guards}


def reason(result: GateResult, what: Function | StartOf) -> str:
    """Why the gate withheld something: the code of its refusal."""
    return dict(result.withheld)[what].code
