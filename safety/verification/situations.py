"""Where an interlock is the only one that objects: the states from which to see what would happen without it.

Owns the looking for such states, once for all interlocks of a garage, along an honest search of its whole safety: in
what is reached, in what one trouble more would show there, and in what one lying sensor would. Must never judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from safety.interlock import Interlock
from safety.verification.controller import Controller
from safety.verification.lie import Lie, lies_of
from safety.verification.relevance import TagName, tags_of
from safety.verification.search import Bounds, Pace, Run, Search
from safety.verification.space import Space
from safety.verification.trouble import Nature, may_begin
from safety.verification.variants import Variant
from safety.verification.verify import NOTHING, shown_in
from safety.verification.weakened import WeakenedLogic

STARTS_MAX = 40
"""States that are kept for one interlock and one circumstance, the nearest to the start."""


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What is not as it should be: the trouble that may begin, the sensor that lies, PLCs that miss a write."""

    trouble: int = 0
    lie: Lie | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is looked at: states of the honest search, and every how many of them for troubles and for lies."""

    honest: int = 60_000
    late: int = 20_000
    troubles: int = 500
    lies: int = 120

    @classmethod
    def within(cls, states: int) -> Sizes:
        """Sizes in proportion to a bound on the honest search."""
        return cls(states, max(1, states // 3), max(1, states // 120), max(1, states // 500))


@dataclass(slots=True)
class Situations:
    """For every interlock the circumstances in which it alone objects, each with states of ``search`` and depths."""

    search: Search
    honest: Run
    late: Run
    lies: tuple[Lie, ...] = ()
    starts: dict[str, dict[Circumstance, dict[int, int]]] = field(default_factory=dict)
    depths: dict[bool, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for late, run in ((False, self.honest), (True, self.late)):
            self.depths[late] = {state: depth for depth, layer in enumerate(run.layers) for state in layer}

    def note(self, ids: frozenset[str], circumstance: Circumstance, state: int) -> None:
        """An interlock alone objects in what follows a state."""
        for one in ids:
            kept = self.starts.setdefault(one, {}).setdefault(circumstance, {})
            if len(kept) < STARTS_MAX:
                kept[state] = self.depths[circumstance.late][state]

    def run_of(self, circumstance: Circumstance) -> Run:
        """The search in which the states of a circumstance were reached."""
        return self.late if circumstance.late else self.honest


def situations_of(variant: Variant, sizes: Sizes, pace: Pace | None = None) -> Situations:
    """Look through one garage."""
    space = Space(variant.layout)
    search = Search(space, Controller(space, WeakenedLogic(variant.layout.topology)), pace, late=False)
    honest = search.honest(NOTHING, Bounds(states=sizes.honest))
    search.late = True
    late = search.honest(NOTHING, Bounds(states=sizes.late))
    search.late = False
    found = Situations(search, honest, late)
    _honestly(found)
    _in_trouble(found, sizes.troubles)
    _lied_to(found, sizes.lies)
    return found


def look_closer(found: Situations, interlocks: tuple[Interlock, ...], number: int) -> None:
    """Where some interlocks alone object to one of their own troubles, or because a lying sensor silences all others.

    There are too many of these moments to look for in behalf of every interlock at once.
    """
    own = frozenset[TagName]().union(*(tags_of(one) for one in interlocks))
    troubles = frozenset(
        n for n, one in enumerate(found.search.space.troubles, start=1) if not own.isdisjoint(one.readings)
    )
    _look_at(found, interlocks, None, (_under_permit(found, interlocks), troubles))
    devices = {guard.device for one in interlocks for guard in one.guards}
    all_of_them = found.search.controller.logic.interlocks
    beside = [one for one in all_of_them if devices & {guard.device for guard in one.guards}]
    tags = frozenset[TagName]().union(*(tags_of(one) for one in beside))
    objected = _objected(found, interlocks, number)
    sample = list(_some(found.honest, number))
    for lie in found.lies:
        if (lie.device, lie.tag) in tags:
            _look_at(found, interlocks, lie, (objected, frozenset({0})))
            _look_at(found, interlocks, lie, (sample, troubles))
    found.search.controller.tell(None)


def _look_at(
    found: Situations, interlocks: tuple[Interlock, ...], lie: Lie | None, where: tuple[list[int], frozenset[int]]
) -> None:
    """Note where some interlocks alone object, at some states, to some troubles that begin there, or to none (0)."""
    search = found.search
    states, troubles = where
    ids = frozenset(one.id for one in interlocks)
    search.controller.tell(lie)
    for state in states:
        moves = [(0, search.space.moves(search.plant(state))[0]), *search.space.begins(search.plant(state))]
        for trouble, move in moves:
            if trouble in troubles and (trouble or lie is None or search.controller.shows(move.plant)):
                alone = search.controller.alone(move.plant, search.memory(state)) & ids
                found.note(alone, Circumstance(trouble, lie), state)


def _under_permit(found: Situations, interlocks: tuple[Interlock, ...]) -> list[int]:
    """States, each with other readings, in which a permit is asserted that some interlocks guard."""
    search = found.search
    search.controller.tell(None)
    guarded = {guard for one in interlocks for guard in one.guards}
    states: dict[int, int] = {}
    for state in found.honest.parents:
        if not guarded.isdisjoint(search.controller.granted(search.memory(state))):
            plant = search.space.moves(search.plant(state))[0].plant
            states.setdefault(search.controller.images.facts(search.controller.shown(plant)), state)
    return list(states.values())


def _objected(found: Situations, interlocks: tuple[Interlock, ...], number: int) -> list[int]:
    """The nearest states, each with other readings, in which some interlocks object, be it with others."""
    search = found.search
    search.controller.tell(None)
    ids = frozenset(one.id for one in interlocks)
    states: dict[int, int] = {}
    for state in found.honest.parents:
        plant = search.space.moves(search.plant(state))[0].plant
        if not ids.isdisjoint(search.controller.failing(plant, search.memory(state))):
            states.setdefault(search.controller.images.facts(search.controller.shown(plant)), state)
            if len(states) >= number:
                break
    return list(states.values())


def _some(run: Run, number: int) -> Iterator[int]:
    """So many states of a search, from all its depths."""
    yield from islice(run.parents, 0, None, max(1, len(run.parents) // number))


def _honestly(found: Situations) -> None:
    search = found.search
    for run, circumstance in ((found.honest, Circumstance()), (found.late, Circumstance(late=True))):
        for state in run.parents:
            plant = search.space.moves(search.plant(state))[0].plant
            found.note(search.controller.alone(plant, search.memory(state)), circumstance, state)


def _in_trouble(found: Situations, number: int) -> None:
    """Troubles at some states of every depth, and those that can seldom begin where they can."""
    search = found.search
    troubles = search.space.troubles
    left = {n: number for n, one in enumerate(troubles, start=1) if one.nature in (Nature.LOAD, Nature.EXIT)}
    sample = set(_some(found.honest, number))
    every = max(1, len(found.honest.parents) // (20 * number))
    for place, state in enumerate(found.honest.parents):
        if state not in sample and place % every:
            continue
        plant = search.space.plants[search.plant(state)]
        seldom = {n for n, count in left.items() if count and may_begin(search.space.layout, plant, troubles[n - 1])}
        for trouble, move in search.space.begins(search.plant(state)) if seldom or state in sample else ():
            if state in sample or trouble in seldom:
                if trouble in left:
                    left[trouble] = max(0, left[trouble] - 1)
                ids = search.controller.alone(move.plant, search.memory(state))
                found.note(ids, Circumstance(trouble=trouble), state)


def _lied_to(found: Situations, number: int) -> None:
    """Lies, and lies about what shows a trouble while it lasts."""
    search = found.search
    logic = search.controller.logic
    lies = found.lies = lies_of(logic.interlocks, logic.definitions, shown_in(search, found.honest)).searched
    states = list(_some(found.honest, number))
    troubles = search.space.troubles
    for lie in lies:
        search.controller.tell(lie)
        told = {n for n, one in enumerate(troubles, start=1) if (lie.device, lie.tag) in one.readings}
        for state in states:
            plant = search.space.moves(search.plant(state))[0].plant
            if search.controller.shows(plant):
                found.note(search.controller.alone(plant, search.memory(state)), Circumstance(lie=lie), state)
            for trouble, move in search.space.begins(search.plant(state)) if told else ():
                if trouble in told:
                    ids = search.controller.alone(move.plant, search.memory(state))
                    found.note(ids, Circumstance(trouble, lie), state)
    search.controller.tell(None)
