"""The mutants of a source file: what mutmut's operators make of its functions, its properties and its constants.

Owns their making and the name by which one is found again after other lines have changed: file, scope, and the text
before and after. mutmut itself leaves properties and constants alone; here they hold conditions of trips, and numbers.
Must never run anything.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from textwrap import dedent

import libcst as cst
from mutmut.mutation.file_mutation import Mutation, create_mutations, deep_replace

from tests.mutation.wording import is_wording

ROOT = Path(__file__).parents[2]

LEFT_OUT = {
    "safety/proof/*": "evidence: proves with z3 what the declarations let through",
    "safety/verification/*": "evidence: searches reachable states",
    "safety/diagram.py": "part of the cause-and-effect matrix",
    "safety/effect.py": "part of the cause-and-effect matrix",
    "safety/matrix.py": "evidence: the cause-and-effect matrix, which tests compare with the real logic",
    "safety/matrix_document.py": "prints the matrix",
    "safety/interlock_table.py": "prints the interlock list",
    "safety/hazards.py": "the text of the hazard list; decides nothing",
    "safety/safety_case.py": "prints the safety case",
}
"""What is not mutated, and why."""

_PROPERTY = re.compile(r"^( +)@property$", re.MULTILINE)


Key = tuple[str, str, str, str, int]
"""File, scope, lines before and after, and a number that tells apart changes of equal lines in one scope."""


@dataclass(frozen=True)
class Mutant:
    """One change. ``scope`` is the function or constant; ``source`` the whole of it, changed.

    ``is_wording`` says that nothing but sentences for people differ.
    """

    file: str
    scope: str
    before: str
    after: str
    source: str
    is_constant: bool = False
    is_wording: bool = False
    number: int = 0

    @property
    def key(self) -> Key:
        """The mutant's name."""
        return self.file, self.scope, self.before, self.after, self.number


def source_files() -> list[str]:
    """Every file of ``safety`` that is mutated, as a path within the project."""
    found = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "safety").rglob("*.py"))
    return [name for name in found if not any(fnmatch(name, pattern) for pattern in LEFT_OUT)]


@cache
def mutants_of(file: str) -> tuple[Mutant, ...]:
    """Every mutant of one file, in the order of its lines."""
    source = (ROOT / file).read_text(encoding="utf-8")
    # Without its decorator a property is a function like any other to mutmut.
    module, mutations, _, _ = create_mutations(file, _PROPERTY.sub(r"\1# property", source))
    scopes = dict(_scopes(module))
    seen: Counter[Key] = Counter()
    found: list[Mutant] = []
    for mutation in mutations:
        scope = _scope_of(mutation, module, scopes)
        if scope is not None:
            mutant = _mutant(file, module, mutation, scope, scopes[scope])
            found.append(replace(mutant, number=seen[mutant.key]))
            seen[mutant.key] += 1
    return tuple(found)


def _scopes(module: cst.Module) -> Iterator[tuple[cst.CSTNode, str]]:
    """Functions, methods and constants with their names; not classes' own lines, imports and names of types."""
    for statement in module.body:
        match statement:
            case cst.FunctionDef():
                yield statement, statement.name.value
            case cst.ClassDef(body=cst.IndentedBlock(body=body)):
                for below in body:
                    if isinstance(below, cst.FunctionDef):
                        yield below, f"{statement.name.value}.{below.name.value}"
            case cst.SimpleStatementLine(body=[cst.Assign() | cst.AnnAssign() as assignment]):
                name = _constant(assignment)
                if name is not None:
                    yield statement, name


def _constant(assignment: cst.Assign | cst.AnnAssign) -> str | None:
    target = assignment.target if isinstance(assignment, cst.AnnAssign) else assignment.targets[0].target
    value = assignment.value
    names_a_type = isinstance(value, cst.Subscript) or (
        isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.BitOr)
    )
    return target.value if isinstance(target, cst.Name) and not names_a_type else None


def _scope_of(mutation: Mutation, module: cst.Module, scopes: dict[cst.CSTNode, str]) -> cst.CSTNode | None:
    within = mutation.contained_by_top_level_function
    if within is not None:
        return within if within in scopes else None
    for statement in module.body:
        if statement in scopes and _contains(statement, mutation.original_node):
            return statement
    return None


def _contains(node: cst.CSTNode, wanted: cst.CSTNode) -> bool:
    return node is wanted or any(_contains(child, wanted) for child in node.children)


def _mutant(file: str, module: cst.Module, mutation: Mutation, scope: cst.CSTNode, name: str) -> Mutant:
    changed = deep_replace(scope, mutation.original_node, mutation.mutated_node)
    if not isinstance(changed, cst.CSTNode):
        raise TypeError(f"a mutation removed all of {name}")
    old, new = module.code_for_node(scope), module.code_for_node(changed)
    before, after = _difference(old.splitlines(), new.splitlines())
    is_constant = not isinstance(scope, cst.FunctionDef)
    return Mutant(
        file, name, before, after, new, is_constant, is_wording=is_wording(dedent(old).strip(), dedent(new).strip())
    )


def _difference(old: Sequence[str], new: Sequence[str]) -> tuple[str, str]:
    """The lines that differ, without those around them and without indentation."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    end = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)
    return _joined(old[start : len(old) - end]), _joined(new[start : len(new) - end])


def _joined(lines: Sequence[str]) -> str:
    return " ".join(line.strip() for line in lines).strip()
