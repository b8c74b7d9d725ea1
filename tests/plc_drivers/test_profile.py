"""Profile files: what they can say, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind
from plc_drivers.modbus.pdu import Operation
from plc_drivers.modbus.plan import BindingError, DevicePlan, compile_plan
from plc_drivers.profile import ProfileError, load_profile, parse_profile

PROFILES = Path(__file__).parents[2] / "config" / "profiles"
FIELD = PROFILES / "field-plc-without-fc23.toml"
SHARED = PROFILES / "one-plc-for-several-devices.toml"


def plan(text: str, kind: DeviceKind = DeviceKind.LIFT, device: str = "lift1") -> DevicePlan:
    import tomllib

    profile = parse_profile(tomllib.loads(f'name = "test"\n{text}'), "test.toml")
    return compile_plan(DeviceBinding(device, 1, kind, profile=profile))


def texts(operations: tuple[Operation, ...]) -> list[str]:
    return [operation.text for operation in operations]


def refusal(text: str) -> str:
    with pytest.raises(ProfileError) as error:
        plan(text)
    return str(error.value)


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_profile_can_be_used_for_each_of_its_kinds(path: Path) -> None:
    profile = load_profile(path)
    for kind in profile.kinds:
        for device in profile.modbus.devices or ("any",):
            compile_plan(DeviceBinding(device, 1, DeviceKind[kind.upper()], profile=profile))


def test_without_a_profile_one_request_does_the_whole_exchange() -> None:
    own = compile_plan(DeviceBinding("lift1", 1, DeviceKind.LIFT))
    assert texts(own.exchange) == ["FC23 holding 100..137, writing holding 0..14"]
    assert texts(own.read_only) == ["FC3 holding 100..137"]
    assert texts(own.urgent) == ["FC16 holding 0..14"]


def test_a_kind_that_is_only_read_has_no_writes() -> None:
    own = compile_plan(DeviceBinding("safety", 1, DeviceKind.SAFETY))
    assert own.exchange == own.read_only
    assert own.urgent == ()


def test_the_field_plc_is_written_first_and_read_in_few_requests() -> None:
    own = compile_plan(DeviceBinding("lift1", 1, DeviceKind.LIFT, profile=load_profile(FIELD)))
    assert texts(own.exchange) == [
        "FC16 holding 500..514",
        "FC4 input 30000..30024",
        "FC4 input 30200..30205",
        "FC2 discrete 400..418",
    ]


def test_devices_on_one_unit_have_their_own_bases() -> None:
    profile = load_profile(SHARED)
    own = compile_plan(DeviceBinding("cabin2", 1, DeviceKind.CABIN, profile=profile))
    assert texts(own.exchange) == ["FC23 holding 1500..1549, writing holding 1400..1414"]


def test_opc_ua_nodes_follow_the_pattern_but_for_those_that_are_listed() -> None:
    nodes = load_profile(SHARED).opcua
    assert nodes.node("lift1", "position_mm") == ("urn:example:tower-plc", "s=Tower.lift1.position_mm")
    assert nodes.node("lift1", "heartbeat") == ("urn:example:tower-plc", "s=Tower.lift1.LifeCounter")
    assert nodes.node("lift1", "clock_ms") == ("urn:example:tower-plc:system", "i=2258001")


def test_permits_in_coils_are_written_before_the_mailbox() -> None:
    own = plan('[modbus.tags]\npermit_travel = { area = "coil", address = 12 }')
    assert texts(own.exchange) == ["FC15 coil 12..12", "FC23 holding 100..137, writing holding 0..14"]


def test_re_bound_tags_near_each_other_are_read_together_where_the_profile_allows_the_gap() -> None:
    tags = "speed_mm_s = { address = 700 }\nstation = { address = 703 }"
    apart = plan(f"[modbus.tags]\n{tags}")
    together = plan(f"[modbus]\nlargest_gap = 4\n[modbus.tags]\n{tags}")
    assert texts(apart.read_only)[1:] == ["FC3 holding 700..700", "FC3 holding 703..703"]
    assert texts(together.read_only)[1:] == ["FC3 holding 700..703"]


def test_a_torn_mailbox_is_refused() -> None:
    with pytest.raises(BindingError, match=r"lift1: the command mailbox .* one write"):
        plan("[modbus.tags]\ncmd_seq = { address = 900 }")


def test_a_status_tag_inside_the_command_block_is_refused() -> None:
    with pytest.raises(BindingError, match="station is read from holding 5, inside the command block"):
        plan("[modbus.tags]\nstation = { address = 5 }")


def test_a_profile_for_another_kind_is_refused() -> None:
    with pytest.raises(BindingError, match="for shuttle, not for a lift"):
        plan('kinds = ["shuttle"]')


def test_a_file_that_is_absent_or_no_toml_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"absent\.toml: cannot be read"):
        load_profile(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = \n")
    with pytest.raises(ProfileError, match=r"broken\.toml: is not valid TOML"):
        load_profile(broken)
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(ProfileError, match="UTF-8"):
        load_profile(broken)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 1", ["test.toml", "colour", "unknown key", "allowed: kinds, modbus, name"]),
        ("[modbus]\nstatus_bas = 5", ["modbus.status_bas", "did you mean 'status_base'"]),
        ("[modbus.tags.station]\nadress = 5", ["modbus.tags.station.adress", "did you mean 'address'"]),
        ("[modbus.devices.lift1]\nbase = 5", ["modbus.devices.lift1.base", "command_base, status_base"]),
        ("[opcua]\nname_space = 'x'", ["opcua.name_space", "did you mean 'namespace'"]),
        ("[opcua.nodes.station]\nnod = 's=x'", ["opcua.nodes.station.nod", "did you mean 'node'"]),
        ("[modbus]\nexchange = 'fc99'", ["modbus.exchange", "fc99", "fc23"]),
        ("[modbus]\nstatus_base = 70000", ["modbus.status_base", "70000", "65535"]),
        ("[modbus.tags]\nstatoin = { address = 5 }", ["modbus.tags.statoin", "did you mean 'station'"]),
        ("[opcua.nodes]\nstatoin = { node = 's=x' }", ["opcua.nodes.statoin", "did you mean 'station'"]),
        ("[opcua.nodes]\nstation = { node = 'ns=2;s=x' }", ["opcua.nodes.station.node", "ns=2;s=x"]),
        ("[modbus.tags]\nstation = { address = 5, word = 3 }", ["modbus.tags.station", "not both"]),
        ("[modbus.tags]\nstation = { scale = 0.0 }", ["scale must not be 0"]),
        ("[modbus.tags]\nstation = { area = 'coil', address = 1 }", ["a int16 needs registers"]),
        ("[modbus.tags]\nrope_taut = { area = 'discrete' }", ["needs its address"]),
        ("[modbus.tags]\nrope_taut = { area = 'discrete', address = 1, bit = 3 }", ["remove bit"]),
        ("[modbus.tags]\nrope_taut = { bit = 16 }", ["modbus.tags.rope_taut.bit", "16", "15"]),
        ("[modbus.tags]\nstation = { bit = 3 }", ["only a bool has a bit"]),
        ("[modbus.tags]\ncmd_seq = { area = 'input' }", ["give holding or coil"]),
        ("[modbus.tags]\ncmd_seq = { absent = true }", ["cannot be left out"]),
        ("[modbus.tags]\nrope_taut = { absent = true, bit = 3 }", ["no other keys"]),
        ("[modbus.tags]\nstate = { wire = 'int32' }", ["cannot be re-typed"]),
    ],
)
def test_a_wrong_profile_is_refused_with_key_value_and_what_would_be_right(text: str, words: list[str]) -> None:
    message = refusal(text)
    for word in words:
        assert word in message


def test_a_profile_without_its_name_is_refused() -> None:
    with pytest.raises(ProfileError, match="name: is missing"):
        parse_profile({}, "test.toml")


@pytest.mark.parametrize("tag", ["device_id", "heartbeat", "boot_counter", "clock_ms", "cmd_arg1", "station"])
def test_h10_an_offset_cannot_make_a_dead_register_look_alive(tag: str) -> None:
    assert "must come as it is" in refusal(f"[modbus.tags]\n{tag} = {{ offset = 1.0 }}")


def test_all_problems_of_a_file_are_told_at_once() -> None:
    message = refusal("[modbus]\nfoo = 1\nstatus_base = -1\n[opcua]\nbar = 2")
    assert len(message.splitlines()) == 3
