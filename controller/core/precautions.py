"""What must be settled before the machine may move again: locks, key switches, inventory.

Owns this part of the garage's state and the one function that changes it. Must never decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from controller.core import mode_events as mev


@dataclass(frozen=True, slots=True)
class Lock:
    """A person's lock on a zone; ``since_ms`` is Unix time."""

    person: str
    note: str
    since_ms: int


@dataclass(slots=True)
class Precautions:
    """``locks`` by zone and person; ``keys_out`` the devices whose key is not in automatic, with its position.

    ``unconfirmed`` are positions whose inventory a person must confirm, with the device that they belong to. Changed by
    ``change`` only.
    """

    locks: dict[int, dict[str, Lock]] = field(default_factory=dict)
    keys_out: dict[str, mev.KeyPosition] = field(default_factory=dict)
    unconfirmed: dict[str, str] = field(default_factory=dict)

    @property
    def locked_zones(self) -> frozenset[int]:
        """Zones on which somebody holds a lock."""
        return frozenset(self.locks)

    def unconfirmed_on(self, device: str) -> list[str]:
        """Positions of the device that a person must still confirm."""
        return [position for position, owner in self.unconfirmed.items() if owner == device]


def change(state: Precautions, at_ms: int, event: mev.ModeFact) -> None:
    """Change ``state`` by one event; ``at_ms`` is Unix time."""
    match event:
        case mev.ZoneLocked(zone=zone, person=person, note=note):
            state.locks.setdefault(zone, {})[person] = Lock(person, note, at_ms)
        case mev.ZoneUnlocked(zone=zone, person=person):
            state.locks.get(zone, {}).pop(person, None)
            if not state.locks.get(zone):
                state.locks.pop(zone, None)
        case mev.KeyTurned(device=device, position=position, unconfirmed=unconfirmed):
            if position == "automatic":
                state.keys_out.pop(device, None)
            else:
                state.keys_out[device] = position
            state.unconfirmed.update(dict.fromkeys(unconfirmed, device))
        case mev.InventoryConfirmed(position=place):
            state.unconfirmed.pop(place, None)
        case mev.RouteVoided() | mev.FindingAnswered() | mev.HoldBegan() | mev.HoldEnded():
            pass
        case _:
            assert_never(event)
