"""What is under way and when it will be over: of every running order, and of the cabins and movers that it holds.

Owns the arithmetic from readings, books and the timing model to expected times, in seconds from now. They run down as
time passes, and what is overdue is expected at any moment. Must never change state, and never promise: people take as
long as they take, and what waits for a person has no time at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.core import cabin_phase as phases
from controller.core.booking_hold import shut_for_s
from controller.core.cabin_reading import is_inner_shut
from controller.core.follower import is_following
from controller.core.order import Leg, Order, OrderState
from controller.core.situation import Situation
from controller.garage import PositionKind, Stop
from controller.planning.machine import NEVER_S, MachineState
from controller.planning.people import DRIVE_IN_S, Visit, expected_visit
from controller.planning.timing import TimingModel, timing_of
from plc_drivers.contract import CommandCode

PRIOR_COUNT = 5
"""The figures of the configuration count as much as so many observations."""
SOON_S = 1.0
"""What has not ended when it was expected to is expected to end this much later."""

_OUT = (phases.LEAVING, phases.CLOSING, phases.CONFIRMING)
_IN = (phases.INVITING, phases.POSITIONING, phases.STEPPING_OUT, phases.SECURING, phases.CHECKING)
_TAKES_OUT = (phases.OPENING, phases.TURNING_ROUND, phases.READY)
"""Phases from which a stored car goes into its place."""
_BACK_OUT = (phases.REJECTING, phases.CLOSING, phases.CONFIRMING)
_COURSES = {
    **{phase: _OUT[index:] for index, phase in enumerate(_OUT)},
    **{phase: _IN[index:] for index, phase in enumerate(_IN)},
    phases.REJECTING: _BACK_OUT,
}
"""What is still to come in a cabin, from a phase of people on."""


@dataclass(slots=True)
class Outlook:
    """When cabins and movers are free again, which stored cars stand or will stand in cabins, and when each running
    order reaches its goal: green for the driver of a fetched car, the place for a stored one.

    An order without an entry in ``goal_s`` has no time that could be told.
    """

    state: MachineState
    stored: dict[str, Order] = field(default_factory=dict)
    goal_s: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Way:
    """What is left of an order's way: when the car is picked up, when it is there, and when each mover is free."""

    picked_s: float = 0.0
    there_s: float = 0.0
    mover_s: dict[str, float] = field(default_factory=dict)


def outlook(situation: Situation) -> Outlook:
    """What is expected of everything that is under way."""
    return _Looker(situation).look()


def people_s(situation: Situation, cabin: str) -> float:
    """Until people have no business in a cabin any more and it is proven so; 0 when they have none now (H02)."""
    use = situation.state.cabin(cabin)
    course = _COURSES.get(use.phase, ())
    if not course:
        return 0.0
    durations = durations_s(situation, cabin)
    elapsed_s = 0.0 if use.entered_ms is None else (situation.now.mono_ms - use.entered_ms) / 1000
    return max(durations[course[0]] - elapsed_s, SOON_S) + sum(durations[phase] for phase in course[1:])


def phase_s(situation: Situation, cabin: str, phase: str) -> float:
    """How long a phase of a cabin is expected to last."""
    timing = timing_of(situation.layout)
    if phase == phases.OPENING:
        return timing.gap_s + timing.open_outer_s(cabin)
    if phase == phases.TURNING:
        return timing.presenting_s(cabin, turns=True)
    return durations_s(situation, cabin).get(phase, 0.0)


def leaving_s(situation: Situation, cabin: str) -> float:
    """From green for a driver who leaves until the cabin is proven empty."""
    durations = durations_s(situation, cabin)
    return sum(durations[phase] for phase in _OUT)


def bringing_s(situation: Situation, cabin: str) -> float:
    """From green for a driver who comes until the car stands ready for the machine."""
    durations = durations_s(situation, cabin)
    return sum(durations[phase] for phase in _IN)


