"""Core, safety, gate, device watches, emulated PLCs and plant in one loop of virtual time, without a socket.

Owns the loop, the life and death of its controller, and the jump over time in which nothing changes. What the
controller decides here is what it decides live: only links, disk and clock are others. The plant is the judge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cli.campaign.disk import VirtualDisk
from cli.campaign.wires import VirtualWires
from controller.config.models import GarageConfig
from controller.config.sections import definition_of, devices
from controller.core.core import GarageCore
from controller.core.interface import Ask, Instant, StepResult, Surroundings
from controller.garage import Layout, PositionKind
from controller.garage.topology import topology_of
from controller.local_link.messages import Answer, Request
from controller.planning.advice import PlannerReady, PlannerWord
from controller.planning.advisor import Advisor
from controller.shell import ownership
from plc_drivers.contract.codes import State
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import ProcessImage
from safety.acts import Acts
from safety.gate import Gate, GateResult
from safety.logic import SafetyLogic
from safety.verdict import Verdict
from safety.wish import DeviceWish
from sim_hardware.garage import EmulatedGarage

PERIOD_MS = 20
UNIX_0_MS = 1_700_000_000_000
QUIET_MS = 1000
"""So long nothing must have changed before time is jumped over: longer than what the core waits for by itself without
telling its due time, and than the gap after which safety begins anew."""
_MOVING = frozenset({State.EXECUTING, State.STOPPING})


class VirtualGarage:
    """One garage in virtual time. ``speed`` is the plant's time factor, as ``--speed`` is on the command line.

    ``beside`` is the garage at whose machine this is a second controller: it passes no time of its own (``follow``).
    ``logic`` takes the place of the garage's own safety, for a test of what goes wrong with another. ``period_ms`` is
    the controller's; the PLCs' scan is that of the configuration. Where the configuration has a planner its advice to
    each picture is there with the next cycle: it thinks without taking time, bounded by its nodes alone.
    """

    def __init__(
        self,
        config: GarageConfig,
        *,
        speed: float = 1.0,
        local_interlocks: bool = True,
        strangers: bool = False,
        logic: SafetyLogic | None = None,
        period_ms: int = PERIOD_MS,
        beside: VirtualGarage | None = None,
    ) -> None:
        self.config = config
        self.layout = Layout(config)
        self.hardware: EmulatedGarage = (
            EmulatedGarage(config, speed=speed, local_interlocks=local_interlocks)
            if beside is None
            else beside.hardware
        )
        self.crowd = self.hardware.crowd
        self.crowd.strangers = strangers
        self.logic = SafetyLogic(topology_of(self.layout)) if logic is None else logic
        self.period_ms = period_ms
        self.now_ms: int = 0 if beside is None else beside.now_ms
        """Time of plant and core."""
        self.unix_0_ms = UNIX_0_MS
        self.disk = VirtualDisk()
        self.wires = VirtualWires(config, self.hardware.devices, lambda: self.io_ms)
        if beside is None:
            self.hardware.faults.wires = self.wires
        self.cut = self.wires.cut
        """Devices whose link is cut: they answer nothing and hear nothing."""
        self.advisor = Advisor(self.layout) if config.controller.planner else None
        self.words: list[PlannerWord] = []
        """What the planner says before the next cycle."""
        self.answers: dict[int, Answer] = {}
        self.alive = True
        """The controller's process runs."""
        self.jumped_ms: int = 0 if beside is None else beside.jumped_ms
        self.rival: VirtualGarage | None = None
        """Another controller that runs beside this one, at the same machine."""
        self._token = 0
        self._asks: list[Ask] = []
        self.result = StepResult()
        self.passage: GateResult | None = None
        self.verdict: Verdict
        self.image: ProcessImage
        self._begin_run()

    @property
    def io_ms(self) -> int:
        """Time of the PLCs' clocks, links and safety: it stands while time is jumped over.

        Nobody can tell: it is jumped over only while none of them waits for anything.
        """
        return self.now_ms - self.jumped_ms

    def _begin_run(self) -> None:
        """What a controller process has when it has just started: a journal, and nothing else."""
        core = GarageCore(self.layout, software="test", config_hash="test")
        core.fold(self.disk.load())
        self.core = core
        self.gate = Gate(self.logic)
        self.memory = self.logic.memory0(self.core.latched, self.core.locked_zones)
        self.watches: dict[str, DeviceWatch] = {}
        self.wires.connect()
        timeout_ms = self.config.controller.plc_timeout_ms
        for _, section in devices(self.config):
            silence_ms = section.plc_timeout_ms or timeout_ms
            self.watches[section.id] = DeviceWatch(
                section.id, definition_of(section), section.number, silence_ms, section.controller_timeout_ms
            )
        self.outputs: PermittedOutputs | None = None
        self.heartbeat = 0
        self.claimed = False
        self._claimed_seq: int | None = None
        self._began_ms = self.now_ms
        self._foreign: tuple[str, ...] = ()
        self._wishes: dict[str, DeviceWish] = {}
        self._surroundings = Surroundings()
        self._quiet_since_ms: int | None = None
        self._stamp: object = None
        self.words = [] if self.advisor is None else [PlannerReady()]

    def kill_controller(self) -> None:
        """The control process dies this instant and is started again; only what is on disk is left."""
        self.end_controller()
        self.start_controller()

    def end_controller(self) -> None:
        """The control process dies this instant, with all that it had in memory and what was under way to the disk."""
        self.disk.crash()
        self._asks.clear()
        self.outputs = None
        self.alive = False

    def start_controller(self, config: GarageConfig | None = None) -> None:
        """A control process starts, with another configuration of the same machine if one is given.

        Raises:
            ValueError: the journal is damaged. The process has ended then.
        """
        if config is not None:
            self.config = config
            self.layout = Layout(config)
        self._begin_run()
        self.alive = True

    def unplaced(self, config: GarageConfig) -> list[str]:
        """What the journal names and ``config`` does not have; not empty is a start that is refused."""
        core = GarageCore(Layout(config))
        core.fold(self.disk.load())
        return core.unplaced()

    def ask(self, request: Request) -> int:
        """Send a request with the next cycle; the answer appears under the number returned."""
        self._token += 1
        self._asks.append(Ask(self._token, request))
        return self._token

    def cars_at(self, position: str) -> tuple[str, ...]:
        """What stands there in truth; a car on raised forks that are home counts for the deck below it."""
        plant, place = self.hardware.plant, self.layout.positions[position]
        found = plant.vehicles_at(position)
        if place.kind is PositionKind.DECK:
            shuttle = plant.shuttle(place.owner)
            found += () if shuttle.forks_out else tuple(car.id for car, _ in shuttle.carried())
        return found

    def now(self) -> Instant:
        """The moment of the running cycle."""
        return Instant(self.now_ms, self.unix_0_ms + self.now_ms)

    def cycle(self) -> None:
        """One period: exchange, let the hardware run, image, safety, step, gate."""
        self.now_ms += self.period_ms
        self.hardware.step(self.period_ms)
        self._run()
        if self.rival is not None:
            self.rival.follow(self.now_ms)

    def follow(self, now_ms: int) -> None:
        """One period of a second controller, whose machine has run already."""
        self.now_ms = now_ms
        self._run()

    def _run(self) -> None:
        self.disk.pass_time(self.now_ms)
        if not self.alive:
            return
        self.wires.exchange(self.outputs)
        image = self.image = self._image()
        self.verdict, self.memory = self.logic.evaluate(image, self.memory, self.io_ms)
        if not self.claimed:
            self._claim(image, self.verdict)
            return
        self._foreign = ownership.foreign(image, self.core.epoch, self._foreign)
        self._decide(image, self.verdict)

    def _decide(self, image: ProcessImage, verdict: Verdict) -> None:
        asks, self._asks = self._asks, []
        self._notice()
        self._hear()
        result = self.result = self.core.step(image, verdict, asks, self.now(), self.disk.durable_seq)
        if result.events:
            self.disk.append(result.events, self.now_ms)
        if result.answers:
            self.answers |= {told.token: told.answer for told in result.answers}
        self.heartbeat = (self.heartbeat + 1) % 65_536
        passage = self.passage = self.gate.pass_wishes(
            result.wishes, verdict, self.memory, heartbeat=self.heartbeat, epoch=self.core.epoch, image=image
        )
        if passage.defects:
            self.on_defects(passage)
        self.memory = replace(passage.memory, acts=self._heard(result.acts))
        self.outputs = passage.outputs.without(self._foreign) if self._foreign else passage.outputs
        if result.picture is not None and self.advisor is not None:
            self.words.append(self.advisor.advise(result.picture))
        self._look_for_quiet(result, asked=bool(asks))

    def _hear(self) -> None:
        """Tell the core what the planner has said."""
        for word in self.words:
            self.core.advise(word)
        self.words = []

    def _heard(self, acts: Acts) -> Acts:
        """A hold was heard in the core's time; safety, which judges its age, has that of the PLCs."""
        hold = acts.hold
        return acts if hold is None else replace(acts, hold=replace(hold, at_ms=hold.at_ms - self.jumped_ms))

    def on_defects(self, passage: GateResult) -> None:
        """The gate refused a wish that no core may have.

        Raises:
            RuntimeError: always; it is a defect.
        """
        raise RuntimeError("; ".join(f"{defect.code} {defect.text}" for defect in passage.defects))

    def _image(self) -> ProcessImage:
        writing = self.outputs is not None
        io_ms, wires = self.io_ms, self.wires
        return ProcessImage(
            io_ms,
            {
                name: watch.observe(
                    wires.answer(name),
                    wires.fault(name),
                    io_ms,
                    writing=writing and self.logic.definitions[name].is_commanded and name not in self._foreign,
                )
                for name, watch in self.watches.items()
            },
        )

    def _claim(self, image: ProcessImage, verdict: Verdict) -> None:
        """Take an epoch once every PLC has told which one it obeys, and own the machine once that is on disk."""
        if self._claimed_seq is None:
            if not ownership.all_known(image) and self.now_ms - self._began_ms < ownership.SEEK_MS:
                return
            seen = ownership.highest_seen(image)
            self.disk.append(self.core.claim_epoch(image, verdict, seen, self.now()).events, self.now_ms)
            self._claimed_seq = self.core.last_seq
        self.claimed = self.disk.durable_seq >= self._claimed_seq

    def _notice(self) -> None:
        down = tuple(sorted({*self.cut, *self.wires.damaged})) if self.cut or self.wires.damaged else ()
        seen = Surroundings(down, self.disk.fault, is_overrunning=False)
        if seen != self._surroundings:
            self._surroundings = seen
            self.core.notice(seen)

    # --- time in which nothing changes ---------------------------------------------------------------------

    def _look_for_quiet(self, result: StepResult, *, asked: bool) -> None:
        """Note since when nothing has changed anywhere: results of safety, wishes, events, the plant."""
        plant = self.hardware.plant.timeline
        stamp = (plant.revision, self.memory.trace.results if self.memory.trace else None)
        same = (
            not result.events
            and not asked
            and not self.words
            and not plant.moving
            and stamp == self._stamp
            and result.wishes == self._wishes
        )
        self._stamp = stamp
        self._wishes = dict(result.wishes)
        if not same:
            self._quiet_since_ms = None
        elif self._quiet_since_ms is None:
            self._quiet_since_ms = self.now_ms

    def _is_quiet(self) -> bool:
        since_ms = self._quiet_since_ms
        if since_ms is None or self.now_ms - since_ms < QUIET_MS or not self.alive or not self.claimed:
            return False
        memory = self.memory
        if self.rival is not None:
            return False
        if memory.trace is None or memory.trace.running or memory.fading or self.disk.waits or self._asks:
            return False
        if self.cut or self.wires.damaged or any(not run.ended for run in memory.stopping.values()):
            return False
        return all(not device.fault and device.value("state") not in _MOVING for device in self.image.devices.values())

    def jump(self, until_ms: int) -> int:
        """Jump over time in which provably nothing changes, to ``until_ms`` at most; how much it was.

        0 when something is under way. People go on looking; what they do ends the jump.
        """
        if not self._is_quiet():
            return 0
        due_ms = self.core.due_ms(self.now_ms)
        end_ms = until_ms if due_ms is None else min(until_ms, due_ms)
        periods = (end_ms - self.now_ms) // self.period_ms - 1
        if periods < 1:
            return 0
        passed_ms = self.hardware.rest(periods * self.period_ms, self.period_ms)
        self.now_ms += passed_ms
        self.jumped_ms += passed_ms
        return passed_ms

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Run until ``condition`` holds; False when it does not within ``seconds``."""
        for _ in range(round(seconds * 1000 / self.period_ms)):
            if condition():
                return True
            self.cycle()
        return condition()
