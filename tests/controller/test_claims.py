"""Claims: no order waits while it holds what another one needs, in any interleaving (ADR 0002)."""

from __future__ import annotations

import copy
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core import events as ev
from controller.core.admission import admit
from controller.core.cabin_phase import FREE, LEAVING, READY
from controller.core.dispatch import FirstCome, Guide, NoGuide
from controller.core.follower import is_following
from controller.core.following import goes_on_following
from controller.core.handover import enter
from controller.core.order import Order, OrderState
from controller.core.placement import NearestFree
from controller.core.progress import free_passed, put_back, run_order
from controller.core.situation import Situation
from controller.core.state import GarageState
from controller.garage import Layout, PositionKind
from controller.local_link.messages import SubmitOrder, VehicleData
from controller.planning.advice import Counsel
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
STATES_MAX = 60_000

Move = Callable[[Situation, Order], bool]


def _store_is_ready(situation: Situation, order: Order) -> bool:
    """The customer has brought the car, the cabin is proven empty, and the car waits for the machine."""
    use = situation.state.cabin(order.cabin or "")
    if order.kind != "store" or use.order != order.id or use.phase == READY or order.legs:
        return False
    bay = situation.layout.cabins[order.cabin or ""].position
    situation.log.write(ev.VehicleArrived(vehicle=order.vehicle, position=bay, heading="left"))
    enter(situation, order.cabin or "", READY, order.id)
    return True


def _leg_is_carried(situation: Situation, order: Order) -> bool:
    """The next leg runs to its end, or off a platform first; a cabin that the car has left is given back."""
    if order.legs_done >= len(order.legs) or order.missing_shuttle is not None:
        return False
    leg = order.legs[order.legs_done]
    assert leg.shuttle in order.claims
    deck, at = situation.layout.shuttles[leg.shuttle].deck, situation.state.vehicles[order.vehicle].position or ""
    waits_before_cabin = is_following(situation, order) and leg.target == order.target
    if waits_before_cabin and at == deck:
        return False
    if order.leg is None:
        situation.log.write(ev.LegStarted(order=order.id, index=order.legs_done))
    is_on_platform = at != deck and situation.layout.positions[at].kind is PositionKind.PLATFORM
    if waits_before_cabin or is_on_platform:
        # Its cabin is not its own yet: the car comes as far as the deck and waits there. Off a platform, it frees that.
        situation.log.write(ev.VehicleMoved(vehicle=order.vehicle, source=at, target=deck, order=order.id))
        free_passed(situation, order)
        return True
    situation.log.write(ev.VehicleMoved(vehicle=order.vehicle, source=at, target=leg.target, order=order.id))
    situation.log.write(ev.LegEnded(order=order.id, index=order.legs_done))
    free_passed(situation, order)
    cabin = order.cabin
    if order.kind == "store" and cabin is not None and situation.state.cabin(cabin).order == order.id:
        enter(situation, cabin, FREE, None)
        bay = situation.layout.cabins[cabin].position
        situation.log.write(ev.ClaimsFreed(order=order.id, claims=[cabin, bay]))
    target = situation.layout.positions[order.target or ""]
    if order.legs_done == len(order.legs) and target.kind is PositionKind.CABIN:
        kept = {target.id, target.owner}
        situation.log.write(ev.ClaimsFreed(order=order.id, claims=sorted(order.claims - kept)))
        enter(situation, target.owner, LEAVING, order.id)
    return True


def _order_ends(situation: Situation, order: Order) -> bool:
    """The car is where it was to go: the customer leaves, or it stands in its place."""
    if not order.legs or order.legs_done < len(order.legs) or order.withdrawal:
        return False
    is_in_cabin = situation.layout.positions[order.target or ""].kind is PositionKind.CABIN
    if is_in_cabin is not (order.kind == "retrieve"):
        return False
    if order.kind == "retrieve":
        situation.log.write(ev.VehicleLeft(vehicle=order.vehicle, cabin=order.cabin or ""))
        enter(situation, order.cabin or "", FREE, None)
    situation.log.write(ev.OrderEnded(order=order.id, outcome="done"))
    return True


