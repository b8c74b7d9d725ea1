"""``garagectl prove``: is there any image at all in which something goes out that a hazard forbids?

Owns the command and the form of its result. Must never decide what is proved; ``safety.proof`` does.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import settings
from cli.failure import Failure
from cli.options import DEFAULT_CONFIG, Json
from cli.printing import print_json, print_line

if TYPE_CHECKING:
    from safety.proof.prover import Found, Never

Configs = Annotated[
    list[Path], typer.Option("--config", "-c", help="A garage's configuration; may be given again.", metavar="FILE")
]
Hazard = Annotated[str | None, typer.Option("--hazard", help="Only this hazard, as H07.", metavar="HNN")]


@dataclass(frozen=True, slots=True)
class Layout:
    """What came of one garage."""

    garage: str
    file: Path
    found: list[Found]
    never: list[Never]
    seconds: float

    def counts(self) -> Counter[str]:
        """How many questions were proved, refuted and left open, by the words of the results."""
        return Counter(one.result.value for one in self.found)

    @property
    def holds(self) -> bool:
        """Everything is proved, and nothing only because it can never happen."""
        from safety.proof.prover import Result

        proved = all(one.result is Result.PROVED for one in self.found)
        return proved and not [one for one in self.never if not one.expected]


def prove(*, config: Configs = [DEFAULT_CONFIG], hazard: Hazard = None, as_json: Json = False) -> None:  # noqa: B006
    """Prove with z3 that the gate lets nothing through that a hazard forbids, for every image at all.

    Reachable or not, with every memory and every wish. Needs no PLC and no running garage.
    """
    if find_spec("z3") is None:
        raise Failure(
            "NO_SOLVER", "The solver z3 is not installed.", "Install it with: pip install 'garage-controller[verify]'"
        )
    ids = _predicates(hazard)
    layouts = [_layout(file, ids, quiet=as_json) for file in config]
    counts = sum((layout.counts() for layout in layouts), Counter[str]())
    if as_json:
        print_json(_document(layouts, ids, counts))
    if not all(layout.holds for layout in layouts):
        failure = Failure(
            "NOT_PROVED",
            f"{counts['counterexample']} counterexamples, {counts['unknown']} unknown.",
            "Do not run this garage. Report the counterexample: an interlock is missing, or a predicate asks too much.",
        )
        raise failure.reported() if as_json else failure


def _predicates(hazard: str | None) -> list[str]:
    from safety.proof.predicates import PREDICATES

    ids = [one.id for one in PREDICATES if hazard is None or one.hazard == hazard.upper()]
    if not ids:
        known = ", ".join(sorted({one.hazard for one in PREDICATES}))
        raise typer.BadParameter(f"No predicate speaks of {hazard}; there are: {known}", param_hint="--hazard")
    return ids


def _layout(file: Path, ids: list[str], *, quiet: bool) -> Layout:
    from controller.garage import Layout as GarageLayout
    from controller.garage.topology import topology_of
    from safety.proof.garage import Garage
    from safety.proof.predicates import PREDICATES
    from safety.proof.prover import Prover, Result

    garage = settings.load(file)
    began_s = time.monotonic()
    prover = Prover(Garage(topology_of(GarageLayout(garage))))
    found = list(prover.prove(one for one in PREDICATES if one.id in ids))
    layout = Layout(garage.garage.id, file, found, list(prover.never()), time.monotonic() - began_s)
    if not quiet:
        counts = layout.counts()
        print_line(
            f"{layout.garage}: {len(ids)} predicates, {len(found)} cases: {counts['proved']} proved, "
            f"{counts['counterexample']} counterexamples, {counts['unknown']} unknown, {layout.seconds:.1f} s"
        )
        for one in found:
            if one.result is not Result.PROVED:
                print_line(f"\n{one.predicate.id}, {one.case}: {one.result.value}\n  never: {one.predicate.never}")
                print_line("\n".join(f"    {line}" for line in one.story))
        for never in layout.never:
            print_line(f"  {never.what} can never go out: {never.expected or 'nothing is proved about it'}")
    return layout


def _document(layouts: list[Layout], ids: list[str], counts: Counter[str]) -> dict[str, object]:
    return {
        "layouts": len(layouts),
        "predicates": len(ids),
        "cases": counts.total(),
        "proved": counts["proved"],
        "counterexamples": counts["counterexample"],
        "unknown": counts["unknown"],
        "seconds": round(sum(layout.seconds for layout in layouts), 2),
        "details": [_details(layout) for layout in layouts],
    }


def _details(layout: Layout) -> dict[str, object]:
    return {
        "garage": layout.garage,
        "file": str(layout.file),
        "seconds": round(layout.seconds, 2),
        "proved": layout.counts()["proved"],
        "cases": [
            {
                "predicate": one.predicate.id,
                "hazard": one.predicate.hazard,
                "case": one.case,
                "result": one.result.value,
                "story": list(one.story),
            }
            for one in layout.found
        ],
        "never": [{"what": str(one.what), "expected": one.expected} for one in layout.never],
    }
