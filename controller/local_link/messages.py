"""Every message of the local link, and what the outside may see of the garage.

Owns the schema of snapshots, events, requests and answers (those about alarms stand in ``alarm_messages``, those about
explanations in ``explanation``). Depends on nothing but msgspec, so that the API process loads neither drivers nor the
core. Must never hold logic.
"""

from __future__ import annotations

from typing import Literal

from controller.local_link.alarm_messages import (
    AlarmAct,
    AlarmDefinitions,
    AlarmFigures,
    AlarmView,
    GetAlarmDefinitions,
)
from controller.local_link.booking_messages import BookingRequest, BookingView, Offer
from controller.local_link.explanation import Explain, Explanation, WaiverView
from controller.local_link.message import Message
from controller.local_link.mode_messages import FindingView, Mode, ModeRequest, ZoneView


class Reason(Message, frozen=True, kw_only=True):
    """Why something waits, is refused or is not ready: a stable code, one sentence, and what a person can do."""

    code: str
    text: str
    remedy: str


# --- the garage's shape, sent once -------------------------------------------------------------------------


class LevelShape(Message, frozen=True, kw_only=True):
    number: int
    height_mm: int
    clear_height_mm: int


class ColumnShape(Message, frozen=True, kw_only=True):
    number: int
    at: int


class PositionShape(Message, frozen=True, kw_only=True):
    id: str
    kind: Literal["place", "buffer", "cabin", "platform", "deck"]
    level: int | None
    column: int | None
    side: Literal["left", "right"] | None
    depth: int
    owner: str
    length_mm: int
    width_mm: int
    height_mm: int
    weight_kg: int


class LiftShape(Message, frozen=True, kw_only=True):
    id: str
    levels: list[int]
    column: int
    side: Literal["left", "right"] | None
    rider: str | None


class ShuttleShape(Message, frozen=True, kw_only=True):
    id: str
    lift: str | None
    level: int | None
    columns: list[int]
    stroke_mm: int


class CabinShape(Message, frozen=True, kw_only=True):
    id: str
    level: int
    column: int
    side: Literal["left", "right"]
    turntable: bool


class Shape(Message, frozen=True, kw_only=True):
    """The garage as it is drawn and addressed; never changes while the controller runs."""

    garage: str
    name: str
    layout: str
    ring: bool
    software: str
    config_hash: str
    levels: list[LevelShape]
    columns: list[ColumnShape]
    positions: list[PositionShape]
    lifts: list[LiftShape]
    shuttles: list[ShuttleShape]
    cabins: list[CabinShape]


# --- what changes -------------------------------------------------------------------------------------------


class DeviceView(Message, frozen=True, kw_only=True):
    """A device as the outside sees it. ``values`` are the status tags by name, None where unknown."""

    id: str
    kind: Literal["lift", "shuttle", "cabin", "safety"]
    link: str
    state: str
    mode: str
    health: str
    fault: str
    quality: Literal["good", "stale", "bad", "missing"]
    age_ms: int
    reason: Reason | None
    command: str
    permits: list[str]
    values: dict[str, bool | int | float | None]


class LinkView(Message, frozen=True, kw_only=True):
    id: str
    protocol: str
    address: str
    state: Literal["down", "connecting", "up", "closed"]
    reason: Reason | None
    connects: int
    exchanges: int
    timeouts: int
    rejected: int
    last_exchange_ms: float


class VehicleView(Message, frozen=True, kw_only=True):
    """A car; ``position`` is None once it has left or before it came. ``reason`` says why it cannot be had now."""

    id: str
    model: str
    position: str | None
    heading: Literal["left", "right"] | None
    length_mm: int
    width_mm: int
    height_mm: int
    weight_kg: int
    electric: bool
    order: str | None
    reason: Reason | None


