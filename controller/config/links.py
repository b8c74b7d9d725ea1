"""The links over which a garage's PLCs are reached, as typed models.

Owns the names, units, defaults and ranges of their keys. Must never open one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from controller.config.model import Identifier, Model


class ModbusTcpLink(Model):
    """A Modbus TCP connection to one PLC."""

    id: Identifier
    """Name of the link."""
    protocol: Literal["modbus-tcp"]
    """Which kind of link this is."""
    host: str = "127.0.0.1"
    """Name or address of the PLC."""
    port: Annotated[int, Field(ge=1, le=65_535)] = 502
    """TCP port of the PLC."""
    timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 200
    """Deadline of one request."""
    connect_timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 2000
    """Deadline of one attempt to connect; attempts go on for ever."""
    connect_spacing_ms: Annotated[int, Field(ge=0, le=5000)] = 0
    """Least time between this connect and the one before, for PLCs that choke on several at once."""


class ModbusRtuLink(Model):
    """A serial line with one or more PLCs, owned by this controller alone."""

    id: Identifier
    """Name of the link."""
    protocol: Literal["modbus-rtu"]
    """Which kind of link this is."""
    port: Path
    """Serial device; a relative path is taken from the state directory (an emulated line appears there)."""
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    """Bits per second."""
    parity: Literal["none", "even", "odd"] = "none"
    """Parity bit of each character."""
    stop_bits: Literal[1, 2] = 1
    """Stop bits of each character."""
    timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 120
    """Deadline of one request."""
    silence_after_timeout_ms: Annotated[int, Field(ge=0, le=5000)] = 200
    """Silence kept after a time-out, so that a late answer cannot be taken for the next one."""


class OpcUaLink(Model):
    """An OPC UA connection to one server."""

    id: Identifier
    """Name of the link."""
    protocol: Literal["opc-ua"]
    """Which kind of link this is."""
    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^/\s]+(/\S*)?$")]
    """Endpoint of the server, `opc.tcp://HOST:PORT/PATH`."""
    timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 300
    """Deadline of one service call."""
    connect_timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 4000
    """Deadline of one attempt to connect; attempts go on for ever."""
    security: Literal["none", "basic256sha256"] = "none"
    """`none` is for bench use."""
    certificate: Path | None = None
    """The controller's certificate; a relative path is taken from this file's folder."""
    private_key: Path | None = None
    """Key of the certificate."""
    server_certificate: Path | None = None
    """The one certificate that the server may show; any if left out."""
    user: str | None = None
    """User name at the server."""
    password_file: Path | None = None
    """File that holds the password and nothing else."""


class MemoryLink(Model):
    """No wire at all: the emulated PLC is reached inside the process. For simulation and tests."""

    id: Identifier
    """Name of the link."""
    protocol: Literal["memory"]
    """Which kind of link this is."""


Link = Annotated[ModbusTcpLink | ModbusRtuLink | OpcUaLink | MemoryLink, Field(discriminator="protocol")]
