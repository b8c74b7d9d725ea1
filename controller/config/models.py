"""The configuration of one garage as typed models.

Owns the names, units, defaults and ranges of every key. Unknown keys are errors. Must never open a file or a
socket; ``load.py`` reads files and ``geometry.py`` checks what single models cannot see.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from controller.config.links import Link
from controller.config.model import Identifier, Model

VehicleId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$")]
Millimetres = Annotated[int, Field(ge=0, le=200_000)]
Positive = Annotated[int, Field(gt=0)]
Length = Annotated[int, Field(ge=1000, le=12_000)]
Width = Annotated[int, Field(ge=800, le=4000)]
Height = Annotated[int, Field(ge=800, le=5000)]
Weight = Annotated[int, Field(ge=200, le=10_000)]
Side = Literal["left", "right"]


class Envelope(Model):
    """Largest vehicle, with mirrors; EN 14010 covers 5.30 x 2.30 x 2.20 m below 2,500 kg."""

    length_mm: Length = 5300
    """Bumper to bumper."""
    width_mm: Width = 2300
    """With mirrors."""
    height_mm: Height = 2200
    """With antenna and roof box."""
    weight_kg: Weight = 2500
    """With everything in it."""
    ground_clearance_mm_min: Annotated[int, Field(ge=0, le=500)] = 90
    """Least ground clearance; below it the forks could touch."""


class GarageSection(Model):
    """Who this garage is."""

    id: Identifier
    """Name of the garage in paths and messages."""
    name: str = Field(min_length=1, max_length=80)
    """Name for people."""
    layout: Literal["vending-tower", "shuttle-garage"]
    """In a vending tower the shuttle rides on the lift; in a shuttle garage each level has its own."""
    envelope: Envelope = Envelope()
    """Largest car that is let in."""


class ControllerSection(Model):
    """The scan cycle and its files. Paths are relative to the state directory given on the command line."""

    period_ms: Annotated[int, Field(ge=5, le=200)] = 20
    """Time from one scan cycle to the next."""
    exchange_deadline_ms: Annotated[int, Field(ge=2, le=190)] = 14
    """How long a cycle waits for answers before it goes on with what it has."""
    plc_timeout_ms: Annotated[int, Field(ge=50, le=5000)] = 250
    """A PLC whose heartbeat stands still for longer has only stale readings (contract rule 2)."""
    command_valid_ms: Annotated[int, Field(ge=100, le=10_000)] = 1000
    """A PLC refuses a command that is older than this when it arrives (contract rule 4)."""
    command_timeout_s: Annotated[int, Field(ge=5, le=600)] = 90
    """After this time a command that has not ended is taken for failed."""
    clearance_countdown_ms: Annotated[int, Field(ge=1000, le=60_000)] = 3000
    """How long a cabin must stay proven empty before the machine may move in it (H02)."""
    customer_timeout_s: Annotated[int, Field(ge=30, le=3600)] = 300
    """How long a cabin waits for its customer before it calls for an attendant."""
    overtaking_max: Annotated[int, Field(ge=0, le=100)] = 15
    """So many later orders may begin before one that still waits for a cabin or movers; then what it waits for is kept
    for it. 0 serves strictly in the order of acceptance."""
    planner: bool = True
    """A planner in a process of its own advises who begins next; false serves by the rule of the queue alone."""
    planner_timeout_ms: Annotated[int, Field(ge=20, le=5000)] = 200
    """How long orders that could begin wait for the planner's answer; after that the rule of the queue decides."""
    planner_hold_max_s: Annotated[int, Field(ge=0, le=600)] = 60
    """How long an order or a stored car that could begin is held back at most because the plan serves others first.
    The bound on overtaking holds all the same."""
    fire_finish_s: Annotated[int, Field(ge=0, le=180)] = 60
    """How long after a fire alarm a command under way may come to its end, so that no car hangs between floors or half
    on the forks (H16); 0 stops everything at once. Nothing begins then in either case but the opening to people."""
    journal: Path = Path("journal.sqlite")
    """File of the journal."""


