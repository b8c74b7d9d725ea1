"""Zones, locks, occupancy, inventory and hold-to-run over HTTP: what reaches the control process, and what does not."""

from __future__ import annotations

import pytest

from controller.local_link.mode_messages import (
    ConfirmInventory,
    EndFire,
    HoldToRun,
    LockView,
    LockZone,
    ReleaseHold,
    UnlockZone,
    ZoneView,
)
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage
from tests.eventually import eventually

ZONE = ZoneView(
    id=1,
    emergency_stop="unacknowledged",
    guards="closed",
    isolator="clear",
    locks=[LockView(person="Mia Chen", note="rope", since_ms=1_700_000_000_000)],
    torque=True,
    speed_limited=False,
    devices=["lift1", "shuttle1", "cabin1"],
    standing=True,
)
HOLD = {"unit": "lift1", "axis": "travel", "direction": "back", "person": "Mia Chen", "press": "p-1"}


async def test_zones_are_told_with_stop_guards_and_who_holds_locks(api: RunningApi, garage: ScriptedGarage) -> None:
    garage.zones = [ZONE]
    await eventually(lambda: api.link.snapshot and api.link.snapshot.zones, what="a snapshot with the zone")
    zone = (await api.http.get("/api/v1/zones")).json()["zones"][0]
    assert (zone["emergency_stop"], zone["guards"], zone["torque"], zone["standing"]) == (
        "unacknowledged",
        "closed",
        True,
        True,
    )
    assert zone["locks"][0]["person"] == "Mia Chen"
    assert (await api.http.get("/api/v1/zones/1")).json()["id"] == 1
    missing = await api.http.get("/api/v1/zones/2")
    assert (missing.status_code, missing.json()["code"]) == (404, "UNKNOWN_ZONE")


async def test_locks_carry_the_persons_name_and_are_released_under_it(api: RunningApi, garage: ScriptedGarage) -> None:
    hung = await api.http.post("/api/v1/zones/1/locks", json={"person": "Mia Chen", "note": "rope"})
    gone = await api.http.delete("/api/v1/zones/1/locks/Mia%20Chen")
    assert (hung.status_code, gone.status_code) == (200, 200)
    assert garage.received[-2:] == [
        LockZone(zone=1, person="Mia Chen", note="rope", actor="api"),
        UnlockZone(zone=1, person="Mia Chen", actor="api"),
    ]


async def test_a_refused_release_is_a_problem_with_the_holders_and_a_remedy(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    garage.refuses["unlock-zone"] = "LOCK_OF_ANOTHER"
    answer = await api.http.delete("/api/v1/zones/1/locks/Eve")
    assert (answer.status_code, answer.json()["code"]) == (409, "LOCK_OF_ANOTHER")
    assert answer.json()["remedy"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/zones/1/locks", {"note": "nobody"}),
        ("/zones/1/locks", {"person": ""}),
        ("/zones/1/locks", {"person": " Mia"}),
        ("/zones/1/locks", {"person": "Mia\nBen"}),
        ("/zones/1/locks", {"person": "M" * 61}),
        ("/zones/9/locks", {"person": "Mia"}),
        ("/manual/hold", {**HOLD, "axis": "door"}),
        ("/manual/hold", {**HOLD, "direction": "up"}),
        ("/manual/hold", {**HOLD, "press": ""}),
        ("/manual/hold", {**HOLD, "speed": 900}),
        ("/places/shuttle1-deck/confirm", {"stands": "perhaps", "person": "Mia"}),
        ("/places/shuttle1-deck/confirm", {"stands": "vehicle", "person": "Mia"}),
        ("/places/shuttle1-deck/confirm", {"stands": "empty", "vehicle": "kuga-01", "person": "Mia"}),
        ("/fire/end", {}),
    ],
)
async def test_what_is_not_well_formed_never_reaches_the_control_process(
    api: RunningApi, garage: ScriptedGarage, path: str, body: dict[str, object]
) -> None:
    answer = await api.http.post(f"/api/v1{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
    assert garage.received == []


async def test_a_hold_an_inventory_and_the_end_of_a_fire_reach_the_control_process(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    for path, body in (
        ("/manual/hold", HOLD),
        ("/manual/release", {"press": "p-1"}),
        ("/places/shuttle1-deck/confirm", {"stands": "vehicle", "vehicle": "kuga-01", "person": "Mia"}),
        ("/places/cabin1-bay/confirm", {"stands": "gone", "person": "Mia"}),
        ("/fire/end", {"person": "Chief"}),
    ):
        assert (await api.http.post(f"/api/v1{path}", json=body)).status_code == 200
    assert garage.received == [
        HoldToRun(unit="lift1", axis="travel", direction="back", person="Mia Chen", press="p-1"),
        ReleaseHold(press="p-1"),
        ConfirmInventory(position="shuttle1-deck", vehicle="kuga-01", person="Mia"),
        ConfirmInventory(position="cabin1-bay", vehicle=None, person="Mia", gone=True),
        EndFire(person="Chief"),
    ]


async def test_h16_the_occupancy_list_has_books_and_sensors_electric_cars_first_while_stopped(
    api: RunningApi, garage: ScriptedGarage
) -> None:
    garage.mode = "stopped"
    garage.electrify("focus-01")
    garage.sensed = {"shuttle1-deck": True, "l1-c1-left": None}

    async def listed() -> dict[str, object]:
        return dict((await api.http.get("/api/v1/occupancy")).json())

    await eventually(
        lambda: api.link.snapshot and api.link.snapshot.mode == "stopped" and api.link.snapshot.positions,
        what="a snapshot of the stopped garage",
    )
    document = await listed()
    items = document["occupancy"]
    assert isinstance(items, list)
    assert (items[0]["vehicle"], items[0]["electric"]) == ("focus-01", True)
    assert {item["vehicle"] for item in items if item["by_books"]} == {"kuga-01", "mustang-01", "focus-01"}
    deck = next(item for item in items if item["position"] == "shuttle1-deck")
    assert (deck["vehicle"], deck["electric"], deck["by_books"], deck["sensed"]) == (None, None, False, True)
    assert document["totals"] == {"cars": 4, "electric": 1, "doubtful": 1}
