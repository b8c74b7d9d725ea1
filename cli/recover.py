"""``garagectl recover``: what is open between books and machine, question by question, for a technician on site."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.failure import Failure
from cli.garage_api import GarageApi
from cli.options import DEFAULT_URL, Json, Url
from cli.printing import print_json, print_line

_WIDTH_MAX = 100
_HANGING: dict[str, Any] = {"initial_indent": "   ", "subsequent_indent": "      "}
_LATER = "l"
_END = "q"


def recover(
    finding: Annotated[str | None, typer.Argument(help="Answer this one finding.", metavar="FINDING")] = None,
    answer: Annotated[str | None, typer.Argument(help="With this one of its answers.", metavar="ANSWER")] = None,
    *,
    person: Annotated[str, typer.Option(help="Your own name: it goes into the journal.", metavar="NAME")] = "",
    list_only: Annotated[bool, typer.Option("--list", help="Only show what is open.")] = False,
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Go through everything on which books and machine do not agree, and answer what only a person can know.

    Nothing moves by an answer. When nothing is open any more: garagectl start
    """
    if (finding is None) is not (answer is None):
        raise typer.BadParameter("name a finding and one of its answers, or neither")
    if finding is not None and not person:
        raise typer.BadParameter("say who answers: --person NAME")
    with GarageApi(url) as api:
        if finding is not None:
            document = api.post(_answer_path(finding), {"answer": answer, "person": person})
            if as_json:
                print_json(document)
            else:
                print_line(f"{finding}: {answer}. Nothing moves by it; start when nothing is open any more.")
            return
        found = api.get("/findings")
        if as_json:
            print_json(found)
        elif list_only or not found["findings"] or not sys.stdin.isatty():
            _show(found["findings"])
        else:
            _ask_all(api, person, found["findings"])


def _show(found: list[dict[str, Any]]) -> None:
    if not found:
        print_line("Nothing is open: books and sensors agree wherever both are known.")
        return
    for number, one in enumerate(found, 1):
        for line in told(one, number, len(found), _width()):
            print_line(line)
        for answer in one["answers"]:
            for line in textwrap.wrap(f"{answer['id']}: {answer['text']}", _width(), **_HANGING):
                print_line(line)
        print_line("")
    print_line("Answer one: garagectl recover FINDING ANSWER --person NAME")


def _ask_all(api: GarageApi, person: str, found: list[dict[str, Any]]) -> None:
    """Ask every open question once; an answer may settle other findings, so that the list is read again each time."""
    who = person or typer.prompt("Your name, for the journal").strip()
    passed: set[str] = set()
    while left := [one for one in found if one["id"] not in passed]:
        one = left[0]
        passed.add(one["id"])
        for line in told(one, len(passed), len(passed) + len(left) - 1, _width()):
            print_line(line)
        if one["answers"] and not _ask(api, one, who):
            break
        print_line("")
        found = api.get("/findings")["findings"]
    _conclude(found)


def _ask(api: GarageApi, one: dict[str, Any], who: str) -> bool:
    """Put one question; False when the technician wants to end."""
    for number, answer in enumerate(one["answers"], 1):
        print_line(f"   {number}  {answer['text']}")
    print_line(f"   {_LATER}  later    {_END}  end")
    choices = {str(number): answer["id"] for number, answer in enumerate(one["answers"], 1)}
    while True:
        typed = typer.prompt("   Answer").strip().lower()
        if typed in (_LATER, _END):
            return bool(typed == _LATER)
        if typed not in choices:
            print_line(f"   Type a number from 1 to {len(choices)}, {_LATER} or {_END}.")
            continue
        try:
            api.post(_answer_path(one["id"]), {"answer": choices[typed], "person": who})
        except Failure as failure:
            print_line(f"   {failure}")
            continue
        print_line("   Noted.")
        return True


def _conclude(found: list[dict[str, Any]]) -> None:
    blocking = [one["id"] for one in found if one["blocks"]]
    if blocking:
        print_line(f"Still open, and their units stay out of use: {', '.join(blocking)}.")
    elif found:
        print_line(f"Open, but nothing is kept out of use by it: {', '.join(one['id'] for one in found)}.")
    else:
        print_line("Nothing is open any more.")
    print_line("Look at the machine, then: garagectl start")


def told(one: dict[str, Any], number: int, total: int, width: int) -> Iterator[str]:
    """A finding as lines of at most ``width`` characters, without its answers."""
    yield from textwrap.wrap(f"{number}/{total}  {one['text']}", width, subsequent_indent="     ")
    units = f", touches {', '.join(one['units'])}" if one["units"] else ""
    name = f"[{one['id']}{units}{', out of use until settled' if one['blocks'] else ''}]"
    yield from textwrap.wrap(name, width, initial_indent="   ", subsequent_indent="    ", break_on_hyphens=False)
    for line in one["evidence"]:
        yield from textwrap.wrap(line, width, initial_indent="   - ", subsequent_indent="     ")
    for move in one["moves"]:
        yield from textwrap.wrap(move, width, initial_indent="   -> ", subsequent_indent="      ")
    if one["question"]:
        yield from textwrap.wrap(one["question"], width, initial_indent="   ? ", subsequent_indent="     ")


def _answer_path(finding: str) -> str:
    return f"/findings/{quote(finding, safe='')}/answer"


def _width() -> int:
    return min(_WIDTH_MAX, shutil.get_terminal_size().columns)
