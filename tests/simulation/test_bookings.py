"""Cars are there before their people, and whoever comes without a booking does not pay for it."""

from __future__ import annotations

from dataclasses import replace

from controller.config.load import load_config
from controller.config.models import BookingsSection
from controller.core.booking import Booking, BookingState
from controller.core.booking_events import BookingReleased
from controller.core.order import OrderState
from controller.core.route import routes
from controller.local_link.booking_messages import AnnounceBooking, BookSlot, CancelBooking
from controller.local_link.messages import Accepted, ClearDevice, Request, Start, SubmitOrder, VehicleData
from controller.local_link.mode_messages import LockZone, UnlockZone
from plc_drivers.contract.codes import Mode
from sim_hardware.plant.body import VehicleSpec
from tests.conftest import CONFIG_FOLDER
from tests.simulation.virtual_garage import HurriedGarage

MINUTE_MS = 60_000


class Booked(HurriedGarage):
    """The small tower, whose people and cars take bookings."""

    def __init__(self, name: str = "tower-small", **limits: float) -> None:
        config = load_config(CONFIG_FOLDER / f"{name}.toml")
        bookings = BookingsSection(**{"grace_s": 120, "walk_up_delay_max_s": 300, **limits})
        super().__init__(config.model_copy(update={"bookings": bookings}))
        self.crowd.strangers = False
        self.begin()
        self.cars = [vehicle.id for vehicle in config.vehicles]

    def accept(self, request: Request) -> Booking:
        answer = self.demand(request)
        assert isinstance(answer, Accepted), answer
        assert answer.booking is not None
        return self.core.state.bookings.all[answer.booking.id]

    def book(self, car: int, in_min: float, for_min: float = 10) -> Booking:
        begin_ms = self.now().unix_ms + round(in_min * MINUTE_MS)
        end_ms = begin_ms + round(for_min * MINUTE_MS)
        return self.accept(BookSlot(kind="retrieve", vehicle=self.cars[car], from_ms=begin_ms, to_ms=end_ms))

    def announce(self, booking: Booking, in_s: int) -> None:
        self.accept(AnnounceBooking(booking=booking.id, arrival_s=in_s))

    def let_pass(self, seconds: float) -> None:
        """So much of virtual time, in which quiet is jumped over."""
        end_ms = self.now_ms + round(seconds * 1000)
        self.until(lambda: self.now_ms >= end_ms, seconds + 60)

    def phase(self, cabin: str = "cabin1") -> str:
        return self.core.state.cabin(cabin).phase

    def is_held(self, cabin: str = "cabin1") -> bool:
        order = self.core.state.orders.get(self.core.state.cabin(cabin).order or "")
        return order is not None and order.waiting is not None and order.waiting.code == "CUSTOMER_EXPECTED"

    def green_ms(self, booking: Booking) -> int:
        served = self.core.state.orders[booking.order or ""].served_at_ms
        assert served is not None
        return served


def test_a_customer_who_announces_finds_the_car_there_at_that_moment() -> None:
    garage = Booked(by_time=False, close_before_s=0)
    booking = garage.book(0, in_min=20)
    garage.announce(booking, 240)
    arrival_ms = booking.arrival_ms or 0
    garage.until(garage.is_held, 300)
    assert garage.image.value("cabin1", "outer_closed") is True
    garage.until(lambda: booking.state is BookingState.DONE, 600)
    assert abs(garage.green_ms(booking) - arrival_ms) < 2000
    assert garage.violations() == []


def test_the_car_of_somebody_who_has_not_been_heard_of_stands_ready_and_is_put_back_for_who_comes() -> None:
    garage = Booked(close_before_s=0)
    booking = garage.book(0, in_min=6, for_min=30)
    garage.until(garage.is_held, 400)
    assert garage.now().unix_ms <= booking.from_ms
    walk_up = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=garage.cars[1])))
    asked_ms = garage.now_ms
    garage.until(lambda: walk_up.state is OrderState.ACTIVE, 400)
    assert garage.now_ms - asked_ms < 90_000
    assert booking.state is BookingState.BOOKED
    garage.until(lambda: walk_up.state is OrderState.DONE, 400)
    garage.let_pass(60)
    assert not garage.core.state.open_orders(), "it is not fetched again before its customer is heard of"
    garage.announce(booking, 600)
    garage.until(lambda: booking.state is BookingState.IN_SERVICE and garage.is_held(), 900)
    arrived = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=garage.cars[0])))
    assert arrived.id == booking.order, "who orders the car that stands ready has come"
    garage.until(lambda: booking.state is BookingState.DONE, 600)
    assert garage.violations() == []


def test_h02_nobody_comes_and_the_car_goes_back_without_anybody_at_the_cabin() -> None:
    garage = Booked(close_before_s=0)
    place = garage.core.state.vehicles[garage.cars[0]].position
    booking = garage.book(0, in_min=5, for_min=5)
    garage.until(lambda: booking.state is BookingState.NO_SHOW, 900)
    assert garage.now().unix_ms >= booking.to_ms + 120_000
    garage.until(lambda: not garage.core.state.open_orders(), 300)
    assert garage.core.state.vehicles[garage.cars[0]].position == place
    assert garage.verdict.proven_empty == {"cabin1"}
    assert garage.violations() == []


