"""Decision diagrams: sets of choices of values, shared where they are alike, so that dozens of variables are no matter.

Owns the set operations. Must never know what a variable means. A diagram is a number; ``NONE`` is the empty set and
``EVERY`` the set of all choices. Equal sets are the same number (ordered, reduced, hash-consed).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

NONE = 0
EVERY = 1


class Diagrams:
    """Diagrams over variables that have ``sizes`` values each, numbered from 0 in the order in which they are asked."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = tuple(sizes)
        self._levels = [len(self._sizes), len(self._sizes)]
        self._below: list[tuple[int, ...]] = [(), ()]
        self._known: dict[tuple[int, tuple[int, ...]], int] = {}
        self._both: dict[tuple[int, int], int] = {}
        self._not: dict[int, int] = {NONE: EVERY, EVERY: NONE}

    def of(self, variable: int, holds: Callable[[int], bool]) -> int:
        """Choices in which ``holds`` is true of the variable's value number."""
        return self._node(variable, tuple(int(holds(i)) for i in range(self._sizes[variable])))

    def of_two(self, one: int, other: int, holds: Callable[[int, int], bool]) -> int:
        """Choices in which ``holds`` is true of two variables' value numbers, in the order given."""
        if one > other:
            return self.of_two(other, one, lambda i, j: holds(j, i))

        def inner(i: int) -> int:
            return self.of(other, lambda j: holds(i, j))

        return self._node(one, tuple(inner(i) for i in range(self._sizes[one])))

    def both(self, a: int, b: int) -> int:
        """Choices in both sets."""
        if b in (a, EVERY):
            return a
        if a == EVERY:
            return b
        if NONE in (a, b):
            return NONE
        key = (a, b) if a < b else (b, a)
        found = self._both.get(key)
        if found is None:
            level = min(self._levels[a], self._levels[b])
            values = range(self._sizes[level])
            found = self._node(level, tuple(self.both(self._at(a, level, i), self._at(b, level, i)) for i in values))
            self._both[key] = found
        return found

    def either(self, a: int, b: int) -> int:
        """Choices in one of the sets."""
        return self.rest(self.both(self.rest(a), self.rest(b)))

    def rest(self, a: int) -> int:
        """Choices that are not in the set."""
        found = self._not.get(a)
        if found is None:
            found = self._node(self._levels[a], tuple(self.rest(child) for child in self._below[a]))
            self._not[a] = found
        return found

    def given(self, a: int, variable: int, value: int) -> int:
        """The set when the variable has that value, whatever it is chosen to be."""
        level = self._levels[a]
        if level > variable:
            return a
        if level == variable:
            return self._below[a][value]
        return self._node(level, tuple(self.given(child, variable, value) for child in self._below[a]))

    def _at(self, a: int, level: int, value: int) -> int:
        return self._below[a][value] if self._levels[a] == level else a

    def _node(self, level: int, below: tuple[int, ...]) -> int:
        if all(child == below[0] for child in below):
            return below[0]
        found = self._known.get((level, below))
        if found is None:
            found = self._known[level, below] = len(self._levels)
            self._levels.append(level)
            self._below.append(below)
        return found
