"""``garagectl plan-capacity``: how would a garage serve a demand, before it is built?

Owns the options, the seeds and the printing. The days themselves are ``controller.planning.capacity``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Annotated, Literal

import typer

from cli.capacity_plots import write_plots
from cli.demand_file import read_demand
from cli.failure import Failure
from cli.options import Config, Json
from cli.printing import err, out, print_json, print_line, table
from controller.config.finding import ConfigError
from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.garage import Layout
from controller.planning.capacity import Capacity, HourFigures, simulate
from controller.planning.demand import Profile
from controller.planning.machine import Machine, Rules
from controller.planning.peers import FirstCome
from controller.planning.planner import planner
from controller.planning.search import Effort

_ROWS_MAX = 9
_EFFORT = Effort(beam=6, tries_max=300, nodes_max=0)
"""Days are many and a plan for each moment need not be the last percent better."""
_LIVE = Rules(fetches_early=True, overlaps_legs=True, turns_waiting_cars=True)
"""What the controller lets the machine do (ADR 0029, ADR 0033, ADR 0034)."""

Demand = Annotated[
    Path, typer.Option("--demand", help="Who comes when, TOML; see docs/capacity.md.", metavar="FILE", dir_okay=False)
]
Days = Annotated[int, typer.Option("--days", help="So many days are simulated.", min=2, max=1000)]
Seed = Annotated[int, typer.Option("--seed", help="The same seed draws the same days.", min=0)]
Cabins = Annotated[int | None, typer.Option("--cabins", help="Only the first so many cabins.", min=1, metavar="N")]
Lifts = Annotated[int | None, typer.Option("--lifts", help="Only the first so many lifts.", min=1, metavar="N")]
LiftSpeed = Annotated[
    float | None, typer.Option("--lift-speed", help="Speed of every lift, mm/s.", min=50, max=5000, metavar="MM_S")
]
Dispatcher = Annotated[
    Literal["planner", "first-come"],
    typer.Option("--dispatcher", help="The planner as it runs live, or first come first served."),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="Write plots (PNG, HTML) and report.json here.", metavar="FOLDER")
]


def plan_capacity(
    config: Config,
    demand: Demand,
    *,
    days: Days = 10,
    seed: Seed = 1,
    cabins: Cabins = None,
    lifts: Lifts = None,
    lift_speed: LiftSpeed = None,
    dispatcher: Dispatcher = "planner",
    folder: Out = None,
    as_json: Json = False,
) -> None:
    """Simulate days of demand on a garage: waits by hour, how busy each unit is, and what limits it."""
    garage = _changed(_config(config), cabins, lifts, lift_speed)
    profile = read_demand(demand)
    machine = Machine(Layout(garage), rules=_LIVE)
    dice = [Random(f"{seed}-{day}") for day in range(days)]  # noqa: S311 - days must be reproducible
    with err.status("simulating ...") as status:
        try:
            capacity = simulate(
                machine,
                profile,
                FirstCome
                if dispatcher == "first-come"
                else lambda: planner(overtaking_max=garage.controller.overtaking_max, effort=_EFFORT),
                dice,
                lambda done: status.update(f"{done} of {days} days simulated"),
            )
        except ValueError as error:
            raise Failure("NO_CUSTOMERS", f"{error}.", "Raise the rates, or simulate more days.") from error
    document = _document(garage, dispatcher, seed, capacity)
    written: list[Path] = []
    if folder is not None:
        title = f"Capacity of {garage.garage.name or garage.garage.id}"
        written = write_plots(capacity, folder, title, _sentences(garage, dispatcher, capacity, profile))
        report = folder / "report.json"
        report.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        written.append(report)
    if as_json:
        print_json({**document, "files": [str(path) for path in written]})
        return
    _print(garage, dispatcher, capacity, profile)
    if folder is not None:
        print_line(f"Plots: {folder}/report.html")


def _config(file: Path) -> GarageConfig:
    try:
        return load_config(file)
    except ConfigError as error:
        raise Failure("CONFIG_REFUSED", str(error.findings[0]), f"Try: garagectl check-config {file}") from error


def _changed(garage: GarageConfig, cabins: int | None, lifts: int | None, speed_mm_s: float | None) -> GarageConfig:
    """The garage with what the options change.

    Raises:
        Failure: ``TOO_FEW_UNITS`` when the configuration has fewer units than are asked for, or a unit is left without
            what it rides on.
    """
    for name, count, there in (("cabins", cabins, garage.cabins), ("lifts", lifts, garage.lifts)):
        if count is not None and count > len(there):
            text = f"The configuration has {len(there)} {name}, not {count}."
            raise Failure("TOO_FEW_UNITS", text, "Add them there: a unit needs a place in the building.")
    kept = garage.lifts if lifts is None else garage.lifts[:lifts]
    stranded = [s.id for s in garage.shuttles if s.rides_on is not None and s.rides_on not in {one.id for one in kept}]
    if stranded:
        text = f"{', '.join(stranded)} would have no lift to ride on."
        raise Failure("TOO_FEW_UNITS", text, "Keep that lift.")
    if speed_mm_s is not None:
        kept = tuple(
            one.model_copy(update={"axis": one.axis.model_copy(update={"speed_mm_s": speed_mm_s})}) for one in kept
        )
    return garage.model_copy(
        update={"cabins": garage.cabins if cabins is None else garage.cabins[:cabins], "lifts": kept, "vehicles": ()}
    )


def _document(garage: GarageConfig, dispatcher: str, seed: int, capacity: Capacity) -> dict[str, object]:
    named = {"garage": garage.garage.id, "dispatcher": dispatcher, "is_what_the_core_does": dispatcher == "planner"}
    return {**named, "seed": seed, **asdict(capacity)}


def _sentences(garage: GarageConfig, dispatcher: str, capacity: Capacity, profile: Profile) -> list[str]:
    layout = Layout(garage)
    units = f"{len(layout.cabins)} cabins, {len(layout.lifts)} lifts, {len(layout.shuttles)} shuttles"
    waits = f"{capacity.mean_wait_s} s; 95 of 100 at most {capacity.p95_wait_s} s, the longest"
    limit = f"{capacity.bottleneck}, busy {capacity.bottleneck_busy:.0f} % of the busiest hour"
    parts = [
        f"{garage.garage.id}: {len(layout.storage())} places, {units}; {capacity.days} days, {dispatcher}.",
        f"{capacity.customers_per_day} customers a day wait {waits} {capacity.longest_wait_s:.0f} s.",
        f"{capacity.within_5_min} % wait 5 minutes at most. The garage is {profile.filled:.0%} full in the morning.",
        f"Bottleneck: {limit}.",
    ]
    if capacity.turned_away_per_day.value:
        parts.append(f"Turned away, with no place free or no car to fetch: {capacity.turned_away_per_day} a day.")
    if capacity.unserved:
        parts.append(f"Not served by the end: {capacity.unserved} customers. The garage cannot carry this demand.")
    return parts


def _print(garage: GarageConfig, dispatcher: str, capacity: Capacity, profile: Profile) -> None:
    for sentence in _sentences(garage, dispatcher, capacity, profile):
        out.print(sentence)
    hours = capacity.hours
    shown = sorted(sorted(hours, key=lambda one: -one.customers.value)[:_ROWS_MAX], key=lambda one: one.hour)
    out.print(table(("hour", "customers", "mean wait s", "p95 s", "longest s"), [_row(one) for one in shown]))
    if len(shown) < len(hours):
        out.print(f"The {len(shown)} busiest of {len(hours)} hours; --json has all.")
    out.print("Busy on average: " + ", ".join(f"{unit.unit} {unit.busy.value:.0f} %" for unit in capacity.units) + ".")


def _row(one: HourFigures) -> tuple[str, ...]:
    waits = (str(one.mean_wait_s), f"{one.p95_wait_s:.0f}", f"{one.longest_wait_s:.0f}")
    return (f"{one.hour % 24:02d}", str(one.customers), *waits)
