"""A fast model of the whole machine: what an order does to cabins and movers, in times instead of cycles.

Owns the order in which the steps of a retrieval, a store and a relocation follow each other, as the controller runs
them: claims all at once, a cabin proven empty before the machine enters, movers given back where the core gives them
back. It knows no clock and rolls no dice; a state is a small value that is copied, so that searches can branch.
Must never decide: whoever asks says which order begins, in which cabin, over which route.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from controller.core.order import Leg
from controller.core.route import Route, routes
from controller.garage import Layout, PositionKind, Stop
from controller.planning.people import Visit
from controller.planning.timing import TimingModel, timing_of

Kind = Literal["retrieve", "store"]
KINDS: tuple[Kind, ...] = ("retrieve", "store")
"""What customers want."""

NEVER_S = float("inf")
_WAYS_MAX = 20_000
"""Routes whose times are remembered; they are forgotten when there are more."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the controller may do beside the claims of ADR 0002. All off is the controller as it runs today."""

    fetches_early: bool = False
    """A car may be fetched while its cabin still empties, when the one in the cabin needs no movers any more."""
    overlaps_legs: bool = False
    """On a way over a lift: its platform comes while the first shuttle fetches, the second shuttle is claimed only when
    the car stands on the platform, and the lift is given back when the car has left it (ADR 0030)."""
    turns_waiting_cars: bool = False
    """A stored car that waits in its cabin for movers is turned meanwhile, and need not be when it is fetched."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one customer wants.

    ``place`` is where a retrieved car stands, or where a stored one will be put. ``visit`` are this customer's times.
    ``is_turned`` says that the car stands nose outwards already.
    """

    id: str
    kind: Kind
    place: str
    visit: Visit
    due_s: float = 0.0
    """When the customer asks; nothing happens for them before."""
    is_turned: bool = False
    front: str = ""
    """The occupied place before ``place``: its car must go first. Empty when the way is clear."""
    aside: Route | None = None
    """The way of the car at ``front`` to a place where it is not in the way; None when there is none now."""
    early_s: float = 0.0
    """So long before ``due_s`` it is known that the customer comes, and the car may be fetched; green is at ``due_s``
    at the earliest. 0 for who just comes."""


@dataclass(slots=True)
class MachineState:
    """When each cabin and mover is free, and where each mover then is.

    ``cabin_s`` is ``NEVER_S`` while a stored car waits in the cabin for movers; ``ready_s`` says from when on.
    """

    cabin_s: dict[str, float]
    mover_s: dict[str, float]
    column: dict[str, int]
    level: dict[str, int]
    ready_s: dict[str, float] = field(default_factory=dict)

    def copy(self) -> MachineState:
        """Another state with the same values."""
        return MachineState(
            self.cabin_s.copy(), self.mover_s.copy(), self.column.copy(), self.level.copy(), self.ready_s.copy()
        )


@dataclass(frozen=True, slots=True)
class Served:
    """Moments of one order, in s: when it began, when its customer was served, and when its cabin was free again.

    Served means green to leave with the car (retrieve), or green to drive in (store).
    """

    began_s: float
    served_s: float
    cabin_free_s: float


@dataclass(frozen=True, slots=True)
class _LegTimes:
    """A leg from where shuttle and lifts stand, in s; gaps between commands included."""

    come_s: float
    """From its beginning until the shuttle can pick, the cabin's inner door open; a platform aside."""
    raise_s: float
    """What the platform that it picks from needs to come; 0 without one."""
    pick_s: float
    firm_s: float
    """From picked until the inner door of the cabin ahead may open."""
    there_s: float
    """From picked until the shuttle is at its target."""
    meet_s: float
    """What the platform ahead needs to come; 0 without one."""
    door_s: float
    """What the inner door of the cabin ahead needs; 0 without one."""
    place_s: float
    column: int
    levels: tuple[tuple[str, int], ...]
    """Where the lifts then are."""


_Table = dict[tuple[int, int, int], _LegTimes]
"""Times of one leg, by the shuttle's column and the levels of the lifts at both ends."""


