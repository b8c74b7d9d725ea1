"""Every fact that changes the garage's state: the only way in which state changes, and what the journal keeps.

Owns the event types. An event tells what was decided or proven, in the words of the glossary, with the fields
that are needed to fold it again years later. Fields may be added with a default; none is ever renamed, removed
or given another meaning.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from controller.alarms.facts import AlarmFact
from controller.core.booking_events import BookingFact
from controller.core.fact import Fact
from controller.core.journal_events import JournalFact
from controller.core.mode import Mode
from controller.core.mode_events import ModeFact
from controller.garage.side import Side

OrderKind = Literal["retrieve", "store", "relocate"]
Outcome = Literal["done", "withdrawn", "failed"]
HeadingName = Literal["left", "right"]


def heading_name(side: Side) -> HeadingName:
    """The word for a heading in events."""
    return "left" if side is Side.LEFT else "right"


class EpochClaimed(Fact, frozen=True, kw_only=True, tag="epoch-claimed"):
    """The controller took an owner epoch greater than any that it has used or seen (H13).

    ``programs`` are the versions of PLC programs that the books did not know until then, by device.
    """

    epoch: int
    seen: int
    programs: dict[str, int] = {}


class ModeChanged(Fact, frozen=True, kw_only=True, tag="mode-changed"):
    """The garage's mode, after a start, a stop, or what else changes it; by whom and why."""

    mode: Mode
    actor: str
    cause: str


class VehicleKnown(Fact, frozen=True, kw_only=True, tag="vehicle-known"):
    """A car came into the books: from the takeover list, or with a store order."""

    vehicle: str
    model: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_kg: int
    electric: bool = False
    position: str | None = None
    heading: HeadingName | None = None


class VehicleMeasured(Fact, frozen=True, kw_only=True, tag="vehicle-measured"):
    """A cabin measured a car; from now on these figures count."""

    vehicle: str
    cabin: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_kg: int


class VehicleArrived(Fact, frozen=True, kw_only=True, tag="vehicle-arrived"):
    """A car stands in a cabin and the cabin is proven free of people."""

    vehicle: str
    position: str
    heading: HeadingName


class VehicleMoved(Fact, frozen=True, kw_only=True, tag="vehicle-moved"):
    """A transfer has ended and both ends are proven: the car stands somewhere else."""

    vehicle: str
    source: str
    target: str
    order: str


class VehicleTurned(Fact, frozen=True, kw_only=True, tag="vehicle-turned"):
    """A turntable turned the car half round."""

    vehicle: str
    heading: HeadingName


class VehicleLeft(Fact, frozen=True, kw_only=True, tag="vehicle-left"):
    """A car drove out of a cabin, seen by both vehicle sensors."""

    vehicle: str
    cabin: str


class OrderAccepted(Fact, frozen=True, kw_only=True, tag="order-accepted"):
    """An order was taken; it is kept whatever happens to the controller."""

    order: str
    order_kind: OrderKind
    vehicle: str
    actor: str
    source: str | None = None
    target: str | None = None
    cabin: str | None = None
    key: str | None = None
    fingerprint: str = ""


class OrderStarted(Fact, frozen=True, kw_only=True, tag="order-started"):
    """An order has claimed what it needs, all at once, and begins."""

    order: str
    claims: list[str]
    cabin: str | None = None


class ClaimsAdded(Fact, frozen=True, kw_only=True, tag="claims-added"):
    """A running order claimed more, all at once."""

    order: str
    claims: list[str]


class ClaimsFreed(Fact, frozen=True, kw_only=True, tag="claims-freed"):
    """An order gave back what it has left and proven clear."""

    order: str
    claims: list[str]


class RouteChosen(Fact, frozen=True, kw_only=True, tag="route-chosen"):
    """The way of the order's car: per leg (shuttle, source, target)."""

    order: str
    legs: list[tuple[str, str, str]]
    target: str


class LegStarted(Fact, frozen=True, kw_only=True, tag="leg-started"):
    """A leg of an order begins; ``index`` counts from 0."""

    order: str
    index: int


class LegEnded(Fact, frozen=True, kw_only=True, tag="leg-ended"):
    """A leg of an order has ended with its car at the target."""

    order: str
    index: int


class OrderWaiting(Fact, frozen=True, kw_only=True, tag="order-waiting"):
    """An order waits for another reason than before; an empty code says that it goes on."""

    order: str
    code: str
    text: str = ""
    remedy: str = ""


class OrderPromised(Fact, frozen=True, kw_only=True, tag="order-promised"):
    """The times told when an order was accepted, Unix ms: expected, and the ends of the 90 % interval; ``late_ms`` is
    the promise.
    """

    order: str
    eta_ms: int
    early_ms: int
    late_ms: int


class OrderRejected(Fact, frozen=True, kw_only=True, tag="order-rejected"):
    """The order cannot be carried out (the car does not fit, nobody came); it ends when its cabin is clear."""

    order: str
    code: str
    text: str
    remedy: str


