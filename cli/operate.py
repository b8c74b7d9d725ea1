"""``garagectl start``, ``stop`` and ``clear``: what a person decides about the machine, over the HTTP API."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import print_json, print_line

CLEARED_WITHIN_S = 3.0
"""How long a PLC may take to answer a CLEAR and to show the state that follows."""

POLL_S = 0.2

_NOT_CLEARED = frozenset({"STOPPED", "ABORTED"})
_WAITS_FOR_A_START = frozenset({"NEEDS_START", "NOT_STARTED"})
"""Reasons with which a device is cleared: only a person's start is missing."""

_REMEDY = "Remove the cause at each device, then clear again."


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
    """Clear a stopped or aborted device, after the cause has been removed, and tell what came of it.

    Exits 1 when a device is still stopped. Nothing moves by this, and nothing resumes: see start.
    """
    with GarageApi(url) as api:
        api.post(f"/devices/{device}/clear")
        cleared = _watch(api, device)
    stopped = [view for view in cleared if not _is_cleared(view)]
    outcomes = [_outcome(view) for view in cleared]
    if not as_json:
        for view in cleared:
            print_line(_told(view))
    elif not stopped:
        print_json({"devices": outcomes})
    if stopped:
        names = ", ".join(view["id"] for view in stopped)
        raise Failure("NOT_CLEARED", f"Still stopped: {names}.", _REMEDY, devices=outcomes)


def _watch(api: GarageApi, device: str) -> list[dict[str, Any]]:
    """The devices once each has left its stop, or after ``CLEARED_WITHIN_S`` as they then are."""
    until_s = time.monotonic() + CLEARED_WITHIN_S
    while True:
        time.sleep(POLL_S)
        if device == "all":
            views = [view for view in api.get("/devices")["devices"] if view["kind"] != "safety"]
        else:
            views = [api.get(f"/devices/{device}")]
        if all(map(_is_cleared, views)) or time.monotonic() >= until_s:
            return views


def _is_cleared(view: dict[str, Any]) -> bool:
    reason = view["reason"]
    return view["state"] not in _NOT_CLEARED and (reason is None or reason["code"] in _WAITS_FOR_A_START)


def _outcome(view: dict[str, Any]) -> dict[str, Any]:
    reason = {"code": "", "text": "", "remedy": ""} if view["reason"] is None else view["reason"]
    return {"device": view["id"], "cleared": _is_cleared(view), "state": view["state"], **reason}


def _told(view: dict[str, Any]) -> str:
    if _is_cleared(view):
        return f"{view['id']}: cleared, {view['state']}"
    outcome = _outcome(view)
    return f"{view['id']}: not cleared, {view['state']}. {outcome['text']} {outcome['remedy']}".rstrip()


def _post(url: str, path: str, done: str, *, as_json: bool) -> None:
    with GarageApi(url) as api:
        document = api.post(path)
    if as_json:
        print_json(document)
    else:
        print_line(done)
