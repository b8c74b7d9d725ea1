"""What goes over the wire next, for all devices behind one transport.

Owns the order of requests, the newest outputs, the last answers and faults. One request is outstanding at a
time. A device that keeps silent is asked less often, after the others, and never two such in one trip, so that a
dead unit does not make live ones stale. Pure but for a stopwatch: links send, wait and judge.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from plc_drivers.link import RawAnswer
from plc_drivers.modbus.pdu import Operation
from plc_drivers.modbus.plan import DevicePlan, OutputsError
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


@dataclass(slots=True, eq=False)
class _Job:
    """The exchange with one device, or the urgent write to it, and how far it has come."""

    plan: DevicePlan
    steps: Sequence[Operation]
    is_urgent: bool
    cursor: int = 0
    parts: list[bytes] = field(default_factory=list)
    sent_ms: int = 0
    written: int | None = None
    refused: Fault | None = None
    """Why its outputs were not written, although it is read."""


@dataclass(slots=True)
class _Trip:
    outputs: PermittedOutputs | None
    queue: deque[DevicePlan]
    started_s: float
    answered: int = 0


@dataclass(slots=True)
class _Silence:
    """How often in a row a device kept silent, and when it may be asked again."""

    times: int = 0
    retry_at_ms: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One request to be sent now."""

    job: _Job
    operation: Operation
    unit: int
    pdu: bytes

    @property
    def device(self) -> str:
        """Name of the device that is asked."""
        return self.job.plan.device