def durations_s(situation: Situation, cabin: str) -> dict[str, float]:
    """Seconds of each phase of people: by the garage's figures, and by what was seen the more often it was."""
    found = _configured_s(timing_of(situation.layout), expected_visit(situation.config), cabin)
    for phase, seen in situation.state.calibration.phases.items():
        if phase in found:
            found[phase] = (PRIOR_COUNT * found[phase] + seen.count * seen.mean) / (PRIOR_COUNT + seen.count)
    return found


def _configured_s(timing: TimingModel, visit: Visit, cabin: str) -> dict[str, float]:
    shut_s, countdown_s = timing.shutting_s(cabin), timing.countdown_s
    return {
        phases.LEAVING: visit.leave_s,
        phases.REJECTING: visit.leave_s,
        phases.CLOSING: shut_s,
        phases.CONFIRMING: max(0.0, visit.confirm_out_s - shut_s) + countdown_s,
        phases.INVITING: DRIVE_IN_S / 2,
        phases.POSITIONING: DRIVE_IN_S / 2,
        phases.STEPPING_OUT: visit.bring_s - DRIVE_IN_S,
        phases.SECURING: shut_s,
        phases.CHECKING: max(0.0, visit.confirm_in_s - shut_s) + countdown_s,
    }


def left_s(situation: Situation, device: str) -> float:
    """Until the command under way at a device has ended; 0 when none is."""
    pending = situation.state.mailbox(device).pending
    if pending is None:
        return 0.0
    begun_ms = situation.now.mono_ms if pending.released_ms is None else pending.released_ms
    known = situation.state.calibration.moves.get(f"{device} {pending.code.name}")
    ratio = 1.0 if known is None else (PRIOR_COUNT + known.count * known.mean) / (PRIOR_COUNT + known.count)
    return max(
        (pending.expected_ms * ratio - (situation.now.mono_ms - begun_ms)) / 1000, SOON_S if pending.answered else 0.0
    )


def _is_to_claim(order: Order) -> bool:
    return any(leg.shuttle not in order.claims for leg in order.legs[order.legs_done :])


