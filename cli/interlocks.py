"""``garagectl interlocks``: the interlocks of one garage, as the controller evaluates them."""

from __future__ import annotations

from cli import settings
from cli.options import DEFAULT_CONFIG, Config, Json
from cli.printing import print_json, print_line


def interlocks(*, config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Print every interlock of a garage: what it guards, what must hold, and what to do when it does not."""
    from controller.garage import Layout
    from controller.garage.topology import topology_of
    from safety.interlock_table import garage_document, rows

    garage = settings.load(config)
    topology = topology_of(Layout(garage))
    if as_json:
        print_json({"garage": garage.garage.id, "interlocks": rows(topology)})
    else:
        print_line(garage_document(garage.garage.name, topology))
