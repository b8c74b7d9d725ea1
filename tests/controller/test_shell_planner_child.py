"""The planner's child, with real processes: its answers, and what becomes of one that hangs, dies or talks nonsense."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from controller.black_box.reader import Reader
from controller.black_box.replay import Replay
from controller.black_box.ring import Bounds, Ring
from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.garage import Layout
from controller.local_link.client import LocalLinkClient
from controller.local_link.messages import Accepted, ClearDevice, Snapshot, Start, SubmitOrder, VehicleData
from controller.planning.advice import Advice, CabinSeen, MoverSeen, Picture, PlannerGone, PlannerReady, WaitingSeen
from controller.planning.advisor import Advisor
from controller.shell import planner_child
from controller.shell.planner_child import PlannerChild
from controller.shell.run import run
from sim_hardware.emulator import Emulator
from tests.conftest import CONFIG_FOLDER
from tests.eventually import eventually

SMALL = load_config(CONFIG_FOLDER / "tower-small.toml")
JSON = SMALL.model_dump_json(exclude_none=True)
FRAME = (
    "import sys, struct; w = lambda b: (sys.stdout.buffer.write(struct.pack('>I', len(b)) + b), sys.stdout.flush());"
)
READY = FRAME + "w(bytes([0x81, 0xa4]) + b'type' + bytes([0xa5]) + b'ready');"
"""A planner of a few lines that says that it is ready; what follows is up to the test."""
NONSENSE = ("-c", READY + "w(b'no message at all'); sys.stdin.read()")
HANGS = ("-c", READY + "import time; time.sleep(600)")
TOO_MUCH = ("-c", READY + "sys.stdout.buffer.write(b'\\xff' * 1_000_000); sys.stdout.flush(); sys.stdin.read()")


def picture(number: int) -> Picture:
    layout = Layout(SMALL)
    movers = {name: MoverSeen(0.0, 0) for name in layout.lifts}
    movers |= {name: MoverSeen(0.0, layout.home_column(name) or 0) for name in layout.shuttles}
    places = [place.id for place in layout.storage()]
    waiting = [
        WaitingSeen(f"o-{i}", "retrieve", f"car-{i}", place, 5.0, False, 0) for i, place in enumerate(places[:4])
    ]
    return Picture(number, movers, {name: CabinSeen(0.0) for name in layout.cabins}, waiting, [], places[4:], 3)


@pytest.fixture
async def child_of() -> AsyncIterator[Callable[..., PlannerChild]]:
    made: list[PlannerChild] = []

    def make(*arguments: str, answer_timeout_s: float = 20.0) -> PlannerChild:
        child = PlannerChild(
            JSON, arguments=arguments or planner_child.PLANNER, back_off_s=(0.01,), answer_timeout_s=answer_timeout_s
        )
        made.append(child)
        child.start()
        return child

    yield make
    for child in made:
        await child.stop()
        assert child.pid is None


async def word(child: PlannerChild) -> object:
    """The next word that is said."""
    said = await eventually(child.words, 60)
    assert len(said) == 1
    return said[0]


async def test_it_gives_the_advice_that_the_same_function_gives_here_and_a_dead_one_is_started_again(
    child_of: Callable[..., PlannerChild],
) -> None:
    child = child_of()
    assert await word(child) == PlannerReady()
    child.show(picture(1))
    child.show(picture(2))
    advice = await word(child)
    assert advice == Advisor(Layout(SMALL)).advise(picture(2)), "the newer picture takes the place of the older one"
    assert isinstance(advice, Advice)
    assert advice.begins
    os.kill(child.pid or 0, signal.SIGKILL)
    assert await word(child) == PlannerGone("died")
    assert child.fault is not None
    assert await word(child) == PlannerReady()
    assert child.starts == 2
    assert await eventually(lambda: child.fault is None)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (NONSENSE, "said what cannot be understood"),
        (TOO_MUCH, "said what cannot be understood"),
        (HANGS, "did not answer in time"),
        (("-c", "raise SystemExit(3)"), "died"),
    ],
)
async def test_what_hangs_dies_or_talks_nonsense_is_ended_told_of_and_started_again(
    child_of: Callable[..., PlannerChild], arguments: tuple[str, ...], why: str
) -> None:
    child = child_of(*arguments, answer_timeout_s=0.3)
    said: list[object] = []

    def is_gone() -> bool:
        child.show(picture(1))
        said.extend(child.words())
        return any(isinstance(one, PlannerGone) for one in said)

    await eventually(is_gone, 60)
    gone = next(one for one in said if isinstance(one, PlannerGone))
    assert gone.why.startswith(why)
    assert child.fault is not None
    await eventually(lambda: child.starts >= 2, 60)
    assert not any(isinstance(one, Advice) for one in said)


class Served:
    """A garage over real links that is in automatic operation, with the planner that the test gives it."""

    def __init__(self, config: GarageConfig, state: Path) -> None:
        self.config, self.state = config, state
        self.client = LocalLinkClient(state)
        self.planner: PlannerChild | None = None
        self.life: asyncio.Task[int] | None = None

    async def snapshot(self, condition: Callable[[Snapshot], bool]) -> Snapshot:
        def found() -> Snapshot | None:
            snapshot = self.client.snapshot
            return snapshot if snapshot is not None and condition(snapshot) else None

        result = await eventually(found, 60)
        assert result is not None
        return result

    async def start(self) -> None:
        await self.snapshot(lambda s: s.epoch == 1 and all(d.quality == "good" for d in s.devices))
        await self.client.request(ClearDevice(device="all"))
        await self.snapshot(lambda s: all(d.reason is None or d.reason.code == "NEEDS_START" for d in s.devices))
        assert isinstance(await self.client.request(Start(actor="test")), Accepted)
        await self.snapshot(lambda s: all(cabin.proven_empty for cabin in s.cabins))

    async def end(self) -> None:
        life, self.life = self.life, None
        if life is not None:
            life.cancel()
            with pytest.raises(asyncio.CancelledError):
                await life

    async def order(self, car: str) -> str:
        answer = await self.client.request(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
        assert isinstance(answer, Accepted)
        assert answer.order is not None
        return answer.order.id

    async def begun(self, order: str) -> Snapshot:
        return await self.snapshot(lambda s: any(o.id == order and o.state != "waiting" for o in s.orders))


Begin = Callable[..., Awaitable[Served]]


@pytest.fixture
async def served(
    tmp_state: Path, config_on_free_ports: Callable[[str], GarageConfig], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Begin]:
    config = config_on_free_ports("tower-small")
    emulator = Emulator(config, tmp_state, speed=20)
    garage = Served(config, tmp_state)
    lives: list[asyncio.Task[int]] = []

    async def begin(arguments: Sequence[str] = planner_child.PLANNER) -> Served:
        def make(json: str) -> PlannerChild:
            garage.planner = PlannerChild(json, arguments=arguments, back_off_s=(0.05,), answer_timeout_s=1.0)
            return garage.planner

        monkeypatch.setattr("controller.shell.run.PlannerChild", make)
        await emulator.start()
        garage.client.start()
        garage.life = asyncio.create_task(run(config, tmp_state, api=False, host="", port=0, signals=False))
        lives.append(garage.life)
        await garage.start()
        return garage

    yield begin
    for life in lives:
        await garage.end()
        assert life.done()
    await garage.client.stop()
    await emulator.stop()


@pytest.mark.parametrize("arguments", [NONSENSE, HANGS])
async def test_a_planner_that_talks_nonsense_or_hangs_keeps_nobody_waiting_and_stops_nothing(
    served: Begin, arguments: tuple[str, ...]
) -> None:
    garage = await served(arguments)
    assert garage.planner is not None
    assert garage.planner.starts == 0, "there is nothing to plan yet"
    first = await garage.order(garage.config.vehicles[0].id)
    await garage.begun(first)
    second = await garage.order(garage.config.vehicles[1].id)
    await eventually(lambda: (garage.planner and garage.planner.fault) or None, 60)
    shown = await garage.snapshot(lambda s: any(reason.code == "PLANNER_OFF" for reason in s.reasons))
    assert shown.mode == "automatic"
    later = await garage.snapshot(
        lambda s: any(o.id == second and (o.state != "waiting" or o.waiting_for is not None) for o in s.orders)
    )
    waiting = next(o.waiting_for for o in later.orders if o.id == second)
    assert waiting is None or waiting.code != "PLANNED_LATER"


async def test_h11_a_planner_that_is_killed_is_missed_by_nobody_and_the_recording_decides_the_same(
    served: Begin,
) -> None:
    garage = await served()
    first = await garage.order(garage.config.vehicles[0].id)
    second = await garage.order(garage.config.vehicles[1].id)
    await garage.begun(first)
    assert garage.planner is not None
    planner = garage.planner
    await eventually(lambda: planner.answers, 60)
    os.kill(planner.pid or 0, signal.SIGKILL)
    await eventually(lambda: planner.starts >= 2 and planner.fault is None, 60)
    shown = await garage.snapshot(lambda s: any(o.id == second for o in s.orders))
    assert shown.mode == "automatic"
    await garage.end()
    replay = Replay()
    ring = Ring(garage.state / "black-box", Bounds(6, 256))
    course = [one for segment in ring.segments() for one in replay.play(Reader(segment.path).messages())]
    assert [one.differences for one in course if one.differences] == []
    words = [word for one in course for word in one.cycle.words]
    assert PlannerReady() in words
    assert PlannerGone("died") in words
    assert any(isinstance(word, Advice) for word in words)
