"""What the black box costs the cycle, how large a recording grows, and how fast it is decided again.

Real core, safety and gate against the emulated plant in virtual time, with orders all the while. CPU times of the same
cycles stand side by side: evaluation, step and gate on one hand, the record of them on the other.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import zstandard

from benchmarks.figure import Figure
from cli.campaign.people import Customers, Operator
from cli.campaign.virtual_garage import VirtualGarage
from controller.black_box.entry import Entry
from controller.black_box.form import FORMAT, Head, SafetyRunMemory, Start, pack
from controller.black_box.reader import Reader
from controller.black_box.replay import Replay
from controller.black_box.script import Script
from controller.black_box.writer import LEVEL
from controller.config.load import load_config
from controller.core.interface import Ask, Instant, StepResult
from plc_drivers.reading import ProcessImage
from safety.verdict import Verdict

SECONDS = 300.0
_SEED = 2026
_SEGMENT_CYCLES = 500
_HAND_OVER_CYCLES = 10
_CONFIG = Path(__file__).parent.parent / "config"
_NAMES = ("tower-small", "tower-guangzhou", "garage-shuttle")


class _Recorded(VirtualGarage):
    """A garage whose cycles are timed with and without their record."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.chunks: list[bytes] = []
        self.cycle_ns: list[int] = []
        self.record_ns: list[int] = []
        self.begin_ns: list[int] = []
        self.entry: Entry | None = None
        super().__init__(*args, **options)

    def _begin_run(self) -> None:
        super()._begin_run()
        step = self.core.step

        def stepped(
            image: ProcessImage, verdict: Verdict, asks: Sequence[Ask], now: Instant, durable_seq: int
        ) -> StepResult:
            entry = self.entry = Entry(image, verdict, now, self._surroundings, is_decided=True, asks=asks)
            entry.durable_seq = durable_seq
            entry.result = step(image, verdict, asks, now, durable_seq)
            return entry.result

        self.core.step = stepped  # type: ignore[method-assign]

    def begin_segment(self, number: int) -> None:
        """Write down the memories of core and safety, and time it."""
        began_ns = time.process_time_ns()
        config = self.config.model_dump_json(exclude_none=True)
        head = Head(
            FORMAT, self.config.garage.id, "bench", "", config, f"run{number}", number + 1, 0, list(self.watches)
        )
        packed = pack(head) + pack(Start(self.core.memory(), SafetyRunMemory.of(self.memory)))
        self.begin_ns.append(time.process_time_ns() - began_ns)
        self.chunks.append(packed)
        self.script = Script(list(self.watches))

    def record(self, number: int) -> None:
        """Write down the cycle, and time it."""
        entry = self.entry
        if entry is None or self.passage is None:
            return
        began_ns = time.process_time_ns()
        entry.outputs, entry.heartbeat, entry.epoch = self.passage.outputs, self.heartbeat, self.core.epoch
        packed = pack(self.script.cycle(number, entry))
        self.record_ns.append(time.process_time_ns() - began_ns)
        self.chunks.append(packed)

    def _decide(self, image: ProcessImage, verdict: Verdict) -> None:
        began_ns = time.process_time_ns()
        super()._decide(image, verdict)
        self.cycle_ns.append(time.process_time_ns() - began_ns)


def run(seconds: float | None) -> list[Figure]:
    """Measure each shipped garage."""
    logging.getLogger("sim_hardware").setLevel(logging.CRITICAL)
    return [figure for name in _NAMES for figure in _measure(name, SECONDS if seconds is None else seconds)]


def _measure(name: str, seconds: float) -> list[Figure]:
    garage = _recorded(name, seconds)
    raw = sum(map(len, garage.chunks))
    packed, pack_ns = _packed(garage.chunks)
    path = Path(f"/dev/shm/bench-{name}.gbx") if Path("/dev/shm").is_dir() else Path(f"bench-{name}.gbx")  # noqa: S108
    try:
        path.write_bytes(packed)
        played_s, cycles = _timed(lambda: _play(path))
    finally:
        path.unlink(missing_ok=True)
    recorded_s = cycles * garage.period_ms / 1000
    record_us = [one / 1000 for one in garage.record_ns]

    def figure(what: str, value: float, unit: str, peer: str | None = None) -> Figure:
        return Figure("black-box", f"{name}_{what}", value, unit, peer)

    share = sum(garage.record_ns) / sum(garage.cycle_ns)
    return [
        figure("record_p50_us", round(statistics.median(record_us), 1), "us CPU"),
        figure("record_p99_us", round(sorted(record_us)[len(record_us) * 99 // 100], 1), "us CPU"),
        figure("record_ratio_to_step", round(share, 3), "ratio", "core step and gate of the same cycles"),
        figure("segment_begin_ms", round(max(garage.begin_ns) / 1e6, 2), "ms CPU"),
        figure("pack_us_per_cycle", round(pack_ns / 1000 / cycles, 2), "us CPU"),
        figure("mb_per_hour", round(len(packed) / 1e6 * 3600 / recorded_s, 2), "MB/h"),
        figure("ratio_raw_to_packed", round(raw / len(packed), 1), "ratio"),
        figure("replay_speed_x", round(recorded_s / played_s, 1), "x real"),
    ]


def _recorded(name: str, seconds: float) -> _Recorded:
    """Some minutes of a busy day."""
    garage = _Recorded(load_config(_CONFIG / f"{name}.toml"))
    customers, operator = Customers(garage, _SEED, 20.0), Operator(garage, _SEED)
    begun = False
    cycles = round(seconds * 1000 / garage.period_ms)
    for number in range(1, cycles + 1):
        if number % 100 == 0:
            operator.look()
        if garage.now_ms >= customers.due_ms:
            customers.act()
        customers.look()
        garage.cycle()
        if begun:
            garage.record(number)
        if garage.claimed and number % _SEGMENT_CYCLES == 0:
            garage.begin_segment(number)
            begun = True
    return garage


def _packed(chunks: Sequence[bytes]) -> tuple[bytes, int]:
    """The recording as the writer packs it: a block for each hand-over; and the CPU time of that."""
    packer = zstandard.ZstdCompressor(level=LEVEL).compressobj()
    out: list[bytes] = []
    began_ns = time.process_time_ns()
    for begin in range(0, len(chunks), _HAND_OVER_CYCLES):
        out.append(packer.compress(b"".join(chunks[begin : begin + _HAND_OVER_CYCLES])))
        out.append(packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    out.append(packer.flush(zstandard.COMPRESSOBJ_FLUSH_FINISH))
    return b"".join(out), time.process_time_ns() - began_ns


def _play(path: Path) -> int:
    cycles = 0
    for played in Replay().play(Reader(path).messages()):
        if played.differences:
            raise RuntimeError(f"cycle {played.cycle.number} differs: {played.differences}")
        cycles += 1
    return cycles


def _timed(act: Callable[[], int]) -> tuple[float, int]:
    began_s = time.process_time()
    found = act()
    return time.process_time() - began_s, found
