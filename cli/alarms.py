"""``garagectl alarms``: what asks for a person, and what people do about it, over the HTTP API."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import out, print_json, print_line, table

app = typer.Typer(invoke_without_command=True, help="List, acknowledge, confirm and shelve alarms.")

Alarm = Annotated[str, typer.Argument(help="The alarm's id, as lift1.drive-fault.", metavar="ALARM")]
Who = Annotated[str, typer.Option("--person", help="Who does it, by name.")]
Named = Annotated[str, typer.Option("--person", help="Who does it, by name (needed).")]
Why = Annotated[str, typer.Option("--reason", help="Why (needed).")]
Comment = Annotated[str, typer.Option("--comment", help="What else is to be remembered.")]
Source = Annotated[str | None, typer.Option("--source", help="Only alarms of this source, as lift1.")]


@app.callback()
def alarms(context: typer.Context, *, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Without a command: the list."""
    if context.invoked_subcommand is None:
        every(url=url, as_json=as_json)


@app.command("list", epilog="Example: garagectl alarms list --source lift1")
def every(
    *,
    source: Source = None,
    all_: Annotated[bool, typer.Option("--all", help="Also what was shelved or taken out of service.")] = False,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """List the alarms that stand: what asks for somebody first."""
    query = {} if source is None else {"source": source}
    with GarageApi(url) as api:
        document = api.get("/alarms", **query, **({} if all_ else {"annunciated": "true"}))
    if as_json:
        print_json(document)
        return
    if not document["alarms"]:
        print_line("No alarms.")
        return
    for alarm in document["alarms"]:
        _print(alarm)


@app.command("ack", epilog="Example: garagectl alarms ack lift1.drive-fault --person Kim")
def acknowledge(
    alarm: Alarm,
    *,
    group: Annotated[bool, typer.Option("--group", help="Also what is grouped with it.")] = False,
    person: Who = "",
    comment: Comment = "",
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Acknowledge an alarm: somebody has seen it and takes care of it."""
    body = {"person": person, "comment": comment, "group": group}
    _act(url, alarm, "acknowledge", body, "acknowledged", as_json=as_json)


@app.command("confirm", epilog="Example: garagectl alarms confirm cabin1.person-in-cabin --person Kim")
def confirm(
    alarm: Alarm, *, person: Who = "", comment: Comment = "", url: Url = DEFAULT_URL, as_json: Json = False
) -> None:
    """Confirm that a latched alarm's cause was dealt with."""
    _act(url, alarm, "confirm", {"person": person, "comment": comment}, "confirmed", as_json=as_json)


@app.command("shelve", epilog="Example: garagectl alarms shelve lift1.slow --minutes 60 --person Kim --reason repair")
def shelve(
    alarm: Alarm,
    *,
    minutes: Annotated[int, typer.Option(min=1, max=7 * 24 * 60, help="For how long.")] = 60,
    person: Named,
    reason: Why,
    one_shot: Annotated[bool, typer.Option("--one-shot", help="End it when the alarm clears, if sooner.")] = False,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Put an alarm aside for a while; it comes back by itself. A safety alarm cannot be shelved."""
    body = {"minutes": minutes, "person": person, "reason": reason, "one_shot": one_shot}
    _act(url, alarm, "shelve", body, f"shelved for {minutes} min", as_json=as_json)


@app.command("unshelve", epilog="Example: garagectl alarms unshelve lift1.slow")
def unshelve(alarm: Alarm, *, person: Who = "", url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Take an alarm back from the shelf."""
    _act(url, alarm, "unshelve", {"person": person}, "back from the shelf", as_json=as_json)


@app.command(
    "out-of-service", epilog="Example: garagectl alarms out-of-service lift1.slow --person Kim --reason repair"
)
def out_of_service(alarm: Alarm, *, person: Named, reason: Why, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Take an alarm out of service until somebody returns it. A safety alarm cannot be taken out."""
    _act(url, alarm, "out-of-service", {"person": person, "reason": reason}, "out of service", as_json=as_json)


@app.command("return-to-service", epilog="Example: garagectl alarms return-to-service lift1.slow --person Kim")
def return_to_service(alarm: Alarm, *, person: Who = "", url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Return an alarm to service."""
    _act(url, alarm, "return-to-service", {"person": person}, "in service", as_json=as_json)


@app.command("figures", epilog="Example: garagectl alarms figures --json")
def figures(*, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """How many alarms there are, how fast they come, and which come most often."""
    with GarageApi(url) as api:
        document = api.get("/alarms/figures")
    if as_json:
        print_json(document)
        return
    rows = [(name.replace("_", " "), document[name]) for name in _COUNTS]
    shares = document["by_priority"]
    rows.append(("high, medium, low within a day", f"{shares['high']}, {shares['medium']}, {shares['low']}"))
    rows.append(("time in flood", f"{document['in_flood_ms'] / 60_000:.0f} min, {document['flood_share'] * 100:.1f} %"))
    rows.append(("flood now", "yes" if document["in_flood"] else "no"))
    out.print(table(("figure", "value"), rows))
    offenders = [(item["count"], item["alarm"]) for item in document["top_offenders"]]
    if offenders:
        out.print()
        out.print(table(("times a day", "alarm"), offenders))
    for word in ("chattering", "stale"):
        if document[word]:
            print_line(f"{word}: {', '.join(document[word])}")


_COUNTS = (
    "annunciated", "active", "unacknowledged", "shelved", "out_of_service", "suppressed", "last_10_min", "last_hour",
    "last_day", "floods",
)  # fmt: skip


@app.command("definitions", epilog="Example: garagectl alarms definitions --source cabin1")
def definitions(*, source: Source = None, url: Url = DEFAULT_URL, as_json: Json = False) -> None:
    """Every alarm that this garage can raise, with what it means and what to do."""
    with GarageApi(url) as api:
        document = api.get("/alarms/definitions", **({} if source is None else {"source": source}))
    if as_json:
        print_json(document)
        return
    for alarm in document["definitions"]:
        safety = f", safety ({alarm['hazard']})" if alarm["is_safety"] else ""
        print_line(f"{alarm['id']}: {alarm['title']} [{alarm['priority']}{safety}]")
        print_line(f"    {alarm['cause']} {alarm['consequence']}")
        print_line(f"    -> {alarm['action']}")


def _print(alarm: dict[str, Any]) -> None:
    marks = [alarm["priority"], alarm["state"]]
    marks += [word for word in ("first_out", "chattering", "stale", "suppressed") if alarm[word]]
    if alarm["shelved"] is not None:
        marks.append(f"shelved by {alarm['shelved']['person']}: {alarm['shelved']['reason']}")
    if alarm["out_of_service"] is not None:
        marks.append(f"out of service by {alarm['out_of_service']['person']}: {alarm['out_of_service']['reason']}")
    under = f", under {alarm['under']}" if alarm["under"] else ""
    print_line(f"{alarm['id']} [{', '.join(marks).replace('_', '-')}{under}]")
    print_line(f"    {alarm['title']}. {alarm['detail'] or alarm['cause']}")
    print_line(f"    -> {alarm['action']}")


def _act(url: str, alarm: str, act: str, body: dict[str, object], done: str, *, as_json: bool) -> None:
    with GarageApi(url) as api:
        document = api.post(f"/alarms/{alarm}/{act}", body)
    if as_json:
        print_json(document)
    else:
        print_line(f"{alarm}: {done}")
