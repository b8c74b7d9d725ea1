"""Loading a configuration: what is right loads, and each mistake names file, key, value and what would be right."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.config.check import check
from controller.config.finding import ConfigError, Finding
from controller.config.load import config_hash, load_config, parse_config, save_config
from controller.config.models import GarageConfig
from controller.garage.layout import Layout

CONFIGS = Path(__file__).parents[2] / "config"
SHIPPED = ("tower-guangzhou", "garage-shuttle", "tower-small")
PLACES = {"tower-guangzhou": 42, "garage-shuttle": 240, "tower-small": 8}

Edit = Callable[[dict[str, Any]], None]


def small() -> dict[str, Any]:
    return tomllib.loads((CONFIGS / "tower-small.toml").read_text(encoding="utf-8"))


def garage() -> dict[str, Any]:
    return tomllib.loads((CONFIGS / "garage-shuttle.toml").read_text(encoding="utf-8"))


def found(data: dict[str, Any], **options: bool) -> tuple[Finding, ...]:
    with pytest.raises(ConfigError) as error:
        parse_config(data, file="x.toml", **options)
    return error.value.findings


def put(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set what stands at a dotted path, where a number is an index; ``...`` removes it."""
    node: Any = data
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in way:
        node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return data


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_garage_is_valid_and_has_its_places(name: str) -> None:
    config = load_config(CONFIGS / f"{name}.toml")
    assert check(config) == []
    assert len(Layout(config).storage()) == PLACES[name]


def test_the_guangzhou_tower_has_five_storeys_two_cabins_and_all_three_protocols() -> None:
    config = load_config(CONFIGS / "tower-guangzhou.toml")
    assert len(config.levels) == 5
    assert len(config.cabins) == 2
    assert len(config.vehicles) == 34
    links = {link.id: link for link in config.links}
    protocol = {
        section.id: links[section.link].protocol for section in (*config.lifts, *config.shuttles, *config.cabins)
    }
    assert protocol == {"lift1": "modbus-tcp", "shuttle1": "opc-ua", "cabin1": "modbus-tcp", "cabin2": "modbus-rtu"}
    assert links[config.safety.link].protocol == "opc-ua"


def test_the_shuttle_garage_has_six_levels_two_lifts_three_cabins_and_all_three_protocols() -> None:
    config = load_config(CONFIGS / "garage-shuttle.toml")
    assert (len(config.levels), len(config.lifts), len(config.shuttles), len(config.cabins)) == (6, 2, 6, 3)
    assert {link.protocol for link in config.links} == {"modbus-tcp", "modbus-rtu", "opc-ua"}


def test_no_two_shipped_garages_use_one_port() -> None:
    ports = []
    for name in SHIPPED:
        config = load_config(CONFIGS / f"{name}.toml")
        ports += [
            config.api.port,
            *(int(str(getattr(link, "url", "")).rsplit(":", 1)[-1] or 0) for link in config.links),
        ]
        ports += [port for link in config.links if isinstance(port := getattr(link, "port", None), int)]
    used = [port for port in ports if port]
    assert len(used) == len(set(used))
    assert min(used) > 1024