def _is_taken_back(situation: Situation, order: Order) -> bool:
    """Whoever was to fetch the car lets it go back: it stands ready in the cabin and needs movers after all."""
    use = situation.state.cabin(order.cabin or "")
    if order.kind != "retrieve" or order.withdrawal or use.order != order.id or order.legs_done < len(order.legs):
        return False
    situation.log.write(ev.WithdrawalAsked(order=order.id, immediate=False, actor="test"))
    enter(situation, order.cabin or "", READY, order.id)
    return True


def _car_is_back(situation: Situation, order: Order) -> bool:
    """A car that was taken back, or put back before it came to its cabin, stands in its place."""
    at = situation.state.vehicles[order.vehicle].position
    if order.kind != "retrieve" or at != order.target or not order.legs or order.legs_done < len(order.legs):
        return False
    if situation.layout.positions[order.target or ""].kind is PositionKind.CABIN:
        return False
    if order.withdrawal:
        enter(situation, order.cabin or "", FREE, None)
        situation.log.write(ev.OrderEnded(order=order.id, outcome="withdrawn"))
    else:
        situation.log.write(ev.OrderPutAside(order=order.id))
    return True


class EarlyFetch(NoGuide):
    """Whoever can be fetched while a cabin still empties, is: for the first cabin that is named."""

    def __init__(self, cabin: str) -> None:
        self._cabin = cabin

    def counsel(self, order: str) -> Counsel | None:
        return Counsel(order, self._cabin)


MOVES: tuple[Move, ...] = (_store_is_ready, _leg_is_carried, _order_ends)
MOVES_EARLY: tuple[Move, ...] = (_store_is_ready, _leg_is_carried, _car_is_back, _order_ends, _is_taken_back)


def _dispatch(garage: RestingGarage, guide: Guide | None) -> None:
    """What the core does of itself in a cycle: cars are put back whose cabin needs movers, then orders begin."""
    situation = garage.situation()
    for order in situation.state.open_orders():
        if is_following(situation, order) and not goes_on_following(situation, order):
            assert put_back(situation, order), "the way back is claimed and waits for nobody"
    FirstCome().dispatch(garage.situation(), NearestFree(), guide)


def _following(
    garage: RestingGarage, state: GarageState, guide: Guide | None, moves: tuple[Move, ...]
) -> Iterator[GarageState]:
    """Every state that one running order's next act leads to, after the dispatcher has done what it can."""
    kept = pickle.dumps(state, pickle.HIGHEST_PROTOCOL)  # many times as quick as a deep copy
    for order_id in [o.id for o in state.open_orders() if o.state is not OrderState.WAITING]:
        for move in moves:
            garage.core.state = pickle.loads(kept)  # noqa: S301 - it was made three lines above
            situation = garage.situation()
            if move(situation, garage.core.state.orders[order_id]):
                _dispatch(garage, guide)
                yield garage.core.state


def _fingerprint(state: GarageState) -> object:
    orders = tuple((o.id, o.state, o.legs_done, o.legs, o.target, frozenset(o.claims)) for o in state.orders.values())
    cabins = tuple(sorted((name, use.phase, use.order) for name, use in state.cabins.items()))
    return orders, cabins, tuple(sorted(state.occupant.items()))


def _check(state: GarageState) -> None:
    owners: dict[str, str] = {}
    for order in state.open_orders():
        for claim in order.claims:
            assert owners.setdefault(claim, order.id) == order.id, f"{claim} belongs to two orders"
    assert owners == state.claims


def _explore(garage: RestingGarage, guide: Guide | None = None, moves: tuple[Move, ...] = MOVES) -> tuple[int, int]:
    """Visit every interleaving; returns (states, ends). Fails on a state in which nobody can go on."""
    _dispatch(garage, guide)
    queue = deque([copy.deepcopy(garage.core.state)])
    seen = {_fingerprint(queue[0])}
    ends = 0
    while queue:
        state = queue.popleft()
        _check(state)
        following = list(_following(garage, state, guide, moves))
        if not state.open_orders():
            ends += 1
            continue
        waiting = [f"{o.id} {o.kind} {o.state.value} {sorted(o.claims)}" for o in state.open_orders()]
        assert following, f"nobody can go on: {waiting}"
        for new in following:
            mark = _fingerprint(new)
            if mark not in seen:
                seen.add(mark)
                queue.append(new)
                assert len(seen) < STATES_MAX
    return len(seen), ends


