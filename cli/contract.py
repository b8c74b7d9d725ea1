"""``garagectl contract``: the register and node tables that the PLCs of a garage must offer."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import settings
from cli.failure import Failure
from cli.options import DEFAULT_CONFIG, Config, Json
from cli.printing import print_json, print_line
from controller.config.finding import suggestion


def contract(
    *,
    config: Config = DEFAULT_CONFIG,
    device: Annotated[str | None, typer.Option(help="Only this device, as lift1; all of them if left out.")] = None,
    codes: Annotated[
        bool, typer.Option("--codes", help="Also what acknowledgements, endings and faults mean.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the tables of a garage's devices as Markdown or JSON, each under its own profile."""
    from controller.shell.links import bindings_of
    from plc_drivers.contract_tables import codes_markdown, device_table, to_json, to_markdown

    garage = settings.load(config)
    bindings = [binding for link in garage.links for binding in bindings_of(garage, link.id)]
    names = [binding.device for binding in bindings]
    if device is not None and device not in names:
        raise Failure("UNKNOWN_DEVICE", f"There is no device {device!r} in {config}.", suggestion(device, names))
    tables = [device_table(binding) for binding in bindings if device in {None, binding.device}]
    if as_json:
        print_json({"garage": garage.garage.id, "devices": [to_json(table) for table in tables]})
        return
    for table in tables:
        print_line(to_markdown(table))
    if codes:
        print_line(codes_markdown())
