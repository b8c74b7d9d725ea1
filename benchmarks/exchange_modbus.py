"""Exchange with 32 Modbus TCP PLCs: all at once by our links, against a C program on libmodbus in turn.

Both sides talk to the same responder process over the same number of connections, with the same FC23, and take
turns within one run, so that the machine's other load meets both. Must never time the start of a process.

PLCs are other machines, so the responder gets a CPU of its own and both masters share another: a request has to
leave the CPU that sends it. Without that the kernel may put a master that polls in turn on the responder's CPU, where
the answer costs a hand-over and no wake-up, as no PLC on a network can. That case is measured too and named
``ratio_to_libmodbus_unpinned``; it changes between runs with where the kernel puts the processes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure
from plc_drivers.contract import LIFT
from plc_drivers.modbus.image import BlockCodec, Span, block_places
from plc_drivers.profile import Area

PLCS = 32
ROUNDS = 50
"""Exchanges per turn of one side: long enough for a steady state, short enough to take turns often."""
SECONDS = 8.0
SLOW_PLC_US = 10_000
SLOW_ROUNDS = 10
INSTALL = "apt-get install gcc libmodbus-dev"

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Programs:
    """The compiled programs; ``peer`` is None where libmodbus is absent."""

    responder: Path
    peer: Path | None


class Side:
    """A process that exchanges as many rounds as it is told, and says how long they took."""

    def __init__(self, command: list[str]) -> None:
        self._name = " ".join(command)
        self._process = subprocess.Popen(  # noqa: S603 - our own programs, started without a shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_FOLDER.parent
        )

    def exchange_us(self, rounds: int) -> float:
        """Microseconds per exchange with all PLCs.

        Raises:
            RuntimeError: the process has failed.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self._process.stdin.write(f"{rounds}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} failed with code {self._process.wait(5)}")
        return float(line) / rounds

    def stay_on(self, cpu: int) -> None:
        """Keep the process on one CPU."""
        os.sched_setaffinity(self._process.pid, {cpu})

    def close(self) -> None:
        """End the process and wait for it."""
        self._process.communicate(timeout=10)


def run(seconds: float | None) -> list[Figure]:
    """Measure; ``seconds`` is the time for the comparison, 8 where None.

    Returns the figures that could be measured; what is missing is said on standard error.
    """
    with tempfile.TemporaryDirectory() as folder:
        programs = _compile(Path(folder))
        if programs is None:
            sys.stderr.write(f"exchange, Modbus: skipped, no C compiler; {INSTALL}\n")
            return []
        figures = _slow(programs)
        if programs.peer is None:
            sys.stderr.write(f"exchange, Modbus: no comparison, libmodbus is absent; {INSTALL}\n")
        else:
            half = (SECONDS if seconds is None else seconds) / 2
            figures += _figures(_compare(programs, programs.peer, half, _cpus()), "")
            figures += _figures(_compare(programs, programs.peer, half, None), "_unpinned")
        return figures


@dataclass(frozen=True, slots=True)
class Cpus:
    """Which CPU the PLC side runs on, and which both masters."""

    plcs: int
    masters: int


def _cpus() -> Cpus | None:
    """None on a machine with one CPU: there is nothing to choose."""
    free = sorted(os.sched_getaffinity(0))
    return Cpus(free[-1], free[0]) if len(free) > 1 else None


@dataclass(frozen=True, slots=True)
class Turns:
    """Microseconds per exchange with all PLCs, turn by turn."""

    ours_us: list[float]
    peer_us: list[float]


def _compare(programs: Programs, peer: Path, seconds: float, cpus: Cpus | None) -> Turns:
    turns = Turns([], [])
    arguments = [str(PLCS), str(LIFT.command_length), str(LIFT.status_length)]
    with (
        _responder(programs.responder, 0, cpus) as port,
        _ours(port) as ours,
        _side([str(peer), port, *arguments]) as theirs,
    ):
        for side in (ours, theirs):
            if cpus is not None:
                side.stay_on(cpus.masters)
            side.exchange_us(ROUNDS)  # Warm up.
        end = time.monotonic() + seconds
        while time.monotonic() < end or not turns.peer_us:
            turns.ours_us.append(ours.exchange_us(ROUNDS))
            turns.peer_us.append(theirs.exchange_us(ROUNDS))
    return turns


def _figures(turns: Turns, suffix: str) -> list[Figure]:
    ratio = statistics.median(ours / peer for ours, peer in zip(turns.ours_us, turns.peer_us, strict=True))
    return [
        Figure("exchange", f"ratio_to_libmodbus{suffix}", round(ratio, 3), "ratio", "libmodbus"),
        Figure("exchange", f"exchange_32_plcs{suffix}_ms", round(statistics.median(turns.ours_us) / 1000, 3), "ms"),
        Figure(
            "exchange",
            f"exchange_32_plcs{suffix}_ms",
            round(statistics.median(turns.peer_us) / 1000, 3),
            "ms",
            "libmodbus",
        ),
    ]


def _slow(programs: Programs) -> list[Figure]:
    with _responder(programs.responder, SLOW_PLC_US, _cpus()) as port, _ours(port) as ours:
        ours.exchange_us(SLOW_ROUNDS)
        times_us = [ours.exchange_us(1) for _ in range(SLOW_ROUNDS * 5)]
    return [Figure("exchange", "exchange_slow_plc_ms", round(statistics.median(times_us) / 1000, 3), "ms")]


def _compile(folder: Path) -> Programs | None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    responder, peer = folder / "responder", folder / "peer"
    if not _compiled(compiler, _FOLDER / "exchange_modbus_responder.c", responder):
        return None
    has_peer = _compiled(compiler, _FOLDER / "exchange_modbus_peer.c", peer, "-lmodbus")
    return Programs(responder, peer if has_peer else None)


def _compiled(compiler: str, source: Path, target: Path, *libraries: str) -> bool:
    command = [compiler, "-O2", "-o", str(target), str(source), *libraries]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0  # noqa: S603


@contextmanager
def _responder(program: Path, delay_us: int, cpus: Cpus | None) -> Iterator[str]:
    """The PLC side; gives the port that it listens on."""
    command = [str(program), str(delay_us), str(LIFT.status_length)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the responder has no pipes")
        if cpus is not None:
            os.sched_setaffinity(process.pid, {cpus.plcs})
        process.stdin.write(_status_block())
        process.stdin.flush()
        yield process.stdout.readline().decode().strip()
        process.stdin.close()


@contextmanager
def _side(command: list[str]) -> Iterator[Side]:
    side = Side(command)
    try:
        yield side
    finally:
        side.close()


def _ours(port: str) -> AbstractContextManager[Side]:
    return _side([sys.executable, "-m", "benchmarks.exchange_modbus_controller", port, str(PLCS)])


def _status_block() -> bytes:
    """A lift in good health, as its PLC would answer."""
    codec = BlockCodec(LIFT.status, block_places(LIFT.status, 0), [Span(Area.HOLDING, 0, LIFT.status_length)])
    lowest = [max(1, int(tag.bounds[0])) if tag.enum is None else int(next(iter(tag.enum))) for tag in LIFT.status]
    return codec.encode(lowest)


if __name__ == "__main__":
    for figure in run(None):
        sys.stdout.write(f"{figure}\n")
