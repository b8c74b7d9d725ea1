"""The cause-and-effect matrix as a document: Markdown, CSV and HTML, from the same data.

Owns the three forms. Must never say anything that the matrix does not hold, and never need another host: the page is
one file, to be read, searched and printed where there is no network.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from html import escape

from safety.interlock_table import HAZARDS
from safety.matrix import Cell, Matrix, Row, stops
from safety.verdict import Function
from safety.waiver import Waiver

FORMATS = ("md", "csv", "html")

_KINDS = {
    "device": "Devices that give no good readings",
    "reading": "Readings",
    "act": "Persons: locks and holds in the books",
    "permit": "Other functions that are permitted, or still acted upon",
    "command": "Commands that are under way",
}

_LETTERS = (
    ("X", "the permit is lost whenever the reading is not as it must be, and the function stops"),
    ("x", "the permit is lost in those situations of which the interlock speaks (forks on their way there, and so on)"),
    ("S", "no command that needs this permit and that the interlock names can start"),
    ("s", "such a command cannot start in those situations of which the interlock speaks"),
    ("0-2", "behind a letter: a trip stops it in this stop category (IEC 60204-1), beside the permit that goes"),
)

_NOTES = tuple(
    """\
Every cell is computed from the interlocks and trips as they are evaluated live, by trying each condition with the \
reading as it must be and as it must not be. Nothing here is listed by hand.
Where a row says *or is unknown*, a stale, bad or missing reading does the same. Where the two differ, the unknown \
reading has a row of its own.
The category of a row is the hardest of the trips behind it; *stop* means that there is none: the permit goes and the \
PLC makes its controlled stop. A permit taken away under a command never comes back for that command.
Hard-wired stops are not in it: they act without the controller.""".splitlines()
)

_COLUMNS = ("category", "latch", "reset", "hazards", "interlocks", "standards")


def render(form: str, name: str, matrix: Matrix, waivers: Sequence[Waiver] = ()) -> str:
    """The document of a garage called ``name`` as ``md``, ``csv`` or ``html``.

    Raises:
        ValueError: there is no such form.
    """
    match form:
        case "md":
            return _markdown(name, matrix, waivers)
        case "csv":
            return _csv(matrix)
        case "html":
            return _html(name, matrix, waivers)
        case _:
            raise ValueError(f"{form!r} is none of {', '.join(FORMATS)}")


def _failing(row: Row) -> str:
    """When the row's cause is there, in words: ``is not true, or is unknown``."""
    said = row.cause.must.removeprefix("must ")
    if not said:
        return "is unknown"
    return f"{_opposite(said)}, or is unknown" if row.or_unknown else _opposite(said)


def _opposite(said: str) -> str:
    """``be true`` becomes ``is not true``; ``not be permitted`` becomes ``is permitted``."""
    if said.startswith("not be "):
        return f"is {said.removeprefix('not be ')}"
    if said.startswith("be "):
        return f"is not {said.removeprefix('be ')}"
    if said.startswith("not have "):
        return f"has {said.removeprefix('not have ')}"
    return f"does not {said}"


def _values(row: Row) -> tuple[str, ...]:
    return (
        row.category,
        row.latch,
        row.reset,
        " ".join(row.hazards),
        " ".join(row.interlocks),
        "; ".join(row.standards),
    )


def as_plain(matrix: Matrix) -> dict[str, object]:
    """The matrix as plain data, for ``json.dumps``."""
    return {
        "functions": [str(function) for function in matrix.functions],
        "rows": [
            {
                "kind": row.cause.kind,
                "reading": row.cause.reading,
                "cause": _failing(row),
                "meaning": row.cause.meaning,
                "effects": {str(function): cell.told for function, cell in row.cells.items()},
                "category": row.category,
                "latch": row.latch,
                "reset": row.reset,
                "hazards": list(row.hazards),
                "interlocks": list(row.interlocks),
                "standards": list(row.standards),
            }
            for row in matrix.rows
        ],
    }


# --- CSV --------------------------------------------------------------------------------------------------------


def _csv(matrix: Matrix) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    functions = [str(function) for function in matrix.functions]
    writer.writerow(["kind", "reading", "cause", "meaning", *functions, *_COLUMNS])
    for row in matrix.rows:
        cells = [row.cells[f].told if f in row.cells else "" for f in matrix.functions]
        writer.writerow([row.cause.kind, row.cause.reading, _failing(row), row.cause.meaning, *cells, *_values(row)])
    return out.getvalue()


