"""Core, safety, gate, device watches, emulated PLCs and plant in one loop of virtual time, without a socket.

Owns the loop and the restart of its parts. What the controller decides here is what it decides live: only links and
clock are others. The plant is the judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from controller.config.models import GarageConfig
from controller.config.sections import definition_of, devices
from controller.core.core import GarageCore
from controller.core.interface import Ask, Instant, Recorded, StepResult
from controller.core.order import Order
from controller.garage import Layout
from controller.garage.topology import topology_of
from controller.local_link.messages import Accepted, Answer, Request
from plc_drivers.binding import DeviceBinding
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.memory_link import MemoryLink
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import ProcessImage
from safety.gate import Gate, GateResult
from safety.logic import SafetyLogic
from safety.verdict import Verdict
from sim_hardware.garage import EmulatedGarage

PERIOD_MS = 20
UNIX_0_MS = 1_700_000_000_000


class VirtualGarage:
    """One garage in virtual time. ``speed`` is the plant's time factor, as ``--speed`` is on the command line.

    ``logic`` takes the place of the garage's own safety, for a test of what goes wrong with another.
    """

    def __init__(
        self,
        config: GarageConfig,
        *,
        speed: float = 1.0,
        local_interlocks: bool = True,
        strangers: bool = False,
        logic: SafetyLogic | None = None,
    ) -> None:
        self.config = config
        self.layout = Layout(config)
        self.hardware = EmulatedGarage(config, speed=speed, local_interlocks=local_interlocks)
        self.crowd = self.hardware.crowd
        self.crowd.strangers = strangers
        self.logic = SafetyLogic(topology_of(self.layout)) if logic is None else logic
        self.now_ms = 0
        self.journal: list[Recorded] = []
        self.cut: set[str] = set()
        """Devices whose link is cut: they answer nothing and hear nothing."""
        self.answers: dict[int, Answer] = {}
        self._token = 0
        self._asks: list[Ask] = []
        self.result = StepResult()
        self.passage: GateResult | None = None
        self._begin_run()

    def _begin_run(self) -> None:
        """What a controller process has when it has just started: a journal, and nothing else."""
        self.core = GarageCore(self.layout, software="test", config_hash="test")
        self.core.fold(self.journal)
        self.gate = Gate(self.logic)
        self.memory = self.logic.memory0(self.core.latched, self.core.locked_zones)
        self.watches: dict[str, DeviceWatch] = {}
        self.links: dict[str, MemoryLink] = {}
        timeout_ms = self.config.controller.plc_timeout_ms
        for kind, section in devices(self.config):
            definition = definition_of(section)
            silence_ms = section.plc_timeout_ms or timeout_ms
            self.watches[section.id] = DeviceWatch(
                section.id, definition, section.number, silence_ms, section.controller_timeout_ms
            )
            absent = frozenset(section.absent)
            binding = DeviceBinding(section.id, section.number, definition.kind, 1, None, absent)
            link = MemoryLink(
                section.id, [binding], {section.id: self.hardware.devices[section.id]}, clock_ms=lambda: self.now_ms
            )
            link.start()
            self.links[section.id] = link
            del kind
        self.outputs: PermittedOutputs | None = None
        self.heartbeat = 0
        self.claimed = False

    def kill_controller(self) -> None:
        """The control process dies this instant and is started again; only the journal is left."""
        self._begin_run()

    def ask(self, request: Request) -> int:
        """Send a request with the next cycle; the answer appears under the number returned."""
        self._token += 1
        self._asks.append(Ask(self._token, request))
        return self._token

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

    def now(self) -> Instant:
        """The moment of the running cycle."""
        return Instant(self.now_ms, UNIX_0_MS + self.now_ms)

    def cycle(self) -> None:
        """One period: exchange, let the hardware run, image, safety, step, gate."""
        self.now_ms += PERIOD_MS
        self.hardware.step(PERIOD_MS)
        for name, link in self.links.items():
            if name not in self.cut:
                link.exchange(self.outputs)
        image = self._image()
        verdict, self.memory = self.logic.evaluate(image, self.memory, self.now_ms)
        self.verdict = verdict
        self.image = image
        if not self.claimed:
            self._claim(image, verdict)
            return
        asks, self._asks = self._asks, []
        self.result = self.core.step(image, verdict, asks, self.now(), self.core.last_seq)
        self.journal += self.result.events
        self.answers |= {told.token: told.answer for told in self.result.answers}
        self.heartbeat = (self.heartbeat + 1) % 65_536
        self.passage = self.gate.pass_wishes(
            self.result.wishes, verdict, self.memory, heartbeat=self.heartbeat, epoch=self.core.epoch, image=image
        )
        assert not self.passage.defects, self.passage.defects
        self.memory = replace(self.passage.memory, acts=self.result.acts)
        self.outputs = self.passage.outputs

    def _image(self) -> ProcessImage:
        writing = self.outputs is not None
        return ProcessImage(
            self.now_ms,
            {
                name: self.watches[name].observe(
                    None if name in self.cut else link.answers().get(name),
                    link.faults().get(name),
                    self.now_ms,
                    writing=writing and self.logic.definitions[name].is_commanded,
                )
                for name, link in self.links.items()
            },
        )

    def _claim(self, image: ProcessImage, verdict: Verdict) -> None:
        seen = [
            int(device.value("owner_epoch") or 0) for device in image.devices.values() if device.definition.is_commanded
        ]
        if self.now_ms % 100 == 0:
            self.journal += self.core.claim_epoch(image, verdict, max(seen), self.now()).events
            self.claimed = True

    def run(self, seconds: float) -> None:
        """Run for so long in virtual time."""
        for _ in range(round(seconds * 1000 / PERIOD_MS)):
            self.cycle()

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Run until ``condition`` holds; fails with a picture of the garage when it does not within ``seconds``."""
        for _ in range(round(seconds * 1000 / PERIOD_MS)):
            if condition():
                return
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
