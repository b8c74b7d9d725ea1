"""``garagectl demo --once``: one car in, another out, watched to the end, judged by the plant.

Owns which cars, how long they may take, and what the screen shows. Must never judge by the controller's word alone:
the verdict is the plant's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.order_commands import ENDED, told
from cli.plant_control import PlantControl
from cli.printing import out, print_line, table
from controller.config.models import GarageConfig

_NATURAL_LIMIT_S = 1200.0
_LEAST_LIMIT_S = 180.0
"""Longest time for both orders: 20 minutes by the plant's clock, and never below what the controller's own real-time
deadlines and exchanges take."""

_POLL_S = 0.25
_NEW_CAR = {"vehicle": "demo-puma", "model": "Ford Puma"}
_NEW_CAR_SIZE = {"length_mm": 4186, "width_mm": 1930, "height_mm": 1536, "weight_kg": 1280}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: every order as last seen, and the plant's violations."""

    orders: list[dict[str, Any]]
    violations: int
    counts: dict[str, int] = field(default_factory=dict)
    late: bool = False

    @property
    def good(self) -> bool:
        """Every order was carried out and the plant saw nothing wrong."""
        return not self.violations and not self.late and all(order["state"] == "done" for order in self.orders)

    def as_json(self) -> dict[str, object]:
        """The object with which ``--json`` ends."""
        return {
            "good": self.good,
            "violations": self.violations,
            "violations_by_kind": self.counts,
            "late": self.late,
            "orders": self.orders,
        }


class Once:
    """One store and one retrieval in a running demonstration."""

    def __init__(
        self, config: GarageConfig, url: str, control: PlantControl, pause: Callable[[float], None], speed: float
    ) -> None:
        self._config = config
        self._url = url
        self._control = control
        self._pause = pause
        self._limit_s = max(_LEAST_LIMIT_S, _NATURAL_LIMIT_S / speed)

    def run(self, *, quiet: bool) -> Outcome:
        """Do it and say how it ended.

        Raises:
            Failure: an order was refused, or a process ended.
        """
        with GarageApi(self._url) as api:
            names = [order["id"] for order in self._submit(api)]
            if quiet:
                orders, late = self._follow(api, names, _ignore)
            elif out.is_terminal:
                with Live(console=out, refresh_per_second=4, transient=False) as live:
                    orders, late = self._follow(api, names, lambda snapshot: live.update(_screen(snapshot, names)))
            else:
                orders, late = self._follow(api, names, _Lines(names))
        counts = self._control.violations()
        outcome = Outcome(orders, sum(counts.values()), counts, late)
        if not quiet:
            self._tell(outcome)
        return outcome

    def _submit(self, api: GarageApi) -> list[dict[str, Any]]:
        if not self._config.vehicles:
            raise Failure("NO_VEHICLE", "The configuration holds no car to retrieve.", "Add one to vehicles.")
        leaving = self._config.vehicles[-1].id
        body = {"kind": "store", **_NEW_CAR, **_NEW_CAR_SIZE}
        self._control.bring({"id": _NEW_CAR["vehicle"], **_NEW_CAR_SIZE})
        return [
            api.post("/orders", body, "demo-store"),
            api.post("/orders", {"kind": "retrieve", "vehicle": leaving}, "demo-retrieve"),
        ]

    def _follow(
        self, api: GarageApi, names: list[str], show: Callable[[dict[str, Any]], None]
    ) -> tuple[list[dict[str, Any]], bool]:
        until = time.monotonic() + self._limit_s
        while True:
            snapshot = api.get("/snapshot")
            orders = [order for order in snapshot["orders"] if order["id"] in names]
            show(snapshot)
            if len(orders) == len(names) and all(order["state"] in ENDED for order in orders):
                return orders, False
            if time.monotonic() > until:
                return orders, True
            self._pause(_POLL_S)

    def _tell(self, outcome: Outcome) -> None:
        if outcome.late:
            print_line(f"Not done after {self._limit_s:.0f} s:")
            for order in outcome.orders:
                print_line(f"  {told(order)}")
        if outcome.violations:
            kinds = ", ".join(f"{count} {kind}" for kind, count in outcome.counts.items())
            print_line(f"The plant reports {outcome.violations} violation(s): {kinds}.")
        else:
            print_line("The plant reports no violation.")
        print_line("Both orders are done." if outcome.good else "Not every order is done as it should be.")


def _ignore(_snapshot: dict[str, Any]) -> None:
    """Show nothing."""


class _Lines:
    """Progress where there is no screen: a line whenever an order says something new."""

    def __init__(self, names: list[str]) -> None:
        self._shown = dict.fromkeys(names, "")

    def __call__(self, snapshot: dict[str, Any]) -> None:
        for order in snapshot["orders"]:
            line = told(order)
            if self._shown.get(order["id"], line) != line:
                self._shown[order["id"]] = line
                print_line(line)


def _screen(snapshot: dict[str, Any], names: list[str]) -> Group:
    return Group(_orders(snapshot, names), "", _movers(snapshot))


def _orders(snapshot: dict[str, Any], names: list[str]) -> Table:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("order", "car", "at", "", "now"):
        rows.add_column(column, overflow="ellipsis", no_wrap=column != "now")
    for order in snapshot["orders"]:
        if order["id"] in names:
            reason = order["waiting_for"] or order["outcome"]
            now = ", ".join(filter(None, (order["state"], order["phase"]))) + (f": {reason['text']}" if reason else "")
            bar = ProgressBar(total=1.0, completed=float(order["progress"]), width=12)
            rows.add_row(order["kind"], order["vehicle"], order["cabin"] or "-", bar, now)
    return rows


def _movers(snapshot: dict[str, Any]) -> Table:
    carried = {position["id"]: position["vehicle"] for position in snapshot["positions"] if position["vehicle"]}
    rows = [
        (device["id"], device["state"].lower(), _where(device), _load(device["id"], carried))
        for device in snapshot["devices"]
        if device["kind"] in {"lift", "shuttle", "cabin"}
    ]
    return table(("device", "state", "where", "car"), rows)


def _where(device: dict[str, Any]) -> str:
    values = device["values"]
    position = values.get("position_mm")
    if position is not None:
        return f"{position} mm"
    angle = values.get("angle_mdeg")
    return "-" if angle is None else f"{angle / 1000:.0f} deg"


def _load(device: str, carried: dict[str, str]) -> str | None:
    return next(
        (carried[f"{device}-{part}"] for part in ("deck", "platform", "bay") if f"{device}-{part}" in carried), None
    )
