"""``garagectl run``: the controller of one garage, until it is told to end."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import settings
from cli.options import DEFAULT_CONFIG, Config, State, state_dir
from cli.printing import print_line


def run(
    *,
    config: Config = DEFAULT_CONFIG,
    state: State = None,
    api: Annotated[bool, typer.Option("--api/--no-api", help="Serve the HTTP API from a process of its own.")] = True,
    host: Annotated[str | None, typer.Option(help="Address to listen on instead of api.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on instead of api.port.", min=0, max=65535)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the address as JSON before starting.")] = False,
) -> None:
    """Run the controller of a garage. SIGTERM or Ctrl-C bring all motion to a controlled stop, then end it."""
    garage = settings.load(config)
    folder = state_dir(state, garage.garage.id)
    listen = (garage.api.host if host is None else host, garage.api.port if port is None else port)
    if as_json:
        from cli.printing import print_json

        print_json({"garage": garage.garage.id, "state": str(folder), "api": list(listen) if api else None})
    elif api:
        print_line(f"{garage.garage.name}: http://{listen[0]}:{listen[1]} (state in {folder})")
    # Imported late, so that no other command loads the drivers.
    from controller.shell.run import main

    raise typer.Exit(main(garage, folder, api=api, host=listen[0], port=listen[1]))
