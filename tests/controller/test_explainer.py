"""Explanations: what stands in the way, by which reading, from where, and what to do; in the words of the refusals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core.explainer import CONDITIONS_MAX, Explainer
from controller.core.log import EventLog
from controller.core.situation import Situation
from controller.local_link.booking_messages import BookSlot, CancelBooking
from controller.local_link.explanation import ExplainedCondition, Explanation
from controller.local_link.messages import Accepted, ClearDevice, Refused, Start, SubmitOrder, VehicleData
from controller.local_link.mode_messages import LockZone
from controller.shell.sources import Sources
from plc_drivers.reading import Quality
from safety.refusal import Refusal
from tests.simulation.virtual_garage import VirtualGarage

CONFIG = Path(__file__).parents[2] / "config"


class Asked:
    """A garage in virtual time and its explainer."""

    def __init__(self, name: str = "tower-guangzhou", cycles: int = 60) -> None:
        self.config = load_config(CONFIG / f"{name}.toml")
        self.garage = VirtualGarage(self.config)
        self.explainer = Explainer(self.garage.logic, Sources(self.config).of)
        self.run(cycles)

    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            self.garage.cycle()

    def start(self) -> None:
        self.garage.demand(ClearDevice(device="all"))
        self.run(60)
        assert isinstance(self.garage.demand(Start()), Accepted)
        self.run(5)

    def refusal(self, what: str) -> Refusal:
        found = self._ask(what)
        assert isinstance(found, Refusal)
        return found

    def __call__(self, what: str, shell: Sequence[Refusal] = ()) -> Explanation:
        found = self._ask(what, shell)
        assert isinstance(found, Explanation), found
        return found

    def _ask(self, what: str, shell: Sequence[Refusal] = ()) -> Explanation | Refusal:
        garage = self.garage
        log = EventLog(garage.core.state, garage.now())
        situation = Situation(garage.layout, garage.core.state, garage.image, garage.verdict, log)
        return self.explainer.explain(what, situation, garage.memory, shell)


@pytest.fixture
def asked() -> Asked:
    return Asked()


def condition(found: Explanation, rule: str) -> ExplainedCondition:
    return next(one for one in found.conditions if one.id == rule)


def test_a_function_names_each_failing_condition_with_value_must_age_and_source(asked: Asked) -> None:
    found = asked("cabin1.green")
    assert not found.clear
    assert found.summary.startswith("cabin1.green is not permitted: ")
    door = condition(found, "cabin1.green-door-open")
    (opened, closed) = door.readings
    assert (opened.tag, opened.value, opened.shown, opened.must) == (
        "cabin1.outer_open",
        False,
        "false",
        "must be true",
    )
    assert (closed.shown, closed.must) == ("true", "must be false")
    assert opened.meaning == "The outer door is fully open."
    assert (opened.quality, opened.link) == ("good", "cabin1-plc")
    assert opened.source == "holding register 148 bit 0, unit 1"
    assert 0 <= opened.age_ms < 100
    assert door.remedy.endswith(".")
    assert (door.hazard, door.phase) == ("H01", "run")


def test_a_source_on_opc_ua_is_a_node(asked: Asked) -> None:
    reading = next(
        one for one in condition(asked("shuttle1.travel"), "shuttle1.ready").readings if one.tag == "shuttle1.state"
    )
    assert reading.source.startswith("node s=shuttle1.state of urn:")


def test_a_number_is_told_with_its_unit_and_what_it_must_be(asked: Asked) -> None:
    asked.start()
    place = condition(asked("shuttle1.PLACE_LEFT"), "shuttle1.place-deck-loaded-left")
    forks = next(one for one in place.readings if one.tag == "shuttle1.forks_left_mm")
    assert (forks.shown, forks.unit, forks.must) == ("0 mm", "mm", "must be above 5 mm")
    ways = {one.way for one in place.readings}
    assert ways == {"1a", "1b"}, "either the forks are out to this side, or the deck carries a car"


def test_a_command_takes_the_conditions_of_its_permit_and_of_its_own_argument(asked: Asked) -> None:
    asked.start()
    first = {one.id for one in asked("shuttle1.PLACE_LEFT(1)").conditions}
    second = {one.id for one in asked("shuttle1.place_left(2)").conditions}
    assert "shuttle1.place-rear-free-left" in second - first
    assert asked("lift1.STOP").summary == "lift1.STOP needs no permit and is never withheld."


def test_a_jog_takes_the_conditions_of_every_axis_or_of_the_one_that_is_asked_for(asked: Asked) -> None:
    found = asked("shuttle1.JOG_FORWARD")
    assert found.noun == "command"
    assert found.summary.startswith("shuttle1.JOG_FORWARD may not start: ")
    condition(found, "shuttle1.start-in-manual")
    pins = condition(asked("lift1.JOG_FORWARD"), "lift1.start-pins-in")
    assert {one.device for one in pins.readings} == {"lift1"}


def test_h20_a_lock_that_stands_is_shown_as_held(asked: Asked) -> None:
    asked.garage.demand(LockZone(zone=1, person="Mia"))
    asked.run(5)
    lock = condition(asked("lift1.travel"), "zone1.personal-lock")
    assert [(one.shown, one.value) for one in lock.readings] == [("held", True)]


def test_a_device_that_does_not_answer_tells_its_fault_and_what_to_do(asked: Asked) -> None:
    asked.garage.cut.add("lift1")
    asked.run(60)
    found = asked("lift1.travel")
    answers = condition(found, "lift1.answers")
    assert answers.unknown
    assert answers.readings[0].quality in ("stale", "bad")
    assert answers.readings[0].must == "must give good readings"
    assert "NO_ANSWER" in answers.readings[0].fault
    assert found.reasons[-1].code == "DEVICE_UNREACHABLE"


def test_when_everything_holds_it_says_so(asked: Asked) -> None:
    asked.start()
    found = asked("lift1.travel")
    assert found.clear
    assert found.summary == "Nothing stands in the way; no command is wanted."
    assert (found.conditions, found.reasons) == ([], [])
    assert asked("garage").clear
    assert asked("lift1").summary.startswith("lift1 may move; ") or asked("lift1").clear


def test_the_words_are_those_of_the_refusal_of_an_order(asked: Asked) -> None:
    refused = asked.garage.demand(Start())
    assert isinstance(refused, Refused)
    reasons = asked("garage").reasons
    assert (refused.reason.code, refused.reason.text, refused.reason.remedy) in [
        (one.code, one.text, one.remedy) for one in reasons
    ]
    order = asked.garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    asked.run(40)
    found = asked(order.id)
    assert "NOT_STARTED" in {one.code for one in found.reasons}
    assert found.summary.startswith(f"{order.id} (retrieve kuga-01) waits: ")


def test_a_booking_says_what_happens_next_and_why_nothing_does(asked: Asked) -> None:
    begin_ms = asked.garage.now().unix_ms + 7_200_000
    wish = BookSlot(kind="retrieve", vehicle="kuga-01", from_ms=begin_ms, to_ms=begin_ms + 600_000)
    answer = asked.garage.demand(wish)
    assert isinstance(answer, Accepted)
    assert answer.booking is not None
    found = asked(answer.booking.id)
    assert (found.noun, found.see) == ("booking", ["kuga-01"])
    assert "Its slot begins in 7200 s" in " ".join(found.facts)
    assert [one.code for one in found.reasons] == ["NOT_STARTED"]
    assert answer.booking.id in asked("kuga-01").see
    asked.garage.demand(CancelBooking(booking=answer.booking.id))
    assert asked(answer.booking.id).summary == f"{answer.booking.id} is over: cancelled."


def test_a_waiting_order_names_the_order_that_has_what_it_needs(asked: Asked) -> None:
    asked.start()
    waits = asked.garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    runs = asked.garage.order(SubmitOrder(kind="relocate", vehicle=VehicleData(id="mustang-01")))
    for _ in range(1000):
        asked.garage.cycle()
        if waits.waiting is not None and waits.waiting.code == "RESOURCE_BUSY":
            break
    assert waits.waiting is not None
    found = asked(waits.id)
    assert (waits.waiting.code, waits.waiting.text) in [(one.code, one.text) for one in found.reasons]
    assert runs.id in found.see
    car = asked("kuga-01")
    assert car.noun == "vehicle"
    assert car.see[0] == waits.id
    assert car.facts[0].startswith("kuga-01 is at ")


def test_a_car_behind_a_stopped_shuttle_says_which_unit_it_is(asked: Asked) -> None:
    found = asked("kuga-01")
    assert found.summary.startswith("kuga-01 cannot be had now")
    assert any(one.code == "DEVICE_STOPPED" and "shuttle1" in one.text for one in found.reasons)
    assert "shuttle1" in found.see


def test_h02_a_running_countdown_tells_how_much_of_it_is_left() -> None:
    asked = Asked("tower-small")
    asked.start()
    asked.garage.order(SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01")))
    for _ in range(3000):
        asked.garage.cycle()
        if asked.garage.verdict.clearing_ms.get("cabin1", 0) > 500:
            break
    left_ms = asked.garage.verdict.clearing_ms["cabin1"]
    assert any("will be proven empty" in fact for fact in asked("cabin1").facts)
    rule = condition(asked("cabin1.inner"), "cabin1.inner-cabin-empty")
    assert rule.remaining_ms == left_ms
    assert rule.readings == [], "nothing is wrong; it is too early"


def test_a_cabin_tells_its_phase(asked: Asked) -> None:
    found = asked("cabin1")
    assert found.noun == "cabin"
    assert any(fact.startswith("Phase free") for fact in found.facts)
    assert "cabin1 is not proven empty of people." in found.facts


def test_an_interlock_can_be_asked_for_by_its_id(asked: Asked) -> None:
    assert asked("lift1.rope-taut").summary == "lift1.rope-taut holds."
    found = asked("cabin1.green-door-open")
    assert found.summary == "cabin1.green-door-open does not hold."
    assert [one.id for one in found.conditions] == ["cabin1.green-door-open"]


def test_reasons_of_the_process_come_first(asked: Asked) -> None:
    disk = Refusal("JOURNAL_FULL", "The disk is full.", "Free some space.")
    for what in ("garage", "lift1", "lift1.travel", "lift1.MOVE_TO_LEVEL", "kuga-01"):
        codes = [one.code for one in asked(what, (disk,)).reasons]
        assert "JOURNAL_FULL" in codes, what


def test_h11_a_latched_trip_says_that_a_person_must_reset_it(asked: Asked) -> None:
    asked.start()
    zone = asked.garage.hardware.plant.zone(1)
    zone.press_estop()
    asked.run(20)
    pressed = condition(asked("lift1.travel"), "zone1.emergency-stop")
    assert ("safety1.zone1_estop_released", "must be true") in [(one.tag, one.must) for one in pressed.readings]
    zone.release_estop()
    asked.run(100)
    zone.press_reset()
    asked.run(100)
    latched = condition(asked("zone1.emergency-stop"), "zone1.emergency-stop")
    (reset,) = latched.readings
    assert reset.must == "must be reset by a person, once the cause is gone"
    assert reset.tag == "zone1.emergency-stop.reset"


@pytest.mark.parametrize("what", ["", "lift9", "lift1.", "lift1.fly", ".travel", "lift1.PICK_LEFT", "o-999999", "\x00"])
def test_an_unknown_name_is_refused_with_what_can_be_asked(asked: Asked, what: str) -> None:
    refusal = asked.refusal(what)
    assert refusal.code == "UNKNOWN_SUBJECT"
    assert "lift1" in refusal.remedy


def test_everything_that_it_says_can_be_asked_can_be_asked(asked: Asked) -> None:
    for what in ("garage", asked.config.garage.id, *asked.garage.image.devices, *asked.garage.core.state.vehicles):
        for further in asked(what).see:
            asked(further)
    for function in asked.garage.logic.functions:
        asked(str(function))
    for start in asked.garage.logic.starts:
        asked(str(start))
    for interlock in asked.garage.logic.interlocks:
        asked(interlock.id)


def test_the_largest_answer_is_bounded() -> None:
    """In the 240-place garage with nothing to be believed everything fails, and the answer must fit between cycles."""
    asked = Asked("garage-shuttle", cycles=3)
    asked.garage.cut |= set(asked.garage.image.devices)
    asked.run(80)
    assert {device.quality for device in asked.garage.image.devices.values()} != {Quality.GOOD}
    for what in ("garage", "shuttle0", "shuttle0.transfer", "cabin1", "lift1.travel"):
        found = asked(what)
        assert len(found.conditions) <= CONDITIONS_MAX
        assert found.left_out > 0 or len(found.conditions) < CONDITIONS_MAX
