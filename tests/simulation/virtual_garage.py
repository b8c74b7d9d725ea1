"""The garage in virtual time as tests use it: with demands that must be answered, and pictures of what goes on.

Owns the words of failing tests. The loop is the campaign's; the plant is the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cli.campaign import virtual_garage
from cli.campaign.run import PERIOD_MS, campaign_config
from controller.config.models import GarageConfig
from controller.core.interface import Recorded
from controller.core.order import Order
from controller.local_link.messages import Accepted, Answer, ClearDevice, Request, Start
from safety.gate import GateResult


class VirtualGarage(virtual_garage.VirtualGarage):
    """A garage whose disk takes everything at once, and whose gate must find no defect."""

    @property
    def journal(self) -> list[Recorded]:
        """Every event so far, those that wait for the disk as well."""
        return [*self.disk.load(), *self.disk.waiting()]

    @journal.setter
    def journal(self, events: list[Recorded]) -> None:
        """Another journal, as if it had been written so."""
        self.disk.replace(events)

    def on_defects(self, passage: GateResult) -> None:
        raise AssertionError(passage.defects)

    def begin(self) -> None:
        """What a person does first: clear everything, start, and look into every cabin."""
        self.run(2)
        self.demand(ClearDevice(device="all"))
        self.run(2)
        self.demand(Start())
        self.until(lambda: self.verdict.proven_empty == set(self.layout.cabins), 60)

    def demand(self, request: Request) -> Answer:
        """Send a request, run one cycle, and give the answer."""
        token = self.ask(request)
        self.cycle()
        return self.answers[token]

    def order(self, request: Request) -> Order:
        """Place an order that must be accepted."""
        answer = self.demand(request)
        assert isinstance(answer, Accepted), answer
        assert answer.order is not None
        return self.core.state.orders[answer.order.id]

    def run(self, seconds: float) -> None:
        """Run for so long in virtual time."""
        for _ in range(round(seconds * 1000 / self.period_ms)):
            self.cycle()

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Run until ``condition`` holds; fails with a picture of the garage when it does not within ``seconds``."""
        for _ in range(round(seconds * 1000 / self.period_ms)):
            if condition():
                return True
            self.cycle()
        raise AssertionError(f"not reached within {seconds} s of virtual time:\n{self.picture()}")

    def picture(self) -> str:
        """What is going on, for a failing test."""
        state = self.core.state
        lines = [f"mode {state.mode}, blocks {state.blocks}"]
        lines += [
            f"{o.id} {o.kind} {o.vehicle} {o.state.value} leg {o.leg} waits {o.waiting}" for o in state.orders.values()
        ]
        lines += [f"{name}: {use.phase} {use.order}" for name, use in state.cabins.items()]
        for name, box in state.mailboxes.items():
            lines.append(f"{name}: pending {box.pending} last {box.last}")
        for name, device in self.image.devices.items():
            lines.append(f"{name}: {device.quality.name} state {device.value('state')} fault {device.fault}")
        lines += [f"fails {item.id}: {item.cause} {item.readings}" for item in self.verdict.failing]
        if self.passage is not None:
            lines += [f"withheld {what}: {why.code} {why.text}" for what, why in self.passage.withheld]
        lines += [str(violation) for violation in self.violations()]
        return "\n".join(lines)

    def violations(self) -> list[str]:
        """What the plant's judge has seen."""
        return [f"{v.kind}: {v.text}" for v in self.hardware.verdict().violations]

    def counts(self) -> Mapping[str, int]:
        """Orders by state."""
        counts: dict[str, int] = {}
        for order in self.core.state.orders.values():
            counts[order.state.value] = counts.get(order.state.value, 0) + 1
        return counts


class HurriedGarage(VirtualGarage):
    """A garage in the campaign's form and at its period, whose quiet time is jumped over."""

    def __init__(self, config: GarageConfig) -> None:
        super().__init__(campaign_config(config, seed=1), period_ms=PERIOD_MS)

    def cycle(self) -> None:
        self.jump(self.now_ms + 5_000)
        super().cycle()
