"""What a person confirms to stand somewhere, after a unit was in somebody's hands.

Owns the closed answers and their check against books and sensors. Must never lose a car: what the books have at a
position goes somewhere else only by the same person's word, with the sensors in agreement (H06). Where the books
themselves are in doubt, because the journal lost events, the word goes further: a car may be gone, or be another one.
"""

from __future__ import annotations

from controller.config.finding import listed
from controller.config.models import VehicleEntry
from controller.core import events as ev
from controller.core import mode_events as mev
from controller.core.order import Order, OrderState
from controller.core.sensing import sensed
from controller.core.situation import Situation
from controller.garage import PositionKind
from controller.local_link.mode_messages import ConfirmInventory
from safety.refusal import Refusal

_NAMES_SHOWN = 5


def confirm(situation: Situation, request: ConfirmInventory, *, asked: frozenset[str] = frozenset()) -> Refusal | None:
    """Take a person's word on one position into the books, or say why it cannot be.

    ``asked`` are positions that a finding asks about, beside those of units that were in somebody's hands.
    """
    if request.position not in situation.layout.positions:
        return Refusal("UNKNOWN_PLACE", f"There is no position {request.position!r}.", "Ask for the list of places.")
    refusal = (
        _not_asked(situation, request.position, asked)
        or _contradicted(situation, request)
        or _would_lose(situation, request, asked)
        or _comes_from(situation, request, asked)
    )
    if refusal is not None:
        return refusal
    if request.vehicle is not None and request.vehicle not in situation.state.vehicles:
        newly_known = _listed(situation, request.vehicle)
        if newly_known is not None:
            situation.log.write(newly_known)
    source = None if request.vehicle is None else situation.state.vehicles[request.vehicle].position
    situation.log.write(
        mev.InventoryConfirmed(
            position=request.position,
            vehicle=request.vehicle,
            person=request.person,
            source=source,
            gone=situation.state.occupant.get(request.position) if request.gone else None,
            actor=request.actor,
        )
    )
    return None


def _touched(situation: Situation, position: str) -> bool:
    """True when a unit that was in somebody's hands holds the position, or its forks reach it."""
    precautions = situation.state.precautions
    units = {*precautions.unconfirmed.values(), *precautions.keys_out}
    if position in precautions.unconfirmed or situation.layout.positions[position].owner in units:
        return True
    return any(shuttle in units for shuttle in situation.layout.reached_by(position))


def _not_asked(situation: Situation, position: str, asked: frozenset[str]) -> Refusal | None:
    if position not in asked and not _touched(situation, position):
        return Refusal(
            "NOT_ASKED",
            f"No unit that holds or reaches {position} was taken out of automatic.",
            "Nothing needs to be confirmed there; where books and sensors differ, `garagectl recover` asks.",
        )
    holder = situation.state.claims.get(position)
    if holder is not None:
        return Refusal(
            "RESOURCE_BUSY", f"{position} is used by order {holder}.", f"Withdraw order {holder}, then confirm."
        )
    return None


def _contradicted(situation: Situation, request: ConfirmInventory) -> Refusal | None:
    """The position's sensors must say the same; a place where nothing looks goes by the person's word."""
    seen = sensed(situation, request.position)
    own = situation.layout.positions[request.position].kind not in (PositionKind.PLACE, PositionKind.BUFFER)
    if seen is None and own:
        return Refusal(
            "SENSORS_UNCLEAR",
            f"The detectors of {request.position} do not say whether a car stands there.",
            "Bring the forks home and the car into its marks, or find the defective detector; then confirm.",
        )
    if seen is not None and seen is not (request.vehicle is not None):
        word = "a car" if seen else "no car"
        return Refusal(
            "SENSORS_DISAGREE",
            f"The detectors see {word} at {request.position}.",
            "Look again at what stands there. If the detectors are wrong, have them repaired first.",
        )
    return None


def _would_lose(situation: Situation, request: ConfirmInventory, asked: frozenset[str]) -> Refusal | None:
    """A car that the books have here must be said to be somewhere else first, or to have left.

    It has left through a cabin, or by hand from where both detectors miss it and a finding asks for it (H06).
    """
    kind = situation.layout.positions[request.position].kind
    is_doubted = request.position in situation.state.precautions.doubted
    is_missed = request.position in asked and sensed(situation, request.position) is False
    is_way_out = request.vehicle is None and (kind is PositionKind.CABIN or is_missed)
    if request.gone and not is_doubted and not is_way_out:
        return Refusal(
            "NOT_A_WAY_OUT",
            "A car leaves the garage through a cabin that is then empty, or from where its detectors miss it.",
            "Say where the car stands.",
        )
    occupant = situation.state.occupant.get(request.position)
    if request.gone and occupant is not None and occupant == request.vehicle:
        return Refusal("NOT_A_WAY_OUT", f"{occupant} cannot stand there and be gone.", "Say which of both is so.")
    order = None if occupant is None or not is_doubted else situation.state.order_of_vehicle(occupant)
    if request.gone and order is not None:
        return Refusal("VEHICLE_ALREADY_ORDERED", f"{occupant} has the open order {order.id}.", f"Withdraw {order.id}.")
    if occupant is None or occupant == request.vehicle or request.gone:
        return None
    return Refusal(
        "VEHICLE_WOULD_BE_LOST",
        f"The books have {occupant} at {request.position}.",
        f"Confirm {occupant} where it stands now first; if it left the garage, say that it is gone.",
    )


