"""From a cycle's entry to its message: only what differs from the cycle before.

Owns the memory of the last cycle. Pure: the same entries give the same messages.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.black_box.entry import Entry
from controller.black_box.form import Cycle, Decided, DeviceSeen, DeviceWritten, Judged, TripSeen
from controller.core.interface import Surroundings, Told
from controller.local_link.messages import Refused
from plc_drivers.contract import Value
from plc_drivers.outputs import DeviceOutputs
from plc_drivers.reading import DeviceImage
from safety.verdict import Verdict


class Script:
    """Writes the cycles of one segment; its first cycle holds everything."""

    def __init__(self, devices: Sequence[str]) -> None:
        self._seen: list[tuple[str, DeviceImage | None]] = [(device, None) for device in devices]
        self._surroundings: Surroundings | None = None
        self._verdict: Verdict | None = None
        self._written: dict[str, DeviceOutputs] = {}

    def cycle(self, number: int, entry: Entry) -> Cycle:
        """The message of one cycle."""
        surroundings = None if entry.surroundings == self._surroundings else entry.surroundings
        self._surroundings = entry.surroundings
        return Cycle(
            number,
            entry.now.mono_ms,
            entry.now.unix_ms,
            self._devices(entry),
            surroundings,
            entry.claim,
            self._judged(entry.verdict),
            self._decided(entry) if entry.is_decided else None,
            [] if entry.result is None else list(entry.result.events),
            entry.defect,
            list(entry.words),
        )

    def _devices(self, entry: Entry) -> list[DeviceSeen]:
        found: list[DeviceSeen] = []
        devices = entry.image.devices
        for index, (name, before) in enumerate(self._seen):
            image = devices.get(name)
            if image is not None and image is not before:
                self._seen[index] = (name, image)
                if before is None:
                    found.append(_whole(index, image))
                elif (seen := _changed(index, before, image)) is not None:
                    found.append(seen)
        return found

    def _judged(self, verdict: Verdict) -> Judged | None:
        before, self._verdict = self._verdict, verdict
        if before is not None and (
            verdict.failing == before.failing
            and verdict.allowed == before.allowed
            and verdict.trips == before.trips
            and verdict.proven_empty == before.proven_empty
        ):
            return None
        return judged(verdict)

    def _decided(self, entry: Entry) -> Decided:
        written = []
        for name, outputs in ({} if entry.outputs is None else entry.outputs.devices).items():
            before = self._written.get(name)
            if (
                before is None
                or outputs.permits != before.permits
                or outputs.command != before.command
                or outputs.levels != before.levels
            ):
                self._written[name] = outputs
                written.append(DeviceWritten.of(name, outputs))
        answers = () if entry.result is None else entry.result.answers
        return Decided(
            entry.durable_seq,
            entry.heartbeat,
            entry.epoch,
            entry.is_overrun,
            [(ask.token, ask.request) for ask in entry.asks],
            answer_codes(answers),
            written,
            list(entry.foreign),
        )


def judged(verdict: Verdict) -> Judged:
    """A verdict, written down."""
    return Judged(
        sorted(str(function) for function in verdict.allowed),
        [failing.id for failing in verdict.failing],
        [TripSeen(trip.id, trip.category, trip.since_ms, trip.may_be_reset) for trip in verdict.trips],
        sorted(verdict.proven_empty),
    )


def answer_codes(answers: Sequence[Told]) -> list[tuple[int, str]]:
    """The code of each refusal by token, empty for what was accepted."""
    return [(told.token, told.answer.reason.code if isinstance(told.answer, Refused) else "") for told in answers]


def _whole(index: int, image: DeviceImage) -> DeviceSeen:
    values = list(enumerate(image.values))
    fault = () if image.fault is None else (image.fault,)
    return DeviceSeen(index, image.at_ms, image.quality, values, sorted(image.bad_tags), fault)


def _changed(index: int, before: DeviceImage, image: DeviceImage) -> DeviceSeen | None:
    values: list[tuple[int, Value | None]] = []
    if image.values is not before.values and image.values != before.values:
        pairs = zip(before.values, image.values, strict=True)
        values = [(place, now) for place, (was, now) in enumerate(pairs) if was != now]
    bad_tags = None if image.bad_tags == before.bad_tags else sorted(image.bad_tags)
    fault = None
    if image.fault != before.fault:
        fault = () if image.fault is None else (image.fault,)
    is_same = not values and bad_tags is None and fault is None
    if is_same and image.at_ms == before.at_ms and image.quality == before.quality:
        return None
    return DeviceSeen(index, image.at_ms, image.quality, values, bad_tags, fault)
