"""The bodies that book a slot or announce an arrival, with the limits of every field.

Owns what a caller may write. Must never decide whether a slot can be given; the control process does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.order_body import Body, Dimension, VehicleId
from controller.local_link.booking_messages import AnnounceBooking, BookSlot

UNIX_MS_MAX = 32_503_680_000_000
"""The year 3000: nothing that a calendar writes is later."""

Moment = Annotated[int, Field(ge=0, le=UNIX_MS_MAX, description="Unix milliseconds.")]
Purpose = Annotated[str, Field(max_length=80, pattern=r"^\P{C}*$", description="What it is for, for people.")]


class BookRetrievalBody(Body):
    """A car that stands in the garage is to be there in a slot."""

    kind: Literal["retrieve"]
    vehicle: VehicleId
    from_ms: Moment
    to_ms: Moment
    purpose: Purpose = ""

    def request(self, actor: str, key: str | None) -> BookSlot:
        """The request for the control process."""
        return BookSlot(
            kind=self.kind,
            vehicle=self.vehicle,
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            purpose=self.purpose,
            key=key,
            fingerprint=self.fingerprint(),
            actor=actor,
        )


class BookStoreBody(Body):
    """A car is brought in a slot. Sizes are what the customer says; the cabin measures, and the measured ones count."""

    kind: Literal["store"]
    vehicle: VehicleId
    from_ms: Moment
    to_ms: Moment
    purpose: Purpose = ""
    model: Annotated[str, Field(max_length=60, pattern=r"^\P{C}*$", description="Make and model, for people.")] = ""
    length_mm: Dimension | None = None
    width_mm: Dimension | None = None
    height_mm: Dimension | None = None
    weight_kg: Annotated[int, Field(gt=0, le=20_000)] | None = None
    electric: bool = False

    def request(self, actor: str, key: str | None) -> BookSlot:
        """The request for the control process."""
        return BookSlot(
            kind=self.kind,
            vehicle=self.vehicle,
            from_ms=self.from_ms,
            to_ms=self.to_ms,
            purpose=self.purpose,
            model=self.model,
            length_mm=self.length_mm,
            width_mm=self.width_mm,
            height_mm=self.height_mm,
            weight_kg=self.weight_kg,
            electric=self.electric,
            key=key,
            fingerprint=self.fingerprint(),
            actor=actor,
        )


BookingBody = Annotated[BookRetrievalBody | BookStoreBody, Field(discriminator="kind")]


class AnnounceBody(Body):
    """The customer is on the way."""

    arrival_s: Annotated[
        int, Field(ge=0, le=86_400, description="Seconds until the customer is there; 0 before the cabin.")
    ]

    def request(self, booking: str, actor: str) -> AnnounceBooking:
        """The request for the control process."""
        return AnnounceBooking(booking=booking, arrival_s=self.arrival_s, actor=actor)


EXAMPLES = {
    "retrieve": {
        "summary": "Have a car there in a quarter of an hour in the afternoon",
        "value": {
            "kind": "retrieve",
            "vehicle": "mustang-01",
            "from_ms": 1_767_279_600_000,
            "to_ms": 1_767_280_500_000,
            "purpose": "test drive",
        },
    },
    "store": {
        "summary": "Bring a car",
        "value": {
            "kind": "store",
            "vehicle": "GZ-A88888",
            "from_ms": 1_767_279_600_000,
            "to_ms": 1_767_280_500_000,
            "length_mm": 4531,
            "height_mm": 1700,
        },
    },
}
