"""Intervals of the forecast on the fast model: of those that are to hold nine times in ten, nine in ten do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core.calibration import Calibration
from controller.core.forecast import LEAST_HALF_S, Z90
from controller.core.order import Promise
from controller.garage import Layout
from controller.planning.calibrated import CalibratedTiming
from controller.planning.day import Begin, Day, View
from controller.planning.forecast import Errors, Moment, Spread, Wish, forecast
from controller.planning.machine import Machine, MachineState, Rules
from controller.planning.peers import nearest_place
from controller.planning.people import expected_visit
from controller.planning.planner import planner
from controller.planning.search import Effort
from controller.planning.timing import TimingModel
from tests.controller.planning.random_demand import demand_of

CONFIG = Path(__file__).parent.parent.parent.parent / "config"
QUICK = Effort(beam=1, nodes_max=0)
LEARNING = 40
"""Promises before the share is looked at."""


class Promising:
    """The planner, and beside it what each customer is promised when they ask."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.machines = (Machine(machine.layout), machine)
        self.policy = planner(effort=QUICK)
        self.promises: dict[str, Promise] = {}
        self.learned = Calibration()
        self.within: list[bool] = []
        self.widths_s: list[float] = []
        self.day: Day | None = None
        self.seen = 0

    def decide(self, view: View) -> Begin | None:
        assert self.day is not None
        for outcome in list(self.day.result.outcomes):
            if outcome.served_s <= view.now_s and outcome.order in self.promises:
                promise, at_ms = self.promises.pop(outcome.order), round(1000 * outcome.served_s)
                self.within.append(promise.early_ms <= at_ms <= promise.late_ms)
                self.learned.served(promise, at_ms)
        new = [waiting for waiting in view.waiting if int(waiting.task.id[1:]) >= self.seen]
        if new:
            self.seen = max(int(waiting.task.id[1:]) for waiting in new) + 1
            self.promise(view, [waiting.task.id for waiting in new])
        return self.policy.decide(view)

    def promise(self, view: View, orders: list[str]) -> None:
        now_s, layout = view.now_s, self.machine.layout
        errors, visit = Errors(), expected_visit(layout.config)
        place = nearest_place(view, next(iter(layout.cabins.values())).position) or ""
        cabins = tuple(layout.cabins)
        wishes = [
            Wish(w.task.id, w.task.kind, w.task.place or place, cabins, is_turned=w.task.is_turned)
            for w in view.waiting
        ]
        stored = {c: Wish(w.task.id, "store", w.task.place, (c,)) for c, w in view.pending.items()}
        state = shifted(view.state, now_s)
        busy = {c: errors.leave_s2 for c, free_s in state.cabin_s.items() if free_s > 0}
        moment = Moment(state, Spread(busy, {}), wishes, stored)
        found = forecast(self.machines, moment, visit, errors)
        for order in orders:
            one = found[order]
            half_s = max(Z90 * sqrt(one.served_s2), LEAST_HALF_S)
            early_s, late_s = one.served_s - half_s * self.learned.early, one.served_s + half_s * self.learned.late
            self.widths_s.append(late_s - early_s)
            times = (one.served_s, max(early_s, 0.0), late_s)
            self.promises[order] = Promise(*(round(1000 * (now_s + s)) for s in times))


def shifted(state: MachineState, now_s: float) -> MachineState:
    """The same, with times that count from ``now_s``."""
    cabin, mover, ready = (
        {name: at_s - now_s for name, at_s in times.items()} for times in (state.cabin_s, state.mover_s, state.ready_s)
    )
    return MachineState(cabin, mover, dict(state.column), dict(state.level), ready)


def test_nine_of_ten_intervals_hold_and_they_are_narrower_than_the_waits(
    record_property: Callable[[str, object], None],
) -> None:
    machine = Machine(Layout(load_config(CONFIG / "tower-guangzhou.toml")), rules=Rules(fetches_early=True))
    policy = Promising(machine)
    demand, stock = demand_of(machine, 5, 440, 110.0)
    policy.day = Day(machine, policy, demand, stock)
    result = policy.day.run()
    assert result.unserved == 0
    held = policy.within[LEARNING:]
    share = sum(held) / len(held)
    mean_width_s = sum(policy.widths_s) / len(policy.widths_s)
    record_property(
        "figures", f"{share:.3f} of {len(held)}, {mean_width_s:.0f} s wide, {result.mean_wait_s:.0f} s wait"
    )
    assert len(held) > 350
    assert 0.87 <= share <= 0.94
    assert mean_width_s < 1.2 * result.mean_wait_s


def test_a_unit_that_has_been_slow_is_expected_to_be_slow() -> None:
    layout = Layout(load_config(CONFIG / "tower-guangzhou.toml"))
    plain, slow = TimingModel(layout), CalibratedTiming(layout, {"lift1 MOVE_TO_LEVEL": 1.2})
    assert slow.level_s("lift1", 0.0, 3) == pytest.approx(1.2 * plain.level_s("lift1", 0.0, 3))
    assert slow.lock_s("lift1") == plain.lock_s("lift1")
    assert slow.hoist_s("lift1", 0.0, 3) > plain.hoist_s("lift1", 0.0, 3)


def test_what_is_learned_leaves_out_faults_and_cuts_outliers() -> None:
    learned = Calibration()
    for ratio in (1.04, 1.05, 1.06) * 10:
        learned.moved("lift1", "LOCK", round(1000 * ratio), 1000)
    learned.moved("lift1", "LOCK", 60_000, 1000)
    learned.moved("lift1", "LOCK", 1_900, 1000)
    learned.moved("lift1", "LOCK", 1_000, 0)
    found = learned.moves["lift1 LOCK"]
    assert found.count == 31
    assert found.mean == pytest.approx(1.05, abs=0.01)
    learned.stayed("leaving", 10**9)
    assert not learned.phases
    broken = Promise(10_000, 9_000, 11_000)
    before = replace(learned)
    learned.served(broken, 500_000)
    assert (learned.promises, learned.kept, learned.within) == (1, 0, 0)
    assert (learned.early, learned.late) == (before.early, before.late), "a fault says nothing of the next one"
