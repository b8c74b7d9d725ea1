"""A recording decided again: the same core, safety and gate, cycle by cycle, against what was recorded.

Owns the comparison. Pure but for the messages that come in: it reads no clock and no file, and moves nothing. Must
never pass over a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from controller.black_box.form import (
    FORMAT,
    Cycle,
    Decided,
    DeviceSeen,
    DeviceWritten,
    Head,
    Judged,
    Message,
    Start,
)
from controller.black_box.reader import RecordingError
from controller.black_box.script import answer_codes, judged
from controller.config.models import GarageConfig
from controller.core.core import GarageCore
from controller.core.interface import Ask, Instant, StepResult
from controller.core.state_snapshot import SnapshotUnreadableError
from controller.garage import Layout
from controller.garage.topology import topology_of
from plc_drivers.contract import Value
from plc_drivers.reading import DeviceImage, ProcessImage
from safety.gate import Gate
from safety.logic import SafetyLogic
from safety.verdict import Verdict

SHOWN = 12
"""So many differences of a cycle are told; one defect often shows in many places."""


@dataclass(frozen=True, slots=True)
class Played:
    """One cycle, decided again. ``differences`` says in words where it came out otherwise, empty for the same.

    ``begins_anew`` marks the first one, and each first one after a gap.
    """

    cycle: Cycle
    begins_anew: bool
    differences: Sequence[str] = ()


@dataclass(slots=True)
class _Recorded:
    """What was recorded, put together from what changed."""

    judged: Judged | None = None
    written: dict[str, DeviceWritten] = field(default_factory=dict)


class Replay:
    """Plays messages. ``heads`` are those of the segments so far.

    ``gaps`` counts the places where the recording does not go on from where it stopped: there the next segment's own
    memory is taken.
    """

    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.gaps = 0
        self._garage: _Garage | None = None

    def play(self, messages: Iterable[Message]) -> Iterator[Played]:
        """Every cycle of the recording, decided again.

        Raises:
            RecordingError: it is of another format, or of a garage that this version cannot make.
        """
        begins_anew = False
        for message in messages:
            match message:
                case Head():
                    begins_anew |= self._take_head(message)
                case Start() if self._garage is not None:
                    self._garage.begin(message)
                case Cycle() if self._garage is not None:
                    yield Played(message, begins_anew, self._garage.play(message))
                    begins_anew = False
                case _:
                    raise RecordingError("RECORDING_INVALID", "It does not begin with a head.", "Name another file.")

    def _take_head(self, head: Head) -> bool:
        """Take up a segment; True when it does not go on from where the last one stopped."""
        if head.format != FORMAT:
            raise RecordingError(
                "RECORDING_OTHER_FORMAT",
                f"It has format {head.format}, this version reads {FORMAT}.",
                f"Use version {head.software}, which recorded it.",
            )
        before = self.heads[-1] if self.heads else None
        garage = self._garage
        goes_on = before is not None and garage is not None and head.run == before.run and head.first == garage.due
        if before is not None and not goes_on:
            self.gaps += 1
        self.heads.append(head)
        if goes_on and garage is not None:
            garage.go_on()
        else:
            self._garage = _Garage(head)
        return not goes_on


class _Garage:
    """Core, safety and gate of the recorded garage, and the image as it builds up from what changed."""

    def __init__(self, head: Head) -> None:
        try:
            config = GarageConfig.model_validate_json(head.config, strict=True)
        except ValidationError as error:
            raise RecordingError(
                "RECORDING_OTHER_VERSION",
                f"Its configuration is none of this version ({error.error_count()} objections).",
                f"Use version {head.software}, which recorded it.",
            ) from error
        layout = Layout(config)
        self._core = GarageCore(layout, software=head.software, config_hash=head.config_hash)
        self._logic = SafetyLogic(topology_of(layout))
        self._gate = Gate(self._logic)
        self._memory = self._logic.memory0()
        self._names = head.devices
        self._devices: dict[str, DeviceImage] = {}
        self._was = _Recorded()
        self.due = head.first
        self._has_begun = False

    def begin(self, start: Start) -> None:
        """Stand where the recorded garage stood; where it has got there by itself, it stands there already."""
        if self._has_begun:
            return
        try:
            self._core.recall(start.core)
        except SnapshotUnreadableError as error:
            raise RecordingError(
                "RECORDING_OTHER_VERSION", f"Its state is none of this version ({error}).", "Use the one it names."
            ) from error
        self._memory = start.safety.memory()
        self._has_begun = True

    def go_on(self) -> None:
        """The recording goes on: everything is told anew, and the garage stands where it stands."""
        self._was = _Recorded()

    def play(self, cycle: Cycle) -> list[str]:
        """Decide a cycle again; where it came out otherwise, in words."""
        found: list[str] = []
        if cycle.number != self.due:
            found.append(f"cycle {self.due} is missing in the recording")
        self.due = cycle.number + 1
        now = Instant(cycle.mono_ms, cycle.unix_ms)
        image = self._image(cycle)
        if cycle.surroundings is not None:
            self._core.notice(cycle.surroundings)
        for word in cycle.words:
            self._core.advise(word)
        verdict, self._memory = self._logic.evaluate(image, self._memory, now.mono_ms)
        self._was.judged = cycle.judged or self._was.judged
        found += _compare_verdicts(self._was.judged, judged(verdict))
        try:
            found += self._decide(cycle, image, verdict, now)
        except Exception as error:  # noqa: BLE001 - what broke the recorded cycle must break this one, whatever it is
            if cycle.defect != repr(error):
                found.append(f"it breaks with {error!r}, recorded was {cycle.defect or 'no defect'}")
        else:
            if cycle.defect:
                found.append(f"it does not break, recorded was {cycle.defect}")
        return found[:SHOWN]

    def _decide(self, cycle: Cycle, image: ProcessImage, verdict: Verdict, now: Instant) -> list[str]:
        """What the core makes of the cycle, and where that differs."""
        result, found = StepResult(), []
        if cycle.claim is not None:
            result = self._core.claim_epoch(image, verdict, cycle.claim, now)
        if cycle.decided is not None:
            asks = [Ask(token, request) for token, request in cycle.decided.asks]
            result = self._core.step(image, verdict, asks, now, cycle.decided.durable_seq)
            found = self._pass(cycle.decided, result, verdict, image)
        return [*found, *_compare_events(cycle, result)]

    def _image(self, cycle: Cycle) -> ProcessImage:
        for seen in cycle.seen:
            name = self._names[seen.device]
            self._devices[name] = self._seen(name, seen)
        # The order of devices is that of the recorded image, which the order of reasons follows.
        return ProcessImage(cycle.mono_ms, {name: self._devices[name] for name in self._names if name in self._devices})

    def _seen(self, name: str, seen: DeviceSeen) -> DeviceImage:
        definition = self._logic.definitions[name]
        before = self._devices.get(name)
        values: list[Value | None] = [None] * len(definition.status) if before is None else list(before.values)
        for place, value in seen.values:
            values[place] = value
        bad_tags: frozenset[int] = frozenset() if before is None else before.bad_tags
        if seen.bad_tags is not None:
            bad_tags = frozenset(seen.bad_tags)
        fault = None if before is None else before.fault
        if seen.fault is not None:
            fault = seen.fault[0] if seen.fault else None
        return DeviceImage(name, definition, tuple(values), seen.at_ms, seen.quality, bad_tags, fault)

    def _pass(self, decided: Decided, result: StepResult, verdict: Verdict, image: ProcessImage) -> list[str]:
        """Let the wishes pass the gate again, and compare what goes out."""
        gate, memory = self._gate, self._memory
        if decided.is_overrun:
            passage = gate.safe_outputs(memory, heartbeat=decided.heartbeat, epoch=decided.epoch)
        else:
            passage = gate.pass_wishes(
                result.wishes, verdict, memory, heartbeat=decided.heartbeat, epoch=decided.epoch, image=image
            )
        self._memory = replace(passage.memory, acts=result.acts)
        self._was.written |= {written.device: written for written in decided.written}
        again = {name: DeviceWritten.of(name, outputs) for name, outputs in passage.outputs.devices.items()}
        found = []
        if self._core.epoch != decided.epoch:
            found.append(f"epoch: recorded {decided.epoch}, now {self._core.epoch}")
        answers = answer_codes(result.answers)
        if answers != decided.answers:
            found.append(f"answers: recorded {_codes(decided.answers)}, now {_codes(answers)}")
        for name in sorted(self._was.written.keys() | again.keys()):
            found += _compare_written(name, self._was.written.get(name), again.get(name))
        return found


def _codes(answers: Sequence[tuple[int, str]]) -> str:
    return ", ".join(code or "accepted" for _, code in answers) or "none"


def _compare_written(device: str, was: DeviceWritten | None, now: DeviceWritten | None) -> list[str]:
    if was is None or now is None:
        return [f"{device}: recorded {'nothing' if was is None else 'outputs'}, now the other way round"]
    found = []
    for permit in sorted(set(was.permits) ^ set(now.permits)):
        found.append(f"{device}.{permit}: {'was' if permit in was.permits else 'was not'} permitted")
    if was.mailbox != now.mailbox:
        found.append(f"{device}: recorded {_command(was)}, now {_command(now)}")
    if was.levels != now.levels:
        found.append(f"{device}: recorded {dict(was.levels)}, now {dict(now.levels)}")
    return found


def _command(written: DeviceWritten) -> str:
    box = written.mailbox
    return f"{box.code.name}({box.arg1}, {box.arg2}) number {box.seq}, issued {box.issued_ms}"


def _compare_verdicts(was: Judged | None, now: Judged) -> list[str]:
    if was is None or was == now:
        return []
    found = []
    for name, before, after in (
        ("allowed", was.allowed, now.allowed),
        ("fails", was.failing, now.failing),
        ("trips", [trip.id for trip in was.trips], [trip.id for trip in now.trips]),
        ("proven empty", was.proven_empty, now.proven_empty),
    ):
        found += [f"verdict: {one} {name} in the recording only" for one in sorted(set(before) - set(after))]
        found += [f"verdict: {one} {name} now only" for one in sorted(set(after) - set(before))]
    return found or [f"verdict: recorded {was}, now {now}"]


def _compare_events(cycle: Cycle, result: StepResult) -> list[str]:
    was, now = list(cycle.events), list(result.events)
    if was == now:
        return []
    for before, after in zip(was, now, strict=False):
        if before != after:
            return [f"events: recorded {before.seq} {before.event}, now {after.seq} {after.event}"]
    longer, where = (was, "in the recording only") if len(was) > len(now) else (now, "now only")
    return [f"events: {one.seq} {one.event} {where}" for one in longer[min(len(was), len(now)) :]]
