"""Faults put into a running garage, and taken out again.

Owns which faults there are now, how long each lasts, and whether it took effect; how each comes about stands with its
kind. Must never accept what it cannot bring about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import IntEnum

from plc_drivers.contract import Tag, TagType
from sim_hardware.fault import Effect, Fault, FaultKind, FaultPoint, FaultRefusedError, check, limits
from sim_hardware.fault_kinds import KINDS, check_length
from sim_hardware.fault_machine import MachineFaults
from sim_hardware.fault_plc import PlcFaults
from sim_hardware.fault_signal import Lie, Swap
from sim_hardware.fault_wire import Wires
from sim_hardware.plant.sensors import SensorBank
from sim_hardware.plant.timeline import Timeline
from sim_hardware.plc.device import EmulatedPlc

_SIGNALS = frozenset({FaultPoint.SENSOR, FaultPoint.TAG})


@dataclass(frozen=True, slots=True)
class _Standing:
    """A fault that there is, how it is undone, and when it ends by itself."""

    fault: Fault
    effect: Effect
    until_ms: int | None


class FaultInjector:
    """The faults of one garage, at most one for each target.

    ``qualified`` names the devices whose protocol carries a quality with each value (OPC UA). ``wires`` is what carries
    the answers, None where there is no wire that could be disturbed.
    """

    def __init__(
        self,
        sensors: SensorBank,
        timeline: Timeline,
        plcs: Mapping[str, EmulatedPlc],
        qualified: frozenset[str],
        parts: tuple[MachineFaults, PlcFaults],
    ) -> None:
        self.wires: Wires | None = None
        self.machine, self._whole_plcs = parts
        self._sensors = sensors
        self._timeline = timeline
        self._plcs = plcs
        self._qualified = qualified
        self._standing: dict[str, _Standing] = {}
        self._effects: dict[str, Effect] = {}
        self._lies: dict[str, Lie] = {}
        self._now_ms = 0
        self._phases: tuple[bool, ...] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Every fault that there is now, in the order in which they came."""
        return tuple(standing.fault for standing in self._standing.values())

    def took(self, target: str) -> int:
        """How often the last fault of a target has made a difference: readings, scans, answers, people."""
        return self.counter(target)()

    def counter(self, target: str) -> Callable[[], int]:
        """What counts it, for a fault whose effect comes later than itself: the next customer of a cabin."""
        effect = self._effects.get(target)
        return (lambda: 0) if effect is None else effect.took

    @property
    def changes(self) -> bool:
        """What is shown may change with time alone: something flickers, drifts or lags."""
        return any(lie.moves or lie.fault.period_ms is not None for lie in self._lies.values())

    def due_ms(self) -> int | None:
        """When the first fault ends by itself, in the PLCs' time; None when none does."""
        return min((s.until_ms for s in self._standing.values() if s.until_ms is not None), default=None)

    def inject(self, fault: Fault) -> Fault:
        """Put a fault in, in place of one that its target has; returns it with the point at which it sits.

        Raises:
            FaultRefusedError: there is no such target, or it cannot have such a fault. Nothing has changed then.
        """
        placed, effect = self.prepare(fault)
        self.clear(fault.target)
        effect.begin()
        self._effects[fault.target] = effect
        if effect.end is not None:
            until_ms = None if placed.for_ms is None else self._now_ms + placed.for_ms
            self._standing[fault.target] = _Standing(placed, effect, until_ms)
        self._timeline.touch()
        return placed

    def prepare(self, fault: Fault) -> tuple[Fault, Effect]:
        """What an injection would do, without doing it.

        Raises:
            FaultRefusedError: there is no such target, or it cannot have such a fault.
        """
        check_length(fault)
        point = self._point(fault)
        placed = replace(fault, point=point)
        return placed, self._effect(placed, point)

    def clear(self, target: str) -> bool:
        """Repair a target; False when it had no fault."""
        standing = self._standing.pop(target, None)
        self._lies.pop(target, None)
        if standing is None:
            return False
        if standing.effect.end is not None:
            standing.effect.end()
        self._timeline.touch()
        return True

    def clear_all(self) -> int:
        """Repair everything; how many faults that were."""
        targets = tuple(self._standing)
        for target in targets:
            self.clear(target)
        return len(targets)

    def pass_scan(self, now_ms: int) -> None:
        """The PLCs' time is ``now_ms``: what has lasted long enough is repaired, and what changes is looked at anew."""
        self._now_ms = now_ms
        if not self._standing:
            return
        for target, standing in tuple(self._standing.items()):
            if standing.until_ms is not None and now_ms >= standing.until_ms:
                self.clear(target)
            elif standing.effect.look is not None:
                standing.effect.look(now_ms)
        phases = tuple(lie.is_off() for lie in self._lies.values())
        if phases != self._phases or any(lie.moves for lie in self._lies.values()):
            self._phases = phases
            self._timeline.touch()

    # --- where ----------------------------------------------------------------------------------------------

    def _point(self, fault: Fault) -> FaultPoint:
        points = KINDS[fault.kind].points
        if fault.point is not None:
            is_known = fault.point in points or (fault.point in _SIGNALS and points[0] is not FaultPoint.LINK)
            if not is_known and fault.point is not FaultPoint.PLC:
                text = f"{fault.kind} is no fault of a {fault.point}."
                raise FaultRefusedError("NOT_SUPPORTED", text, f"Leave the point out; it is the {points[0]}.")
            return fault.point
        if points[0] not in _SIGNALS and points[0] is not FaultPoint.PLC:
            return points[0]
        if fault.kind is FaultKind.BAD:
            return FaultPoint.TAG
        if fault.target in self._plcs:
            return FaultPoint.PLC
        if points[0] is FaultPoint.PLC and "." not in fault.target:
            return FaultPoint.PLC
        return FaultPoint.SENSOR if fault.target in self._sensors.paths else FaultPoint.TAG

    def _effect(self, fault: Fault, point: FaultPoint) -> Effect:
        match point:
            case FaultPoint.SENSOR:
                return self._at_sensor(fault)
            case FaultPoint.TAG:
                return self._at_tag(fault)
            case FaultPoint.PLC:
                return self._at_plc(fault)
            case FaultPoint.LINK:
                return self._at_link(fault)
            case FaultPoint.MACHINE | FaultPoint.SITE | FaultPoint.PEOPLE:
                return self.machine.effect(fault)

    def _at_sensor(self, fault: Fault) -> Effect:
        form = self._sensor_form(fault.target)
        if fault.kind is FaultKind.BAD:
            text = "A sensor has no quality; what an OPC UA server shows of it has."
            raise FaultRefusedError("NOT_SUPPORTED", text, "Inject it at the tag.")
        self._refuse_peer(fault)
        tag = self._tag_named(fault.target)
        check(fault, form, tag)
        if fault.kind is FaultKind.SWAPPED:
            return self._swapped(fault, form)
        lie = Lie(fault, form, limits(tag), lambda: self._now_ms)

        def begin() -> None:
            self._lies[fault.target] = lie
            self._sensors.distort(fault.target, lie.distort)

        return Effect(begin, lambda: self._sensors.restore(fault.target), lambda: lie.changed)

    def _sensor_form(self, path: str) -> type[int]:
        if path not in self._sensors.paths:
            text = f"The plant has no sensor {path!r}."
            remedy = "Paths look like lift1.pins_extended or zone1.guards_closed; GET /faults lists them."
            raise FaultRefusedError("UNKNOWN_SENSOR", text, remedy)
        return self._sensors.form(path)

    def _swapped(self, fault: Fault, form: type[int]) -> Effect:
        peer = fault.peer or ""
        if self._sensor_form(peer) is not form or peer == fault.target or peer in self._standing:
            text = f"{fault.target} and {peer} cannot be exchanged."
            raise FaultRefusedError("BAD_FAULT", text, "Name another sensor of the same form that has no fault.")
        swap = Swap()
        lie = Lie(replace(fault, kind=FaultKind.SLOW, period_ms=1), form, limits(None), lambda: self._now_ms)

        def begin() -> None:
            self._lies[fault.target] = lie
            self._sensors.distort(fault.target, swap.distortion(0))
            self._sensors.distort(peer, swap.distortion(1))

        def end() -> None:
            self._sensors.restore(fault.target)
            self._sensors.restore(peer)

        return Effect(begin, end, lambda: swap.changed)

    def _at_tag(self, fault: Fault) -> Effect:
        device, _, name = fault.target.partition(".")
        tag = self._tag_named(fault.target)
        if tag is None:
            text = f"The garage has neither a sensor nor a status tag {fault.target!r}."
            raise FaultRefusedError("UNKNOWN_TARGET", text, "Name a sensor, a status tag or a device.")
        plc = self._plcs[device]
        if fault.kind is FaultKind.BAD:
            return self._bad(fault, plc, name)
        if fault.kind is FaultKind.SWAPPED:
            raise FaultRefusedError("NOT_SUPPORTED", "Only wires of sensors can be exchanged.", "Name a sensor.")
        self._refuse_peer(fault)
        form = _form(tag)
        check(fault, form, tag)
        lie = Lie(fault, form, limits(tag), lambda: self._now_ms)

        def begin() -> None:
            self._lies[fault.target] = lie
            plc.lies[name] = lie.distort

        return Effect(begin, lambda: _forget(plc, name), lambda: lie.changed)

    def _bad(self, fault: Fault, plc: EmulatedPlc, name: str) -> Effect:
        if fault.value is not None or fault.period_ms is not None:
            raise FaultRefusedError("BAD_FAULT", "bad takes neither value nor period.", "Leave them out.")
        if plc.name not in self._qualified:
            text = f"{plc.name} is not read over OPC UA: a register has no quality."
            raise FaultRefusedError("NOT_SUPPORTED", text, "Use stuck for a wrong value or frozen for no new ones.")
        shown = 0

        def look(_now_ms: int) -> None:
            nonlocal shown
            shown += name in plc.bad_tags

        def mark(tags: frozenset[str]) -> None:
            plc.bad_tags = tags

        return Effect(lambda: mark(plc.bad_tags | {name}), lambda: mark(plc.bad_tags - {name}), lambda: shown, look)

    def _at_plc(self, fault: Fault) -> Effect:
        if fault.target in self._plcs and FaultPoint.PLC not in KINDS[fault.kind].points:
            text = f"{fault.target} is a whole PLC: it cannot be {fault.kind}."
            raise FaultRefusedError("NOT_SUPPORTED", text, f"Name a signal of it, as {fault.target}.state.")
        return self._whole_plcs.effect(fault)

    def _at_link(self, fault: Fault) -> Effect:
        if self.wires is None:
            text = "The links of this garage have no wire that could be disturbed."
            raise FaultRefusedError("NOT_SUPPORTED", text, "Use an emulator with sockets, or a campaign.")
        return self.wires.effect(fault)

    @staticmethod
    def _refuse_peer(fault: Fault) -> None:
        if fault.kind is FaultKind.SWAPPED and fault.peer is None:
            raise FaultRefusedError("BAD_FAULT", "swapped needs a peer.", "Name the other sensor.")
        if fault.kind is not FaultKind.SWAPPED and fault.peer is not None:
            raise FaultRefusedError("BAD_FAULT", f"{fault.kind} takes no peer.", "Leave peer out.")

    def _tag_named(self, path: str) -> Tag | None:
        device, _, name = path.partition(".")
        plc = self._plcs.get(device)
        if plc is None or name not in plc.definition.status_index:
            return None
        return plc.definition.tag(name)


def _forget(plc: EmulatedPlc, tag: str) -> None:
    plc.lies.pop(tag, None)


def _form(tag: Tag) -> type[int]:
    if tag.wire is TagType.BOOL:
        return bool
    return int if tag.enum is None else _as_enum(tag.enum)


def _as_enum(enum: type[IntEnum]) -> type[int]:
    return enum