class PositionView(Message, frozen=True, kw_only=True):
    """A position. ``vehicle`` is what the books say, ``sensed`` what its detectors do: None where nothing looks.

    ``confirmed`` is False while a person must say what stands there.
    """

    id: str
    vehicle: str | None
    reserved_for: str | None
    claimed_by: str | None
    sensed: bool | None = None
    confirmed: bool = True


class CabinView(Message, frozen=True, kw_only=True):
    """A cabin; ``phase`` is the handover's own word (``free`` when nobody uses it)."""

    id: str
    phase: str
    order: str | None
    vehicle: str | None
    light: Literal["red", "green", "unknown"]
    sign: str
    outer_door: Literal["open", "closed", "moving", "unknown"]
    inner_door: Literal["open", "closed", "moving", "unknown"]
    proven_empty: bool
    reason: Reason | None


class OrderView(Message, frozen=True, kw_only=True):
    """An order. Times are Unix milliseconds; ``progress`` is 0 to 1.

    ``eta_ms`` is when a fetched car is expected to be there for its driver, or another one in its place; nine times in
    ten it is between ``eta_early_ms`` and ``eta_late_ms``. All three are None when that cannot be told. ``promised_ms``
    is the time by which it was promised when the order was accepted, ``served_at`` when it was really so.
    """

    id: str
    kind: Literal["retrieve", "store", "relocate"]
    vehicle: str
    state: Literal["waiting", "active", "handover", "withdrawing", "done", "withdrawn", "failed"]
    phase: str
    source: str | None
    target: str | None
    cabin: str | None
    leg: int
    legs: int
    progress: float
    accepted_at: int
    started_at: int | None
    ended_at: int | None
    eta_ms: int | None
    waiting_for: Reason | None
    outcome: Reason | None
    eta_early_ms: int | None = None
    eta_late_ms: int | None = None
    promised_ms: int | None = None
    served_at: int | None = None


class ServiceView(Message, frozen=True, kw_only=True):
    """How promises were kept (the measure of VDI 4486): orders that were promised a time and served, those of them that
    were served by then, and those whose 90 % interval held. ``share`` is kept of promised, None before the first.
    """

    promised: int
    kept: int
    within: int
    share: float | None


class CycleView(Message, frozen=True, kw_only=True):
    """The scan cycle's own health; lateness in microseconds over the last ten seconds."""

    period_ms: int
    cycles: int
    overruns: int
    late_p50_us: int
    late_p99_us: int
    late_max_us: int


class InterlockView(Message, frozen=True, kw_only=True):
    """An interlock that does not hold, or a trip that is latched."""

    id: str
    title: str
    hazard: str
    guards: list[str]
    cause: str
    remedy: str


class TripView(Message, frozen=True, kw_only=True):
    """A trip that stands. ``category`` is its stop category, 0 to 2; ``age_ms`` how long it has stood."""

    id: str
    title: str
    hazard: str
    category: int
    zone: int | None
    devices: list[str]
    age_ms: int
    cause: str
    remedy: str
    may_be_reset: bool
    is_first_out: bool


class StopView(Message, frozen=True, kw_only=True):
    """The last measured stop of an axis: ms, and mm or mdeg; ``is_late`` when it was beyond design and tolerance."""

    function: str
    speed: int
    time_ms: int
    distance: int
    designed_ms: int
    designed_distance: int
    is_late: bool


class Snapshot(Message, frozen=True, kw_only=True, tag="snapshot"):
    """Everything that the outside may see at one moment. ``event_seq`` is the last event already included."""

    seq: int
    at_ms: int
    event_seq: int
    mode: Mode
    ready: bool
    ready_to_start: bool
    reasons: list[Reason]
    epoch: int
    cycle: CycleView
    devices: list[DeviceView]
    links: list[LinkView]
    vehicles: list[VehicleView]
    positions: list[PositionView]
    cabins: list[CabinView]
    orders: list[OrderView]
    interlocks: list[InterlockView]
    trips: list[TripView] = []
    stops: list[StopView] = []
    alarms: list[AlarmView] = []
    alarm_figures: AlarmFigures | None = None
    waivers: list[WaiverView] = []
    zones: list[ZoneView] = []
    findings: list[FindingView] = []
    service: ServiceView | None = None
    bookings: list[BookingView] = []


