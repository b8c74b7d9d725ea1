"""The checkers see what they are there for: each is shown a breach."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.campaign.checkers import Checkers, Finding, inventory
from cli.campaign.run import PERIOD_MS, campaign_config
from cli.campaign.virtual_garage import VirtualGarage
from controller.config.load import load_config
from controller.config.models import PowerSection
from controller.core.booking_service import BookingService
from controller.local_link.booking_messages import AnnounceBooking, BookSlot
from controller.local_link.messages import Accepted, ClearDevice, Start
from plc_drivers.contract import CommandCode
from sim_hardware.plant.body import AWAY
from sim_hardware.plant.violation import ViolationKind
from tests.simulation.test_generator import Supplied, moving

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture
def garage() -> VirtualGarage:
    found = VirtualGarage(campaign_config(load_config(CONFIG / "tower-small.toml"), 1), period_ms=PERIOD_MS)
    for _ in range(30):
        found.cycle()
    return found


def _until_found(garage: VirtualGarage, checkers: Checkers, cycles: int = 20) -> Finding | None:
    for _ in range(cycles):
        garage.cycle()
        if (finding := checkers.look()) is not None:
            return finding
    return None


def test_a_garage_at_rest_has_no_finding(garage: VirtualGarage) -> None:
    assert _until_found(garage, Checkers(garage)) is None
    assert list(inventory(garage)) == []


def test_a_drive_that_moves_without_its_permit_is_found(garage: VirtualGarage) -> None:
    checkers = Checkers(garage)
    garage.hardware.plant.cabin("cabin1").index.retract()
    assert _until_found(garage, checkers) is None
    garage.hardware.plant.cabin("cabin1").table.move_to(90_000)
    found = _until_found(garage, checkers)
    assert found is not None
    assert found.kind == "motion-without-permit"


def test_a_command_without_an_intent_on_disk_is_found(garage: VirtualGarage) -> None:
    checkers = Checkers(garage)
    garage.end_controller()
    plc = garage.hardware.devices["lift1"]
    for beat, (seq, code) in enumerate([(50, CommandCode.NONE), (51, CommandCode.CLEAR), (52, CommandCode.UNLOCK)], 1):
        plc.write(
            {
                "owner_epoch_wanted": 9,
                "controller_heartbeat": beat,
                "cmd_seq": seq,
                "cmd_code": int(code),
                "cmd_issued_ms": int(plc.read("clock_ms")),
                "cmd_valid_ms": 5000,
                "permit_travel": True,
            }
        )
        garage.cycle()
    found = checkers.look()
    assert found is not None
    assert found.kind == "command-without-intent"


def test_what_the_judge_sees_is_found(garage: VirtualGarage) -> None:
    checkers = Checkers(garage)
    garage.hardware.plant.judge.report(ViolationKind.TORN, "a car is torn", "kuga-01")
    found = checkers.look()
    assert found is not None
    assert (found.kind, found.text) == ("violation:torn", "a car is torn")


def test_one_drive_more_than_the_generator_carries_is_found() -> None:
    """The controller is told of a generator for two drives, the checker of one for one."""
    garage = Supplied("garage-shuttle", movers=2)
    told_two = Checkers(garage)
    garage.config = garage.config.model_copy(update={"power": PowerSection(generator_movers_max=1, settle_s=2)})
    told_one = Checkers(garage)
    for level in (1, 2):
        garage.relocate(level)
    garage.until(lambda: len(moving(garage)) == 2, 30)
    garage.supply("nothing")
    garage.until(lambda: not moving(garage), 60)
    garage.run(5)
    garage.supply("generator")
    found: list[Finding] = []

    def is_found() -> bool:
        assert told_two.look() is None
        found.extend(filter(None, [told_one.look()]))
        return bool(found)

    garage.until(is_found, 60)
    assert found[0].kind == "too-many-on-generator"
    assert "it carries 1" in found[0].text
    garage.until(lambda: len(moving(garage)) == 2, 10)


def test_cars_are_counted_against_the_books(garage: VirtualGarage) -> None:
    scene = garage.hardware.plant.scene
    car = scene.vehicles["kuga-01"]
    other = scene.vehicles["focus-01"]
    scene.put(car, AWAY, dx_mm=0, dy_mm=0, heading_mdeg=0)
    assert [one.kind for one in inventory(garage)] == ["car-lost"]
    scene.put(car, other.seat, dx_mm=0, dy_mm=0, heading_mdeg=0)
    assert [one.kind for one in inventory(garage)] == ["car-moved"]


# --- bookings ---------------------------------------------------------------------------------------------------


def _booked(garage: VirtualGarage) -> str:
    """A booking of a car in a started garage, whose customer comes in a minute."""
    for request in (ClearDevice(device="all"), Start()):
        garage.ask(request)
        for _ in range(30):
            garage.cycle()
    begin_ms = garage.now().unix_ms + 60_000
    token = garage.ask(BookSlot(kind="retrieve", vehicle="kuga-01", from_ms=begin_ms, to_ms=begin_ms + 600_000))
    garage.cycle()
    answer = garage.answers[token]
    assert isinstance(answer, Accepted), answer
    assert answer.booking is not None
    garage.ask(AnnounceBooking(booking=answer.booking.id, arrival_s=60))
    garage.cycle()
    return answer.booking.id


def test_a_booking_that_the_books_have_lost_is_found(garage: VirtualGarage) -> None:
    checkers = Checkers(garage)
    booking = _booked(garage)
    assert _until_found(garage, checkers, 30) is None
    garage.kill_controller()
    assert garage.until(lambda: garage.claimed, 10)
    assert _until_found(garage, checkers, 30) is None, "it outlives the controller"
    del garage.core.state.bookings.all[booking]
    found = _until_found(garage, checkers, 30)
    assert found is not None
    assert (found.kind, booking in found.text) == ("booking-not-kept", True)


def test_a_customer_with_a_booking_whose_car_nobody_fetches_is_found(
    garage: VirtualGarage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BookingService, "serve", lambda *_: [])
    checkers = Checkers(garage)
    booking = _booked(garage)
    found = _until_found(garage, checkers, 1200)
    assert found is not None
    assert (found.kind, booking in found.text) == ("booking-not-kept", True)


def test_a_booking_that_goes_on_after_its_time_is_found_once_a_living_controller_could_have_ended_it(
    garage: VirtualGarage, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkers = Checkers(garage)
    booking = _booked(garage)
    garage.end_controller()
    assert _until_found(garage, checkers, 10) is None
    monkeypatch.setattr(BookingService, "follow", lambda *_: None)
    monkeypatch.setattr(BookingService, "serve", lambda *_: [])
    garage.unix_0_ms += 4 * 3_600_000
    garage.start_controller()
    found = _until_found(garage, checkers, 100)
    assert found is None, "it was away, and may end the booking now"
    found = _until_found(garage, checkers, 400)
    assert found is not None
    assert (found.kind, found.text) == (
        "booking-not-kept",
        f"{booking} goes on although its slot and the time of grace are over",
    )


def test_a_booking_whose_time_went_by_while_the_controller_was_away_is_ended_by_it(garage: VirtualGarage) -> None:
    checkers = Checkers(garage)
    booking = _booked(garage)
    garage.end_controller()
    assert _until_found(garage, checkers, 10) is None
    garage.unix_0_ms += 4 * 3_600_000
    garage.start_controller()
    assert _until_found(garage, checkers, 500) is None
    assert not any(one.id == booking for one in garage.core.state.bookings.open())
