"""The OPC UA link against a real server in a process of its own: exchanges, refusals, losses, security."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from plc_drivers import outputs as outputs_module
from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DEFINITIONS, CommandCode, DeviceKind
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.link import LinkState
from plc_drivers.opcua import connection
from plc_drivers.opcua.link import OpcUaLink
from plc_drivers.opcua.settings import OpcUaSecurity, OpcUaSettings, OpcUaSettingsError, load_credentials
from plc_drivers.outputs import DeviceOutputs, MailboxCommand, PermittedOutputs
from plc_drivers.profile import Profile, parse_profile
from plc_drivers.reading import Quality
from tests.plc_drivers.opcua.stand_in_process import StandInProcess

pytestmark = pytest.mark.shares("one server process for all tests of the module")

LIFT = DEFINITIONS[DeviceKind.LIFT]
LIFT1 = DeviceBinding("lift1", 7, DeviceKind.LIFT)
CABIN1 = DeviceBinding("cabin1", 8, DeviceKind.CABIN)
SAFETY1 = DeviceBinding("safety1", 9, DeviceKind.SAFETY)


@pytest.fixture(scope="module")
def server() -> Iterator[StandInProcess]:
    devices = {
        "lift1": ("LIFT", 7),
        "cabin1": ("CABIN", 8),
        "safety1": ("SAFETY", 9),
        "lift-without-station": ("LIFT", 10),
        "lift-of-wrong-type": ("LIFT", 11),
        "lift-that-loses-a-node": ("LIFT", 12),
    }
    broken = {"without": ["lift-without-station.station"], "types": {"lift-of-wrong-type.rope_taut": "UInt16"}}
    with StandInProcess(devices, namespaces_before=3, **broken) as process:
        yield process


@pytest.fixture(scope="module")
def mortal_process() -> Iterator[StandInProcess]:
    with StandInProcess({"lift1": ("LIFT", 7)}) as process:
        yield process


@pytest.fixture
def mortal(mortal_process: StandInProcess) -> StandInProcess:
    """A server that may be frozen and killed."""
    if not mortal_process.runs:
        mortal_process.start()
    return mortal_process


def outputs(heartbeat: int = 1, device: str = "lift1", **fields: Any) -> PermittedOutputs:
    return PermittedOutputs(outputs_module._issued, {device: DeviceOutputs(heartbeat, 5, **fields)})


def settings(url: str, **changes: Any) -> OpcUaSettings:
    """Settings that a busy test machine does not run into."""
    return OpcUaSettings("opc", url, **({"timeout_ms": 3000, "connect_timeout_ms": 10_000} | changes))


@asynccontextmanager
async def running(link: OpcUaLink) -> AsyncIterator[OpcUaLink]:
    link.start()
    try:
        yield link
    finally:
        began = time.monotonic()
        await link.stop()
        assert time.monotonic() - began < 3


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        await asyncio.sleep(0.005)


async def up(link: OpcUaLink) -> None:
    await until(lambda: link.status().state is LinkState.UP)


async def trip(link: OpcUaLink, wanted: PermittedOutputs | None = None) -> None:
    """One whole round trip."""
    await up(link)
    assert link.exchange(wanted)
    await until(lambda: not link.busy())


def fault_code(link: OpcUaLink, device: str = "lift1") -> str | None:
    fault = link.faults().get(device)
    return None if fault is None else fault.code


def value(link: OpcUaLink, tag: str, device: str = "lift1", kind: DeviceKind = DeviceKind.LIFT) -> Any:
    return link.answers()[device].values[DEFINITIONS[kind].status_index[tag]]


# --- exchanges ----------------------------------------------------------------------------------------------


async def test_one_trip_serves_every_device_behind_the_server_and_finds_the_namespace_by_its_uri(
    server: StandInProcess,
) -> None:
    async with running(OpcUaLink(settings(server.url), [LIFT1, CABIN1, SAFETY1])) as link:
        await trip(link)
        assert set(link.answers()) == {"lift1", "cabin1", "safety1"}
        assert link.faults() == {}
        assert value(link, "device_id") == 7
        assert value(link, "device_id", "safety1", DeviceKind.SAFETY) == 9
        status = link.status()
        assert (status.protocol, status.exchanges, status.fault, status.connects) == ("opc-ua", 1, None, 1)


async def test_outputs_arrive_with_every_command_tag_and_the_answer_says_what_was_written(
    server: StandInProcess,
) -> None:
    command = MailboxCommand(42, CommandCode.MOVE_TO_LEVEL, -3, 0, 4_000_000_000, 1000)
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        await trip(link, outputs(77, permits=frozenset({"travel"}), command=command))
        assert link.answers()["lift1"].written == 77
        written = {tag.name: server.order("read", f"lift1.{tag.name}") for tag in LIFT.command}
        await until(lambda: server.order("read", "lift1.heartbeat_echo") == 77)
    assert written == {
        "controller_heartbeat": 77,
        "permit_travel": True,
        "owner_epoch_wanted": 5,
        "cmd_code": 10,
        "cmd_arg1": -3,
        "cmd_arg2": 0,
        "cmd_issued_ms": 4_000_000_000,
        "cmd_valid_ms": 1000,
        "cmd_seq": 42,
    }


async def test_outputs_given_while_a_trip_is_under_way_go_out_with_the_next_one_newest_first(
    server: StandInProcess,
) -> None:
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        await up(link)
        idle: list[int] = []
        link.on_idle = lambda: idle.append(link.status().exchanges)
        assert link.exchange(outputs(1))
        for _ in range(5):
            await asyncio.sleep(0)  # the first trip is on the wire now
        assert not link.exchange(outputs(2))
        link.write_now(outputs(3))
        assert not link.exchange(None)
        await until(lambda: not link.busy())
        assert link.answers()["lift1"].written == 3
        assert idle == [2]


async def test_outputs_that_do_not_fit_the_device_are_not_written_and_named(server: StandInProcess) -> None:
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        await trip(link, outputs(permits=frozenset({"fly"})))
        assert fault_code(link) == "OUTPUTS_REFUSED"
        assert link.answers()["lift1"].written is None
        await trip(link, outputs(2))
        assert link.faults() == {}


async def test_h11_outputs_given_while_the_link_is_down_are_never_sent_later(server: StandInProcess) -> None:
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        assert link.exchange(outputs(999))
        assert not link.busy()
        await trip(link)
        assert server.order("read", "lift1.controller_heartbeat") != 999


async def test_the_device_watch_takes_what_the_link_brings(server: StandInProcess) -> None:
    clock: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000  # noqa: E731
    watch = DeviceWatch("lift1", LIFT, 7, 2000, 500)
    async with running(OpcUaLink(settings(server.url), [LIFT1], clock_ms=clock)) as link:
        quality = Quality.MISSING
        for heartbeat in range(200):
            await trip(link, outputs(heartbeat))
            quality = watch.observe(link.answers()["lift1"], None, clock(), writing=True).quality
            if quality is Quality.GOOD and heartbeat > 5:
                break
            await asyncio.sleep(0.01)
    assert quality is Quality.GOOD


async def test_h10_a_frozen_program_behind_a_server_that_answers_is_stale(server: StandInProcess) -> None:
    clock: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000  # noqa: E731
    watch = DeviceWatch("lift1", LIFT, 7, 100, 500)
    server.order("freeze")
    try:
        async with running(OpcUaLink(settings(server.url), [LIFT1], clock_ms=clock)) as link:
            seen: set[str] = set()
            while "HEARTBEAT_STOPPED" not in seen:
                await trip(link)
                fault = watch.observe(link.answers()["lift1"], None, clock(), writing=False).fault
                seen.add("" if fault is None else fault.code)
        assert "" not in seen
    finally:
        server.order("thaw")


# --- values and nodes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["BadSensorFailure", "UncertainLastUsableValue", "GoodLocalOverride"])
async def test_h10_a_value_whose_status_is_not_good_is_bad_and_its_neighbours_are_not(
    server: StandInProcess, code: str
) -> None:
    server.order("status", "lift1.station", 3, code)
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        await trip(link)
        answer = link.answers()["lift1"]
        assert answer.bad_tags == {LIFT.status_index["station"]}
        assert value(link, "station") is None
        server.order("put", "lift1.station", 4)
        await trip(link)
        assert (link.answers()["lift1"].bad_tags, value(link, "station")) == (frozenset(), 4)
    server.order("put", "lift1.station", 0)


async def test_a_value_out_of_range_or_no_member_is_bad(server: StandInProcess) -> None:
    server.order("put", "lift1.station", 500)
    server.order("put", "lift1.state", 77)
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        await trip(link)
        bad = {LIFT.status[index].name for index in link.answers()["lift1"].bad_tags}
    server.order("put", "lift1.station", 0)
    server.order("put", "lift1.state", 1)
    assert bad == {"station", "state"}


async def test_an_old_source_time_neither_proves_nor_spoils_a_value(server: StandInProcess) -> None:
    server.order("old", "lift1.position_mm", 1234)
    async with running(OpcUaLink(settings(server.url), [LIFT1])) as link:
        await trip(link)
        assert value(link, "position_mm") == 1234


async def test_a_refused_write_fails_the_device_and_names_the_node(server: StandInProcess) -> None:
    server.order("lock", "lift1.cmd_seq", value=False)
    try:
        async with running(OpcUaLink(settings(server.url), [LIFT1, CABIN1])) as link:
            await trip(link, outputs(3))
            assert fault_code(link) == "WRITE_REFUSED"
            assert "lift1.cmd_seq" in link.faults()["lift1"].detail
            assert "lift1" not in link.answers()
            assert "cabin1" in link.answers()
    finally:
        server.order("lock", "lift1.cmd_seq", value=True)


async def test_a_node_that_vanishes_at_run_time_is_one_bad_tag(server: StandInProcess) -> None:
    name = "lift-that-loses-a-node"
    async with running(OpcUaLink(settings(server.url), [DeviceBinding(name, 12, DeviceKind.LIFT)])) as link:
        await trip(link)
        server.order("remove", f"{name}.rope_taut")
        await trip(link)
        assert link.answers()[name].bad_tags == {LIFT.status_index["rope_taut"]}


async def test_missing_nodes_and_wrong_types_leave_out_their_device_and_are_named(server: StandInProcess) -> None:
    lacking, twisted = "lift-without-station", "lift-of-wrong-type"
    bindings = [
        LIFT1,
        DeviceBinding(lacking, 10, DeviceKind.LIFT),
        DeviceBinding(twisted, 11, DeviceKind.LIFT),
    ]
    async with running(OpcUaLink(settings(server.url), bindings)) as link:
        await trip(link, outputs(1))
        assert set(link.answers()) == {"lift1"}
        assert (fault_code(link, lacking), fault_code(link, twisted)) == ("NODES_MISSING", "WRONG_NODE_TYPE")
        assert f"s={lacking}.station" in link.faults()[lacking].detail
        assert f"{twisted}.rope_taut" in link.faults()[twisted].detail


async def test_a_sensor_that_a_device_does_not_have_needs_no_node_and_reads_as_bad(server: StandInProcess) -> None:
    name = "lift-without-station"
    for binding in (
        DeviceBinding(name, 10, DeviceKind.LIFT, absent=frozenset({"station"})),
        DeviceBinding(name, 10, DeviceKind.LIFT, profile=_lacking_station()),
    ):
        async with running(OpcUaLink(settings(server.url), [binding])) as link:
            await trip(link, outputs(1, name))
            answer = link.answers()[name]
            assert answer.bad_tags == {LIFT.status_index["station"]}
            assert len(answer.values) == len(LIFT.status)
            assert value(link, "device_id", name) == 10
            assert link.faults() == {}


def _lacking_station() -> Profile:
    return parse_profile({"name": "x", "kinds": ["lift"], "opcua": {"nodes": {"station": {"absent": True}}}}, "test")


async def test_an_unknown_namespace_is_named_and_tried_again_for_ever(server: StandInProcess) -> None:
    profile = parse_profile({"name": "other", "opcua": {"namespace": "urn:elsewhere"}}, "test")
    binding = DeviceBinding("lift1", 7, DeviceKind.LIFT, profile=profile)
    async with running(OpcUaLink(settings(server.url), [binding])) as link:
        await until(lambda: fault_code(link) == "NAMESPACE_MISSING")
        assert "urn:elsewhere" in link.faults()["lift1"].detail
        assert link.status().connects == 0


async def test_a_profile_binds_tags_to_other_nodes(server: StandInProcess) -> None:
    nodes = {"station": {"node": "s={device}.levelling_error_mm"}}
    profile = parse_profile({"name": "moved", "kinds": ["lift"], "opcua": {"nodes": nodes}}, "test")
    server.order("put", "lift1.levelling_error_mm", 7)
    async with running(
        OpcUaLink(settings(server.url), [DeviceBinding("lift1", 7, DeviceKind.LIFT, profile=profile)])
    ) as link:
        await trip(link)
        assert value(link, "station") == 7
    server.order("put", "lift1.levelling_error_mm", 0)


# --- losses -------------------------------------------------------------------------------------------------


async def test_a_server_that_dies_and_comes_back_is_found_again(mortal: StandInProcess) -> None:
    async with running(OpcUaLink(settings(mortal.url), [LIFT1])) as link:
        await trip(link, outputs(1))
        mortal.kill()
        await until(lambda: link.status().state is not LinkState.UP)
        assert fault_code(link) in {"CONNECTION_LOST", "CONNECT_FAILED"}
        assert "lift1" in link.answers()
        await asyncio.to_thread(mortal.start)
        await trip(link, outputs(2))
        assert (link.status().connects, link.faults()) == (2, {})


async def test_a_frozen_server_is_a_time_out_and_is_found_again_when_it_thaws(mortal: StandInProcess) -> None:
    quick = settings(mortal.url, timeout_ms=100, connect_timeout_ms=1000)
    async with running(OpcUaLink(quick, [LIFT1])) as link:
        await trip(link, outputs(1))
        mortal.freeze()
        assert link.exchange(outputs(2))
        await until(lambda: link.status().timeouts > 0)
        assert not link.busy()
        await until(lambda: fault_code(link) == "CONNECT_TIMEOUT")
        mortal.thaw()
        await until(lambda: link.exchange(outputs(3)) and link.answers()["lift1"].written == 3, 30)


async def test_a_connection_is_renewed_before_its_channel_ends(
    mortal: StandInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CHANNEL_LIFETIME_MS", 400)
    async with running(OpcUaLink(settings(mortal.url, timeout_ms=5000), [LIFT1])) as link:
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            await trip(link, outputs(1))
        assert (link.status().connects, link.faults()) == (1, {})


async def test_nothing_is_printed_when_a_server_vanishes(
    mortal: StandInProcess, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        async with running(OpcUaLink(settings(mortal.url), [LIFT1])) as link:
            await trip(link)
            mortal.kill()
            await until(lambda: link.status().state is not LinkState.UP)
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


async def test_a_dead_server_does_not_delay_another_link(server: StandInProcess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dead_url = f"opc.tcp://127.0.0.1:{silent.getsockname()[1]}"
        async with (
            running(OpcUaLink(settings(dead_url, connect_timeout_ms=300), [CABIN1])) as dead,
            running(OpcUaLink(settings(server.url), [LIFT1])) as live,
        ):
            for heartbeat in range(50):
                await trip(live, outputs(heartbeat))
            await until(lambda: fault_code(dead, "cabin1") == "CONNECT_TIMEOUT")
            assert live.status().timeouts == 0


async def test_garbage_from_a_stranger_is_a_fault_and_no_crash() -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 20)
        await writer.drain()
        writer.close()

    stranger = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with stranger:
        url = f"opc.tcp://127.0.0.1:{stranger.sockets[0].getsockname()[1]}"
        async with running(OpcUaLink(settings(url, connect_timeout_ms=300), [LIFT1])) as link:
            await until(lambda: fault_code(link) not in {None, "NOT_CONNECTED"})
            assert link.status().state is not LinkState.UP


async def test_an_absent_server_never_blocks_start_or_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with running(OpcUaLink(settings(f"opc.tcp://127.0.0.1:{port}"), [LIFT1])) as link:
        await until(lambda: fault_code(link) == "CONNECT_FAILED")
    assert (link.status().state, fault_code(link)) == (LinkState.CLOSED, "LINK_CLOSED")


# --- security -----------------------------------------------------------------------------------------------


def make_certificate(folder: Path, name: str, uri: str) -> tuple[Path, Path]:
    """A self-signed certificate and its key, as PEM files."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{name}.pem", folder / f"{name}-key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandInProcess, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("certificates")
    server_certificate, server_key = make_certificate(folder, "server", "urn:test:stand-in")
    certificate, key = make_certificate(folder, "client", "urn:test:our-own-uri")
    password = folder / "password"
    password.write_text("secret\n")
    options = {"certificate": str(server_certificate), "key": str(server_key), "login": True}
    ours = {
        "security": OpcUaSecurity.BASIC256SHA256,
        "certificate": certificate,
        "private_key": key,
        "server_certificate": server_certificate,
        "user": "tower",
        "password_file": password,
    }
    with StandInProcess({"lift1": ("LIFT", 7)}, **options) as process:
        yield process, ours


