"""The best order in which to serve a set of customers, by exact search over the fast model of the machine.

Owns branch and bound with dominance: what it calls proven is no worse than any other sequence of acts, of the same
rules and times. It is an anytime search: with too few nodes it gives the best plan that it has, and says so, with a
bound below which no plan can be. It knows no clock; its only limit is the number of nodes. Must never command.

Why sequences are enough: an act begins as early as what came before it on its cabin and movers allows, and no customer
is served sooner by beginning later, so some best plan is a sequence of acts that each begin as early as they can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from controller.planning.bound import Bound
from controller.planning.machine import NEVER_S, Machine, MachineState, Task
from controller.planning.sketch import Sketch
from controller.planning.tree import TINY_S, Act, ActKind, Node, Tree

__all__ = ["Act", "ActKind", "Effort", "Plan", "search"]


_FOLLOWED = 8
"""First acts that the simple rule is tried from."""
_WIDTH_MIN = 2
_SLACK = 1.1


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a search may think."""

    beam: int = 24
    """States per depth of the first, quick look for a good plan; at least 1."""
    tries_max: int = 1_000_000
    """Acts that the quick look may try; it becomes narrower so that they last."""
    nodes_max: int = 2_000_000
    """Further states until it gives what it has; 0 ends with the quick look."""
    beyond: int = 0
    """Customers who wait beyond those that are planned for: each of them waits as long as the plan keeps cabins or
    movers busy, and the quick look weighs that in. A proof is only of the waits of the planned ones, and needs 0."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Acts in order of their beginnings, what all customers wait together, and how good that is."""

    acts: tuple[Act, ...]
    wait_s: float
    """Sum over the customers: from asking to green."""
    bound_s: float
    """No plan has a smaller sum."""
    nodes: int

    @property
    def is_proven(self) -> bool:
        """True when no plan is better."""
        return self.wait_s <= self.bound_s + TINY_S


def search(
    machine: Machine,
    state: MachineState,
    tasks: Sequence[Task],
    pending: Mapping[str, Task] | None = None,
    *,
    now_s: float = 0.0,
    effort: Effort | None = None,
    seed: Sequence[Act] = (),
) -> Plan:
    """The plan with the smallest sum of waits for ``tasks``, none of which has begun.

    ``pending`` names the stored cars that stand in cabins, or will, and wait for movers (``state.ready_s``). ``seed``
    are acts of an older plan: no plan is given that is worse than going on with them. A car that stands before a wanted
    one goes where its task says (``Task.aside``); no plan looks for another place for it.

    Raises:
        ValueError: a task cannot be carried out at all, there are more than 60 tasks, or a proof is asked for with
            customers beyond.
    """
    if len(tasks) > 60:
        raise ValueError(f"{len(tasks)} tasks are more than a search can hold")
    effort = effort or Effort()
    if effort.beyond and effort.nodes_max:
        raise ValueError("a plan that weighs customers beyond it is not proven")
    waiting = dict(pending or {})
    run = _Search(machine, tuple(tasks), tuple(waiting.values()), now_s, effort.beyond)
    root = run.tree.root(state, waiting)
    best = run.look(root, effort, seed)
    return run.prove(root, best, effort.nodes_max)


