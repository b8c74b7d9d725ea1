"""``garagectl interlocks``: the interlocks of one garage, as the controller evaluates them, and what stops what."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cli import settings
from cli.failure import Failure
from cli.options import DEFAULT_CONFIG, Config, Json
from cli.printing import print_json, print_line

Matrix = Annotated[bool, typer.Option("--matrix", help="The cause-and-effect matrix instead of the list.")]
Form = Annotated[Literal["md", "csv", "html"], typer.Option("--format", help="Form of the matrix.")]


def interlocks(
    *, config: Config = DEFAULT_CONFIG, matrix: Matrix = False, form: Form = "md", as_json: Json = False
) -> None:
    """Print every interlock of a garage, or with --matrix what each reading stops and what stops each function."""
    from controller.garage import Layout
    from controller.garage.topology import topology_of
    from safety.interlock_table import garage_document, rows
    from safety.matrix import matrix_of
    from safety.matrix_document import as_plain, render

    if form != "md" and not matrix:
        raise Failure("NOT_A_LIST_FORM", "The list of interlocks is Markdown or JSON.", "Add --matrix, or use --json.")
    garage = settings.load(config)
    topology = topology_of(Layout(garage))
    if matrix:
        found = matrix_of(topology)
        if as_json:
            print_json({"garage": garage.garage.id, **as_plain(found)})
        else:
            print_line(render(form, garage.garage.name, found, topology.waivers).rstrip("\n"))
    elif as_json:
        print_json({"garage": garage.garage.id, "interlocks": rows(topology)})
    else:
        print_line(garage_document(garage.garage.name, topology))
