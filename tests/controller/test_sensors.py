"""A garage that lacks sensors: what its configuration must say, and what an expired word means in operation."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.config.check import check
from controller.config.finding import ConfigError, Finding
from controller.config.load import load_config, parse_config, save_config
from controller.config.models import GarageConfig
from controller.config.sensors import WORKED_BY
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.local_link.messages import (
    Accepted,
    CycleView,
    Refused,
    Snapshot,
    Start,
    SubmitOrder,
    VehicleData,
)
from plc_drivers.contract import DEFINITIONS
from safety.logic import SafetyLogic
from tests.controller.resting_garage import RestingGarage

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "config" / "tower-small.toml"
TODAY = date(2027, 2, 1)
BARRIER = "overhang_front_clear"


def lacking(*sensors: str, section: str = "lifts", waiver: dict[str, Any] | None = None) -> dict[str, Any]:
    """The small tower without some sensors, and with one waiver where it is given."""
    data = tomllib.loads(SMALL.read_text(encoding="utf-8"))
    device = data[section] if section == "safety" else data[section][0]
    device["absent"] = list(sensors)
    if waiver is not None:
        data["waivers"] = [waiver]
    return data


def waived(**changes: Any) -> dict[str, Any]:
    return {
        "device": "lift1",
        "sensor": BARRIER,
        "hazards": ["H07"],
        "person": "Ada Byron",
        "reason": "The barrier is on order; cars are centred by hand.",
        "expires": date(2027, 3, 1),
    } | changes


def found(data: dict[str, Any]) -> tuple[Finding, ...]:
    with pytest.raises(ConfigError) as error:
        parse_config(data, file="x.toml")
    return error.value.findings


def test_a_missing_sensor_is_refused_with_file_key_interlocks_and_hazard() -> None:
    (finding,) = found(lacking(BARRIER))
    assert (finding.code, finding.file, finding.key) == ("SENSOR_MISSING", "x.toml", "lifts[0].absent[0]")
    assert "lift1.load-in-place (H07)" in finding.text
    assert "H07: Motion with a car half transferred" in finding.text
    assert 'hazards = ["H07"]' in finding.remedy


@pytest.mark.parametrize(
    ("device", "sensor", "code", "said"),
    [
        ("lifts", "overhang_frnt_clear", "UNKNOWN_SENSOR", "Did you mean overhang_front_clear?"),
        ("lifts", "heartbeat", "NOT_A_SENSOR", "no sensor"),
        ("lifts", "holds_travel", "NOT_A_SENSOR", "no sensor"),
        ("lifts", "pins_extended", "SENSOR_NEEDED", "works by this reading"),
        ("cabins", "scanner_clear", "SENSOR_MISSING", "never be waived"),
        ("cabins", "platform_level", "SENSOR_MISSING", "H01"),
        ("lifts", "rope_taut", "SENSOR_MISSING", "cannot be waived"),
        ("safety", "zone1_estop_released", "SENSOR_MISSING", "H12"),
    ],
)
def test_what_cannot_be_missing_is_refused_with_the_reason(device: str, sensor: str, code: str, said: str) -> None:
    findings = found(lacking(sensor, section=device))
    assert code in {finding.code for finding in findings}
    assert any(said in str(finding) for finding in findings)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"hazards": ["H06"]}, "WAIVER_HAZARDS", "does not name H07 and names H06"),
        ({"hazards": ["H07", "H09"]}, "WAIVER_HAZARDS", "names H09, which it does not leave open"),
        ({"device": "lift9"}, "UNKNOWN_DEVICE", "Did you mean lift1?"),
        ({"sensor": "overhang_rear_clear"}, "WAIVER_UNUSED", "nothing to waive"),
        ({"person": "x"}, "BAD_VALUE", "3 to 80"),
        ({"reason": "because"}, "BAD_VALUE", "10 to 300"),
        ({"hazards": []}, "BAD_VALUE", "at least 1"),
        ({"hazards": ["fire"]}, "BAD_VALUE", "H"),
        ({"expires": "soon"}, "BAD_VALUE", "a date"),
    ],
)
def test_a_waiver_that_says_too_little_or_too_much_is_refused(changes: dict[str, Any], code: str, said: str) -> None:
    findings = found(lacking(BARRIER, waiver=waived(**changes)))
    assert code in {finding.code for finding in findings}
    assert any(said in str(finding) for finding in findings)


def test_what_cannot_be_waived_stays_refused_with_a_waiver() -> None:
    waiver = waived(device="cabin1", sensor="scanner_clear", hazards=["H02"])
    codes = {finding.code for finding in found(lacking("scanner_clear", section="cabins", waiver=waiver))}
    assert {"SENSOR_MISSING", "WAIVER_FORBIDDEN"} <= codes


@pytest.mark.parametrize(
    ("today", "codes"),
    [
        (date(2027, 2, 28), []),
        (date(2027, 3, 1), ["WAIVER_EXPIRED"]),
        (date(2028, 1, 1), ["WAIVER_EXPIRED"]),
        (date(2026, 2, 1), ["WAIVER_TOO_LONG"]),
    ],
)
def test_a_waiver_holds_until_its_day_and_for_a_year_at_most(today: date, codes: list[str]) -> None:
    assert [finding.code for finding in check(_lacking_config(), today=today)] == codes


def _lacking_config() -> GarageConfig:
    return parse_config(lacking(BARRIER, waiver=waived()))


def test_an_expired_waiver_keeps_a_garage_from_being_loaded(tmp_path: Path) -> None:
    path = tmp_path / "garage.json"
    save_config(_lacking_config(), path)
    load_config(path, today=TODAY)
    with pytest.raises(ConfigError, match="WAIVER_EXPIRED"):
        load_config(path, today=date(2027, 3, 1))


def test_the_interlocks_of_a_waived_garage_stand_without_the_reading() -> None:
    logic = SafetyLogic(topology_of(Layout(_lacking_config())))
    assert {rule.id for rule in logic.interlocks if rule.without} == {"lift1.load-in-place"}


def test_what_a_profile_lacks_is_absent_like_what_the_device_lacks(tmp_path: Path) -> None:
    profile = tmp_path / "field.toml"
    text = 'name = "Field"\nkinds = ["lift"]\n[modbus.tags]\noverhang_front_clear = { absent = true }\n'
    profile.write_text(text, encoding="utf-8")
    garage = tmp_path / "garage.toml"
    data = SMALL.read_text(encoding="utf-8").replace('id = "lift1",', 'id = "lift1", profile = "field.toml",')
    garage.write_text(data, encoding="utf-8")
    with pytest.raises(ConfigError, match="SENSOR_MISSING"):
        load_config(garage, today=TODAY)
    waiver = "\n".join(
        ["", "[[waivers]]", 'device = "lift1"', f'sensor = "{BARRIER}"', 'hazards = ["H07"]', 'person = "Ada Byron"',
         'reason = "The barrier is on order."', "expires = 2027-03-01"]
    )  # fmt: skip
    garage.write_text(data + waiver, encoding="utf-8")
    assert load_config(garage, today=TODAY).lifts[0].absent == (BARRIER,)


def test_every_reading_that_the_core_decides_by_is_named_as_needed() -> None:
    """Scans the core for the names of sensors: a new one must be added to the list, or be done without.

    Alarms only tell of what they read, and tell nothing of what is not there.
    """
    sensors = {tag.name for kind in DEFINITIONS.values() for tag in kind.status if tag.word >= 30}
    read = {
        name
        for path in (ROOT / "controller" / "core").glob("*.py")
        if not path.name.startswith("alarm")
        for name in sensors
        if f'"{name}"' in path.read_text(encoding="utf-8")
    }
    assert read - WORKED_BY == set(), "the core reads these and a site could leave them out"
    assert sensors >= WORKED_BY


# --- in operation ---------------------------------------------------------------------------------------------


def resting(expires: date, warn_days: int = 30) -> RestingGarage:
    waiver = waived(expires=expires, warn_days=warn_days)
    return RestingGarage(Layout(parse_config(lacking(BARRIER, waiver=waiver))))


def today(garage: RestingGarage) -> date:
    return datetime.fromtimestamp(garage.now().unix_ms / 1000, UTC).date()


PROBE = today(resting(date(2027, 3, 1)))


def demanded(garage: RestingGarage, request: Start | SubmitOrder) -> Accepted | Refused:
    answer = garage.step(request).answers[0].answer
    assert isinstance(answer, Accepted | Refused)
    return answer


ORDER = SubmitOrder(kind="retrieve", vehicle=VehicleData(id="kuga-01"))


def test_while_a_waiver_holds_the_garage_starts_and_every_snapshot_shows_it() -> None:
    garage = resting(PROBE + timedelta(days=100))
    assert isinstance(demanded(garage, Start()), Accepted)
    (view,) = _snapshot(garage).waivers
    assert (view.sensor, view.person, view.hazards) == (f"lift1.{BARRIER}", "Ada Byron", ["H07"])
    assert (view.expired, view.days_left) == (False, 100)


def test_from_its_day_on_neither_a_start_nor_an_order_is_taken() -> None:
    garage = resting(PROBE)
    for request in (Start(), ORDER):
        answer = demanded(garage, request)
        assert isinstance(answer, Refused)
        assert answer.reason.code == "WAIVER_EXPIRED"
        assert "H07" in answer.reason.text
    snapshot = _snapshot(garage)
    assert not snapshot.ready_to_start
    assert "WAIVER_EXPIRED" in {reason.code for reason in snapshot.reasons}


def test_a_waiver_that_expires_while_orders_run_lets_them_end_and_takes_no_new_one() -> None:
    garage = resting(PROBE + timedelta(days=1))
    assert isinstance(demanded(garage, Start()), Accepted)
    assert isinstance(demanded(garage, ORDER), Accepted)
    garage.wall_jump_ms = 86_400_000
    answer = demanded(garage, SubmitOrder(kind="retrieve", vehicle=VehicleData(id="mustang-01")))
    assert isinstance(answer, Refused)
    assert answer.reason.code == "WAIVER_EXPIRED"
    assert garage.core.state.mode == "automatic"


@pytest.mark.parametrize(("days", "told"), [(31, False), (30, True), (1, True)])
def test_the_end_of_a_waiver_is_told_days_before(days: int, told: bool) -> None:
    snapshot = _snapshot(resting(PROBE + timedelta(days=days)))
    assert ("WAIVER_ENDS_SOON" in {reason.code for reason in snapshot.reasons}) is told
    assert snapshot.ready_to_start


def _snapshot(garage: RestingGarage) -> Snapshot:
    cycle = CycleView(period_ms=20, cycles=1, overruns=0, late_p50_us=0, late_p99_us=0, late_max_us=0)
    return garage.core.snapshot(garage.image(), garage.verdict(), garage.now(), [], cycle, 1)
