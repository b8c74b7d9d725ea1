"""Messages about modes and zones: what the outside sees of a zone, and what persons ask for there.

Owns their schema, under the rules of ``messages``. Must never hold logic.
"""

from __future__ import annotations

from typing import Literal

from controller.local_link.message import Message

Mode = Literal["stopped", "automatic", "manual", "maintenance", "fire"]


class LockView(Message, frozen=True, kw_only=True):
    """A person's lock on a zone; ``since_ms`` is Unix milliseconds."""

    person: str
    note: str
    since_ms: int


class ZoneView(Message, frozen=True, kw_only=True):
    """A safety zone.

    ``isolator`` is the lock on the hardware isolator, ``locks`` those that persons hold in the books. ``torque`` and
    ``speed_limited`` are what the safety PLC reports, None when it is not known. ``standing`` says that every drive of
    the zone is proven to stand.
    """

    id: int
    emergency_stop: Literal["released", "pressed", "unacknowledged", "not-connected"]
    guards: Literal["closed", "open", "unknown"]
    isolator: Literal["clear", "locked", "unknown"]
    locks: list[LockView]
    torque: bool | None
    speed_limited: bool | None
    devices: list[str]
    standing: bool


class LockZone(Message, frozen=True, kw_only=True, tag="lock-zone"):
    """A person hangs a lock of the own on a zone."""

    zone: int
    person: str
    note: str = ""
    actor: str = "api"


class UnlockZone(Message, frozen=True, kw_only=True, tag="unlock-zone"):
    """A person releases the own lock on a zone."""

    zone: int
    person: str
    actor: str = "api"


class EndFire(Message, frozen=True, kw_only=True, tag="end-fire"):
    """A named person says that the fire is over; automatic operation is started apart from that."""

    person: str
    actor: str = "api"


class ConfirmInventory(Message, frozen=True, kw_only=True, tag="confirm-inventory"):
    """A person says what stands at a position: a car, or nothing; ``gone``: the car of the books left there."""

    position: str
    vehicle: str | None
    person: str
    gone: bool = False
    actor: str = "api"


class FindingAnswerView(Message, frozen=True, kw_only=True):
    """One of the closed answers to a finding's question."""

    id: str
    text: str


class FindingView(Message, frozen=True, kw_only=True):
    """What books and machine do not agree on.

    ``evidence`` are books and readings as they are now, ``moves`` what can settle it without an answer. ``blocks``
    says that its ``units`` are out of use until it is settled; the rest of the garage is not.
    """

    id: str
    kind: str
    subject: str
    text: str
    evidence: list[str]
    moves: list[str]
    units: list[str]
    question: str
    answers: list[FindingAnswerView]
    blocks: bool


class AnswerFinding(Message, frozen=True, kw_only=True, tag="answer-finding"):
    """A named person answers the question of a finding with one of its closed answers."""

    finding: str
    answer: str
    person: str
    actor: str = "api"


class HoldToRun(Message, frozen=True, kw_only=True, tag="hold-to-run"):
    """A person presses, or still presses, the button that moves one axis; ``press`` names this one press of it."""

    unit: str
    axis: Literal["travel", "forks", "turntable"]
    direction: Literal["forward", "back"]
    person: str
    press: str
    actor: str = "api"


class ReleaseHold(Message, frozen=True, kw_only=True, tag="release-hold"):
    """The person has let the button go."""

    press: str
    actor: str = "api"


ModeRequest = LockZone | UnlockZone | EndFire | ConfirmInventory | AnswerFinding | HoldToRun | ReleaseHold
"""Every request of this module."""
