"""One run of a campaign: one seed, one garage, some hours; first anything may break, then everything must end.

Owns the course of a run and its outcome. Must never take anything from outside the seed and the settings: a run is
reproduced by them, bit by bit.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from cli.campaign.aim import WAIT_MS, Aim
from cli.campaign.bookers import Bookers
from cli.campaign.checkers import Checkers, Finding, inventory
from cli.campaign.mix import LIES, OwnFault
from cli.campaign.people import HOUR_MS, LOOK_MS, Customers, Operator, open_orders
from cli.campaign.plan import BETWEEN_LIES_MS, Planned, plan, stream
from cli.campaign.restarts import begin_beside, damage, end_beside, go_on, refuse_another
from cli.campaign.virtual_garage import VirtualGarage
from controller.config.models import GarageConfig
from controller.core.order import OrderState
from controller.local_link.messages import Accepted, SubmitOrder, VehicleData
from sim_hardware.fault import FaultKind, FaultRefusedError

PERIOD_MS = 100
"""Scan of the PLCs and period of the controller in a campaign: the longest at which a PLC's time-out of 500 ms still
spans five periods, as the configuration's own check wants it."""
PLC_TIMEOUT_MS_MIN = 400
HEAL_MS = 600_000
"""Liveness: what waits for a person has been brought back by then, as often as the machine asked."""
END_MS = 3 * HOUR_MS
"""Every order ends, or waits for a named person, within so long after everything has healed."""
FETCH_MS = 30 * 60_000
"""Every reachable car comes out within so long."""
FETCHED = 2
"""Cars that are fetched at the end, drawn by lot."""
JUMP_MS_MAX = 600_000
RETRY_MS = 5_000
TRIES = 60
"""An intruder who finds no open door tries again so often."""
AWAY_MS = 600_000
"""How far a wall clock jumps at most."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What makes a run, beside its garage: the seed, its length, the rates, and which faults to leave out."""

    seed: int
    hours: float = 24.0
    fault_rate: float = 1.0
    order_rate: float = 1.0
    jumps: bool = True
    only: frozenset[str] | None = None
    """Names of the faults that are injected; None for all."""
    until_ms: int | None = None
    """Break off here, for a story that has ended by then."""


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    settings: Settings
    findings: list[Finding] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    took: Counter[str] = field(default_factory=Counter)
    placed: list[Planned] = field(default_factory=list)
    inputs: list[tuple[int, str]] = field(default_factory=list)
    """Everything that came from outside, in order: faults, kills, orders."""
    simulated_ms: int = 0
    jumped_ms: int = 0
    orders: int = 0
    bookings: int = 0
    booked: Counter[str] = field(default_factory=Counter)
    """Bookings by how they ended."""
    ended: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)
    fetched: int = 0
    begun_on_generator: int = 0
    digest: str = ""


def campaign_config(config: GarageConfig, seed: int) -> GarageConfig:
    """The configuration with the campaign's period, and with people drawn from the seed."""
    timeout_ms = max(config.controller.plc_timeout_ms, PLC_TIMEOUT_MS_MIN)
    controller = config.controller.model_copy(update={"period_ms": PERIOD_MS, "plc_timeout_ms": timeout_ms})
    dice = stream(seed, "people")
    emulation = config.emulation.model_copy(update={"scan_ms": PERIOD_MS, "seed": dice.randrange(1 << 30)})
    return config.model_copy(update={"controller": controller, "emulation": emulation})


