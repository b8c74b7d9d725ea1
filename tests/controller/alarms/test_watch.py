"""What raises which alarm: readings one by one, the books, and the surroundings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from controller.alarms import facts
from controller.alarms.catalogue import Catalogue
from controller.alarms.definitions import DEFINITIONS
from controller.alarms.definitions.trips import TRIPS, unlisted
from controller.config.load import load_config
from controller.core import events as ev
from controller.core.interface import Surroundings
from controller.core.log import EventLog
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.local_link.messages import Start, Stop
from plc_drivers.contract import LIFT, Value
from plc_drivers.contract.codes import FaultCode, Health, State, WarningBit
from plc_drivers.reading import Fault, ProcessImage, Quality
from safety.trips import trips_of
from safety.verdict import ActiveTrip
from tests.controller.resting_garage import RestingGarage
from tests.simulation.test_orders import CONFIG, GARAGES

LONG_MS = 301_000

READINGS: list[tuple[str, dict[str, Value], str]] = [
    ("lift1", {"fault_code": FaultCode.BRAKE_FAULT, "state": State.ABORTED}, "lift1.brake"),
    ("lift1", {"fault_code": FaultCode.OVERSPEED}, "lift1.speed-ok"),
    ("lift1", {"fault_code": FaultCode.SLACK_ROPE}, "lift1.rope-taut"),
    ("lift1", {"fault_code": FaultCode.OVERTRAVEL}, "lift1.overtravel"),
    ("shuttle1", {"fault_code": FaultCode.LOAD_OVERHANG}, "shuttle1.load-overhang"),
    ("cabin1", {"fault_code": FaultCode.SENSOR_CONTRADICTION}, "cabin1.sensor-contradiction"),
    ("lift1", {"fault_code": FaultCode.POSITION_FAULT}, "lift1.position-fault"),
    ("lift1", {"fault_code": FaultCode.LOCK_FAULT}, "lift1.lock-fault"),
    ("cabin1", {"fault_code": FaultCode.DOOR_FAULT}, "cabin1.door-fault"),
    ("lift1", {"fault_code": FaultCode.DRIVE_FAULT}, "lift1.drive-fault"),
    ("lift1", {"fault_code": FaultCode.PLC_RESTARTED}, "lift1.plc-restarted"),
    ("lift1", {"fault_code": FaultCode.CONTROLLER_LOST}, "lift1.controller-lost"),
    ("lift1", {"fault_code": FaultCode.DOOR_FAULT}, "lift1.fault-unlisted"),
    ("shuttle1", {"fault_code": FaultCode.TRANSFER_FAULT}, "shuttle1.half-transfer"),
    ("cabin1", {"fault_code": FaultCode.PRESENCE_DETECTED}, "cabin1.nobody-at-work"),
    ("cabin1", {"curtain_count": 1}, "cabin1.person-shut-in"),
    ("cabin1", {"scanner_clear": False}, "cabin1.person-shut-in"),
    ("cabin1", {"curtain_ok": False}, "cabin1.presence-sensor-doubt"),
    ("cabin1", {"vehicle_present": True}, "cabin1.vehicle-detectors-disagree"),
    ("shuttle1", {"load_present": True}, "shuttle1.load-detectors-disagree"),
    ("lift1", {"load_clear": False}, "lift1.load-detectors-disagree"),
    ("lift1", {"health": Health.FAILURE}, "lift1.health-failure"),
    ("lift1", {"health": Health.OUT_OF_SPECIFICATION}, "lift1.out-of-specification"),
    ("safety1", {"health": Health.MAINTENANCE_REQUIRED}, "safety1.maintenance-required"),
    ("lift1", {"warnings": WarningBit.SERVICE_DUE}, "lift1.service-due"),
    ("lift1", {"warnings": WarningBit.TEMPERATURE_HIGH}, "lift1.temperature-high"),
    ("cabin1", {"warnings": WarningBit.REOPENED_OFTEN}, "cabin1.reopened-often"),
    ("shuttle1", {"warnings": WarningBit.SLOW}, "shuttle1.slow"),
    ("lift1", {"state": State.ABORTED}, "lift1.waits-for-clear"),
    ("safety1", {"fire_clear": False}, "safety1.fire"),
    ("safety1", {"mains_ok": False}, "safety1.mains-lost"),
    ("safety1", {"generator_off": False}, "safety1.on-generator"),
    ("safety1", {"zone1_estop_connected": False}, "zone1.estop-circuit-fault"),
]
"""(device, readings that differ from a garage at rest, the only alarm that may come of it)"""


@pytest.fixture
def garage() -> RestingGarage:
    """The shuttle garage at rest, in automatic operation."""
    resting = RestingGarage(Layout(load_config(CONFIG / "garage-shuttle.toml")))
    resting.step(Start(actor="Kim"))
    assert resting.core.state.mode == "automatic"
    return resting


def shown(garage: RestingGarage) -> list[str]:
    return sorted(record.id for record in garage.core.state.alarms.shown())


def written(garage: RestingGarage) -> list[facts.AlarmFact]:
    return [record.event for record in garage.recorded if isinstance(record.event, facts.AlarmEvent)]


def wait(garage: RestingGarage, ms: int = LONG_MS) -> None:
    for _ in range(3):
        garage.step(dt_ms=ms // 2)


def _ids(rows: list[tuple[str, dict[str, Value], str]]) -> Iterator[str]:
    return (f"{alarm}-{'-'.join(values)}" for _, values, alarm in rows)


def test_a_garage_at_rest_has_no_alarm(garage: RestingGarage) -> None:
    wait(garage)
    assert shown(garage) == []


@pytest.mark.parametrize(("device", "values", "alarm"), READINGS, ids=list(_ids(READINGS)))
def test_a_reading_raises_its_alarm_and_no_other(
    garage: RestingGarage, device: str, values: dict[str, Value], alarm: str
) -> None:
    garage.values[device] |= values
    wait(garage)
    assert shown(garage) == [alarm]


@pytest.mark.parametrize(("device", "values", "alarm"), READINGS, ids=list(_ids(READINGS)))
def test_it_clears_when_the_reading_is_right_again_but_not_when_it_is_unknown_h10(
    garage: RestingGarage, device: str, values: dict[str, Value], alarm: str
) -> None:
    at_rest = dict(garage.values[device])
    garage.values[device] |= values
    wait(garage)
    garage.missing.add(device)
    wait(garage)
    assert garage.core.state.alarms.record(alarm).standing.is_active
    garage.missing.discard(device)
    garage.values[device] = at_rest
    wait(garage)
    assert not garage.core.state.alarms.record(alarm).standing.is_active


def test_each_trip_raises_the_safety_alarm_of_its_own_id_until_it_is_reset(
    garage: RestingGarage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = garage.verdict
    for trip in trips_of(topology_of(garage.layout)):
        active = ActiveTrip(
            id=trip.id,
            title=trip.title,
            hazard=trip.hazard,
            category=int(trip.category),
            zone=trip.zone,
            stops=trip.stops,
            since_ms=garage.now_ms,
            cause=trip.cause,
            remedy=trip.remedy,
            may_be_reset=False,
            is_first_out=True,
        )
        monkeypatch.setattr(garage, "verdict", lambda active=active: replace(whole(), trips=(active,)))
        garage.step()
        garage.step()
        book = garage.core.state.alarms
        assert book.is_active(trip.id), trip.id
        assert book.record(trip.id).detail == trip.cause
        assert garage.core.state.alarms.catalogue[trip.id].definition.is_safety
        monkeypatch.setattr(garage, "verdict", whole)
        wait(garage, 10_000)
        assert not book.is_active(trip.id), trip.id
        assert sum(isinstance(fact, facts.AlarmRaised) and fact.alarm == trip.id for fact in written(garage)) == 1


@pytest.mark.parametrize("name", GARAGES)
def test_every_trip_of_a_shipped_garage_has_words_of_its_own(name: str) -> None:
    layout = Layout(load_config(CONFIG / f"{name}.toml"))
    catalogue = Catalogue.of(layout)
    codes = {definition.code for definition in TRIPS}
    trips = trips_of(topology_of(layout))
    assert {trip.id.partition(".")[2] for trip in trips} <= codes
    assert {trip.id for trip in trips} <= {alarm.id for alarm in catalogue}
    for trip in trips:
        assert trip.zone is None or trip.zone in catalogue[trip.id].zones
        assert trip.hazard == catalogue[trip.id].definition.hazard, trip.id


def test_a_trip_that_nobody_has_described_yet_is_an_alarm_in_its_own_words() -> None:
    layout = Layout(load_config(CONFIG / "tower-small.toml"))
    described = trips_of(topology_of(layout))[0]
    found = unlisted(replace(described, id="zone1.new-rule"))
    assert found.is_safety
    assert found.cause == described.cause
    assert found.action == described.remedy


def test_a_position_beside_the_shuttle_whose_detectors_disagree_is_named(garage: RestingGarage) -> None:
    shuttle = garage.layout.shuttles["shuttle1"]
    place = next(
        p
        for p in garage.layout.storage()
        if p.level == shuttle.level and garage.layout.stop("shuttle1", p.id) is not None
    )
    assert place.column is not None
    assert place.side is not None
    garage.values["shuttle1"]["station"] = place.column
    garage.values["shuttle1"][f"target_{place.side.value}_occupied"] = True
    wait(garage)
    assert shown(garage) == ["shuttle1.target-detectors-disagree"]
    detail = garage.core.state.alarms.record("shuttle1.target-detectors-disagree").detail
    assert f"target_{place.side.value}_occupied" in detail


def test_while_the_forks_are_out_their_detectors_may_say_what_they_want(garage: RestingGarage) -> None:
    garage.values["shuttle1"] |= {"forks_centred": False, "load_present": True}
    wait(garage)
    assert shown(garage) == []


def test_a_device_that_is_not_heard_raises_one_alarm_and_not_one_for_each_reading(garage: RestingGarage) -> None:
    garage.missing |= {"lift1", "safety1"}
    wait(garage)
    assert shown(garage) == ["lift1.unreachable", "safety1.safety-plc-silent"]


@pytest.mark.parametrize(("code", "alarm"), [
    ("WRONG_DEVICE_ID", "lift1.wrong-device"),
    ("ECHO_FOREIGN", "lift1.answers-untrustworthy"),
])  # fmt: skip
def test_answers_that_do_not_count_say_why(
    garage: RestingGarage, monkeypatch: pytest.MonkeyPatch, code: str, alarm: str
) -> None:
    _spoil(garage, monkeypatch, quality=Quality.BAD, fault=Fault(code, "So it is.", "Look."))
    wait(garage)
    assert shown(garage) == [alarm]
    assert garage.core.state.alarms.record(alarm).detail == "So it is."


def test_single_readings_that_are_bad_raise_one_alarm_that_names_them(
    garage: RestingGarage, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = LIFT.status_index
    bad = frozenset({index["load_present"], index["station"], index["fault_code"]})
    _spoil(garage, monkeypatch, bad_tags=bad)
    wait(garage)
    assert shown(garage) == ["lift1.bad-readings"]
    assert garage.core.state.alarms.record("lift1.bad-readings").detail == "fault_code, load_present, station"


def _spoil(garage: RestingGarage, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    whole = garage.image

    def image() -> ProcessImage:
        made = whole()
        return ProcessImage(made.now_ms, {**made.devices, "lift1": replace(made["lift1"], **changes)})

    monkeypatch.setattr(garage, "image", image)


def test_a_link_that_is_down_speaks_for_its_devices(garage: RestingGarage) -> None:
    link = next(s.link for s in garage.layout.config.lifts if s.id == "lift1")
    garage.core.notice(Surroundings(down=(link,)))
    garage.missing |= {s.id for s in garage.layout.config.lifts if s.link == link}
    wait(garage)
    assert shown(garage) == [f"{link}.link-down"]
    garage.core.notice(Surroundings())
    wait(garage)
    assert "lift1.unreachable" in shown(garage), "the link is up, the PLC behind it still silent"


def test_a_device_of_another_controller_is_named_h13(garage: RestingGarage) -> None:
    garage.foreign_epoch["lift1"] = 77
    wait(garage)
    assert shown(garage) == ["lift1.not-owner"]
    assert "77" in garage.core.state.alarms.record("lift1.not-owner").detail


def test_a_blocked_device_asks_for_a_look_and_a_half_transfer_for_more_h07(garage: RestingGarage) -> None:
    log = EventLog(garage.core.state, garage.now())
    log.write(ev.DeviceBlocked(device="lift1", code="TIMED_OUT", text="It did not end.", remedy="Look."))
    log.write(ev.DeviceBlocked(device="shuttle1", code="HALF_TRANSFER", text="Forks are out.", remedy="Look."))
    wait(garage)
    assert shown(garage) == ["lift1.blocked", "shuttle1.half-transfer"]
    assert garage.core.state.alarms.record("lift1.blocked").detail == "It did not end."


def test_a_stop_that_took_too_long_is_told_until_one_is_as_designed_h18(garage: RestingGarage) -> None:
    log = EventLog(garage.core.state, garage.now())
    stop = ev.StopMeasured(
        device="lift1",
        permit="travel",
        speed=1000,
        time_ms=9000,
        distance=4000,
        designed_ms=2500,
        designed_distance=1250,
        is_late=True,
    )
    log.write(stop)
    wait(garage)
    assert shown(garage) == ["lift1.stop-time-drift"]
    assert "9000 ms" in garage.core.state.alarms.record("lift1.stop-time-drift").detail
    log.write(msgspec.structs.replace(stop, time_ms=2600, is_late=False))
    wait(garage)
    assert not garage.core.state.alarms.is_active("lift1.stop-time-drift")


def test_a_block_adds_nothing_while_the_device_shows_its_fault(garage: RestingGarage) -> None:
    garage.values["lift1"] |= {"fault_code": FaultCode.DRIVE_FAULT, "state": State.ABORTED}
    EventLog(garage.core.state, garage.now()).write(
        ev.DeviceBlocked(device="lift1", code="FAULT", text="A fault ended it.", remedy="Look.")
    )
    wait(garage)
    assert shown(garage) == ["lift1.drive-fault"]


def test_journal_and_cycle_are_told(garage: RestingGarage) -> None:
    garage.core.notice(Surroundings(journal_fault=Fault("JOURNAL_UNWRITABLE", "Disk full.", "."), is_overrunning=True))
    wait(garage)
    assert shown(garage) == ["garage.cycle-overrun", "garage.journal-fault"]
    assert garage.core.state.alarms.record("garage.journal-fault").detail == "Disk full."


def test_a_disk_that_fills_is_told_before_it_is_full_and_not_beside_the_louder_alarm(garage: RestingGarage) -> None:
    low = Fault("DISK_LOW", "3 MB are free.", "Free space.")
    garage.core.notice(Surroundings(disk_low=low))
    wait(garage)
    assert shown(garage) == ["garage.disk-low"]
    garage.core.notice(Surroundings(journal_fault=Fault("JOURNAL_UNWRITABLE", "Full.", "."), disk_low=low))
    wait(garage)
    assert garage.core.state.alarms.is_active("garage.journal-fault")
    assert not garage.core.state.alarms.is_active("garage.disk-low")


def test_a_planner_that_stays_off_is_told(garage: RestingGarage) -> None:
    garage.core.notice(Surroundings(planner_fault=Fault("PLANNER_OFF", "The planner died.", ".")))
    wait(garage, 50_000 // 2)
    assert shown(garage) == []
    wait(garage, 50_000)
    assert shown(garage) == ["garage.planner-off"]


def test_the_controller_that_stopped_the_garage_says_so_and_a_person_who_stops_it_is_no_alarm(
    garage: RestingGarage,
) -> None:
    garage.step(Stop(actor="Kim"))
    wait(garage)
    assert shown(garage) == []
    garage.step(Start(actor="Kim"))
    garage.step(Stop(actor="controller", cause="CYCLES_OVERRUN"))
    wait(garage)
    assert shown(garage) == ["garage.stopped-by-itself"]
    assert "CYCLES_OVERRUN" in garage.core.state.alarms.record("garage.stopped-by-itself").detail


def test_in_a_stopped_garage_what_every_start_brings_is_no_alarm(garage: RestingGarage) -> None:
    garage.step(Stop(actor="Kim"))
    for device in ("lift1", "shuttle1", "cabin1"):
        garage.values[device] |= {"state": State.STOPPED, "fault_code": FaultCode.CONTROLLER_LOST}
    wait(garage)
    assert shown(garage) == []


@pytest.mark.parametrize("code", ["CUSTOMER_ABSENT", "CUSTOMER_STAYS", "NOT_IN_POSITION", "VEHICLE_UNPROVEN"])
def test_a_handover_that_waits_for_people_asks_for_somebody(garage: RestingGarage, code: str) -> None:
    order = _order(garage, cabin="cabin1")
    EventLog(garage.core.state, garage.now()).write(ev.OrderWaiting(order=order, code=code, text="So it is."))
    assert _cabin_alarm(garage) == f"cabin1.{code.lower().replace('_', '-')}"


def test_a_cabin_that_nobody_confirms_asks_for_somebody_after_a_while(garage: RestingGarage) -> None:
    order = _order(garage, cabin=None)
    garage.proven_empty = frozenset(set(garage.layout.cabins) - {"cabin1"})
    EventLog(garage.core.state, garage.now()).write(ev.OrderWaiting(order=order, code="CABIN_NOT_CLEAR", text="So."))
    assert _cabin_alarm(garage) == "cabin1.not-confirmed"


@pytest.mark.parametrize(
    ("code", "alarm"), [("CAR_ELSEWHERE", "car-elsewhere"), ("POSITION_UNPROVEN", "transfer-unproven")]
)
def test_a_leg_that_contradicts_the_books_asks_for_somebody(garage: RestingGarage, code: str, alarm: str) -> None:
    order = _order(garage, cabin="cabin1")
    log = EventLog(garage.core.state, garage.now())
    log.write(ev.RouteChosen(order=order, legs=[("shuttle1", "a", "b")], target="b"))
    log.write(ev.LegStarted(order=order, index=0))
    log.write(ev.OrderWaiting(order=order, code=code, text="So it is."))
    assert _cabin_alarm(garage) == f"shuttle1.{alarm}"


def test_h06_an_order_that_waits_for_an_answer_asks_for_somebody_until_it_goes_on(garage: RestingGarage) -> None:
    order = _order(garage, cabin=None)
    log = EventLog(garage.core.state, garage.now())
    log.write(ev.OrderWaiting(order=order, code="FINDING_OPEN", text="A car on the deck.", remedy="Look there."))
    wait(garage)
    assert shown(garage) == ["garage.question-open"]
    assert garage.core.state.alarms.record("garage.question-open").detail == "A car on the deck. Look there."
    log.write(ev.OrderWaiting(order=order, code="RESOURCE_BUSY", text="lift1 is used.", remedy="Wait."))
    wait(garage)
    assert not garage.core.state.alarms.is_active("garage.question-open")


def _order(garage: RestingGarage, cabin: str | None) -> str:
    """An order in the books that the deciders never see: the garage is stopped by a person."""
    garage.step(Stop(actor="Kim"))
    log = EventLog(garage.core.state, garage.now())
    car = next(iter(garage.core.state.vehicles))
    log.write(ev.OrderAccepted(order="o-1", order_kind="retrieve", vehicle=car, actor="Kim"))
    if cabin is not None:
        log.write(ev.OrderStarted(order="o-1", claims=[], cabin=cabin))
    return "o-1"


def _cabin_alarm(garage: RestingGarage) -> str:
    wait(garage)
    [alarm] = shown(garage)
    return alarm


def test_every_definition_is_raised_by_something_that_a_test_here_names() -> None:
    told = {alarm.partition(".")[2] for _, _, alarm in READINGS} | {trip.code for trip in TRIPS}
    told |= {
        "unreachable", "safety-plc-silent", "link-down", "not-owner", "blocked", "half-transfer", "journal-fault",
        "cycle-overrun", "stopped-by-itself", "customer-absent", "customer-stays", "not-in-position",
        "vehicle-unproven", "not-confirmed", "car-elsewhere", "transfer-unproven", "target-detectors-disagree",
        "wrong-device", "answers-untrustworthy", "bad-readings", "stop-time-drift", "planner-off", "disk-low",
        "question-open",
    }  # fmt: skip
    assert {d.code for d in DEFINITIONS} - told == set()
