"""What each interlock is there for: the search without it, until it finds the hazard that it prevents.

Owns the order in which that is tried, the simplest circumstance first: honest sensors, then one trouble, then PLCs that
miss a write, then one lying sensor. It begins in the states in which the rule alone objects (``situations``): anywhere
else its absence changes nothing. A rule is taken out in all its instances at once. Must never take a hazard for one
that a rule prevents when the same search finds it with the rule as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from safety.expression import Tag, leaves
from safety.interlock import Interlock
from safety.rules import rules_of
from safety.topology import Topology
from safety.verification.controller import Controller
from safety.verification.limits import expected
from safety.verification.redundant import reason_of
from safety.verification.search import Bounds, Finding, Pace, Run, Search
from safety.verification.situations import Circumstance, Situations, Sizes, look_closer, situations_of
from safety.verification.space import Space
from safety.verification.story import told
from safety.verification.variants import VARIANTS, Variant
from safety.verification.weakened import WeakenedLogic

_TOGETHER = 3
"""Starts of one search: few, so that its bound is spent on depth."""

_NUMBERS = re.compile(r"(-at)?(-\d+)+(?=-|$)")
_SIDE = re.compile(r"-(left|right)$")


@dataclass(frozen=True, slots=True)
class Need:
    """Whether a rule is necessary: the hazard that is found without it and the way there, or the reason why not."""

    rule: str
    hazard: str
    instances: int
    necessary: bool
    variant: str = ""
    found: str = ""
    states: int = 0
    depth: int = 0
    story: tuple[str, ...] = ()
    reason: str = ""


def rule_of(topology: Topology, interlock: Interlock) -> str:
    """What a declaration is about, without the device, side, level and column that it was instantiated for."""
    names = {lift.id: "lift" for lift in topology.lifts} | {shuttle.id: "shuttle" for shuttle in topology.shuttles}
    names |= {cabin.id: "cabin" for cabin in topology.cabins} | {topology.safety: "safety"}
    device, _, name = interlock.id.partition(".")
    for one, kind in names.items():
        name = re.sub(rf"\b{re.escape(one)}\b", kind, name)
    name = _NUMBERS.sub("", _SIDE.sub("", name))
    return f"{names.get(device, re.sub(r'[0-9]+$', '', device))}.{name}"


def rules_in(variants: Iterable[Variant]) -> dict[str, dict[str, tuple[Interlock, ...]]]:
    """Every rule with its instances in each variant that has any."""
    found: dict[str, dict[str, tuple[Interlock, ...]]] = {}
    for variant in variants:
        for interlock in rules_of(variant.layout.topology):
            instances = found.setdefault(rule_of(variant.layout.topology, interlock), {})
            instances[variant.name] = (*instances.get(variant.name, ()), interlock)
    return found


class Necessity:
    """The search for what the rules of some variants are there for."""

    def __init__(
        self,
        variants: Iterable[Variant] = VARIANTS,
        sizes: Sizes | None = None,
        pace: Pace | None = None,
        reach: int = 6_000,
        enough: int = 25_000,
    ) -> None:
        self._variants = {variant.name: variant for variant in variants}
        self._sizes = Sizes() if sizes is None else sizes
        self._pace = pace
        self._reach = reach
        self._enough = enough
        self._situations: dict[str, Situations] = {}
        self.rules = rules_in(self._variants.values())

    @classmethod
    def within(cls, states: int, variants: Iterable[Variant], pace: Pace | None) -> Necessity:
        """A search whose parts are in proportion to a bound on the honest search, down to what tells something."""
        sizes, whole = Sizes.within(states), Sizes().honest
        reach, enough = max(500, 6_000 * states // whole), max(2_000, 25_000 * states // whole)
        return cls(variants, sizes, pace, reach, enough)

    def need(self, rule: str) -> Need:
        """Whether a rule is necessary, with the shortest story of the first circumstance in which it is."""
        instances = self.rules[rule]
        first = next(iter(instances.values()))[0]
        need = Need(rule, first.hazard, sum(map(len, instances.values())), necessary=False)
        states = 0
        for name in self._places_to_look(instances):
            for seen in self._without(self._situations_in(name), instances[name]):
                states += seen.states
                if seen.story:
                    return replace(
                        need, necessary=True, variant=name, found=seen.hazard, states=states, depth=seen.depth,
                        story=seen.story,
                    )  # fmt: skip
        return replace(need, states=states, reason=reason_of(rule))

    def _places_to_look(self, instances: dict[str, tuple[Interlock, ...]]) -> Iterator[str]:
        """Variants with instances of a rule; of several with one topology the last, which has the fewest states."""
        last = {variant.layout.topology: name for name, variant in self._variants.items() if name in instances}
        yield from last.values()

    def _situations_in(self, name: str) -> Situations:
        if name not in self._situations:
            self._situations[name] = situations_of(self._variants[name], self._sizes, self._pace)
        return self._situations[name]

    def _without(self, situations: Situations, interlocks: tuple[Interlock, ...]) -> Iterator[Seen]:
        """What is seen without some interlocks, in one circumstance after the other, the simplest first."""
        ids = frozenset(one.id for one in interlocks)
        starts = _starts(situations, ids)
        whole = situations.search
        logic = WeakenedLogic(whole.space.layout.topology, ids)
        weak = Search(whole.space, Controller(whole.space, logic), self._pace)
        order = sorted(starts, key=lambda circumstance: _simplest_first(whole.space, interlocks[0], circumstance))
        in_time = [one for one in order if not one.late]
        yield from self._looks(situations, weak, ((one, starts[one]) for one in in_time), 2 * self._enough)
        # A hazard that only a missed write leads to is looked for whatever the troubles before have used up.
        late = [one for one in order if one.late]
        yield from self._looks(situations, weak, ((one, starts[one]) for one in late), self._enough)
        yield from self._looks(situations, weak, _few_at_a_time(starts, order), self._enough)
        look_closer(situations, interlocks, self._sizes.lies)
        more = {one: found for one, found in _starts(situations, ids).items() if found != starts.get(one)}
        order = sorted(more, key=lambda circumstance: _simplest_first(whole.space, interlocks[0], circumstance))
        yield from self._looks(situations, weak, ((one, more[one]) for one in order), 2 * self._enough)

    def _looks(
        self, situations: Situations, weak: Search, looks: Iterable[tuple[Circumstance, dict[int, int]]], states: int
    ) -> Iterator[Seen]:
        """One look after the other, until so many states have been seen in them."""
        for circumstance, starts in looks:
            if states <= 0:
                return
            seen = self._seen(situations, weak, circumstance, starts)
            states -= seen.states
            yield seen

    def _seen(self, situations: Situations, weak: Search, circumstance: Circumstance, starts: dict[int, int]) -> Seen:
        whole = situations.search
        here = {_moved(weak, whole, state): state for state in starts}
        troubles = _with_following(whole.space, circumstance.trouble)
        lie = circumstance.lie
        bounds = Bounds(states=self._reach, first=True, expected=expected(whole.space.layout, lie))
        weak.late = whole.late = circumstance.late
        run = weak.onward({state: starts[here[state]] for state in here}, lie, troubles, bounds)
        finding = min(
            (one for hazard, one in run.findings.items() if hazard.id not in bounds.expected),
            key=lambda one: one.depth,
            default=None,
        )
        if finding is not None and lie is not None and self._is_found_anyway(whole, circumstance, starts, finding):
            finding = None
        if finding is None:
            whole.late = False
            return Seen(run.states)
        lines, depth = self._told(situations, weak, (run, finding), here, circumstance)
        whole.late = False
        return Seen(run.states, finding.hazard.id, depth, lines)

    def _is_found_anyway(
        self, whole: Search, circumstance: Circumstance, starts: dict[int, int], finding: Finding
    ) -> bool:
        """The same hazard is reached with the rule as well."""
        troubles = _with_following(whole.space, circumstance.trouble)
        run = whole.onward(starts, circumstance.lie, troubles, Bounds(states=self._reach))
        return finding.hazard in run.findings

    def _told(
        self,
        situations: Situations,
        weak: Search,
        found: tuple[Run, Finding],
        here: dict[int, int],
        circumstance: Circumstance,
    ) -> tuple[tuple[str, ...], int]:
        run, finding = found
        after = weak.way(run.parents, finding.state, circumstance.lie)
        start = after[0][0] if after else finding.state
        before = situations.search.way(situations.run_of(circumstance).parents, here[start], None)
        steps = [step for _, step in (*before, *after)] + [finding.step]
        lie = None if circumstance.lie is None else (circumstance.lie, len(before))
        return tuple(told(weak.space, steps, lie, finding.hazard)), len(steps)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look without a rule came to: states, and the hazard with its story where one was reached."""

    states: int
    hazard: str = ""
    depth: int = 0
    story: tuple[str, ...] = ()


