"""Our side of the Modbus exchange benchmark, in a process of its own, as the controller runs its links.

Usage: python -m benchmarks.exchange_modbus_controller PORT PLCS
Reads a number of rounds per line from standard input, exchanges with all PLCs at once that often, and prints the
microseconds that they took. Must never be imported by the runner: it takes the seal for outputs, as the gate does.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time

import uvloop

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind
from plc_drivers.modbus.settings import ModbusTcpSettings
from plc_drivers.modbus.tcp_link import ModbusTcpLink
from plc_drivers.outputs import DeviceOutputs, PermittedOutputs, take_seal

CONNECT_S = 10.0
ROUND_S = 5.0


class ExchangeFailedError(RuntimeError):
    """A PLC did not take part: the figure would be a lie."""


class Rounds:
    """All links, and how often they have been exchanged."""

    def __init__(self, port: int, plcs: int) -> None:
        self._seal = take_seal()
        self._idle = asyncio.Event()
        self._heartbeat = 0
        self._open = 0
        self.links = [
            ModbusTcpLink(
                ModbusTcpSettings(f"link{i}", "127.0.0.1", port, timeout_ms=1000),
                [DeviceBinding(f"lift{i}", 1, DeviceKind.LIFT)],
                on_idle=self._one_idle,
            )
            for i in range(plcs)
        ]

    async def connect(self) -> None:
        """Start all links and exchange once with each PLC."""
        for link in self.links:
            link.start()
        deadline = time.monotonic() + CONNECT_S
        while not all(link.status().connects for link in self.links):
            if time.monotonic() > deadline:
                raise ExchangeFailedError("not all PLCs were connected in time")
            await asyncio.sleep(0.01)
        await self.one()

    async def one(self) -> float:
        """One exchange with every PLC: writes new outputs, reads all status. Returns the microseconds it took.

        Raises:
            ExchangeFailedError: a PLC did not answer this very exchange.
        """
        self._heartbeat = (self._heartbeat + 1) % 0x10000
        outputs = PermittedOutputs(
            self._seal,
            {name: DeviceOutputs(self._heartbeat, 1, _PERMITS) for link in self.links for name in link.devices},
        )
        self._idle.clear()
        self._open = len(self.links)
        started = time.perf_counter()
        for link in self.links:
            link.exchange(outputs)
        async with asyncio.timeout(ROUND_S):
            await self._idle.wait()
        took_us = (time.perf_counter() - started) * 1e6
        for link in self.links:
            answer = next(iter(link.answers().values()), None)
            if answer is None or answer.written != self._heartbeat or answer.bad_tags:
                raise ExchangeFailedError(f"{link.name}: {link.faults()} {answer}")
        return took_us

    def _one_idle(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._idle.set()

    async def many(self, rounds: int) -> float:
        """Microseconds that so many exchanges take."""
        took_us = 0.0
        for _ in range(rounds):
            took_us += await self.one()
        return took_us

    async def stop(self) -> None:
        """Close all links."""
        await asyncio.gather(*(link.stop() for link in self.links))


_PERMITS = frozenset({"travel"})


async def _make(port: int, plcs: int) -> Rounds:
    rounds = Rounds(port, plcs)
    await rounds.connect()
    return rounds


def main(arguments: list[str]) -> None:
    """Serve rounds until standard input ends."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        rounds = runner.run(_make(int(arguments[0]), int(arguments[1])))
        gc.collect()
        gc.freeze()
        for line in sys.stdin:
            sys.stdout.write(f"{runner.run(rounds.many(int(line))):.1f}\n")
            sys.stdout.flush()
        runner.run(rounds.stop())


if __name__ == "__main__":
    main(sys.argv[1:])
