"""Faults put into a running garage, and taken out again.

Owns which faults there are now and how each comes about: at the plant's sensors, in the status of a PLC, or by
stopping its scan. Must never accept what it cannot bring about, and never touch the mechanics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import assert_never

from plc_drivers.contract import Tag, TagType
from sim_hardware.fault import Fault, FaultKind, FaultPoint, FaultRefusedError, check, limits
from sim_hardware.plant.sensors import Distortion, SensorBank
from sim_hardware.plant.timeline import Timeline
from sim_hardware.plc.device import EmulatedPlc


class FaultInjector:
    """The faults of one garage, at most one for each target.

    ``qualified`` names the devices whose protocol carries a quality with each value (OPC UA).
    """

    def __init__(
        self,
        sensors: SensorBank,
        timeline: Timeline,
        plcs: Mapping[str, EmulatedPlc],
        qualified: frozenset[str] = frozenset(),
    ) -> None:
        self._sensors = sensors
        self._timeline = timeline
        self._plcs = plcs
        self._qualified = qualified
        self._faults: dict[str, Fault] = {}
        self._now_ms = 0
        self._phases: tuple[bool, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault that there is now, in the order in which they came."""
        return tuple(self._faults.values())

    def inject(self, fault: Fault) -> Fault:
        """Put a fault in, in place of one that its target has; returns it with the point at which it sits.

        Raises:
            FaultRefusedError: there is no such target, or it cannot have such a fault. Nothing has changed then.
        """
        point = self._point(fault)
        placed = Fault(fault.target, fault.kind, fault.value, fault.period_ms, point)
        act = self._act(placed, point)
        self.clear(fault.target)
        act()
        self._faults[fault.target] = placed
        self._timeline.touch()
        return placed

    def clear(self, target: str) -> bool:
        """Repair a target; False when it had no fault."""
        fault = self._faults.pop(target, None)
        if fault is None:
            return False
        match fault.point:
            case FaultPoint.SENSOR:
                self._sensors.restore(target)
            case FaultPoint.TAG:
                device, _, tag = target.partition(".")
                self._plcs[device].lies.pop(tag, None)
                self._plcs[device].bad_tags -= {tag}
            case FaultPoint.PLC:
                self._plcs[target].is_frozen = False
            case None:
                raise RuntimeError(f"the fault of {target} sits nowhere")
            case _:
                assert_never(fault.point)
        self._timeline.touch()
        return True

    def clear_all(self) -> int:
        """Repair everything; how many faults that were."""
        targets = tuple(self._faults)
        for target in targets:
            self.clear(target)
        return len(targets)

    def pass_scan(self, now_ms: int) -> None:
        """The PLCs' time is ``now_ms``: what flickers is on its other side perhaps, and programs must look again."""
        self._now_ms = now_ms
        if not self._faults:
            return
        phases = tuple(self._is_off(f.period_ms) for f in self._faults.values() if f.period_ms is not None)
        if phases != self._phases:
            self._phases = phases
            self._timeline.touch()

    # --- where ----------------------------------------------------------------------------------------------

    def _point(self, fault: Fault) -> FaultPoint:
        if fault.kind is FaultKind.BAD and fault.point is None:
            return FaultPoint.TAG
        if fault.point is not None:
            return fault.point
        if fault.target in self._plcs:
            return FaultPoint.PLC
        return FaultPoint.SENSOR if fault.target in self._sensors.paths else FaultPoint.TAG

    def _act(self, fault: Fault, point: FaultPoint) -> Callable[[], None]:
        """What brings the fault about.

        Raises:
            FaultRefusedError: it cannot be brought about.
        """
        match point:
            case FaultPoint.SENSOR:
                return self._at_sensor(fault)
            case FaultPoint.TAG:
                return self._at_tag(fault)
            case FaultPoint.PLC:
                return self._at_plc(fault)

    def _at_sensor(self, fault: Fault) -> Callable[[], None]:
        if fault.target not in self._sensors.paths:
            text = f"The plant has no sensor {fault.target!r}."
            remedy = "Paths look like lift1.pins_extended or zone1.guards_closed; GET /faults lists them."
            raise FaultRefusedError("UNKNOWN_SENSOR", text, remedy)
        if fault.kind is FaultKind.BAD:
            text = "A sensor has no quality; what an OPC UA server shows of it has."
            raise FaultRefusedError("NOT_SUPPORTED", text, "Inject it at the tag.")
        form = self._sensors.form(fault.target)
        tag = self._tag_named(fault.target)
        check(fault, form, tag)
        distortion = self._distortion(fault, form, tag)
        return lambda: self._sensors.distort(fault.target, distortion)

    def _at_tag(self, fault: Fault) -> Callable[[], None]:
        device, _, name = fault.target.partition(".")
        tag = self._tag_named(fault.target)
        if tag is None:
            text = f"The garage has neither a sensor nor a status tag {fault.target!r}."
            raise FaultRefusedError("UNKNOWN_TARGET", text, "Name a sensor, a status tag or a device.")
        plc = self._plcs[device]
        if fault.kind is FaultKind.BAD:
            return self._bad(fault, plc, name)
        form = _form(tag)
        check(fault, form, tag)
        lie = self._distortion(fault, form, tag)

        def act() -> None:
            plc.lies[name] = lie

        return act

    def _bad(self, fault: Fault, plc: EmulatedPlc, name: str) -> Callable[[], None]:
        if fault.value is not None or fault.period_ms is not None:
            raise FaultRefusedError("BAD_FAULT", "bad takes neither value nor period.", "Leave them out.")
        if plc.name not in self._qualified:
            text = f"{plc.name} is not read over OPC UA: a register has no quality."
            raise FaultRefusedError("NOT_SUPPORTED", text, "Use stuck for a wrong value or frozen for no new ones.")

        def act() -> None:
            plc.bad_tags |= {name}

        return act

    def _at_plc(self, fault: Fault) -> Callable[[], None]:
        plc = self._plcs.get(fault.target)
        if plc is None:
            text = f"The garage has no device {fault.target!r}."
            raise FaultRefusedError("UNKNOWN_TARGET", text, f"Known: {', '.join(self._plcs)}.")
        if fault.kind is not FaultKind.FROZEN:
            text = f"{fault.target} is a whole PLC: it can only be frozen."
            raise FaultRefusedError("NOT_SUPPORTED", text, f"Name a signal of it, as {fault.target}.state.")
        if fault.value is not None or fault.period_ms is not None:
            raise FaultRefusedError("BAD_FAULT", "frozen takes neither value nor period.", "Leave them out.")

        def act() -> None:
            plc.is_frozen = True

        return act

    def _tag_named(self, path: str) -> Tag | None:
        device, _, name = path.partition(".")
        plc = self._plcs.get(device)
        if plc is None or name not in plc.definition.status_index:
            return None
        return plc.definition.tag(name)

    # --- how ------------------------------------------------------------------------------------------------

    def _distortion(self, fault: Fault, form: type[int], tag: Tag | None) -> Distortion:
        value = fault.value
        match fault.kind:
            case FaultKind.STUCK:
                return _stuck() if value is None else (lambda _truth: value)
            case FaultKind.INVERTED:
                return lambda truth: 1 - truth
            case FaultKind.OFFSET:
                low, high = limits(tag)
                return lambda truth: min(high, max(low, truth + (value or 0)))
            case FaultKind.FLICKER:
                return self._flickering(value if form is not bool else None, fault.period_ms)
            case FaultKind.BAD | FaultKind.FROZEN:
                raise FaultRefusedError("NOT_SUPPORTED", f"{fault.kind} is no wrong value.", "Use another kind.")

    def _flickering(self, value: int | None, period_ms: int | None) -> Distortion:
        def distort(truth: int) -> int:
            if not self._is_off(period_ms):
                return truth
            return 1 - truth if value is None else value

        return distort

    def _is_off(self, period_ms: int | None) -> bool:
        return period_ms is not None and self._now_ms % period_ms * 2 >= period_ms


def _stuck() -> Distortion:
    """Stuck at what it shows when it is looked at first."""
    kept: list[int] = []

    def distort(truth: int) -> int:
        if not kept:
            kept.append(truth)
        return kept[0]

    return distort


def _form(tag: Tag) -> type[int]:
    if tag.wire is TagType.BOOL:
        return bool
    return int if tag.enum is None else _as_enum(tag.enum)


def _as_enum(enum: type[IntEnum]) -> type[int]:
    return enum
