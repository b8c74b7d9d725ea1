"""What may happen to a controller's start: another one beside it, a damaged journal, another configuration.

Owns how these come about and how people end them. Must never let a controller start where the real one refuses to.
"""

from __future__ import annotations

from random import Random

from cli.campaign.virtual_garage import VirtualGarage
from controller.config.models import GarageConfig, VehicleEntry
from controller.core.doubt import everything_doubted
from controller.core.journal_events import JournalSalvaged
from sim_hardware.fault import FaultRefusedError
from sim_hardware.plant.body import SeatKind

EVENTS_LOST_MAX = 200
"""How far before its end a journal is damaged at most."""
_OUTSIDE = frozenset({SeatKind.AWAY, SeatKind.LANE})


def begin_beside(garage: VirtualGarage) -> None:
    """Somebody starts a second controller, with a copy of the journal, while the first one runs (H13)."""
    rival = VirtualGarage(garage.config, period_ms=garage.period_ms, beside=garage)
    rival.disk.replace(list(garage.disk.load()))
    rival.start_controller()
    garage.rival = rival


def end_beside(garage: VirtualGarage) -> int:
    """The second one is found and stopped, and the first one started anew; how many PLCs had been taken from it."""
    epochs = [int(plc.read("owner_epoch")) for plc in garage.hardware.devices.values() if plc.definition.is_commanded]
    taken = sum(epoch > garage.core.epoch for epoch in epochs)
    garage.rival = None
    garage.kill_controller()
    return taken


def damage(garage: VirtualGarage, dice: Random) -> int:
    """The controller dies, and an event of its journal cannot be read any more; 1 when its start is refused."""
    garage.end_controller()
    garage.disk.damage(max(1, garage.disk.durable_seq - dice.randrange(EVENTS_LOST_MAX)))
    try:
        garage.start_controller()
    except ValueError:
        return 1
    return 0


def go_on(garage: VirtualGarage) -> None:
    """A person goes on with the good part, puts cars whose arrival is lost on the list, and starts."""
    damaged_seq = garage.disk.damaged_seq or 0
    event = JournalSalvaged(
        damage=f"Event {damaged_seq} is damaged.",
        damaged_seq=damaged_seq,
        kept_events=max(0, damaged_seq - 1),
        person="operator",
    )
    doubts = everything_doubted(garage.layout)
    garage.disk.salvage([event, *doubts], garage.unix_0_ms + garage.now_ms)
    garage.start_controller()
    known = garage.core.state.vehicles
    lost = [
        VehicleEntry(
            id=body.id,
            model="told by its number plate",
            place=body.seat.owner,
            length_mm=body.spec.length_mm,
            width_mm=body.spec.width_mm,
            height_mm=body.spec.height_mm,
            weight_kg=body.spec.weight_kg,
        )
        for body in garage.hardware.plant.scene.vehicles.values()
        if body.id not in known and body.seat.kind not in _OUTSIDE
    ]
    if lost:
        entries = {entry.id: entry for entry in (*garage.config.vehicles, *lost)}
        garage.end_controller()
        garage.start_controller(garage.config.model_copy(update={"vehicles": tuple(entries.values())}))
    open_cars = {order.vehicle for order in garage.core.state.open_orders()}
    garage.crowd.send_home(open_cars)


def refuse_another(garage: VirtualGarage) -> int:
    """The controller ends, and is started with a configuration that lacks a level; 1 when that is refused (H08).

    Raises:
        FaultRefusedError: NOT_NOW, no car stands in a place.
    """
    positions, occupant = garage.layout.positions, garage.core.state.occupant
    level = next((positions[at].level for at in occupant if not positions[at].owner), None)
    if level is None:
        raise FaultRefusedError("NOT_NOW", "No car stands in a place.", "Wait until one does.")
    garage.end_controller()
    return int(bool(garage.unplaced(_without(garage.config, level))))


def _without(config: GarageConfig, level: int) -> GarageConfig:
    """The configuration of a garage that has no places on that level."""
    blocks = []
    for block in config.places:
        left = tuple(number for number in block.levels if number != level)
        if left:
            blocks.append(block.model_copy(update={"levels": left}))
    return config.model_copy(update={"places": tuple(blocks)})
