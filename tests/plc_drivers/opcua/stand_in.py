"""A small PLC behind an OPC UA server, as a process that tests can freeze, kill and order about.

Usage: ``python -m tests.plc_drivers.opcua.stand_in '{"devices": {"lift1": ["LIFT", 7]}}'``. It prints its port as
JSON, then obeys one JSON order a line on stdin and answers each with a line.
"""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes

from plc_drivers.contract import DEFINITIONS, DeviceKind, Tag, TagType

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
START: dict[str, Any] = {
    "contract_version": 1,
    "program_version": 1,
    "boot_counter": 1,
    "state": 1,
    "mode": 1,
    "health": 1,
    "controller_timeout_ms": 500,
    "traffic_light": 1,
    "sign": 1,
}


def node_id(path: str, index: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={index};s={path}")


class OneUser(UserManager):
    """Knows ``tower`` with the password ``secret``; nobody else."""

    def get_user(self, _iserver: Any, username: Any = None, password: Any = None, certificate: Any = None) -> Any:
        del certificate
        return User(role=UserRole.User) if (username, password) == ("tower", "secret") else None


class StandIn:
    """The server, its nodes, and a PLC scan of 10 ms."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.server = Server(user_manager=OneUser() if options.get("login") else None)
        self.nodes: dict[str, Any] = {}
        self.types: dict[str, ua.VariantType] = {}
        self.frozen = False
        self.scan = 0

    async def run(self) -> None:
        await self.prepare()
        async with self.server:
            listening: Any = self.server.bserver
            port = listening._server.sockets[0].getsockname()[1]
            print(json.dumps({"port": port}), flush=True)  # noqa: T201 - the test reads it
            scanning = asyncio.create_task(self.scan_for_ever())
            await self.obey()
            scanning.cancel()

    async def prepare(self) -> None:
        server, options = self.server, self.options
        await server.init()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{options.get('port', 0)}")
        if "certificate" in options:
            await server.set_application_uri("urn:test:stand-in")
            await server.load_certificate(Path(options["certificate"]))
            await server.load_private_key(Path(options["key"]))
            server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        else:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        for number in range(options.get("namespaces_before", 0)):
            await server.register_namespace(f"urn:other:{number}")
        index = await server.register_namespace(options.get("namespace", "urn:garage-controller:contract:1"))
        garage = await server.nodes.objects.add_object(node_id("Garage", index), "Garage")
        for device, (kind, number) in options["devices"].items():
            parent = await garage.add_object(node_id(device, index), device)
            definition = DEFINITIONS[DeviceKind[kind]]
            for tag in definition.status + definition.command:
                await self.add(parent, index, f"{device}.{tag.name}", tag, definition.kind, number)
            for tag in definition.command:
                await self.nodes[f"{device}.{tag.name}"].set_writable()

    async def add(self, parent: Any, index: int, path: str, tag: Tag, kind: DeviceKind, number: int) -> None:
        if path in self.options.get("without", []):
            return
        own = {"device_id": number, "device_kind": int(kind)}
        value = own.get(tag.name, START.get(tag.name, 0))
        type_ = ua.VariantType[self.options.get("types", {}).get(path, TYPES[tag.wire].name)]
        value = bool(value) if type_ is ua.VariantType.Boolean else value
        self.nodes[path] = await parent.add_variable(node_id(path, index), tag.name, ua.Variant(value, type_))
        self.types[path] = type_

    async def scan_for_ever(self) -> None:
        while True:
            await asyncio.sleep(0.01)
            if not self.frozen:
                self.scan += 1
                for device, (kind, _) in self.options["devices"].items():
                    await self.scan_device(device, kind)

    async def scan_device(self, device: str, kind: str) -> None:
        await self.put(f"{device}.heartbeat", self.scan % 65536)
        await self.put(f"{device}.clock_ms", self.scan * 10)
        if kind != "SAFETY":
            for seen, echo in (("controller_heartbeat", "heartbeat_echo"), ("owner_epoch_wanted", "owner_epoch")):
                await self.put(f"{device}.{echo}", await self.nodes[f"{device}.{seen}"].read_value())

    async def put(self, path: str, value: Any) -> None:
        await self.nodes[path].write_value(ua.Variant(value, self.types[path]))

    async def obey(self) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            answer = await self.order(**json.loads(line))
            print(json.dumps(answer), flush=True)  # noqa: T201 - the test reads it

    async def order(self, do: str, path: str = "", value: Any = None, code: str = "Good") -> Any:
        node: Any = self.nodes.get(path)
        match do:
            case "freeze":
                self.frozen = True
            case "thaw":
                self.frozen = False
            case "put":
                await self.put(path, value)
            case "status":
                data = ua.DataValue(ua.Variant(value, self.types[path]), ua.StatusCode(getattr(StatusCodes, code)))
                await self.server.write_attribute_value(node.nodeid, data)
            case "old":
                data = ua.DataValue(
                    ua.Variant(value, self.types[path]), SourceTimestamp=ua.DateTime(2001, 1, 1, tzinfo=UTC)
                )
                await self.server.write_attribute_value(node.nodeid, data)
            case "remove":
                await self.server.delete_nodes([node])
            case "lock":
                await node.set_writable(value)
            case "read":
                return await node.read_value()
            case _:
                raise ValueError(do)
        return None


if __name__ == "__main__":
    asyncio.run(StandIn(json.loads(sys.argv[1])).run())
