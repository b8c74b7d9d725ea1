"""A garage on ports that are free on this machine, for the demonstration.

Owns the choice of another port. Must never move a garage that somebody runs for real: only ``demo`` asks here.
"""

from __future__ import annotations

import errno
import socket
from dataclasses import dataclass

from cli.failure import Failure
from controller.config.endpoints import endpoints, with_endpoints
from controller.config.models import GarageConfig

LOWEST = 20_000
COUNT = 10_000
"""Ports to choose from: below those that the kernel gives to clients, which could take one again at once."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A port that was in use: whose it is, and the one that is used instead."""

    owner: str
    configured: int
    used: int


def on_free_ports(config: GarageConfig) -> tuple[GarageConfig, list[Moved]]:
    """The garage with every port that is in use replaced by a free one, and what was replaced.

    Raises:
        Failure: NO_FREE_PORT, or ADDRESS_NOT_USABLE for an address that this machine does not have.
    """
    taken = {port for _, _, port in endpoints(config)}
    moved: list[Moved] = []
    owners = iter([owner for owner, _, _ in endpoints(config)])

    def port_for(host: str, port: int) -> int:
        owner = next(owners)
        if port and is_free(host, port):
            return port
        candidate = _free(host, taken)
        taken.add(candidate)
        moved.append(Moved(owner, port, candidate))
        return candidate

    return with_endpoints(config, port_for), moved


def _free(host: str, taken: set[int]) -> int:
    for candidate in range(LOWEST, LOWEST + COUNT):
        if candidate not in taken and is_free(host, candidate):
            return candidate
    raise Failure("NO_FREE_PORT", f"No port from {LOWEST} on is free on {host}.", "End what listens there.")


def is_free(host: str, port: int) -> bool:
    """True when this process could listen there.

    Raises:
        Failure: ADDRESS_NOT_USABLE.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise _not_here(host) from error
    with socket.socket(family, kind, protocol) as probe:
        # As the servers do it: connections of an earlier run that still linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise _not_here(host) from error
            return False
    return True


def _not_here(host: str) -> Failure:
    text = f"{host} is not an address of this machine, so nothing can be emulated there."
    return Failure("ADDRESS_NOT_USABLE", text, "Give the configuration addresses of this machine, as 127.0.0.1.")
