"""``garagectl fault``: break whatever the fault model has at a running emulator, and repair it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import settings
from cli.options import DEFAULT_CONFIG, Config, Json, State, state_dir
from cli.plant_control import PlantControl
from cli.printing import out, print_json, print_line, table
from sim_hardware.fault import FaultKind
from sim_hardware.fault_kinds import KINDS

app = typer.Typer(
    no_args_is_help=True,
    help="Break sensors, PLCs, links and machines of a running emulator ('emulate --control-port 0', 'demo').",
)

Target = Annotated[
    str,
    typer.Argument(
        help="A sensor or status tag (lift1.rope_taut), a device, a part (lift1.drive), zone1, site, a link, a cabin.",
        metavar="TARGET",
    ),
]


class Point(StrEnum):
    """Where a fault sits."""

    SENSOR = "sensor"
    TAG = "tag"


@app.command(epilog="Example: garagectl fault inject lift1.rope_taut --kind stuck --value 0")
def inject(
    target: Target,
    *,
    kind: Annotated[FaultKind, typer.Option(help="What is wrong with it; docs/faults.md explains each.")],
    value: Annotated[int | None, typer.Option(help="What the kind needs: a value, by how much, which byte.")] = None,
    period_ms: Annotated[int | None, typer.Option(help="Of a flicker, there and back; how late.")] = None,
    peer: Annotated[str | None, typer.Option(help="The other sensor, of swapped.")] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", help="Seconds after which it repairs itself.", min=0.001, metavar="SECONDS")
    ] = None,
    at: Annotated[
        Point | None, typer.Option(help="Lie to the PLC too (sensor), or only to who reads it (tag).")
    ] = None,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    as_json: Json = False,
) -> None:
    """Put a fault in, in place of one that the target has. What is not supported is refused."""
    wish = {"target": target, "kind": kind.value, "value": value, "period_ms": period_ms, "point": at, "peer": peer}
    wish["for_ms"] = None if for_s is None else max(1, round(for_s * 1000))
    placed = _plant(config, state).inject({name: entry for name, entry in wish.items() if entry is not None})
    if as_json:
        print_json(placed)
    else:
        lasts = KINDS[kind].lasts
        print_line(f"{_told(placed)}. " + (f"Repair it with 'garagectl fault clear {target}'." if lasts else "Done."))


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


_FIGURES = ("value", "period_ms", "peer", "for_ms")
_WHERE = {"sensor": "at the sensor", "tag": "in the PLC's status", "plc": "as a whole"}


def _told(fault: dict[str, Any]) -> str:
    where = f" {_WHERE[fault['point']]}" if fault["point"] in _WHERE else ""
    figures = [f"{name} {fault[name]}" for name in _FIGURES if fault.get(name) is not None]
    return f"{fault['target']} is now {fault['kind']}{where}" + (f" ({', '.join(figures)})" if figures else "")
