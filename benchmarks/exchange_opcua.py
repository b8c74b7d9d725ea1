"""Exchange with 8 OPC UA servers of 20 tags: our links, against bare asyncua batched calls on the same servers.

Both sides write the same command nodes and read the same status nodes of all servers at once, from the same process,
and take turns within one run, so that the machine's other load meets both. The peer sends its Write and Read
together, as our link does, and checks nothing. Must never time connecting.
"""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds

from benchmarks.exchange_opcua_device import DEVICE, SMALL, TAGS, SmallBinding
from benchmarks.figure import Figure
from plc_drivers.contract import DeviceKind
from plc_drivers.link import LinkState
from plc_drivers.opcua.link import OpcUaLink, quieten_library
from plc_drivers.opcua.nodes import VARIANT_TYPES
from plc_drivers.opcua.settings import OpcUaSettings
from plc_drivers.outputs import DeviceOutputs, PermittedOutputs, Seal, take_seal
from plc_drivers.profile import OPCUA_NAMESPACE

PLCS = 8
SECONDS = 10.0
ROUNDS = 20
"""Exchanges per turn of one side: long enough for a steady state, short enough to take turns often."""
_CONNECT_S = 30.0
_BENCH = "exchange"
_PEER = "asyncua 2.1"


class Ours:
    """Our links to all servers."""

    def __init__(self, urls: Sequence[str], seal: Seal) -> None:
        self._seal = seal
        self._heartbeat = 0
        self._idle = asyncio.Event()
        binding = SmallBinding(DEVICE, 1, DeviceKind.LIFT)
        self._links = [OpcUaLink(OpcUaSettings(f"plc{n}", url), [binding]) for n, url in enumerate(urls)]
        for link in self._links:
            link.on_idle = self._ended

    async def connect(self) -> None:
        """Connect all.

        Raises:
            TimeoutError: a server cannot be reached.
        """
        for link in self._links:
            link.start()
        for _ in range(int(_CONNECT_S / 0.01)):
            if all(link.status().state is LinkState.UP for link in self._links):
                return
            await asyncio.sleep(0.01)
        raise TimeoutError("not every server can be reached")

    async def exchange(self) -> None:
        """One exchange with every server."""
        self._heartbeat = (self._heartbeat + 1) % 65_536
        self._left = len(self._links)
        self._idle.clear()
        wanted = PermittedOutputs(self._seal, {DEVICE: DeviceOutputs(self._heartbeat, 5)})
        for link in self._links:
            link.exchange(wanted)
        await self._idle.wait()

    def check(self) -> None:
        """Refuse a measurement in which anything failed.

        Raises:
            RuntimeError: a link reports a fault, or an old answer.
        """
        for link in self._links:
            answer = link.answers().get(DEVICE)
            if link.faults() or answer is None or answer.written != self._heartbeat or answer.bad_tags:
                raise RuntimeError(f"the exchange failed: {link.status()}")

    async def close(self) -> None:
        """Close all."""
        await asyncio.gather(*(link.stop() for link in self._links))

    def _ended(self) -> None:
        self._left -= 1
        if not self._left:
            self._idle.set()


class Bare:
    """Bare asyncua clients with batched calls."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._clients = [Client(url) for url in urls]
        self._heartbeat = 0
        self._reads: list[ua.NodeId] = []
        self._writes: list[ua.NodeId] = []
        self._types = [VARIANT_TYPES[tag.wire] for tag in SMALL.command]

    async def connect(self) -> None:
        """Connect all; the servers are alike, so that one lookup of the namespace serves them all."""
        for client in self._clients:
            await client.connect()
        index = await self._clients[0].get_namespace_index(OPCUA_NAMESPACE)
        self._reads = [_node(index, tag.name) for tag in SMALL.status]
        self._writes = [_node(index, tag.name) for tag in SMALL.command]

    async def exchange(self) -> None:
        """One exchange with every server."""
        self._heartbeat = (self._heartbeat + 1) % 65_536
        await asyncio.gather(*(self._one(client) for client in self._clients))

    async def _one(self, client: Client) -> None:
        values = [self._heartbeat, 5, 0, 0, 0, 0, 0, 0]
        data = [ua.DataValue(ua.Variant(value, type_)) for value, type_ in zip(values, self._types, strict=True)]
        session = client.uaclient.session
        await asyncio.gather(
            session.write_attributes(self._writes, data),
            session.read_attributes(self._reads, AttributeIds.Value),
        )

    async def close(self) -> None:
        """Close all."""
        await asyncio.gather(*(client.disconnect() for client in self._clients))


def run(seconds: float | None) -> list[Figure]:
    """Measure; ``seconds`` is the time for the comparison, 10 where None.

    Both sides run in a process of their own: it takes the seal for outputs, which the gate may want in this one.

    Raises:
        RuntimeError: a process failed.
    """
    length_s = SECONDS if seconds is None else seconds
    command = [sys.executable, "-m", "benchmarks.exchange_opcua_servers", str(PLCS)]
    servers = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        ports = servers.stdout.readline().strip() if servers.stdout is not None else ""
        sides = [sys.executable, "-m", "benchmarks.exchange_opcua", ports, str(length_s)]
        result = subprocess.run(  # noqa: S603 - our own program
            sides, check=False, capture_output=True, text=True, timeout=length_s + 2 * _CONNECT_S
        )
    finally:
        servers.kill()
        servers.communicate()
    if result.returncode != 0:
        raise RuntimeError(f"the measurement failed: {result.stderr.strip()[-500:]}")
    return [Figure(**figure) for figure in json.loads(result.stdout)]


async def _compare(urls: Sequence[str], seconds: float) -> list[Figure]:
    # A benchmark is a process of its own, without a gate.
    ours, bare = Ours(urls, take_seal()), Bare(urls)
    await ours.connect()
    await bare.connect()
    ours_ms: list[float] = []
    bare_ms: list[float] = []
    gc.collect()
    gc.freeze()
    try:
        await _turn(ours), await _turn(bare)  # Warm both up.
        end = time.monotonic() + seconds
        while time.monotonic() < end or not ours_ms:
            ours_ms.append(await _turn(ours))
            ours.check()
            bare_ms.append(await _turn(bare))
    finally:
        await ours.close()
        await bare.close()
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours_ms, bare_ms, strict=True))
    return [
        Figure(_BENCH, "opcua_exchange_ms", statistics.median(ours_ms), "ms"),
        Figure(_BENCH, "bare_asyncua_exchange_ms", statistics.median(bare_ms), "ms", _PEER),
        Figure(_BENCH, "ratio_to_bare_asyncua", ratio, f"ratio, {PLCS} PLCs of {TAGS} tags", _PEER),
    ]


async def _turn(side: Ours | Bare) -> float:
    """Milliseconds per exchange of one turn."""
    began = time.perf_counter()
    for _ in range(ROUNDS):
        await side.exchange()
    return (time.perf_counter() - began) * 1000 / ROUNDS


def _node(index: int, tag: str) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={index};s={DEVICE}.{tag}")


def _main() -> None:
    quieten_library()
    urls = [f"opc.tcp://127.0.0.1:{port}" for port in json.loads(sys.argv[1])]
    figures = asyncio.run(_compare(urls, float(sys.argv[2])))
    sys.stdout.write(json.dumps([asdict(figure) for figure in figures]))


if __name__ == "__main__":
    _main()