# Each line: what is done to the small tower, the code, the key, and words that the remedy or the text must hold.
MODEL_MISTAKES = [
    ("controller.period", 20, "UNKNOWN_KEY", "controller.period", "period_ms"),
    ("gargae", {}, "UNKNOWN_KEY", "gargae", "Did you mean garage?"),
    ("lifts.0.colunm", 2, "UNKNOWN_KEY", "lifts[0].colunm", "Did you mean column?"),
    ("links.0.prot", 5, "UNKNOWN_KEY", "links[0].prot", "port"),
    ("garage.id", ..., "MISSING_KEY", "garage.id", "a text"),
    ("lifts.0.levels", ..., "MISSING_KEY", "lifts[0].levels", "a list of at least 2"),
    ("safety", ..., "MISSING_KEY", "safety", "a table"),
    ("controller.period_ms", 1, "BAD_VALUE", "controller.period_ms", "a whole number from 5 to 200"),
    ("controller.period_ms", "20", "BAD_VALUE", "controller.period_ms", "a whole number from 5 to 200"),
    ("controller.period_ms", 20.5, "BAD_VALUE", "controller.period_ms", "a whole number from 5 to 200"),
    ("controller.period_ms", True, "BAD_VALUE", "controller.period_ms", "a whole number from 5 to 200"),
    ("garage.layout", "tower", "BAD_VALUE", "garage.layout", '"vending-tower"'),
    ("garage.id", "Tower 1", "BAD_VALUE", "garage.id", "of the form"),
    ("lifts.0.levels.2", "top", "BAD_VALUE", "lifts[0].levels[2]", "a whole number"),
    ("cabins.0.side", "front", "BAD_VALUE", "cabins[0].side", '"left"'),
    ("cabins.0.outer_open_s", float("nan"), "BAD_VALUE", "cabins[0].outer_open_s", "a number above 0"),
    ("links.0.port", 70_000, "BAD_VALUE", "links[0].port", "from 1 to 65535"),
    ("links.0.protocol", "profibus", "BAD_VALUE", "links[0].protocol", "modbus-tcp"),
    ("links.0.protocol", ..., "BAD_VALUE", "links[0].protocol", "modbus-tcp"),
    ("links", [], "BAD_VALUE", "links", "a list of at least 1"),
    ("vehicles.0.weight_kg", -5, "BAD_VALUE", "vehicles[0].weight_kg", "above 0"),
    ("lifts", {"id": "lift1"}, "BAD_VALUE", "lifts", "a list"),
]

