"""Options that several commands share, with one wording each.

Owns names, defaults and help of shared options. Must never read what they name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_CONFIG = Path("config/tower-guangzhou.toml")
DEFAULT_URL = "http://127.0.0.1:8080"

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Config = Annotated[Path, typer.Option("--config", "-c", help="The garage's configuration.", metavar="FILE")]
State = Annotated[
    Path | None,
    typer.Option(
        "--state", help="Folder of journal, sockets and emulated lines; var/GARAGE if left out.", metavar="DIR"
    ),
]
Url = Annotated[str, typer.Option("--url", envvar="GARAGE_URL", help="Address of the HTTP API.", metavar="URL")]
Speed = Annotated[
    float, typer.Option("--speed", help="Time factor of the emulated machine and people.", min=0.1, max=100.0)
]


def state_dir(given: Path | None, garage: str) -> Path:
    """The state folder to use; every garage has its own."""
    return Path("var") / garage if given is None else given
