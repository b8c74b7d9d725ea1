"""The interlock list as a document, printed from the declarations themselves.

Owns ``docs/interlocks.md``. Must never say anything of an interlock that its declaration does not say. Run as a
program, ``python -m safety.interlock_table --write docs/interlocks.md`` writes the document, and without ``--write``
it is printed; nothing that runs in the controller calls that part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from safety.expression import And, Expression, Or
from safety.hazards import TITLES
from safety.interlock import Interlock
from safety.rules import rules_of
from safety.topology import CabinTopology, LiftTopology, ShuttleTopology, Topology
from safety.wording import words

VENDING_TOWER = Topology(
    lifts=(LiftTopology("lift1", 1, "shuttle1", has_platform=False),),
    shuttles=(ShuttleTopology("shuttle1", 1, "lift1", None, 3, (), (("cabin1", 0, 2, "left"),)),),
    cabins=(CabinTopology("cabin1", 1, turntable=True, reached_by=(("shuttle1", 0, 2, "left"),)),),
    safety="safety1",
    zones=(1,),
    clearance_countdown_ms=3000,
)
"""The smallest tower: a lift, the shuttle that rides on it, a cabin on the left of column 2."""

SHUTTLE_GARAGE = Topology(
    lifts=(
        LiftTopology(
            "lift1", 1, None, has_platform=True, reached_by=(("shuttle0", 0, 8, "right"), ("shuttle1", 1, 8, "right"))
        ),
    ),
    shuttles=(
        ShuttleTopology("shuttle0", 1, None, 0, None, (("lift1", 0, 8, "right"),), (("cabin1", 0, 4, "left"),)),
        ShuttleTopology("shuttle1", 1, None, 1, None, (("lift1", 1, 8, "right"),), (), (7, 8)),
        ShuttleTopology("shuttle2", 1, None, 1, None, (), (), (9, 10)),
    ),
    cabins=(CabinTopology("cabin1", 2, turntable=False, reached_by=(("shuttle0", 0, 4, "left"),)),),
    safety="safety1",
    zones=(1, 2),
    clearance_countdown_ms=3000,
)
"""Captive shuttles on two levels, two of them in one aisle, a lift beside it, a cabin in a zone of its own."""

HAZARDS = TITLES
"""The hazards in short, as headings."""

_READING = """How to read it:

- A **run** interlock guards permits. It is evaluated in every cycle, and a permit is asserted only while the core wants
  it and every interlock that guards it holds. A **start** interlock guards the moment in which a command is given.
- Conditions are three-valued. A reading that is stale, of bad quality, missing or out of range makes what depends on it
  *unknown*, and unknown never permits.
- *permitted* means that the controller asserts the permit, or has dropped it and the PLC has not yet echoed that.
- Bits that safety reads are wired so that 1 is the safe level; see `docs/safety-boundary.md`.
- A standard is named with its subject only. No clause numbers are given, because the texts were not at hand.
"""

_HEAD = f"""# Interlocks

This list is generated from the declarations in `safety/interlocks/` by `python -m safety.interlock_table`; the same
declarations are what the controller evaluates in every cycle. Do not edit it by hand: a test compares it with the code.

The devices here are those of two examples, written down in `safety/interlock_table.py` and not in a configuration: the
smallest vending tower (lift1 with shuttle1 riding on it, its dock in column 3; cabin1 on the left of column 2), and the
smallest shuttle garage (shuttle0 on the ground, shuttle1 and shuttle2 on level 1, lift1 on the right of column 8,
cabin1 on the left of column 4). For a garage of your own, with its device names, levels and columns:

    garagectl interlocks --config my-garage.toml [--json]

{_READING}"""


def document() -> str:
    """The whole document as Markdown: the tower in full, then what a shuttle garage has beside it."""
    tower = rules_of(VENDING_TOWER)
    known = {_shape(interlock) for interlock in tower}
    garage = [interlock for interlock in rules_of(SHUTTLE_GARAGE) if _shape(interlock) not in known]
    parts = [
        _HEAD,
        f"## A vending tower\n\nOne lift, the shuttle that rides on it, one cabin: {len(tower)} interlocks.\n",
        *_by_hazard(tower),
        f"## A shuttle garage\n\nWhat captive shuttles, bare lifts and several zones add: {len(garage)} interlocks.\n",
        *_by_hazard(garage),
    ]
    return "\n".join(parts).rstrip() + "\n"


def garage_document(name: str, topology: Topology) -> str:
    """Every interlock of one garage as Markdown."""
    found = rules_of(topology)
    parts = [f"# Interlocks of {name}\n\n{len(found)} interlocks.\n\n{_READING}", *_by_hazard(found)]
    return "\n".join(parts).rstrip() + "\n"


def rows(topology: Topology) -> list[dict[str, object]]:
    """Every interlock of one garage as plain data, for ``json.dumps``; ``holds`` is its condition in words."""
    return [
        {
            "id": interlock.id,
            "title": interlock.title,
            "hazard": interlock.hazard,
            "phase": interlock.phase.value,
            "guards": [str(guard) for guard in interlock.guards],
            "holds": words(interlock.condition),
            "cause": interlock.cause,
            "remedy": interlock.remedy,
            "standard": interlock.standard,
            "without": list(interlock.without),
        }
        for interlock in rules_of(topology)
    ]


def _shape(interlock: Interlock) -> tuple[str, str]:
    """What a declaration says, without the devices that it was instantiated for."""
    return interlock.title, interlock.hazard


def _by_hazard(interlocks: Sequence[Interlock]) -> list[str]:
    parts: list[str] = []
    for hazard, title in HAZARDS.items():
        found = [interlock for interlock in interlocks if interlock.hazard == hazard]
        if found:
            parts.append(f"### {hazard}: {title}\n")
            parts += [_entry(interlock) for interlock in found]
    return parts


def _entry(interlock: Interlock) -> str:
    guards = ", ".join(f"`{guard}`" for guard in interlock.guards)
    lines = [
        f"#### `{interlock.id}`: {interlock.title}\n",
        f"- {interlock.phase.value} interlock, guards {guards}",
        *_holds(interlock.condition),
        f"- otherwise: {interlock.cause}",
        f"- what to do: {interlock.remedy}",
    ]
    if interlock.without:
        lines.append(f"- **waived**: stands without {', '.join(f'`{one}`' for one in interlock.without)}")
    if interlock.standard:
        lines.append(f"- standard: {interlock.standard}")
    return "\n".join(lines) + "\n"


def _holds(condition: Expression) -> list[str]:
    """A condition of several parts as a list, each part on its line."""
    match condition:
        case And(parts):
            return ["- holds when all of this does:", *(f"  - {words(part)}" for part in parts)]
        case Or(parts):
            return ["- holds when any of this does:", *(f"  - {words(part)}" for part in parts)]
        case _:
            return [f"- holds when: {words(condition)}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or print the document."""
    parser = argparse.ArgumentParser(
        prog="python -m safety.interlock_table", description="Print the interlock list from its declarations."
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="write it to a file, as docs/interlocks.md")
    options = parser.parse_args(arguments)
    if options.write is None:
        sys.stdout.write(document())
    else:
        options.write.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
