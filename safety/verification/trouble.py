"""What can be wrong at a machine without any sensor lying: stops, keys, faults, lost PLCs, cars out of place.

Owns the list, made from the layout: what each changes in the readings, and what must not move, or not start, as long
as it lasts. The latter is written from the hazards; no interlock is consulted. One is there at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from plc_drivers.contract import CommandCode, DeviceKind, Value
from plc_drivers.contract.codes import Health, Mode, State
from plc_drivers.contract.safety import zone_tag
from safety.acts import NO_ACTS, Acts
from safety.verification.layout import Device, Layout, Order
from safety.verification.motion import PICKS, PLACES, moves_forks, reached
from safety.verification.plant import Person, Pins, Plant, cabin_of, lift_of

Motion = Callable[[Layout, Plant, int, Order], bool]
"""Whether the motion of a device (by its number) under an order is one that a trouble forbids."""


class Nature(Enum):
    """How the search plays a trouble."""

    SIGNAL = "signal"
    LOST = "lost"
    STOPPED = "stopped"
    NO_REFERENCE = "no reference"
    LOAD = "load"
    EXIT = "exit"
    HOLD = "hold"


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong.

    ``readings`` are what sensors truly show of it, by (device, tag). ``stops`` says which motions may not go on
    once the controller has had a cycle to react, ``starts`` which orders may not be accepted then. ``then`` names
    the trouble that this one turns into when it ends, as a released emergency stop that nobody has reset.
    ``device`` is the one concerned, or None. ``acts`` is what persons ask of the controller as long as it lasts.
    One that does not begin by itself begins where another one ends in it, or out of the one called ``out_of``.
    ``honest_only`` are those that are not searched together with a lying sensor.
    """

    id: str
    begins: str
    ends: str
    hazard: str
    forbidden: str
    nature: Nature = Nature.SIGNAL
    readings: dict[tuple[str, str], Value] = field(default_factory=dict)
    stops: Motion | None = None
    starts: Motion | None = None
    then: str | None = None
    device: int | None = None
    begins_by_itself: bool = True
    acts: Acts = NO_ACTS
    out_of: str | None = None
    honest_only: bool = False


def troubles_of_machine(layout: Layout) -> tuple[Trouble, ...]:
    """Everything that can be wrong at the machine or its surroundings; persons at work are in ``hand``."""
    found: list[Trouble] = []
    for zone in layout.topology.zones:
        found += _zone(layout, zone)
    found += _alarms(layout)
    for device in layout.devices:
        found += _of_device(device)
        match device.kind:
            case DeviceKind.LIFT:
                found += _of_lift(layout, device)
            case DeviceKind.SHUTTLE:
                found += _of_shuttle(device)
            case _:
                found += _of_cabin(device)
                if layout.cabin(device.number).turntable:
                    found.append(_turntable_lost(device))
    return tuple(found)


def may_begin(layout: Layout, plant: Plant, trouble: Trouble) -> bool:
    """The situation is one in which the trouble can come up."""
    if not trouble.begins_by_itself and trouble.out_of is None:
        return False
    if trouble.nature is Nature.LOAD and trouble.device is not None:
        machine = plant.machines[trouble.device]
        return _carries(layout, plant, trouble.device) and getattr(machine, "forks", 0) == 0
    if trouble.nature is Nature.EXIT and trouble.device is not None:
        return cabin_of(plant, trouble.device).person == Person.INSIDE
    return True


def _carries(layout: Layout, plant: Plant, number: int) -> bool:
    if number < layout.first_cabin:
        return bool(getattr(plant.machines[number], "load", 0))
    return bool(cabin_of(plant, number).car)


def zones_of(layout: Layout, number: int) -> set[int]:
    """Zones in which a motion of this device takes place: its own, that of what it carries or rides on."""
    if number < layout.first_shuttle:
        zones = {layout.lift(number).zone}
        rider = layout.rider_of.get(number)
        return zones if rider is None else zones | {layout.shuttle(rider).zone}
    if number < layout.first_cabin:
        zones = {layout.shuttle(number).zone}
        lift = layout.lift_under.get(number)
        return zones if lift is None else zones | {layout.lift(lift).zone}
    return {layout.cabin(number).zone}


def in_zone(zone: int) -> Motion:
    """Motions in a zone, of what stands in it, and of forks that reach into it."""

    def concerned(layout: Layout, plant: Plant, number: int, order: Order) -> bool:
        if zone in zones_of(layout, number):
            return True
        target = reached(layout, plant, number, order)
        return target is not None and target.kind != "place" and zone in zones_of(layout, target.number)

    return concerned