CHECKED_MISTAKES = [
    ("lifts.0.levels", [0, 1, 7], "UNKNOWN_LEVEL", "lifts[0].levels[2]", "0, 1, 2"),
    ("lifts.0.levels", [0, 1, 1], "DUPLICATE_ENTRY", "lifts[0].levels[2]", "lifts[0].levels[1]"),
    ("shuttles.0.columns", [1, 2, 9], "UNKNOWN_COLUMN", "shuttles[0].columns[2]", "1, 2, 3"),
    ("cabins.0.column", 4, "UNKNOWN_COLUMN", "cabins[0].column", "1, 2, 3"),
    ("places.0.levels", [1, 5], "UNKNOWN_LEVEL", "places[0].levels[1]", "0, 1, 2"),
    ("lifts.0.link", "machin-plc", "UNKNOWN_LINK", "lifts[0].link", "Did you mean machine-plc?"),
    ("safety.link", "machine-plc", "UNUSED_LINK", "links[1].id", "Remove it"),
    ("cabins.0.id", "lift1", "DUPLICATE_ID", "cabins[0].id", "lifts[0].id"),
    ("cabins.0.number", 1, "DUPLICATE_NUMBER", "cabins[0].number", "lifts[0].number"),
    ("levels.1.number", 0, "DUPLICATE_LEVEL", "levels[1].number", "levels[0].number"),
    ("aisle.columns.1.number", 1, "DUPLICATE_COLUMN", "aisle.columns[1].number", "aisle.columns[0].number"),
    ("vehicles.1.id", "kuga-01", "DUPLICATE_ID", "vehicles[1].id", "vehicles[0].id"),
    ("links.1.id", "machine-plc", "DUPLICATE_ID", "links[1].id", "links[0].id"),
    ("shuttles.0.rides_on", "lift2", "UNKNOWN_LIFT", "shuttles[0].rides_on", "Did you mean lift1?"),
    ("shuttles.0.rides_on", ..., "RIDES_OR_LEVEL", "shuttles[0]", "rides_on"),
    ("shuttles.0.level", 1, "RIDES_OR_LEVEL", "shuttles[0]", "exactly one"),
    ("shuttles.0.columns", [1, 3], "HOME_COLUMN", "shuttles[0].columns", "Add 2"),
    ("lifts.0.side", "left", "RIDER_AND_SIDE", "lifts[0].side", "Remove side"),
    ("garage.layout", "shuttle-garage", "LAYOUT_KIND", "shuttles[0].rides_on", "vending-tower"),
    ("safety.zones", [], "NO_ZONE", "safety.zones", "[1]"),
    ("lifts.0.zone", 3, "UNKNOWN_ZONE", "lifts[0].zone", "safety.zones"),
    ("links.1.port", 15030, "PORT_TWICE", "links[1].port", "machine-plc"),
    ("links.1.port", 8082, "PORT_TWICE", "links[1].port", "the HTTP API"),
    ("links.1", {"id": "safety-plc", "protocol": "memory"}, "MEMORY_LINK", "links[1].protocol", "modbus-tcp"),
    (
        "links.1",
        {"id": "safety-plc", "protocol": "opc-ua", "url": "opc.tcp://localhost:15030"},
        "PORT_TWICE",
        "links[1].url",
        "machine-plc",
    ),
    (
        "links.1",
        {"id": "safety-plc", "protocol": "opc-ua", "url": "opc.tcp://localhost:99999"},
        "BAD_ADDRESS",
        "links[1].url",
        "65535",
    ),
    (
        "links.1",
        {"id": "safety-plc", "protocol": "opc-ua", "url": "opc.tcp://localhost:4840", "security": "basic256sha256"},
        "SECURITY_FILES",
        "links[1].certificate",
        "path",
    ),
    ("shuttles.0.unit", 1, "UNIT_TWICE", "shuttles[0].unit", "lift1"),
    ("controller.exchange_deadline_ms", 20, "DEADLINE_TOO_LONG", "controller.exchange_deadline_ms", "at most 14"),
    ("controller.period_ms", 100, "PLC_TIMEOUT_SHORT", "controller.plc_timeout_ms", "at least 300"),
    ("controller.period_ms", 200, "CONTROLLER_TIMEOUT_SHORT", "lifts[0].controller_timeout_ms", "at least"),
    ("controller.command_timeout_s", 5, "COMMAND_TIMEOUT_SHORT", "controller.command_timeout_s", "at least"),
    ("levels.1.height_mm", 2000, "LEVELS_OVERLAP", "levels[1].height_mm", "at least 2400"),
    ("aisle.columns.1.at", 0, "COLUMN_ORDER", "aisle.columns[1].at", "more than 0"),
    ("places.0.height_mm", 2100, "PLACE_TOO_HIGH", "places[0].height_mm", "2000"),
    ("places.0.levels", [0, 1, 2], "OVERLAP", "cabins[0]", "places[0]"),
    ("places.0.depths", [2], "NOTHING_BEFORE", "places[0].depths", "depth 1"),
    ("shuttles.0.transfer", {"stroke_mm": 5000}, "STROKE_SHORT", "shuttles[0].transfer.stroke_mm", "at least"),
    ("shuttles.0.columns", [1, 2], "UNREACHABLE", "places[0]", "l1-c3-left"),
    ("shuttles.0.columns", [2, 3], "CABIN_UNREACHABLE", "cabins[0].column", "cabin1"),
    ("garage.envelope.height_mm", 2000, "ENVELOPE_TOO_LARGE", "garage.envelope.height_mm", "at most 1900"),
    ("cabins.0.envelope", {"height_mm": 2500}, "CABIN_TOO_LOW", "cabins[0]", "2400"),
    ("vehicles.0.place", "l1-c1-let", "UNKNOWN_PLACE", "vehicles[0].place", "Did you mean l1-c1-left?"),
    ("vehicles.1.place", "l1-c1-left", "PLACE_TAKEN", "vehicles[1].place", "kuga-01"),
    ("vehicles.0.height_mm", 1950, "VEHICLE_TOO_LARGE", "vehicles[0].height_mm", "1900"),
]


@pytest.mark.parametrize(("path", "value", "code", "key", "words"), MODEL_MISTAKES + CHECKED_MISTAKES)
def test_a_mistake_names_file_key_value_and_what_would_be_right(
    path: str, value: Any, code: str, key: str, words: str
) -> None:
    findings = found(put(small(), path, value))
    matching = [finding for finding in findings if (finding.code, finding.key) == (code, key)]
    assert matching, "\n".join(map(str, findings))
    text = str(matching[0])
    assert text.startswith("x.toml: ")
    assert key in text
    assert words in text


