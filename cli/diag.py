"""``garagectl diag link`` and ``diag io``: straight to the PLCs, reading only."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import settings
from cli.failure import Failure
from cli.options import DEFAULT_CONFIG, Config, Json, State, state_dir
from controller.config.finding import suggestion
from controller.config.sections import devices

app = typer.Typer(
    no_args_is_help=True, help="Ask the PLCs directly, with or without the controller running. Reads only."
)

Seconds = Annotated[float, typer.Option(help="How long to listen at most.", min=0.2, max=3600.0)]


@app.command(epilog="Example: garagectl diag link --config config/tower-small.toml --seconds 5")
def link(
    name: Annotated[
        str | None, typer.Argument(help="One link's id; all of them if left out.", metavar="[LINK]")
    ] = None,
    *,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    seconds: Seconds = 3.0,
    as_json: Json = False,
) -> None:
    """Does every PLC answer, how fast, and is it the right one? Exits 1 when something is not as it must be."""
    from cli import diag_report, plc_reader

    garage = settings.load(config)
    names = [section.id for section in garage.links]
    if name is not None and name not in names:
        raise Failure("UNKNOWN_LINK", f"There is no link {name!r} in {config}.", suggestion(name, names))
    wanted = names if name is None else [name]
    heard = plc_reader.hear(garage, state_dir(state, garage.garage.id), wanted, seconds, whole_time=True)
    diag_report.print_links(heard, as_json=as_json)
    if not heard.sound:
        raise diag_report.failure(heard).reported()


@app.command(epilog="Example: garagectl diag io lift1 --config config/tower-small.toml")
def io(
    unit: Annotated[str, typer.Argument(help="The device's id, as lift1.", metavar="UNIT")],
    *,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    seconds: Seconds = 3.0,
    as_json: Json = False,
) -> None:
    """Show every status tag of one device with value, unit and meaning. Exits 1 when its readings are not good."""
    from cli import diag_report, plc_reader

    garage = settings.load(config)
    known = {device.id: device.link for _, device in devices(garage)}
    if unit not in known:
        raise Failure("UNKNOWN_DEVICE", f"There is no device {unit!r} in {config}.", suggestion(unit, known))
    heard = plc_reader.hear(garage, state_dir(state, garage.garage.id), [known[unit]], seconds, only=unit)
    diag_report.print_tags(heard.images[unit], as_json=as_json)
    if not heard.sound:
        raise diag_report.failure(heard).reported()
