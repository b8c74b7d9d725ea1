"""What tells an old answer from the present one on a serial line, where frames carry no transaction id.

Owns what a device last said of itself: its number, its clock, and the echo of our heartbeat (contract rule 2). An
answer that is older than one already taken, or from another device, is not believed (H10). Pure.
"""

from __future__ import annotations

from collections import deque

from plc_drivers.binding import DeviceBinding
from plc_drivers.link import RawAnswer
from plc_drivers.reading import Fault

HEARTBEATS_KEPT = 64
"""Heartbeats that an echo may still show; at 20 ms a cycle more than a second."""

RESYNC_AFTER = 3
"""Implausible answers in a row after which the device's own view is taken for the truth: it was restarted, or
another controller owns it, and both must be seen. The silence after a time-out has removed late answers by then."""

_CLOCK_WRAP = 1 << 32
_LOOK_AT_LINE = "look for a second master, a converter that holds frames back, or two units with one id"


class RtuWitness:
    """Judges the answers of one device on a serial line."""

    def __init__(self, binding: DeviceBinding) -> None:
        index = binding.definition.status_index
        self._binding = binding
        self._id = index["device_id"]
        self._boot = index["boot_counter"]
        self._clock = index["clock_ms"]
        self._echo = index.get("heartbeat_echo")
        self._written: deque[int] = deque(maxlen=HEARTBEATS_KEPT)
        self._last: RawAnswer | None = None
        self._last_echo_age: int | None = None
        self._implausible = 0

    def wrote(self, heartbeat: int) -> None:
        """A heartbeat has gone out to the device."""
        if not self._written or self._written[-1] != heartbeat:
            self._written.append(heartbeat)
            if self._last_echo_age is not None:
                self._last_echo_age += 1

    def judge(self, answer: RawAnswer) -> Fault | None:
        """Why this answer cannot be the current one of this device, None when it can."""
        number = answer.values[self._id]
        if number is not None and number != self._binding.device_id:
            return Fault(
                "FOREIGN_DEVICE",
                f"unit {self._binding.unit} answered as device {number}; "
                f"{self._binding.device} is device {self._binding.device_id}",
                "compare unit ids and device numbers of the PLCs on this line with the configuration",
            )
        fault = self._older(answer)
        if fault is None or self._implausible >= RESYNC_AFTER - 1:
            self._take(answer)
            return None
        self._implausible += 1
        return fault

    def _older(self, answer: RawAnswer) -> Fault | None:
        last = self._last
        if last is None or answer.values[self._boot] != last.values[self._boot]:
            return None
        clock, clock_before = answer.values[self._clock], last.values[self._clock]
        if clock is not None and clock_before is not None:
            ahead = (int(clock) - int(clock_before)) % _CLOCK_WRAP
            if ahead >= _CLOCK_WRAP // 2:
                text = f"clock_ms went from {clock_before} back to {clock}: an answer from before"
                return Fault("OLDER_ANSWER", text, _LOOK_AT_LINE)
        return self._older_echo(answer, last)

    def _older_echo(self, answer: RawAnswer, last: RawAnswer) -> Fault | None:
        if self._echo is None or self._last_echo_age is None:
            return None
        echo = answer.values[self._echo]
        if echo == last.values[self._echo]:
            return None
        age = self._age(echo)
        if age is None or age > self._last_echo_age:
            text = f"heartbeat_echo is {echo}, which is not one of the heartbeats written since the last answer"
            return Fault("IMPLAUSIBLE_ECHO", text, _LOOK_AT_LINE)
        return None

    def _age(self, echo: object) -> int | None:
        """How many heartbeats have been written since the one that is echoed; None when it is not known."""
        for age, heartbeat in enumerate(reversed(self._written)):
            if heartbeat == echo:
                return age
        return None

    def _take(self, answer: RawAnswer) -> None:
        self._last = answer
        self._implausible = 0
        self._last_echo_age = None if self._echo is None else self._age(answer.values[self._echo])
