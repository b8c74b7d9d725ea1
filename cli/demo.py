"""``garagectl demo``: an emulated garage, its controller, its API and page, in one command."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli import settings, state_folder
from cli.demo_once import Once
from cli.demo_processes import CONTROLLER_END_S, PLANT_END_S, Child, EndedError, Ending
from cli.failure import Failure
from cli.free_endpoints import on_free_ports
from cli.garage_api import GarageApi
from cli.options import DEFAULT_CONFIG, Config, Json, Speed
from cli.plant_control import PlantControl
from cli.printing import err, print_json, print_line
from controller.config.load import save_config
from controller.config.models import GarageConfig

READY_S = 60.0
"""Longest time from the start until everything answers."""

_POLL_S = 0.1
_TO_CLEAR = frozenset({"STOPPED", "ABORTED"})


@dataclass(frozen=True, slots=True)
class Stage:
    """A running demonstration."""

    config: GarageConfig
    state: Path
    url: str
    plant: Child
    controller: Child
    control: PlantControl
    ending: Ending

    def pause(self, seconds: float) -> None:
        """Wait, while everything lives.

        Raises:
            EndedError: the end was asked for.
            Failure: a process ended.
        """
        self.plant.ensure_alive()
        self.controller.ensure_alive()
        self.ending.pause(seconds)


def demo(
    *,
    config: Config = DEFAULT_CONFIG,
    speed: Speed = 1.0,
    once: Annotated[
        bool, typer.Option("--once", help="Store one car, retrieve another, ask the plant for its verdict, and end.")
    ] = False,
    state: Annotated[
        Path | None, typer.Option(help="Empty or new folder for journal and logs; a temporary one if left out.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show a whole garage at work: emulated PLCs on real sockets, the controller, the API and the page."""
    ending = Ending()
    ending.listen()
    garage, moved = on_free_ports(settings.load(config))
    say = _quiet if as_json else print_line
    for move in moved:
        err.print(f"Port {move.configured} of {move.owner} is in use; the demonstration uses {move.used}.")
    say(f"Starting {garage.garage.name} at {speed:g} times the natural speed ...")
    with (
        contextlib.suppress(EndedError),
        _state_folder(state) as folder,
        _stage(garage, folder, speed, ending) as stage,
    ):
        _start(stage, quiet=as_json)
        if once:
            outcome = Once(stage.config, stage.url, stage.control, stage.pause, speed).run(quiet=as_json)
            if as_json:
                print_json(outcome.as_json())
            raise typer.Exit(0 if outcome.good else 1)
        _show(stage, as_json=as_json)
        while True:
            stage.pause(1.0)
    say("Everything has ended.")


def _quiet(_text: str) -> None:
    """Say nothing."""


@contextlib.contextmanager
def _state_folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        if given.exists() and any(given.iterdir()):
            text = f"{given} is not empty; a fresh plant would not be where an old journal believes it."
            raise Failure("STATE_NOT_EMPTY", text, "Give a new folder, or leave --state out.")
        state_folder.make(given)
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="garage-"))
    try:
        yield folder
    except (Failure, typer.Exit):
        err.print(f"Logs and journal are kept in {folder}.")
        raise
    except EndedError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _stage(config: GarageConfig, state: Path, speed: float, ending: Ending) -> Iterator[Stage]:
    file = state / "garage.json"
    save_config(config, file)
    common = ("--config", str(file), "--state", str(state))
    with contextlib.ExitStack() as stack:
        arguments = ("emulate", *common, "--speed", str(speed), "--control-port", "0")
        plant = Child("emulated plant", arguments, state / "plant.log")
        stack.callback(plant.end, PLANT_END_S)
        control = PlantControl(state)
        _await_plant(plant, control, ending)
        controller = Child("controller", ("run", *common), state / "controller.log")
        # Called before the plant's: the controller stops the machine while there still is one.
        stack.callback(controller.end, CONTROLLER_END_S)
        host = f"[{config.api.host}]" if ":" in config.api.host else config.api.host
        yield Stage(config, state, f"http://{host}:{config.api.port}", plant, controller, control, ending)


def _await_plant(plant: Child, control: PlantControl, ending: Ending) -> None:
    until = time.monotonic() + READY_S
    while not control.answers():
        plant.ensure_alive()
        if time.monotonic() > until:
            raise Failure("PLANT_SILENT", f"The emulated plant did not come up in {READY_S:.0f} s.", plant.last_lines())
        ending.pause(_POLL_S)


def _start(stage: Stage, *, quiet: bool) -> None:
    """Wait until every device answers, say what it waits for, and start the garage as its operator would."""
    shown: set[str] = set()
    until = time.monotonic() + READY_S
    cleared = False
    with GarageApi(stage.url) as api:
        while True:
            reasons, stopped = _obstacles(api)
            if not reasons and not stopped:
                break
            if time.monotonic() > until:
                text = f"The garage is not ready after {READY_S:.0f} s: {'; '.join(reasons) or stopped}."
                raise Failure("NOT_READY", text, f"The logs are in {stage.state}.")
            if not reasons and not cleared:
                api.post("/devices/all/clear")
                cleared = True
            if not quiet:
                _tell_new(reasons, shown)
            stage.pause(_POLL_S)
        api.post("/start")
    if not quiet:
        print_line(
            "Every PLC answers. Cleared them after their power-on and started automatic operation, as the operator."
        )


def _tell_new(reasons: list[str], shown: set[str]) -> None:
    """One line for each kind of reason; ages and counts in it change all the time."""
    for reason in reasons:
        code = reason.partition(":")[0]
        if code not in shown:
            shown.add(code)
            print_line(f"  waiting: {reason}")


def _obstacles(api: GarageApi) -> tuple[list[str], list[str]]:
    """What must pass by itself before the garage can be started, and the devices that a person has to clear."""
    try:
        snapshot = api.get("/snapshot")
    except Failure as failure:
        return [f"{failure.code}: {failure.text}"], []
    stopped = [device["id"] for device in snapshot["devices"] if device["state"] in _TO_CLEAR]
    if snapshot["ready_to_start"]:
        return [], stopped
    # That nobody has started or cleared anything is what this demonstration is about to change.
    others = [reason for reason in snapshot["reasons"] if reason["code"] not in {"NOT_STARTED", "DEVICE_STOPPED"}]
    return [f"{reason['code']}: {reason['text']}" for reason in others] or ["STARTING: The controller starts."], stopped


def _show(stage: Stage, *, as_json: bool) -> None:
    car = stage.config.vehicles[0].id if stage.config.vehicles else "VEHICLE"
    body = f'{{"kind": "retrieve", "vehicle": "{car}"}}'
    curl = f"curl -s -X POST {stage.url}/api/v1/orders -H 'Content-Type: application/json' -d '{body}'"
    if as_json:
        print_json({"url": stage.url, "state": str(stage.state), "curl": curl})
        return
    print_line("")
    print_line(f"  Open {stage.url}/ in a browser. To have a car brought down, paste this into another terminal:")
    print_line("")
    print_line(f"  {curl}")
    print_line("")
    print_line(f"  Logs and journal: {stage.state}. Ctrl-C ends everything.")
