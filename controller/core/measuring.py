"""The size check of a car in a cabin: what it measures, and why it cannot be stored (H14).

Owns the comparison of the measures with the cabin, the places and what the books know of the car. Must never decide
what becomes of the car.
"""

from __future__ import annotations

from controller.core import events as ev
from controller.core.order import Order
from controller.core.placement import Placement
from controller.core.situation import Situation
from controller.core.vehicle import Vehicle
from controller.garage import Cabin
from safety.refusal import Refusal

SAME_CAR_MM = 150
"""A car that was measured before is measured anew within so much, with a coupling or other mirrors. By judgement."""
MEASURED_MM = 50
"""Accuracy of the light barriers: more is no error of measurement. By judgement."""


def measure(situation: Situation, cabin: str, order: Order) -> ev.VehicleMeasured | None:
    """The measures of the car in a cabin; None while a reading is missing or shows nothing."""
    names = ("vehicle_length_mm", "vehicle_width_mm", "vehicle_height_mm", "vehicle_weight_kg")
    values = [situation.value(cabin, name) for name in names]
    if any(value is None or value == 0 for value in values):
        return None
    length, width, height, weight = (int(value or 0) for value in values)
    return ev.VehicleMeasured(
        vehicle=order.vehicle, cabin=cabin, length_mm=length, width_mm=width, height_mm=height, weight_kg=weight
    )


def refuse_car(
    situation: Situation, cabin: Cabin, order: Order, measured: ev.VehicleMeasured, placement: Placement
) -> Refusal | None:
    """Why the measured car cannot be stored, None when it can."""
    vehicle = Vehicle(
        order.vehicle,
        "",
        measured.length_mm,
        measured.width_mm,
        measured.height_mm,
        measured.weight_kg,
        electric=False,
    )
    if (another := _another_car(situation, vehicle, cabin.id)) is not None:
        return another
    clearance = situation.value(cabin.id, "ground_clearance_mm")
    least = cabin.envelope.ground_clearance_mm_min
    misfits = list(vehicle.misfits(cabin.envelope))
    if clearance is None or clearance < least:
        misfits.append(f"ground clearance {clearance} mm below {least} mm")
    if situation.value(cabin.id, "vehicle_in_envelope") is not True:
        misfits.append("a light barrier of the size check is interrupted")
    if not misfits and placement.choose(situation, order, vehicle, cabin.position) is None:
        misfits.append("no free place is large enough")
    if not misfits:
        return None
    return Refusal(
        "VEHICLE_DOES_NOT_FIT",
        f"The car in {cabin.id} cannot be stored: {', '.join(misfits)}.",
        "The driver drives it out again; fold mirrors, remove roof loads, or use another garage.",
    )


def _another_car(situation: Situation, measured: Vehicle, cabin: str) -> Refusal | None:
    """Not the car that was ordered, by its length or width: stored under that name, it would go to the wrong person.

    What the books do not know of it is not compared (H06, H17).
    """
    known = situation.state.vehicles[measured.id]
    pairs = (("length", measured.length_mm, known.length_mm), ("width", measured.width_mm, known.width_mm))
    differs = [f"{name} {is_} mm, not {was} mm" for name, is_, was in pairs if was and abs(is_ - was) > SAME_CAR_MM]
    if not differs:
        return None
    return Refusal(
        "NOT_THE_ORDERED_CAR",
        f"The car in {cabin} is not {measured.id} as the books know it: {', '.join(differs)}.",
        "The driver takes it out again; order it under its own id, or with its own measures.",
    )


def grew(situation: Situation, measured: ev.VehicleMeasured) -> bool:
    """True when the car is larger than it was measured before: a boot or door was opened since (H14)."""
    known = situation.state.vehicles[measured.vehicle]
    pairs = (
        (measured.length_mm, known.length_mm),
        (measured.width_mm, known.width_mm),
        (measured.height_mm, known.height_mm),
    )
    return any(is_ > was + MEASURED_MM for is_, was in pairs)
