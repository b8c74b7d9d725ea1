"""A shuttle that was stopped in its dock, but not at its column, comes home before the lift takes it away."""

from __future__ import annotations

from controller.core.order import OrderState
from controller.local_link.messages import Stop, SubmitOrder, VehicleData
from tests.simulation.test_modes import clear_and_start
from tests.simulation.test_orders import started


def test_h07_a_shuttle_that_was_stopped_just_before_its_column_comes_home_and_the_order_goes_on() -> None:
    garage = started("tower-small")
    home = garage.layout.home_column("shuttle1")
    car = next(iter(garage.core.state.vehicles))
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))

    def is_almost_home() -> bool:
        image = garage.image["shuttle1"]
        return image.value("docked") is True and image.value("station") != home

    garage.until(lambda: garage.core.state.vehicles[car].position == "shuttle1-deck", 300)
    garage.until(is_almost_home, 100)
    garage.demand(Stop())
    garage.run(5)
    assert is_almost_home(), "it stands in the dock by the switch, and not by its column"
    clear_and_start(garage)
    garage.until(lambda: order.state.is_over, 900)
    assert order.state is OrderState.DONE, garage.picture()
    assert garage.violations() == []