def _zone(layout: Layout, zone: int) -> list[Trouble]:
    plc = layout.topology.safety
    reset = (plc, zone_tag("reset_done", zone))

    def signal(tag: str, begins: str, ends: str, hazard: str, *, reset_falls: bool, rule: Motion) -> Trouble:
        readings: dict[tuple[str, str], Value] = {(plc, zone_tag(tag, zone)): False}
        if reset_falls:
            readings[reset] = False
        return Trouble(
            f"zone{zone}.{tag}", begins, ends, hazard, f"{begins}, and yet something goes on moving in the zone",
            readings=readings, stops=rule, then=f"zone{zone}.not_reset" if reset_falls else None,
        )  # fmt: skip

    moves = in_zone(zone)
    return [
        signal("estop_released", f"Somebody presses the emergency stop of zone {zone}",
               "The emergency stop is released; nobody has reset it yet", "H12", reset_falls=True, rule=moves),
        signal("estop_connected", f"The emergency stop circuit of zone {zone} is interrupted",
               "The circuit is closed again; nobody has reset it yet", "H12", reset_falls=True, rule=moves),
        signal("guards_closed", f"Somebody opens a guard door of zone {zone}",
               "The guard door is closed again; nobody has reset it yet", "H12", reset_falls=True, rule=moves),
        signal("lockout_clear", f"Somebody locks zone {zone} out at its isolator",
               "The last lock is taken off; nobody has reset the zone yet", "H20", reset_falls=True, rule=moves),
        signal("torque_enabled", f"The safety PLC takes the torque of zone {zone} away",
               "The torque is back; nobody has reset the zone yet", "H12", reset_falls=True, rule=moves),
        signal("full_speed_enabled", f"Somebody sets zone {zone} to safe limited speed",
               "Safe limited speed is off again", "H20", reset_falls=False, rule=_drives(moves)),
        Trouble(
            f"zone{zone}.not_reset", "", f"Somebody resets zone {zone} at the machine", "H11",
            f"nobody has reset zone {zone}, and something moves in it again", readings={reset: False},
            stops=moves, begins_by_itself=False,
        ),
    ]  # fmt: skip


def _drives(moves: Motion) -> Motion:
    """Axes that carry loads; doors have no limited speed."""

    def concerned(layout: Layout, plant: Plant, number: int, order: Order) -> bool:
        return order.permit in ("travel", "transfer", "rotate") and moves(layout, plant, number, order)

    return concerned


def _everything(_layout: Layout, _plant: Plant, _number: int, _order: Order) -> bool:
    return True


def _but_the_way_out(_layout: Layout, _plant: Plant, _number: int, order: Order) -> bool:
    return order.code is not CommandCode.OPEN_OUTER_DOOR


def _alarms(layout: Layout) -> list[Trouble]:
    plc = layout.topology.safety
    return [
        Trouble("fire", "A fire breaks out", "The fire is out", "H16", "there is a fire, and machines go on moving",
                readings={(plc, "fire_clear"): False}, stops=_but_the_way_out),
        Trouble("earthquake", "The earth shakes", "The earth is still", "H15",
                "the earth shakes, and machines go on moving",
                readings={(plc, "seismic_clear"): False}, stops=_but_the_way_out),
        Trouble("mains", "The mains fail", "The mains are back", "H19",
                "the mains have failed, and something begins to move", readings={(plc, "mains_ok"): False},
                starts=_but_the_way_out, honest_only=True),
        Trouble(f"{plc}.lost", f"{plc}, the safety PLC, stops answering", f"{plc} answers again", "H10",
                f"nobody knows what {plc} says, and machines go on moving", nature=Nature.LOST, stops=_everything),
    ]  # fmt: skip


def _own(number: int) -> Motion:
    def concerned(_layout: Layout, _plant: Plant, mover: int, _order: Order) -> bool:
        return mover == number

    return concerned


def involves(number: int) -> Motion:
    """Motions that take the device along, stand on it, or reach into it."""

    def concerned(layout: Layout, plant: Plant, mover: int, order: Order) -> bool:
        if mover == number or layout.rider_of.get(mover) == number or layout.lift_under.get(mover) == number:
            return True
        target = reached(layout, plant, mover, order)
        return target is not None and target.kind != "place" and target.number == number

    return concerned


