"""Whoever stands before the garage in a campaign: customers who order and bring cars, and one operator.

Owns when they act, from streams of their own. They ask through the same requests as the API, after looking, and with
the delays of people; the operator's eyes are the plant, because a person who walks to the machine sees it.
"""

from __future__ import annotations

from random import Random

from cli.campaign.plan import stream
from cli.campaign.technician import Technician
from cli.campaign.virtual_garage import VirtualGarage
from controller.core.finding import Clear, ConfirmAt, Finding, findings
from controller.core.log import EventLog
from controller.core.order import Order, OrderState
from controller.core.situation import Situation
from controller.local_link.messages import ClearDevice, Request, Start, SubmitOrder, VehicleData, WithdrawOrder
from controller.local_link.mode_messages import AnswerFinding, ConfirmInventory, EndFire
from plc_drivers.contract.codes import State
from sim_hardware.people import QueueFullError
from sim_hardware.plant.body import PersonPlace, SeatKind, VehicleSpec
from sim_hardware.plant.cabin import CabinMachine

HOUR_MS = 3_600_000
LOOK_MS = 10_000
"""How often somebody looks after the garage."""
ORDERS_PER_DAY = 40.0
"""Of a tower with 42 places whose cars move once a day; half of them come, half go."""
NO_SHOW_SHARE = 0.03
_NEEDS_CLEAR = frozenset({State.STOPPED, State.ABORTED})
_CALLS = frozenset({"NOT_IN_POSITION", "POSITION_OCCUPIED"})
_OF_PLACES = frozenset({"empty-though-occupied", "occupied-though-free"})
_INSIDE = frozenset({PersonPlace.INSIDE, PersonPlace.DOORWAY, PersonPlace.IN_CAR})


class Customers:
    """Orders come at random; who has ordered to store drives up to the cabin that invites."""

    def __init__(self, garage: VirtualGarage, seed: int, rate: float = 1.0) -> None:
        self.orders = 0
        """Orders that were asked for."""
        self._garage = garage
        self._dice = stream(seed, "arrivals")
        self._per_ms = ORDERS_PER_DAY * rate / 24 / HOUR_MS
        self.due_ms = 60_000 + round(self._dice.expovariate(self._per_ms))
        self._guests = 0
        self._specs: dict[str, VehicleSpec] = {}
        self._brought: set[str] = set()
        self._absent: set[str] = set()

    def act(self) -> None:
        """Order something; called when ``due_ms`` has come."""
        garage = self._garage
        self.due_ms = garage.now_ms + 1 + round(self._dice.expovariate(self._per_ms))
        state = garage.core.state
        idle = [c for c, v in state.vehicles.items() if v.position is not None and state.order_of_vehicle(c) is None]
        wish = self._dice.random()
        if wish < 0.5 and idle:
            self._ask("retrieve", VehicleData(id=self._dice.choice(idle)))
        elif wish < 0.55 and idle:
            self._ask("relocate", VehicleData(id=self._dice.choice(idle)))
        else:
            self._store()

    def look(self) -> None:
        """Drive up where a cabin invites for an order of ours."""
        garage = self._garage
        for cabin, use in garage.core.state.cabins.items():
            order = None if use.order is None else garage.core.state.orders.get(use.order)
            if use.phase != "inviting" or order is None or order.id in self._brought or order.kind != "store":
                continue
            self._brought.add(order.id)
            spec = self._specs.get(order.vehicle)
            if spec is None or order.vehicle in self._absent:
                continue
            try:
                garage.crowd.arrive(cabin, spec)
            except (QueueFullError, ValueError):
                self._brought.discard(order.id)

    def forget(self) -> None:
        """The books have lost orders: who comes for one that is still open drives up again."""
        self._brought.clear()

    def _ask(self, kind: str, vehicle: VehicleData) -> None:
        match kind:
            case "retrieve":
                self._garage.ask(SubmitOrder(kind="retrieve", vehicle=vehicle))
            case "relocate":
                self._garage.ask(SubmitOrder(kind="relocate", vehicle=vehicle))
            case _:
                self._garage.ask(SubmitOrder(kind="store", vehicle=vehicle))
        self.orders += 1

    def _store(self) -> None:
        dice = self._dice
        car = self.somebody(dice, comes=True)
        if dice.random() < NO_SHOW_SHARE:
            self._absent.add(car)
        self._ask("store", VehicleData(id=car))

    def somebody(self, dice: Random, *, comes: bool) -> str:
        """Somebody who was here before, or somebody new, who will drive up where a cabin invites, if they come."""
        away = self._away()
        if away and dice.random() < 0.6:
            spec = dice.choice(away)
        else:
            self._guests += 1
            spec = VehicleSpec(
                f"guest-{self._guests}",
                length_mm=dice.randint(3900, 5000),
                width_mm=dice.randint(1750, 2050),
                height_mm=dice.randint(1420, 1850),
                weight_kg=dice.randint(1050, 2300),
                ground_clearance_mm=dice.randint(100, 200),
                front_overhang_mm=dice.randint(750, 1000),
                rear_overhang_mm=dice.randint(700, 1050),
            )
        self._specs[spec.id] = spec
        if comes:
            self._absent.discard(spec.id)
        else:
            self._absent.add(spec.id)
        return spec.id

    def _away(self) -> list[VehicleSpec]:
        waiting = set(self._garage.crowd.waiting())
        bodies = self._garage.hardware.plant.scene.vehicles.values()
        return [body.spec for body in bodies if body.seat.kind is SeatKind.AWAY and body.id not in waiting]


