"""The controller's side of the reaction benchmark: the real cycle, safety, gate, journal and links, and a core that
asserts every permit that safety allows.

Persons reset every trip as soon as its cause has gone. Usage: python -m benchmarks.reaction_controller PORTS_JSON
[CONFIG], until standard input closes.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import uvloop

from benchmarks.bench_garage import CONFIG, on_ports
from controller.config.models import GarageConfig
from controller.core.core import GarageCore
from controller.core.interface import Ask, Instant, Recorded, StepResult, Surroundings
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.journal import Journal
from controller.local_link.messages import CycleView, Snapshot
from controller.planning.advice import PlannerWord
from controller.shell.clock import SystemClock
from controller.shell.cycle import Parts, ScanCycle
from controller.shell.device_bank import DeviceBank
from controller.shell.links import open_links, watches_of
from controller.shell.pace import Pace
from controller.shell.priority import raise_priority
from controller.shell.publisher import Publisher
from plc_drivers.contract import DeviceKind
from plc_drivers.link import LinkStatus
from plc_drivers.reading import ProcessImage
from safety.acts import NO_ACTS, Acts
from safety.gate import Gate
from safety.logic import SafetyLogic
from safety.verdict import Function, Verdict
from safety.wish import DeviceWish

WANTED = {
    DeviceKind.LIFT: ("travel",),
    DeviceKind.SHUTTLE: ("travel",),
    DeviceKind.CABIN: ("rotate", "outer_close"),
}
"""Permits that are wanted, for each kind the first that is allowed."""


class WantingCore:
    """The real core for everything but wishes: one permit for each device, in every cycle."""

    def __init__(self, core: GarageCore) -> None:
        self._core = core

    @property
    def epoch(self) -> int:
        """Owner epoch of this life."""
        return self._core.epoch

    @property
    def last_seq(self) -> int:
        """Number of the newest event."""
        return self._core.last_seq

    def fold(self, recorded: Iterable[Recorded]) -> None:
        """Take in the journal."""
        self._core.fold(recorded)

    def claim_epoch(self, image: ProcessImage, verdict: Verdict, seen: int, now: Instant) -> StepResult:
        """Take an epoch."""
        return self._core.claim_epoch(image, verdict, seen, now)

    def step(
        self, image: ProcessImage, verdict: Verdict, asks: Sequence[Ask], now: Instant, durable_seq: int
    ) -> StepResult:
        """The real step, for its cost, with other wishes."""
        result = self._core.step(image, verdict, asks, now, durable_seq)
        # A permit that was taken away comes back only when it is asked for anew (H11).
        wishes = {
            name: DeviceWish(frozenset({permit}))
            for name, device in image.devices.items()
            if (permit := _first_allowed(name, device.definition.kind, verdict)) is not None
        }
        resets = frozenset(trip.id for trip in verdict.trips if trip.may_be_reset)
        acts = Acts(resets=resets) if resets else NO_ACTS
        return StepResult(events=result.events, wishes=wishes, answers=result.answers, acts=acts)

    def advise(self, word: PlannerWord) -> None:
        """What a planner says."""
        self._core.advise(word)

    def notice(self, surroundings: Surroundings) -> None:
        """How the parts around the core do."""
        self._core.notice(surroundings)

    def snapshot(
        self,
        image: ProcessImage,
        verdict: Verdict,
        now: Instant,
        links: Sequence[LinkStatus],
        cycle: CycleView,
        seq: int,
    ) -> Snapshot:
        """What the outside may see."""
        return self._core.snapshot(image, verdict, now, links, cycle, seq=seq)


def _first_allowed(name: str, kind: DeviceKind, verdict: Verdict) -> str | None:
    return next((permit for permit in WANTED.get(kind, ()) if Function(name, permit) in verdict.allowed), None)


async def main(config: GarageConfig, state_dir: Path) -> None:
    """Run cycles until standard input closes."""
    layout = Layout(config)
    journal = Journal.open(state_dir / "journal.sqlite")
    links = open_links(config, state_dir)
    safety = SafetyLogic(topology_of(layout))
    cycle = ScanCycle(
        Parts(
            links=links,
            bank=DeviceBank(links, watches_of(config)),
            safety=safety,
            memory=safety.memory0(),
            gate=Gate(safety),
            core=WantingCore(GarageCore(layout)),
            journal=journal,
            publisher=Publisher(1000),
            clock=SystemClock(),
            pace=Pace(config.controller.period_ms),
            exchange_deadline_ms=config.controller.exchange_deadline_ms,
        )
    )
    for link in links:
        link.start()
    gc.collect()
    gc.freeze()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), cycle.end)
    await cycle.run()
    for link in links:
        await link.stop()
    journal.close()


if __name__ == "__main__":
    raise_priority()
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        file = Path(sys.argv[2]) if len(sys.argv) > 2 else CONFIG
        runner.run(main(on_ports(file, json.loads(sys.argv[1])), Path(folder)))
