"""A snapshot of the state and the events since give the state that all events give."""

from __future__ import annotations

import dataclasses
import random

import pytest

from controller.alarms.record import AlarmRecord
from controller.config.load import load_config
from controller.core import events as ev
from controller.core.core import GarageCore
from controller.core.interface import Recorded
from controller.core.state import ENDED_ORDERS_KEPT, GarageState
from controller.core.state_snapshot import SnapshotUnreadableError, _Alarm, decode, encode
from controller.garage import Layout
from controller.local_link.alarm_messages import AcknowledgeAlarm, ShelveAlarm
from controller.local_link.messages import ClearDevice, Request, Start, Stop, SubmitOrder, VehicleData, WithdrawOrder
from controller.local_link.mode_messages import ConfirmInventory, LockZone, UnlockZone
from tests.conftest import CONFIG_FOLDER
from tests.controller.state_facts import facts
from tests.simulation.virtual_garage import VirtualGarage


def folded(layout: Layout, journal: list[Recorded]) -> GarageCore:
    core = GarageCore(layout)
    core.fold(journal)
    return core


def a_day(garage: VirtualGarage, chance: random.Random, steps: int) -> None:
    """People order, withdraw, lock, stop, press and pull cables, and the controller dies now and then."""
    cars = [*garage.config.vehicles]
    for number in range(steps):
        garage.run(chance.choice((1, 5, 15)))
        car = chance.choice(cars).id
        orders = [order.id for order in garage.core.state.orders.values()] or ["none"]
        alarms = [record.id for record in garage.core.state.alarms.shown()] or ["garage.journal-fault"]
        requests: list[Request] = [
            SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car), key=f"k{number}", fingerprint=f"f{number}"),
            SubmitOrder(kind="store", vehicle=VehicleData(id=f"new-{number}", model="Ford Ka", length_mm=3900)),
            SubmitOrder(kind="relocate", vehicle=VehicleData(id=car)),
            WithdrawOrder(order=chance.choice(orders), immediate=chance.random() < 0.3),
            LockZone(zone=1, person="Mia", note="rope"),
            UnlockZone(zone=1, person="Mia"),
            ConfirmInventory(position="shuttle1-deck", vehicle=None, person="Mia"),
            AcknowledgeAlarm(alarm=chance.choice(alarms), person="Kim"),
            ShelveAlarm(alarm=chance.choice(alarms), person="Kim", reason="repair", seconds=600),
            Stop(actor="api", cause="asked"),
            ClearDevice(device="all"),
            Start(),
        ]
        for request in (chance.choice(requests), ClearDevice(device="all"), Start()):
            garage.ask(request)
            garage.run(0.5)
        match chance.randrange(8):
            case 0:
                garage.cut.add(chance.choice(["lift1", "shuttle1", "cabin1", "safety1"]))
            case 1:
                garage.hardware.power_cycle(chance.choice(["lift1", "shuttle1", "cabin1"]))
            case 2:
                garage.kill_controller()
                garage.run(3)
            case _:
                garage.cut.clear()


@pytest.fixture(scope="module")
def history() -> tuple[Layout, list[Recorded]]:
    garage = VirtualGarage(load_config(CONFIG_FOLDER / "tower-small.toml"), speed=8)
    garage.run(3)
    a_day(garage, random.Random(11), 40)  # noqa: S311
    return garage.layout, garage.journal


def test_h08_a_snapshot_anywhere_and_the_rest_give_what_all_events_give(
    history: tuple[Layout, list[Recorded]],
) -> None:
    layout, journal = history
    assert len(journal) > 200
    assert len({type(record.event) for record in journal}) > 20
    whole = facts(encode(folded(layout, journal).state))
    chance = random.Random(5)  # noqa: S311
    for at in sorted(chance.sample(range(len(journal)), 40)):
        core = GarageCore(layout)
        core.restore(encode(folded(layout, journal[:at]).state))
        assert core.last_seq == at
        core.fold(journal[at:])
        assert facts(encode(core.state)) == whole, f"cut at {at}"