class Operator:
    """One person who looks after the garage: goes there, looks, resets, clears, confirms, starts.

    What takes hands at the machine is ``technician``'s; nothing is cleared or started before that is done.
    """

    def __init__(self, garage: VirtualGarage, seed: int) -> None:
        self.acts = 0
        self.technician = Technician(garage, self._ask)
        self._garage = garage
        self._dice = stream(seed, "operator")
        self._seen_ms: int | None = None
        self._clear_due_ms = 0
        self._start_due_ms: int | None = None

    def look(self) -> None:
        """Look at the garage once; what is done depends on what has been seen for long enough to walk there."""
        garage = self._garage
        if not garage.alive or not garage.claimed or self.technician.is_busy:
            return
        if self._start_due_ms is not None and garage.now_ms >= self._start_due_ms:
            self._start_due_ms = None
            self._ask(Start(actor="operator"))
            return
        if not self._is_needed():
            self._seen_ms = None
            return
        if self._seen_ms is None:
            self._seen_ms = garage.now_ms
            self._clear_due_ms = garage.now_ms + round(self._dice.uniform(20_000, 180_000))
        if garage.now_ms >= self._clear_due_ms and self._start_due_ms is None:
            if self.technician.begin(self._left_out(), self._missed()):
                return
            self._bring_back()
            self._clear_due_ms = garage.now_ms + round(self._dice.uniform(40_000, 120_000))
            self._start_due_ms = garage.now_ms + round(self._dice.uniform(5_000, 15_000))

    def _is_needed(self) -> bool:
        garage = self._garage
        state = garage.core.state
        if state.mode != "automatic" or state.blocks or state.held or state.trips or state.precautions.unconfirmed:
            return True
        if self._findings() or any(self._asks_for_somebody(order) for order in state.open_orders()):
            return True
        if any(garage.image.value(device, "state") in _NEEDS_CLEAR for device in garage.image):
            return True
        return any(not cabin.curtain_ok or cabin.curtain_count for cabin in self._empty_cabins())

    @staticmethod
    def _asks_for_somebody(order: Order) -> bool:
        """An order waits for what only somebody at the cabin can do."""
        return order.waiting is not None and order.waiting.code in _CALLS

    def _bring_back(self) -> None:
        """At the machine: blue buttons and counters; at the desk: fire over, inventory confirmed, clear."""
        garage = self._garage
        plant = garage.hardware.plant
        for number in plant.zone_numbers:
            plant.zone(number).press_reset()
        for cabin in self._empty_cabins():
            if cabin.curtain_count or not cabin.curtain_ok:
                cabin.reset_count()
        if garage.core.state.mode == "fire":
            self._ask(EndFire(person="operator"))
        for position in tuple(garage.core.state.precautions.unconfirmed):
            stands = garage.cars_at(position)
            self._ask(ConfirmInventory(position=position, vehicle=stands[0] if stands else None, person="operator"))
        for finding in self._findings():
            if (answer := self._true_answer(finding)) is not None:
                car = garage.core.state.occupant.get(finding.subject) if answer == "gone" else None
                if car is not None and (order := garage.core.state.order_of_vehicle(car)) is not None:
                    self._ask(WithdrawOrder(order=order.id, actor="operator"))
                self._ask(AnswerFinding(finding=finding.id, answer=answer, person="operator"))
        self._ask(ClearDevice(device="all", actor="operator"))
        self._order_away()

    def _order_away(self) -> None:
        """Cars that no order brings any further: from a mover into a place, out of a cabin to whoever it belongs to."""
        garage, state = self._garage, self._garage.core.state
        for finding in self._findings():
            if finding.kind == "car-on-mover":
                car = state.occupant[finding.subject]
                self._ask(SubmitOrder(kind="relocate", vehicle=VehicleData(id=car)))
        for name, shape in garage.layout.cabins.items():
            left = state.occupant.get(shape.position)
            if left is not None and state.cabin(name).order is None and state.order_of_vehicle(left) is None:
                self._ask(SubmitOrder(kind="retrieve", vehicle=VehicleData(id=left)))

    def _left_out(self) -> list[str]:
        """Shuttles whose forks are out, and no transfer may be finished that would bring them home."""
        return [
            finding.subject
            for finding in self._findings()
            if finding.kind == "half-transfer" and not any(isinstance(one.effect, Clear) for one in finding.answers)
        ]

    def _missed(self) -> list[Finding]:
        """Findings at places that no true answer settles: a car is elsewhere than anything looks, or away."""
        return [
            finding
            for finding in self._findings()
            if finding.kind in _OF_PLACES
            and not self._garage.layout.positions[finding.subject].owner
            and self._true_answer(finding) in {None, "gone"}
        ]

    def _findings(self) -> tuple[Finding, ...]:
        """What books and machine do not agree on, as the page shows it."""
        garage = self._garage
        log = EventLog(garage.core.state, garage.now())
        return findings(Situation(garage.layout, garage.core.state, garage.image, garage.verdict, log))

    def _true_answer(self, finding: Finding) -> str | None:
        """The answer that says what stands there in truth; None where only a repair helps."""
        for answer in finding.answers:
            match answer.effect:
                case ConfirmAt(position=position, gone=True):
                    car = self._garage.core.state.occupant.get(position)
                    body = None if car is None else self._garage.hardware.plant.scene.vehicles.get(car)
                    if body is not None and body.seat.kind is SeatKind.AWAY:
                        return answer.id
                case ConfirmAt(position=position, vehicle=vehicle):
                    stands = self._garage.cars_at(position)
                    if (stands[0] if stands else None) == vehicle:
                        return answer.id
                case Clear():
                    return answer.id
        return None

    def _empty_cabins(self) -> list[CabinMachine]:
        """Cabins with nobody on the floor, in the doorway or in a car, as a look through the window shows."""
        plant = self._garage.hardware.plant
        seen = {p.cabin for p in plant.scene.people.values() if p.place in _INSIDE}
        return [plant.cabin(name) for name in self._garage.layout.cabins if name not in seen]

    def _ask(self, request: Request) -> None:
        """Ask the controller, where one runs that hears it."""
        if self._garage.alive and self._garage.claimed:
            self.acts += 1
            self._garage.ask(request)


def open_orders(garage: VirtualGarage) -> list[str]:
    """Orders that are not over, with what each waits for."""
    return [
        f"{order.id} {order.kind} {order.vehicle} {order.state.value}"
        + ("" if order.waiting is None else f": {order.waiting.code}")
        for order in garage.core.state.orders.values()
        if order.state not in {OrderState.DONE, OrderState.WITHDRAWN, OrderState.FAILED}
    ]