def test_h04_who_announced_and_does_not_come_is_waited_for_and_then_the_open_cabin_needs_a_confirmation() -> None:
    garage = Booked(by_time=False, close_before_s=0)
    garage.crowd.customers = False
    booking = garage.book(0, in_min=1, for_min=5)
    garage.announce(booking, 60)
    garage.until(lambda: garage.phase() == "leaving", 300)
    opened_ms = garage.now_ms
    garage.until(lambda: garage.phase() == "checking", 500)
    assert garage.now_ms - opened_ms >= 120_000
    assert booking.state is BookingState.NO_SHOW or booking.arrival_ms is None
    garage.hardware.plant.cabin("cabin1").press_confirm()
    garage.until(lambda: not garage.core.state.open_orders(), 300)
    garage.until(lambda: booking.state is BookingState.NO_SHOW, 600)
    assert garage.core.state.vehicles[garage.cars[0]].position is not None
    assert garage.violations() == []


def test_h11_a_booking_is_kept_over_a_death_and_its_car_is_there_when_somebody_has_started_again() -> None:
    garage = Booked(by_time=False, close_before_s=0)
    booking = garage.book(0, in_min=20)
    garage.announce(booking, 500)
    garage.until(lambda: booking.state is BookingState.IN_SERVICE, 500)
    garage.run(20)
    garage.kill_controller()
    garage.until(lambda: garage.claimed, 20)
    garage.run(30)
    kept = garage.core.state.bookings.all[booking.id]
    assert kept == replace(booking, state=BookingState.IN_SERVICE)
    assert garage.core.state.mode == "stopped"
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    garage.demand(Start())
    garage.until(lambda: kept.state is BookingState.DONE, 900)
    assert garage.violations() == []


def test_h13_a_unit_that_is_taken_out_ends_the_order_and_not_the_booking() -> None:
    garage = Booked(by_time=False, close_before_s=0)
    booking = garage.book(0, in_min=5, for_min=60)
    garage.announce(booking, 30)
    garage.until(lambda: booking.state is BookingState.IN_SERVICE, 100)
    order = booking.order
    garage.run(3)
    garage.hardware.plant.shuttle("shuttle1").turn_key(Mode.MANUAL)
    garage.run(5)
    assert garage.core.state.orders[order or ""].state is OrderState.FAILED
    released = [one.event for one in garage.journal if isinstance(one.event, BookingReleased)]
    assert [one.code for one in released] == ["UNIT_TAKEN_OUT"]
    assert not booking.state.is_over
    assert not garage.core.state.claims, "nothing begins with a unit that is in somebody's hands"


def test_a_car_that_is_booked_to_come_finds_an_open_cabin_when_it_was_announced() -> None:
    garage = Booked(close_before_s=0)
    begin_ms = garage.now().unix_ms + 20 * MINUTE_MS
    wish = BookSlot(kind="store", vehicle="guest-1", from_ms=begin_ms, to_ms=begin_ms + 10 * MINUTE_MS, length_mm=4500)
    booking = garage.accept(wish)
    garage.let_pass(120)
    assert booking.order is None
    garage.announce(booking, 120)
    garage.until(lambda: garage.phase() == "inviting", 200)
    assert abs(garage.now().unix_ms - (booking.arrival_ms or 0)) < 12_000
    garage.crowd.arrive("cabin1", VehicleSpec("guest-1", length_mm=4500))
    garage.until(lambda: booking.state is BookingState.DONE, 600)
    assert garage.core.state.vehicles["guest-1"].position is not None
    assert garage.violations() == []


def test_a_booked_car_is_brought_close_only_while_the_garage_is_quiet_and_nobody_has_a_lock() -> None:
    garage = Booked(by_time=False, close_gain_s=1)
    far = farthest(garage)
    began_s = way_s(garage, far)
    begin_ms = garage.now().unix_ms + 50 * MINUTE_MS
    garage.demand(LockZone(zone=1, person="Mia"))
    booking = garage.accept(BookSlot(kind="retrieve", vehicle=far, from_ms=begin_ms, to_ms=begin_ms + 10 * MINUTE_MS))
    garage.let_pass(300)
    assert booking.close_order is None
    garage.demand(UnlockZone(zone=1, person="Mia"))
    garage.demand(ClearDevice(device="all"))
    garage.run(2)
    garage.demand(Start())
    garage.until(lambda: booking.close_order is not None, 200)
    close = garage.core.state.orders[booking.close_order or ""]
    garage.until(lambda: close.state is OrderState.DONE, 300)
    assert way_s(garage, far) <= began_s - 1
    assert booking.state is BookingState.BOOKED
    assert garage.violations() == []


def test_a_customer_who_orders_the_booked_car_has_come_and_who_cancels_gives_the_car_back() -> None:
    garage = Booked(by_time=False, close_before_s=0)
    first, second = garage.book(0, in_min=30), garage.book(1, in_min=50)
    order = garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=garage.cars[0])))
    assert (first.state, first.order) == (BookingState.IN_SERVICE, order.id)
    garage.until(lambda: first.state is BookingState.DONE, 400)
    garage.announce(second, 600)
    garage.until(lambda: second.state is BookingState.IN_SERVICE, 600)
    garage.run(5)
    garage.accept(CancelBooking(booking=second.id))
    garage.until(lambda: not garage.core.state.open_orders(), 400)
    assert second.state is BookingState.CANCELLED
    assert garage.core.state.vehicles[garage.cars[1]].position is not None
    assert garage.violations() == []


def farthest(garage: Booked) -> str:
    return max(garage.cars, key=lambda car: way_s(garage, car))


def way_s(garage: Booked, car: str) -> float:
    position = garage.core.state.vehicles[car].position or ""
    return routes(garage.layout, position, "cabin1-bay")[0].estimate_s
