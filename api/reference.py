"""``docs/api.md``, written from the OpenAPI document and the events' own definitions.

Owns the page's form. Must never describe a route, a field or an event by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.app import create_api
from controller.local_link.client import LocalLinkClient

Json = dict[str, Any]

_INTRODUCTION = """\
# HTTP API

Generated from the code by `make docs`; `make docs-check` compares. The same as OpenAPI, with every type:
`GET /api/v1/openapi.json`.

What holds everywhere:

- **Age.** Reading answers come from a copy of the control process's last snapshot. They say how old it is, in
  `snapshot_age_ms` and in the header `Garage-Snapshot-Age-Ms`. A copy older than 2 s is not told as current: 503
  `CONTROLLER_AWAY`, unless asked for with `?allow_stale=true`.
- **Errors** are RFC 9457 problems (`application/problem+json`) with a stable `code`, a `detail` for people, and a
  `remedy`. Programs compare `code` and nothing else.
- **Idempotency.** `POST /api/v1/orders` and `/bookings` take a header `Idempotency-Key`. The same key with
  the same body gives the same again (200); with another body it is refused (422 `IDEMPOTENCY_CONFLICT`). After 504
  `CONTROLLER_SILENT` repeat with the same key.
- **Bodies** are JSON objects of at most 16 KiB with `Content-Type: application/json`. Unknown fields are refused.
- **Browsers.** Commands from pages of another origin are refused (403 `FOREIGN_ORIGIN`), and so is a host name that
  is not this machine's (421 `HOST_NOT_ALLOWED`; `api.allow_hosts` in the configuration adds one).
- **Times** are Unix milliseconds, lengths mm, weights kg.

An order and what becomes of it:

    curl -X POST http://127.0.0.1:8080/api/v1/orders -H 'Content-Type: application/json' \\
         -d '{"kind": "retrieve", "vehicle": "mustang-01"}'
    curl http://127.0.0.1:8080/api/v1/orders/o-1
    curl -N http://127.0.0.1:8080/api/v1/events
"""

_EVENTS = """\
## Events

`GET /api/v1/events` is a stream of server-sent events. Each has its number as `id`; numbers have no gaps. A
listener that was cut off sends the last number it has as `Last-Event-ID` (browsers do so by themselves) or as
`?after=`, and gets all that followed. What is no longer kept is told by an event named `gap` with the first and the
last number that are missing; a number from before the journal was replaced gives a `gap` with `"journal": "another"`.

With `?motion=true` the stream also has events without an `id`: `motion`, at most ten a second, with what changed in
the picture of the garage (the first one is `full`; what went away is `null`), and `pulse`, once a second, with the
age of the data. Fields that have their default are left out of an event's `data`.

| kind | when | data |
| --- | --- | --- |
"""


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of event: its name on the wire, what it says, and the names of its data."""

    name: str
    meaning: str
    fields: tuple[str, ...]


def markdown(kinds: Sequence[EventKind]) -> str:
    """The whole page."""
    # The client is never started: it only stands where the running process has a real one.
    document = create_api(LocalLinkClient(Path("/run/garage"))).openapi()
    parts = [_INTRODUCTION]
    for tag in document["tags"]:
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description']}\n")
        parts += _operations(document, tag["name"])
    rows = "".join(f"| `{k.name}` | {k.meaning} | {', '.join(f'`{f}`' for f in k.fields)} |\n" for k in kinds)
    parts.append(_EVENTS.replace("## Events\n", "### Kinds of events\n") + rows)
    parts.append("## Types\n\n" + "\n".join(_types(document)))
    return "\n".join(parts).rstrip() + "\n"


def _operations(document: Json, tag: str) -> Iterator[str]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation.get("tags", []):
                yield _operation(method.upper(), path, operation)


def _operation(method: str, path: str, operation: Json) -> str:
    lines = [f"### `{method} {path}`", "", f"{operation['summary']}. {operation.get('description', '')}".strip(), ""]
    parameters = operation.get("parameters", [])
    if parameters:
        lines += ["| parameter | in | type | meaning |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{p['name']}` | {p['in']} | {_type(p['schema'])} | {_cell(p.get('description', ''))} |"
            for p in parameters
        ]
        lines.append("")
    for content in operation.get("requestBody", {}).get("content", {}).values():
        lines += [f"Body: {_type(content['schema'])}. For example:", ""]
        for example in content.get("examples", {}).values():
            lines += [f"    {json.dumps(example['value'], ensure_ascii=False)}"]
        lines.append("")
    lines += ["| status | meaning | body |", "| --- | --- | --- |"]
    for status, response in sorted(operation["responses"].items()):
        body = " ".join(_type(content.get("schema", {})) for content in response.get("content", {}).values())
        lines.append(f"| {status} | {_cell(response['description'])} | {body} |")
    return "\n".join([*lines, ""])


def _types(document: Json) -> Iterator[str]:
    for name, schema in sorted(document["components"]["schemas"].items()):
        description = _cell(schema.get("description", "").replace("\n", " "))
        yield f"### {name}\n\n{description}\n" if description else f"### {name}\n"
        required = set(schema.get("required", []))
        yield "| field | type | meaning |\n| --- | --- | --- |"
        for field, type_ in schema.get("properties", {}).items():
            optional = "" if field in required else " (optional)"
            yield f"| `{field}` | {_type(type_)}{optional} | {_cell(type_.get('description', ''))} |"
        yield ""


def _type(schema: Json) -> str:
    """A schema in a few words, with a link to its type where it has one."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(_type(item) for item in schema[choice])
    if "allOf" in schema:
        return " and ".join(_type(item) for item in schema["allOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and "properties" in schema:
        return ", ".join(f"`{name}`: {_type(item)}" for name, item in schema["properties"].items())
    return f"{schema.get('type', 'any')}{_range(schema)}"


def _range(schema: Json) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None and high is None:
        return f" like `{_cell(schema['pattern'])}`" if "pattern" in schema else ""
    above = "above " if "exclusiveMinimum" in schema else "from "
    return f", {above}{low}" + ("" if high is None else f" to {high}")


def _cell(text: str) -> str:
    """``text`` so that it fits into one cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
