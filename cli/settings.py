"""A configuration for a command: loaded, or a failure that holds every mistake."""

from __future__ import annotations

from pathlib import Path

from cli.failure import Failure
from controller.config.finding import ConfigError
from controller.config.load import load_config
from controller.config.models import GarageConfig


def load(path: Path) -> GarageConfig:
    """The checked configuration.

    Raises:
        Failure: CONFIG_INVALID, with the first mistake in the line and all of them in the JSON form.
    """
    try:
        return load_config(path)
    except ConfigError as error:
        first, more = error.findings[0], len(error.findings) - 1
        text = f"{first}" + (f" (and {more} more)" if more else "")
        remedy = f"See all with 'garagectl check-config {path}'." if more else ""
        raise Failure("CONFIG_INVALID", text, remedy, findings=[str(finding) for finding in error.findings]) from error
