"""The OPC UA server, attacked with a client of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError

from plc_drivers.contract import CommandCode, DeviceKind, TagType
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.device import EmulatedPlc
from sim_hardware.servers.opcua import OpcUaServer
from tests.sim_hardware.servers.bench import bench_plc, binding_of

URI = "urn:garage-controller:contract:1"
TYPES = {
    TagType.BOOL: ua.VariantType.Boolean,
    TagType.UINT16: ua.VariantType.UInt16,
    TagType.INT16: ua.VariantType.Int16,
    TagType.UINT32: ua.VariantType.UInt32,
    TagType.INT32: ua.VariantType.Int32,
    TagType.FLOAT32: ua.VariantType.Float,
    TagType.ENUM: ua.VariantType.UInt16,
    TagType.BITS: ua.VariantType.UInt16,
}


@asynccontextmanager
async def serving(
    port: int, *plcs: EmulatedPlc, user: str | None = None, password: str | None = None
) -> AsyncIterator[Client]:
    url = f"opc.tcp://127.0.0.1:{port}"
    server = OpcUaServer(url, [(binding_of(plc), plc) for plc in plcs], user=user, password=password)
    await server.start()
    try:
        client = Client(url, timeout=4)
        if user is not None:
            client.set_user(user)
            client.set_password(password or "")
        async with client:
            yield client
    finally:
        await server.stop()


async def write(client: Client, *values: tuple[str, ua.Variant]) -> list[int]:
    index = await client.get_namespace_index(URI)
    params = ua.WriteParameters()
    params.NodesToWrite = [
        ua.WriteValue(
            NodeId=ua.NodeId.from_string(f"ns={index};s={name}"),
            AttributeId=AttributeIds.Value,
            Value=ua.DataValue(value, StatusCode=None),
        )
        for name, value in values
    ]
    return [int(code.value) for code in await client.uaclient.write(params)]


def number(value: int) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.UInt16)


async def test_every_tag_is_a_variable_at_its_documented_node_with_its_documented_type(
    free_port: Callable[[], int],
) -> None:
    plcs = [bench_plc(kind, f"{kind.name.lower()}1", int(kind)) for kind in DeviceKind]
    async with serving(free_port(), *plcs) as client:
        index = await client.get_namespace_index(URI)
        for plc in plcs:
            for tag, value in zip(plc.definition.status, plc.status(), strict=True):
                node = client.get_node(f"ns={index};s={plc.name}.{tag.name}")
                seen = await node.read_data_value()
                assert seen.Value is not None
                assert (seen.Value.Value, seen.Value.VariantType) == (value, TYPES[tag.wire]), tag.name
            for tag in plc.definition.command:
                seen = await client.get_node(f"ns={index};s={plc.name}.{tag.name}").read_data_value()
                assert seen.Value is not None
                assert seen.Value.VariantType is TYPES[tag.wire]
        found = await client.nodes.objects.get_child([f"{index}:Garage", f"{index}:lift1", f"{index}:position_mm"])
        assert found.nodeid.to_string() == f"ns={index};s=lift1.position_mm"
        heartbeat = client.get_node(f"ns={index};s=lift1.heartbeat")
        assert await heartbeat.read_value() == 1
        plcs[0].scan(1010, 1010)
        assert await heartbeat.read_value() == 2


async def test_h10_a_write_call_is_one_write_and_a_command_with_a_refused_argument_does_not_get_its_number(
    free_port: Callable[[], int],
) -> None:
    plc = bench_plc()
    assert isinstance(plc, CommandedPlc)
    async with serving(free_port(), plc) as client:
        codes = await write(
            client,
            ("lift1.cmd_code", number(CommandCode.MOVE_TO_LEVEL)),
            ("lift1.cmd_arg1", ua.Variant(3, ua.VariantType.Int32)),
            ("lift1.permit_travel", ua.Variant(True, ua.VariantType.Boolean)),
            ("lift1.cmd_seq", number(9)),
        )
        assert codes == [0, 0, 0, 0]
        values = plc.registers.values
        assert (values["cmd_code"], values["cmd_arg1"], values["permit_travel"], values["cmd_seq"]) == (10, 3, True, 9)
        codes = await write(
            client,
            ("lift1.controller_heartbeat", number(4)),
            ("lift1.cmd_arg1", number(4)),
            ("lift1.cmd_seq", number(10)),
        )
        assert codes == [0, StatusCodes.BadTypeMismatch, StatusCodes.BadInvalidState]
        assert (values["controller_heartbeat"], values["cmd_arg1"], values["cmd_seq"]) == (4, 3, 9)


REFUSALS = [
    ("lift1.position_mm", ua.Variant(1, ua.VariantType.Int32), StatusCodes.BadNotWritable),
    ("lift1.no_such_tag", number(1), StatusCodes.BadNodeIdUnknown),
    ("lift2.cmd_seq", number(1), StatusCodes.BadNodeIdUnknown),
    ("lift1", number(1), StatusCodes.BadNotWritable),
    ("lift1.cmd_code", number(999), StatusCodes.BadOutOfRange),
    ("lift1.cmd_seq", ua.Variant(1, ua.VariantType.Int64), StatusCodes.BadTypeMismatch),
    ("lift1.cmd_seq", ua.Variant([1, 2], ua.VariantType.UInt16), StatusCodes.BadTypeMismatch),
    ("lift1.permit_travel", number(1), StatusCodes.BadTypeMismatch),
]


async def test_what_is_not_understood_is_refused_in_the_protocols_words_and_changes_nothing(
    free_port: Callable[[], int],
) -> None:
    plc = bench_plc()
    assert isinstance(plc, CommandedPlc)
    before = dict(plc.registers.values)
    async with serving(free_port(), plc) as client:
        for name, value, expected in REFUSALS:
            assert await write(client, (name, value)) == [expected], name
        index = await client.get_namespace_index(URI)
        with pytest.raises(UaStatusCodeError) as refusal:
            await client.get_node(f"ns={index};s=lift1.nothing").read_value()
        assert refusal.value.code == StatusCodes.BadNodeIdUnknown
        with pytest.raises(UaStatusCodeError):
            await client.nodes.objects.add_object(ua.NodeId.from_string("ns=1;s=x"), "1:x")
    assert plc.registers.values == before


async def test_a_wrong_password_opens_no_session(free_port: Callable[[], int]) -> None:
    port = free_port()
    async with serving(port, bench_plc(), user="plc", password="right") as client:  # noqa: S106 - for this test only
        assert await client.get_namespace_index(URI) > 0
        stranger = Client(f"opc.tcp://127.0.0.1:{port}", timeout=4)
        stranger.set_user("plc")
        stranger.set_password("wrong")
        with pytest.raises(UaStatusCodeError):
            await stranger.connect()


class Watcher:
    """Collects what a subscription brings."""

    def __init__(self) -> None:
        self.seen: asyncio.Queue[int] = asyncio.Queue()

    def datachange_notification(self, _node: object, value: int, _data: object) -> None:
        self.seen.put_nowait(value)


async def test_a_subscription_brings_changes(free_port: Callable[[], int]) -> None:
    plc = bench_plc()
    async with serving(free_port(), plc) as client:
        index = await client.get_namespace_index(URI)
        watcher = Watcher()
        subscription = await client.create_subscription(50, watcher)
        await subscription.subscribe_data_change(client.get_node(f"ns={index};s=lift1.heartbeat"))
        async with asyncio.timeout(5):
            assert await watcher.seen.get() == 1
            plc.scan(1010, 1010)
            assert await watcher.seen.get() == 2
        await subscription.delete()
