"""Orders are taken or refused with a code, a reason and a remedy, and a refusal changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core.order import OrderState
from controller.garage import Layout
from controller.local_link.messages import (
    Accepted,
    ClearDevice,
    Refused,
    Start,
    Stop,
    SubmitOrder,
    VehicleData,
    WithdrawOrder,
)
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parent.parent.parent / "config"


@pytest.fixture
def garage() -> RestingGarage:
    return RestingGarage(Layout(load_config(CONFIG / "tower-small.toml")))


def _refusal(garage: RestingGarage, request: SubmitOrder | WithdrawOrder | Start | ClearDevice) -> str:
    before = (len(garage.core.state.orders), dict(garage.core.state.occupant), dict(garage.core.state.claims))
    answer = garage.step(request).answers[0].answer
    assert isinstance(answer, Refused), answer
    after = (len(garage.core.state.orders), dict(garage.core.state.occupant), dict(garage.core.state.claims))
    assert before == after
    assert answer.reason.text
    assert answer.reason.remedy
    return answer.reason.code


def _car(garage: RestingGarage, index: int = 0) -> str:
    return list(garage.core.state.vehicles)[index]


def _retrieve(vehicle: str, **more: str) -> SubmitOrder:
    return SubmitOrder(kind="retrieve", vehicle=VehicleData(id=vehicle), **more)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (_retrieve("nobody"), "UNKNOWN_VEHICLE"),
        (_retrieve("nobody", cabin="cabin9"), "UNKNOWN_CABIN"),
        (SubmitOrder(kind="store", vehicle=VehicleData(id="x", length_mm=9000)), "VEHICLE_DOES_NOT_FIT"),
        (SubmitOrder(kind="store", vehicle=VehicleData(id="x", weight_kg=4000)), "VEHICLE_DOES_NOT_FIT"),
        (SubmitOrder(kind="store", vehicle=VehicleData(id="x"), target="attic"), "UNKNOWN_PLACE"),
        (WithdrawOrder(order="o-999999"), "UNKNOWN_ORDER"),
        (ClearDevice(device="lift7"), "UNKNOWN_DEVICE"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(
    garage: RestingGarage, order: SubmitOrder | WithdrawOrder | ClearDevice, code: str
) -> None:
    assert _refusal(garage, order) == code


def test_a_car_that_is_here_cannot_be_stored_again(garage: RestingGarage) -> None:
    request = SubmitOrder(kind="store", vehicle=VehicleData(id=_car(garage)))
    assert _refusal(garage, request) == "VEHICLE_ALREADY_HERE"


def test_a_car_with_an_open_order_cannot_be_ordered_again(garage: RestingGarage) -> None:
    garage.step(_retrieve(_car(garage)))
    assert _refusal(garage, _retrieve(_car(garage))) == "VEHICLE_ALREADY_ORDERED"


def test_a_relocation_to_a_taken_place_is_refused(garage: RestingGarage) -> None:
    taken = garage.core.state.vehicles[_car(garage, 1)].position
    request = SubmitOrder(kind="relocate", vehicle=VehicleData(id=_car(garage)), target=taken)
    assert _refusal(garage, request) == "PLACE_NOT_FREE"


def test_stores_are_refused_once_every_place_is_promised(garage: RestingGarage) -> None:
    codes = []
    for number in range(len(garage.layout.positions)):
        data = VehicleData(id=f"new-{number}")
        answer = garage.step(SubmitOrder(kind="store", vehicle=data)).answers[0].answer
        codes.append(
            "ok" if isinstance(answer, Accepted) else answer.reason.code if isinstance(answer, Refused) else ""
        )
    free = len(garage.layout.storage()) - len(garage.core.state.occupant)
    assert codes.count("ok") == free
    assert set(codes[free:]) == {"GARAGE_FULL"}


def test_the_same_key_and_body_give_the_same_order(garage: RestingGarage) -> None:
    request = _retrieve(_car(garage), key="k1", fingerprint="f1")
    first = garage.step(request).answers[0].answer
    second = garage.step(request).answers[0].answer
    assert isinstance(first, Accepted)
    assert isinstance(second, Accepted)
    assert first.order is not None
    assert second.order is not None
    assert (first.repeated, second.repeated) == (False, True)
    assert first.order.id == second.order.id
    assert len(garage.core.state.orders) == 1


def test_the_same_key_with_another_body_is_a_conflict(garage: RestingGarage) -> None:
    garage.step(_retrieve(_car(garage), key="k1", fingerprint="f1"))
    assert _refusal(garage, _retrieve(_car(garage, 1), key="k1", fingerprint="f2")) == "IDEMPOTENCY_CONFLICT"


def test_an_answer_waits_for_the_event_that_it_promises(garage: RestingGarage) -> None:
    result = garage.step(_retrieve(_car(garage)))
    assert result.events
    assert result.answers[0].after_seq == result.events[-1].seq


def test_a_waiting_order_is_withdrawn_at_once(garage: RestingGarage) -> None:
    garage.step(_retrieve(_car(garage)))
    garage.step(WithdrawOrder(order="o-000001"))
    assert garage.core.state.orders["o-000001"].state is OrderState.WITHDRAWN
    assert _refusal(garage, WithdrawOrder(order="o-000001")) == "ORDER_OVER"


def test_nothing_moves_before_a_person_has_started_h11(garage: RestingGarage) -> None:
    garage.step(_retrieve(_car(garage)))
    for _ in range(50):
        result = garage.step()
        assert all(not wish.permits and wish.command.code == 0 for wish in result.wishes.values())
    assert garage.core.state.orders["o-000001"].state is OrderState.WAITING


def test_the_garage_does_not_start_without_its_safety_plc_h10(garage: RestingGarage) -> None:
    safety = garage.layout.config.safety.id
    garage.missing.add(safety)
    assert _refusal(garage, Start()) == "DEVICE_UNREACHABLE"
    garage.missing.clear()
    garage.step(Start(actor="anna"))
    started = str(garage.core.state.mode)
    garage.step(Stop(actor="anna"))
    assert (started, str(garage.core.state.mode)) == ("automatic", "stopped")