async def test_a_secured_channel_with_a_login_exchanges(secured: tuple[StandInProcess, dict[str, Any]]) -> None:
    process, ours = secured
    async with running(OpcUaLink(settings(process.url, **ours), [LIFT1])) as link:
        await trip(link, outputs(5))
        assert link.answers()["lift1"].written == 5


async def test_a_wrong_password_is_told_as_such(secured: tuple[StandInProcess, dict[str, Any]], tmp_path: Path) -> None:
    process, ours = secured
    wrong = tmp_path / "password"
    wrong.write_text("guess")
    async with running(OpcUaLink(settings(process.url, **(ours | {"password_file": wrong})), [LIFT1])) as link:
        await until(lambda: fault_code(link) == "LOGIN_REFUSED")


async def test_a_server_with_another_certificate_than_the_pinned_one_is_refused(
    secured: tuple[StandInProcess, dict[str, Any]], tmp_path: Path
) -> None:
    process, ours = secured
    other, _ = make_certificate(tmp_path, "impostor", "urn:test:stand-in")
    quick = ours | {"server_certificate": other, "connect_timeout_ms": 800}
    async with running(OpcUaLink(settings(process.url, **quick), [LIFT1])) as link:
        await until(lambda: fault_code(link) not in {None, "NOT_CONNECTED"})
        assert link.status().connects == 0


