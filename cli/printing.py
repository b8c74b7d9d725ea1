"""How commands print: tables and sentences for people, one JSON document for programs.

Owns the two consoles. Must never be asked to print half of each on standard output.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table

out = Console(highlight=False, soft_wrap=False)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(document: object) -> None:
    """One JSON document on standard output: indented for a person at a terminal, on one line for a program."""
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(document, indent=indent, ensure_ascii=False, default=str) + "\n")


def print_line(text: str) -> None:
    """One line on standard output, never wrapped and without markup: for what is pasted or read by programs."""
    sys.stdout.write(text + "\n")


@contextlib.contextmanager
def quiet_pipe() -> Iterator[None]:
    """End quietly when whoever reads our output has seen enough."""
    try:
        yield
    except BrokenPipeError:
        # Python would try to flush once more at its end, and complain.
        sys.stdout = None


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> Table:
    """A plain table; long cells wrap so that it fits 80 columns. None is shown as a dash."""
    result = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0)
    )
    for column in columns:
        result.add_column(column, overflow="fold")
    for row in rows:
        result.add_row(*("-" if cell is None else str(cell) for cell in row))
    return result