class WithdrawalAsked(Fact, frozen=True, kw_only=True, tag="withdrawal-asked"):
    """Somebody withdrew an order; ``immediate`` stops its movers where they are."""

    order: str
    immediate: bool
    actor: str


class OrderHalted(Fact, frozen=True, kw_only=True, tag="order-halted"):
    """The movers of an order that was withdrawn immediately stand, wherever that is."""

    order: str


class OrderPutAside(Fact, frozen=True, kw_only=True, tag="order-put-aside"):
    """The car of a retrieval was put into a place on its way; the order holds nothing and waits for a cabin again."""

    order: str


class OrderEnded(Fact, frozen=True, kw_only=True, tag="order-ended"):
    """An order has ended and holds nothing any more."""

    order: str
    outcome: Outcome
    code: str = ""
    text: str = ""
    remedy: str = ""


class CabinPhaseChanged(Fact, frozen=True, kw_only=True, tag="cabin-phase"):
    """The handover in a cabin went on to its next phase."""

    cabin: str
    phase: str
    order: str | None = None


class CommandIntended(Fact, frozen=True, kw_only=True, tag="command-intended"):
    """The controller is about to give a command; it leaves only when this event is on disk. ``expected_ms`` is how long
    it should take from here to its seen end, 0 when nobody knows.
    """

    device: str
    seq: int
    code: int
    arg1: int = 0
    arg2: int = 0
    order: str | None = None
    expected_ms: int = 0


class CommandAnswered(Fact, frozen=True, kw_only=True, tag="command-answered"):
    """A device acknowledged a command: accepted, or refused with a reason."""

    device: str
    seq: int
    result: int


class CommandEnded(Fact, frozen=True, kw_only=True, tag="command-ended"):
    """A command has ended: by the device's word, or because it can no longer end."""

    device: str
    seq: int
    ok: bool
    code: str
    fault: int = 0


class PermitTaken(Fact, frozen=True, kw_only=True, tag="permit-taken"):
    """Safety took the permit of a running command: by which interlocks, and the readings that failed them then."""

    device: str
    permit: str
    seq: int
    interlocks: list[str]
    text: str
    remedy: str


class ProgramSeen(Fact, frozen=True, kw_only=True, tag="program-seen"):
    """A device shows the version of its PLC program: the first that the books know, or another one than ``before``."""

    device: str
    version: int
    before: int | None = None


class DeviceBlocked(Fact, frozen=True, kw_only=True, tag="device-blocked"):
    """A device may not be used until a person has settled what is in doubt."""

    device: str
    code: str
    text: str
    remedy: str


class DeviceUnblocked(Fact, frozen=True, kw_only=True, tag="device-unblocked"):
    """What was in doubt about a device is settled."""

    device: str
    actor: str


class TripRaised(Fact, frozen=True, kw_only=True, tag="trip-raised"):
    """Safety tripped: the permits of ``devices`` are gone; ``category`` is the stop category (0 power off at once)."""

    trip: str
    hazard: str
    category: int
    devices: list[str]
    text: str
    remedy: str


class TripEnded(Fact, frozen=True, kw_only=True, tag="trip-ended"):
    """A trip is over: ``actor`` reset it after its cause had gone, or it went with its cause."""

    trip: str
    actor: str


class StopMeasured(Fact, frozen=True, kw_only=True, tag="stop-measured"):
    """An axis stopped after its permit had gone: how long that took, how far, and what it was designed for (H18)."""

    device: str
    permit: str
    speed: int
    time_ms: int
    distance: int
    designed_ms: int
    designed_distance: int
    is_late: bool = False


class RequestRefused(Fact, frozen=True, kw_only=True, tag="request-refused"):
    """Somebody asked for an intervention and was refused; kept for the audit, with what it was about and by whom."""

    request: str
    actor: str
    code: str
    subject: str = ""
    person: str = ""


CoreEvent = (
    EpochClaimed
    | ProgramSeen
    | ModeChanged
    | VehicleKnown
    | VehicleMeasured
    | VehicleArrived
    | VehicleMoved
    | VehicleTurned
    | VehicleLeft
    | OrderAccepted
    | OrderStarted
    | ClaimsAdded
    | ClaimsFreed
    | RouteChosen
    | LegStarted
    | LegEnded
    | OrderWaiting
    | OrderPromised
    | OrderRejected
    | WithdrawalAsked
    | OrderHalted
    | OrderPutAside
    | OrderEnded
    | CabinPhaseChanged
    | CommandIntended
    | CommandAnswered
    | CommandEnded
    | PermitTaken
    | DeviceBlocked
    | DeviceUnblocked
    | TripRaised
    | TripEnded
    | StopMeasured
    | RequestRefused
    | AlarmFact
    | BookingFact
    | ModeFact
    | JournalFact
)
"""Every event there is."""

ENCODER = msgspec.json.Encoder()
DECODER: msgspec.json.Decoder[CoreEvent] = msgspec.json.Decoder(CoreEvent)
