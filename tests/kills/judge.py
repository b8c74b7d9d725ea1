"""What must be true whenever the control process is dead, from outside of it: plant, PLCs and the journal on disk.

Owns the judgement. Must never ask the controller.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.plc_reader import hear
from controller.config.models import GarageConfig
from plc_drivers.contract.codes import AckResult, State

JOURNAL = "journal.sqlite"


@dataclass(slots=True)
class Verdict:
    """What was found wrong, in words, and what was looked at."""

    wrong: list[str] = field(default_factory=list)
    commands: int = 0
    """Accepted commands that a PLC showed and whose intent was looked for in the journal."""

    def add(self, found: Iterable[str]) -> None:
        """Take more in."""
        self.wrong += found


def events(folder: Path, *kinds: str) -> list[dict[str, Any]]:
    """Events of these kinds, as they are on disk."""
    marks = ",".join("?" * len(kinds))
    with closing(sqlite3.connect(f"file:{folder / JOURNAL}?mode=ro", uri=True, timeout=10)) as database:
        rows = database.execute(f"select payload from journal where kind in ({marks}) order by seq", kinds)  # noqa: S608
        return [json.loads(payload) for (payload,) in rows]


def unrecorded(config: GarageConfig, folder: Path, verdict: Verdict) -> None:
    """Every command that a PLC has accepted has its intent on disk; a STOP alone never waits for the disk."""
    intents = {(one["device"], one["seq"]) for one in events(folder, "command-intended")}
    heard = hear(config, folder, [link.id for link in config.links], 10.0)
    for device, image in heard.images.items():
        if not image.definition.is_commanded:
            continue
        seq, result = image.value("ack_seq"), image.value("ack_result")
        if not seq or result != AckResult.ACCEPTED:
            continue
        verdict.commands += 1
        stops = image.value("state") in (State.STOPPING, State.STOPPED)
        if (device, int(seq)) not in intents and not stops:
            verdict.wrong.append(f"{device} accepted command {seq}, and no intent of it is on disk")


def cars(world: dict[str, Any], expected: set[str]) -> list[str]:
    """Each car is in the world once, and none has become another."""
    there = set(world["vehicles"])
    wrong = [f"{car} is not in the world any more" for car in sorted(expected - there)]
    seats = Counter(pose["seat"] for pose in world["vehicles"].values() if pose["seat"].startswith("stand:"))
    return wrong + [f"{count} cars stand at {seat}" for seat, count in seats.items() if count > 1]


def known(folder: Path, accepted: Iterable[str]) -> list[str]:
    """Every order that was accepted over HTTP is on disk."""
    on_disk = {one["order"] for one in events(folder, "order-accepted")}
    return [f"order {order} was accepted and is not on disk" for order in accepted if order not in on_disk]


def agreed(books: list[dict[str, Any]], world: dict[str, Any]) -> list[str]:
    """At rest books and world say the same of every place."""
    by_books = {car["id"]: car["position"] for car in books if car["position"] is not None}
    wrong = []
    for car, place in by_books.items():
        seat = world["vehicles"].get(car, {}).get("seat", "nowhere")
        if seat.startswith("stand:") and seat != f"stand:{place}":
            wrong.append(f"the books have {car} at {place}, it is at {seat}")
        if seat in {"nowhere", "away"}:
            wrong.append(f"the books have {car} at {place}, it is not in the garage")
    doubled = [place for place, count in Counter(by_books.values()).items() if count > 1]
    return wrong + [f"the books have two cars at {place}" for place in doubled]
