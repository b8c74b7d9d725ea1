"""Events of modes: locks, key switches, what is held by hand, what persons confirm and answer.

Owns these event types, under the rules of ``events``: fields may be added with a default, none is ever renamed,
removed or given another meaning.
"""

from __future__ import annotations

from typing import Literal

from controller.core.fact import Fact

KeyPosition = Literal["automatic", "manual", "maintenance"]


class ZoneLocked(Fact, frozen=True, kw_only=True, tag="zone-locked"):
    """A person hung a lock of the own on a zone: nothing moves there until the same person releases it (H20)."""

    zone: int
    person: str
    note: str = ""
    actor: str = ""


class ZoneUnlocked(Fact, frozen=True, kw_only=True, tag="zone-unlocked"):
    """A person released the own lock on a zone."""

    zone: int
    person: str
    actor: str = ""


class KeyTurned(Fact, frozen=True, kw_only=True, tag="key-turned"):
    """A unit's key switch was turned; ``unconfirmed`` are the positions whose inventory a person must confirm (H13)."""

    device: str
    position: KeyPosition
    unconfirmed: list[str] = []


class InventoryConfirmed(Fact, frozen=True, kw_only=True, tag="inventory-confirmed"):
    """A person said what stands at a position, and its sensors agree; ``gone`` is a car that left the garage there."""

    position: str
    vehicle: str | None
    person: str
    source: str | None = None
    gone: str | None = None
    actor: str = ""


class FindingAnswered(Fact, frozen=True, kw_only=True, tag="finding-answered"):
    """A person answered the question of a finding; ``units`` wait for a start before they move again (H11)."""

    finding: str
    answer: str
    text: str
    units: list[str]
    person: str
    actor: str = ""


class RouteVoided(Fact, frozen=True, kw_only=True, tag="route-voided"):
    """The way of an order's car is void, because a unit on it was taken out; the car waits where it stands (H13)."""

    order: str
    device: str


class HoldBegan(Fact, frozen=True, kw_only=True, tag="hold-began"):
    """A person began to move one axis by hand."""

    device: str
    axis: str
    direction: str
    person: str
    actor: str = ""


class HoldEnded(Fact, frozen=True, kw_only=True, tag="hold-ended"):
    """An axis is no longer held by hand; ``code`` says why."""

    device: str
    axis: str
    code: str


ModeFact = (
    ZoneLocked | ZoneUnlocked | KeyTurned | InventoryConfirmed | FindingAnswered | RouteVoided | HoldBegan | HoldEnded
)
"""Every event of this module."""