# --- Markdown ---------------------------------------------------------------------------------------------------


def _markdown(name: str, matrix: Matrix, waivers: Sequence[Waiver]) -> str:
    parts = [f"# Cause and effect: {name}\n", _counted(matrix), "\n".join(f"- `{a}`: {b}" for a, b in _LETTERS)]
    parts += [*_NOTES, *_waived(waivers)]
    for kind, title in _KINDS.items():
        rows = [row for row in matrix.rows if row.cause.kind == kind]
        if rows:
            parts.append(f"## {title}\n\n{_table(rows, matrix.functions)}")
    parts.append("## What stops each function\n")
    parts += [_stopped(matrix, function) for function in matrix.functions]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _counted(matrix: Matrix) -> str:
    return (
        f"{len(matrix.rows)} causes, {len(matrix.functions)} functions, {len(matrix.interlocks)} interlocks and trips. "
        "Find an input in its row to see what it stops; find a function in its column, or in the last chapter, to see "
        "what stops it."
    )


def _waived(waivers: Sequence[Waiver]) -> list[str]:
    return [
        f"**Waived:** `{one.sensor}` is missing; {one.person} answers for {', '.join(one.hazards)} "
        f"until {one.expires}. {one.reason}"
        for one in waivers
    ]


def _table(rows: Iterable[Row], functions: Sequence[Function]) -> str:
    head = ["cause", *(str(f).replace(".", "<br>") for f in functions), "cat.", "hazards", "interlocks and trips"]
    lines = ["| " + " | ".join(head) + " |", "| --- " + "| :-: " * len(functions) + "| --- | --- | --- |"]
    for row in rows:
        cells = [row.cells[f].told if f in row.cells else "" for f in functions]
        cause = f"`{row.cause.reading}` {_failing(row)}"
        ids = ", ".join(f"`{one}`" for one in row.interlocks)
        lines.append("| " + " | ".join([cause, *cells, row.category, " ".join(row.hazards), ids]) + " |")
    return "\n".join(lines)


def _stopped(matrix: Matrix, function: Function) -> str:
    lines = [f"### `{function}`\n", "| effect | cause | latch | reset | through |", "| :-: | --- | --- | --- | --- |"]
    for row, cell in stops(matrix, function):
        ids = ", ".join(f"`{one}`" for one in cell.interlocks)
        lines.append(f"| {cell.told} | `{row.cause.reading}` {_failing(row)} | {row.latch} | {row.reset} | {ids} |")
    return "\n".join(lines)


# --- HTML -------------------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light; --line: #c9ced6; --head: #eef1f5; --ink: #16202c; --soft: #56616e; }
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; color: var(--ink); background: #fff;
  font: 14px/1.4 system-ui, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .4rem; } h2 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
