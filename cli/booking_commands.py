"""``garagectl booking``: slots for cars over the HTTP API."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import out, print_json, print_line, table
from cli.status import clock

app = typer.Typer(invoke_without_command=True, help="Book slots for cars, announce arrivals, cancel.")

Booking = Annotated[str, typer.Argument(help="The booking's id, as b-000001.", metavar="BOOKING")]
Vehicle = Annotated[str, typer.Argument(help="The car's id.", metavar="VEHICLE")]
At = Annotated[str, typer.Option("--at", help="Begin of the slot: 14:30 (the next one), or 2026-05-01T14:30.")]
Minutes = Annotated[int, typer.Option("--minutes", min=1, help="Length of the slot.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What it is for, for people.")]
Key = Annotated[str | None, typer.Option(help="Idempotency key: sent again, it gives the same booking.")]
Size = Annotated[int | None, typer.Option(min=1)]


@app.callback()
def bookings(context: typer.Context, *, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Without a command: the list."""
    if context.invoked_subcommand is None:
        every(url=url, as_json=as_json)


@app.command("list", epilog="Example: garagectl booking list --vehicle mustang-01")
def every(
    *,
    vehicle: Annotated[str | None, typer.Option(help="Only bookings of this car.")] = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the open and the last ended bookings."""
    with GarageApi(url) as api:
        document = api.get("/bookings", **({} if vehicle is None else {"vehicle": vehicle}))
    if as_json:
        print_json(document)
    elif not document["bookings"]:
        print_line("No bookings.")
    else:
        columns = ("booking", "kind", "car", "state", "slot", "comes at", "what is next")
        out.print(table(columns, [_row(one) for one in document["bookings"]]))


@app.command("show", epilog="Example: garagectl booking show b-000001")
def show(booking: Booking, *, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Show one booking."""
    with GarageApi(url) as api:
        document = api.get(f"/bookings/{booking}")
    _print(document, as_json=as_json)


@app.command("retrieve", epilog="Example: garagectl booking retrieve mustang-01 --at 14:30 --minutes 15")
def retrieve(
    vehicle: Vehicle,
    *,
    at: At,
    minutes: Minutes = 15,
    purpose: Purpose = "",
    key: Key = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Book a slot in which a car is to be there."""
    _book(url, {"kind": "retrieve", "vehicle": vehicle, "purpose": purpose or None}, at, minutes, key, as_json=as_json)


@app.command("store", epilog="Example: garagectl booking store kuga-09 --at 2026-05-01T08:00 --height-mm 1700")
def store(
    vehicle: Vehicle,
    *,
    at: At,
    minutes: Minutes = 15,
    purpose: Purpose = "",
    model: Annotated[str | None, typer.Option(help="Make and model, for people.")] = None,
    length_mm: Size = None,
    width_mm: Size = None,
    height_mm: Size = None,
    weight_kg: Size = None,
    electric: Annotated[bool | None, typer.Option("--electric", help="It is an electric car.")] = None,
    key: Key = None,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Book a slot for bringing a car."""
    body: dict[str, object] = {
        "kind": "store",
        "vehicle": vehicle,
        "purpose": purpose or None,
        "model": model,
        "length_mm": length_mm,
        "width_mm": width_mm,
        "height_mm": height_mm,
        "weight_kg": weight_kg,
        "electric": electric,
    }
    _book(url, body, at, minutes, key, as_json=as_json)


@app.command("announce", epilog="Example: garagectl booking announce b-000001 --in 300")
def announce(
    booking: Booking,
    *,
    seconds: Annotated[int, typer.Option("--in", min=0, help="Seconds until the customer is there; 0 at the cabin.")],
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Say that the customer is on the way: the car is fetched for that moment."""
    with GarageApi(url) as api:
        document = api.post(f"/bookings/{booking}/announce", {"arrival_s": seconds})
    _print(document, as_json=as_json)


@app.command("cancel", epilog="Example: garagectl booking cancel b-000001")
def cancel(booking: Booking, *, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Give a slot back; a car that was fetched for it goes back to a place."""
    with GarageApi(url) as api:
        document = api.delete(f"/bookings/{booking}")
    _print(document, as_json=as_json)


def begin_of(text: str, now: datetime) -> datetime:
    """The moment that a person writes: a time of day is the next one after ``now``.

    Raises:
        Failure: BAD_TIME when it is neither a time of day nor a date with one.
    """
    try:
        if len(text) <= len("00:00:00"):
            time = datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - a time of day has no zone
            found = now.replace(hour=time.hour, minute=time.minute, second=0, microsecond=0)
            return found if found >= now else found + timedelta(days=1)
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failure("BAD_TIME", f"{text!r} is no time.", "Give 14:30, or 2026-05-01T14:30.") from error
    return given if given.tzinfo is not None else given.astimezone()


def _book(url: str, body: dict[str, object], at: str, minutes: int, key: str | None, *, as_json: bool) -> None:
    begin_ms = round(begin_of(at, datetime.now().astimezone()).timestamp() * 1000)
    given = {name: value for name, value in body.items() if value is not None}
    slot = {"from_ms": begin_ms, "to_ms": begin_ms + minutes * 60_000}
    with GarageApi(url) as api:
        document = api.post("/bookings", {**given, **slot}, key or f"cli-{uuid.uuid4().hex}")
    _print(document, as_json=as_json)


def _print(booking: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(booking)
        return
    print_line(
        f"Booking {booking['id']}: {booking['kind']} {booking['vehicle']}, {_slot(booking)}: {booking['state']}."
    )
    if booking["next"]:
        print_line(booking["next"])
    reason = booking["waiting_for"] or booking["outcome"]
    if reason is not None:
        print_line(f"{reason['code']}: {reason['text']} {reason['remedy']}".rstrip())


def _row(booking: dict[str, Any]) -> tuple[object, ...]:
    reason = booking["waiting_for"] or booking["outcome"]
    what = booking["next"] if reason is None else f"{reason['code']}: {reason['text']}"
    arrival = booking["arrival_ms"]
    return (
        booking["id"],
        booking["kind"],
        booking["vehicle"],
        booking["state"],
        _slot(booking),
        None if arrival is None else clock(arrival),
        what or None,
    )


def _slot(booking: dict[str, Any]) -> str:
    return f"{clock(booking['from_ms'])} to {clock(booking['to_ms'])}"
