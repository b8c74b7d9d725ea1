"""Whether one device's answers may be believed: identity, age, heartbeat, echo and clock (H10).

Owns the quality of a device. Pure: time comes as an argument. Must never read a clock, touch a wire or repair a
value; what it cannot prove it calls stale or bad, with both sides named.

A device is GOOD while all of this holds, and after a failure only once it has been proven anew:

* the last answer carries the right identity and is no older than ``plc_timeout_ms``;
* the PLC's heartbeat was seen changing from one answer to another, the last time within ``plc_timeout_ms``;
* while the controller writes: the PLC echoes a heartbeat that was written within ``plc_timeout_ms``;
* the PLC's clock does not run backwards, unless its boot counter says that it restarted.
"""

from __future__ import annotations

from collections import deque

from plc_drivers.contract import CONTRACT_VERSION, DeviceDefinition, DeviceKind, Value
from plc_drivers.link import RawAnswer
from plc_drivers.reading import DeviceImage, Fault, Quality

_WORD = 1 << 16
_DOUBLE_WORD = 1 << 32
_WRITES_KEPT = 2048
"""Bound on remembered writes; more than a 5 ms cycle makes in the longest plc_timeout_ms."""

_NOT_ANSWERED_YET = Fault(
    "NO_ANSWER", "The device has not answered since the controller started.", "Check power, cable and address."
)


class DeviceWatch:
    """Turns the raw answers of one device into images of known quality; ``observe`` is called once in each cycle.

    Args:
        device: name of the device.
        definition: what kind of device it must be.
        device_id: the number that it must report.
        plc_timeout_ms: longest silence of answers, of the PLC's heartbeat, and of its echo.
        controller_timeout_ms: what the PLC must report as its own time-out for the controller's heartbeat; not
            checked on a kind that is only read.
    """

    def __init__(
        self,
        device: str,
        definition: DeviceDefinition,
        device_id: int,
        plc_timeout_ms: int,
        controller_timeout_ms: int,
    ) -> None:
        self._device = device
        self._definition = definition
        self._timeout_ms = plc_timeout_ms
        self._identity = _Identity(definition, device_id, controller_timeout_ms)
        self._heartbeat = _Heartbeat(plc_timeout_ms)
        self._echo = _Echo(plc_timeout_ms)
        self._clock = _Clock()
        self._answer: RawAnswer | None = None
        self._bad: Fault | None = None

    def observe(self, answer: RawAnswer | None, link_fault: Fault | None, now_ms: int, *, writing: bool) -> DeviceImage:
        """Image of the device at ``now_ms``.

        Args:
            answer: the last complete answer, the same object as before when there is no newer one.
            link_fault: why the last exchange failed, as the link says it.
            now_ms: the controller's monotonic clock, in ms.
            writing: True while the controller writes its heartbeat to this device.
        """
        self._echo.set_writing(now_ms, writing=writing and self._definition.is_commanded)
        if answer is not None and answer is not self._answer:
            self._answer = answer
            self._bad = self._take(answer)
        if self._answer is None:
            absent = _NOT_ANSWERED_YET if link_fault is None else link_fault.as_sentences()
            return DeviceImage.missing(self._device, self._definition, now_ms, absent)
        quality, fault = self._judge(self._answer, link_fault, now_ms)
        last = self._answer
        return DeviceImage(self._device, self._definition, last.values, last.at_ms, quality, last.bad_tags, fault)

    def _take(self, answer: RawAnswer) -> Fault | None:
        """Learn from a new answer; a fault when nothing in it may be used."""
        fault = self._identity.fault(answer)
        if fault is not None:
            return fault
        boot, beat, clock = (self._number(answer, name) for name in ("boot_counter", "heartbeat", "clock_ms"))
        restarted, fault = self._clock.take(clock, boot)
        if restarted:
            self._echo.doubt()
        if fault is None and self._definition.is_commanded:
            echo = self._number(answer, "heartbeat_echo")
            fault = self._echo.take(echo, answer, self._number(answer, "owner_epoch"))
        if fault is None:
            self._heartbeat.take(beat, answer.at_ms)
        return fault

    def _number(self, answer: RawAnswer, tag: str) -> int:
        """A tag that the identity check has proven to be there."""
        return int(answer.values[self._definition.status_index[tag]] or 0)

    def _judge(self, answer: RawAnswer, link_fault: Fault | None, now_ms: int) -> tuple[Quality, Fault | None]:
        if self._bad is not None:
            self._forget()
            return Quality.BAD, self._bad
        age_ms = now_ms - answer.at_ms
        stale = self._heartbeat.fault(now_ms) or self._echo.fault(now_ms)
        # In a silence heartbeat and echo grow old a little before the answer that brought them: one cause, one name.
        if age_ms > self._timeout_ms or (stale is not None and 2 * age_ms > self._timeout_ms):
            self._forget()
            return Quality.STALE, _no_answer(age_ms, self._timeout_ms, link_fault)
        return (Quality.GOOD, None) if stale is None else (Quality.STALE, stale)

    def _forget(self) -> None:
        """What was proven before a failure proves nothing after it."""
        self._heartbeat.forget()
        self._echo.forget()