class BookingsSection(Model):
    """Slots that customers book for their cars, see `docs/bookings.md`."""

    open_max: Annotated[int, Field(ge=0, le=200)] = 60
    """Bookings that may be open at once; 0 takes none."""
    ahead_max_h: Annotated[int, Field(ge=1, le=2160)] = 336
    """How far ahead a slot may begin."""
    slot_min_s: Annotated[int, Field(ge=60, le=3600)] = 300
    """Shortest slot."""
    slot_max_s: Annotated[int, Field(ge=300, le=86_400)] = 7200
    """Longest slot."""
    cabin_share: Annotated[float, Field(gt=0, le=1)] = 0.7
    """Share of the time of cabins and movers that bookings may fill; what is left is for those who come without."""
    early_s: Annotated[int, Field(ge=0, le=300)] = 15
    """So long before its person a car is to be there."""
    grace_s: Annotated[int, Field(ge=30, le=7200)] = 600
    """How long after the end of the slot, or after the arrival that was announced, a customer is waited for."""
    arrival_max_s: Annotated[int, Field(ge=60, le=86_400)] = 3600
    """Farthest arrival that can be announced."""
    walk_up_delay_max_s: Annotated[int, Field(ge=0, le=600)] = 90
    """How long a car that stands ready before its person, or one that is brought close, may keep somebody waiting who
    comes without a booking. A car that would do so longer is put back, or not moved at all; 0 fetches only cars whose
    customers are on their way, and brings none close."""
    by_time: bool = True
    """Cars are also fetched for the begin of their slot without an announcement, into cabins that nobody needs."""
    close_before_s: Annotated[int, Field(ge=0, le=86_400)] = 3600
    """So long before its slot a car may be brought to a nearer place while the garage is quiet; 0 never."""
    close_gain_s: Annotated[int, Field(ge=1, le=600)] = 10
    """A nearer place must spare its customer so much."""


class PowerSection(Model):
    """What the supply can carry. The safety PLC tells whether mains or generator feed the machine (H19)."""

    generator_movers_max: Annotated[int, Field(ge=1, le=64)] = 1
    """How many lifts, shuttles and turntables may be in motion at once while the generator feeds the machine. Doors
    are not counted: people get out whatever feeds it. The default suits a small standby generator; more needs the
    generator's own figures, since every motor draws several times its rated current as it starts."""
    settle_s: Annotated[int, Field(ge=0, le=600)] = 5
    """How long a supply that has just changed must last before orders go on: mains that come and go start nothing."""


class JournalSection(Model):
    """How much of the journal is kept. What an open order or a car's position needs is kept whatever its age."""

    retention_days: Annotated[int, Field(ge=30, le=36_500)] = 1826
    """Events that are older are removed; the chain stays verifiable from the last one that was."""
    size_max_mb: Annotated[int, Field(ge=64, le=1_000_000)] = 8192
    """Above this size the oldest events are removed whatever their age; a busy garage writes some 2 MB a day."""
    free_min_mb: Annotated[int, Field(ge=1, le=1_000_000)] = 512
    """Below so much free space on its disk an alarm asks for room, long before a full disk ends all motion."""


class BlackBoxSection(Model):
    """The recording of the last hours, from which what the controller decided can be decided again."""

    enabled: bool = True
    """False records nothing; the journal is kept all the same."""
    hours: Annotated[int, Field(ge=1, le=168)] = 6
    """How far the recording reaches back. What was recorded around a trip is kept longer."""
    size_max_mb: Annotated[int, Field(ge=16, le=100_000)] = 256
    """What the recording may take on disk, half of it for what is kept around trips; the oldest goes first."""


class ApiSection(Model):
    """Where the HTTP API listens. Anything but loopback must be asked for by name."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 8080
    """Port to listen on; 0 takes any free one."""
    allow_hosts: tuple[str, ...] = ()
    """Other names under which browsers and programs may reach the API, as a reverse proxy's; its address always may."""
    event_buffer: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    """Events kept for listeners that come back."""


