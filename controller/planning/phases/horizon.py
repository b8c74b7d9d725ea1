"""The best plan for the next orders, anew at every moment; what it wants to begin now begins.

Owns the window and the effort of the search, and reasons ``BEST_PLAN`` and ``BETTER_LATER``. A plan binds nobody: it is
made anew when anything has happened. Must never change what has begun.
"""

from __future__ import annotations

from dataclasses import replace

from controller.planning.day import Begin, View, Waiting
from controller.planning.machine import Task
from controller.planning.peers import nearest_place
from controller.planning.phases.overtaking import Overtaking
from controller.planning.phases.phase import Answer, Hold, Start
from controller.planning.search import Act, Effort, search

_NOW_S = 1e-3


class Horizon:
    """Searches over ``window`` orders that may begin next: half of them the first, half those that could begin now."""

    def __init__(self, overtaking: Overtaking, window: int = 8, effort: Effort | None = None) -> None:
        self._overtaking = overtaking
        self._window = window
        self._effort = effort or Effort(beam=6, nodes_max=400)

    def consider(self, view: View) -> Answer:
        """The first act of the best plan, when it begins now; else hold."""
        tasks = _placed(view, self._chosen(view))
        if not tasks:
            return None
        pending = {cabin: waiting.task for cabin, waiting in view.pending.items()}
        beyond = len(view.waiting) - len(tasks)
        effort = replace(self._effort, beyond=beyond, nodes_max=0) if beyond else self._effort
        plan = search(view.machine, view.state, tasks, pending, now_s=view.now_s, effort=effort)
        for act in plan.acts:
            if act.began_s <= view.now_s + _NOW_S:
                return Start(_begin(act), "BEST_PLAN")
        return Hold("BETTER_LATER", "Whoever began now would make others wait longer than it saves.")

    def _chosen(self, view: View) -> list[Waiting]:
        """The head of the queue, then whoever further back could begin now, then the rest in order."""
        candidates = self._overtaking.candidates(view)
        head, rest = candidates[: self._window // 2], candidates[self._window // 2 :]
        rest.sort(key=lambda waiting: not _can_begin(view, waiting))
        return [*head, *rest][: self._window]


def _can_begin(view: View, waiting: Waiting) -> bool:
    """True when movers or cabin for it are free now."""
    layout = view.machine.layout
    open_cabins = [cabin for cabin in layout.cabins if cabin not in view.pending]
    if waiting.task.kind == "store":
        return any(view.is_cabin_free(cabin) for cabin in open_cabins)
    return any(
        view.are_free(route)
        for cabin in open_cabins
        if view.machine.rules.fetches_early or view.is_cabin_free(cabin)
        for route in view.machine.ways(waiting.task.place, layout.cabins[cabin].position)
    )


def _placed(view: View, candidates: list[Waiting]) -> list[Task]:
    """The candidates as tasks; each store with a place of its own, as long as there are free ones."""
    left = set(view.free)
    start = next(iter(view.machine.layout.cabins.values())).position
    found: list[Task] = []
    for waiting in candidates:
        task = waiting.task
        if task.kind == "store" and not task.place:
            place = nearest_place(replace(view, free=left), start)
            if place is None:
                continue
            left.discard(place)
            task = replace(task, place=place)
        found.append(task)
    return found


def _begin(act: Act) -> Begin:
    return Begin(act.kind, act.task.id, act.cabin, act.route, place=act.task.place if act.kind == "invite" else "")