class Run:
    """Runs one seed; ``tell`` hears each input as it comes."""

    def __init__(self, config: GarageConfig, settings: Settings, tell: Callable[[str], None] | None = None) -> None:
        self.settings = settings
        self.garage = VirtualGarage(campaign_config(config, settings.seed), period_ms=PERIOD_MS)
        self.outcome = Outcome(settings)
        self._length_ms = round(settings.hours * HOUR_MS)
        self._checkers = Checkers(self.garage)
        self._customers = Customers(self.garage, settings.seed, settings.order_rate)
        self._bookers = Bookers(self.garage, self._customers, settings.seed, settings.order_rate)
        self._operator = Operator(self.garage, settings.seed)
        self._tell = tell
        self._dice = stream(settings.seed, "course")
        planned = plan(settings.seed, self._length_ms, self.garage.hardware, settings.fault_rate)
        self._planned = [one for one in planned if settings.only is None or one.name in settings.only]
        self._aim = Aim(self.garage, settings.seed)
        self._armed: list[Planned] = []
        """Due, and waiting for their moment."""
        self._lie_free_ms = 0
        """The next lie may be told from then on."""
        self._moved: list[str] = []
        """Cars that somebody has moved by hand."""
        self._tries: Counter[str] = Counter()
        self._standing: dict[str, tuple[int, Planned]] = {}
        self._later: list[tuple[str, Callable[[], int]]] = []
        """What was over at once, with the count of what it has changed by the end of the run."""
        self._look_ms = 5_000

    def run(self) -> Outcome:
        """Both phases; ends with the first finding."""
        outcome = self.outcome
        try:
            self._safety()
            if not outcome.findings and self.settings.until_ms is None:
                self._liveness()
        finally:
            self._close()
        return outcome

    # --- safety: anything may break ------------------------------------------------------------------------

    def _safety(self) -> None:
        end_ms = self._length_ms if self.settings.until_ms is None else min(self.settings.until_ms, self._length_ms)
        while self.garage.now_ms < end_ms and not self.outcome.findings:
            self._inject_due()
            if self.garage.now_ms >= self._customers.due_ms and self.garage.alive:
                self._customers.act()
                self._note("order")
            self._pass(end_ms)

    def _pass(self, end_ms: int) -> None:
        """One cycle, with people's looks; before it, a jump when nothing is going on."""
        garage = self.garage
        self._undo_due()
        if garage.now_ms >= self._look_ms:
            self._look_ms = garage.now_ms + LOOK_MS
            self._operator.look()
        self._operator.technician.act()
        if garage.alive:
            self._customers.look()
            if garage.now_ms >= self._bookers.due_ms and self._bookers.act():
                self._note("booking")
        if self.settings.jumps and not self._operator.technician.is_busy:
            garage.jump(min(end_ms, self._due_ms(), garage.now_ms + JUMP_MS_MAX))
        garage.cycle()
        if (finding := self._checkers.look()) is not None:
            self.outcome.findings.append(finding)

    def _due_ms(self) -> int:
        """When somebody outside of garage and plant acts next."""
        dues = [self._look_ms, self._customers.due_ms, self._bookers.due_ms]
        dues += [self._planned[0].at_ms] if self._planned else []
        dues += [until_ms for until_ms, _ in self._standing.values()]
        return min(dues)

    def _inject_due(self) -> None:
        while self._planned and self.garage.now_ms >= self._planned[0].at_ms:
            one = self._planned.pop(0)
            if self._aim.is_aimed(one) or one.kind in LIES:
                self._armed.append(one)
            else:
                self._inject(one)
        if self._armed:
            self._armed = [one for one in self._armed if not self._is_placed(one)]

    def _is_placed(self, one: Planned) -> bool:
        """Inject a fault whose moment has come; True when it is done with, also because it waited for too long."""
        now_ms = self.garage.now_ms
        if now_ms - one.at_ms > WAIT_MS:
            return True
        if one.kind in LIES and now_ms < self._lie_free_ms:
            return False
        aimed = self._aim.look(one) if self._aim.is_aimed(one) else one
        if aimed is None:
            return False
        if one.kind in LIES:
            self._lie_free_ms = now_ms + one.for_ms + BETWEEN_LIES_MS
        self._inject(aimed)
        if (after := self._aim.follows(aimed)) is not None:
            self._plan_anew(after)
        return True

    def _plan_anew(self, one: Planned) -> None:
        self._planned.append(one)
        self._planned.sort(key=lambda planned: (planned.at_ms, planned.name))

    def _inject(self, one: Planned) -> None:
        if one.target in self._standing:
            self._undo(one.target)
        try:
            took = self._begin(one)
        except FaultRefusedError as error:
            self._put_off(one, error)
            return
        self.outcome.placed.append(one)
        self.outcome.injected[one.kind.value] += 1
        self.outcome.took[one.kind.value] += took
        self._note(one.told())
        if one.for_ms:
            self._standing[one.target] = (self.garage.now_ms + one.for_ms, one)

    def _put_off(self, one: Planned, error: FaultRefusedError) -> None:
        """Somebody who cannot get in tries again; anything else that the machine refuses is a defect of the plan.

        Raises:
            FaultRefusedError: it would be refused at any time.
        """
        if error.code != "NOT_NOW":
            raise error
        self._tries[one.name] += 1
        if self._tries[one.name] < TRIES:
            self._plan_anew(replace(one, at_ms=self.garage.now_ms + RETRY_MS))

    def _begin(self, one: Planned) -> int:
        """Bring a fault about; 1 when it took effect at once, else what it takes is counted at its end."""
        if isinstance(one.kind, OwnFault):
            return self._begin_own(one, one.kind)
        if one.fault is None:
            raise ValueError(f"{one.told()}: nothing to inject")
        if one.kind is FaultKind.CAR_MOVED:
            self._moved += self.garage.hardware.plant.vehicles_at(one.target)
        self.garage.hardware.faults.inject(one.fault)
        if not one.for_ms:
            self._later.append((one.kind.value, self.garage.hardware.faults.counter(one.target)))
        return 0

    def _begin_own(self, one: Planned, kind: OwnFault) -> int:
        garage = self.garage
        match kind:
            case OwnFault.KILL:
                garage.end_controller()
            case OwnFault.LINK_CUT:
                garage.cut.add(one.target)
            case OwnFault.DISK_FULL:
                garage.disk.is_full = True
            case OwnFault.DISK_SLOW:
                garage.disk.latency_ms = stream(self.settings.seed, f"disk:{one.name}").randint(200, 5_000)
            case OwnFault.SECOND:
                begin_beside(garage)
            case OwnFault.DAMAGED:
                return damage(garage, stream(self.settings.seed, f"damage:{one.name}"))
            case OwnFault.OTHER_CONFIG:
                return refuse_another(garage)
            case OwnFault.CLOCK_JUMP:
                garage.unix_0_ms += stream(self.settings.seed, f"clock:{one.name}").randint(-AWAY_MS, AWAY_MS)
                return 1
        return 0

    def _undo_due(self) -> None:
        for target, (until_ms, _) in tuple(self._standing.items()):
            if self.garage.now_ms >= until_ms:
                self._undo(target)

    def _undo(self, target: str) -> None:
        _, one = self._standing.pop(target)
        if not isinstance(one.kind, OwnFault):
            took = self.garage.hardware.faults.took(target)
            self.garage.hardware.faults.clear(target)
        else:
            took = self._end_own(one, one.kind)
        self.outcome.took[one.kind.value] += bool(took)
        self._note(f"{self.garage.now_ms / 1000:.1f} s: {one.name} is over")

    def _end_own(self, one: Planned, kind: OwnFault) -> int:
        garage = self.garage
        match kind:
            case OwnFault.KILL:
                garage.start_controller()
                return 1
            case OwnFault.LINK_CUT:
                garage.cut.discard(one.target)
                return 1
            case OwnFault.DISK_FULL:
                garage.disk.is_full = False
            case OwnFault.DISK_SLOW:
                garage.disk.latency_ms = 0
            case OwnFault.SECOND:
                return end_beside(garage)
            case OwnFault.DAMAGED:
                go_on(garage)
                self._customers.forget()
                return 0
            case OwnFault.OTHER_CONFIG:
                garage.start_controller()
                return 0
            case OwnFault.CLOCK_JUMP:
                return 0
        return garage.disk.waited()

    # --- liveness: everything heals, everything must end ---------------------------------------------------

    def _liveness(self) -> None:
        for target in tuple(self._standing):
            self._undo(target)
        self._planned.clear()
        self._armed.clear()
        self.garage.hardware.faults.clear_all()
        self.garage.crowd.customers = True
        self._customers.due_ms = 1 << 60
        self._bookers.stop()
        garage = self.garage
        end_ms = garage.now_ms + END_MS
        self._until(lambda: not self._is_anything_open() and self._is_well(), end_ms)
        self._miss_the_moved(end_ms)
        if self.outcome.findings:
            return
        self.outcome.stuck = open_orders(garage)
        for order in self.outcome.stuck:
            self._find("order-stuck", order)
        for booking in garage.core.state.bookings.open():
            self._find("booking-stuck", f"{booking.id} {booking.kind} {booking.vehicle} {booking.state.value}")
        if not self.outcome.stuck and not self._is_well():
            self._find("never-well", f"mode {garage.core.state.mode}, blocks {sorted(garage.core.state.blocks)}")
        self.outcome.findings += list(inventory(garage))
        if not self.outcome.findings:
            self._fetch_some()

    def _is_anything_open(self) -> bool:
        return bool(open_orders(self.garage) or self.garage.core.state.bookings.open())

    def _miss_the_moved(self, end_ms: int) -> None:
        """Order each car that was moved by hand and that nobody has missed yet: then the books must come right."""
        garage = self.garage
        for car in dict.fromkeys(self._moved):
            if self._is_booked_right(car) or open_orders(garage):
                continue
            garage.ask(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
            self._until(partial(self._is_booked_right, car), end_ms)
            self._until(lambda: not open_orders(garage) and self._is_well(), end_ms)

    def _is_booked_right(self, car: str) -> bool:
        known = self.garage.core.state.vehicles.get(car)
        return known is None or known.position is None or car in self.garage.cars_at(known.position)

    def _is_well(self) -> bool:
        state = self.garage.core.state
        return self.garage.claimed and state.mode == "automatic" and not state.blocks and not state.held

    def _until(self, condition: Callable[[], bool], end_ms: int) -> None:
        while self.garage.now_ms < end_ms and not self.outcome.findings and not condition():
            self._pass(end_ms)

    def _is_over(self, order: str) -> bool:
        return self.garage.core.state.orders[order].state.is_over

    def _fetch_some(self) -> None:
        """Every reachable car comes out: some, drawn by lot, one after the other."""
        state = self.garage.core.state
        here = sorted(car for car, v in state.vehicles.items() if v.position is not None)
        for car in self._dice.sample(here, min(FETCHED, len(here))):
            token = self.garage.ask(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car)))
            end_ms = self.garage.now_ms + FETCH_MS
            self._until(partial(self.garage.answers.__contains__, token), end_ms)
            answer = self.garage.answers.get(token)
            if not isinstance(answer, Accepted) or answer.order is None:
                self._find("car-unreachable", f"{car}: {answer}")
                return
            number = answer.order.id
            self._until(partial(self._is_over, number), end_ms)
            if self.outcome.findings:
                return
            order = state.orders[number]
            if order.state is not OrderState.DONE:
                self._find("car-not-out", f"{car}: {order.state.value} {order.waiting or order.outcome}")
                return
            self.outcome.fetched += 1
        self.outcome.findings += list(inventory(self.garage))

    # --- the outcome ---------------------------------------------------------------------------------------

    def _find(self, kind: str, text: str) -> None:
        self.outcome.findings.append(Finding(kind, self.garage.now_ms, text))

    def _note(self, what: str) -> None:
        self.outcome.inputs.append((self.garage.now_ms, what))
        if self._tell is not None:
            self._tell(what)

    def _close(self) -> None:
        garage, outcome = self.garage, self.outcome
        outcome.simulated_ms = garage.now_ms
        outcome.took.update(kind for kind, took in self._later if took())
        outcome.jumped_ms = garage.jumped_ms
        outcome.orders = self._customers.orders
        outcome.bookings = self._bookers.asked
        outcome.booked = Counter(one.state.value for one in garage.core.state.bookings.all.values())
        outcome.begun_on_generator = self._checkers.share.begun
        outcome.ended = Counter(order.state.value for order in garage.core.state.orders.values())
        outcome.digest = digest(garage)


def digest(garage: VirtualGarage) -> str:
    """Names the whole course: the journal's chain, the plant's state, and what every PLC shows."""
    text = f"{garage.disk.hash.hex()} {garage.hardware.plant.snapshot()!r} "
    shown = [f"{name}:{list(plc.status())}" for name, plc in sorted(garage.hardware.devices.items())]
    return hashlib.sha256((text + " ".join(shown)).encode()).hexdigest()


def first_kind(findings: Sequence[Finding]) -> str:
    """The kind of the first finding, empty without one."""
    return findings[0].kind if findings else ""