def _few_at_a_time(
    starts: dict[Circumstance, dict[int, int]], order: list[Circumstance]
) -> Iterator[tuple[Circumstance, dict[int, int]]]:
    for circumstance in order:
        nearest = sorted(starts[circumstance].items(), key=lambda start: start[1])
        for first in range(0, len(nearest), _TOGETHER):
            yield circumstance, dict(nearest[first : first + _TOGETHER])


def _starts(situations: Situations, ids: frozenset[str]) -> dict[Circumstance, dict[int, int]]:
    """The states, with their depths, in which any of some interlocks alone objects, by circumstance."""
    found: dict[Circumstance, dict[int, int]] = {}
    for one in sorted(ids):
        for circumstance, states in situations.starts.get(one, {}).items():
            found.setdefault(circumstance, {}).update(states)
    return found


def _simplest_first(
    space: Space, interlock: Interlock, circumstance: Circumstance
) -> tuple[bool, bool, bool, bool, int, str]:
    """Honest sensors before lying ones, the hazard that the rule is declared for before others."""
    number, lie = circumstance.trouble, circumstance.lie
    other = bool(number) and space.troubles[number - 1].hazard != interlock.hazard
    read = {(leaf.device, leaf.name) for leaf in leaves(interlock.condition) if isinstance(leaf, Tag)}
    elsewhere = lie is not None and (lie.device, lie.tag) in read
    return lie is not None, circumstance.late, other, elsewhere, number, str(lie)


def _moved(weak: Search, whole: Search, state: int) -> int:
    """A state of the whole safety as one of the weakened."""
    return weak.state(whole.plant(state), weak.controller.adopt(whole.controller, whole.memory(state)))


def _with_following(space: Space, number: int) -> frozenset[int]:
    """A trouble with those that follow from it and those that come out of it; none for 0."""
    if not number:
        return frozenset()
    first = space.troubles[number - 1]
    return frozenset(
        index
        for index, one in enumerate(space.troubles, start=1)
        if index == number or one.id == first.then or one.out_of == first.id
    )