def test_all_mistakes_are_told_at_once() -> None:
    data = put(put(small(), "controller.period", 20), "lifts.0.levels.2", "top")
    assert {finding.code for finding in found(data)} == {"UNKNOWN_KEY", "BAD_VALUE"}
    data = put(put(small(), "lifts.0.link", "nowhere"), "controller.period_ms", 100)
    assert {"UNKNOWN_LINK", "PLC_TIMEOUT_SHORT"} <= {finding.code for finding in found(data)}


def test_two_shuttles_cannot_share_a_lift_or_a_piece_of_aisle() -> None:
    data = small()
    data["shuttles"].append(data["shuttles"][0] | {"id": "shuttle2", "number": 9, "unit": 9})
    assert "TWO_RIDERS" in {finding.code for finding in found(data)}
    data = garage()
    data["shuttles"][1]["level"] = 0
    assert "SHUTTLES_COLLIDE" in {finding.code for finding in found(data)}


def test_h09_two_captive_shuttles_of_one_level_share_no_ring_at_all() -> None:
    data = garage()
    data["shuttles"][0]["columns"], data["shuttles"][1]["columns"] = [1, 2, 3], [21, 22]
    data["shuttles"][1]["level"] = 0
    assert "SHUTTLES_COLLIDE" not in {finding.code for finding in found(data)}
    data["aisle"]["shape"] = "ring"
    (finding,) = (finding for finding in found(data) if finding.code == "SHUTTLES_COLLIDE")
    assert finding.key == "shuttles[1].level"
    assert "round the same ring on level 0" in finding.text


@pytest.mark.parametrize(("columns", "levels", "is_found"), [
    ([1, 2, 3], [0, 1], True), ([2, 3], [0, 1], True), ([3], [0, 1], False), ([1, 3], [1, 2], True),
])  # fmt: skip
def test_h08_no_shuttle_drives_through_the_shaft_of_a_lift_that_carries_another(
    columns: list[int], levels: list[int], is_found: bool
) -> None:
    """The lift of the small tower stands at column 2, and its platform is a piece of the aisle."""
    data = small()
    lift = data["lifts"][0] | {"id": "lift2", "number": 8, "unit": 8, "column": columns[-1], "levels": levels}
    rider = data["shuttles"][0] | {"id": "shuttle2", "number": 9, "unit": 9, "rides_on": "lift2", "columns": columns}
    data["lifts"].append(lift)
    data["shuttles"].append(rider)
    said = {finding.key: finding for finding in found(data) if finding.code == "SHAFT_IN_THE_WAY"}
    assert ("shuttles[1].columns" in said) is is_found
    if is_found:
        assert "through the shaft of lift1 in column 2" in said["shuttles[1].columns"].text


def test_h08_a_captive_shuttle_may_pass_a_shaft_that_does_not_come_to_its_level() -> None:
    data = small()
    data["lifts"][0]["levels"] = [0, 1]
    for level, is_found in ((1, True), (2, False)):
        captive = data["shuttles"][0] | {"id": "shuttle2", "number": 9, "unit": 9, "level": level}
        del captive["rides_on"]
        shuttles = [data["shuttles"][0], captive]
        codes = {finding.code for finding in found(data | {"shuttles": shuttles})}
        assert ("SHAFT_IN_THE_WAY" in codes) is is_found


def test_a_level_that_no_lift_joins_to_a_cabin_is_found() -> None:
    data = garage()
    for lift in data["lifts"]:
        lift["levels"] = [0, 1, 2, 3, 4]
    findings = found(data)
    assert {finding.key for finding in findings if finding.code == "NO_WAY_TO_CABIN"} == {"places[2]", "places[3]"}


def test_a_lift_level_without_a_shuttle_is_found() -> None:
    data = put(garage(), "shuttles.5.columns", [16, 17, 18])
    codes = {(finding.code, finding.key) for finding in found(data)}
    assert ("LIFT_LEVEL_UNSERVED", "lifts[0].levels") in codes


def test_a_cabin_that_turns_cars_takes_the_circle_that_they_sweep() -> None:
    data = put(garage(), "cabins.0.column", 3)
    assert ("TOO_CLOSE", "cabins[0]") in {(finding.code, finding.key) for finding in found(data)}


