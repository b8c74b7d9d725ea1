"""A journal of as many events as are wanted, as years of relocations in a tower leave it.

Owns the story: orders with their claims, legs, commands and endings, in the numbers in which they come. Must never be
mistaken for a proof that the garage works: nothing here was moved.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from controller.config.models import GarageConfig
from controller.core import events as ev
from controller.core.core import GarageCore
from controller.core.interface import Recorded
from controller.core.inventory import known_by_list
from controller.garage import Layout
from controller.journal import Journal
from plc_drivers.contract import CommandCode

BEGIN_MS = 1_600_000_000_000
GAP_MS = 4_000
_QUEUE = 5_000
_COMMANDS = (CommandCode.UNLOCK, CommandCode.LOCK, CommandCode.PICK_LEFT, CommandCode.PLACE_LEFT) * 2


def write(path: Path, config: GarageConfig, events: int, *, snapshots: bool) -> None:
    """Write a journal of so many events; with ``snapshots`` as a controller leaves it, else as an old version did."""
    journal = Journal.open(path)
    if snapshots:
        journal.keep(GarageCore(Layout(config)).shadow())
    story = islice(history(config), events)
    while batch := list(islice(story, _QUEUE)):
        journal.append(batch)
        while journal.durable_seq < batch[-1].seq:
            if (fault := journal.fault) is not None and fault.code != "JOURNAL_STALLED":
                raise RuntimeError(f"the history was not written: {fault.detail}")
            time.sleep(0.001)
    if not journal.close():
        raise RuntimeError("the history was not written to its end")


def history(config: GarageConfig) -> Iterator[Recorded]:
    """Events without an end, numbered from 1."""
    seq = count(1)
    for event in _story(config):
        number = next(seq)
        yield Recorded(number, BEGIN_MS + number * GAP_MS, event)


def _story(config: GarageConfig) -> Iterator[ev.CoreEvent]:
    yield ev.EpochClaimed(epoch=1, seen=0)
    for entry in config.vehicles:
        yield known_by_list(entry, entry.place)
    yield ev.ModeChanged(mode="automatic", actor="api", cause="STARTED")
    layout = Layout(config)
    places = [place.id for place in layout.storage()]
    at = {entry.id: entry.place for entry in config.vehicles}
    free = [place for place in places if place not in at.values()] or places
    shuttle, deck = next((one.id, one.deck) for one in layout.shuttles.values())
    commands = count(1)
    for number in count(1):
        vehicle = config.vehicles[number % len(config.vehicles)].id
        source, target = at[vehicle], free[number % len(free)]
        yield from _relocation(f"o-{number:06d}", vehicle, (source, target), (shuttle, deck), commands)
        free[number % len(free)], at[vehicle] = source, target


def _relocation(
    order: str, vehicle: str, way: tuple[str, str], mover: tuple[str, str], commands: Iterator[int]
) -> Iterator[ev.CoreEvent]:
    source, target = way
    shuttle, deck = mover
    yield ev.OrderAccepted(
        order=order,
        order_kind="relocate",
        vehicle=vehicle,
        actor="app",
        source=source,
        target=target,
        key=f"key-{order}",
        fingerprint="0123456789abcdef" * 4,
    )
    yield ev.OrderStarted(order=order, claims=[shuttle, source, target])
    yield ev.RouteChosen(order=order, legs=[(shuttle, source, target)], target=target)
    yield ev.LegStarted(order=order, index=0)
    for step, code in enumerate(_COMMANDS):
        number = next(commands) % 0xFFFF + 1
        yield ev.CommandIntended(device=shuttle, seq=number, code=int(code), arg1=step, order=order)
        yield ev.CommandAnswered(device=shuttle, seq=number, result=0)
        if step == 3:
            yield ev.VehicleMoved(vehicle=vehicle, source=source, target=deck, order=order)
        yield ev.CommandEnded(device=shuttle, seq=number, ok=True, code="OK")
    yield ev.VehicleMoved(vehicle=vehicle, source=deck, target=target, order=order)
    yield ev.LegEnded(order=order, index=0)
    yield ev.OrderEnded(order=order, outcome="done")