class _Identity:
    """The tags that say which device this is, and those without which nothing can be judged."""

    def __init__(self, definition: DeviceDefinition, device_id: int, controller_timeout_ms: int) -> None:
        self._index = definition.status_index
        self._id = device_id
        self._kind = definition.kind
        self._controller_timeout_ms = controller_timeout_ms if definition.is_commanded else None
        self._vital: tuple[str, ...] = ("boot_counter", "heartbeat", "clock_ms", "state", "mode")
        if definition.is_commanded:
            self._vital += ("heartbeat_echo", "owner_epoch")

    def fault(self, answer: RawAnswer) -> Fault | None:
        """Why this answer does not come from the configured device, None when it does."""
        return self._wrong(answer) or self._unusable(answer)

    def _wrong(self, answer: RawAnswer) -> Fault | None:
        device_id, version, kind = (self._seen(answer, tag) for tag in ("device_id", "contract_version", "device_kind"))
        if device_id != self._id:
            return _wrong_id(device_id, self._id)
        if version != CONTRACT_VERSION:
            return _wrong_version(version)
        if kind != self._kind:
            return _wrong_kind(kind, self._kind)
        if self._controller_timeout_ms is None:
            return None
        timeout_ms = self._seen(answer, "controller_timeout_ms")
        if timeout_ms != self._controller_timeout_ms:
            return _wrong_timeout(timeout_ms, self._controller_timeout_ms)
        return None

    def _unusable(self, answer: RawAnswer) -> Fault | None:
        for name in self._vital:
            if self._seen(answer, name) is None:
                return _unreadable(name)
        return None

    def _seen(self, answer: RawAnswer, tag: str) -> Value | None:
        """The tag's value, None when it is missing, out of range or of bad quality."""
        index = self._index[tag]
        return None if index in answer.bad_tags else answer.values[index]


class _Heartbeat:
    """The PLC's own counter: any change is life, how far it moved does not matter (it wraps, scans are skipped)."""

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._value: int | None = None
        self._since_ms = 0
        self._proven = False

    def take(self, value: int, at_ms: int) -> None:
        if value == self._value:
            return
        self._proven = self._value is not None
        self._value = value
        self._since_ms = at_ms

    def forget(self) -> None:
        self._value = None
        self._proven = False

    def fault(self, now_ms: int) -> Fault | None:
        if self._value is not None and now_ms - self._since_ms > self._timeout_ms:
            return _heartbeat_stopped(self._value, now_ms - self._since_ms, self._timeout_ms)
        return None if self._proven else _HEARTBEAT_UNPROVEN