def test_places_wider_than_the_distance_of_their_columns_are_found() -> None:
    finding = found(put(garage(), "places.2.width_mm", 2700))[0]
    assert (finding.code, finding.key) == ("TOO_CLOSE", "places[2]")
    assert "2600 mm apart and need 2700 mm" in finding.text


def test_a_list_with_a_wrong_entry_is_not_called_too_short_as_well() -> None:
    assert [finding.key for finding in found(put(small(), "lifts.0.levels", [0, "top"]))] == ["lifts[0].levels[1]"]


def test_a_bare_platform_needs_a_side() -> None:
    assert "SIDE_MISSING" in {finding.code for finding in found(put(garage(), "lifts.0.side", ...))}


def test_a_place_where_a_platform_travels_is_found() -> None:
    assert "OVERLAP" in {finding.code for finding in found(put(garage(), "places.3.columns", [7, 8]))}


def test_a_serial_line_too_slow_for_its_units_is_found() -> None:
    findings = found(put(garage(), "links.3.baud", 9600))
    assert [finding.key for finding in findings if finding.code == "LINE_TOO_SLOW"] == ["links[3].baud"]


def test_a_serial_line_has_one_owner_and_no_broadcast_unit() -> None:
    data = put(garage(), "cabins.0.unit", 0)
    assert "BAD_UNIT" in {finding.code for finding in found(data)}
    data = garage()
    data["links"].append({"id": "line2", "protocol": "modbus-rtu", "port": "cabin-line"})
    assert "PORT_TWICE" in {finding.code for finding in found(data)}


def test_memory_links_are_allowed_where_they_are_asked_for() -> None:
    data = put(
        small(), "links", [{"id": "machine-plc", "protocol": "memory"}, {"id": "safety-plc", "protocol": "memory"}]
    )
    assert isinstance(parse_config(data, memory_links=True), GarageConfig)


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"garage = [", "TOML_SYNTAX"), (b"\xff\xfe", "FILE_NOT_UTF8"), (b"", "MISSING_KEY"), (None, "FILE_MISSING")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "garage.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert {finding.code for finding in error.value.findings} == {code}
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", ["[1]", "{", '{"garage": 1,}'])
def test_a_json_file_that_is_no_table_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "garage.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert [finding.code for finding in error.value.findings] == ["JSON_SYNTAX"]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_garage_saved_as_json_loads_as_the_same_garage(tmp_path: Path, name: str) -> None:
    config = load_config(CONFIGS / f"{name}.toml")
    save_config(config, tmp_path / "garage.json")
    assert load_config(tmp_path / "garage.json") == config


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(tmp_path)
    assert error.value.findings[0].code == "FILE_UNREADABLE"


def _with_profile(tmp_path: Path, text: str | None) -> Path:
    if text is not None:
        (tmp_path / "plc.toml").write_text(text, encoding="utf-8")
    lines = (CONFIGS / "tower-small.toml").read_text(encoding="utf-8")
    lines = lines.replace("rides_on =", 'profile = "plc.toml", rides_on =')
    path = tmp_path / "garage.toml"
    path.write_text(lines, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "code"),
    [(None, "FILE_MISSING"), ("nonsense = 1", "BAD_PROFILE"), ('name = "x"\nkinds = ["lift"]', "BAD_PROFILE")],
)
def test_a_profile_that_is_absent_wrong_or_for_another_kind_is_found(
    tmp_path: Path, text: str | None, code: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(_with_profile(tmp_path, text))
    finding = error.value.findings[0]
    assert (finding.code, finding.key) == (code, "shuttles[0].profile")


def test_a_profile_is_taken_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    config = load_config(_with_profile(tmp_path, 'name = "x"\nkinds = ["shuttle"]'))
    assert config.shuttles[0].profile == tmp_path / "plc.toml"


def test_the_hash_ignores_where_a_configuration_lies_and_sees_every_change(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
    hashes = {config_hash(load_config(_with_profile(folder, 'name = "x"'))) for folder in folders}
    assert len(hashes) == 1
    changed = parse_config(put(small(), "controller.plc_timeout_ms", 251))
    assert config_hash(changed) != config_hash(parse_config(small()))
