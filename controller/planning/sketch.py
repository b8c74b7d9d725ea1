"""A rough run through what a plan still has to do: what its customers will wait, and how long the machine is busy.

Owns a guess, made in a few steps of arithmetic instead of acts on a state: cabins as a list of times, the one mover
that every way needs as another, ways out and ways in taken in turn. It is what the quick look compares states by.
Must never be taken for a bound or a promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.planning.bound import Least, leasts_of
from controller.planning.machine import NEVER_S, Machine, MachineState, Task


@dataclass(frozen=True, slots=True)
class _Job:
    """What one task wants of the mover and of a cabin, in s."""

    bit: int
    claims_s: float
    back_s: float
    carry_s: float
    before_s: float
    """From the cabin's being free until the car is set down in it, or until green for a store."""
    after_s: float
    """A retrieval from set down to green; a store from green until its car is ready to be taken out."""
    gone_s: float
    """A retrieval from green until its cabin is free again."""
    aside_s: float
    """What the car before it takes to make way, while one stands there."""
    due_s: float
    """Green before then helps nobody."""


class Sketch:
    """Guesses for the tasks of one search."""

    def __init__(self, machine: Machine, tasks: Sequence[Task], pending: Sequence[Task]) -> None:
        leasts = leasts_of(machine)
        known = {task.id: leasts.of(task) for task in (*tasks, *pending)}
        claims = [least.claims_s.keys() for least in known.values()]
        common = sorted(set(claims[0]).intersection(*claims)) if claims else []
        shuttles = [name for name in common if name in machine.layout.shuttles]
        self._mover = next(iter(shuttles or common), "")
        self._empty_s = min(leasts.empty_s.values())
        jobs = [(self._job(1 << i, known[task.id], task), task.kind) for i, task in enumerate(tasks)]
        jobs.sort(key=lambda job: (job[0].claims_s, job[0].bit))
        self._retrievals = [job for job, kind in jobs if kind == "retrieve"]
        self._stores = [job for job, kind in jobs if kind == "store"]
        self._pending = {task.id: self._job(0, known[task.id], task) for task in (*tasks, *pending)}
        self._cabins = len(machine.layout.cabins)

    def _job(self, bit: int, least: Least, task: Task) -> _Job:
        name = self._mover
        claims_s, back_s = least.claims_s.get(name, least.carry_s), least.back_s.get(name, 0.0)
        if task.kind == "store":
            inside_s = least.occupies_s - least.offset_s - self._empty_s
            return _Job(bit, claims_s, back_s, 0.0, least.offset_s, inside_s, 0.0, 0.0, task.due_s)
        before_s, gone_s = least.offset_s - least.present_s, least.occupies_s - least.offset_s
        aside_s = 0.0 if task.aside is None else task.aside.estimate_s
        return _Job(bit, claims_s, back_s, least.carry_s, before_s, least.present_s, gone_s, aside_s, task.due_s)

    def rest_s(
        self, state: MachineState, now_s: float, remaining: int, blocked: int, pending: Mapping[str, Task]
    ) -> tuple[float, float]:
        """Sum of the moments of green of the remaining tasks, and until when cabins or movers are busy with all."""
        retrievals = [job for job in self._retrievals if remaining & job.bit]
        stores = [job for job in self._stores if remaining & job.bit]
        free = [max(free_s, now_s) for free_s in state.cabin_s.values() if free_s != NEVER_S]
        ready = sorted([(state.ready_s[cabin], self._pending[task.id].bit, task.id) for cabin, task in pending.items()])
        inside = [(ready_s, self._pending[task]) for ready_s, _, task in ready]
        most_inside = max(1, self._cabins - 1)
        mover_s = max(state.mover_s[self._mover] if self._mover else min(state.mover_s.values()), now_s)
        total, last = 0.0, ""
        next_store = next_retrieval = 0
        while next_retrieval < len(retrievals) or next_store < len(stores) or inside:
            has_retrieval = next_retrieval < len(retrievals)
            while next_store < len(stores) and free and (len(inside) < most_inside or not has_retrieval):
                begin_s = min(free)
                free.remove(begin_s)
                job = stores[next_store]
                next_store += 1
                green_s = max(begin_s, job.due_s) + job.before_s
                total += green_s
                inside.append((green_s + job.after_s, job))
            if inside and (not has_retrieval or not free or (last != "put" and inside[0][0] <= mover_s + _WAITS_S)):
                ready_s, job = inside.pop(0)
                begin_s = max(mover_s, ready_s)
                mover_s = begin_s + job.claims_s + (job.back_s if last == "put" else 0.0)
                free.append(begin_s + self._empty_s)
                last = "put"
                continue
            job = retrievals[next_retrieval]
            next_retrieval += 1
            begin_s = min(free)
            free.remove(begin_s)
            come_s = mover_s + job.claims_s + (job.back_s if last == "retrieve" else 0.0)
            aside_s = job.aside_s if blocked & job.bit else 0.0
            mover_s = max(come_s, begin_s + job.before_s, now_s + job.carry_s + aside_s)
            green_s = max(mover_s + job.after_s, job.due_s)
            total += green_s
            free.append(green_s + job.gone_s)
            last = "retrieve"
        return total, max(mover_s, sum(free) / len(free))


_WAITS_S = 20.0
"""So long the mover waits for a stored car rather than fetch another one without a way out before it."""