class DeviceSection(Model):
    """What every device says about how it is reached."""

    id: Identifier
    """Name of the device; tags are called `ID.TAG`."""
    number: Annotated[int, Field(ge=1, le=65_535)]
    """The device id that the PLC must report (contract rule 1)."""
    link: Identifier
    """The link behind which it is."""
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    """Modbus unit id; not used on OPC UA."""
    profile: Path | None = None
    """A file that binds the tags to other addresses, word orders and exchange styles."""
    controller_timeout_ms: Annotated[int, Field(ge=100, le=5000)] = 500
    """What the PLC must report as its own time-out for the controller's heartbeat."""
    plc_timeout_ms: Annotated[int, Field(ge=50, le=900)] | None = None
    """Longest silence of this PLC; the controller section's value where not given. A serial line needs more, so that
    one lost frame with its time-out and silence does not stop the machine."""
    zone: Annotated[int, Field(ge=1, le=8)] = 1
    """Safety zone in which the device moves."""
    absent: tuple[str, ...] = ()
    """Status tags of the contract whose sensor this device does not have: they are never asked for. One that an
    interlock reads needs one of the `waivers`, and most can have none."""


class AxisFigures(Model):
    """How an axis moves: for the times that the controller expects and shows, and for the emulated plant."""

    speed_mm_s: Annotated[int, Field(gt=0, le=10_000)]
    """Highest speed."""
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=5000)]
    """Acceleration and braking."""
    creep_speed_mm_s: Annotated[int, Field(gt=0, le=500)]
    """Speed on the last piece of the way."""
    creep_distance_mm: Annotated[int, Field(ge=0, le=1000)]
    """Length of that piece."""
    tolerance_mm: Annotated[int, Field(gt=0, le=100)]
    """How far from its stop the axis may stand and be in position."""


class LiftAxis(AxisFigures):
    """Lift figures: 65 m/min with creep and levelling. The controller uses them for the times that it expects and
    shows, and the emulated plant moves by them. The drive's own figures stand in its PLC, and a real PLC need not
    follow these; the nearer they are, the better the expected times.
    """

    speed_mm_s: Annotated[int, Field(gt=0, le=10_000)] = 1080
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=5000)] = 400
    creep_speed_mm_s: Annotated[int, Field(gt=0, le=500)] = 60
    creep_distance_mm: Annotated[int, Field(ge=0, le=1000)] = 90
    tolerance_mm: Annotated[int, Field(gt=0, le=100)] = 10


class ShuttleAxis(AxisFigures):
    """Shuttle figures along the aisle; on a ring the same words stand for millidegrees. For expected times and the
    emulated plant, as with a lift's.
    """

    speed_mm_s: Annotated[int, Field(gt=0, le=100_000)] = 1500
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=50_000)] = 400
    creep_speed_mm_s: Annotated[int, Field(gt=0, le=5000)] = 60
    creep_distance_mm: Annotated[int, Field(ge=0, le=10_000)] = 60
    tolerance_mm: Annotated[int, Field(gt=0, le=1000)] = 8


class Transfer(Model):
    """The telescopic forks. Speeds and times are for expected times and the emulated plant, as with a lift's; the
    stroke must be the real one, since places are checked against it.
    """

    stroke_mm: Annotated[int, Field(gt=0, le=15_000)] = 5600
    """From the middle of the deck to the middle of a position next to the aisle; depth 2 is twice as far."""
    loaded_speed_mm_s: Annotated[int, Field(gt=0, le=5000)] = 750
    """Highest speed with a car."""
    empty_speed_mm_s: Annotated[int, Field(gt=0, le=5000)] = 1500
    """Highest speed without one."""
    acceleration_mm_s2: Annotated[int, Field(gt=0, le=5000)] = 700
    """Acceleration and braking."""
    engage_s: Annotated[float, Field(ge=0, le=30)] = 0.7
    """Lifting or lowering the car on the forks."""


