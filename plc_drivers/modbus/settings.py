"""How a Modbus link reaches its PLCs. Owns defaults and units; must never open anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModbusTcpSettings:
    """A TCP connection to one PLC or gateway.

    ``timeout_ms`` is how long one answer may take. ``connect_spacing_ms`` is the least time between two connects
    to the same host: some PLCs accept connections opened in the same instant and then never answer on them.
    """

    name: str
    host: str
    port: int = 502
    timeout_ms: int = 200
    connect_timeout_ms: int = 2000
    connect_spacing_ms: int = 0

    @property
    def address(self) -> str:
        """Host and port, as people write them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ModbusRtuSettings:
    """A serial line with one or more PLCs, owned by this process alone.

    ``timeout_ms`` is how long a unit may think: the time that the bytes themselves take is added.
    ``silence_after_timeout_ms`` is how long a unit is left alone after it kept silent, so that its late answer
    cannot be taken for the next one.
    """

    name: str
    port: Path
    baud: int = 115_200
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    timeout_ms: int = 200
    silence_after_timeout_ms: int = 300

    @property
    def bits_per_character(self) -> int:
        """Start bit, eight data bits, parity and stop bits."""
        return 9 + (self.parity != "none") + self.stop_bits

    def wire_ms(self, count: int) -> float:
        """Time that so many characters take on the line."""
        return count * self.bits_per_character * 1000 / self.baud

    @property
    def frame_gap_ms(self) -> float:
        """Silence between frames: 3.5 characters, and a fixed 1.75 ms above 19,200 baud, as the standard has it."""
        return 1.75 if self.baud > 19_200 else self.wire_ms(1) * 3.5