async def test_a_server_that_only_takes_secured_channels_refuses_an_open_one(
    secured: tuple[StandInProcess, dict[str, Any]],
) -> None:
    process, _ = secured
    async with running(OpcUaLink(settings(process.url, connect_timeout_ms=800), [LIFT1])) as link:
        await until(lambda: fault_code(link) not in {None, "NOT_CONNECTED"})
        assert link.status().connects == 0


def test_the_application_uri_is_the_certificates_own(secured: tuple[StandInProcess, dict[str, Any]]) -> None:
    _, ours = secured
    credentials = load_credentials(settings("opc.tcp://127.0.0.1:4840", **ours))
    assert credentials.application_uri == "urn:test:our-own-uri"
    assert "secret" not in repr(credentials)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"url": "http://127.0.0.1:4840"}, "opc.tcp://HOST:PORT"),
        ({"url": "opc.tcp://me:secret@127.0.0.1:4840"}, "password_file"),
        ({"server_certificate": None}, "server_certificate"),
        ({"certificate": Path("nowhere.pem")}, "cannot be read"),
        ({"user": None}, "together"),
    ],
)
def test_unusable_settings_are_refused_before_anything_connects(
    secured: tuple[StandInProcess, dict[str, Any]], change: dict[str, Any], named: str
) -> None:
    _, ours = secured
    with pytest.raises(OpcUaSettingsError, match=named):
        load_credentials(OpcUaSettings(**({"name": "opc", "url": "opc.tcp://127.0.0.1:4840"} | ours | change)))


def test_a_key_that_belongs_to_another_certificate_is_refused(
    secured: tuple[StandInProcess, dict[str, Any]], tmp_path: Path
) -> None:
    _, ours = secured
    _, key = make_certificate(tmp_path, "other", "urn:other")
    with pytest.raises(OpcUaSettingsError, match="does not belong"):
        load_credentials(settings("opc.tcp://127.0.0.1:4840", **(ours | {"private_key": key})))
