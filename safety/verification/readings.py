"""From the truth of a plant to what the PLCs report of it, as real device images of the contract.

Owns what each sensor shows in each position. A tag that nothing here speaks of shows its safe level, as the contract
has it; so a tag that a new interlock reads is honest from the first day. Must never know an interlock.
"""

from __future__ import annotations

from collections.abc import Mapping

from plc_drivers.contract import SAFETY, CommandCode, DeviceDefinition, Value
from plc_drivers.contract.codes import JOGS, AckResult, DoneResult, Health, Mode, Sign, State, TrafficLight
from plc_drivers.contract.tag import TagType
from safety.acts import NO_ACTS, Acts
from safety.verification.layout import SIDES, Device, Layout
from safety.verification.motion import order_of, runs
from safety.verification.plant import (
    Cabin,
    Door,
    Lift,
    Machine,
    Person,
    Pins,
    Plant,
    Shuttle,
    forks_in,
    is_taken,
    lift_of,
    shuttle_of,
    target_of,
)
from safety.verification.trouble import Nature, Trouble

EPOCH = 7
"""The controller's owner epoch, which every PLC has taken."""

BEAT = 100
"""The heartbeat that is written in every cycle; all counts are kept relative to it."""

SEEN_BEAT = BEAT - 1
"""The echo of a PLC that has taken up the last write."""

LATE_BEAT = BEAT - 2
"""The echo of a PLC that has missed it."""

SEQ = 1
"""The number of the command in every mailbox."""

NEXT_SEQ = 2
"""The number of a command that is given in this cycle; it is renamed to SEQ when the cycle is over."""

COUNT = 5
"""Presses of the confirm button so far; after a cycle with a press, the new count is renamed to this."""

PRESSED_COUNT = 6
"""The count in the cycle of a press."""

BOOT = 1
RESTARTED_BOOT = 2
"""The boot counter in the cycle in which a PLC has started anew; renamed to BOOT afterwards."""

OPENING = 3
"""Number of the present opening of a cabin's outer door."""

HALF_FORKS_MM = 1500
HALF_LEVEL_MM = 900
HALF_COLUMN_MM = 1300
SPEED = 1200
JOG_SPEED = 250
TURN_MDEG_S = 20_000
JOG_MDEG_S = 5_000
BETWEEN_MDEG = 90_000

_SEEN_BY_SCANNER = 3
"""How far, in half columns, a shuttle's scanner sees another shuttle: a stopped one still stands before it."""

Tags = dict[str, Value]


