"""Memories by number, each made up of what safety remembers of every device.

Owns the parts and the putting together of memories from them. Must never change what is remembered: what is put
together here is a memory that the gate could have left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from safety.memory import Passed, SafetyMemory
from safety.verdict import Function
from safety.verification.canonical import Key, Renaming
from safety.verification.numbers import Numbers

Part = tuple[frozenset[Function], tuple[tuple[Function, int], ...], Passed | None, tuple[tuple[Function, int], ...]]
"""What is remembered of one device: permits granted, permits fading, the command passed, permits revoked."""


class Kept:
    """The memories, beside the expressions' states, that cycles have left; ``devices`` are the commanded ones."""

    def __init__(self, renaming: Renaming, devices: Iterable[str]) -> None:
        self._renaming = renaming
        self._devices = tuple(devices)
        self._parts = Numbers[Part]()
        self._rests = Numbers[Key]()
        self._of_rest: list[SafetyMemory] = []
        self._numbers = Numbers[tuple[int, ...]]()
        self._memories: list[SafetyMemory] = []

    def of(self, memory: SafetyMemory) -> int:
        """The number of a memory that has been moved into the past."""
        return self.put_together(self.rest(memory), [self.part(memory, device) for device in self._devices])

    def part(self, memory: SafetyMemory, device: str) -> int:
        """The number of what a memory holds of one device."""
        return self._parts.of(
            (
                frozenset(function for function in memory.granted if function.device == device),
                tuple(item for item in memory.fading.items() if item[0].device == device),
                memory.commands.get(device),
                tuple(item for item in memory.revoked.items() if item[0].device == device),
            )
        )

    def rest(self, memory: SafetyMemory) -> int:
        """The number of what a memory holds beside the expressions' states and of no single device."""
        number = self._rests.of(self._renaming.rest(memory))
        if number == len(self._of_rest):
            self._of_rest.append(replace(memory, trace=None))
        return number

    def put_together(self, rest: int, parts: Iterable[int]) -> int:
        """The number of the memory with these parts, in the order of the devices."""
        key = (rest, *parts)
        number = self._numbers.of(key)
        if number == len(self._memories):
            self._memories.append(self._made(rest, key[1:]))
        return number

    def memory(self, number: int) -> SafetyMemory:
        """The memory behind a number."""
        return self._memories[number]

    def _made(self, rest: int, parts: tuple[int, ...]) -> SafetyMemory:
        found = [self._parts[number] for number in parts]
        commands = ((device, part[2]) for device, part in zip(self._devices, found, strict=True))
        return replace(
            self._of_rest[rest],
            granted=frozenset(function for part in found for function in part[0]),
            fading=dict(sorted(item for part in found for item in part[1])),
            commands={device: passed for device, passed in sorted(commands) if passed is not None},
            revoked=dict(sorted(item for part in found for item in part[3])),
        )
