"""What can be asked for: the garage, a device, a function, a command, an interlock, a car, an order or a booking.

Owns the reading of a name. Must never answer the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from controller.config.finding import listed, suggestion
from controller.core.situation import Situation
from plc_drivers.contract import CommandCode, DeviceDefinition
from safety.interlock import Interlock
from safety.refusal import Refusal
from safety.verdict import Function, StartOf

GARAGE = "garage"
"""The word for the garage as a whole; its id means the same."""

_COMMAND = re.compile(r"^([A-Za-z_]+)(?:\((-?\d{1,6})\))?$")


@dataclass(frozen=True, slots=True)
class WholeGarage:
    """Everything."""


@dataclass(frozen=True, slots=True)
class Device:
    """A device by its id; a cabin is one as well."""

    id: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One interlock by its id."""

    interlock: Interlock


@dataclass(frozen=True, slots=True)
class Car:
    """A vehicle by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Job:
    """An order by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking by its id."""

    id: str


Subject = WholeGarage | Device | Function | StartOf | Rule | Car | Job | Booked


def subject_of(what: str, situation: Situation, interlocks: Iterable[Interlock]) -> Subject | Refusal:
    """What is meant by ``what``; a refusal that lists what could be, when nothing is called so."""
    if what in (GARAGE, situation.config.garage.id):
        return WholeGarage()
    if what in situation.image.devices:
        return Device(what)
    if what in situation.state.orders:
        return Job(what)
    if what in situation.state.bookings.all:
        return Booked(what)
    if what in situation.state.vehicles:
        return Car(what)
    device, dot, rest = what.partition(".")
    found = _part(device, rest, situation) if dot else None
    if found is not None:
        return found
    rule = next((one for one in interlocks if one.id == what), None)
    return _unknown(what, situation) if rule is None else Rule(rule)


def _part(device: str, rest: str, situation: Situation) -> Function | StartOf | None:
    image = situation.image.devices.get(device)
    if image is None:
        return None
    if rest in image.definition.permits:
        return Function(device, rest)
    matched = _COMMAND.match(rest)
    name = "" if matched is None else matched[1].upper()
    code = CommandCode.__members__.get(name)
    if matched is None or code is None or image.definition.spec(code) is None:
        return None
    return StartOf(device, code, None if matched[2] is None else int(matched[2]))


def _unknown(what: str, situation: Situation) -> Refusal:
    devices = situation.image.devices
    device, dot, _ = what.partition(".")
    if dot and device in devices:
        names = askable(device, devices[device].definition)
        remedy = f"{suggestion(what, names)} An interlock can be asked for by its id too."
        return Refusal("UNKNOWN_SUBJECT", f"{device} has no function, command or interlock {what!r}.", remedy)
    orders = [order.id for order in situation.state.open_orders()]
    booked = [booking.id for booking in situation.state.bookings.open()]
    names = [GARAGE, *devices, *orders, *booked, *situation.state.vehicles]
    close = suggestion(what, names).partition("Known:")[0]
    first = next((f"{name}.{d.definition.permits[0]}" for name, d in devices.items() if d.definition.permits), "")
    remedy = (
        f"{close}Ask for {GARAGE}; a device ({listed(devices)}); one of its functions or commands (as {first}); "
        f"an interlock by its id; a car ({listed(situation.state.vehicles, 4)}); "
        f"an order ({listed(orders, 4) or 'none is open'}); a booking ({listed(booked, 4) or 'none is open'})."
    )
    return Refusal("UNKNOWN_SUBJECT", f"There is nothing called {what!r} in this garage.", remedy)


def askable(device: str, definition: DeviceDefinition) -> list[str]:
    """Functions and commands of a device, as they are asked for."""
    commands = [f"{device}.{spec.code.name}" for spec in definition.commands if spec.permits]
    return [*(f"{device}.{permit}" for permit in definition.permits), *commands]
