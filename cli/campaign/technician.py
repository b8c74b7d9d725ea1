"""What only hands at the machine can settle: forks brought home by hold-to-run, a car pushed into its marks.

Owns the steps of each job and their pauses. Works under the garage's own rules: automatic operation is stopped first,
an axis moves under its key and its button alone, and nobody steps onto a deck without the own lock on its zone (H20).
Must never touch what somebody else has in hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cli.campaign.virtual_garage import VirtualGarage
from controller.core.finding import Finding
from controller.local_link.messages import ClearDevice, Request, Stop, WithdrawOrder
from controller.local_link.mode_messages import (
    AnswerFinding,
    ConfirmInventory,
    HoldToRun,
    LockZone,
    ReleaseHold,
    UnlockZone,
)
from plc_drivers.contract.codes import Mode
from sim_hardware.plant.body import SeatKind, VehicleBody
from sim_hardware.plant.shuttle import ShuttleMachine
from sim_hardware.plant.space import CENTRED_ACROSS_MM, CENTRED_ALONG_MM

REFRESH_MS = 200
"""A button that is pressed is heard so often; the controller lets go after 400 ms."""
PRESS_MS = 8_000
"""So long one press lasts at most: then the technician looks before the next."""
PRESSES = 6
"""Forks that are not home after so many presses need another look, or a repair."""
SETTLE_MS = 2_000
"""Between two acts: the key to the PLC, the lock to the books, the axis to rest."""
LOWER_MS = 10_000
"""How long it takes to let a hoist down at its valve."""
PUSH_MS = 60_000
"""How long it takes to push a car into its marks."""
PERSON = "technician"

_Steps = Iterator[int]


class Technician:
    """One person with a key and hands; ``ask`` sends a request to the garage."""

    def __init__(self, garage: VirtualGarage, ask: Callable[[Request], None]) -> None:
        self.jobs = 0
        """Jobs that were begun."""
        self._garage = garage
        self._ask = ask
        self._steps: _Steps | None = None
        self._due_ms = 0
        self._presses = 0

    @property
    def is_busy(self) -> bool:
        """A job is under way."""
        return self._steps is not None

    def act(self) -> None:
        """Go on with the job when its pause is over; called in each cycle."""
        if self._steps is None or self._garage.now_ms < self._due_ms:
            return
        pause_ms = next(self._steps, None)
        if pause_ms is None:
            self._steps = None
        else:
            self._due_ms = self._garage.now_ms + pause_ms

    def begin(self, shuttles_with_forks_out: list[str], missed: list[Finding]) -> bool:
        """Take up the first job that there is; False when there is none that hands can do.

        ``shuttles_with_forks_out`` are those whose forks no order will bring home any more, ``missed`` findings at
        places whose question no closed answer settles.
        """
        if self._steps is not None:
            return True
        steps = self._job(shuttles_with_forks_out) or self._search(missed)
        if steps is None:
            return False
        self._steps = steps
        self._due_ms = self._garage.now_ms
        self.jobs += 1
        return True

    def _job(self, shuttles: list[str]) -> _Steps | None:
        plant = self._garage.hardware.plant
        for name in shuttles:
            if plant.shuttle(name).mode is Mode.AUTOMATIC:
                return self._bring_home(name)
        return self._astray() or self._held()

    def _held(self) -> _Steps | None:
        """An order of before holds what must be confirmed first: its unit is taken out of automatic, which ends it."""
        state = self._garage.core.state
        for position, unit in state.precautions.unconfirmed.items():
            if position in state.claims and self._garage.hardware.plant.machine(unit).mode is Mode.AUTOMATIC:
                return self._take_out(unit)
        return None

    def _take_out(self, unit: str) -> _Steps:
        machine = self._garage.hardware.plant.machine(unit)
        yield from self._stop()
        machine.turn_key(Mode.MANUAL)
        yield SETTLE_MS
        machine.turn_key(Mode.AUTOMATIC)
        yield SETTLE_MS

    def _astray(self) -> _Steps | None:
        """A car on a deck or a plate that is out of its marks, where nothing is at work and nobody is inside."""
        plant, layout = self._garage.hardware.plant, self._garage.layout
        for name, spec in layout.shuttles.items():
            cars = [car for car in plant.scene.on(plant.shuttle(name).deck) if _is_astray(car)]
            if cars and not plant.shuttle(name).forks_out:
                return self._push(spec.zone, cars)
        for name, shape in layout.cabins.items():
            cars = [car for car in plant.scene.on(plant.cabin(name).seat) if _is_astray(car)]
            people = [person for person in plant.scene.people.values() if person.cabin == name]
            if (
                cars
                and not people
                and not any(forks.into(plant.cabin(name).seat) for forks in plant.cabin(name).reaching)
            ):
                return self._push(shape.zone, cars)
        return None

    def _search(self, missed: list[Finding]) -> _Steps | None:
        """A car stands elsewhere than the books say, or was taken away: set them right."""
        garage = self._garage
        for finding in missed:
            if finding.kind == "empty-though-occupied":
                car = garage.core.state.occupant.get(finding.subject)
            else:
                car = next(iter(garage.cars_at(finding.subject)), None)
            body = None if car is None else garage.hardware.plant.scene.vehicles.get(car)
            if body is None:
                continue
            if body.seat.kind is SeatKind.AWAY:
                return self._book_out(finding)
            if body.seat.kind is SeatKind.STAND and car in garage.core.state.vehicles:
                return self._book_at(body.id, finding.subject, body.seat.owner)
        return None

    def _book_out(self, finding: Finding) -> _Steps:
        """Withdraw what waits for a car that is not there any more, then say that it is gone."""
        claims = self._garage.core.state.claims
        if (order := claims.get(finding.subject)) is not None:
            self._ask(WithdrawOrder(order=order, actor=PERSON))
            for _ in range(SETTLE_MS // 100):
                yield 100
                if finding.subject not in claims:
                    break
        self._ask(AnswerFinding(finding=finding.id, answer="gone", person=PERSON))
        yield SETTLE_MS

    def _book_at(self, car: str, missed_at: str, stands_at: str) -> _Steps:
        """Take the shuttles that reach both places out of automatic: then a person's word goes for what they reach."""
        plant, layout = self._garage.hardware.plant, self._garage.layout
        reaching = dict.fromkeys((*layout.reached_by(missed_at), *layout.reached_by(stands_at)))
        mine = [plant.shuttle(name) for name in reaching if plant.shuttle(name).mode is Mode.AUTOMATIC]
        yield from self._stop()
        for shuttle in mine:
            shuttle.turn_key(Mode.MANUAL)
        yield SETTLE_MS
        self._ask(ConfirmInventory(position=stands_at, vehicle=car, person=PERSON))
        yield SETTLE_MS
        for shuttle in mine:
            shuttle.turn_key(Mode.AUTOMATIC)
        yield SETTLE_MS

    def _bring_home(self, name: str) -> _Steps:
        """Clear what a fault has left, key to manual, the forks home with their button, key back."""
        shuttle = self._garage.hardware.plant.shuttle(name)
        yield from self._stop()
        self._ask(ClearDevice(device=name, actor=PERSON))
        yield SETTLE_MS
        shuttle.turn_key(Mode.MANUAL)
        yield SETTLE_MS
        if not (shuttle.hoist.extended or shuttle.hoist.retracted):
            # Nothing moves by hand while a hoist stands between its ends (H06): it is let down at its own valve first.
            shuttle.hoist.retract()
            yield LOWER_MS
        for _ in range(PRESSES):
            if shuttle.forks_centred:
                break
            yield from self._press(shuttle)
        shuttle.turn_key(Mode.AUTOMATIC)
        yield SETTLE_MS

    def _press(self, shuttle: ShuttleMachine) -> _Steps:
        self._presses += 1
        press = f"press-{self._presses}"
        for _ in range(PRESS_MS // REFRESH_MS):
            if shuttle.extension > 0:
                self._ask(HoldToRun(unit=shuttle.id, axis="forks", direction="back", person=PERSON, press=press))
            else:
                self._ask(HoldToRun(unit=shuttle.id, axis="forks", direction="forward", person=PERSON, press=press))
            yield REFRESH_MS
            if shuttle.forks_centred and not shuttle.fork_axis.moving:
                break
        self._ask(ReleaseHold(press=press))
        yield SETTLE_MS

    def _push(self, zone: int, cars: list[VehicleBody]) -> _Steps:
        """Lock the zone, push the car into its marks, come out, take the lock off."""
        yield from self._stop()
        self._ask(LockZone(zone=zone, person=PERSON, note="a car is out of its marks"))
        yield PUSH_MS
        scene = self._garage.hardware.plant.scene
        for car in cars:
            scene.put(car, car.seat, dx_mm=0.0, dy_mm=0.0, heading_mdeg=car.heading_mdeg)
        yield SETTLE_MS
        self._ask(UnlockZone(zone=zone, person=PERSON))
        yield SETTLE_MS

    def _stop(self) -> _Steps:
        if self._garage.core.state.mode == "automatic":
            self._ask(Stop(actor=PERSON))
        yield SETTLE_MS


def _is_astray(car: VehicleBody) -> bool:
    return abs(car.dy_mm) > CENTRED_ACROSS_MM or abs(car.dx_mm) > CENTRED_ALONG_MM
