"""One round with links that are fast, slow and down."""

from __future__ import annotations

import asyncio

from controller.shell.clock import SystemClock
from controller.shell.exchange_round import ExchangeRound
from plc_drivers.contract import DeviceKind
from plc_drivers.outputs import PermittedOutputs
from tests.controller.shell_machine import InstantLink, StepClock
from tests.eventually import eventually


class ManualLink(InstantLink):
    """A link whose answer comes when the test says so; one that is ``down`` never begins a trip."""

    def __init__(self, device: str) -> None:
        super().__init__(device, DeviceKind.LIFT, 1, StepClock())
        self.open = False
        self.down = False

    def exchange(self, outputs: PermittedOutputs | None) -> bool:
        self.exchanges += 1
        began = not self.open and not self.down
        self.open = self.open or began
        return began

    def busy(self) -> bool:
        return self.open

    def finish(self) -> None:
        self.open = False
        if self.on_idle is not None:
            self.on_idle()


def far_ns(seconds: float = 60) -> int:
    return SystemClock().monotonic_ns() + int(seconds * 1e9)


async def test_a_round_ends_with_the_last_answer() -> None:
    first, second = ManualLink("a"), ManualLink("b")
    round_ = ExchangeRound([first, second], SystemClock())
    running = asyncio.ensure_future(round_.run(None, far_ns()))
    await eventually(lambda: first.open and second.open)
    second.finish()
    await asyncio.sleep(0)
    assert not running.done()
    first.finish()
    await asyncio.wait_for(running, 5)


async def test_a_round_does_not_wait_beyond_its_deadline() -> None:
    link = ManualLink("a")
    await asyncio.wait_for(ExchangeRound([link], SystemClock()).run(None, far_ns(0.01)), 5)
    assert link.open


async def test_a_link_that_is_still_busy_with_the_last_round_does_not_hold_up_the_next() -> None:
    slow, quick = ManualLink("a"), ManualLink("b")
    round_ = ExchangeRound([slow, quick], SystemClock())
    slow.open = True
    running = asyncio.ensure_future(round_.run(None, far_ns()))
    await eventually(lambda: quick.open)
    quick.finish()
    await asyncio.wait_for(running, 5)
    assert slow.exchanges == 1


async def test_a_link_that_is_down_is_not_waited_for() -> None:
    link = ManualLink("a")
    link.down = True
    await asyncio.wait_for(ExchangeRound([link], SystemClock()).run(None, far_ns()), 5)


async def test_an_answer_after_the_round_is_harmless() -> None:
    link = ManualLink("a")
    round_ = ExchangeRound([link], SystemClock())
    await round_.run(None, far_ns(0.001))
    link.finish()
    link.finish()
