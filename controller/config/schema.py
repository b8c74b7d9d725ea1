"""The configuration's keys as data: what may stand at a path, derived from the models.

Owns how the models' JSON schema is walked and put into words, for error messages and for the reference page. Must
never know a rule that the models do not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from controller.config.models import GarageConfig

Node = dict[str, Any]
Step = str | int

_WORDS = {"integer": "a whole number", "number": "a number", "string": "a text", "boolean": "true or false"}


@cache
def root() -> Node:
    """The JSON schema of a whole garage."""
    return GarageConfig.model_json_schema()


def resolve(node: Node) -> Node:
    """The node itself, a reference followed and a way to leave the key out (``null``) dropped."""
    while "$ref" in node:
        node = root()["$defs"][node["$ref"].rsplit("/", 1)[-1]] | {k: v for k, v in node.items() if k != "$ref"}
    choices = [choice for choice in node.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        return resolve(choices[0] | {k: v for k, v in node.items() if k != "anyOf"})
    return node


def at(path: Sequence[Step]) -> Node | None:
    """The schema of what may stand at a path, None when nothing may.

    The path is pydantic's: in a list of links, the protocol follows the index.
    """
    node = resolve(root())
    for step in path:
        found = _child(node, step)
        if found is None:
            return None
        node = resolve(found)
    return node


def known_keys(path: Sequence[Step]) -> list[str]:
    """Keys of the table at a path, in the models' order; empty when there is no table."""
    node = at(path)
    return [] if node is None else list(node.get("properties", {}))


def described(node: Node) -> str:
    """What may stand there, in words: ``a whole number from 5 to 200``."""
    node = resolve(node)
    for key in ("enum", "const"):
        if key in node:
            allowed = node[key] if key == "enum" else [node[key]]
            return (
                "one of " + ", ".join(_literal(item) for item in allowed) if len(allowed) > 1 else _literal(allowed[0])
            )
    if node.get("type") == "array":
        return _list_described(node)
    if node.get("type") == "object" or "oneOf" in node:
        return "a table"
    words = _WORDS.get(str(node.get("type")), "a value")
    if node.get("format") in ("path", "date"):
        words = {"path": "a path", "date": "a date as 2027-03-01"}[node["format"]]
    return words + _bounds(node) + _form(node)


def _child(node: Node, step: Step) -> Node | None:
    if isinstance(step, int):
        prefix = node.get("prefixItems", [])
        if step < len(prefix):
            return _as_node(prefix[step])
        return _as_node(node.get("items"))
    if "discriminator" in node:
        reference = node["discriminator"]["mapping"].get(step)
        return None if reference is None else {"$ref": reference}
    return _as_node(node.get("properties", {}).get(step))


def _as_node(found: object) -> Node | None:
    return found if isinstance(found, dict) else None


def _list_described(node: Node) -> str:
    prefix = node.get("prefixItems", [])
    if prefix:
        return f"a list of exactly {len(prefix)}: " + ", ".join(described(item) for item in prefix)
    least = node.get("minItems", 0)
    return ("a list" if not least else f"a list of at least {least}") + ", each " + described(node.get("items", {}))


def _bounds(node: Node) -> str:
    low, high = node.get("minimum"), node.get("maximum")
    above = node.get("exclusiveMinimum")
    lower = f" above {above}" if above is not None else ""
    if low is not None:
        lower = f" from {low}"
    if high is None:
        return lower + (" on" if low is not None else "")
    if not lower:
        return f" up to {high}"
    return f"{lower} {'to' if low is not None else 'up to'} {high}"


def _form(node: Node) -> str:
    if "pattern" in node:
        return f" of the form {node['pattern']}"
    low, high = node.get("minLength"), node.get("maxLength")
    if high is not None:
        return f" of {low or 0} to {high} characters"
    return ""


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
