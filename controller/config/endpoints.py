"""A garage's TCP ports, and the same garage on other ones.

Owns which ports a configuration uses on its own machine. Must never look whether one is free; that is for the
caller, who knows on which machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from controller.config.links import Link, ModbusTcpLink, OpcUaLink
from controller.config.models import GarageConfig
from controller.config.wiring import endpoint


def endpoints(config: GarageConfig) -> Iterator[tuple[str, str, int]]:
    """Owner (``api`` or a link's id), host and port of everything that listens when the garage is emulated."""
    yield "api", config.api.host, config.api.port
    for link in config.links:
        if isinstance(link, ModbusTcpLink | OpcUaLink):
            host, port = endpoint(link)
            yield link.id, host, port


def with_endpoints(config: GarageConfig, port_for: Callable[[str, int], int]) -> GarageConfig:
    """The same garage with each port replaced by ``port_for(host, port)``, called once for each in file order."""
    api = config.api.model_copy(update={"port": port_for(config.api.host, config.api.port)})
    links = tuple(_moved(link, port_for) for link in config.links)
    return config.model_copy(update={"api": api, "links": links})


def _moved(link: Link, port_for: Callable[[str, int], int]) -> Link:
    match link:
        case ModbusTcpLink():
            return link.model_copy(update={"port": port_for(*endpoint(link))})
        case OpcUaLink():
            host, port = endpoint(link)
            address = urlsplit(link.url)
            shown = f"[{host}]" if ":" in host else host
            return link.model_copy(update={"url": f"opc.tcp://{shown}:{port_for(host, port)}{address.path}"})
        case _:
            return link