def test_a_chain_of_snapshots_gives_what_all_events_give(history: tuple[Layout, list[Recorded]]) -> None:
    layout, journal = history
    shadow = GarageCore(layout).shadow()
    for record in journal:
        shadow.apply(record)
        if record.seq % 7 == 0:
            core = GarageCore(layout)
            core.restore(shadow.payload())
            shadow = core.shadow()
    assert facts(shadow.payload()) == facts(encode(folded(layout, journal).state))


def test_the_core_that_lives_on_does_not_reach_into_its_shadow(history: tuple[Layout, list[Recorded]]) -> None:
    layout, journal = history
    core = folded(layout, journal)
    shadow = core.shadow()
    before = shadow.payload()
    core.fold([Recorded(len(journal) + 1, 0, ev.ModeChanged(mode="fire", actor="machine", cause="FIRE"))])
    core.state.mailbox("lift1").sent = 77
    assert shadow.payload() == before


def test_nothing_of_the_state_but_what_dies_with_the_process_is_left_out() -> None:
    core = GarageCore(Layout(load_config(CONFIG_FOLDER / "tower-small.toml")))
    kept = set(facts(encode(core.state)))
    assert {field.name for field in dataclasses.fields(GarageState)} - kept == {"hold", "ended_presses"}
    records = {field.name for field in dataclasses.fields(AlarmRecord)} - {"active_since_ms", "changes"}
    assert set(_Alarm.__struct_fields__) == records


@pytest.mark.parametrize("payload", [b"", b"{}", b"[1]", b'{"mode":"dancing"}'])
def test_bytes_that_are_no_state_are_refused(payload: bytes) -> None:
    core = GarageCore(Layout(load_config(CONFIG_FOLDER / "tower-small.toml")))
    with pytest.raises(SnapshotUnreadableError):
        decode(payload, core.state.alarms.catalogue)
    with pytest.raises(SnapshotUnreadableError):
        core.restore(payload)
    assert core.last_seq == 0


def test_the_books_do_not_grow_with_every_customer_there_ever_was() -> None:
    core = GarageCore(Layout(load_config(CONFIG_FOLDER / "tower-small.toml")))
    seq = 0

    def fold(event: ev.CoreEvent) -> None:
        nonlocal seq
        seq += 1
        core.fold([Recorded(seq, seq, event)])

    sizes = []
    for number in range(3 * ENDED_ORDERS_KEPT):
        car, order = f"car-{number}", f"o-{number}"
        fold(ev.VehicleKnown(vehicle=car, model="", length_mm=1, width_mm=1, height_mm=1, weight_kg=1))
        fold(ev.OrderAccepted(order=order, order_kind="store", vehicle=car, actor="app", key=f"k{number}"))
        fold(ev.OrderEnded(order=order, outcome="withdrawn"))
        sizes.append(len(encode(core.state)))
    assert len(core.state.vehicles) == ENDED_ORDERS_KEPT
    assert sizes[-1] < 1.05 * sizes[ENDED_ORDERS_KEPT]


def test_a_car_that_left_is_kept_as_long_as_an_order_names_it_and_one_that_stayed_always() -> None:
    core = GarageCore(Layout(load_config(CONFIG_FOLDER / "tower-small.toml")))
    records: list[Recorded] = []

    def write(event: ev.CoreEvent) -> None:
        records.append(Recorded(len(records) + 1, 0, event))

    write(
        ev.VehicleKnown(
            vehicle="stays", model="", length_mm=1, width_mm=1, height_mm=1, weight_kg=1, position="l1-c1-left"
        )
    )
    write(ev.VehicleKnown(vehicle="gone", model="", length_mm=1, width_mm=1, height_mm=1, weight_kg=1))
    for number in range(ENDED_ORDERS_KEPT + 1):
        car = "stays" if number % 2 else "gone"
        write(ev.OrderAccepted(order=f"o{number}", order_kind="relocate", vehicle=car, actor="app"))
        write(ev.OrderEnded(order=f"o{number}", outcome="withdrawn"))
    core.fold(records)
    assert set(core.state.vehicles) == {"stays", "gone"}
