"""Recordings of runs: what is needed to play one again, and what happened in it, as JSON lines.

Owns their form: the first line names configuration, seed, settings, commit and outcome; each other line is an input.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.campaign.run import Outcome, Settings
from cli.failure import Failure
from controller.config.load import config_hash
from controller.config.models import GarageConfig

FORMAT = 2
_GIT_S = 10.0
_ROOT = Path(__file__).parents[2]


def commit() -> str:
    """The commit that runs, with ``+`` when files were changed; empty outside of a checkout."""
    try:
        found = _git("rev-parse", "HEAD")
        return found + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def _git(*words: str) -> str:
    ran = subprocess.run(  # noqa: S603 - fixed words
        ["git", "-C", str(_ROOT), *words],  # noqa: S607 - whichever git the path has
        capture_output=True,
        text=True,
        timeout=_GIT_S,
        check=True,
    )
    return ran.stdout.strip()


def write(path: Path, config_path: Path, config: GarageConfig, outcome: Outcome) -> None:
    """Write a recording.

    Raises:
        Failure: it cannot be written.
    """
    settings = asdict(outcome.settings)
    settings["only"] = None if outcome.settings.only is None else sorted(outcome.settings.only)
    head = {
        "format": FORMAT,
        "config": str(config_path),
        "config_hash": config_hash(config),
        "commit": commit(),
        "settings": settings,
        "findings": [asdict(finding) for finding in outcome.findings],
        "digest": outcome.digest,
    }
    lines = [head, *({"at_ms": at_ms, "input": what} for at_ms, what in outcome.inputs)]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise Failure(
            "RECORDING_UNWRITABLE", f"{path}: {error.strerror}.", "Name another folder with --out."
        ) from error


def read(path: Path) -> dict[str, Any]:
    """The head of a recording.

    Raises:
        Failure: it cannot be read, or is none.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            head = json.loads(next(lines))
        if head["format"] != FORMAT:
            raise ValueError(f"format {head['format']}")
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        text = f"{path} is no recording of a campaign ({error})."
        raise Failure("NO_RECORDING", text, "Name a file that --out has written.") from error
    return dict(head)


def settings_of(head: dict[str, Any]) -> Settings:
    """The settings of a recorded run.

    Raises:
        Failure: they are not those of this version.
    """
    wanted = dict(head["settings"])
    try:
        wanted["only"] = None if wanted["only"] is None else frozenset(wanted["only"])
        return Settings(**wanted)
    except (KeyError, TypeError) as error:
        raise Failure("NO_RECORDING", f"Its settings are of another version ({error}).", "Use that one.") from error
