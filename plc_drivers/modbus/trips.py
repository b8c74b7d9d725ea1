"""What goes over the wire next, for all devices behind one transport.

Owns the order of requests, the newest outputs, the last answers and faults. One request is outstanding at a
time. A device that keeps silent is asked less often, after the others, and never two such in one trip, so that a
dead unit does not make live ones stale. Pure but for a stopwatch: links send, wait and judge.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from plc_drivers.command_values import OutputsError
from plc_drivers.link import RawAnswer
from plc_drivers.modbus.pdu import Operation
from plc_drivers.modbus.plan import DevicePlan
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault

SILENT_TIMES = 3
"""Time-outs in a row after which a device is asked less often."""
RETRY_MS = 500
RETRY_MS_MAX = 2000


class Witness(Protocol):
    """Judges what the frame alone cannot show, where the protocol has no transaction id (RTU)."""

    def wrote(self, heartbeat: int) -> None:
        """A heartbeat has gone out to the device."""
        ...

    def judge(self, answer: RawAnswer) -> Fault | None:
        """Why this answer cannot be the current one of this device, None when it can."""
        ...


class Turn:
    """One device's turn: an exchange with it, or an urgent write to it, as a row of requests.

    ``operation`` and ``pdu`` are the request that is on the wire, or to be sent now.
    """

    __slots__ = ("cursor", "data", "is_urgent", "operation", "pdu", "plan", "refused", "sent_ms", "steps", "written")

    def __init__(self, plan: DevicePlan, steps: Sequence[Operation], *, is_urgent: bool = False) -> None:
        self.plan = plan
        self.steps = steps
        self.is_urgent = is_urgent
        self.operation = steps[0]
        self.pdu = b""
        self.cursor = 0
        self.data = b""
        self.sent_ms = 0
        self.written: int | None = None
        self.refused: Fault | None = None
        """Why the outputs were not written, although the device is read."""


class _Trip:
    """One round through the devices."""

    __slots__ = ("answered", "outputs", "queue", "started_s")

    def __init__(self, outputs: PermittedOutputs | None, devices: Sequence[DevicePlan]) -> None:
        self.outputs = outputs
        self.queue = deque(devices)
        self.started_s = time.perf_counter()
        self.answered = 0


class _Silence:
    """How often in a row a device kept silent, and when it may be asked again."""

    __slots__ = ("retry_at_ms", "times")

    def __init__(self) -> None:
        self.times = 0
        self.retry_at_ms = 0


class Trips:
    """The order of requests of one link.

    ``silence_ms`` is how long a unit is left alone after it kept silent (RTU: its late answer must not meet the
    next request to it). The others go on meanwhile: their frames carry another unit id.
    """

    def __init__(
        self, plans: Sequence[DevicePlan], *, silence_ms: int = 0, witnesses: Mapping[str, Witness] | None = None
    ) -> None:
        self._plans = tuple(plans)
        self._silence_ms = silence_ms
        self._witnesses = witnesses or {}
        self._silent: dict[int, _Silence] = {}
        """Units that kept silent. A unit, not a device: those that share one are silent together."""
        self._has_many_units = len({plan.unit for plan in plans}) > 1
        self._trip: _Trip | None = None
        self._kept: tuple[PermittedOutputs | None] | None = None
        self._turn: Turn | None = None
        self._urgent: deque[Turn] = deque()
        self._urgent_outputs: PermittedOutputs | None = None
        self.outstanding: Turn | None = None
        self.answers: dict[str, RawAnswer] = {}
        self.faults: dict[str, Fault] = {}
        self.exchanges = 0
        self.last_exchange_ms = 0.0

    def busy(self) -> bool:
        """True while a trip is open or an urgent write waits or is on the wire."""
        return self._trip is not None or bool(self._urgent) or self.outstanding is not None

    def exchange(self, outputs: PermittedOutputs | None, now_ms: int) -> bool:
        """Open a trip, or keep the outputs for the next one when the wire is in use (False)."""
        if self.busy():
            self._kept = (outputs,)
            return False
        self._trip = _Trip(outputs, self._askable(now_ms))
        return True

    def urge(self, outputs: PermittedOutputs) -> None:
        """Write these outputs before anything else; older ones that have not gone out never will (H11)."""
        self._urgent_outputs = outputs
        self._urgent = deque(
            Turn(plan, plan.urgent, is_urgent=True)
            for plan in self._plans
            if plan.urgent and outputs.get(plan.device) is not None
        )
        if self._trip is not None and self._trip.outputs is not None:
            self._trip.outputs = outputs
        if self._kept is not None and self._kept[0] is not None:
            self._kept = (outputs,)

    def next(self, now_ms: int) -> Turn | None:
        """The turn whose request is to be sent now; None when one is outstanding or nothing is left to do."""
        while self.outstanding is None:
            turn = self._next_turn(now_ms)
            if turn is None:
                return None
            try:
                self._prepare(turn, now_ms)
            except OutputsError as error:
                self._refuse_outputs(turn, error)
            else:
                self.outstanding = turn
                return turn
        return None

    def accept(self, turn: Turn, data: bytes, now_ms: int) -> Fault | None:
        """Take the right answer to the outstanding request; the fault when its content is not believable."""
        self.outstanding = None
        if self._silent:
            self._silent.pop(turn.plan.unit, None)
        turn.data += data
        turn.cursor += 1
        if turn.cursor < len(turn.steps):
            return None
        if turn.is_urgent:
            self._end_urgent(turn)
            return None
        self._turn = None
        return self._finish(turn, now_ms)

    def fail(self, turn: Turn, fault: Fault, now_ms: int, *, silent: bool) -> None:
        """The outstanding request failed; ``silent`` when the device did not answer at all."""
        device = turn.plan.device
        self.outstanding = None
        self.faults[device] = fault
        if turn.is_urgent:
            self._end_urgent(turn)
        else:
            self._turn = None
        if not silent:
            self._silent.pop(turn.plan.unit, None)
            return
        silence = self._silent.setdefault(turn.plan.unit, _Silence())
        silence.times += 1
        wait_ms = self._silence_ms
        if self._has_many_units and silence.times >= SILENT_TIMES:
            wait_ms = max(wait_ms, min(RETRY_MS_MAX, RETRY_MS << min(silence.times - SILENT_TIMES, 8)))
        silence.retry_at_ms = now_ms + wait_ms

    def abort(self, fault: Fault) -> None:
        """The transport is gone: nothing that was meant for it may go out on the next one (H11)."""
        self.outstanding = None
        self._trip = None
        self._kept = None
        self._turn = None
        self._urgent.clear()
        self._urgent_outputs = None
        self._silent.clear()
        for plan in self._plans:
            self.faults[plan.device] = fault

    def _askable(self, now_ms: int) -> Sequence[DevicePlan]:
        """Devices of this trip: those that answer, then at most one of those that keep silent."""
        if not self._silent:
            return self._plans
        live = [plan for plan in self._plans if plan.unit not in self._silent]
        due = [
            (silence.retry_at_ms, plan)
            for plan in self._plans
            if (silence := self._silent.get(plan.unit)) is not None and silence.retry_at_ms <= now_ms
        ]
        due.sort(key=lambda entry: entry[0])
        return live + [plan for _, plan in due[:1]]

    def _next_turn(self, now_ms: int) -> Turn | None:
        if self._urgent:
            return self._urgent[0]
        if self._turn is not None:
            return self._turn
        while (trip := self._trip) is not None:
            if trip.queue:
                plan = trip.queue.popleft()
                if self._silent and self._must_wait(plan, now_ms):
                    continue
                writes = trip.outputs is not None and trip.outputs.get(plan.device) is not None
                self._turn = Turn(plan, plan.exchange if writes else plan.read_only)
                return self._turn
            self._close(trip)
            if self._kept is not None:
                (outputs,), self._kept = self._kept, None
                self._trip = _Trip(outputs, self._askable(now_ms))
        return None

    def _must_wait(self, plan: DevicePlan, now_ms: int) -> bool:
        silence = self._silent.get(plan.unit)
        return silence is not None and silence.retry_at_ms > now_ms

    def _close(self, trip: _Trip) -> None:
        self._trip = None
        if trip.answered:
            self.exchanges += 1
            self.last_exchange_ms = (time.perf_counter() - trip.started_s) * 1000

    def _prepare(self, turn: Turn, now_ms: int) -> None:
        operation = turn.steps[turn.cursor]
        turn.operation = operation
        turn.pdu = operation.head if operation.write is None else operation.head + self._command(turn)[operation.write]
        if turn.cursor == 0:
            turn.sent_ms = now_ms

    def _command(self, turn: Turn) -> bytes:
        """The newest outputs of the turn's device, encoded when they leave and not before."""
        plan = turn.plan
        source = self._urgent_outputs if turn.is_urgent else self._trip.outputs if self._trip else None
        outputs = None if source is None else source.get(plan.device)
        if outputs is None:
            raise OutputsError(f"{plan.device}: the newest outputs leave this device out")
        command = plan.encode(outputs)
        turn.written = outputs.heartbeat
        if self._witnesses and plan.device in self._witnesses:
            self._witnesses[plan.device].wrote(outputs.heartbeat)
        return command

    def _refuse_outputs(self, turn: Turn, error: OutputsError) -> None:
        """Outputs that cannot be encoded are not written; the device is still read, and its watchdog acts."""
        fault = Fault("OUTPUTS_REFUSED", str(error), "a fault in the controller: report it with a diagnostics bundle")
        self.faults[turn.plan.device] = fault
        if turn.is_urgent:
            self._end_urgent(turn)
        else:
            self._turn = Turn(turn.plan, turn.plan.read_only)
            self._turn.refused = fault

    def _end_urgent(self, turn: Turn) -> None:
        # A newer urge may have replaced the queue while this one was on the wire.
        if self._urgent and self._urgent[0] is turn:
            self._urgent.popleft()

    def _finish(self, turn: Turn, now_ms: int) -> Fault | None:
        plan = turn.plan
        values, bad = plan.status.decode(turn.data)
        answer = RawAnswer(values, bad, turn.sent_ms, now_ms, turn.written)
        if self._witnesses and plan.device in self._witnesses:
            fault = self._witnesses[plan.device].judge(answer)
            if fault is not None:
                self.faults[plan.device] = fault
                return fault
        self.answers[plan.device] = answer
        if turn.refused is not None:
            self.faults[plan.device] = turn.refused
        elif self.faults:
            self.faults.pop(plan.device, None)
        if self._trip is not None:
            self._trip.answered += 1
        return None