@dataclass(frozen=True, slots=True)
class _Way:
    """A route as it is carried out: its legs with their lifts and tables, and what it claims when it begins."""

    route: Route
    legs: tuple[tuple[Leg, str, str, str, _Table], ...]
    at_once: tuple[str, ...]
    lifts: tuple[str, ...]
    """Those that are given back where the route ends."""


@dataclass(slots=True)
class _Passage:
    """What became of a car's way."""

    picked_s: float
    set_down_s: float


class Machine:
    """The machine of one layout."""

    def __init__(self, layout: Layout, timing: TimingModel | None = None, rules: Rules | None = None) -> None:
        self.layout = layout
        self.timing = timing or timing_of(layout)
        self.rules = rules or Rules()
        self._gap_s = self.timing.gap_s
        self._countdown_s = self.timing.countdown_s
        self._tables: dict[Leg, _Table] = {}
        self._ways: dict[int, _Way] = {}
        self._routes: dict[tuple[str, str], tuple[Route, ...]] = {}
        self._close_s = {cabin: self.timing.close_inner_s(cabin) for cabin in layout.cabins}
        self._inner_s = {cabin: self.timing.open_inner_s(cabin) for cabin in layout.cabins}
        self._opened_s = {cabin: self.timing.presenting_s(cabin, turns=False) for cabin in layout.cabins}
        self._turned_s = {cabin: self.timing.presenting_s(cabin, turns=True) for cabin in layout.cabins}
        self._shut_s = {cabin: self.timing.shutting_s(cabin) for cabin in layout.cabins}
        self._invite_s = {cabin: self._gap_s + self.timing.open_outer_s(cabin) for cabin in layout.cabins}

    def at_rest(self) -> MachineState:
        """Everything free at 0, lifts at their lowest level, shuttles at home."""
        layout = self.layout
        columns = {name: layout.home_column(name) for name in layout.shuttles}
        return MachineState(
            dict.fromkeys(layout.cabins, 0.0),
            dict.fromkeys((*layout.lifts, *layout.shuttles), 0.0),
            {name: min(layout.shuttles[name].columns) if home is None else home for name, home in columns.items()},
            {name: min(lift.levels) for name, lift in layout.lifts.items()},
        )

    # --- what an order does -------------------------------------------------------------------------------------

    def ways(self, source: str, target: str) -> tuple[Route, ...]:
        """The routes between two positions, quickest first."""
        key = (source, target)
        found = self._routes.get(key)
        if found is None:
            found = self._routes[key] = routes(self.layout, source, target)
        return found

    def retrieve(self, state: MachineState, task: Task, cabin: str, route: Route, not_before_s: float = 0.0) -> Served:
        """Begin a retrieval as early as its claims allow, and change ``state`` to what it leaves behind.

        Raises:
            ValueError: a stored car stands in the cabin and waits for movers; it comes first.
        """
        free_s = state.cabin_s[cabin]
        if free_s == NEVER_S:
            raise ValueError(f"{cabin} holds a car that waits for movers")
        begin_s = max(not_before_s, task.due_s - task.early_s, self.movers_free_s(state, route))
        if not self.rules.fetches_early:
            begin_s = max(begin_s, free_s)
        set_down_s = self._carry(state, route, begin_s, free_s).set_down_s
        served_s = set_down_s + (self._opened_s[cabin] if task.is_turned else self._turned_s[cabin])
        if task.early_s:
            served_s = max(served_s, task.due_s)
        gone_s = served_s + task.visit.leave_s
        proven_s = max(gone_s + self._shut_s[cabin], gone_s + task.visit.confirm_out_s) + self._countdown_s
        state.cabin_s[cabin] = proven_s
        return Served(begin_s, served_s, proven_s)

    def invite(self, state: MachineState, task: Task, cabin: str, not_before_s: float = 0.0) -> Served:
        """Let a customer drive in; the car then stands ready at ``state.ready_s`` and waits for ``put``.

        Raises:
            ValueError: a stored car stands in the cabin and waits for movers.
        """
        free_s = state.cabin_s[cabin]
        if free_s == NEVER_S:
            raise ValueError(f"{cabin} holds a car that waits for movers")
        begin_s = max(not_before_s, task.due_s, free_s)
        served_s = begin_s + self._invite_s[cabin]
        inside_s = served_s + task.visit.bring_s
        state.cabin_s[cabin] = NEVER_S
        shut_s = max(self._shut_s[cabin], task.visit.confirm_in_s)
        state.ready_s[cabin] = inside_s + shut_s + self._countdown_s
        return Served(begin_s, served_s, NEVER_S)

    def put(self, state: MachineState, cabin: str, route: Route, not_before_s: float = 0.0) -> Served:
        """Take the car that stands ready in ``cabin`` to its place.

        Raises:
            KeyError: no car stands or is about to stand there.
        """
        begin_s = max(not_before_s, state.ready_s.pop(cabin), self.movers_free_s(state, route))
        passage = self._carry(state, route, begin_s, 0.0)
        state.cabin_s[cabin] = passage.picked_s + self._gap_s / 2 + self._close_s[cabin]
        return Served(begin_s, passage.set_down_s, state.cabin_s[cabin])

    def relocate(self, state: MachineState, route: Route, not_before_s: float = 0.0) -> Served:
        """Carry a car from place to place."""
        begin_s = max(not_before_s, self.movers_free_s(state, route))
        return Served(begin_s, self._carry(state, route, begin_s, 0.0).set_down_s, NEVER_S)

    def claims_at_once(self, route: Route) -> tuple[str, ...]:
        """The movers that must be free when a way begins: all, or those of its first leg (``overlaps_legs``)."""
        return self._way(route).at_once

    def movers_free_s(self, state: MachineState, route: Route) -> float:
        """From when on every mover that a route claims at its beginning is free."""
        mover_s = state.mover_s
        return max([mover_s[name] for name in self._way(route).at_once])

    # --- ways ---------------------------------------------------------------------------------------------------

    def _carry(self, state: MachineState, route: Route, begin_s: float, cabin_free_s: float) -> _Passage:
        """Carry a car over a route, and give its movers back: shuttles where their leg ends, lifts where they may."""
        first_picked_s = -1.0
        leg_s, mover_s = begin_s, state.mover_s
        overlaps = self.rules.overlaps_legs
        way = self._way(route)
        for leg, shuttle, lift_from, lift_to, table in way.legs:
            key = (state.column[shuttle], state.level.get(lift_from, 0), state.level.get(lift_to, 0))
            times = table.get(key)
            if times is None:
                times = table[key] = self._leg_times(state, leg)
            claimed_s = max(leg_s, mover_s[shuttle]) if overlaps else leg_s
            picked_s = claimed_s + times.come_s
            if times.raise_s:
                picked_s = max(picked_s, leg_s + times.raise_s)
            picked_s += times.pick_s
            if lift_from and overlaps:
                mover_s[lift_from] = picked_s
            there_s = picked_s + times.there_s
            if times.meet_s:
                there_s = max(there_s, (leg_s if overlaps else picked_s) + times.meet_s)
            if times.door_s:
                there_s = max(there_s, max(picked_s + times.firm_s, cabin_free_s) + times.door_s)
            if first_picked_s < 0:
                first_picked_s = picked_s
            leg_s = there_s + times.place_s
            mover_s[shuttle] = leg_s
            state.column[shuttle] = times.column
            for lift, level in times.levels:
                state.level[lift] = level
        for lift in way.lifts:
            mover_s[lift] = leg_s
        return _Passage(first_picked_s, leg_s)

    def _way(self, route: Route) -> _Way:
        way = self._ways.get(id(route))
        if way is None or way.route is not route:
            if len(self._ways) >= _WAYS_MAX:
                self._ways.clear()
                self._tables.clear()
            way = self._ways[id(route)] = self._new_way(route)
        return way

    def _new_way(self, route: Route) -> _Way:
        legs = []
        for leg in route.legs:
            both = self._lift_at(leg.shuttle, leg.source), self._lift_at(leg.shuttle, leg.target)
            legs.append((leg, leg.shuttle, *both, self._tables.setdefault(leg, {})))
        late = {route.legs[-1].shuttle} if self.rules.overlaps_legs and len(route.legs) > 1 else frozenset[str]()
        left = {lift_from for _, _, lift_from, _, _ in legs} if late else frozenset[str]()
        lifts = tuple(sorted(route.movers - left - self.layout.shuttles.keys()))
        return _Way(route, tuple(legs), tuple(sorted(route.movers - late)), lifts)

    def _lift_at(self, shuttle: str, position: str) -> str:
        """The lift that takes part when a shuttle comes to a position: its own, or the one of a platform."""
        shape = self.layout.positions[position]
        return self.layout.shuttles[shuttle].lift or (shape.owner if shape.kind is PositionKind.PLATFORM else "")

    def _leg_times(self, state: MachineState, leg: Leg) -> _LegTimes:
        trial = state.copy()
        gap_s, timing = self._gap_s, self.timing
        firm_s, come_s, raise_s = self._reach(trial, leg.shuttle, leg.source)
        source = self.layout.positions[leg.source]
        if source.kind is PositionKind.CABIN:
            come_s = max(come_s, firm_s + self._inner_s[source.owner] + gap_s)
        firm_s, there_s, meet_s = self._reach(trial, leg.shuttle, leg.target)
        target = self.layout.positions[leg.target]
        door_s = self._inner_s[target.owner] + gap_s if target.kind is PositionKind.CABIN else 0.0
        return _LegTimes(
            gap_s + come_s,
            gap_s + raise_s if raise_s else 0.0,
            timing.transfer_s(leg.shuttle, leg.source),
            gap_s + firm_s,
            gap_s + there_s,
            gap_s + meet_s if meet_s else 0.0,
            door_s,
            timing.transfer_s(leg.shuttle, leg.target),
            trial.column[leg.shuttle],
            tuple((lift, level) for lift, level in trial.level.items() if level != state.level[lift]),
        )

    def _reach(self, state: MachineState, shuttle: str, position: str) -> tuple[float, float, float]:
        """A shuttle to a stop: its lift is locked after, it is there after, the platform is there after so many s."""
        stop = self.layout.stop(shuttle, position)
        shape = self.layout.positions[position]
        if stop is None or shape.kind is PositionKind.DECK:
            return 0.0, 0.0, 0.0
        lift = self.layout.shuttles[shuttle].lift
        if lift is not None:
            return *self._ride(state, shuttle, lift, stop), 0.0
        there_s = self._along(state, shuttle, stop.column)
        is_met = shape.kind is PositionKind.PLATFORM and stop.level is not None
        return 0.0, there_s, self._hoist(state, shape.owner, stop.level or 0) if is_met else 0.0

    def _ride(self, state: MachineState, shuttle: str, lift: str, stop: Stop) -> tuple[float, float]:
        """A shuttle that rides: dock, lift, column. When the lift is locked, and when it has arrived."""
        now_s = 0.0
        if stop.level is not None and state.level[lift] != stop.level:
            now_s = self._along(state, shuttle, self.layout.lifts[lift].column)
            now_s += self._hoist(state, lift, stop.level)
        return now_s, now_s + self._along(state, shuttle, stop.column)

    def _along(self, state: MachineState, shuttle: str, column: int) -> float:
        start = state.column[shuttle]
        state.column[shuttle] = column
        if start == column:
            return 0.0
        return self.timing.column_s(shuttle, self.layout.column_at[start], column) + self._gap_s

    def _hoist(self, state: MachineState, lift: str, level: int) -> float:
        start = state.level[lift]
        state.level[lift] = level
        if start == level:
            return 0.0
        return self.timing.hoist_s(lift, self.layout.level_height_mm[start], level) + self._gap_s