class _Looker:
    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._layout = situation.layout
        self._timing = timing_of(situation.layout)

    def look(self) -> Outlook:
        layout = self._layout
        state = MachineState(
            dict.fromkeys(layout.cabins, 0.0),
            {name: left_s(self._situation, name) for name in (*layout.lifts, *layout.shuttles)},
            {name: self._column(name) for name in layout.shuttles},
            {name: self._level(name) for name in layout.lifts},
        )
        found = Outlook(state)
        running = [order for order in self._situation.state.open_orders() if order.state is not OrderState.WAITING]
        # Who waits before a cabin comes after the one who is in it, who waits for a shuttle after the one who has it.
        for order in sorted(running, key=lambda order: (is_following(self._situation, order), _is_to_claim(order))):
            self._look_at(order, found)
        return found

    def _look_at_follower(self, order: Order, cabin: str, way: _Way, found: Outlook) -> None:
        """A car that was fetched before its cabin was free: it is set down when that has emptied and opened."""
        shuttle, bay = order.legs[-1].shuttle, self._layout.cabins[cabin].position
        door_s = self._timing.open_inner_s(cabin) + self._timing.gap_s
        place_s = self._timing.transfer_s(shuttle, bay)
        there_s = max(way.there_s, found.state.cabin_s[cabin] + door_s + place_s)
        for mover in way.mover_s:
            found.state.mover_s[mover] = max(found.state.mover_s[mover], there_s)
        served_s = there_s + self._presenting_s(order, cabin, phases.RESERVED)
        found.goal_s[order.id] = served_s
        found.state.cabin_s[cabin] = served_s + leaving_s(self._situation, cabin)

    # --- orders ------------------------------------------------------------------------------------------------

    def _look_at(self, order: Order, found: Outlook) -> None:
        way = self._way(order, found.state.mover_s)
        for mover, free_s in way.mover_s.items():
            found.state.mover_s[mover] = max(found.state.mover_s[mover], free_s)
        self._stand(order, found.state)
        cabin = order.cabin
        if cabin is not None and is_following(self._situation, order):
            self._look_at_follower(order, cabin, way, found)
            return
        if cabin is None or self._situation.state.cabin(cabin).order != order.id:
            found.goal_s[order.id] = way.there_s
            return
        phase = self._situation.state.cabin(cabin).phase
        if order.kind == "retrieve" and not order.withdrawal and phase not in _COURSES:
            served_s = way.there_s + self._presenting_s(order, cabin, phase)
            shut_s = shut_for_s(self._situation, order)
            if shut_s:
                served_s = max(served_s, shut_s + phase_s(self._situation, cabin, phases.OPENING))
            found.goal_s[order.id] = served_s
            found.state.cabin_s[cabin] = served_s + leaving_s(self._situation, cabin)
            return
        self._look_into(order, cabin, way, found)

    def _look_into(self, order: Order, cabin: str, way: _Way, found: Outlook) -> None:
        """A cabin in which people are, or in which a car stands that goes into a place."""
        phase = self._situation.state.cabin(cabin).phase
        people = people_s(self._situation, cabin)
        if phase == phases.OPENING:
            people = self._opening_s(cabin) + bringing_s(self._situation, cabin)
        elif phase == phases.TURNING_ROUND:
            people = left_s(self._situation, cabin)
        goes_in = phase in (*_IN, *_TAKES_OUT) and not (order.kind == "store" and order.withdrawal)
        if goes_in and not order.legs:
            found.state.cabin_s[cabin] = NEVER_S
            found.state.ready_s[cabin] = people
            found.stored[cabin] = order
        elif goes_in or order.legs_done < len(order.legs):
            found.state.cabin_s[cabin] = way.picked_s + self._timing.gap_s / 2 + self._shut_inner_s(cabin)
            found.goal_s[order.id] = way.there_s
        else:
            found.state.cabin_s[cabin] = people
            found.goal_s[order.id] = people

    def _stand(self, order: Order, state: MachineState) -> None:
        """Where the movers of an order will stand when it gives them back."""
        for leg in order.legs[order.legs_done :]:
            for position in (leg.source, leg.target):
                stop = self._layout.stop(leg.shuttle, position)
                if stop is not None:
                    state.column[leg.shuttle] = stop.column
                    lift = self._lift_of(leg, position)
                    if lift is not None and stop.level is not None:
                        state.level[lift] = stop.level

    def _lift_of(self, leg: Leg, position: str) -> str | None:
        shape = self._layout.positions[position]
        return shape.owner if shape.kind is PositionKind.PLATFORM else self._layout.shuttles[leg.shuttle].lift

    # --- ways --------------------------------------------------------------------------------------------------

    def _way(self, order: Order, mover_s: Mapping[str, float]) -> _Way:
        """What is left of the way; a shuttle that is claimed late comes when it is free (ADR 0033)."""
        way, timing = _Way(), self._timing
        position = self._situation.state.vehicles[order.vehicle].position
        left = order.legs[order.legs_done :]
        for number, leg in enumerate(left):
            deck = self._layout.shuttles[leg.shuttle].deck
            if leg.shuttle not in order.claims:
                way.there_s = max(way.there_s, mover_s[leg.shuttle])
            if number or position != deck:
                begun_s = way.there_s
                way.there_s += self._reach_s(leg.shuttle, leg.source, left[number - 1] if number else None)
                way.there_s += self._strokes_s(leg.shuttle, leg.source, is_now=number == 0)
                if number == 0:
                    way.picked_s = way.there_s
                if (lift := self._lift_of(leg, leg.source)) is not None:
                    way.mover_s[lift] = way.there_s
                source, target = (self._layout.stop(leg.shuttle, end) for end in (leg.source, leg.target))
                way.there_s += timing.gap_s + max(timing.travel_s(leg.shuttle, source, target), self._door_s(leg))
                way.there_s = max(way.there_s, begun_s + self._meet_s(leg))
                way.there_s += timing.transfer_s(leg.shuttle, leg.target)
            else:
                way.there_s += self._reach_s(leg.shuttle, leg.target, None)
                way.there_s += self._strokes_s(leg.shuttle, leg.target, is_now=True)
            way.mover_s[leg.shuttle] = way.there_s
            if (lift := self._lift_of(leg, leg.target)) is not None:
                way.mover_s[lift] = way.there_s
        movers = order.claims & (self._layout.lifts.keys() | self._layout.shuttles.keys())
        way.mover_s |= {mover: max(way.mover_s.get(mover, 0.0), SOON_S if not left else 0.0) for mover in movers}
        return way

    def _meet_s(self, leg: Leg) -> float:
        """Until the platform to which a leg goes has come, on its way from the beginning of the leg; 0 without one."""
        shape, stop = self._layout.positions[leg.target], self._layout.stop(leg.shuttle, leg.target)
        if shape.kind is not PositionKind.PLATFORM or stop is None or stop.level is None:
            return 0.0
        return self._hoist_s(shape.owner, stop.level) + self._timing.gap_s

    def _door_s(self, leg: Leg) -> float:
        """A leg into a cabin waits for the inner door, which opens while the shuttle goes along its level."""
        shape = self._layout.positions[leg.target]
        if shape.kind is not PositionKind.CABIN or self._situation.value(shape.owner, "inner_open") is True:
            return 0.0
        return self._timing.open_inner_s(shape.owner) + self._timing.gap_s

    def _strokes_s(self, shuttle: str, position: str, *, is_now: bool) -> float:
        pending = self._situation.state.mailbox(shuttle).pending
        if is_now and pending is not None and pending.code is not CommandCode.MOVE_TO_COLUMN:
            return left_s(self._situation, shuttle)
        return self._timing.transfer_s(shuttle, position)

    def _reach_s(self, shuttle: str, position: str, before: Leg | None) -> float:
        """Until the transfer at a position can begin: shuttle, lift and inner door are where they must be."""
        stop, shape = self._layout.stop(shuttle, position), self._layout.positions[position]
        pending = self._situation.state.mailbox(shuttle).pending
        is_transferring = pending is not None and pending.code is not CommandCode.MOVE_TO_COLUMN
        if stop is None or (before is None and is_transferring):
            return 0.0
        lift = self._layout.shuttles[shuttle].lift
        if lift is None:
            there_s = self._along_s(shuttle, stop)
            if shape.kind is PositionKind.PLATFORM and stop.level is not None:
                there_s = max(there_s, self._platform_s(shape.owner, stop.level, before))
        else:
            there_s = self._ride_s(shuttle, lift, stop)
        if shape.kind is PositionKind.CABIN and self._situation.value(shape.owner, "inner_open") is not True:
            at_level = lift is None or self._is_firm(lift, stop.level)
            door_s = left_s(self._situation, shape.owner) or self._timing.open_inner_s(shape.owner)
            there_s = max(there_s, door_s) if at_level else there_s + door_s
        return there_s + self._timing.gap_s

    def _along_s(self, shuttle: str, stop: Stop) -> float:
        return left_s(self._situation, shuttle) + self._timing.column_s(shuttle, self._along(shuttle), stop.column)

    def _platform_s(self, lift: str, level: int, before: Leg | None) -> float:
        """Until a platform stands locked at a level; after another leg it comes from where that one left it."""
        last = None if before is None else self._layout.stop(before.shuttle, before.target)
        if last is not None and last.level is not None:
            return self._timing.hoist_s(lift, self._layout.level_height_mm[last.level], level)
        return self._hoist_s(lift, level)

    def _ride_s(self, shuttle: str, lift: str, stop: Stop) -> float:
        """Back to the dock, up or down, and out, of which a part may be done already."""
        home, level = self._layout.home_column(shuttle), stop.level
        if home is None or level is None or self._is_firm(lift, level):
            return self._along_s(shuttle, stop)
        back_s = left_s(self._situation, shuttle) + self._timing.column_s(shuttle, self._along(shuttle), home)
        out_s = self._timing.column_s(shuttle, self._layout.column_at[home], stop.column)
        return back_s + self._hoist_s(lift, level) + out_s

    def _hoist_s(self, lift: str, level: int) -> float:
        """Until a lift stands locked at a level."""
        if self._is_firm(lift, level):
            return 0.0
        timing, pending = self._timing, self._situation.state.mailbox(lift).pending
        height_mm = self._height_mm(lift)
        left = left_s(self._situation, lift)
        travel_s = timing.level_s(lift, height_mm, level)
        if not travel_s:
            return left if pending is not None and pending.code is CommandCode.LOCK else left + timing.lock_s(lift)
        is_free = self._situation.value(lift, "pins_retracted") is True or (
            pending is not None and pending.code is CommandCode.UNLOCK
        )
        return left + (0.0 if is_free else timing.lock_s(lift)) + travel_s + timing.lock_s(lift)

    # --- where movers are --------------------------------------------------------------------------------------

    def _is_firm(self, lift: str, level: int | None) -> bool:
        no_command = self._situation.state.mailbox(lift).pending is None
        return level is not None and no_command and self._situation.is_locked_at(lift, level)

    def _along(self, shuttle: str) -> float:
        """Where a shuttle stands, or will stand when its command has ended."""
        pending, column_at = self._situation.state.mailbox(shuttle).pending, self._layout.column_at
        if pending is not None and pending.code is CommandCode.MOVE_TO_COLUMN and pending.arg1 in column_at:
            return column_at[pending.arg1]
        position = self._situation.value(shuttle, "position")
        return float(column_at[self._resting_column(shuttle)] if position is None else position)

    def _height_mm(self, lift: str) -> float:
        pending, heights = self._situation.state.mailbox(lift).pending, self._layout.level_height_mm
        if pending is not None and pending.code is CommandCode.MOVE_TO_LEVEL and pending.arg1 in heights:
            return heights[pending.arg1]
        height = self._situation.value(lift, "position_mm")
        return float(heights[min(self._layout.lifts[lift].levels)] if height is None else height)

    def _resting_column(self, shuttle: str) -> int:
        home = self._layout.home_column(shuttle)
        return min(self._layout.shuttles[shuttle].columns) if home is None else home

    def _column(self, shuttle: str) -> int:
        at, column_at = self._along(shuttle), self._layout.column_at
        columns = {*self._layout.shuttles[shuttle].columns, self._resting_column(shuttle)}
        return min(sorted(columns), key=lambda column: abs(column_at[column] - at))

    def _level(self, lift: str) -> int:
        at, heights = self._height_mm(lift), self._layout.level_height_mm
        return min(self._layout.lifts[lift].levels, key=lambda level: abs(heights[level] - at))

    # --- cabins ------------------------------------------------------------------------------------------------

    def _opening_s(self, cabin: str) -> float:
        pending = self._situation.state.mailbox(cabin).pending
        if pending is not None and pending.code is CommandCode.OPEN_OUTER_DOOR:
            return left_s(self._situation, cabin)
        return self._timing.open_outer_s(cabin) + self._timing.gap_s

    def _shut_inner_s(self, cabin: str) -> float:
        if is_inner_shut(self._situation, cabin):
            return 0.0
        pending = self._situation.state.mailbox(cabin).pending
        if pending is not None and pending.code is CommandCode.CLOSE_INNER_DOOR:
            return left_s(self._situation, cabin)
        return self._timing.close_inner_s(cabin)

    def _presenting_s(self, order: Order, cabin: str, phase: str) -> float:
        """From a car set down in a cabin to green for its driver, less what has been done of it."""
        if phase == phases.OPENING:
            return self._opening_s(cabin)
        heading, shape = self._situation.state.vehicles[order.vehicle].heading, self._layout.cabins[cabin]
        if phase != phases.TURNING:
            return self._timing.presenting_s(cabin, turns=heading is not shape.side)
        shut_s = self._shut_inner_s(cabin)
        turn_s = 0.0
        if shape.turntable and heading is not shape.side:
            pending = self._situation.state.mailbox(cabin).pending
            is_turning = pending is not None and pending.code is CommandCode.ROTATE
            turn_s = left_s(self._situation, cabin) if is_turning else self._timing.rotate_s(cabin)
        return sum(step + self._timing.gap_s for step in (shut_s, turn_s, self._opening_s(cabin)) if step)
