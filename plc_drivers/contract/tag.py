"""One tag of the device contract: its name, type, unit, range, meaning and place in the default Modbus image.

Owns the vocabulary that every definition is written in. Must never know a device kind, a link or a garage.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

Value = bool | int | float
"""What a tag can hold. Enumerations and bit fields are plain integers on the wire and in images."""


class TagType(Enum):
    """Wire types of the contract; ``registers`` is the number of 16-bit Modbus registers that one takes."""

    BOOL = "bool"
    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    ENUM = "enum"
    BITS = "bits"

    @property
    def registers(self) -> int:
        """16-bit registers that a value takes; a bool takes one bit of a register that it shares."""
        return 2 if self in _DOUBLE else 1

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest value that the wire type can carry."""
        return _LIMITS[self]


_DOUBLE = frozenset({TagType.UINT32, TagType.INT32, TagType.FLOAT32})
_LIMITS: dict[TagType, tuple[float, float]] = {
    TagType.BOOL: (0, 1),
    TagType.UINT16: (0, 0xFFFF),
    TagType.INT16: (-0x8000, 0x7FFF),
    TagType.UINT32: (0, 0xFFFF_FFFF),
    TagType.INT32: (-0x8000_0000, 0x7FFF_FFFF),
    TagType.FLOAT32: (-3.4028234663852886e38, 3.4028234663852886e38),
    TagType.ENUM: (0, 0xFFFF),
    TagType.BITS: (0, 0xFFFF),
}


class Block(Enum):
    """Which way a tag travels: STATUS is written by the PLC, COMMAND by the controller."""

    STATUS = "status"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Tag:
    """One named value of a device.

    ``word`` is the register offset inside the tag's block in the default Modbus image and ``bit`` the bit in
    that register (0 is the least significant) for a bool. ``low`` and ``high`` bound what the contract allows;
    outside them a written value is refused and a read one is of bad quality.

    Every bool that a safety decision reads is wired so that 1 is the safe level: a broken wire, a dead input
    card and a frame of zeros all read 0 (H10).
    """

    name: str
    wire: TagType
    block: Block
    word: int
    meaning: str
    unit: str = ""
    bit: int | None = None
    low: float | None = None
    high: float | None = None
    enum: type[IntEnum] | None = None
    bits: type[IntEnum] | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value allowed, the wire type's own limits where the contract sets none."""
        low, high = self.wire.limits
        return (low if self.low is None else self.low, high if self.high is None else self.high)

    def admits(self, value: Value) -> bool:
        """True when ``value`` is in range and, for an enumeration, one of its members."""
        if self.enum is not None:
            return any(value == member.value for member in self.enum)
        low, high = self.bounds
        return low <= value <= high