p, dl { max-width: 70rem; margin: .3rem 0; } dl { display: grid; grid-template-columns: 2rem 1fr; }
dl.hazards { grid-template-columns: 3rem 1fr; } details { margin: .2rem 0; }
dt { font-weight: 700; } dd { margin: 0; } .waived { border-left: 4px solid #b54708; padding: .3rem .6rem;
  background: #fff6ed; }
.frame { overflow: auto; max-height: 85vh; border: 1px solid var(--line); }
table { border-collapse: separate; border-spacing: 0; }
th, td { border-right: 1px solid var(--line); border-bottom: 1px solid var(--line); padding: .2rem .4rem;
  text-align: left; vertical-align: top; background: #fff; }
thead th { position: sticky; top: 0; background: var(--head); z-index: 2; vertical-align: bottom; }
thead th.effect span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
tbody th { position: sticky; left: 0; z-index: 1; font-weight: 400; min-width: 18rem; max-width: 24rem; }
thead th:first-child { left: 0; z-index: 3; }
tbody tr.kind th { background: var(--head); font-weight: 700; }
tbody tr:hover td, tbody tr:hover th { background: #f6f9ff; }
td.cell { text-align: center; font-weight: 700; min-width: 2rem; }
td.always { background: #ffd9d4; } td.some { background: #fff0cc; } td.start { background: #e3ecff; }
code { font: 12px/1.3 ui-monospace, "DejaVu Sans Mono", monospace; } small { color: var(--soft); display: block; }
td.ids code { display: block; white-space: nowrap; }
@media print { body { padding: 0; font-size: 8px; } .frame { overflow: visible; max-height: none; border: 0; }
  code { font-size: 7px; } thead { display: table-header-group; } tr { break-inside: avoid; }
  thead th, tbody th { position: static; } td, th { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; } @page { size: A3 landscape; margin: 10mm; } }
"""


def _html(name: str, matrix: Matrix, waivers: Sequence[Waiver]) -> str:
    title = f"Cause and effect: {escape(name)}"
    letters = "".join(f"<dt>{a}</dt><dd>{escape(b)}</dd>" for a, b in _LETTERS)
    notes = "".join(f"<p>{_plain(note)}</p>\n" for note in (_counted(matrix), *_NOTES))
    waived = "".join(f'<p class="waived">{_plain(text)}</p>\n' for text in _waived(waivers))
    heads = "".join(f'<th scope="col" class="effect"><span>{escape(str(f))}</span></th>' for f in matrix.functions)
    more = "".join(f'<th scope="col">{word}</th>' for word in _MORE)
    body = "".join(_html_kind(kind, heading, matrix) for kind, heading in _KINDS.items())
    by_function = "".join(_html_function(matrix, function) for function in matrix.functions)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{title}</h1>
{waived}<dl>{letters}</dl>
{notes}<h2>Which cause stops what</h2>
<div class="frame" tabindex="0"><table>
<thead><tr><th scope="col">cause</th>{heads}{more}</tr></thead>
<tbody>
{body}</tbody>
</table></div>
<h2>What stops each function</h2>
{by_function}<h2>Hazards</h2>
<dl class="hazards">{_html_hazards(matrix)}</dl>
</body>
</html>
"""


_MORE = ("cat.", "latch", "reset", "hazards", "through", "standard")


def _plain(text: str) -> str:
    """A sentence without Markdown's marks, safe to stand in HTML."""
    return escape(text.replace("*", "").replace("`", ""))


def _html_kind(kind: str, heading: str, matrix: Matrix) -> str:
    rows = [row for row in matrix.rows if row.cause.kind == kind]
    if not rows:
        return ""
    span = len(matrix.functions) + 7
    head = f'<tr class="kind"><th colspan="{span}">{escape(heading)}</th></tr>\n'
    return head + "".join(_html_row(row, matrix.functions) for row in rows)


def _html_row(row: Row, functions: Sequence[Function]) -> str:
    cells = "".join(_html_cell(row, function) for function in functions)
    ids = "".join(f"<code>{escape(one)}</code>" for one in row.interlocks)
    rest = (row.category, row.latch, row.reset, " ".join(row.hazards))
    told = "".join(f"<td>{escape(text)}</td>" for text in rest)
    return (
        f'<tr><th scope="row"><code>{escape(row.cause.reading)}</code> {escape(_failing(row))}'
        f"<small>{escape(row.cause.meaning)}</small></th>{cells}{told}"
        f'<td class="ids">{ids}</td><td>{escape("; ".join(row.standards))}</td></tr>\n'
    )


def _html_cell(row: Row, function: Function) -> str:
    cell = row.cells.get(function)
    if cell is None:
        return '<td class="cell"></td>'
    look = "always" if "X" in cell.text else "some" if "x" in cell.text else "start"
    return f'<td class="cell {look}">{cell.told}</td>'


def _html_function(matrix: Matrix, function: Function) -> str:
    rows = "".join(_html_stop(row, cell) for row, cell in stops(matrix, function))
    name = escape(str(function))
    return f"<details><summary><code>{name}</code></summary>\n<table><tbody>\n{rows}</tbody></table></details>\n"


def _html_stop(row: Row, cell: Cell) -> str:
    ids = "".join(f"<code>{escape(one)}</code>" for one in cell.interlocks)
    cause = f"<code>{escape(row.cause.reading)}</code> {escape(_failing(row))}"
    hazards = " ".join(row.hazards)
    return f'<tr><td class="cell">{cell.told}</td><td>{cause}</td><td>{hazards}</td><td class="ids">{ids}</td></tr>\n'


def _html_hazards(matrix: Matrix) -> str:
    used = sorted({hazard for row in matrix.rows for hazard in row.hazards})
    return "".join(f"<dt>{hazard}</dt><dd>{escape(HAZARDS[hazard])}</dd>" for hazard in used)