class _Echo:
    """The controller's heartbeat as it comes back: how old the view is from which the PLC answers.

    Heartbeats count up, so a value between two that were answered was sent between them, even if its own answer
    never came. One that was never sent, or that lies before one already echoed, is a late or foreign answer.
    """

    def __init__(self, timeout_ms: int) -> None:
        self._timeout_ms = timeout_ms
        self._writing = False
        self._writes: deque[tuple[int, int]] = deque(maxlen=_WRITES_KEPT)
        self._echoed: int | None = None
        """Last heartbeat that was proven echoed; None until there is one."""
        self._proof_ms: int | None = None
        """When the echoed heartbeat was sent; at first, when the controller began to write."""

    def set_writing(self, now_ms: int, *, writing: bool) -> None:
        if writing == self._writing:
            return
        self._writing = writing
        self._writes.clear()
        self._echoed = None
        self._proof_ms = now_ms

    def doubt(self) -> None:
        """A restarted PLC may echo anything until it has seen the next write."""
        self._echoed = None

    def forget(self) -> None:
        self._echoed = None
        self._proof_ms = None

    def take(self, echo: int, answer: RawAnswer, owner_epoch: int) -> Fault | None:
        """Learn from a new answer; a fault when it cannot be the answer to what was written."""
        if not self._writing:
            return None
        self._remember(answer)
        if self._echoed is not None and not self._follows(echo, self._echoed):
            return _echo_foreign(echo, self._writes[-1][0], owner_epoch)
        sent_ms = self._sent_ms(echo)
        if sent_ms is not None:
            self._echoed = echo
            self._proof_ms = sent_ms
        return None

    def fault(self, now_ms: int) -> Fault | None:
        if not self._writing:
            return None
        if self._proof_ms is not None and now_ms - self._proof_ms <= self._timeout_ms:
            return None
        self._echoed = None
        age_ms = None if self._proof_ms is None else now_ms - self._proof_ms
        return _echo_stale(age_ms, self._timeout_ms)

    def _remember(self, answer: RawAnswer) -> None:
        if answer.written is not None and (not self._writes or self._writes[-1][0] != answer.written):
            self._writes.append((answer.written, answer.sent_ms))
        while len(self._writes) > 1 and answer.sent_ms - self._writes[0][1] > self._timeout_ms:
            self._writes.popleft()

    def _follows(self, echo: int, echoed: int) -> bool:
        """True when ``echo`` lies between the last one echoed and the last one written, both included."""
        newest = self._writes[-1][0] if self._writes else echoed
        return (echo - echoed) % _WORD <= (newest - echoed) % _WORD

    def _sent_ms(self, echo: int) -> int | None:
        """When ``echo`` was sent at the earliest; None when it lies outside the remembered writes."""
        if not self._writes:
            return None
        oldest, newest = self._writes[0][0], self._writes[-1][0]
        if (echo - oldest) % _WORD > (newest - oldest) % _WORD:
            return None
        lag = (newest - echo) % _WORD
        return next(sent_ms for written, sent_ms in reversed(self._writes) if (newest - written) % _WORD >= lag)


