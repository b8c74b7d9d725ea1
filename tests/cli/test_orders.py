"""Orders, status and a person's decisions over the HTTP API."""

from __future__ import annotations

from typing import Any

import pytest

from cli import operate, order_commands
from tests.cli.garagectl import Garagectl
from tests.cli.scripted_api import scripted_api

ORDERS = ("POST", "/api/v1/orders")
ONE = ("GET", "/api/v1/orders/o-1")


def order(**changes: Any) -> dict[str, Any]:
    return {
        "id": "o-1",
        "kind": "retrieve",
        "vehicle": "kuga-01",
        "state": "waiting",
        "phase": "claiming",
        "cabin": None,
        "leg": 0,
        "legs": 2,
        "progress": 0.0,
        "waiting_for": None,
        "outcome": None,
    } | changes


def reason(code: str, text: str = "A text.", remedy: str = "A remedy.") -> dict[str, str]:
    return {"code": code, "text": text, "remedy": remedy}


def test_retrieve_sends_only_what_was_given_and_a_key(garagectl: Garagectl) -> None:
    with scripted_api({ORDERS: [(201, order())]}) as api:
        ran = garagectl("retrieve", "kuga-01", "--cabin", "cabin1", "--url", api.url)
    assert ran.code == 0
    assert "o-1" in ran.out
    _, _, body, headers = api.asked[0]
    assert body == {"kind": "retrieve", "vehicle": "kuga-01", "cabin": "cabin1"}
    assert headers["Idempotency-Key"].startswith("cli-")


def test_store_says_what_the_customer_says(garagectl: Garagectl) -> None:
    arguments = ("--model", "Ford Kuga", "--height-mm", "1700", "--electric", "--key", "mine", "--json")
    with scripted_api({ORDERS: [(201, order(kind="store"))]}) as api:
        ran = garagectl("store", "kuga-09", *arguments, "--url", api.url)
    assert ran.document["kind"] == "store"
    _, _, body, headers = api.asked[0]
    assert body == {"kind": "store", "vehicle": "kuga-09", "model": "Ford Kuga", "height_mm": 1700, "electric": True}
    assert headers["Idempotency-Key"] == "mine"


def test_relocate_names_its_target(garagectl: Garagectl) -> None:
    with scripted_api({ORDERS: [(201, order(kind="relocate"))]}) as api:
        assert garagectl("relocate", "kuga-01", "--target", "l1-c1-left", "--url", api.url).code == 0
    assert api.asked[0][2] == {"kind": "relocate", "vehicle": "kuga-01", "target": "l1-c1-left"}


def test_a_refusal_is_one_line_with_code_and_remedy(garagectl: Garagectl) -> None:
    problem = {"code": "UNKNOWN_VEHICLE", "detail": "There is no car x.", "remedy": "Look at the vehicles."}
    with scripted_api({ORDERS: [(404, problem)]}) as api:
        ran = garagectl("retrieve", "x", "--url", api.url)
    assert ran.code == 1
    assert ran.err == "UNKNOWN_VEHICLE: There is no car x. Look at the vehicles.\n"


def test_reasons_and_fields_of_a_problem_are_told(garagectl: Garagectl) -> None:
    problem = {"code": "NOT_READY", "detail": "Not now.", "remedy": "Wait.", "reasons": [reason("LINK_DOWN", "It is.")]}
    problem["errors"] = [{"at": "body.vehicle", "text": "too long"}]
    with scripted_api({("POST", "/api/v1/start"): [(409, problem)]}) as api:
        ran = garagectl("start", "--url", api.url)
    assert "LINK_DOWN: It is." in ran.err
    assert "body.vehicle: too long" in ran.err


@pytest.mark.parametrize(
    ("ended", "code"),
    [(order(state="done", progress=1.0), 0), (order(state="failed", outcome=reason("NO_LOAD", "Gone.")), 1)],
)
def test_wait_follows_an_order_to_its_end(
    garagectl: Garagectl, monkeypatch: pytest.MonkeyPatch, ended: dict[str, Any], code: int
) -> None:
    monkeypatch.setattr(order_commands, "POLL_S", 0.01)
    waiting = order(waiting_for=reason("CABIN_BUSY", "Cabin1 is in use."))
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = {
        ORDERS: [(201, order())],
        ONE: [(200, waiting), (200, order(state="active")), (200, ended)],
    }
    with scripted_api(answers) as api:
        ran = garagectl("retrieve", "kuga-01", "--wait", "--url", api.url)
    assert ran.code == code
    assert "CABIN_BUSY: Cabin1 is in use. A remedy." in ran.out
    assert ended["state"] in ran.out
    assert ("NO_LOAD" in ran.err) == bool(code)


def test_orders_lists_all_or_one(garagectl: Garagectl) -> None:
    listed = order(state="active", progress=0.5, waiting_for=reason("CABIN_BUSY"))
    with scripted_api({("GET", "/api/v1/orders"): [(200, {"orders": [listed]})], ONE: [(200, listed)]}) as api:
        ran = garagectl("orders", "--vehicle", "kuga-01", "--url", api.url)
        one = garagectl("orders", "o-1", "--json", "--url", api.url)
    assert "kuga-01" in ran.out
    assert "50 %" in ran.out
    assert "A remedy." in " ".join(ran.out.split())
    assert "vehicle=kuga-01" in api.asked[0][1]
    assert one.document["id"] == "o-1"


