"""A shipped garage whose every device is a Modbus TCP PLC of its own, for benchmarks that measure the controller.

Owns the translation of a configuration to ports that were handed out by ``resting_plcs``.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.config.links import ModbusTcpLink
from controller.config.load import load_config
from controller.config.models import GarageConfig
from controller.shell.links import devices_of

CONFIG = Path(__file__).parent.parent / "config" / "garage-shuttle.toml"
"""The largest shipped garage: 12 PLCs, 240 places."""


def on_ports(path: Path, ports: dict[str, int]) -> GarageConfig:
    """The garage of ``path`` with each device behind a Modbus TCP link of its own at the given port."""
    config = load_config(path)
    links = tuple(ModbusTcpLink(id=f"{name}-plc", protocol="modbus-tcp", port=port) for name, port in ports.items())
    moved = {section.id: section.model_copy(update={"link": f"{section.id}-plc"}) for section, _ in devices_of(config)}
    return config.model_copy(
        update={
            "links": links,
            "lifts": tuple(moved[section.id] for section in config.lifts),
            "shuttles": tuple(moved[section.id] for section in config.shuttles),
            "cabins": tuple(moved[section.id] for section in config.cabins),
            "safety": moved[config.safety.id],
        }
    )


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A benchmark's own process with pipes for lines; ended when the block is left."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter with our own arguments
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        if child.stdin is not None:
            child.stdin.close()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(10)
        if child.stdout is not None:
            child.stdout.close()


def line_of(child: subprocess.Popen[str]) -> str:
    """The next line that the process prints.

    Raises:
        RuntimeError: it has ended.
    """
    line = "" if child.stdout is None else child.stdout.readline()
    if not line:
        raise RuntimeError(f"a process of the benchmark ended with code {child.wait(10)}")
    return line


def ports_of(child: subprocess.Popen[str]) -> dict[str, int]:
    """The ports that ``resting_plcs`` prints first."""
    found: dict[str, int] = json.loads(line_of(child))
    return found
