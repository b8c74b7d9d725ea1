"""What each interlock is there for: the search without it, until it finds the hazard that it prevents.

Owns the order in which that is tried, the shortest explanation first: honest sensors, then one thing that goes wrong,
then one lying sensor among those that the interlock, or its hazard, has to do with. A rule is taken out in all its
instances at once. Must never take a hazard for one that a rule prevents when it is there with the rule as well: what
a declared limit allows does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from safety.interlock import Interlock
from safety.rules import rules_of
from safety.topology import Topology
from safety.verification.controller import Controller
from safety.verification.lie import lies_of
from safety.verification.limits import limit_of
from safety.verification.redundant import UNPROVEN
from safety.verification.relevance import TagName, beside, tags_of, troubles_with
from safety.verification.search import Bounds, Finding, Pace, Run, Search
from safety.verification.space import Space
from safety.verification.story import story
from safety.verification.variants import VARIANTS, Variant
from safety.verification.verify import NOTHING, shown_in
from safety.verification.weakened import WeakenedLogic, is_left_out

Way = tuple[Search, Run, Finding | None, Run | None]
"""A search, what it saw, the hazard if it found one, and the honest search that it began from."""

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


@dataclass(frozen=True, slots=True)
class Round:
    """How far one round of looking goes: states of each honest search, and of each lying one with its starts."""

    honest: int
    starts: int
    lying: int


ROUNDS = (Round(300, 150, 200), Round(4_000, 1_500, 1_500), Round(20_000, 0, 0))
"""The small rounds come first for every way of looking, since most rules are found necessary within a few steps."""


class Necessity:
    """The search for what the rules of some variants are there for."""

    def __init__(
        self, variants: Iterable[Variant] = VARIANTS, rounds: tuple[Round, ...] = ROUNDS, pace: Pace | None = None
    ) -> None:
        self._variants = {variant.name: variant for variant in variants}
        self._rounds = rounds
        self._pace = pace
        self._spaces: dict[str, Space] = {}
        self.rules = rules_in(self._variants.values())

    def need(self, rule: str) -> Need:
        """Whether a rule is necessary, with a shortest story of those that were found."""
        instances = self.rules[rule]
        first = next(iter(instances.values()))[0]
        need = Need(rule, first.hazard, sum(map(len, instances.values())), necessary=False)
        if all(is_left_out(one.condition) for found in instances.values() for one in found):
            return replace(need, reason=UNPROVEN.get(rule, ""))
        # What is declared to be needless here is still looked at, though not for long.
        rounds = self._rounds[:1] if rule in UNPROVEN else self._rounds
        states = 0
        for search, run, finding, honest in self._ways(instances, rounds):
            states += run.states
            if finding is not None:
                name = search.space.layout.name
                lines = tuple(story(search, run, finding, honest))
                return replace(
                    need, necessary=True, variant=name, found=finding.hazard.id, states=states, depth=finding.depth,
                    story=lines,
                )  # fmt: skip
        return replace(need, states=states, reason=UNPROVEN.get(rule, ""))

    def _ways(self, instances: dict[str, tuple[Interlock, ...]], rounds: tuple[Round, ...]) -> Iterator[Way]:
        """Every way of looking, the cheapest first: small searches in every variant, then larger ones."""
        searches = {name: self._search(name, instances[name]) for name in self._places_to_look(instances)}
        tags = {name: frozenset(t for one in instances[name] for t in tags_of(one)) for name in searches}
        for size in rounds:
            for name, search in searches.items():
                yield from self._honest(search, tags[name], Bounds(states=size.honest, first=True))
                if size.starts:
                    yield from self._lying(search, tags[name], size)

    def _places_to_look(self, instances: dict[str, tuple[Interlock, ...]]) -> Iterator[str]:
        """Variants with instances of a rule; of several with one topology the last, which has the fewest states."""
        last = {variant.layout.topology: name for name, variant in self._variants.items() if name in instances}
        yield from last.values()

    def _search(self, name: str, without: tuple[Interlock, ...]) -> Search:
        layout = self._variants[name].layout
        space = self._spaces.setdefault(name, Space(layout))
        logic = WeakenedLogic(layout.topology, frozenset(one.id for one in without))
        return Search(space, Controller(space, logic), self._pace)

    def _honest(self, search: Search, tags: frozenset[TagName], bounds: Bounds) -> Iterator[Way]:
        """Sensors tell the truth; what goes wrong is what the rule can see, and then only that PLCs miss a write."""
        for troubles, late in ((troubles_with(tags, search.space.troubles), False), (NOTHING, True)):
            search.late = late
            run = search.honest(troubles, bounds)
            search.late = False
            yield search, run, _first(run), None

    def _lying(self, search: Search, tags: frozenset[TagName], size: Round) -> Iterator[Way]:
        """One sensor lies, of those that stand in one condition with what the rule reads, in any interlock."""
        layout = search.space.layout
        honest = search.honest(NOTHING, Bounds(states=size.starts))
        logic = search.controller.logic
        close = beside(rules_of(layout.topology))
        near = frozenset(tag for one in tags for tag in close.get(one, frozenset()))
        shown = [trouble.readings for trouble in search.space.troubles if not tags.isdisjoint(trouble.readings)]
        near = near.union(*shown)
        for lie in lies_of(logic.interlocks, logic.definitions, shown_in(search, honest)).searched:
            if (lie.device, lie.tag) not in near:
                continue
            troubles = troubles_with(tags, search.space.troubles)
            run = search.lying(lie, troubles, honest, Bounds(states=size.lying, first=True))
            for hazard in [one for one in run.findings if limit_of(layout, lie, one) is not None]:
                del run.findings[hazard]
            yield search, run, _first(run), honest


def _first(run: Run) -> Finding | None:
    return min(run.findings.values(), key=lambda finding: finding.depth, default=None)