class Level(Model):
    """One storey."""

    number: Annotated[int, Field(ge=0, le=99)]
    """Number of the level; the ground is usually 0."""
    height_mm: Millimetres
    """Height of its floor above the ground."""
    clear_height_mm: Annotated[int, Field(ge=1000, le=6000)] = 2000
    """Free height over its floor."""


class Column(Model):
    """One stop of the shuttles along the aisle, or round the ring."""

    number: Annotated[int, Field(ge=0, le=999)]
    """Number of the column, growing along the aisle."""
    at: Annotated[int, Field(ge=0, le=1_000_000)]
    """mm along the aisle, or millidegrees round the ring."""


class Aisle(Model):
    """The way of the shuttles; the same on every level."""

    shape: Literal["straight", "ring"] = "straight"
    """A straight aisle, or one that slews round a ring."""
    columns: tuple[Column, ...] = Field(min_length=1)
    """Every stop."""


class PlaceBlock(Model):
    """A block of like places: every combination of the levels, columns, sides and depths given."""

    levels: tuple[int, ...] = Field(min_length=1)
    """Levels of the block."""
    columns: tuple[int, ...] = Field(min_length=1)
    """Columns of the block."""
    sides: tuple[Side, ...] = Field(min_length=1)
    """Sides of the aisle, looking along growing columns."""
    depths: tuple[Literal[1, 2], ...] = (1,)
    """1 is beside the aisle, 2 is behind that."""
    kind: Literal["place", "buffer"] = "place"
    """A buffer holds a car for a short while only; it is no place to store one."""
    length_mm: Length = 5300
    """Longest car."""
    width_mm: Width = 2300
    """Widest car, with mirrors."""
    height_mm: Height = 1900
    """Highest car."""
    weight_kg: Weight = 2500
    """Heaviest car."""


class LiftSection(DeviceSection):
    """A lift; ``side`` is None when a shuttle rides on it and its platform is part of the aisle."""

    levels: tuple[int, ...] = Field(min_length=2)
    """Levels at which it stops."""
    column: int
    """Column at which its shaft stands."""
    side: Side | None = None
    """Side of the aisle on which its bare platform lies; left out when a shuttle rides on it."""
    axis: LiftAxis = LiftAxis()
    """How it moves."""
    lock_s: Annotated[float, Field(gt=0, le=30)] = 1.5
    """Time of its lock pins, for expected times and the emulated plant."""


class ShuttleSection(DeviceSection):
    """A shuttle; exactly one of ``rides_on`` and ``level`` is given."""

    rides_on: Identifier | None = None
    """The lift on which it rides."""
    level: int | None = None
    """The level to which it is captive."""
    columns: tuple[int, ...] = Field(min_length=1)
    """Columns that it reaches."""
    axis: ShuttleAxis = ShuttleAxis()
    """How it travels."""
    transfer: Transfer = Transfer()
    """How its forks move."""


class CabinSection(DeviceSection):
    """A cabin beside the aisle on the ground floor. Turning speed and door times are for expected times and the
    emulated plant, as with a lift's figures.
    """

    level: int = 0
    """Level on which it lies."""
    column: int
    """Column beside which it lies."""
    side: Side
    """Side of the aisle, which is the side of its outer door too."""
    turntable: bool = True
    """It can turn a car, so that it leaves nose first."""
    envelope: Envelope | None = None
    """What fits into this cabin; the garage's envelope where not given."""
    turn_speed_mdeg_s: Annotated[int, Field(gt=0, le=90_000)] = 21_000
    """Highest speed of the turntable."""
    turn_acceleration_mdeg_s2: Annotated[int, Field(gt=0, le=90_000)] = 15_000
    """Its acceleration and braking."""
    outer_open_s: Annotated[float, Field(gt=0, le=60)] = 6.0
    """Time of the outer door to open."""
    outer_close_s: Annotated[float, Field(gt=0, le=60)] = 8.0
    """Time of the outer door to close."""
    inner_open_s: Annotated[float, Field(gt=0, le=60)] = 4.0
    """Time of the inner door to open."""
    inner_close_s: Annotated[float, Field(gt=0, le=60)] = 6.0
    """Time of the inner door to close."""


