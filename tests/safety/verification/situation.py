"""Searches of small garages that several tests look at, made once."""

from __future__ import annotations

from functools import cache

from safety.verification.controller import Controller
from safety.verification.search import Bounds, Run, Search
from safety.verification.space import Space
from safety.verification.variants import variant
from safety.verification.weakened import WeakenedLogic

NO_TROUBLE: frozenset[int] = frozenset()


@cache
def space(name: str) -> Space:
    return Space(variant(name).layout)


def search(name: str, without: frozenset[str] = frozenset(), *, late: bool = False) -> Search:
    found = space(name)
    return Search(found, Controller(found, WeakenedLogic(found.layout.topology, without)), late=late)


@cache
def explored(name: str, states: int) -> tuple[Search, Run]:
    one = search(name)
    return one, one.honest(NO_TROUBLE, Bounds(states=states))
