"""All cases of one garage, one after the other in garages at work, and what came of them.

Owns which cases are run, the file of results by which a run goes on where an earlier one ended, and the summary. Must
never run for ever: every case is bounded, and a garage that does not come back is replaced.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from controller.config.links import OpcUaLink
from controller.config.models import GarageConfig
from controller.config.sections import devices
from controller.garage import Layout
from controller.garage.topology import topology_of
from safety.logic import SafetyLogic
from sim_hardware.garage import EmulatedGarage
from tests.broken_sensors.cases import Case, cases_of
from tests.broken_sensors.matrix import Matrix
from tests.broken_sensors.wire_case import run_case
from tests.broken_sensors.wire_garage import GarageLostError, WireGarage
from tests.broken_sensors.witness import Finding

CASE_S = 60.0
"""Bound on one case; they take four seconds."""
ATTEMPTS = 2
"""A case in which the garage is lost is tried once more in a new one; after that the loss is its result."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Results:
    """What has been found, and the file that it is kept in."""

    file: Path | None
    findings: dict[str, dict[str, Any]]
    garages: int = 0

    @classmethod
    def of(cls, file: Path | None) -> Results:
        """Results of earlier runs in ``file``, none where there is no file yet."""
        known: dict[str, dict[str, Any]] = {}
        if file is not None and file.is_file():
            for line in file.read_text(encoding="utf-8").splitlines():
                entry = json.loads(line)
                known[entry["name"]] = entry
        return cls(file, known)

    def add(self, finding: Finding) -> None:
        """Keep one more."""
        entry = asdict(finding) | {"as_the_matrix_says": finding.as_the_matrix_says}
        self.findings[finding.name] = entry
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as out:
                out.write(json.dumps(entry) + "\n")

    def summary(self, matrix: Matrix) -> dict[str, Any]:
        """The figures; lists name the cases that somebody has to look at."""
        found = list(self.findings.values())
        return {
            "tags": len(matrix.tags),
            "cases": len(found),
            "shown": sum(one["shown"] for one in found),
            "in_use": sum(one["in_use"] for one in found),
            "took_permits": sum(bool(one["took"]) for one in found),
            "tripped": sum(bool(one["tripped"]) for one in found),
            "violations": sum(len(one["violations"]) for one in found),
            "mismatches": sum(not one["as_the_matrix_says"] for one in found),
            "not_recovered": sum(not one["recovered"] for one in found),
            "garages": self.garages,
            "not_shown": [f"{one['name']}: {one['evidence']}" for one in found if not one["shown"]],
            "with_violations": {one["name"]: one["violations"] for one in found if one["violations"]},
            "against_the_matrix": {
                one["name"]: one["missed"] + one["without_cause"] + one["still_moving"]
                for one in found
                if not one["as_the_matrix_says"]
            },
            "left_behind": {one["name"]: one["note"] for one in found if not one["recovered"]},
        }


def plan(config: GarageConfig) -> tuple[Matrix, tuple[Case, ...]]:
    """The matrix of a garage and all of its cases."""
    matrix = Matrix(SafetyLogic(topology_of(Layout(config))))
    opcua = {link.id for link in config.links if isinstance(link, OpcUaLink)}
    qualified = frozenset(section.id for _, section in devices(config) if section.link in opcua)
    sensors = EmulatedGarage(config, populated=False).plant.sensors.paths
    return matrix, cases_of(matrix, frozenset(sensors), qualified)


def chosen(cases: Sequence[Case], only: Sequence[str], modes: Sequence[str]) -> tuple[Case, ...]:
    """Cases whose name begins with any of ``only`` and whose mode is among ``modes``; all where nothing is given."""
    return tuple(
        case
        for case in cases
        if (not only or any(case.name.startswith(text) for text in only)) and (not modes or case.mode.value in modes)
    )


async def run(
    config: GarageConfig, matrix: Matrix, cases: Sequence[Case], results: Results, speed: float, tell: Tell
) -> None:
    """Run every case that has no result yet."""
    left = [case for case in cases if case.name not in results.findings]
    attempts: dict[str, int] = {}
    while left:
        folder = Path(tempfile.mkdtemp(prefix="garage-"))
        results.garages += 1
        try:
            async with WireGarage(config, folder, speed) as garage:
                await _run_in(garage, matrix, left, results, tell)
        except GarageLostError as error:
            _give_up(left, attempts, results, tell, str(error))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def _run_in(garage: WireGarage, matrix: Matrix, left: list[Case], results: Results, tell: Tell) -> None:
    """Run cases in one garage until none is left or it does not come back."""
    while left:
        case = left[0]
        began_s = time.monotonic()
        try:
            async with asyncio.timeout(CASE_S):
                finding = await run_case(garage, matrix, case)
        except ValueError as error:
            finding = Finding(case.name, case.mode, case.device, "", evidence="refused", note=str(error))
        except TimeoutError as error:
            raise GarageLostError(f"no end within {CASE_S:.0f} s") from error
        results.add(finding)
        left.pop(0)
        tell(f"{len(left):4} left {time.monotonic() - began_s:5.1f} s  {_told(finding)}")
        if not finding.recovered:
            return


def _give_up(left: list[Case], attempts: dict[str, int], results: Results, tell: Tell, why: str) -> None:
    name = left[0].name
    attempts[name] = attempts.get(name, 0) + 1
    tell(f"{name}: {why}")
    if attempts[name] >= ATTEMPTS:
        case = left.pop(0)
        results.add(Finding(name, case.mode, case.device, "", recovered=False, note=f"garage lost: {why}"))


def _told(found: Finding) -> str:
    parts = [found.name, found.evidence]
    parts += [f"took {', '.join(found.took)}"] if found.took else []
    parts += [f"tripped {', '.join(found.tripped)}"] if found.tripped else []
    parts += [f"AGAINST THE MATRIX {found.missed + found.without_cause + found.still_moving}"] * (
        not found.as_the_matrix_says
    )
    parts += [f"VIOLATIONS {found.violations}"] if found.violations else []
    parts += ["NOT SHOWN"] * (not found.shown) + ["NOT RECOVERED"] * (not found.recovered)
    return "; ".join(part for part in (*parts, found.note) if part)