def test_withdraw_says_whether_at_once(garagectl: Garagectl) -> None:
    with scripted_api({("DELETE", "/api/v1/orders/o-1"): [(200, order(state="withdrawing"))]}) as api:
        ran = garagectl("withdraw", "o-1", "--immediate", "--url", api.url)
    assert ran.code == 0
    assert f"garagectl orders o-1 --url {api.url}" in ran.out
    assert api.asked[0][1].endswith("?immediate=true")


def test_status_shows_everything_within_80_columns(garagectl: Garagectl) -> None:
    device = {"id": "lift1", "state": "ABORTED", "quality": "good", "fault": "OVERSPEED"}
    device["reason"] = reason("FAULT", "The lift was faster than it may be, and somebody must look at it.")  # type: ignore[assignment]
    cabin = {"id": "cabin1", "phase": "free", "vehicle": None, "light": "red", "outer_door": "closed"}
    snapshot = {
        "mode": "stopped",
        "ready": False,
        "reasons": [reason("NOT_STARTED", "Nobody has started it.", "Start it.")],
        "devices": [device],
        "cabins": [cabin | {"inner_door": "closed"}],
        "orders": [order(), order(id="o-0", state="done")],
        "zones": [],
    }
    with scripted_api({("GET", "/api/v1/snapshot"): [(200, snapshot)]}) as api:
        ran = garagectl("status", "--url", api.url)
    assert ran.code == 0
    assert "NOT_STARTED: Nobody has started it. Start it." in ran.out
    assert "OVERSPEED" in ran.out
    assert "o-0" not in ran.out
    assert max(len(line) for line in ran.out.splitlines()) <= 80


@pytest.mark.parametrize(("command", "path"), [("start", "/start"), ("stop", "/stop")])
def test_a_persons_decisions_reach_their_address(garagectl: Garagectl, command: str, path: str) -> None:
    with scripted_api({("POST", f"/api/v1{path}"): [(200, {"accepted": True})]}) as api:
        assert garagectl(command, "--url", api.url).code == 0
    assert api.asked[0][:2] == ("POST", f"/api/v1{path}")


def device(name: str, state: str, why: dict[str, str] | None = None, kind: str = "lift") -> dict[str, Any]:
    return {"id": name, "kind": kind, "state": state, "reason": why}


def test_clear_tells_what_came_of_it_once_the_device_has_left_its_stop(
    garagectl: Garagectl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operate, "POLL_S", 0.01)
    seen = [device("lift1", "STOPPED", reason("DEVICE_STOPPED")), device("lift1", "IDLE", reason("NEEDS_START"))]
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = {
        ("POST", "/api/v1/devices/lift1/clear"): [(200, {"accepted": True})],
        ("GET", "/api/v1/devices/lift1"): [(200, view) for view in seen],
    }
    with scripted_api(answers) as api:
        ran = garagectl("clear", "lift1", "--url", api.url)
    assert (ran.code, ran.out) == (0, "lift1: cleared, IDLE\n")


@pytest.mark.parametrize("as_json", [False, True])
def test_clear_names_what_is_still_stopped_and_why_and_exits_1(
    garagectl: Garagectl, monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    monkeypatch.setattr(operate, "POLL_S", 0.01)
    monkeypatch.setattr(operate, "CLEARED_WITHIN_S", 0.05)
    pressed = reason("DEVICE_STOPPED", "cabin1 is ABORTED: the safety circuit is open.", "Reset at the machine.")
    views = [device("lift1", "IDLE"), device("cabin1", "ABORTED", pressed, "cabin")]
    views.append(device("safety1", "IDLE", reason("NO_ANSWER"), "safety"))
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = {
        ("POST", "/api/v1/devices/all/clear"): [(200, {"accepted": True})],
        ("GET", "/api/v1/devices"): [(200, {"devices": views})],
    }
    with scripted_api(answers) as api:
        ran = garagectl("clear", "all", *(["--json"] if as_json else []), "--url", api.url)
    assert ran.code == 1
    assert "NOT_CLEARED: Still stopped: cabin1." in ran.err
    if as_json:
        told = {entry["device"]: entry["cleared"] for entry in ran.document["error"]["devices"]}
        assert told == {"lift1": True, "cabin1": False}
    else:
        assert "lift1: cleared, IDLE" in ran.out
        assert "cabin1: not cleared, ABORTED. cabin1 is ABORTED: the safety circuit is open. Reset at" in ran.out


def test_something_else_at_the_address_is_told_from_a_garage(garagectl: Garagectl) -> None:
    with scripted_api({("GET", "/api/v1/snapshot"): [(200, b"<html>")]}) as api:
        ran = garagectl("status", "--url", api.url)
    assert ran.code == 1
    assert "NOT_A_GARAGE" in ran.err