class Event(Message, frozen=True, kw_only=True, tag="event"):
    """Something that happened, in order. ``seq`` has no gaps; it is the SSE id."""

    seq: int
    at_ms: int
    kind: str
    data: dict[str, str | int | float | bool | None]


Published = Snapshot | Event


# --- requests -----------------------------------------------------------------------------------------------


class VehicleData(Message, frozen=True, kw_only=True):
    """A car that is to be stored. Dimensions are what the customer says; the cabin measures."""

    id: str
    model: str = ""
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    weight_kg: int | None = None
    electric: bool = False


class SubmitOrder(Message, frozen=True, kw_only=True, tag="submit-order"):
    """Ask for an order. ``key`` is the idempotency key, ``fingerprint`` a hash of the body that came with it."""

    kind: Literal["retrieve", "store", "relocate"]
    vehicle: VehicleData
    cabin: str | None = None
    target: str | None = None
    key: str | None = None
    fingerprint: str = ""
    actor: str = "api"


class WithdrawOrder(Message, frozen=True, kw_only=True, tag="withdraw-order"):
    """Withdraw an order; ``immediate`` stops its movers where they are."""

    order: str
    immediate: bool = False
    actor: str = "api"


class Start(Message, frozen=True, kw_only=True, tag="start"):
    """A person starts automatic operation."""

    actor: str = "api"


class Stop(Message, frozen=True, kw_only=True, tag="stop"):
    """A person, or the control process itself, stops automatic operation: a controlled stop, and orders wait."""

    actor: str = "api"
    cause: str = "STOPPED_BY_PERSON"


class ClearDevice(Message, frozen=True, kw_only=True, tag="clear-device"):
    """A person clears a stopped or aborted device after having removed the cause."""

    device: str
    actor: str = "api"


class GetShape(Message, frozen=True, kw_only=True, tag="get-shape"):
    """Ask for the garage's shape."""


class GetEvents(Message, frozen=True, kw_only=True, tag="get-events"):
    """Ask for the events after ``after``, at most ``limit`` of them, oldest first."""

    after: int
    limit: int = 1000


Request = (
    SubmitOrder
    | WithdrawOrder
    | Start
    | Stop
    | ClearDevice
    | GetShape
    | GetEvents
    | AlarmAct
    | GetAlarmDefinitions
    | Explain
    | ModeRequest
    | BookingRequest
)


class Accepted(Message, frozen=True, kw_only=True, tag="accepted"):
    """The request was carried out. ``order`` is set for orders, ``booking`` for bookings; ``repeated`` when the key
    was known already.
    """

    order: OrderView | None = None
    booking: BookingView | None = None
    repeated: bool = False


class Refused(Message, frozen=True, kw_only=True, tag="refused"):
    """The request was refused and changed nothing; ``offer`` is the nearest that would be accepted, where one is."""

    reason: Reason
    offer: Offer | None = None


class Events(Message, frozen=True, kw_only=True, tag="events"):
    """Events asked for; ``oldest`` is the first that is still kept."""

    events: list[Event]
    oldest: int


class ShapeAnswer(Message, frozen=True, kw_only=True, tag="shape"):
    """The garage's shape."""

    shape: Shape


Answer = Accepted | Refused | Events | ShapeAnswer | AlarmDefinitions | Explanation


class Envelope(Message, frozen=True, kw_only=True):
    """A request on its way; ``id`` comes back with the answer.

    ``deadline_ms`` is the machine's monotonic clock (the same in every process) after which nobody waits for
    the answer any more: a request that was delayed beyond it is refused, so that a stalled control process
    does not act on it minutes later (H11).
    """

    id: int
    request: Request
    deadline_ms: int


class Reply(Message, frozen=True, kw_only=True):
    """An answer on its way."""

    id: int
    answer: Answer
