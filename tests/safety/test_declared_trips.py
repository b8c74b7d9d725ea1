"""Each trip as it is declared: how hard it stops, where, what it bears, and what a reset asks for."""

from __future__ import annotations

import pytest

from safety.interlock_table import SHUTTLE_GARAGE, VENDING_TOWER
from safety.topology import Topology
from safety.trip import StopCategory, Trip
from safety.trips import trips_of
from safety.wording import words

OFF, STOP, HOLD = StopCategory.POWER_OFF, StopCategory.STOP_THEN_OFF, StopCategory.HOLD

TRIPS = {
    "emergency-stop": ("H12", STOP, 0),
    "guards": ("H12", STOP, 0),
    "lock-out": ("H20", STOP, 0),
    "torque": ("H12", OFF, 0),
    "no-earthquake": ("H15", STOP, 0),
    "rope-taut": ("H15", OFF, 0),
    "speed-ok": ("H15", OFF, 0),
    "overtravel": ("H15", OFF, 0),
    "brake": ("H15", OFF, 0),
    "shaft-doors": ("H15", STOP, 0),
    "lift-progress": ("H15", STOP, 0),
    "lift-stops": ("H18", OFF, 0),
    "travel-progress": ("H15", STOP, 0),
    "travel-stops": ("H18", OFF, 0),
    "forks-progress": ("H15", STOP, 0),
    "turn-progress": ("H15", STOP, 0),
    "turn-stops": ("H18", OFF, 0),
    "nobody-at-work": ("H04", HOLD, 0),
    "pin-switches": ("H21", STOP, 500),
    "fork-switches": ("H21", STOP, 500),
    "outer-switches": ("H21", STOP, 500),
    "inner-switches": ("H21", STOP, 500),
}
"""By rule: the hazard, the stop category, and the grace in ms. Power goes where a drive cannot be trusted to brake."""

OWN_AXIS = {
    "lift-progress": "travel",
    "lift-stops": "travel",
    "travel-progress": "travel",
    "travel-stops": "travel",
    "forks-progress": "transfer",
    "turn-progress": "rotate",
    "turn-stops": "rotate",
    "rope-taut": "travel",
    "speed-ok": "travel",
    "overtravel": "travel",
    "brake": "travel",
    "shaft-doors": "travel",
}
"""Trips that stop one function of their own device."""


def rule(trip: Trip) -> str:
    return trip.id.partition(".")[2]


@pytest.fixture(params=[VENDING_TOWER, SHUTTLE_GARAGE], ids=["tower", "shuttles"])
def topology(request: pytest.FixtureRequest) -> Topology:
    found: Topology = request.param
    return found


def test_every_trip_stops_as_hard_and_bears_as_long_as_it_was_decided(topology: Topology) -> None:
    for trip in trips_of(topology):
        assert (trip.hazard, trip.category, trip.grace_ms) == TRIPS[rule(trip)], trip.id
        assert trip.latch


def test_a_trip_of_a_device_belongs_to_the_zone_of_that_device(topology: Topology) -> None:
    zones = {lift.id: lift.zone for lift in topology.lifts}
    zones |= {shuttle.id: shuttle.zone for shuttle in topology.shuttles}
    zones |= {cabin.id: cabin.zone for cabin in topology.cabins}
    zones |= {f"zone{zone}": zone for zone in topology.zones}
    for trip in trips_of(topology):
        assert trip.zone == zones.get(trip.id.partition(".")[0]), trip.id


def test_a_trip_of_an_axis_stops_that_axis_and_nothing_else(topology: Topology) -> None:
    for trip in trips_of(topology):
        if rule(trip) in OWN_AXIS:
            assert [str(one) for one in trip.stops] == [f"{trip.id.partition('.')[0]}.{OWN_AXIS[rule(trip)]}"]


def test_h04_a_cabins_trip_of_presence_stops_the_forks_that_reach_into_it_and_never_the_way_out() -> None:
    (trip,) = (one for one in trips_of(SHUTTLE_GARAGE) if rule(one) == "nobody-at-work")
    assert [str(one) for one in trip.stops] == ["cabin1.inner", "cabin1.rotate", "shuttle0.transfer"]
    assert trip.clear is not None
    assert words(trip.clear) == "cabin1.curtain_ok and cabin1.curtain_count = 0 and cabin1.scanner_clear"


def test_only_presence_asks_for_more_than_the_end_of_its_cause(topology: Topology) -> None:
    assert {rule(trip) for trip in trips_of(topology) if trip.clear is not None} == {"nobody-at-work"}


def test_h12_an_earthquake_stops_everything_but_the_doors_to_people() -> None:
    (trip,) = (one for one in trips_of(VENDING_TOWER) if rule(one) == "no-earthquake")
    assert [str(one) for one in trip.stops] == [
        "lift1.travel",
        "shuttle1.travel",
        "shuttle1.transfer",
        "cabin1.outer_close",
        "cabin1.inner",
        "cabin1.rotate",
        "cabin1.green",
    ]
