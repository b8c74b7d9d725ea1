"""``garagectl emulate``: the plant with physics and its PLCs on real sockets and lines, without any controller."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import settings, state_folder
from cli.failure import Failure
from cli.options import DEFAULT_CONFIG, Config, Json, Speed, State, state_dir
from cli.printing import print_json, print_line


def emulate(
    *,
    config: Config = DEFAULT_CONFIG,
    speed: Speed = 1.0,
    state: State = None,
    control_port: Annotated[
        int | None, typer.Option(help="Port on 127.0.0.1 for faults, cars and the verdict.", min=0, max=65535)
    ] = None,
    faulty_wires: Annotated[
        bool, typer.Option("--faulty-wires", help="Put a wire that can be disturbed before OPC UA servers too.")
    ] = False,
    scenario: Annotated[
        Path | None,
        typer.Option(help="Faults to inject at times or on events (TOML, see docs/faults.md).", metavar="FILE"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Emulate a garage's machine, people and PLCs at the addresses of its configuration, until told to end.

    Exits 0 whatever the plant has seen; its verdict is printed at the end.
    """
    garage = settings.load(config)
    folder = state_dir(state, garage.garage.id)
    state_folder.make(folder)
    # Imported late, so that no other command loads the plant.
    from sim_hardware.emulator import Emulator, EmulatorError, serve
    from sim_hardware.scenario import ScenarioError, load_scenario

    def ready(_emulator: Emulator) -> None:
        text = f"Emulating {garage.garage.name} at {speed:g} times the natural speed (lines in {folder})."
        sys.stderr.write(text + "\n")

    try:
        # An emulator that is never started knows all that the scenario may name, links included.
        play = None if scenario is None else load_scenario(scenario, Emulator(garage, folder, faulty_wires=True).garage)
        wires = faulty_wires or play is not None
        verdict = asyncio.run(
            serve(garage, folder, speed, control_port, faulty_wires=wires, scenario=play, ready=ready)
        )
    except (EmulatorError, ScenarioError) as error:
        raise Failure(error.code, error.text, error.remedy) from error
    if as_json:
        print_json({"violations": sum(verdict.counts.values()), "violations_by_kind": dict(verdict.counts)})
    elif verdict.clean:
        print_line("The plant has seen no violation.")
    else:
        print_line("The plant has seen: " + ", ".join(f"{count} {kind}" for kind, count in verdict.counts.items()))