class _Search:
    def __init__(
        self, machine: Machine, tasks: tuple[Task, ...], pending: tuple[Task, ...], now_s: float, beyond: int
    ) -> None:
        self.beyond = beyond
        self.tree = Tree(machine, tasks, now_s)
        self.limits = Bound(machine, tasks, pending, now_s)
        self.sketch = Sketch(machine, tasks, pending)
        self.seen: dict[tuple[object, ...], list[tuple[tuple[float, ...], Node]]] = {}
        self.tried = self.opened = 0

    # --- a good plan soon ----------------------------------------------------------------------------------

    def look(self, root: Node, effort: Effort, seed: Sequence[Act]) -> Node:
        """The most promising states of each depth, the simple rule from the best of the first ones, and an older plan.

        The simple rule is what keeps a narrow look from falling below it.
        """
        if not root.remaining:
            return root
        best = self.tree.follow_rule(root)
        if seed:
            best = min(self.tree.replay(root, seed), best, key=self.cost_s)
        most = self.cost_s(best)
        level = self._promising([root], most, max(1, effort.beam))
        for node in level[:_FOLLOWED]:
            best, most = self._better(best, most, self.tree.follow_rule(node))
        while level:
            for node in level:
                if not node.remaining:
                    best, most = self._better(best, most, node)
            going = [node for node in level if node.remaining]
            going = going[: self._width(going, effort)]
            level = self._promising(going, most, max(1, effort.beam))
        return best

    def _width(self, level: Sequence[Node], effort: Effort) -> int:
        """How many states may be gone on from, so that the tries last for all that is left to do."""
        if not level:
            return 0
        node = level[0]
        depth = 1.5 * node.remaining.bit_count() + len(node.pending)
        each = self.tried / max(1, self.opened)
        return max(_WIDTH_MIN, min(effort.beam, int((effort.tries_max - self.tried) / (depth * each + 1))))

    def _better(self, best: Node, most: float, other: Node) -> tuple[Node, float]:
        cost_s = self.cost_s(other)
        return (other, cost_s) if cost_s < most - TINY_S else (best, most)

    def _promising(self, nodes: Sequence[Node], most: float, width: int) -> list[Node]:
        """The best of all states that can follow, by what they cost at least; none that cannot beat ``most``."""
        ranked: list[tuple[float, int, Node]] = []
        self.opened += len(nodes)
        for node in nodes:
            for child in self.tree.children(node, quick=True):
                self.tried += 1
                rank = self.guess_s(child)
                if rank < most * _SLACK:
                    ranked.append((rank, len(ranked), child))
        ranked.sort()
        self.seen.clear()
        chosen: list[Node] = []
        for _, _, child in ranked:
            if len(chosen) == width:
                break
            if self.is_new(child):
                chosen.append(child)
        self.seen.clear()
        return chosen

    def guess_s(self, node: Node) -> float:
        """About what the best plan that goes on from ``node`` costs; what it costs when it is finished."""
        greens_s, busy_s = self.sketch.rest_s(node.state, node.last_s, node.remaining, node.blocked, node.pending)
        asked_s = sum([task.due_s for i, task in enumerate(self.tree.tasks) if node.remaining >> i & 1])
        beyond_s = self.beyond * (busy_s - self.tree.now_s) if self.beyond else 0.0
        return node.wait_s + greens_s - asked_s + beyond_s

    def cost_s(self, node: Node) -> float:
        """What a finished plan costs: its own waits, and those of the customers beyond it."""
        return self.guess_s(node) if self.beyond else node.wait_s

    def bound_s(self, node: Node) -> float:
        """A sum of waits below which no plan that goes on from ``node`` can be."""
        return node.wait_s + self.limits.waits_s(node.state, node.remaining, node.pending)

    # --- the proof -----------------------------------------------------------------------------------------

    def prove(self, root: Node, best: Node, nodes_max: int) -> Plan:
        """Best first, until nothing that is left can be better than what is known, or the nodes are used up."""
        root.bound_s = self.bound_s(root)
        heap: list[tuple[float, int, int, Node]] = [(root.bound_s, 0, 0, root)]
        made = self.tried
        if not nodes_max:
            return Plan(best.acts(), best.wait_s, min(root.bound_s, best.wait_s), made)
        nodes_max += made
        while heap:
            bound_s, _, _, node = heappop(heap)
            if bound_s >= best.wait_s - TINY_S:
                return Plan(best.acts(), best.wait_s, best.wait_s, made)
            if node.is_dead:
                continue
            if made >= nodes_max:
                return Plan(best.acts(), best.wait_s, min(bound_s, best.wait_s), made)
            for child in self.tree.children(node):
                made += 1
                child.bound_s = max(node.bound_s, self.bound_s(child))
                if child.bound_s >= best.wait_s - TINY_S:
                    continue
                if not child.remaining:
                    best = child
                elif self.is_new(child):
                    heappush(heap, (child.bound_s, child.remaining.bit_count(), made, child))
        return Plan(best.acts(), best.wait_s, best.wait_s, made)

    def is_new(self, node: Node) -> bool:
        """False when a state of the same kind is at least as good in everything; worse ones are struck off."""
        state = node.state
        key = (
            node.remaining,
            node.blocked,
            tuple((cabin, task.id) for cabin, task in sorted(node.pending.items())),
            *state.column.values(),
            *state.level.values(),
        )
        cabins = (max(state.ready_s.get(c, 0.0), 0.0) if s == NEVER_S else s for c, s in state.cabin_s.items())
        values = (node.wait_s, node.last_s, *cabins, *state.mover_s.values())
        known = self.seen.setdefault(key, [])
        kept = []
        for other, its_node in known:
            if all(a <= b + TINY_S for a, b in zip(other, values, strict=True)):
                return False
            if all(b <= a for a, b in zip(other, values, strict=True)):
                its_node.is_dead = True
            else:
                kept.append((other, its_node))
        kept.append((values, node))
        self.seen[key] = kept
        return True
