"""``garagectl zones``, ``lock``, ``unlock``, ``end-fire``, ``occupancy``, ``confirm``: what named persons do."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import out, print_json, print_line, table

Zone = Annotated[int, typer.Argument(min=1, max=8, help="The zone's number.", metavar="ZONE")]
Person = Annotated[str, typer.Option(help="Your own name: it goes into the journal.", metavar="NAME")]


def zones(*, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Show every zone: emergency stop, guards, isolator, torque, speed, and who holds locks."""
    with GarageApi(url) as api:
        document = api.get("/zones")
    if as_json:
        print_json(document)
        return
    columns = ("zone", "emergency stop", "guards", "isolator", "torque", "speed", "stands", "locked by")
    out.print(table(columns, map(_zone, document["zones"])))


def lock(
    zone: Zone,
    *,
    person: Person,
    note: Annotated[str, typer.Option(help="What for, for others to read.")] = "",
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Hang a lock of your own on a zone: nothing moves there, or into it, until you release it.

    It does not replace the isolator: lock that too before you go into the machine.
    """
    with GarageApi(url) as api:
        document = api.post(f"/zones/{zone}/locks", {"person": person, "note": note})
    _tell(document, f"{person} holds a lock on zone {zone}. Wait until it stands: garagectl zones", as_json=as_json)


def unlock(zone: Zone, *, person: Person, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Release your own lock on a zone. Nothing starts by it."""
    with GarageApi(url) as api:
        document = api.delete(f"/zones/{zone}/locks/{quote(person, safe='')}")
    _tell(document, f"{person} has released the lock on zone {zone}.", as_json=as_json)


def end_fire(*, person: Person, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """End the fire state, once the fire is over and the alarm reset. Nothing starts by it."""
    with GarageApi(url) as api:
        document = api.post("/fire/end", {"person": person})
    _tell(document, "The fire state has ended. Look at the machine, then start.", as_json=as_json)


def occupancy(*, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """List what stands where, electric cars first: for the fire brigade. Works while everything is stopped."""
    with GarageApi(url) as api:
        document = api.get("/occupancy", allow_stale="true")
    if as_json:
        print_json(document)
        return
    totals = document["totals"]
    print_line(
        f"{totals['cars']} cars, {totals['electric']} of them electric, {totals['doubtful']} positions in doubt."
    )
    print_line(f"As of {document['snapshot_age_ms'] / 1000:.1f} s ago, mode {document['mode']}.")
    out.print(
        table(
            ("position", "level", "car", "model", "drive", "kg", "books", "sensors"), map(_car, document["occupancy"])
        )
    )


def confirm(
    position: Annotated[str, typer.Argument(help="The position, as shuttle1-deck.", metavar="POSITION")],
    *,
    person: Person,
    vehicle: Annotated[str | None, typer.Option(help="The car that stands there.", metavar="CAR")] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Nothing stands there.")] = False,
    gone: Annotated[bool, typer.Option("--gone", help="The car of the books has left the garage there.")] = False,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Say what stands at a position, after its unit was in somebody's hands. The detectors must agree.

    --gone with --vehicle: another car stands there than by the books, which are in doubt (docs/journal.md).
    """
    if (vehicle is not None) + empty + (gone and vehicle is None) != 1:
        raise typer.BadParameter("give exactly one of --vehicle CAR, --empty and --gone; --gone may go with --vehicle")
    stands = "vehicle" if vehicle is not None else "gone" if gone else "empty"
    with GarageApi(url) as api:
        body: dict[str, object] = {"stands": stands, "vehicle": vehicle, "person": person}
        if vehicle is not None and gone:
            body["gone"] = True
        document = api.post(f"/places/{quote(position, safe='')}/confirm", body)
    _tell(document, f"The books have {vehicle or 'no car'} at {position}.", as_json=as_json)


def _tell(document: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(document)
    else:
        print_line(text)


def _zone(zone: dict[str, Any]) -> tuple[object, ...]:
    holders = [f"{lock['person']} ({lock['note']})" if lock["note"] else lock["person"] for lock in zone["locks"]]
    return (
        zone["id"],
        zone["emergency_stop"],
        zone["guards"],
        zone["isolator"],
        {True: "on", False: "off", None: "unknown"}[zone["torque"]],
        {True: "limited", False: "full", None: "unknown"}[zone["speed_limited"]],
        "yes" if zone["standing"] else "no",
        ", ".join(holders) or None,
    )


def _car(item: dict[str, Any]) -> tuple[object, ...]:
    return (
        item["position"],
        item["level"],
        item["vehicle"] or "unknown",
        item["model"],
        {True: "ELECTRIC", False: "engine", None: "unknown"}[item["electric"]],
        item["weight_kg"] or None,
        ("yes" if item["by_books"] else "no") if item["confirmed"] else "in doubt",
        {True: "occupied", False: "empty", None: None}[item["sensed"]],
    )