def _comes_from(situation: Situation, request: ConfirmInventory, asked: frozenset[str]) -> Refusal | None:
    """A car that the books have elsewhere must be able to have come from there, and not be seen there any more."""
    if request.vehicle is None:
        return None
    vehicle = situation.state.vehicles.get(request.vehicle)
    is_doubted = request.position in situation.state.precautions.doubted
    if vehicle is None and is_doubted:
        if _listed(situation, request.vehicle) is not None:
            return None
        return Refusal(
            "UNKNOWN_VEHICLE",
            f"No car {request.vehicle!r} is known here; its arrival is among the events that were lost.",
            "Add it to the configuration's list of vehicles, restart the controller, and confirm it again.",
        )
    if vehicle is None:
        return Refusal("UNKNOWN_VEHICLE", f"No car {request.vehicle!r} is known here.", "Check the car's id.")
    order = situation.state.order_of_vehicle(request.vehicle)
    on_its_way = order is not None and request.position in asked and _is_on_its_way(situation, order, request.position)
    if order is not None and order.state is not OrderState.WAITING and not on_its_way:
        return Refusal(
            "VEHICLE_ALREADY_ORDERED", f"{request.vehicle} has the open order {order.id}.", f"Withdraw {order.id}."
        )
    before = vehicle.position
    return None if before == request.position else _cannot_come_from(situation, request, before, asked)


def _is_on_its_way(situation: Situation, order: Order, position: str) -> bool:
    """True when the order goes on from the position: one end of its present leg, or the deck between them."""
    leg = order.current_leg
    return leg is not None and position in (leg.source, leg.target, situation.layout.shuttles[leg.shuttle].deck)


def _cannot_come_from(
    situation: Situation, request: ConfirmInventory, before: str | None, asked: frozenset[str]
) -> Refusal | None:
    if before is None:
        is_doubted = request.position in situation.state.precautions.doubted
        if is_doubted or situation.layout.positions[request.position].kind is PositionKind.CABIN:
            return None
        return Refusal(
            "VEHICLE_NOT_HERE",
            f"The books do not have {request.vehicle} in the garage.",
            "Check the car's id; a car comes into the garage through a cabin.",
        )
    order = situation.state.order_of_vehicle(request.vehicle or "")
    holder = situation.state.claims.get(before)
    is_taken = holder is not None and (order is None or holder != order.id)
    if is_taken or not (before in asked or _touched(situation, before)):
        return Refusal(
            "OUT_OF_REACH",
            f"The books have {request.vehicle} at {before}, where no unit that was taken out can have fetched it.",
            "Check the car's id against its number plate.",
        )
    if sensed(situation, before):
        return Refusal(
            "SENSORS_DISAGREE", f"The detectors see a car at {before}, where the books have it.", "Look at both places."
        )
    return None


def _listed(situation: Situation, vehicle: str) -> ev.VehicleKnown | None:
    """A car of the configuration's list as it comes into the books, None when it is not on the list."""
    entry = next((entry for entry in situation.config.vehicles if entry.id == vehicle), None)
    return None if entry is None else known_by_list(entry, None)


def known_by_list(entry: VehicleEntry, position: str | None) -> ev.VehicleKnown:
    """A car of the configuration's list, standing at ``position``."""
    return ev.VehicleKnown(
        vehicle=entry.id,
        model=entry.model,
        length_mm=entry.length_mm,
        width_mm=entry.width_mm,
        height_mm=entry.height_mm,
        weight_kg=entry.weight_kg,
        electric=entry.electric,
        position=position,
        heading="left",
    )


def unconfirmed(situation: Situation, device: str) -> Refusal | None:
    """Why a unit is out of use until a person has said what stands on it, None when nothing is open.

    A place in doubt that several shuttles reach holds each of them back.
    """
    precautions = situation.state.precautions
    reached = {place for place in precautions.doubted if _reaches(situation, device, place)}
    positions = sorted({*precautions.unconfirmed_on(device), *reached})
    if not positions:
        return None
    named = listed(positions, _NAMES_SHOWN)
    why = "events of the journal are lost" if precautions.doubted else f"{device} was taken out of automatic"
    return Refusal(
        "INVENTORY_UNCONFIRMED",
        f"Since {why}, nobody has confirmed what stands at {named}.",
        f"Look there, then say what stands there: `garagectl confirm {positions[0]} --empty` or `--vehicle CAR`.",
    )


def _reaches(situation: Situation, device: str, position: str) -> bool:
    place = situation.layout.positions.get(position)
    return place is not None and not place.owner and situation.layout.stop(device, position) is not None
