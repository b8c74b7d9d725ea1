"""The safety case as a document: from each hazard to what guards it, what is proved, searched and tested of it.

Owns ``docs/safety-case.md``. Must never claim what a declaration, a predicate or a test does not say, and never pass
over what is left. Predicates, searched states and tests are given by the caller, so that this module needs neither the
solver nor the tests' files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from safety.hazards import HAZARDS, Hazard
from safety.interlock import Interlock
from safety.interlock_table import SHUTTLE_GARAGE, VENDING_TOWER
from safety.rules import rules_of
from safety.trips import trips_of


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is shown never to happen: ``id`` begins with its hazard, ``never`` is a sentence."""

    id: str
    never: str
    source: str = ""

    @property
    def hazard(self) -> str:
        """The hazard's number."""
        return self.id[:3]


@dataclass(frozen=True, slots=True)
class HazardTest:
    """A test that names a hazard: its file below the project's root, and its name."""

    file: str
    name: str
    hazards: frozenset[str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is brought forward beside the declarations themselves.

    ``searched`` is empty as long as no exhaustive search is declared; the document then says so.
    """

    proved: Sequence[Claim] = ()
    searched: Sequence[Claim] = ()
    tests: Sequence[HazardTest] = field(default_factory=tuple)


_HEAD = """# Safety case

From each hazard to the accident behind it, to what guards against it, and to the evidence. Read
[the safety boundary](safety-boundary.md) first: this controller is a second, independent permissive, not a rated safety
function, and nothing here replaces the machine's own risk assessment.

This page is generated from the declarations by `make docs`. Do not edit it by hand.

How the parts hang together:

- A **rule** is an interlock or a trip: the very declaration that the controller evaluates. Its condition stands in
  [interlocks.md](interlocks.md). Rules are named here as they come out in two examples, a tower and a shuttle garage.
- **Proved** means: with z3, for every image at all, reachable or not, every memory and every wish, the gate lets
  nothing through that the sentence forbids ([proof.md](proof.md)). The sentences are written without the rules.
  `garagectl prove` proves them for a garage of yours.
- **Searched** means: every reachable state of a small garage has been visited through the real safety code, with the
  PLCs' own interlocks off and any one sensor lying.
- **Tested** names every test that names the hazard. Those below `tests/simulation` run the whole controller against the
  emulated plant, which judges by bodies and mechanics and not by what the controller believes.
- **What remains** is what none of it prevents.
"""


def document(evidence: Evidence) -> str:
    """The whole document as Markdown."""
    rules = _rules()
    parts = [_HEAD, _overview(rules, evidence)]
    parts += [_chapter(hazard, rules, evidence) for hazard in HAZARDS]
    return "\n".join(parts).rstrip() + "\n"


def _rules() -> list[tuple[Interlock, bool]]:
    """One of each kind of rule, with True for a trip."""
    found: dict[str, tuple[Interlock, bool]] = {}
    for topology in (VENDING_TOWER, SHUTTLE_GARAGE):
        trips = {trip.id for trip in trips_of(topology)}
        for rule in rules_of(topology):
            found.setdefault(_kind(rule.id), (rule, rule.id in trips))
    return list(found.values())


def _kind(rule_id: str) -> str:
    """What a rule is about, without the examples' devices, sides, levels and columns."""
    name = re.sub(r"(cabin|lift|shuttle|safety|zone-?)\d", r"\1", rule_id)
    return re.sub(r"(-left|-right|(-at)?(-\d+)+)$", "", name)


def _overview(rules: Sequence[tuple[Interlock, bool]], evidence: Evidence) -> str:
    lines = [
        "| hazard | | rules | trips | proved | searched | tests |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for hazard in HAZARDS:
        own = [is_trip for rule, is_trip in rules if rule.hazard == hazard.id]
        row = (
            f"[{hazard.id}](#{_anchor(hazard)})",
            hazard.title,
            str(len(own) - sum(own)),
            str(sum(own)),
            str(len(_of(hazard, evidence.proved))),
            str(len(_of(hazard, evidence.searched))),
            str(len(_tests(hazard, evidence))),
        )
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _chapter(hazard: Hazard, rules: Sequence[tuple[Interlock, bool]], evidence: Evidence) -> str:
    parts = [f"## {hazard.id}: {hazard.title}", "", hazard.why, ""]
    parts += _guarded(hazard, rules)
    parts += _claims("Proved: it never happens that", _of(hazard, evidence.proved), "Proved: nothing of this hazard.")
    if evidence.searched:
        none = "Searched: nothing of this hazard."
        parts += _claims("Searched: no reachable state in which", _of(hazard, evidence.searched), none)
    else:
        parts += ["Searched: no exhaustive search is declared yet.", ""]
    parts += _tested(hazard, evidence)
    parts += [f"**Elsewhere.** {hazard.elsewhere}", "", f"**What remains.** {hazard.remains}", ""]
    return "\n".join(parts)


def _guarded(hazard: Hazard, rules: Sequence[tuple[Interlock, bool]]) -> list[str]:
    own = [(rule, is_trip) for rule, is_trip in rules if rule.hazard == hazard.id]
    if not own:
        return ["No rule of `safety/` guards against it.", ""]
    lines = ["Guarded by:", ""]
    for rule, is_trip in own:
        kind = "trip" if is_trip else f"{rule.phase.value} interlock"
        lines.append(f"- `{rule.id}` ({kind}): {rule.title}")
    return [*lines, ""]


def _claims(begins: str, claims: Sequence[Claim], none: str) -> list[str]:
    if not claims:
        return [none, ""]
    lines = [f"{begins}", ""]
    for claim in claims:
        source = f" *({claim.source})*" if claim.source else ""
        lines.append(f"- `{claim.id}`: {claim.never}{source}")
    return [*lines, ""]


def _tested(hazard: Hazard, evidence: Evidence) -> list[str]:
    tests = _tests(hazard, evidence)
    if not tests:
        return ["Tested: no test names it.", ""]
    lines = ["Tested by:", ""]
    for file in sorted({test.file for test in tests}):
        names = sorted(test.name for test in tests if test.file == file)
        lines += [f"- `{file}`", *(f"  - `{name}`" for name in names)]
    return [*lines, ""]


def _of(hazard: Hazard, claims: Iterable[Claim]) -> list[Claim]:
    return [claim for claim in claims if claim.hazard == hazard.id]


def _tests(hazard: Hazard, evidence: Evidence) -> list[HazardTest]:
    return [test for test in evidence.tests if hazard.id in test.hazards]


def _anchor(hazard: Hazard) -> str:
    """The anchor that Markdown makes of the chapter's heading."""
    heading = f"{hazard.id}: {hazard.title}".lower()
    return "".join(letter for letter in heading if letter.isalnum() or letter in " -").replace(" ", "-")
