"""``python -m tests.mutation run|report``: test every mutant of ``safety``, and compare with the equivalent ones.

Owns the command line. ``run`` goes on where an earlier one ended (``--anew`` forgets it, ``--survivors`` tries those
again that nothing has killed and no reason explains); ``report`` exits with 1 when a mutant survives that is not listed
as equivalent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import pytest

from tests.mutation.mutants import ROOT, source_files
from tests.mutation.results import equivalent, read_results, report
from tests.mutation.session import MutationSession, Plan

RESULTS = ROOT / ".mutation" / "results.jsonl"

SECOND_ROUND = {"test_necessity.py", "test_matrix.py", "test_safety_case.py"}
"""Tests that take seconds, or that look at an instrument: left out unless ``--tests tests/safety`` asks for them."""


def quick_tests() -> list[str]:
    """The tests that mutants are run against first."""
    found = sorted(path for path in (ROOT / "tests" / "safety").glob("test_*.py") if path.name not in SECOND_ROUND)
    return [path.relative_to(ROOT).as_posix() for path in found]


def run(plan: Plan, tests: Sequence[str]) -> int:
    """Run the mutants of a plan; 0 unless the tests could not be run."""
    # Nobody reads how a mutant's test failed.
    options = [
        "-q",
        "-s",
        "--assert=plain",
        "--tb=native",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-o",
        "timeout=0",
    ]
    options += ["--rootdir", str(ROOT)]
    return int(pytest.main([*options, *tests], plugins=[MutationSession(plan)]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run or report."""
    given = _parser().parse_intermixed_args(arguments)
    files = given.files or source_files()
    if given.action == "report":
        text, unsettled = report(files, read_results(RESULTS))
        sys.stdout.write(text)
        return 1 if unsettled else 0
    RESULTS.parent.mkdir(exist_ok=True)
    if given.anew:
        RESULTS.unlink(missing_ok=True)
    listed = equivalent()
    found = read_results(RESULTS).items()
    known = {key for key, killer in found if killer or not given.survivors or key[:4] in listed}
    plan = Plan(files, RESULTS, frozenset(known), given.children, given.slowest, given.seconds)
    return run(plan, given.tests or quick_tests())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation testing of safety/.")
    parser.add_argument("action", choices=("run", "report"))
    parser.add_argument("files", nargs="*", help="files of safety/; all when none is given")
    parser.add_argument("--anew", action="store_true", help="forget the results of earlier runs")
    parser.add_argument("--survivors", action="store_true", help="try again what nothing has killed yet")
    parser.add_argument("--children", type=int, default=2, help="how many mutants run at a time (default 2)")
    parser.add_argument("--seconds", type=float, default=20.0, help="tests for one mutant, by their time without it")
    parser.add_argument("--slowest", type=float, default=3.0, help="leave out tests that take longer, in s")
    parser.add_argument("--tests", nargs="*", help="what pytest collects instead of the quick tests of tests/safety")
    return parser


if __name__ == "__main__":
    sys.exit(main())
