"""``garagectl verify``: search small garages exhaustively through the real safety code.

Owns processes, the clock and the printing of a verification. The search itself is ``safety.verification``.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.failure import Failure
from cli.options import Json
from cli.printing import err, out, print_json, print_line, table

if TYPE_CHECKING:
    from safety.verification.necessity import Need
    from safety.verification.verify import Outcome, Task

Work = TypeVar("Work")
Result = TypeVar("Result")

QUICK_STATES = 2_000
_SAY_EVERY_S = 10.0

Variants = Annotated[
    list[str] | None, typer.Option("--variant", help="Search this garage only; may be repeated.", metavar="NAME")
]
States = Annotated[
    int | None, typer.Option("--states", help="End each search after so many states.", min=1, metavar="N")
]
Depth = Annotated[int | None, typer.Option("--depth", help="End each search after so many steps.", min=1, metavar="N")]
Jobs = Annotated[int, typer.Option("--jobs", help="Processes that search beside each other.", min=1, max=64)]
Thorough = Annotated[
    bool, typer.Option("--thorough", help="Search everything, also what takes many hours: see docs/verification.md.")
]
Quick = Annotated[bool, typer.Option("--quick", help=f"The same as --states {QUICK_STATES}.")]
Needed = Annotated[
    bool, typer.Option("--necessity", help="Take out each interlock in turn and tell the hazard that it prevents.")
]
Rules = Annotated[
    list[str] | None, typer.Option("--rule", help="With --necessity: this rule only; may be repeated.", metavar="RULE")
]


def verify(
    *,
    variant: Variants = None,
    states: States = None,
    depth: Depth = None,
    jobs: Jobs = 1,
    quick: Quick = False,
    thorough: Thorough = False,
    necessity: Needed = False,
    rule: Rules = None,
    as_json: Json = False,
) -> None:
    """Search every reachable state of small garages for hazards, with the real interlocks and the real gate."""
    names = _variants(variant)
    bound = QUICK_STATES if quick and states is None else states
    if necessity or rule:
        _necessity(names, rule, bound, jobs, as_json=as_json)
    else:
        _search(names, (bound, depth), jobs, thorough=thorough, as_json=as_json)


def _variants(wanted: Sequence[str] | None) -> tuple[str, ...]:
    from safety.verification.variants import VARIANTS

    known = tuple(one.name for one in VARIANTS)
    unknown = [name for name in wanted or () if name not in known]
    if unknown:
        raise typer.BadParameter(f"there is no garage {unknown[0]!r}; there are {', '.join(known)}")
    return tuple(wanted) if wanted else known


def _search(
    names: Sequence[str], bounds: tuple[int | None, int | None], jobs: int, *, thorough: bool, as_json: bool
) -> None:
    from safety.verification.variants import variant
    from safety.verification.verify import tasks_of

    tasks = tasks_of((variant(name) for name in names), jobs, thorough=thorough)
    began = time.monotonic()
    outcomes = list(_each(run_task, [(task, *bounds) for task in tasks], jobs))
    seconds = time.monotonic() - began
    document = _document(outcomes, seconds)
    if as_json:
        print_json(document)
    else:
        _print_search(outcomes, document)
    hazards = document["hazards"]
    if hazards:
        raise Failure(
            "HAZARD_FOUND",
            f"{hazards} hazards were found.",
            "Read the stories: an interlock lets through what it must not.",
        ).reported()


def run_task(work: tuple[Task, int | None, int | None]) -> Outcome:
    """One part of a verification, in the process that is called."""
    from safety.verification.search import Bounds
    from safety.verification.variants import variant
    from safety.verification.verify import verify as run

    task, states, depth = work
    pace = _pace(f"{task.variant}, {task.part.value}")
    return run(variant(task.variant), task, Bounds(states=states, depth=depth), pace)


def _pace(title: str) -> Callable[[int, int], None]:
    """Say on standard error how far a search is, now and then."""
    began = said = time.monotonic()

    def pace(states: int, depth: int) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= _SAY_EVERY_S:
            said = now
            rate = states / max(now - began, 0.001)
            err.print(f"{title}: {states} states, depth {depth}, {rate:.0f} states/s, {now - began:.0f} s")

    return pace


def _each(do: Callable[[Work], Result], work: Sequence[Work], jobs: int) -> Iterator[Result]:
    if jobs == 1:
        yield from map(do, work)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(do, work)


def _document(outcomes: Sequence[Outcome], seconds: float) -> dict[str, object]:
    from safety.verification.limits import declared

    states = sum(one.states for one in outcomes)
    met = {(one.kind, one.tag, one.hazard) for outcome in outcomes for one in outcome.limits}
    return {
        "states": states,
        "transitions": sum(one.transitions for one in outcomes),
        "depth": max((one.depth for one in outcomes), default=0),
        "seconds": round(seconds, 1),
        "states_per_s": round(states / seconds) if seconds else 0,
        "complete": all(one.complete for one in outcomes),
        "hazards": sum(len(one.hazards) for one in outcomes),
        "limits_declared": len(declared()),
        "limits_not_met": sorted("{}.{} {}".format(*limit) for limit in declared() - met),
        "lies": sum(one.lies for one in outcomes),
        "lies_covered": sum(one.lies_covered for one in outcomes),
        "parts": [asdict(one) for one in outcomes],
    }


def _print_search(outcomes: Sequence[Outcome], document: dict[str, object]) -> None:
    rows = [
        (
            one.variant,
            one.part,
            one.states,
            one.transitions,
            one.depth,
            one.lies or None,
            "yes" if one.complete else "no",
            len(one.hazards),
        )
        for one in outcomes
    ]
    columns = ("garage", "part", "states", "transitions", "depth", "lies", "complete", "hazards")
    out.print(table(columns, rows))
    print_line(
        f"{document['states']} states, {document['transitions']} transitions in {document['seconds']} s: "
        f"{document['states_per_s']} states/s, {document['hazards']} hazards"
    )
    for declared in sorted({(d.hazard, d.lie, d.reason) for one in outcomes for d in one.limits}):
        print_line("declared limit {}: {} ({})".format(*declared))
    not_met = document["limits_not_met"]
    if isinstance(not_met, list) and not_met:
        print_line(f"declared limits that these searches have not met: {', '.join(not_met)}")
    for told in (told for one in outcomes for told in one.hazards):
        print_line("")
        for line in told.story:
            print_line(line)


def _necessity(
    names: Sequence[str], only: Sequence[str] | None, states: int | None, jobs: int, *, as_json: bool
) -> None:
    from safety.verification.necessity import rules_in
    from safety.verification.redundant import PROVED, UNPROVEN, reason_of
    from safety.verification.variants import variant

    rules = tuple(rules_in(variant(name) for name in names))
    unknown = [one for one in only or () if one not in rules]
    if unknown:
        raise typer.BadParameter(f"there is no rule {unknown[0]!r}; see --necessity --json for all of them")
    wanted = tuple(only) if only else rules
    began = time.monotonic()
    shares = [(tuple(names), wanted[share::jobs], states) for share in range(jobs)]
    found = {need.rule: need for needs in _each(run_needs, shares, jobs) for need in needs}
    needs = [found[rule] for rule in wanted]
    necessary = [need for need in needs if need.necessary]
    undeclared = [need for need in needs if (need.rule in UNPROVEN if need.necessary else not reason_of(need.rule))]
    proved = [need for need in needs if not need.necessary and need.rule in PROVED]
    document = {
        "interlocks": sum(need.instances for need in needs),
        "rules": len(needs),
        "necessary": sum(need.instances for need in necessary),
        "necessary_rules": len(necessary),
        "shown_by_proof_rules": len(proved),
        "undeclared": len(undeclared),
        "seconds": round(time.monotonic() - began, 1),
        "list": [asdict(need) for need in needs],
    }
    if as_json:
        print_json(document)
    else:
        _print_needs(needs, document)
    if undeclared:
        raise Failure(
            "NECESSITY_UNDECLARED",
            f"{len(undeclared)} rules are not as declared, first of them {undeclared[0].rule}.",
            "A rule that prevents nothing is wrong or redundant: say which in safety/verification/redundant.py.",
        ).reported()


def run_needs(work: tuple[tuple[str, ...], Sequence[str], int | None]) -> list[Need]:
    """Whether some rules are necessary, in the process that is called."""
    from safety.verification.necessity import Necessity
    from safety.verification.variants import variant

    names, rules, states = work
    variants, pace = [variant(name) for name in names], _pace("necessity")
    necessity = Necessity(variants, pace=pace) if states is None else Necessity.within(states, variants, pace)
    needs: list[Need] = []
    for rule in rules:
        needs.append(necessity.need(rule))
        err.print(f"{rule}: {'necessary' if needs[-1].necessary else 'not shown to be needed'}")
    return needs


def _print_needs(needs: Sequence[Need], document: dict[str, object]) -> None:
    for need in needs:
        if need.necessary:
            print_line(f"{need.rule} ({need.hazard}): without it, in the garage {need.variant!r}:")
            for number, line in enumerate(need.story, start=1):
                print_line(f"  {number}. {line}")
        else:
            print_line(f"{need.rule} ({need.hazard}): not shown to be needed. {need.reason}")
    print_line(
        f"{document['necessary_rules']} of {document['rules']} rules necessary "
        f"({document['necessary']} of {document['interlocks']} interlocks) in {document['seconds']} s"
    )
    sys.stdout.flush()
