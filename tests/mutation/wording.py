"""Whether a change touches only what is said to people, or also what is decided.

Owns that distinction. A printed document may be what notices a changed sentence. A changed condition must be noticed
by what the machine may then do: a page that is printed from the condition itself would be printed anew, and be right.
"""

from __future__ import annotations

import ast

_SAID = frozenset({"title", "cause", "remedy", "standard"})
"""Arguments of a declaration that only people read."""


def is_wording(before: str, after: str) -> bool:
    """True when two versions of a scope differ in sentences alone."""
    return _alike(ast.parse(before), ast.parse(after))


def _alike(old: object, new: object) -> bool:
    if _is_sentence(old):
        return _is_sentence(new) or (isinstance(new, ast.Constant) and new.value is None)
    if type(old) is not type(new):
        return False
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(_alike, old, new))
    if isinstance(old, ast.AST) and isinstance(new, ast.AST):
        return all(_alike(_decided(old, name), _decided(new, name)) for name in old._fields)
    return old == new


def _decided(node: ast.AST, name: str) -> object:
    """A field of a node, without the arguments that only people read."""
    value = getattr(node, name, None)
    if isinstance(node, ast.Call) and name == "keywords":
        return [argument for argument in node.keywords if argument.arg not in _SAID]
    return value


def _is_sentence(node: object) -> bool:
    """Text with a blank in it, or none at all: names of tags, permits and rules are single words."""
    match node:
        case ast.JoinedStr(values):
            return any(isinstance(part, ast.Constant) and " " in str(part.value) for part in values)
        case ast.Constant(str() as text):
            return " " in text or not text.removeprefix("XX").removesuffix("XX")
        case _:
            return False
