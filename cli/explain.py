"""``garagectl explain``: why something may not move or does not go on, for a person at three in the morning."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import print_json, print_line

_WIDTH_MAX = 100
_INDENT = "   "


def explain(
    what: Annotated[
        str,
        typer.Argument(
            help="A function (lift1.travel), a command (shuttle1.PLACE_LEFT), a device, a cabin, a car, an order, "
            "a booking, an interlock, or garage.",
            metavar="WHAT",
        ),
    ] = "garage",
    *,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Say what stands in the way: each failing condition, the reading that fails it, and what to do."""
    with GarageApi(url) as api:
        document = api.get(f"/explain/{quote(what, safe='')}")
    if as_json:
        print_json(document)
        return
    width = min(_WIDTH_MAX, shutil.get_terminal_size().columns)
    for line in told(document, width):
        print_line(line)


def told(document: dict[str, Any], width: int) -> Iterator[str]:
    """An explanation as lines of at most ``width`` characters: the answer first, then what to do about it."""
    yield from _wrapped(document["summary"], width, "")
    for fact in filter(None, document.get("facts", ())):
        yield from _wrapped(fact, width, "  ")
    number = 0
    for reason in document.get("reasons", ()):
        number += 1
        yield ""
        yield from _head(number, reason["text"], width)
        yield from _wrapped(reason["remedy"], width, _INDENT, "-> ")
        about = f", {reason['about']}" if reason.get("about") else ""
        yield f"{_INDENT}[{reason['code']}{about}]"
    for condition in document.get("conditions", ()):
        number += 1
        yield ""
        yield from _condition(number, condition, width)
    if document.get("left_out"):
        yield ""
        yield f"{document['left_out']} more conditions fail; ask for one device or function to see them."
    for waiver in document.get("waivers", ()):
        yield ""
        yield from waived(waiver, width)
    if document.get("see"):
        yield ""
        yield from _wrapped(f"Ask further: {', '.join(document['see'])}", width, "")


def waived(waiver: dict[str, Any], width: int) -> Iterator[str]:
    """A waiver: what is missing, who answers for it, and for how long."""
    ends = "HAS EXPIRED" if waiver["expired"] else f"{waiver['days_left']} days left"
    text = (
        f"Waived: {waiver['sensor']} ({', '.join(waiver['hazards'])}) by {waiver['person']} until {waiver['expires']}"
    )
    yield from _wrapped(f"{text}, {ends}. {waiver['reason']}", width, "")


def _condition(number: int, condition: dict[str, Any], width: int) -> Iterator[str]:
    yield from _head(number, condition["text"], width)
    yield from _wrapped(condition["remedy"], width, _INDENT, "-> ")
    left_ms = condition.get("remaining_ms")
    if left_ms is not None:
        yield f"{_INDENT}A holding time runs: {left_ms / 1000:.1f} s are left."
    yield from _readings(condition.get("readings", ()), width)
    standard = f", {condition['standard']}" if condition["standard"] else ""
    when = ", only when a command starts" if condition["phase"] == "start" else ""
    yield from _wrapped(f"[{condition['id']}, {condition['hazard']}{when}{standard}]", width, _INDENT)
    if condition.get("without"):
        yield from _wrapped(f"Stands without the waived {', '.join(condition['without'])}.", width, _INDENT)


def _readings(readings: list[dict[str, Any]], width: int) -> Iterator[str]:
    """What is needed in any case, then the choices, each with its ways."""
    choice, way = "", ""
    for reading in readings:
        told_way = reading.get("way", "")
        if told_way[:-1] != choice:
            choice = told_way[:-1]
            yield f"{_INDENT}One of these ways is enough:"
        if told_way != way:
            way = told_way
            yield f"{_INDENT}{way[-1:]})"
        yield from _reading(reading, width)


def _reading(reading: dict[str, Any], width: int) -> Iterator[str]:
    doubt = "" if reading["quality"] == "good" else f", {reading['quality']}"
    yield from _wrapped(f"{reading['tag']} is {reading['shown']}{doubt}, {reading['must']}", width, _INDENT, "* ")
    if reading["meaning"]:
        yield from _wrapped(f'"{reading["meaning"]}"', width, _INDENT + "  ")
    where = f"{reading['link']}, {reading['source']}" if reading["link"] else reading["source"]
    age = f"read {reading['age_ms']} ms ago from " if reading["link"] else ""
    yield from _wrapped(f"{age}{where}", width, _INDENT + "  ")
    if reading.get("fault"):
        yield from _wrapped(f"fault: {reading['fault']}", width, _INDENT + "  ")


def _head(number: int, text: str, width: int) -> Iterator[str]:
    yield from _wrapped(text, width, "", f"{number}. ".ljust(len(_INDENT)))


def _wrapped(text: str, width: int, indent: str, mark: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent + mark,
        subsequent_indent=indent + " " * len(mark),
        break_on_hyphens=False,
        break_long_words=True,
    )
