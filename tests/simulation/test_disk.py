"""A disk that takes nothing any more while cars are moved: nothing begins, what moves ends, the heartbeat goes on."""

from __future__ import annotations

import pytest

from controller.core import events as ev
from controller.core.interface import Surroundings
from controller.core.order import OrderState
from controller.local_link.messages import SubmitOrder, VehicleData
from plc_drivers.contract import CommandCode
from sim_hardware.people import Actor
from tests.simulation.test_orders import started
from tests.simulation.virtual_garage import VirtualGarage


def _begun(garage: VirtualGarage, since: int) -> list[ev.CommandIntended]:
    found = [record.event for record in garage.journal if record.seq > since]
    return [e for e in found if isinstance(e, ev.CommandIntended) and e.code != CommandCode.STOP]


@pytest.mark.parametrize("after_s", [4, 33, 71])
def test_h10_without_a_disk_nothing_begins_what_moves_ends_and_the_heartbeat_goes_on(after_s: int) -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    garage.run(after_s)

    garage.disk.is_full = True
    garage.until(lambda: garage.disk.fault is not None, 60)
    garage.cycle()
    beats = garage.heartbeat
    garage.cycle()
    since = garage.core.last_seq
    garage.run(90)

    assert (garage.heartbeat - beats) % 65_536 == 90 * 50 + 1, "one beat in each cycle"
    assert all(device.quality.name == "GOOD" for device in garage.image.devices.values())
    assert _begun(garage, since) == []
    assert all(box.pending is None for box in garage.core.state.mailboxes.values()), garage.picture()
    assert garage.core.last_seq - since < 40, "what waits for the disk stays little"
    alarm = garage.core.state.alarms.record("garage.journal-fault")
    assert alarm.standing.is_active
    assert garage.violations() == []

    garage.disk.is_full = False
    garage.until(lambda: order.state.is_over, 900)
    assert order.state is OrderState.DONE, garage.picture()
    assert not garage.core.state.alarms.record("garage.journal-fault").standing.is_active
    assert garage.violations() == []


def test_h11_a_command_whose_intent_waits_for_the_disk_is_given_up_and_not_sent_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    since = garage.core.last_seq
    garage.disk.is_full = True
    with monkeypatch.context() as patch:
        patch.setattr(garage.core, "notice", lambda _surroundings: None)
        garage.ask(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
        garage.run(1.5)  # the disk only seems to be slow
        assert _begun(garage, since)
    garage.core.notice(Surroundings(journal_fault=garage.disk.fault))
    garage.run(5)

    ended = [r.event for r in garage.journal if r.seq > since and isinstance(r.event, ev.CommandEnded)]
    assert ended
    assert all(e.code == "NOT_RECORDED" for e in ended)
    (order,) = garage.core.state.open_orders()
    assert order.waiting is not None
    assert order.waiting.code == "JOURNAL_NOT_WRITTEN"
    sent = {name: box.sent for name, box in garage.core.state.mailboxes.items()}
    garage.run(10)
    assert {name: box.sent for name, box in garage.core.state.mailboxes.items()} == sent


def _intended(garage: VirtualGarage, since: int) -> set[int]:
    return {event.code for event in _begun(garage, since)}


def test_h16_without_a_disk_a_fire_still_opens_the_cabins_that_may_hold_people() -> None:
    garage = started("tower-small")
    Actor(garage.hardware.plant, "cabin1", "child").appear_inside()
    garage.until(lambda: "cabin1" not in garage.verdict.proven_empty, 10)
    garage.disk.is_full = True
    garage.hardware.plant.site_alarms.fire = True
    garage.hardware.plant.site_alarms.touch()
    garage.until(lambda: garage.image["cabin1"].value("outer_open") is True, 60)
    assert garage.core.state.mode == "fire"
    assert garage.disk.fault is not None
    assert garage.violations() == []


def test_h04_without_a_disk_a_door_still_opens_for_somebody_whom_it_met_half_way() -> None:
    garage = started("tower-small")
    car = next(iter(garage.core.state.vehicles))
    garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
    door = garage.hardware.plant.cabin("cabin1").outer
    garage.until(lambda: garage.core.state.cabins["cabin1"].phase == "closing" and door.opening < 0.6, 600)
    garage.disk.is_full = True
    since = garage.core.last_seq
    Actor(garage.hardware.plant, "cabin1", "child").appear_inside()
    garage.until(lambda: door.opening >= 1.0, 30)
    assert garage.disk.fault is not None
    garage.run(10)
    assert _intended(garage, since) == {CommandCode.OPEN_OUTER_DOOR}, "nothing else begins"
    assert garage.violations() == []
