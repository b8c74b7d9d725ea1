"""The configuration of one garage as typed models.

Owns the names, units, defaults and ranges of every key. Unknown keys are errors. Must never open a file or a
socket; ``load.py`` reads files and ``geometry.py`` checks what single models cannot see.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
"""Name of a device, link, vehicle or position: lower case, digits and hyphens; it appears in tag paths."""

VehicleId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]
Millimetres = Annotated[int, Field(ge=0, le=200_000)]
Positive = Annotated[int, Field(gt=0)]
Length = Annotated[int, Field(ge=1000, le=12_000)]
Width = Annotated[int, Field(ge=800, le=4000)]
Height = Annotated[int, Field(ge=800, le=5000)]
Weight = Annotated[int, Field(ge=200, le=10_000)]
Side = Literal["left", "right"]


class Model(BaseModel):
    """Base of all models: unknown keys are refused, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Envelope(Model):
    """Largest vehicle, with mirrors; EN 14010 covers 5.30 x 2.30 x 2.20 m below 2,500 kg."""

    length_mm: Length = 5300
    width_mm: Width = 2300
    height_mm: Height = 2200
    weight_kg: Weight = 2500
    ground_clearance_mm_min: Annotated[int, Field(ge=0, le=500)] = 90


class GarageSection(Model):
    """Who this garage is."""

    id: Identifier
    name: str = Field(min_length=1, max_length=80)
    layout: Literal["vending-tower", "shuttle-garage"]
    envelope: Envelope = Envelope()


class ControllerSection(Model):
    """The scan cycle and its files. Paths are relative to the state directory given on the command line."""

    period_ms: Annotated[int, Field(ge=5, le=200)] = 20
    exchange_deadline_ms: Annotated[int, Field(ge=2, le=190)] = 14
    """How long a cycle waits for answers before it goes on with what it has."""
    plc_timeout_ms: Annotated[int, Field(ge=50, le=5000)] = 250
    command_valid_ms: Annotated[int, Field(ge=100, le=10_000)] = 1000
    command_timeout_s: Annotated[int, Field(ge=5, le=600)] = 90
    """After this time a command that has not ended is taken for failed."""
    clearance_countdown_ms: Annotated[int, Field(ge=1000, le=60_000)] = 3000
    """How long a cabin must stay proven empty before the machine may move in it (H02)."""
    customer_timeout_s: Annotated[int, Field(ge=30, le=3600)] = 300
    """How long a cabin waits for its customer before it calls for an attendant."""
    journal: Path = Path("journal.sqlite")


class ApiSection(Model):
    """Where the HTTP API listens. Anything but loopback must be asked for by name."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    event_buffer: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000


class ModbusTcpLink(Model):
    """A Modbus TCP connection to one PLC."""

    id: Identifier
    protocol: Literal["modbus-tcp"]
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 502
    timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 200
    connect_timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 2000
    connect_spacing_ms: Annotated[int, Field(ge=0, le=5000)] = 0


class ModbusRtuLink(Model):
    """A serial line with one or more PLCs, owned by this controller alone."""

    id: Identifier
    protocol: Literal["modbus-rtu"]
    port: Path
    """Serial device; a relative path is taken from the state directory (an emulated line appears there)."""
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 200
    silence_after_timeout_ms: Annotated[int, Field(ge=0, le=5000)] = 300
    """Silence kept after a time-out, so that a late answer cannot be taken for the next one."""


class OpcUaLink(Model):
    """An OPC UA connection to one server."""

    id: Identifier
    protocol: Literal["opc-ua"]
    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^/\s]+(/\S*)?$")]
    timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 300
    connect_timeout_ms: Annotated[int, Field(ge=100, le=30_000)] = 4000
    security: Literal["none", "basic256sha256"] = "none"
    certificate: Path | None = None
    private_key: Path | None = None
    server_certificate: Path | None = None
    user: str | None = None
    password_file: Path | None = None


class MemoryLink(Model):
    """No wire at all: the emulated PLC is reached inside the process. For simulation and tests."""

    id: Identifier
    protocol: Literal["memory"]


Link = Annotated[ModbusTcpLink | ModbusRtuLink | OpcUaLink | MemoryLink, Field(discriminator="protocol")]


class DeviceSection(Model):
    """What every device says about how it is reached."""

    id: Identifier
    number: Annotated[int, Field(ge=1, le=65_535)]
    """The device id that the PLC must report (contract rule 1)."""
    link: Identifier
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    """Modbus unit id; not used on OPC UA."""
    profile: Path | None = None
    """A file that binds the tags to other addresses, word orders and exchange styles."""
    controller_timeout_ms: Annotated[int, Field(ge=100, le=5000)] = 500
    """What the PLC must report as its own time-out for the controller's heartbeat."""
    zone: Annotated[int, Field(ge=1, le=8)] = 1
    """Safety zone in which the device moves."""


class AxisFigures(Model):
    """How an axis moves: for the emulated plant, for planning and for estimates."""

    speed_mm_s: Annotated[int, Field(gt=0, le=10_000)]
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=5000)]
    creep_speed_mm_s: Annotated[int, Field(gt=0, le=500)]
    creep_distance_mm: Annotated[int, Field(ge=0, le=1000)]
    tolerance_mm: Annotated[int, Field(gt=0, le=100)]


