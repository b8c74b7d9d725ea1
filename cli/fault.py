"""``garagectl fault``: break a sensor or a PLC of a running emulator, and repair it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import settings
from cli.options import DEFAULT_CONFIG, Config, Json, State, state_dir
from cli.plant_control import PlantControl
from cli.printing import out, print_json, print_line, table

app = typer.Typer(
    no_args_is_help=True,
    help="Break sensors and PLCs of a running emulator ('emulate --control-port 0', 'demo').",
)

Target = Annotated[
    str, typer.Argument(help="A sensor or status tag, as lift1.rope_taut, or a device.", metavar="TARGET")
]


class Kind(StrEnum):
    """Kinds of fault, as the emulator knows them; it refuses what does not fit the target."""

    STUCK = "stuck"
    INVERTED = "inverted"
    OFFSET = "offset"
    FLICKER = "flicker"
    BAD = "bad"
    FROZEN = "frozen"


class Point(StrEnum):
    """Where a fault sits."""

    SENSOR = "sensor"
    TAG = "tag"


@app.command(epilog="Example: garagectl fault inject lift1.rope_taut --kind stuck --value 0")
def inject(
    target: Target,
    *,
    kind: Annotated[Kind, typer.Option(help="What is wrong with it.")],
    value: Annotated[int | None, typer.Option(help="Where it sticks, by how much it is off, other side.")] = None,
    period_ms: Annotated[int | None, typer.Option(help="Of a flicker, there and back.")] = None,
    at: Annotated[
        Point | None, typer.Option(help="Lie to the PLC too (sensor), or only to who reads it (tag).")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Put a fault in, in place of one that the target has. What is not supported is refused."""
    wish = {"target": target, "kind": kind.value, "value": value, "period_ms": period_ms, "point": at}
    placed = _plant(config, state).inject({name: entry for name, entry in wish.items() if entry is not None})
    if as_json:
        print_json(placed)
    else:
        print_line(f"{_told(placed)}. Repair it with 'garagectl fault clear {target}'.")


@app.command(epilog="Example: garagectl fault clear lift1.rope_taut")
def clear(
    target: Annotated[
        str | None, typer.Argument(help="What to repair; everything if left out.", metavar="[TARGET]")
    ] = None,
    *,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Repair a target, or everything. Trips and stops stay until somebody clears and starts."""
    cleared = _plant(config, state).repair(target)
    if as_json:
        print_json({"cleared": cleared})
    else:
        print_line(f"{cleared} repaired.")


@app.command("list", epilog="Example: garagectl fault list --json")
def list_(*, config: Config = DEFAULT_CONFIG, state: State = None, as_json: Json = False) -> None:
    """Show the faults that there are now; with --json also every sensor that could have one."""
    found = _plant(config, state).faults()
    if as_json:
        print_json(found)
        return
    if not found["faults"]:
        print_line("No faults.")
        return
    columns = ("target", "kind", "value", "period_ms", "point")
    out.print(table(columns, [[fault[column] for column in columns] for fault in found["faults"]]))


def _plant(config: Path, state: Path | None) -> PlantControl:
    return PlantControl(state_dir(state, settings.load(config).garage.id))


def _told(fault: dict[str, Any]) -> str:
    where = {"sensor": "at the sensor", "tag": "in the PLC's status", "plc": "as a whole"}[fault["point"]]
    figures = [f"{name} {fault[name]}" for name in ("value", "period_ms") if fault[name] is not None]
    return f"{fault['target']} is now {fault['kind']} {where}" + (f" ({', '.join(figures)})" if figures else "")
