"""``garagectl status``: what the garage does, what is wrong, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cli.explain import waived
from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import out, print_json, print_line, table

_ENDED = frozenset({"done", "withdrawn", "failed"})


def status(*, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Show mode, readiness with its reasons, devices, cabins and open orders."""
    with GarageApi(url) as api:
        snapshot = api.get("/snapshot")
    if as_json:
        print_json(snapshot)
        return
    print_line(f"mode {snapshot['mode']}, {'ready' if snapshot['ready'] else 'not ready'} for orders")
    service = snapshot.get("service")
    if service is not None and service["share"] is not None:
        share = f"{service['share'] * 100:.0f} %"
        print_line(f"served within the promised time: {service['kept']} of {service['promised']} orders ({share})")
    for zone in snapshot["zones"]:
        print_line(f"zone {zone['id']}: emergency stop {zone['emergency_stop']}{_locks(zone)}")
    for reason in snapshot["reasons"]:
        out.print(f"  {reason['code']}: {reason['text']} {reason['remedy']}", markup=False)
    for waiver in snapshot.get("waivers", ()):
        for line in waived(waiver, out.width):
            print_line(line)
    out.print()
    out.print(table(("device", "state", "quality", "fault", "reason"), map(_device, snapshot["devices"])))
    out.print()
    out.print(table(("cabin", "phase", "car", "light", "outer", "inner"), map(_cabin, snapshot["cabins"])))
    out.print()
    print_orders([order for order in snapshot["orders"] if order["state"] not in _ENDED])


def _locks(zone: dict[str, Any]) -> str:
    holders = ", ".join(lock["person"] for lock in zone["locks"])
    return f", locked out by {holders}" if holders else ""


def print_orders(orders: list[dict[str, Any]]) -> None:
    """The orders as a table, each with why it waits or how it ended."""
    if not orders:
        print_line("No orders.")
        return
    out.print(table(("order", "kind", "car", "state", "done", "leg", "there at", "because"), map(_order, orders)))


def there_at(order: dict[str, Any]) -> str | None:
    """When a car is there, with its interval and what was promised, by this machine's time of day; None unknown."""
    if order.get("served_at") is not None:
        when = clock(order["served_at"])
    elif order.get("eta_ms") is not None:
        when = clock(order["eta_ms"])
        if order.get("eta_early_ms") is not None and order.get("eta_late_ms") is not None:
            when += f" ({clock(order['eta_early_ms'])} to {clock(order['eta_late_ms'])})"
    else:
        return None
    promised = order.get("promised_ms")
    return when if promised is None else f"{when}, promised by {clock(promised)}"


def clock(unix_ms: int) -> str:
    """A moment as the time of day here."""
    return datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone().strftime("%H:%M:%S")


def _device(device: dict[str, Any]) -> tuple[object, ...]:
    reason = device["reason"]
    fault = device["fault"]
    return (
        device["id"],
        device["state"],
        device["quality"],
        fault if fault and fault != "NONE" else None,
        None if reason is None else reason["text"],
    )


def _cabin(cabin: dict[str, Any]) -> tuple[object, ...]:
    return (cabin["id"], cabin["phase"], cabin["vehicle"], cabin["light"], cabin["outer_door"], cabin["inner_door"])


def _order(order: dict[str, Any]) -> tuple[object, ...]:
    reason = order["waiting_for"] or order["outcome"]
    return (
        order["id"],
        order["kind"],
        order["vehicle"],
        order["state"],
        f"{order['progress'] * 100:.0f} %",
        f"{order['leg']}/{order['legs']}",
        there_at(order),
        None if reason is None else f"{reason['code']}: {reason['text']} {reason['remedy']}".rstrip(),
    )