class LiftAxis(AxisFigures):
    """Lift figures: 65 m/min with creep and levelling."""

    speed_mm_s: Annotated[int, Field(gt=0, le=10_000)] = 1080
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=5000)] = 400
    creep_speed_mm_s: Annotated[int, Field(gt=0, le=500)] = 60
    creep_distance_mm: Annotated[int, Field(ge=0, le=1000)] = 90
    tolerance_mm: Annotated[int, Field(gt=0, le=100)] = 10


class ShuttleAxis(AxisFigures):
    """Shuttle figures along the aisle; on a ring the same words stand for millidegrees."""

    speed_mm_s: Annotated[int, Field(gt=0, le=100_000)] = 1500
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=50_000)] = 400
    creep_speed_mm_s: Annotated[int, Field(gt=0, le=5000)] = 60
    creep_distance_mm: Annotated[int, Field(ge=0, le=10_000)] = 60
    tolerance_mm: Annotated[int, Field(gt=0, le=1000)] = 8


class Transfer(Model):
    """The telescopic forks."""

    stroke_mm: Annotated[int, Field(gt=0, le=15_000)] = 5600
    """From the middle of the deck to the middle of a position next to the aisle; depth 2 is twice as far."""
    loaded_speed_mm_s: Annotated[int, Field(gt=0, le=5000)] = 750
    empty_speed_mm_s: Annotated[int, Field(gt=0, le=5000)] = 1500
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=5000)] = 700
    engage_s: Annotated[float, Field(ge=0, le=30)] = 0.7
    """Lifting or lowering the car on the forks."""


class Level(Model):
    """One storey."""

    number: Annotated[int, Field(ge=0, le=99)]
    height_mm: Millimetres
    clear_height_mm: Annotated[int, Field(ge=1000, le=6000)] = 2000


class Column(Model):
    """One stop of the shuttles along the aisle, or round the ring."""

    number: Annotated[int, Field(ge=0, le=999)]
    at: Annotated[int, Field(ge=0, le=1_000_000)]
    """mm along the aisle, or millidegrees round the ring."""


class Aisle(Model):
    """The way of the shuttles; the same on every level."""

    shape: Literal["straight", "ring"] = "straight"
    columns: tuple[Column, ...] = Field(min_length=1)


class PlaceBlock(Model):
    """A block of like places: every combination of the levels, columns, sides and depths given."""

    levels: tuple[int, ...] = Field(min_length=1)
    columns: tuple[int, ...] = Field(min_length=1)
    sides: tuple[Side, ...] = Field(min_length=1)
    depths: tuple[Literal[1, 2], ...] = (1,)
    kind: Literal["place", "buffer"] = "place"
    length_mm: Length = 5300
    width_mm: Width = 2300
    height_mm: Height = 1900
    weight_kg: Weight = 2500


class LiftSection(DeviceSection):
    """A lift; ``side`` is None when a shuttle rides on it and its platform is part of the aisle."""

    levels: tuple[int, ...] = Field(min_length=2)
    column: int
    side: Side | None = None
    axis: LiftAxis = LiftAxis()
    lock_s: Annotated[float, Field(gt=0, le=30)] = 1.5


class ShuttleSection(DeviceSection):
    """A shuttle; exactly one of ``rides_on`` and ``level`` is given."""

    rides_on: Identifier | None = None
    level: int | None = None
    columns: tuple[int, ...] = Field(min_length=1)
    axis: ShuttleAxis = ShuttleAxis()
    transfer: Transfer = Transfer()


class CabinSection(DeviceSection):
    """A cabin beside the aisle on the ground floor."""

    level: int = 0
    column: int
    side: Side
    turntable: bool = True
    envelope: Envelope | None = None
    """What fits into this cabin; the garage's envelope where not given."""
    turn_speed_mdeg_s: Annotated[int, Field(gt=0, le=90_000)] = 21_000
    turn_acceleration_mdeg_s2: Annotated[int, Field(gt=0, le=90_000)] = 15_000
    outer_open_s: Annotated[float, Field(gt=0, le=60)] = 6.0
    outer_close_s: Annotated[float, Field(gt=0, le=60)] = 8.0
    inner_open_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    inner_close_s: Annotated[float, Field(gt=0, le=60)] = 6.0


class SafetySection(DeviceSection):
    """The safety PLC."""

    zones: tuple[Annotated[int, Field(ge=1, le=8)], ...] = (1,)


class VehicleEntry(Model):
    """A car that stands in the garage when it is taken over; read only while the journal is empty."""

    id: VehicleId
    model: str = Field(min_length=1, max_length=60)
    place: str
    length_mm: Positive
    width_mm: Positive
    height_mm: Positive
    weight_kg: Positive
    electric: bool = False


class EmulationSection(Model):
    """For the emulated plant only; the controller never reads it."""

    seed: int = 1
    person_walk_s: tuple[float, float] = (4.0, 10.0)
    person_dwell_s: tuple[float, float] = (15.0, 45.0)
    scan_ms: Annotated[int, Field(ge=1, le=200)] = 10


class GarageConfig(Model):
    """One garage, complete."""

    garage: GarageSection
    controller: ControllerSection = ControllerSection()
    api: ApiSection = ApiSection()
    links: tuple[Link, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)
    aisle: Aisle
    places: tuple[PlaceBlock, ...] = Field(min_length=1)
    lifts: tuple[LiftSection, ...] = ()
    shuttles: tuple[ShuttleSection, ...] = Field(min_length=1)
    cabins: tuple[CabinSection, ...] = Field(min_length=1)
    safety: SafetySection
    vehicles: tuple[VehicleEntry, ...] = ()
    emulation: EmulationSection = EmulationSection()