class Trips:
    """The order of requests of one link.

    ``silence_ms`` is how long a device is left alone after it kept silent (RTU: its late answer must not meet
    the next request to it).
    """

    def __init__(
        self, plans: Sequence[DevicePlan], *, silence_ms: int = 0, witnesses: Mapping[str, Witness] | None = None
    ) -> None:
        self._plans = tuple(plans)
        self._silence_ms = silence_ms
        self._witnesses = witnesses or {}
        self._silent: dict[str, _Silence] = {plan.device: _Silence() for plan in plans}
        self._trip: _Trip | None = None
        self._kept: tuple[PermittedOutputs | None] | None = None
        self._job: _Job | None = None
        self._urgent: deque[_Job] = deque()
        self._urgent_outputs: PermittedOutputs | None = None
        self.outstanding: Request | None = None
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
        self._open(outputs, now_ms)
        return True

    def urge(self, outputs: PermittedOutputs) -> None:
        """Write these outputs before anything else; older ones that have not gone out never will (H11)."""
        self._urgent_outputs = outputs
        self._urgent = deque(
            _Job(plan, plan.urgent, is_urgent=True)
            for plan in self._plans
            if plan.urgent and outputs.get(plan.device) is not None
        )
        if self._trip is not None and self._trip.outputs is not None:
            self._trip.outputs = outputs
        if self._kept is not None and self._kept[0] is not None:
            self._kept = (outputs,)

    def next(self, now_ms: int) -> Request | None:
        """The request to send now; None when one is outstanding or nothing is left to do."""
        while self.outstanding is None:
            job = self._next_job(now_ms)
            if job is None:
                return None
            try:
                self.outstanding = self._request(job, now_ms)
            except OutputsError as error:
                self._refuse_outputs(job, error)
        return None if self.outstanding is None else self.outstanding

    def accept(self, request: Request, data: bytes, now_ms: int) -> Fault | None:
        """Take the right answer to the outstanding request; the fault when its content is not believable."""
        self.outstanding = None
        job = request.job
        self._silent[request.device].times = 0
        if request.operation.reads:
            job.parts.append(data)
        job.cursor += 1
        if job.cursor < len(job.steps):
            return None
        if job.is_urgent:
            self._end_urgent(job)
            return None
        self._job = None
        return self._finish(job, now_ms)

    def fail(self, request: Request, fault: Fault, now_ms: int, *, silent: bool) -> None:
        """The outstanding request failed; ``silent`` when the device did not answer at all."""
        self.outstanding = None
        self.faults[request.device] = fault
        if request.job.is_urgent:
            self._end_urgent(request.job)
        else:
            self._job = None
        state = self._silent[request.device]
        if not silent:
            state.times = 0
            return
        state.times += 1
        wait_ms = self._silence_ms
        if len(self._plans) > 1 and state.times >= SILENT_TIMES:
            wait_ms = max(wait_ms, min(RETRY_MS_MAX, RETRY_MS << min(state.times - SILENT_TIMES, 8)))
        state.retry_at_ms = now_ms + wait_ms

    def abort(self, fault: Fault) -> None:
        """The transport is gone: nothing that was meant for it may go out on the next one (H11)."""
        self.outstanding = None
        self._trip = None
        self._kept = None
        self._job = None
        self._urgent.clear()
        self._urgent_outputs = None
        for plan in self._plans:
            self.faults[plan.device] = fault
            self._silent[plan.device] = _Silence()

    def _open(self, outputs: PermittedOutputs | None, now_ms: int) -> None:
        self._trip = _Trip(outputs, deque(self._askable(now_ms)), time.perf_counter())

    def _askable(self, now_ms: int) -> list[DevicePlan]:
        """Devices of this trip: those that answer, then at most one of those that keep silent."""
        live = [plan for plan in self._plans if not self._silent[plan.device].times]
        if len(live) == len(self._plans):
            return live
        due = [
            plan
            for plan in self._plans
            if self._silent[plan.device].times and self._silent[plan.device].retry_at_ms <= now_ms
        ]
        due.sort(key=lambda plan: self._silent[plan.device].retry_at_ms)
        return live + due[:1]

    def _next_job(self, now_ms: int) -> _Job | None:
        if self._urgent:
            return self._urgent[0]
        if self._job is not None:
            return self._job
        while self._trip is not None:
            if self._trip.queue:
                plan = self._trip.queue.popleft()
                writes = self._trip.outputs is not None and self._trip.outputs.get(plan.device) is not None
                self._job = _Job(plan, plan.exchange if writes else plan.read_only, is_urgent=False)
                return self._job
            self._close(self._trip)
            if self._kept is not None:
                (outputs,), self._kept = self._kept, None
                self._open(outputs, now_ms)
        return None

    def _close(self, trip: _Trip) -> None:
        self._trip = None
        if trip.answered:
            self.exchanges += 1
            self.last_exchange_ms = (time.perf_counter() - trip.started_s) * 1000

    def _request(self, job: _Job, now_ms: int) -> Request:
        operation = job.steps[job.cursor]
        command = b"" if operation.write is None else self._command(job)
        if job.cursor == 0:
            job.sent_ms = now_ms
        return Request(job, operation, job.plan.binding.unit, operation.request(command))

    def _command(self, job: _Job) -> bytes:
        """The newest outputs of the job's device, encoded when they leave and not before."""
        source = self._urgent_outputs if job.is_urgent else self._trip.outputs if self._trip else None
        outputs = None if source is None else source.get(job.plan.device)
        if outputs is None:
            raise OutputsError(f"{job.plan.device}: the newest outputs leave this device out")
        command = job.plan.encode(outputs)
        job.written = outputs.heartbeat
        witness = self._witnesses.get(job.plan.device)
        if witness is not None:
            witness.wrote(outputs.heartbeat)
        return command

    def _refuse_outputs(self, job: _Job, error: OutputsError) -> None:
        """Outputs that cannot be encoded are not written; the device is still read, and its watchdog acts."""
        fault = Fault("outputs-refused", str(error), "a fault in the controller: report it with a diagnostics bundle")
        self.faults[job.plan.device] = fault
        if job.is_urgent:
            self._end_urgent(job)
        else:
            self._job = _Job(job.plan, job.plan.read_only, is_urgent=False, refused=fault)

    def _end_urgent(self, job: _Job) -> None:
        # A newer urge may have replaced the queue while this one was on the wire.
        if self._urgent and self._urgent[0] is job:
            self._urgent.popleft()

    def _finish(self, job: _Job, now_ms: int) -> Fault | None:
        plan = job.plan
        payload = job.parts[0] if len(job.parts) == 1 else b"".join(job.parts)
        values, bad = plan.status.decode(payload)
        answer = RawAnswer(values, bad, job.sent_ms, now_ms, job.written)
        witness = self._witnesses.get(plan.device)
        fault = None if witness is None else witness.judge(answer)
        if fault is not None:
            self.faults[plan.device] = fault
            return fault
        self.answers[plan.device] = answer
        if job.refused is None:
            self.faults.pop(plan.device, None)
        else:
            self.faults[plan.device] = job.refused
        if self._trip is not None:
            self._trip.answered += 1
        return None
