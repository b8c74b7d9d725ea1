"""Can every link be opened beside the others, and can every device behind it be told from the others?

Owns the checks on ports, serial lines, unit ids and OPC UA security. Must never open anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from controller.config.finding import Finding, shown
from controller.config.links import MemoryLink, ModbusRtuLink, ModbusTcpLink, OpcUaLink
from controller.config.models import GarageConfig
from controller.config.sections import devices

OPC_UA_PORT = 4840
"""Port of an OPC UA address that names none (IANA)."""

_LOOPBACK = frozenset({"localhost", "::1", "0.0.0.0", "::", ""})  # noqa: S104 - compared with, never bound
_OWN_FILES = ("certificate", "private_key")
_UNITS = range(1, 248)
"""Unit ids that a serial line can address; 0 is the broadcast, which no PLC answers (Modbus over serial line 1.02)."""


def check_wiring(config: GarageConfig, *, memory_links: bool = False) -> list[Finding]:
    """Findings about how the devices are connected."""
    findings = [*_ports(config), *_serial_ports(config), *_units(config), *_security(config)]
    if not memory_links:
        findings += _memory(config)
    return findings


def endpoint(link: ModbusTcpLink | OpcUaLink) -> tuple[str, int]:
    """Host, with every spelling of this machine's own address made one, and TCP port of a link.

    Raises:
        ValueError: the address has no valid port.
    """
    if isinstance(link, ModbusTcpLink):
        return _host(link.host), link.port
    address = urlsplit(link.url)
    return _host(address.hostname or ""), OPC_UA_PORT if address.port is None else address.port


def _host(name: str) -> str:
    return "127.0.0.1" if name.lower() in _LOOPBACK else name.lower()


def _ports(config: GarageConfig) -> Iterator[Finding]:
    taken: dict[tuple[str, int], str] = {}
    if config.api.port:
        taken[_host(config.api.host), config.api.port] = "the HTTP API"
    for i, link in enumerate(config.links):
        if not isinstance(link, ModbusTcpLink | OpcUaLink):
            continue
        key = f"links[{i}].{'port' if isinstance(link, ModbusTcpLink) else 'url'}"
        value = shown(link.port if isinstance(link, ModbusTcpLink) else link.url)
        try:
            where = endpoint(link)
        except ValueError:
            remedy = 'Give "opc.tcp://HOST:PORT" with a port from 1 to 65535.'
            yield Finding("BAD_ADDRESS", key, value, "This address has no valid port.", remedy)
            continue
        if where in taken:
            text = f"Port {where[1]} of {where[0]} is used by {taken[where]} already."
            remedy = "Give another port, or put the devices on one link with a unit each."
            yield Finding("PORT_TWICE", key, value, text, remedy)
        taken.setdefault(where, f"link {link.id}")


def _serial_ports(config: GarageConfig) -> Iterator[Finding]:
    taken: dict[str, str] = {}
    for i, link in enumerate(config.links):
        if not isinstance(link, ModbusRtuLink):
            continue
        port = str(link.port)
        if port in taken:
            text = f"Link {taken[port]} owns this line already; a line has one owner that schedules all its units."
            remedy = f'Put the devices on link "{taken[port]}" with a unit each.'
            yield Finding("PORT_TWICE", f"links[{i}].port", shown(port), text, remedy)
        taken.setdefault(port, link.id)


def _units(config: GarageConfig) -> Iterator[Finding]:
    links = {link.id: link for link in config.links}
    taken: dict[tuple[str, int, str], str] = {}
    for path, device in devices(config):
        link = links.get(device.link)
        if not isinstance(link, ModbusTcpLink | ModbusRtuLink):
            continue
        if isinstance(link, ModbusRtuLink) and device.unit not in _UNITS:
            text = "A serial line has no such unit."
            yield Finding("BAD_UNIT", f"{path}.unit", shown(device.unit), text, "Give 1 to 247.")
        # With profiles, two devices may share a unit at different base addresses.
        where = (device.link, device.unit, str(device.profile))
        if where in taken:
            text = f"{taken[where]} is unit {device.unit} of link {device.link} already."
            remedy = "Give another unit, or a profile with other base addresses."
            yield Finding("UNIT_TWICE", f"{path}.unit", shown(device.unit), text, remedy)
        taken.setdefault(where, device.id)


def _security(config: GarageConfig) -> Iterator[Finding]:
    for i, link in enumerate(config.links):
        if not isinstance(link, OpcUaLink):
            continue
        given = [key for key in _OWN_FILES if getattr(link, key) is not None]
        for missing in _OWN_FILES:
            if link.security == "basic256sha256" and missing not in given:
                text = "Basic256Sha256 needs the controller's own certificate and its key."
                yield Finding("SECURITY_FILES", f"links[{i}].{missing}", "", text, "Give the path of the file.")
        if link.security == "none" and given:
            text = "A certificate without security would not be used."
            remedy = 'Write security = "basic256sha256", or remove the file.'
            yield Finding("SECURITY_FILES", f"links[{i}].{given[0]}", shown(getattr(link, given[0])), text, remedy)
        if (link.user is None) != (link.password_file is None):
            text = "A user name and a password file belong together."
            yield Finding("SECURITY_FILES", f"links[{i}].user", shown(link.user), text, "Give both or neither.")


def _memory(config: GarageConfig) -> Iterator[Finding]:
    for i, link in enumerate(config.links):
        if isinstance(link, MemoryLink):
            text = "A memory link reaches no PLC; it is for tests and simulation inside one process."
            remedy = 'Give "modbus-tcp", "modbus-rtu" or "opc-ua".'
            yield Finding("MEMORY_LINK", f"links[{i}].protocol", shown(link.protocol), text, remedy)