def _garage(name: str, overtaking_max: int) -> RestingGarage:
    config = load_config(CONFIG / f"{name}.toml")
    controller = config.controller.model_copy(update={"overtaking_max": overtaking_max})
    return RestingGarage(Layout(config.model_copy(update={"controller": controller})))


@pytest.mark.parametrize(
    ("name", "retrieved", "stored", "overtaking_max"),
    [
        ("tower-small", 3, 2, 1),
        ("tower-guangzhou", 3, 3, 1),
        ("garage-shuttle", 3, 1, 1),
        ("tower-guangzhou", 2, 2, 0),
        ("garage-shuttle", 2, 2, 100),
    ],
)
def test_no_interleaving_of_orders_ends_in_a_deadlock(
    name: str, retrieved: int, stored: int, overtaking_max: int
) -> None:
    garage = _garage(name, overtaking_max)
    situation = garage.situation()
    for vehicle in [v.id for v in garage.core.state.vehicles.values()][-retrieved:]:
        order = admit(situation, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=vehicle)))
        assert isinstance(order, str), order
    for number in range(stored):
        data = VehicleData(id=f"new-{number}", length_mm=4500, width_mm=1900, height_mm=1500, weight_kg=1500)
        order = admit(situation, SubmitOrder(kind="store", vehicle=data))
        assert isinstance(order, str), order

    states, ends = _explore(garage)

    assert states > retrieved + stored
    assert ends >= 1


@pytest.mark.parametrize(
    ("name", "retrieved", "stored"),
    [("tower-small", 3, 1), ("tower-guangzhou", 3, 0), ("garage-shuttle", 2, 0), ("garage-shuttle", 2, 1)],
)
def test_no_interleaving_ends_in_a_deadlock_when_cars_are_fetched_while_their_cabin_still_empties(
    name: str, retrieved: int, stored: int
) -> None:
    garage = _garage(name, overtaking_max=100)
    cars = [v.id for v in garage.core.state.vehicles.values()][-retrieved:]
    cabin = next(iter(garage.layout.cabins))
    # Where ways share little, the others would be served in other cabins at once.
    wanted = cabin if name == "garage-shuttle" else None
    orders = [
        _admitted(garage, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car), cabin=wanted)) for car in cars
    ]
    for number in range(stored):
        _admitted(garage, _new_car(number))
    followed: set[str] = set()
    put_aside: set[str] = set()

    class Noting(EarlyFetch):
        def ranked(self, waiting: Sequence[Order]) -> list[Order]:
            situation = garage.situation()
            followed.update(order.id for order in situation.state.open_orders() if is_following(situation, order))
            put_aside.update(order.id for order in waiting if order.started_at_ms is not None)
            return list(waiting)

    states, ends = _explore(garage, Noting(cabin), MOVES_EARLY)

    assert states > len(orders)
    assert ends >= 1
    assert followed, "somebody is fetched early"
    assert put_aside, "and put back when the cabin needs the movers"


def test_an_order_waits_without_holding_anything_when_a_cabin_is_taken() -> None:
    garage = RestingGarage(Layout(load_config(CONFIG / "tower-small.toml")))
    situation = garage.situation()
    first, second = [v.id for v in garage.core.state.vehicles.values()][:2]
    admit(situation, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=first)))
    admit(situation, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=second)))

    reasons = FirstCome().dispatch(situation, NearestFree())

    orders = list(garage.core.state.orders.values())
    assert orders[0].state is OrderState.ACTIVE
    assert orders[1].state is OrderState.WAITING
    assert not orders[1].claims
    assert reasons[orders[1].id].code == "CABIN_BUSY"
    assert orders[0].id in reasons[orders[1].id].text