class SafetySection(DeviceSection):
    """The safety PLC."""

    zones: tuple[Annotated[int, Field(ge=1, le=8)], ...] = (1,)
    """Safety zones that it reports."""


class WaiverSection(Model):
    """A sensor that an interlock reads and this garage does not have: who answers for it, why, and until when. The
    interlock then stands without that reading. Every snapshot, the page and the documents show the waiver.
    """

    device: Identifier
    """The device that lacks the sensor; it names it in `absent`."""
    sensor: str
    """The status tag, as `overhang_front_clear`."""
    hazards: tuple[Annotated[str, Field(pattern=r"^H\d\d$")], ...] = Field(min_length=1)
    """Every hazard that this leaves open, no more and no less; `garagectl check-config` names them."""
    person: Annotated[str, Field(min_length=3, max_length=80)]
    """Who answers for it, by name."""
    reason: Annotated[str, Field(min_length=10, max_length=300)]
    """Why it is bearable until then."""
    expires: date
    """The first day (UTC) on which it holds no longer; at most a year ahead. From then on nothing new is started."""
    warn_days: Annotated[int, Field(ge=1, le=180)] = 30
    """How many days before it is told that the time runs out."""


class VehicleEntry(Model):
    """A car that stands in the garage when it is taken over; read only while the journal is empty, or when a person
    confirms a car that a damaged journal has lost.
    """

    id: VehicleId
    """Name of the car in orders."""
    model: str = Field(min_length=1, max_length=60)
    """Make and model, for people."""
    place: str
    """Where it stands, as `l3-c2-left`."""
    length_mm: Positive
    """Bumper to bumper."""
    width_mm: Positive
    """With mirrors."""
    height_mm: Positive
    """Overall height."""
    weight_kg: Positive
    """Overall weight."""
    electric: bool = False
    """It is an electric car."""


class EmulationSection(Model):
    """For the emulated plant only; the controller never reads it."""

    seed: int = 1
    """Seed of everything that is drawn by lot."""
    person_walk_s: tuple[float, float] = (4.0, 10.0)
    """Shortest and longest way of a person in or out of a cabin."""
    person_dwell_s: tuple[float, float] = (15.0, 45.0)
    """Shortest and longest stay of a person in a cabin."""
    scan_ms: Annotated[int, Field(ge=1, le=200)] = 10
    """Scan cycle of the emulated PLCs."""


class GarageConfig(Model):
    """One garage, complete."""

    garage: GarageSection
    """Who this garage is."""
    controller: ControllerSection = ControllerSection()
    """The scan cycle."""
    bookings: BookingsSection = BookingsSection()
    """Slots that customers book."""
    power: PowerSection = PowerSection()
    """What mains and generator can carry."""
    journal: JournalSection = JournalSection()
    """How much of the journal is kept."""
    black_box: BlackBoxSection = BlackBoxSection()
    """The recording of the last hours."""
    api: ApiSection = ApiSection()
    """The HTTP API."""
    links: tuple[Link, ...] = Field(min_length=1)
    """Every connection to PLCs."""
    levels: tuple[Level, ...] = Field(min_length=1)
    """Every storey."""
    aisle: Aisle
    """The way of the shuttles."""
    places: tuple[PlaceBlock, ...] = Field(min_length=1)
    """Where cars are stored."""
    lifts: tuple[LiftSection, ...] = ()
    """Every lift."""
    shuttles: tuple[ShuttleSection, ...] = Field(min_length=1)
    """Every shuttle."""
    cabins: tuple[CabinSection, ...] = Field(min_length=1)
    """Every cabin."""
    safety: SafetySection
    """The safety PLC, which is only read."""
    waivers: tuple[WaiverSection, ...] = ()
    """Sensors that are missing although an interlock reads them, each with somebody who answers for it."""
    vehicles: tuple[VehicleEntry, ...] = ()
    """What stands where when the garage is taken over."""
    emulation: EmulationSection = EmulationSection()
    """The emulated plant."""