class Readings:
    """The reports of every device of one layout.

    Raises:
        KeyError: a trouble changes a tag that its device does not have.
    """

    def __init__(self, layout: Layout, troubles: tuple[Trouble, ...]) -> None:
        self._layout = layout
        self._troubles = troubles
        self._rest = {device.id: at_rest(device.definition) for device in layout.devices}
        self._rest[layout.topology.safety] = at_rest(SAFETY)
        for trouble in troubles:
            for device, tag in trouble.readings:
                _ = self._rest[device][tag]
        self.names = (layout.topology.safety, *(device.id for device in layout.devices))

    def of(self, plant: Plant) -> tuple[tuple[Value, ...] | None, ...]:
        """Values of every device's status tags, in the order of ``names``; None for a device that does not answer."""
        trouble = self._troubles[plant.trouble - 1] if plant.trouble else None
        found: list[tuple[Value, ...] | None] = []
        for name in self.names:
            if trouble is not None and trouble.nature is Nature.LOST and trouble.id == f"{name}.lost":
                found.append(None)
                continue
            tags = self._rest[name] | self._seen(plant, name)
            if trouble is not None:
                tags.update({tag: value for (device, tag), value in trouble.readings.items() if device == name})
                if trouble.id == f"{name}.restarted" and plant.age == 0:
                    tags["boot_counter"] = RESTARTED_BOOT
            found.append(tuple(tags.values()))
        return tuple(found)

    def acts(self, plant: Plant) -> Acts:
        """What persons ask of the controller: like a reading, it comes anew in every cycle."""
        return self._troubles[plant.trouble - 1].acts if plant.trouble else NO_ACTS

    def _seen(self, plant: Plant, name: str) -> Tags:
        number = self._layout.numbers.get(name)
        if number is None:
            return {}
        device, machine = self._layout.devices[number], plant.machines[number]
        common = _common(device, machine)
        match machine:
            case Lift():
                return common | self._lift(plant, device, machine)
            case Shuttle():
                return common | self._shuttle(plant, device, machine)
            case Cabin():
                return common | self._cabin(plant, device, machine)

    def _lift(self, plant: Plant, device: Device, lift: Lift) -> Tags:
        order = runs(device, lift)
        moves = order is not None and order.code in (CommandCode.MOVE_TO_LEVEL, CommandCode.REFERENCE, *JOGS)
        at_level = lift.position % 2 == 0
        # A platform's own detectors see a car that hangs on the forks in neither way, see the device contract.
        hanging = any(_hangs(shuttle_of(plant, index)) for index in forks_in(self._layout, plant, device.number))
        return {
            "station": lift.position // 2 if at_level else -1,
            "station_sensor": at_level,
            "in_position": at_level,
            "levelling_error_mm": 0 if at_level else HALF_LEVEL_MM,
            "standstill": not moves,
            "brake_closed": not moves,
            "pins_extended": lift.pins == Pins.OUT,
            "pins_retracted": lift.pins == Pins.IN,
            "load_present": bool(lift.load),
            "load_clear": not lift.load and not hanging,
        }

    def _shuttle(self, plant: Plant, device: Device, shuttle: Shuttle) -> Tags:
        order = runs(device, shuttle)
        travels = order is not None and order.permit == "travel"
        fast = order is not None and order.code not in JOGS
        at_column = shuttle.position % 2 == 0
        hangs = _hangs(shuttle)
        tags: Tags = {
            "position": HALF_COLUMN_MM * shuttle.position,
            "station": shuttle.position // 2 if at_column else -1,
            "station_sensor": at_column,
            "in_position": at_column,
            "speed": (SPEED if fast else JOG_SPEED) if travels else 0,
            "standstill": order is None,
            "forks_centred": shuttle.forks == 0,
            "forks_left_mm": max(0, -shuttle.forks) * HALF_FORKS_MM,
            "forks_right_mm": max(0, shuttle.forks) * HALF_FORKS_MM,
            "load_present": bool(shuttle.load) and not hangs,
            "load_clear": not shuttle.load,
            "load_centred": not hangs,
            "overhang_left_clear": shuttle.forks >= 0,
            "overhang_right_clear": shuttle.forks <= 0,
            "zone_clear": not self._somebody_ahead(plant, device.number, shuttle),
            "docked": self._docked(device.number, shuttle),
        }
        for side, sign in SIDES.items():
            target = target_of(self._layout, plant, device.number, sign)
            taken = target is not None and is_taken(plant, target)
            tags[f"target_{side}_occupied"] = taken
            tags[f"target_{side}_clear"] = target is not None and not taken and not (hangs and shuttle.forks == sign)
            tags[f"rear_{side}_occupied"] = tags[f"rear_{side}_clear"] = False
        return tags

    def _docked(self, number: int, shuttle: Shuttle) -> bool:
        return number not in self._layout.lift_under or shuttle.position == self._layout.dock(number)

    def _somebody_ahead(self, plant: Plant, number: int, shuttle: Shuttle) -> bool:
        """The scanner along the way looks towards the goal of the travel; standing, it looks nowhere."""
        device = self._layout.devices[number]
        order = order_of(device, shuttle)
        if order is None or order.permit != "travel":
            return False
        goal = 2 * order.arg1 if order.code is CommandCode.MOVE_TO_COLUMN else shuttle.position - 1
        if order.code is CommandCode.JOG_FORWARD:
            goal = shuttle.position + 1
        direction = 1 if goal > shuttle.position else -1
        return any(
            0 <= direction * (other.position - shuttle.position) <= _SEEN_BY_SCANNER
            for other in neighbours(self._layout, plant, number)
        )

    def _cabin(self, plant: Plant, device: Device, cabin: Cabin) -> Tags:
        order = runs(device, cabin)
        turns = order is not None and order.permit == "rotate"
        hanging = any(_hangs(shuttle_of(plant, index)) for index in forks_in(self._layout, plant, device.number))
        inside = cabin.person == Person.INSIDE
        green = bool(cabin.plc.held & device.bit("green"))
        return {
            "angle_mdeg": BETWEEN_MDEG if cabin.turn else 0,
            "turn_speed_mdeg_s": (JOG_MDEG_S if order.code in JOGS else TURN_MDEG_S) if order and turns else 0,
            "curtain_count": int(inside),
            "scanner_clear": not inside,
            "outer_opened_count": OPENING,
            "confirmed_opening": OPENING if cabin.confirmed else 0,
            "confirm_count": PRESSED_COUNT if cabin.pressed else COUNT,
            "traffic_light_shown": int(TrafficLight.GREEN if green else TrafficLight.RED),
            "outer_open": cabin.outer == Door.OPEN,
            "outer_closed": cabin.outer == Door.SHUT,
            "outer_locked": cabin.outer == Door.SHUT,
            "outer_unobstructed": cabin.person != Person.DOORWAY,
            "inner_open": cabin.inner == Door.OPEN,
            "inner_closed": cabin.inner == Door.SHUT,
            "inner_locked": cabin.inner == Door.SHUT,
            "inner_unobstructed": not forks_in(self._layout, plant, device.number),
            "vehicle_present": bool(cabin.car),
            "vehicle_clear": not cabin.car and not hanging,
            "platform_locked": not cabin.turn,
            "standstill": order is None,
        }


