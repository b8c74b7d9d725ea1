"""The bodies that order something, with the limits of every field.

Owns what a caller may write. Must never decide whether an order can be carried out; the control process does.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from controller.local_link.messages import SubmitOrder, VehicleData

VEHICLE_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$"
NAME_PATTERN = r"^[a-z][a-z0-9-]{0,63}$"

VehicleId = Annotated[str, Field(pattern=VEHICLE_ID_PATTERN, max_length=32, description="The car's name.")]
CabinId = Annotated[
    str, Field(pattern=NAME_PATTERN, max_length=64, description="The cabin to use; any that suits when not given.")
]
PlaceId = Annotated[
    str, Field(pattern=NAME_PATTERN, max_length=64, description="The place to use; one that suits when not given.")
]
Dimension = Annotated[int, Field(gt=0, le=20_000)]


class Body(BaseModel):
    """Base of all bodies: unknown fields are refused, nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    def fingerprint(self) -> str:
        """The same for two bodies that ask for the same, whatever their order of fields and white space."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


class RetrieveBody(Body):
    """Bring a car that stands in the garage to a cabin and hand it over."""

    kind: Literal["retrieve"]
    vehicle: VehicleId
    cabin: CabinId | None = None

    def submit(self, actor: str, key: str | None) -> SubmitOrder:
        """The request for the control process."""
        return SubmitOrder(
            kind=self.kind,
            vehicle=VehicleData(id=self.vehicle),
            cabin=self.cabin,
            key=key,
            fingerprint=self.fingerprint(),
            actor=actor,
        )


class StoreBody(Body):
    """Take in a car. Sizes are what the customer says; the cabin measures, and the measured ones count."""

    kind: Literal["store"]
    vehicle: VehicleId
    cabin: CabinId | None = None
    model: Annotated[str, Field(max_length=60, pattern=r"^\P{C}*$", description="Make and model, for people.")] = ""
    length_mm: Dimension | None = None
    width_mm: Dimension | None = None
    height_mm: Dimension | None = None
    weight_kg: Annotated[int, Field(gt=0, le=20_000)] | None = None
    electric: bool = False

    def submit(self, actor: str, key: str | None) -> SubmitOrder:
        """The request for the control process."""
        return SubmitOrder(
            kind=self.kind,
            vehicle=VehicleData(
                id=self.vehicle,
                model=self.model,
                length_mm=self.length_mm,
                width_mm=self.width_mm,
                height_mm=self.height_mm,
                weight_kg=self.weight_kg,
                electric=self.electric,
            ),
            cabin=self.cabin,
            key=key,
            fingerprint=self.fingerprint(),
            actor=actor,
        )


class RelocateBody(Body):
    """Bring a car to another place inside the garage."""

    kind: Literal["relocate"]
    vehicle: VehicleId
    target: PlaceId | None = None

    def submit(self, actor: str, key: str | None) -> SubmitOrder:
        """The request for the control process."""
        return SubmitOrder(
            kind=self.kind,
            vehicle=VehicleData(id=self.vehicle),
            target=self.target,
            key=key,
            fingerprint=self.fingerprint(),
            actor=actor,
        )


OrderBody = Annotated[RetrieveBody | StoreBody | RelocateBody, Field(discriminator="kind")]

EXAMPLES = {
    "retrieve": {
        "summary": "Bring a car to whichever cabin suits",
        "value": {"kind": "retrieve", "vehicle": "mustang-01"},
    },
    "retrieve-at": {
        "summary": "Bring a car to a certain cabin",
        "value": {"kind": "retrieve", "vehicle": "mustang-01", "cabin": "cabin1"},
    },
    "store": {
        "summary": "Take in a car",
        "value": {"kind": "store", "vehicle": "GZ-A88888", "model": "Ford Kuga", "cabin": "cabin1"},
    },
    "relocate": {
        "summary": "Bring a car to another place",
        "value": {"kind": "relocate", "vehicle": "mustang-01", "target": "l3-c2-left"},
    },
}
