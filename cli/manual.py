"""``garagectl manual``: one axis moves for as long as a key is pressed, or for a given time.

Owns the refreshing of the hold, and that every way out of the command lets the axis go.
"""

from __future__ import annotations

import contextlib
import select
import sys
import termios
import time
import tty
import uuid
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Annotated

import typer

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import print_json, print_line

REFRESH_S = 0.12
"""How often the hold is refreshed; the controller lets go after 0.4 s without."""

TIMEOUT_S = 2.0
FIRST_REPEAT_S = 0.7
"""A keyboard repeats a key that is kept pressed after up to so long, and then about every 0.03 s."""

NEXT_REPEAT_S = 0.25


class AxisName(StrEnum):
    """An axis that can be held."""

    TRAVEL = "travel"
    FORKS = "forks"
    TURNTABLE = "turntable"


class Direction(StrEnum):
    """Where it goes."""

    FORWARD = "forward"
    BACK = "back"


def manual(
    unit: Annotated[str, typer.Argument(help="The device whose key is in manual, as lift1.", metavar="UNIT")],
    axis: Annotated[AxisName, typer.Argument(help="Forks only come home by hand.")],
    direction: Annotated[Direction, typer.Argument(help="Up, to rising columns, or away from them.")],
    *,
    person: Annotated[str, typer.Option(help="Your own name: it goes into the journal.", metavar="NAME")],
    seconds: Annotated[
        float | None, typer.Option(min=0.1, max=60, help="Hold for so long instead of while a key is pressed.")
    ] = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Move one axis by hand, slowly, while the space bar is kept pressed; its key switch must be in manual.

    Letting the key go, Ctrl-C, and a lost connection stop it. Every interlock stays on. Exits 1 when it may not move.
    """
    began_s = time.monotonic()
    body = {"unit": unit, "axis": axis.value, "direction": direction.value, "person": person}
    with GarageApi(url, timeout_s=TIMEOUT_S) as api:
        code = _hold(api, body, seconds, quiet=as_json)
    held_s = round(time.monotonic() - began_s, 2)
    if as_json:
        print_json({**body, "held_s": held_s, "ended": code})
    else:
        print_line(f"{unit} {axis.value}: {'at the end of its way' if code == 'END_OF_WAY' else 'released'}.")


def _hold(api: GarageApi, body: dict[str, str], seconds: float | None, *, quiet: bool) -> str:
    """Refresh until the key is let go; why it ended. Always lets go, whatever happens."""
    press = f"cli-{uuid.uuid4().hex}"
    with _pressed(seconds, quiet=quiet) as is_pressed:
        try:
            while is_pressed():
                api.post("/manual/hold", {**body, "press": press})
        except KeyboardInterrupt:
            return "RELEASED"
        except Failure as failure:
            if failure.code == "HOLD_ENDED" and failure.text.startswith("END_OF_WAY"):
                return "END_OF_WAY"
            raise
        finally:
            # A release that does not arrive changes little: the controller lets go by itself.
            with contextlib.suppress(Failure):
                api.post("/manual/release", {"press": press})
    return "RELEASED"


@contextlib.contextmanager
def _pressed(seconds: float | None, *, quiet: bool) -> Iterator[Callable[[], bool]]:
    """A question that waits ``REFRESH_S`` and tells whether the button is still pressed."""
    if seconds is not None:
        yield _for(seconds)
    elif sys.stdin.isatty():
        with _raw_keys():
            if not quiet:
                print_line("Keep the space bar pressed to move; let it go to stop.")
            yield _while_a_key_repeats()
    else:
        raise Failure("NO_KEYBOARD", "There is no keyboard to hold.", "Give --seconds, or use a terminal.")


def _for(seconds: float) -> Callable[[], bool]:
    until_s = time.monotonic() + seconds
    first = True

    def is_pressed() -> bool:
        nonlocal first
        if not first:
            time.sleep(REFRESH_S)
        first = False
        return time.monotonic() < until_s

    return is_pressed


def _while_a_key_repeats() -> Callable[[], bool]:
    allowed_s = 60.0  # before the first press, for a person to find the key
    heard_s = time.monotonic()
    began = False

    def is_pressed() -> bool:
        nonlocal allowed_s, heard_s, began
        wait_s = REFRESH_S if began else allowed_s
        if select.select([sys.stdin], [], [], wait_s)[0]:
            sys.stdin.read(1)
            while select.select([sys.stdin], [], [], 0)[0]:
                sys.stdin.read(1)
            allowed_s = NEXT_REPEAT_S if began else FIRST_REPEAT_S
            began, heard_s = True, time.monotonic()
        return began and time.monotonic() - heard_s <= allowed_s

    return is_pressed


@contextlib.contextmanager
def _raw_keys() -> Iterator[None]:
    """Keys one by one and unseen; the terminal is put back whatever happens."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
