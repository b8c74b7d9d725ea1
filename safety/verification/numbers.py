"""Equal values by one number each, so that states are small and comparing them is comparing numbers."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value", bound=Hashable)


class Numbers(Generic[Value]):
    """Values and their numbers, counted from 0 in the order in which they came."""

    def __init__(self) -> None:
        self._values: list[Value] = []
        self._numbers: dict[Value, int] = {}

    def of(self, value: Value) -> int:
        """The number of a value, a new one when it has none."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self._values)
            self._values.append(value)
        return found

    def __getitem__(self, number: int) -> Value:
        """The value behind a number."""
        return self._values[number]

    def __len__(self) -> int:
        return len(self._values)