class _Clock:
    """The PLC's free-running clock: going back without a restart means a late or repeated answer."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def take(self, clock_ms: int, boot_counter: int) -> tuple[bool, Fault | None]:
        """Whether the PLC has restarted since the last answer, and the fault when its clock went back."""
        last, self._last = self._last, (clock_ms, boot_counter)
        if last is None:
            return False, None
        if boot_counter != last[1]:
            return True, None
        if (clock_ms - last[0]) % _DOUBLE_WORD < _DOUBLE_WORD // 2:
            return False, None
        return False, _clock_jumped(last[0], clock_ms)


def _shown(value: Value | None) -> str:
    return "nothing valid (zeros, or out of range)" if value is None else f"{value:g}"


def _wrong_id(seen: Value | None, wanted: int) -> Fault:
    return Fault(
        "WRONG_DEVICE_ID",
        f"What answers here reports as its device id {_shown(seen)}; the configuration says {wanted}.",
        "Check host, port, unit and profile of the link, the number in the configuration and the id in the PLC.",
    )


def _wrong_version(seen: Value | None) -> Fault:
    return Fault(
        "WRONG_CONTRACT_VERSION",
        f"The PLC reports as its contract version {_shown(seen)}; this controller speaks {CONTRACT_VERSION}.",
        "Load a PLC program for this contract version, or install the controller that fits the PLC.",
    )


def _wrong_kind(seen: Value | None, wanted: DeviceKind) -> Fault:
    name = next((f" ({kind.name.lower()})" for kind in DeviceKind if kind == seen), "")
    return Fault(
        "WRONG_DEVICE_KIND",
        f"The PLC reports as its device kind {_shown(seen)}{name}; "
        f"the configuration says {wanted.value} ({wanted.name.lower()}).",
        "Check which PLC answers at this address; correct the link in the configuration or the PLC's program.",
    )


def _wrong_timeout(seen: Value | None, wanted: int) -> Fault:
    return Fault(
        "WRONG_TIMEOUT",
        f"The PLC reports as its controller_timeout_ms {_shown(seen)}; the configuration says {wanted}.",
        "Set controller_timeout_ms of the device to the PLC's value, or change the PLC's parameter.",
    )


def _unreadable(tag: str) -> Fault:
    return Fault(
        "TAG_UNREADABLE",
        f"The PLC gives no valid value for {tag}, without which none of its answers can be judged.",
        "Check the PLC program and the profile against the register or node table of this device.",
    )


def _no_answer(age_ms: int, timeout_ms: int, link_fault: Fault | None) -> Fault:
    told = None if link_fault is None else link_fault.as_sentences()
    reason = "" if told is None else f" {told.code}: {told.detail}"
    remedy = "Check power and network of the PLC." if told is None else told.remedy
    return Fault(
        "NO_ANSWER",
        f"The last answer is {age_ms} ms old; what it showed may be at most {timeout_ms} ms old.{reason}",
        remedy,
    )


_HEARTBEAT_UNPROVEN = Fault(
    "HEARTBEAT_UNPROVEN",
    "The device answers; its heartbeat has not been seen changing yet.",
    "Wait a moment; if it stays, the PLC program does not run.",
)


def _heartbeat_stopped(value: int, age_ms: int, timeout_ms: int) -> Fault:
    return Fault(
        "HEARTBEAT_STOPPED",
        f"The PLC's heartbeat stands at {value} for {age_ms} ms, {timeout_ms} ms are allowed; its values are frozen.",
        "See whether the PLC is in RUN and its program is executed; a gateway may be answering in its place.",
    )


def _echo_stale(age_ms: int | None, timeout_ms: int) -> Fault:
    seen = "echoes no heartbeat of this controller" if age_ms is None else f"echoes a heartbeat {age_ms} ms old"
    return Fault(
        "ECHO_STALE",
        f"The PLC {seen}, {timeout_ms} ms are allowed: it does not see what is written to it.",
        "Check that the command block reaches the PLC program, and that no other controller owns the device.",
    )


def _echo_foreign(echo: int, written: int, owner_epoch: int) -> Fault:
    return Fault(
        "ECHO_FOREIGN",
        f"The PLC echoes heartbeat {echo}; this controller wrote {written} last and did not write that one after "
        f"the last echo. The PLC's owner epoch is {owner_epoch}.",
        "A late or foreign answer passes by itself; if it stays, find the second controller on this device.",
    )


def _clock_jumped(before_ms: int, after_ms: int) -> Fault:
    return Fault(
        "CLOCK_JUMPED",
        f"The PLC's clock went from {before_ms} back to {after_ms} ms without a restart.",
        "A late answer passes by itself; if it stays, correct clock_ms or boot_counter in the PLC program.",
    )
