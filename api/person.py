"""The bodies with which a named person acts: locks, the end of a fire, a hold, what stands where.

Owns what a caller may write there. A name is what the person gives; who may give which is the business of accounts.
Must never decide whether an act counts; the control process does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.order_body import NAME_PATTERN, VEHICLE_ID_PATTERN, Body

PERSON_PATTERN = r"^[^\s\p{C}](?:[^\p{C}]{0,58}[^\s\p{C}])?$"

Person = Annotated[str, Field(pattern=PERSON_PATTERN, max_length=60, description="Who acts, by name.")]
Press = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9-]{1,64}$", description="A name of your own for this one press of the button."),
]


class LockBody(Body):
    """A person hangs a lock of the own on a zone."""

    person: Person
    note: Annotated[str, Field(max_length=120, pattern=r"^\P{C}*$", description="What for, for others to read.")] = ""


class PersonBody(Body):
    """A person acts, and nothing more needs to be said."""

    person: Person


class FindingAnswerBody(Body):
    """A person's answer to the question of a finding."""

    answer: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$", description="One of the finding's answers.")
    ]
    person: Person


class HoldBody(Body):
    """A person presses, or still presses, the button that moves one axis."""

    unit: Annotated[str, Field(pattern=NAME_PATTERN, max_length=64, description="The device whose key is in manual.")]
    axis: Literal["travel", "forks", "turntable"]
    direction: Literal["forward", "back"]
    person: Person
    press: Press


class ReleaseBody(Body):
    """The button was let go."""

    press: Press


class InventoryBody(Body):
    """What a person sees at a position: a car, nothing, or that the car of the books has left the garage there."""

    stands: Literal["vehicle", "empty", "gone"]
    vehicle: Annotated[str, Field(pattern=VEHICLE_ID_PATTERN, max_length=32)] | None = None
    person: Person
