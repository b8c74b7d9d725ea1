"""``garagectl campaign``: many seeds of virtual days in which anything may break, judged from outside.

Owns the command's options. Must never load the plant before it is asked to run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import DEFAULT_CONFIG, Json


def campaign(
    *,
    seeds: Annotated[int, typer.Option(help="How many seeds to run.", min=1, max=10_000_000)] = 10,
    first_seed: Annotated[int, typer.Option(help="The first of them.", min=0)] = 1,
    hours: Annotated[float, typer.Option(help="Length of each run in virtual time.", min=0.1, max=8760.0)] = 24.0,
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", "-c", help="Garages to run; may be given several times.", metavar="FILE"),
    ] = None,
    jobs: Annotated[int, typer.Option(help="Processes at once.", min=1, max=256)] = 1,
    fault_rate: Annotated[float, typer.Option(help="Factor on the usual mix of faults.", min=0, max=1000)] = 1.0,
    order_rate: Annotated[float, typer.Option(help="Factor on the usual number of orders.", min=0.01, max=100)] = 1.0,
    shorten: Annotated[
        bool, typer.Option("--shorten/--no-shorten", help="Look for a failure's shortest story.")
    ] = True,
    out: Annotated[Path | None, typer.Option(help="Folder for recordings of runs that failed.", metavar="DIR")] = None,
    replay: Annotated[
        Path | None, typer.Option(help="Run a recording again, and nothing else.", metavar="FILE")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the real controller against the emulated machine in virtual time, with everything from one seed.

    In the first phase anything may break; in the second everything heals, and every order must end. A failure prints
    its seed and its shortest story. Seed, commit and configuration reproduce a run bit by bit.
    """
    # Imported late, so that no other command loads the plant.
    from cli.campaign.session import Wanted, replay_recording, run_campaign

    if replay is not None:
        replay_recording(replay, as_json=as_json)
        return
    chosen = config or [DEFAULT_CONFIG]
    span = range(first_seed, first_seed + seeds)
    run_campaign(Wanted(span, hours, chosen, fault_rate, order_rate, jobs, out, shorten, as_json))
