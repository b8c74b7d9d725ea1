"""``garagectl orders``, ``retrieve``, ``store``, ``relocate`` and ``withdraw``: orders over the HTTP API."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import print_json, print_line
from cli.status import print_orders

POLL_S = 0.5
ENDED = frozenset({"done", "withdrawn", "failed"})

Vehicle = Annotated[str, typer.Argument(help="The car's id.", metavar="VEHICLE")]
Cabin = Annotated[str | None, typer.Option(help="The cabin to use; any that suits if left out.")]
Key = Annotated[str | None, typer.Option(help="Idempotency key: sent again, it gives the same order.")]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the order to its end; exit 1 when it is not carried out.")]
Size = Annotated[int | None, typer.Option(min=1)]


def orders(
    order: Annotated[str | None, typer.Argument(help="One order's id; all of them if left out.")] = None,
    *,
    vehicle: Annotated[str | None, typer.Option(help="Only orders of this car.")] = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the open and the last ended orders, or show one."""
    with GarageApi(url) as api:
        if order is not None:
            document = api.get(f"/orders/{order}")
        else:
            document = api.get("/orders", **({} if vehicle is None else {"vehicle": vehicle}))
    if as_json:
        print_json(document)
    else:
        print_orders([document] if order is not None else document["orders"])


def retrieve(
    vehicle: Vehicle,
    *,
    cabin: Cabin = None,
    wait: Wait = False,
    key: Key = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Bring a car to a cabin and hand it over."""
    body = {"kind": "retrieve", "vehicle": vehicle, "cabin": cabin}
    _submit(url, body, key, wait=wait, as_json=as_json)


def store(
    vehicle: Vehicle,
    *,
    cabin: Cabin = None,
    model: Annotated[str | None, typer.Option(help="Make and model, for people.")] = None,
    length_mm: Size = None,
    width_mm: Size = None,
    height_mm: Size = None,
    weight_kg: Size = None,
    electric: Annotated[bool | None, typer.Option("--electric", help="It is an electric car.")] = None,
    wait: Wait = False,
    key: Key = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Take in a car at a cabin. Sizes are what the customer says; the cabin measures."""
    body = {
        "kind": "store",
        "vehicle": vehicle,
        "cabin": cabin,
        "model": model,
        "length_mm": length_mm,
        "width_mm": width_mm,
        "height_mm": height_mm,
        "weight_kg": weight_kg,
        "electric": electric,
    }
    _submit(url, body, key, wait=wait, as_json=as_json)


def relocate(
    vehicle: Vehicle,
    *,
    target: Annotated[str | None, typer.Option(help="The place to use; one that suits if left out.")] = None,
    wait: Wait = False,
    key: Key = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Bring a car to another place inside the garage."""
    _submit(url, {"kind": "relocate", "vehicle": vehicle, "target": target}, key, wait=wait, as_json=as_json)


def withdraw(
    order: Annotated[str, typer.Argument(help="The order's id.", metavar="ORDER")],
    *,
    immediate: Annotated[
        bool, typer.Option("--immediate", help="Stop its movers where they are, instead of in a defined place.")
    ] = False,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Withdraw an order: what is in motion ends in a defined place first."""
    with GarageApi(url) as api:
        document = api.delete(f"/orders/{order}", immediate=str(immediate).lower())
    if as_json:
        print_json(document)
    else:
        print_line(f"Order {order} is being withdrawn.")
        _print_follow(order, url)


def _submit(url: str, body: Mapping[str, object], key: str | None, *, wait: bool, as_json: bool) -> None:
    given = {name: value for name, value in body.items() if value is not None}
    with GarageApi(url) as api:
        order = api.post("/orders", given, key or f"cli-{uuid.uuid4().hex}")
        if wait:
            order = _follow(api, order, quiet=as_json)
    if as_json:
        print_json(order)
    elif not wait:
        print_line(f"Order {order['id']} accepted: {order['kind']} {order['vehicle']}.")
        _print_follow(order["id"], url)
    if wait and order["state"] != "done":
        outcome = order["outcome"] or {}
        text = f"Order {order['id']} ended as {order['state']}: {outcome.get('text', 'no reason was given')}"
        failure = Failure(str(outcome.get("code", "ORDER_NOT_DONE")), text, str(outcome.get("remedy", "")))
        raise failure.reported() if as_json else failure


def _print_follow(order: str, url: str) -> None:
    print_line(f"Follow it: garagectl orders {order}{'' if url == DEFAULT_URL else f' --url {url}'}")


def _follow(api: GarageApi, order: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    shown = ""
    while order["state"] not in ENDED:
        line = told(order)
        if line != shown and not quiet:
            print_line(line)
            shown = line
        time.sleep(POLL_S)
        order = api.get(f"/orders/{order['id']}")
    if not quiet:
        print_line(told(order))
    return order


def told(order: dict[str, Any]) -> str:
    """An order in one line: what it does now, and what it waits for."""
    reason = order["waiting_for"] or order["outcome"]
    because = f", {reason['code']}: {reason['text']} {reason['remedy']}".rstrip() if reason else ""
    place = f" at {order['cabin']}" if order["cabin"] else ""
    phase = f", {order['phase']}" if order["phase"] else ""
    return f"{order['kind']} {order['vehicle']}{place}: {order['state']}{phase}{because}"
