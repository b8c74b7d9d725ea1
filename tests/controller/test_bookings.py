"""What may be booked: every refusal has a code, a reason, a remedy and an offer that is taken when asked for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.config.models import BookingsSection
from controller.core.booking import ENDED_BOOKINGS_KEPT, BookingState
from controller.core.booking_slots import Capacity, Slot, about, are_kept, capacity_of
from controller.core.core import GarageCore
from controller.core.state_snapshot import decode, encode
from controller.garage import Layout
from controller.local_link.booking_messages import AnnounceBooking, BookingView, BookSlot, CancelBooking, Offer
from controller.local_link.messages import Accepted, Refused, Request, Start, SubmitOrder, VehicleData
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
MINUTE_MS = 60_000
DAY_MIN = 24 * 60


class Desk:
    """A small tower at rest whose only work is to take bookings."""

    def __init__(self, **limits: float) -> None:
        config = load_config(CONFIG / "tower-small.toml")
        section = BookingsSection(**limits)
        self.garage = RestingGarage(Layout(config.model_copy(update={"bookings": section})))
        self.cars = list(self.garage.core.state.vehicles)

    def wish(self, vehicle: str, in_min: float, for_min: float = 10, *, is_store: bool = False) -> BookSlot:
        begin_ms = self.garage.now().unix_ms + round(in_min * MINUTE_MS)
        end_ms = begin_ms + round(for_min * MINUTE_MS)
        return BookSlot(kind="store" if is_store else "retrieve", vehicle=vehicle, from_ms=begin_ms, to_ms=end_ms)

    def accept(self, request: Request) -> BookingView:
        answer = self.garage.step(request).answers[0].answer
        assert isinstance(answer, Accepted), answer
        assert answer.booking is not None
        return answer.booking

    def refuse(self, request: Request) -> Refused:
        before = encode(self.garage.core.state)
        answer = self.garage.step(request).answers[0].answer
        assert isinstance(answer, Refused), answer
        assert answer.reason.text
        assert answer.reason.remedy
        assert encode(self.garage.core.state) == before, "a refusal changes nothing"
        return answer

    def take(self, offer: Offer | None) -> BookingView:
        """Book what was offered; it must be accepted at once."""
        assert offer is not None
        assert (offer.order, offer.booking) == (None, None)
        wish = BookSlot(kind=offer.kind, vehicle=offer.vehicle, from_ms=offer.from_ms, to_ms=offer.to_ms)
        return self.accept(wish)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("in_min", "for_min", "code", "offered_min", "offered_for_min"),
    [
        (10, -5, "SLOT_REVERSED", 5, 5),
        (-10, 30, "SLOT_IN_THE_PAST", 0, 30),
        (DAY_MIN * 20, 30, "SLOT_TOO_FAR", DAY_MIN * 14, 30),
        (30, 2, "SLOT_TOO_SHORT", 30, 5),
        (30, 600, "SLOT_TOO_LONG", 30, 120),
    ],
)
def test_a_slot_that_cannot_be_given_is_refused_and_the_nearest_that_can_is_offered(
    desk: Desk, in_min: float, for_min: float, code: str, offered_min: float, offered_for_min: float
) -> None:
    wish = desk.wish(desk.cars[0], in_min, for_min)
    refused = desk.refuse(wish)
    assert refused.reason.code == code
    taken = desk.take(refused.offer)
    assert abs((taken.from_ms - wish.from_ms) / MINUTE_MS - (offered_min - in_min)) <= 1.1
    assert (taken.to_ms - taken.from_ms) / MINUTE_MS == offered_for_min


def test_a_car_that_is_elsewhere_or_unknown_is_refused_and_its_coming_is_offered(desk: Desk) -> None:
    refused = desk.refuse(desk.wish("nobody-knows", 30))
    assert (refused.reason.code, refused.offer and refused.offer.kind) == ("UNKNOWN_VEHICLE", "store")
    desk.take(refused.offer)
    assert desk.accept(desk.wish("nobody-knows", 60)).kind == "retrieve", "by then it will be here"
    here = desk.refuse(desk.wish(desk.cars[0], 30, is_store=True))
    assert (here.reason.code, here.offer and here.offer.kind) == ("VEHICLE_ALREADY_HERE", "retrieve")
    desk.take(here.offer)


def test_a_car_that_somebody_has_asked_for_already_is_refused_and_that_order_is_named(desk: Desk) -> None:
    order = desk.garage.step(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=desk.cars[0]))).answers[0].answer
    assert isinstance(order, Accepted)
    refused = desk.refuse(desk.wish(desk.cars[0], 30))
    assert refused.reason.code == "VEHICLE_ALREADY_ORDERED"
    assert refused.offer is not None
    assert order.order is not None
    assert refused.offer.order == order.order.id


def test_two_bookings_of_a_car_that_cannot_both_hold_are_refused_and_the_way_round_is_offered(desk: Desk) -> None:
    first = desk.accept(desk.wish(desk.cars[0], 60, 30))
    assert desk.refuse(desk.wish(desk.cars[0], 75, 30)).reason.code == "BOOKINGS_OVERLAP"
    assert desk.refuse(desk.wish(desk.cars[0], 100)).reason.code == "BOOKINGS_CONTRADICT", "it has left by then"
    early = desk.refuse(desk.wish(desk.cars[0], 20))
    assert early.reason.code == "BOOKINGS_CONTRADICT"
    assert first.id in early.reason.text
    desk.accept(desk.wish(desk.cars[0], 100, is_store=True))
    desk.accept(desk.wish(desk.cars[0], 130))


def test_a_car_that_is_out_of_reach_is_refused_for_the_near_future_only(desk: Desk) -> None:
    desk.garage.missing = {"shuttle1"}
    desk.garage.step()
    refused = desk.refuse(desk.wish(desk.cars[0], 10))
    assert "shuttle1" in refused.reason.text
    taken = desk.take(refused.offer)
    assert taken.from_ms > desk.garage.now().unix_ms + 59 * MINUTE_MS


def test_no_more_slots_are_given_than_cabins_and_movers_can_serve_and_the_next_free_one_is_offered() -> None:
    desk = Desk(open_max=60)
    capacity = capacity_of(desk.garage.layout)
    taken = []
    for number in range(20):
        wish = desk.wish(f"guest-{number}", 60, 8, is_store=True)
        answer = desk.garage.step(wish).answers[0].answer
        if isinstance(answer, Refused):
            break
        taken.append(wish)
    assert isinstance(answer, Refused)
    assert answer.reason.code == "SLOT_FULL", "there are places left"
    assert len(taken) == 1 + 8 * MINUTE_MS // capacity.cabin_ms
    offered = desk.take(answer.offer)
    assert abs(offered.from_ms - wish.from_ms) <= 9 * MINUTE_MS


def test_a_full_garage_takes_a_booking_for_when_a_car_will_have_left(desk: Desk) -> None:
    free = len(desk.garage.layout.storage()) - len(desk.cars)
    for number in range(free):
        desk.accept(desk.wish(f"guest-{number}", 60 + 20 * number, is_store=True))
    wish = desk.wish("one-too-many", 200, is_store=True)
    refused = desk.refuse(wish)
    assert (refused.reason.code, refused.offer) == ("GARAGE_FULL", None)
    leaves = desk.accept(desk.wish(desk.cars[0], 240))
    refused = desk.refuse(wish)
    assert refused.reason.code == "GARAGE_FULL"
    assert desk.take(refused.offer).from_ms >= leaves.to_ms


def test_places_that_are_promised_soon_are_not_given_to_who_comes_without_a_booking(desk: Desk) -> None:
    free = len(desk.garage.layout.storage()) - len(desk.cars)
    for number in range(free):
        desk.accept(desk.wish(f"guest-{number}", 10, 100, is_store=True))
    walk_up = SubmitOrder(kind="store", vehicle=VehicleData(id="walk-up"))
    answer = desk.garage.step(walk_up).answers[0].answer
    assert isinstance(answer, Refused)
    assert answer.reason.code == "GARAGE_FULL"
    booked = desk.garage.step(SubmitOrder(kind="store", vehicle=VehicleData(id="guest-0"))).answers[0].answer
    assert isinstance(booked, Accepted)
    first = next(iter(desk.garage.core.state.bookings.all.values()))
    assert booked.order is not None
    assert (first.state, first.order) == (BookingState.IN_SERVICE, booked.order.id)


def test_bookings_are_bounded_and_a_key_makes_one_only() -> None:
    desk = Desk(open_max=2)
    wish = BookSlot(
        kind="retrieve",
        vehicle=desk.cars[0],
        from_ms=desk.garage.now().unix_ms + 30 * MINUTE_MS,
        to_ms=desk.garage.now().unix_ms + 40 * MINUTE_MS,
        key="k",
        fingerprint="f",
    )
    first = desk.accept(wish)
    assert desk.accept(wish).id == first.id
    other = BookSlot(kind="store", vehicle="x", from_ms=wish.from_ms, to_ms=wish.to_ms, key="k", fingerprint="g")
    assert desk.refuse(other).reason.code == "IDEMPOTENCY_CONFLICT"
    desk.accept(desk.wish(desk.cars[1], 60))
    refused = desk.refuse(desk.wish(desk.cars[2], 90))
    assert (refused.reason.code, refused.offer) == ("BOOKINGS_FULL", None)


def test_what_is_announced_must_come_in_time_and_what_is_over_is_over(desk: Desk) -> None:
    booking = desk.accept(desk.wish(desk.cars[0], 30))
    for arrival_s, code in ((-1, "ARRIVAL_TOO_FAR"), (3601, "ARRIVAL_TOO_FAR"), (3300, "ARRIVAL_TOO_LATE")):
        assert desk.refuse(AnnounceBooking(booking=booking.id, arrival_s=arrival_s)).reason.code == code
    assert desk.refuse(AnnounceBooking(booking="b-9", arrival_s=0)).reason.code == "UNKNOWN_BOOKING"
    announced = desk.accept(AnnounceBooking(booking=booking.id, arrival_s=1800))
    assert announced.state == "announced"
    assert desk.accept(AnnounceBooking(booking=booking.id, arrival_s=900)).arrival_ms is not None
    assert desk.accept(CancelBooking(booking=booking.id)).state == "cancelled"
    assert desk.accept(CancelBooking(booking=booking.id)).state == "cancelled"
    assert desk.refuse(AnnounceBooking(booking=booking.id, arrival_s=0)).reason.code == "BOOKING_OVER"


def test_nothing_is_made_of_a_booking_while_nobody_has_started_and_a_slot_that_is_over_ends(desk: Desk) -> None:
    announced, silent = desk.accept(desk.wish(desk.cars[0], 5)), desk.accept(desk.wish(desk.cars[1], 5))
    desk.accept(AnnounceBooking(booking=announced.id, arrival_s=60))
    gone = desk.accept(desk.wish("never-came", 5, is_store=True))
    for _ in range(5):
        desk.garage.step(dt_ms=5 * MINUTE_MS)
    desk.garage.step(dt_ms=MINUTE_MS)
    assert desk.garage.core.state.orders_made == 0
    bookings = desk.garage.core.state.bookings.all
    assert [bookings[one.id].state.value for one in (announced, silent, gone)] == ["failed", "no-show", "no-show"]
    outcome = bookings[announced.id].outcome
    assert outcome is not None
    assert outcome.code == "NOT_SERVED"


def test_h11_an_order_is_made_in_automatic_only_and_the_state_is_the_same_from_its_bytes(desk: Desk) -> None:
    booking = desk.accept(desk.wish(desk.cars[0], 30))
    desk.accept(AnnounceBooking(booking=booking.id, arrival_s=30))
    desk.garage.step(dt_ms=6000)
    assert desk.garage.core.state.orders_made == 0
    desk.garage.step(Start())
    desk.garage.step(dt_ms=6000)
    made = desk.garage.core.state.bookings.all[booking.id]
    assert made.state is BookingState.IN_SERVICE
    payload = encode(desk.garage.core.state)
    again = decode(payload, desk.garage.core.state.alarms.catalogue)
    assert again.bookings == desk.garage.core.state.bookings
    folded = GarageCore(desk.garage.layout)
    folded.fold(desk.garage.recorded)
    assert folded.state.bookings == desk.garage.core.state.bookings


def test_ended_bookings_are_forgotten_but_for_the_last(desk: Desk) -> None:
    for _ in range(ENDED_BOOKINGS_KEPT + 5):
        desk.accept(CancelBooking(booking=desk.accept(desk.wish(desk.cars[0], 30)).id))
    bookings = desk.garage.core.state.bookings
    assert (bookings.made, len(bookings.all)) == (ENDED_BOOKINGS_KEPT + 5, ENDED_BOOKINGS_KEPT)


# --- the arithmetic of slots ----------------------------------------------------------------------------------


def every_order(slots: list[Slot], cabins: list[int], movers: list[int], capacity: Capacity) -> bool:
    """Slots that can be kept in some order of service: all orders are tried."""
    if not slots:
        return True
    for index, slot in enumerate(slots):
        begin_ms = max(slot.from_ms, min(cabins), min(movers))
        if begin_ms > slot.to_ms:
            continue
        left = slots[:index] + slots[index + 1 :]
        c, m = sorted(cabins), sorted(movers)
        c[0], m[0] = begin_ms + capacity.cabin_ms, begin_ms + capacity.mover_ms
        if every_order(left, c, m, capacity):
            return True
    return False


def test_no_set_of_slots_is_given_that_no_order_of_service_keeps() -> None:
    chance = random.Random(4)  # noqa: S311
    kept = missed = 0
    for _ in range(300):
        capacity = Capacity(chance.randint(2, 6), chance.randint(1, 4), chance.randint(1, 2), chance.randint(1, 2))
        slots = [Slot(begin, begin + chance.randint(4, 9)) for begin in chance.choices(range(12), k=5)]
        possible = every_order(slots, [0] * capacity.cabins, [0] * capacity.movers, capacity)
        given = are_kept(slots, capacity)
        assert possible or not given, (slots, capacity)
        kept, missed = kept + given, missed + (possible and not given)
    assert kept > 60
    assert missed < 0.1 * kept, "the rule may be careful, but not much"


def test_only_slots_that_can_matter_are_looked_at() -> None:
    capacity = Capacity(5, 3, 1, 1)
    far, near, chained = Slot(100, 110), Slot(20, 24), Slot(28, 30)
    slot = Slot(14, 16)
    others = [far, near, chained]
    assert about(slot, others, capacity) == [near, chained]
    assert about(far, [slot, near, chained], capacity) == []
