"""Eight OPC UA servers with one PLC of 20 status tags each, in a process of their own, for the exchange benchmark.

Owns the peer of both sides. Must never measure. Usage: ``python -m benchmarks.exchange_opcua_servers COUNT``; it
prints the ports as JSON and ends when its standard input is closed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

from asyncua import ua
from asyncua.server.server import Server

from benchmarks.exchange_opcua_device import DEVICE, SMALL
from plc_drivers.contract import Tag, TagType
from plc_drivers.opcua.nodes import VARIANT_TYPES
from plc_drivers.profile import OPCUA_NAMESPACE


async def serve(count: int) -> None:
    """Start the servers, tell their ports, wait for the end of standard input."""
    servers = [await _server() for _ in range(count)]
    for server in servers:
        await server.start()
    ports = [_port(server) for server in servers]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def _port(server: Server) -> int:
    listening: Any = server.bserver
    port: int = listening._server.sockets[0].getsockname()[1]  # noqa: SLF001 - the library does not tell the port it took
    return port


async def _server() -> Server:
    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    index = await server.register_namespace(OPCUA_NAMESPACE)
    parent: Any = await server.nodes.objects.add_object(_node(DEVICE, index), DEVICE)
    for tag in SMALL.status + SMALL.command:
        node = await parent.add_variable(
            _node(f"{DEVICE}.{tag.name}", index), tag.name, ua.Variant(_value(tag), VARIANT_TYPES[tag.wire])
        )
        await node.set_writable(tag in SMALL.command)
    return server


def _node(path: str, index: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={index};s={path}")


def _value(tag: Tag) -> bool | int:
    if tag.wire is TagType.BOOL:
        return False
    return 0 if tag.admits(0) else int(max(1, tag.bounds[0]))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    asyncio.run(serve(int(sys.argv[1])))