def neighbours(layout: Layout, plant: Plant, number: int) -> list[Shuttle]:
    """Other shuttles that really are in the same aisle at the same level."""
    lift = layout.lift_under.get(number)
    height = 2 * (layout.shuttle(number).level or 0) if lift is None else lift_of(plant, lift).position
    found: list[Shuttle] = []
    for other in range(layout.first_shuttle, layout.first_cabin):
        if other == number:
            continue
        other_lift = layout.lift_under.get(other)
        other_level = layout.shuttle(other).level or 0
        other_height = 2 * other_level if other_lift is None else lift_of(plant, other_lift).position
        if other_height == height:
            found.append(shuttle_of(plant, other))
    return found


def _hangs(shuttle: Shuttle) -> bool:
    """A car hangs on the forks, on its way between deck and target."""
    return bool(shuttle.load) and shuttle.forks != 0


def _common(device: Device, machine: Machine) -> Tags:
    """What every PLC says of itself and its command."""
    plc = machine.plc
    order = order_of(device, machine)
    tags: Tags = {f"holds_{permit}": bool(plc.held & device.bit(permit)) for permit in device.permits}
    return tags | {
        "heartbeat_echo": LATE_BEAT if plc.late else SEEN_BEAT,
        "owner_epoch": EPOCH,
        "ack_seq": SEQ if plc.seen else 0,
        "ack_result": int(AckResult.ACCEPTED),
        "done_seq": SEQ if plc.seen and not plc.active else 0,
        "done_result": int(DoneResult.OK),
        "active_command": int(CommandCode.NONE if order is None else order.code),
        "state": int(State.IDLE if order is None else State.EXECUTING),
    }


def at_rest(definition: DeviceDefinition) -> Tags:
    """Every status tag of a kind at its safe level; numbers at 0, identities at 1."""
    tags: Tags = {}
    for tag in definition.status:
        if tag.wire is TagType.BOOL:
            tags[tag.name] = not tag.name.startswith("holds_")
        else:
            tags[tag.name] = int(max(0, tag.bounds[0]))
    fixed: Mapping[str, Value] = {
        "state": int(State.IDLE),
        "mode": int(Mode.AUTOMATIC),
        "health": int(Health.OK),
        "device_kind": int(definition.kind),
        "boot_counter": BOOT,
        "controller_timeout_ms": 500,
        "sign_shown": int(Sign.BLANK),
        "load_present": False,
    }
    return tags | {name: value for name, value in fixed.items() if name in tags}
