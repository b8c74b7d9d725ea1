"""``garagectl start``, ``stop`` and ``clear``: what a person decides about the machine, over the HTTP API."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import print_json, print_line


def start(*, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Start automatic operation. Nothing resumes by itself: after every stop a person does this."""
    _post(url, "/start", "Automatic operation runs.", as_json=as_json)


def stop(*, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Stop automatic operation: movers make a controlled stop, orders wait. Not an emergency stop."""
    _post(url, "/stop", "Automatic operation is ending.", as_json=as_json)


def clear(
    device: Annotated[str, typer.Argument(help="The device's id, as lift1, or all.", metavar="DEVICE")],
    *,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Clear a stopped or aborted device, after the cause has been removed."""
    _post(url, f"/devices/{device}/clear", f"{device} is being cleared.", as_json=as_json)


def _post(url: str, path: str, done: str, *, as_json: bool) -> None:
    with GarageApi(url) as api:
        document = api.post(path)
    if as_json:
        print_json(document)
    else:
        print_line(done)