def _of_device(device: Device) -> list[Trouble]:
    name, number = device.id, device.number
    return [
        Trouble(f"{name}.lost", f"The PLC of {name} stops answering", f"The PLC of {name} answers again", "H10",
                f"{name} cannot be seen, and moves", nature=Nature.LOST, device=number, stops=_own(number),
                then=f"{name}.halted"),
        Trouble(f"{name}.halted", "", f"Somebody clears {name}", "H11",
                f"{name} had lost the controller, nobody has cleared it, and it moves again",
                nature=Nature.STOPPED, device=number, readings={(name, "state"): int(State.STOPPED)},
                stops=_own(number), begins_by_itself=False),
        Trouble(f"{name}.restarted", f"The PLC of {name} starts anew", f"Somebody clears {name}", "H11",
                f"the PLC of {name} has started anew, nobody has cleared it, and it moves",
                nature=Nature.STOPPED, device=number, readings={(name, "state"): int(State.STOPPED)},
                stops=_own(number)),
        Trouble(f"{name}.key", f"Somebody turns the key of {name} to manual", f"The key of {name} is turned back",
                "H13", f"somebody may be working at {name} under the key, and it is moved, or something moves into it",
                device=number, readings={(name, "mode"): int(Mode.MANUAL)}, stops=involves(number)),
        Trouble(f"{name}.failure", f"{name} reports a failure", f"The failure of {name} is repaired", "H15",
                f"{name} reports a failure, and moves", device=number,
                readings={(name, "health"): int(Health.FAILURE)}, stops=_own(number)),
    ]  # fmt: skip


def _of_lift(layout: Layout, device: Device) -> list[Trouble]:
    name, number = device.id, device.number

    def gone(tag: str, begins: str, ends: str) -> Trouble:
        return Trouble(f"{name}.{tag}", begins, ends, "H15", f"{begins}, and the lift goes on", device=number,
                       readings={(name, tag): False}, stops=_own(number))  # fmt: skip

    found = [
        gone("rope_taut", f"The rope of {name} goes slack", "The rope is taut again"),
        gone("speed_ok", f"The overspeed governor of {name} acts", "The governor is reset"),
        gone("overtravel_top_clear", f"{name} opens its upper final limit switch", "The switch is closed again"),
        gone("overtravel_bottom_clear", f"{name} opens its lower final limit switch", "The switch is closed again"),
        gone("shaft_doors_closed", f"A door of the shaft of {name} is opened", "The shaft door is closed again"),
        _no_reference(name, number),
    ]
    found.append(
        Trouble(f"{name}.brake", f"The brake of {name} stays open", f"The brake of {name} closes again", "H15",
                f"the brake of {name} does not hold, and its pins leave the building", device=number,
                readings={(name, "brake_closed"): False}, starts=_unlocks(number), honest_only=True)
    )  # fmt: skip
    if layout.lift(number).has_platform:
        found += _of_load(name, number)
    return found


def _unlocks(number: int) -> Motion:
    def concerned(_layout: Layout, plant: Plant, mover: int, order: Order) -> bool:
        return mover == number and order.code is CommandCode.UNLOCK and lift_of(plant, number).pins == Pins.OUT

    return concerned


def _no_reference(name: str, number: int) -> Trouble:
    def goes_somewhere(_layout: Layout, _plant: Plant, mover: int, order: Order) -> bool:
        return mover == number and order.code in (CommandCode.MOVE_TO_LEVEL, CommandCode.MOVE_TO_COLUMN)

    return Trouble(
        f"{name}.reference", f"{name} loses its reference", f"{name} has found its reference", "H08",
        f"{name} does not know where it is, and drives to where it takes its goal to be",
        nature=Nature.NO_REFERENCE, device=number, readings={(name, "referenced"): False, (name, "station"): -1},
        stops=goes_somewhere,
    )  # fmt: skip


def _of_load(name: str, number: int) -> list[Trouble]:
    """A car that stands where it must not, on a deck or platform: off its marks, half down, or with something out."""

    def carried(layout: Layout, _plant: Plant, mover: int, order: Order) -> bool:
        moved = mover == number or layout.rider_of.get(mover) == number
        return moved and order.permit == "travel" and order.code not in (CommandCode.LOCK, CommandCode.UNLOCK)

    def handed_on(_layout: Layout, _plant: Plant, mover: int, order: Order) -> bool:
        return mover == number and order.code in PLACES

    def trouble(what: str, begins: str, tags: dict[str, Value]) -> Trouble:
        return Trouble(f"{name}.{what}", begins, f"The car on {name} stands right again", "H07",
                       f"the car on {name} does not stand right, and is moved", nature=Nature.LOAD, device=number,
                       readings={(name, tag): value for tag, value in tags.items()},
                       stops=carried, starts=handed_on)  # fmt: skip

    found = [
        trouble("rolled", f"The car on {name} rolls off its marks",
                {"load_centred": False, "overhang_front_clear": False}),
        trouble("half-down", f"The car on {name} comes to hang half off it",
                {"load_centred": False, "load_present": False, "load_clear": False}),
    ]  # fmt: skip
    for side in ("front", "rear", "left", "right"):
        begins = f"Something of the car on {name} comes to stick out at the {side}"
        found.append(trouble(f"sticks-out-{side}", begins, {f"overhang_{side}_clear": False}))
    return found


