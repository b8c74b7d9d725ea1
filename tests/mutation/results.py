"""What came of the mutants, beside the list of those that are equivalent.

Owns the comparison: a mutant that survives must be listed with a reason, and what is listed must exist and survive.
Must never run a mutant.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.mutation.mutants import Key, mutants_of

EQUIVALENT = Path(__file__).with_name("equivalent.toml")

Listed = tuple[str, str, str, str]
"""A key without its number: a reason holds for every change of equal lines."""


def read_results(path: Path) -> dict[Key, str]:
    """The killer of each mutant that was run, empty where none was found; a later line replaces an earlier one."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    found: dict[Key, str] = {}
    for file, scope, before, after, number, killer, _ in rows:
        found[file, scope, before, after, number] = killer
    return found


def equivalent() -> dict[Listed, str]:
    """The mutants that no test can kill, each with the reason."""
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["mutant"]
    return {(one["file"], one["scope"], one["before"], one["after"]): one["reason"] for one in listed}


def without_mutant(files: Sequence[str]) -> list[Listed]:
    """Listed mutants of ``files`` that can no longer be made, because their line has changed."""
    made = {mutant.key[:4] for file in files for mutant in mutants_of(file)}
    return [key for key in equivalent() if key[0] in files and key not in made]


def report(files: Sequence[str], results: Mapping[Key, str]) -> tuple[str, int]:
    """A table by file, then what is unsettled and how many that are."""
    listed = equivalent()
    lines = [f"{'file':<40}{'mutants':>8}{'killed':>8}{'equiv.':>8}{'not run':>8}{'alive':>8}"]
    unsettled: list[str] = []
    totals = [0] * 5
    for file in files:
        keys = [mutant.key for mutant in mutants_of(file)]
        if not keys:
            continue
        alive = [key for key in keys if results.get(key) == ""]
        unknown = [key for key in alive if key[:4] not in listed]
        killed = [key for key in keys if results.get(key)]
        row = [len(keys), len(killed), len(alive) - len(unknown), len(keys) - len(alive) - len(killed), len(unknown)]
        totals = [one + other for one, other in zip(totals, row, strict=True)]
        lines.append(f"{file:<40}" + "".join(f"{number:>8}" for number in row))
        unsettled += [f"survives: {_line(key)}" for key in dict.fromkeys(key[:4] for key in unknown)]
        dead = {key[:4] for key in killed} - {key[:4] for key in alive}
        unsettled += [f"listed as equivalent and killed: {_line(key)}" for key in listed if key in dead]
    unsettled += [f"listed and not made any more: {_line(key)}" for key in without_mutant(files)]
    lines.append(f"{'total':<40}" + "".join(f"{number:>8}" for number in totals))
    return "\n".join([*lines, *unsettled]) + "\n", len(unsettled)


def _line(key: Listed) -> str:
    file, scope, before, after = key
    return f"{file} {scope}\n    - {before}\n    + {after}"
