"""``garagectl check-config``: is a configuration right, and what does it describe?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.options import Json
from cli.printing import out, print_json, print_line, table
from controller.config.finding import ConfigError
from controller.config.load import config_hash, load_config
from controller.config.models import GarageConfig
from controller.garage.layout import Layout


def check_config(
    file: Annotated[Path, typer.Argument(help="The configuration, TOML or JSON.", metavar="FILE")],
    *,
    as_json: Json = False,
) -> None:
    """Check a configuration: every mistake at once, with file, key, value and what would be right."""
    try:
        config = load_config(file)
    except ConfigError as error:
        _print_findings(error, as_json=as_json)
        raise typer.Exit(1) from error
    summary = _summary(config)
    if as_json:
        print_json({"file": str(file), "valid": True, "findings": [], **summary})
        return
    print_line(f"{file} is valid.")
    out.print(table(("", ""), summary.items()))


def _print_findings(error: ConfigError, *, as_json: bool) -> None:
    if as_json:
        names = ("code", "file", "key", "value", "text", "remedy")
        found = [{name: getattr(finding, name) for name in names} for finding in error.findings]
        print_json({"file": error.findings[0].file, "valid": False, "findings": found})
        return
    for finding in error.findings:
        typer.echo(str(finding), err=True)
    count = len(error.findings)
    typer.echo(f"{count} mistake{'s' if count > 1 else ''}: correct {'them' if count > 1 else 'it'}.", err=True)


def _summary(config: GarageConfig) -> dict[str, object]:
    layout = Layout(config)
    protocols = sorted({link.protocol for link in config.links})
    return {
        "garage": config.garage.id,
        "layout": config.garage.layout,
        "levels": len(config.levels),
        "places": len(layout.storage()),
        "lifts": len(config.lifts),
        "shuttles": len(config.shuttles),
        "cabins": len(config.cabins),
        "vehicles": len(config.vehicles),
        "links": len(config.links),
        "protocols": ", ".join(protocols),
        "hash": config_hash(config),
    }
