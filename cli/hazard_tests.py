"""Which tests name a hazard: read from the tests' own names and docstrings, for the safety case.

Owns the scan. Must never import a test.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from safety.safety_case import HazardTest

_IN_NAME = re.compile(r"(?:^|_)h(\d\d)(?=_|$)")
_IN_TEXT = re.compile(r"\bH(\d\d)\b")


def hazard_tests(root: Path) -> tuple[HazardTest, ...]:
    """Every test function below ``root/tests`` whose name or docstring names a hazard, in a stable order."""
    found: list[HazardTest] = []
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                hazards = _hazards(node)
                if hazards:
                    found.append(HazardTest(path.relative_to(root).as_posix(), node.name, hazards))
    return tuple(found)


def _hazards(node: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    named = _IN_NAME.findall(node.name) + _IN_TEXT.findall(ast.get_docstring(node) or "")
    return frozenset(f"H{number}" for number in named)
