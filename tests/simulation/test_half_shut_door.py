"""Somebody comes in while the outer door closes: it stops half way, and must not stay there."""

from __future__ import annotations

from controller.core.order import OrderState
from controller.local_link.messages import SubmitOrder, VehicleData
from sim_hardware.people import Actor
from tests.simulation.test_orders import started


def test_h04_a_door_that_stopped_half_way_for_somebody_opens_for_them() -> None:
    garage = started("tower-small")
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    door = garage.hardware.plant.cabin("cabin1").outer
    garage.until(lambda: garage.core.state.cabins["cabin1"].phase == "closing" and door.opening < 0.6, 600)

    child = Actor(garage.hardware.plant, "cabin1", "child")
    child.appear_inside()
    garage.until(lambda: door.opening >= 1.0, 30)

    child.walk_out()
    garage.run(1)
    garage.hardware.plant.cabin("cabin1").reset_count()  # the curtain never saw the child come in
    garage.until(lambda: order.state.is_over, 200)
    assert order.state is OrderState.DONE
    assert garage.violations() == []
