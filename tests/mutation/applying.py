"""Putting a mutant in the place of the code that it was made from, in a process that has everything loaded.

Owns the exchange. A function keeps its identity and gets the mutant's code, so everybody who imported it runs the
mutant; a constant is bound anew in every module that has it by name, and so is every constant that is made from it.
Must never be undone: the process is a fork.
"""

from __future__ import annotations
import __future__

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from types import CodeType, FunctionType, ModuleType

from tests.mutation.mutants import ROOT, Mutant

_FLAGS = __future__.annotations.compiler_flag


def apply(mutant: Mutant) -> None:
    """Make the mutant what runs from now on; raises what the mutant raises when it is loaded."""
    module = import_module(mutant.file.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    if mutant.is_constant:
        _bind(mutant, module)
    else:
        _exchange(mutant, module)


def live_function(module: ModuleType, scope: str) -> FunctionType:
    """The function, method or property getter called ``scope``.

    Raises:
        TypeError: it is something else.
    """
    owner, _, name = scope.rpartition(".")
    found = vars(vars(module)[owner] if owner else module)[name]
    found = found.fget if isinstance(found, property) else found
    found = found.__func__ if isinstance(found, classmethod | staticmethod) else found
    if not isinstance(found, FunctionType):
        raise TypeError(f"{module.__name__}: {scope} is no function")
    return found


def _exchange(mutant: Mutant, module: ModuleType) -> None:
    live = live_function(module, mutant.scope)
    compiled = compile(mutant.source, mutant.file, "exec", _FLAGS, dont_inherit=True)
    live.__code__ = next(code for code in compiled.co_consts if isinstance(code, CodeType))
    definition = ast.parse(mutant.source).body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise TypeError(f"{mutant.scope} is no function")
    value: Callable[[ast.expr], object] = lambda node: eval(ast.unparse(node), vars(module))  # noqa: E731, S307
    given = definition.args
    live.__defaults__ = tuple(value(node) for node in given.defaults) or None
    named = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    live.__kwdefaults__ = {arg.arg: value(node) for arg, node in named if node is not None} or None


def made_from(file: str, constant: str) -> list[tuple[str, str]]:
    """Constants below ``constant`` in its file that are made from it, each with its statement, in order."""
    changed = {constant}
    found: list[tuple[str, str]] = []
    for statement in ast.parse((ROOT / file).read_text(encoding="utf-8")).body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        read = {node.id for node in ast.walk(statement.value) if isinstance(node, ast.Name)}
        if isinstance(target, ast.Name) and target.id != constant and read & changed:
            changed.add(target.id)
            found.append((target.id, ast.unparse(statement)))
    return found


def _bind(mutant: Mutant, module: ModuleType) -> None:
    namespace = dict(vars(module))
    dependent = made_from(mutant.file, mutant.scope)
    for source in (mutant.source, *(statement for _, statement in dependent)):
        exec(compile(source, mutant.file, "exec", _FLAGS, dont_inherit=True), namespace)  # noqa: S102
    before = {name: vars(module)[name] for name in (mutant.scope, *(name for name, _ in dependent))}
    for other in list(sys.modules.values()):
        for name, value in before.items():
            if getattr(other, "__dict__", {}).get(name) is value:
                setattr(other, name, namespace[name])
