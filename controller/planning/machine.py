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


@dataclass(frozen=True, slots=True)
class Rules:
    """What the controller may do beside the claims of ADR 0002. All off is the controller as it runs today."""

    fetches_early: bool = False
    """A car may be fetched while its cabin still empties, when the one in the cabin needs no movers any more."""


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


@dataclass(slots=True)
class _Passage:
    """A car on its way: where time has got to, and what its cabin allows."""

    now_s: float
    cabin_free_s: float
    picked_s: float = 0.0


class Machine:
    """The machine of one layout."""

    def __init__(self, layout: Layout, timing: TimingModel | None = None, rules: Rules | None = None) -> None:
        self.layout = layout
        self.timing = timing or timing_of(layout)
        self.rules = rules or Rules()
        self._gap_s = self.timing.gap_s
        self._countdown_s = self.timing.countdown_s
        self._columns: dict[tuple[str, int, int], float] = {}
        self._lifts: dict[tuple[str, int, int], float] = {}
        self._transfers: dict[tuple[str, str], float] = {}
        self._routes: dict[tuple[str, str], tuple[Route, ...]] = {}
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
        begin_s = max(not_before_s, task.due_s, self.movers_free_s(state, route))
        if not self.rules.fetches_early:
            begin_s = max(begin_s, free_s)
        passage = _Passage(begin_s, free_s)
        self._carry(state, route, passage)
        self._release(state, route, passage.now_s)
        steps_s = self._opened_s[cabin] if task.is_turned else self._turned_s[cabin]
        served_s = passage.now_s + steps_s
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
        passage = _Passage(begin_s, 0.0)
        self._carry(state, route, passage)
        self._release(state, route, passage.now_s)
        state.cabin_s[cabin] = passage.picked_s + self._gap_s / 2 + self.timing.close_inner_s(cabin)
        return Served(begin_s, passage.now_s, state.cabin_s[cabin])

    def relocate(self, state: MachineState, route: Route, not_before_s: float = 0.0) -> Served:
        """Carry a car from place to place."""
        begin_s = max(not_before_s, self.movers_free_s(state, route))
        passage = _Passage(begin_s, 0.0)
        self._carry(state, route, passage)
        self._release(state, route, passage.now_s)
        return Served(begin_s, passage.now_s, NEVER_S)

    def movers_free_s(self, state: MachineState, route: Route) -> float:
        """From when on every mover of a route is free."""
        return max(state.mover_s[name] for name in route.movers)

    def _release(self, state: MachineState, route: Route, end_s: float) -> None:
        last = {route.legs[-1].shuttle, self.layout.shuttles[route.legs[-1].shuttle].lift}
        for name in route.movers:
            if name in last or name not in self.layout.shuttles:
                state.mover_s[name] = end_s

    # --- ways ---------------------------------------------------------------------------------------------------

    def _carry(self, state: MachineState, route: Route, passage: _Passage) -> None:
        for leg in route.legs:
            passage.now_s += self._gap_s
            self._reach(state, leg, leg.source, passage)
            passage.now_s += self._transfer(leg.shuttle, leg.source)
            if leg is route.legs[0]:
                passage.picked_s = passage.now_s
            passage.now_s += self._gap_s
            self._reach(state, leg, leg.target, passage)
            passage.now_s += self._transfer(leg.shuttle, leg.target)
            state.mover_s[leg.shuttle] = passage.now_s

    def _reach(self, state: MachineState, leg: Leg, position: str, passage: _Passage) -> None:
        """Shuttle to the stop, lift to the level, inner door open; each as early as the core begins it."""
        stop = self.layout.stop(leg.shuttle, position)
        shape = self.layout.positions[position]
        if stop is None or shape.kind is PositionKind.DECK:
            return
        lift = self.layout.shuttles[leg.shuttle].lift
        begin_s, firm_s = passage.now_s, passage.now_s
        if lift is None:
            there_s = begin_s + self._along(state, leg.shuttle, stop.column)
            if shape.kind is PositionKind.PLATFORM and stop.level is not None:
                there_s = max(there_s, begin_s + self._hoist(state, shape.owner, stop.level))
        else:
            firm_s, there_s = self._ride(state, leg.shuttle, lift, stop, begin_s)
        if shape.kind is PositionKind.CABIN:
            door_s = max(firm_s, passage.cabin_free_s) + self._inner_s[shape.owner]
            there_s = max(there_s, door_s + self._gap_s)
        passage.now_s = there_s

    def _ride(self, state: MachineState, shuttle: str, lift: str, stop: Stop, begin_s: float) -> tuple[float, float]:
        """A shuttle that rides: dock, lift, column. When the lift is locked, and when it has arrived."""
        now_s = begin_s
        if stop.level is not None and state.level[lift] != stop.level:
            home = self.layout.lifts[lift].column
            now_s += self._along(state, shuttle, home)
            now_s += self._hoist(state, lift, stop.level)
        return now_s, now_s + self._along(state, shuttle, stop.column)

    def _along(self, state: MachineState, shuttle: str, column: int) -> float:
        start = state.column[shuttle]
        if start == column:
            return 0.0
        state.column[shuttle] = column
        key = (shuttle, start, column)
        found = self._columns.get(key)
        if found is None:
            at = self.layout.column_at[start]
            found = self._columns[key] = self.timing.column_s(shuttle, at, column) + self._gap_s
        return found

    def _hoist(self, state: MachineState, lift: str, level: int) -> float:
        start = state.level[lift]
        if start == level:
            return 0.0
        state.level[lift] = level
        key = (lift, start, level)
        found = self._lifts.get(key)
        if found is None:
            height_mm = self.layout.level_height_mm[start]
            found = self._lifts[key] = self.timing.hoist_s(lift, height_mm, level) + self._gap_s
        return found

    def _transfer(self, shuttle: str, position: str) -> float:
        key = (shuttle, position)
        found = self._transfers.get(key)
        if found is None:
            found = self._transfers[key] = self.timing.transfer_s(shuttle, position)
        return found