def _of_shuttle(device: Device) -> list[Trouble]:
    name, number = device.id, device.number

    def travels(_layout: Layout, _plant: Plant, mover: int, order: Order) -> bool:
        return mover == number and order.permit == "travel"

    return [
        _no_reference(name, number),
        *_of_load(name, number),
        Trouble(f"{name}.way", f"Something falls into the way of {name}", f"The way of {name} is free again", "H09",
                f"something lies in the way of {name}, and it travels", device=number,
                readings={(name, "zone_clear"): False}, stops=travels),
    ]  # fmt: skip


def _entrusted(number: int) -> Motion:
    def concerned(_layout: Layout, _plant: Plant, mover: int, order: Order) -> bool:
        """A door opens over a platform that does not carry."""
        return mover == number and order.code in (CommandCode.OPEN_OUTER_DOOR, CommandCode.OPEN_INNER_DOOR)

    return concerned


def _turntable_lost(device: Device) -> Trouble:
    name, number = device.id, device.number
    return Trouble(
        f"{name}.reference", f"{name} loses the reference of its turntable", f"{name} has found its reference", "H01",
        f"{name} does not know how its platform lies, and a door opens over it", nature=Nature.NO_REFERENCE,
        device=number, readings={(name, "referenced"): False}, stops=_entrusted(number),
    )  # fmt: skip


def _of_cabin(device: Device) -> list[Trouble]:
    name, number = device.id, device.number

    def machine_in_cabin(layout: Layout, plant: Plant, mover: int, order: Order) -> bool:
        if mover == number:
            return order.permit in ("inner", "rotate")
        return moves_forks(order) and involves(number)(layout, plant, mover, order)

    def turned_or_fetched(layout: Layout, plant: Plant, mover: int, order: Order) -> bool:
        if mover == number:
            return order.permit == "rotate"
        return order.code in PICKS and involves(number)(layout, plant, mover, order)

    def shuts_on_it(_layout: Layout, _plant: Plant, mover: int, order: Order) -> bool:
        return mover == number and order.code is CommandCode.CLOSE_INNER_DOOR

    def any_use(layout: Layout, plant: Plant, mover: int, order: Order) -> bool:
        return _entrusted(number)(layout, plant, mover, order) or machine_in_cabin(layout, plant, mover, order)

    return [
        Trouble(f"{name}.sunk", f"The platform of {name} sinks below the floor", f"The platform of {name} is level",
                "H01", f"the platform of {name} is not level, and a door opens over it", device=number,
                readings={(name, "platform_level"): False, (name, "platform_locked"): False}, stops=_entrusted(number)),
        Trouble(f"{name}.unseated", f"The platform of {name} leaves its seat", f"The platform of {name} is seated",
                "H01", f"the platform of {name} is not in its seat, and is used", device=number,
                readings={(name, "platform_present"): False, (name, "platform_level"): False}, stops=any_use),
        Trouble(f"{name}.sticks-out", f"Something of the car in {name} comes to stick out",
                f"Nothing of the car in {name} sticks out any more", "H14",
                f"the car in {name} does not fit, and is turned or fetched", nature=Nature.LOAD, device=number,
                readings={(name, "vehicle_in_envelope"): False}, starts=turned_or_fetched),
        Trouble(f"{name}.inner-way", f"Something lies in the inner doorway of {name}",
                f"The inner doorway of {name} is free again", "H07",
                f"something lies in the inner doorway of {name}, and the door starts to close on it", device=number,
                readings={(name, "inner_unobstructed"): False}, starts=shuts_on_it),
        Trouble(f"{name}.exit", f"The person inside opens the emergency exit of {name}",
                f"The emergency exit of {name} is closed", "H02",
                f"the emergency exit of {name} stands open, and the machine moves in it", nature=Nature.EXIT,
                device=number, readings={(name, "exit_closed"): False}, stops=machine_in_cabin),
    ]  # fmt: skip


def number_of(troubles: tuple[Trouble, ...], trouble_id: str) -> int:
    """The number by which a plant knows a trouble.

    Raises:
        KeyError: there is no such trouble.
    """
    for number, trouble in enumerate(troubles, start=1):
        if trouble.id == trouble_id:
            return number
    raise KeyError(trouble_id)