def _stores_that_pass(overtaking_max: int, most: int) -> int:
    """How many stores begin before a retrieval that came first, when a customer with a car is always there already.

    Whenever the movers become free a stored car takes them, and when it has left its cabin the next customer drives in
    before the movers are back: what the retrieval needs is never free all at once, unless it is kept.
    """
    garage = _garage("tower-guangzhou", overtaking_max)
    cars = [v.id for v in garage.core.state.vehicles.values()][-2:]
    first, waiting = (_admitted(garage, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=car))) for car in cars)
    stores = [_admitted(garage, _new_car(0))]
    FirstCome().dispatch(garage.situation(), NearestFree())
    assert first.state is OrderState.ACTIVE
    for number in range(most):
        store = stores[-1]
        began = _store_is_ready(garage.situation(), store)
        if number == 0:
            _leg_is_carried(garage.situation(), first)  # its customer keeps the cabin to the end
        FirstCome().dispatch(garage.situation(), NearestFree())
        if not began:
            assert waiting.state is not OrderState.WAITING, "what was kept for it is free now"
            break
        assert store.legs, "a car that stands in a cabin comes first of all"
        _leave_cabin(garage, store)
        stores.append(_admitted(garage, _new_car(number + 1)))
        FirstCome().dispatch(garage.situation(), NearestFree())
        _store(garage, store)
        FirstCome().dispatch(garage.situation(), NearestFree())
        if waiting.state is not OrderState.WAITING:
            break
    return sum(store.state is not OrderState.WAITING for store in stores)


def _admitted(garage: RestingGarage, request: SubmitOrder) -> Order:
    order = admit(garage.situation(), request)
    assert isinstance(order, str), order
    return garage.core.state.orders[order]


def _new_car(number: int) -> SubmitOrder:
    data = VehicleData(id=f"new-{number}", length_mm=4500, width_mm=1900, height_mm=1500, weight_kg=1500)
    return SubmitOrder(kind="store", vehicle=data)


def _leave_cabin(garage: RestingGarage, store: Order) -> None:
    situation, leg, cabin = garage.situation(), store.legs[0], store.cabin or ""
    deck = garage.layout.shuttles[leg.shuttle].deck
    situation.log.write(ev.LegStarted(order=store.id, index=0))
    situation.log.write(ev.VehicleMoved(vehicle=store.vehicle, source=leg.source, target=deck, order=store.id))
    enter(situation, cabin, FREE, None)
    situation.log.write(ev.ClaimsFreed(order=store.id, claims=[cabin, leg.source]))
    garage.values[leg.shuttle] |= {"load_present": True, "load_clear": False}


def _store(garage: RestingGarage, store: Order) -> None:
    situation, leg = garage.situation(), store.legs[0]
    deck = garage.layout.shuttles[leg.shuttle].deck
    situation.log.write(ev.VehicleMoved(vehicle=store.vehicle, source=deck, target=leg.target, order=store.id))
    situation.log.write(ev.LegEnded(order=store.id, index=0))
    situation.log.write(ev.OrderEnded(order=store.id, outcome="done"))
    garage.values[leg.shuttle] |= {"load_present": False, "load_clear": True}


@pytest.mark.parametrize("bound", [0, 1, 3, 5])
def test_an_order_is_not_overtaken_more_often_than_the_bound_and_then_begins(bound: int) -> None:
    assert _stores_that_pass(bound, most=7) == bound


def test_without_the_bound_the_same_order_would_wait_as_long_as_customers_come() -> None:
    assert _stores_that_pass(100, most=7) == 8


def test_h07_a_shuttle_that_was_left_with_a_car_is_claimed_by_nobody_else_and_the_car_on_the_platform_waits() -> None:
    garage = _garage("garage-shuttle", 100)
    upper, other = [v.id for v in garage.core.state.vehicles.values() if (v.position or "").startswith("l1")][:2]
    order = _admitted(garage, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=upper)))
    _dispatch(garage, None)
    assert _leg_is_carried(garage.situation(), order)
    shuttle = order.missing_shuttle or ""
    deck = garage.layout.shuttles[shuttle].deck
    left = garage.core.state.vehicles[other]
    garage.situation().log.write(
        ev.VehicleMoved(vehicle=other, source=left.position or "", target=deck, order="by hand")
    )
    garage.values[shuttle] |= {"load_present": True, "load_clear": False}
    _dispatch(garage, None)
    assert shuttle not in garage.core.state.claims
    reason = run_order(garage.situation(), order, NearestFree())
    assert reason is not None
    assert (reason.code, other in reason.text) == ("POSITION_OCCUPIED", True)
    first = _admitted(garage, SubmitOrder(kind="retrieve", vehicle=VehicleData(id=other)))
    _dispatch(garage, None)
    assert garage.core.state.claims.get(shuttle) == first.id, "the car on the deck comes first of all"
