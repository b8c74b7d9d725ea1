"""The whole state at one number of the journal, as bytes: what a start folds on from instead of years of events.

Owns the form of these bytes and its number. Holds what comes from events only: what lives in one run of the process is
left out, so that a state that was read back is the state that folding all events gives. Must never do I/O.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from controller.alarms.book import AlarmBook
from controller.alarms.catalogue import Catalogue
from controller.alarms.first_out import First
from controller.alarms.record import AlarmRecord, Answer, Shelf
from controller.alarms.standing import Standing
from controller.core.booking import Bookings
from controller.core.calibration import Calibration
from controller.core.events import StopMeasured
from controller.core.interface import Recorded
from controller.core.mailbox import Mailbox
from controller.core.mode import Mode
from controller.core.order import Order
from controller.core.precautions import Precautions
from controller.core.state import CabinUse, GarageState, apply
from controller.core.vehicle import Vehicle
from safety.refusal import Refusal

FOLD_FORMAT = 1
"""Number of this form *and* of the meaning of the fold. It rises when a field is renamed or removed, or when ``apply``
makes something else of the same events; a field that is added with a default leaves it alone."""


class SnapshotUnreadableError(ValueError):
    """The bytes are not a state of this format."""


class _Alarm(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alarm's record without its run-time fields."""

    id: str
    standing: Standing = Standing.NORMAL
    onset_ms: int = 0
    raised_ms: int = 0
    cleared_ms: int | None = None
    detail: str = ""
    group: int = 0
    count: int = 0
    acknowledged: Answer | None = None
    confirmed: Answer | None = None
    shelf: Shelf | None = None
    out_of_service: Answer | None = None

    @classmethod
    def of(cls, record: AlarmRecord) -> _Alarm:
        return cls(**{name: getattr(record, name) for name in cls.__struct_fields__})

    def record(self) -> AlarmRecord:
        return AlarmRecord(**{name: getattr(self, name) for name in self.__struct_fields__})


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of ``GarageState`` that events make. Lists stand where the order matters."""

    mode: Mode
    epoch: int
    epoch_used: int
    last_seq: int
    orders_made: int
    vehicles: list[Vehicle]
    occupant: dict[str, str]
    orders: list[Order]
    claims: dict[str, str]
    mailboxes: dict[str, Mailbox]
    cabins: dict[str, CabinUse]
    blocks: dict[str, Refusal]
    held: set[str]
    trips: dict[str, tuple[str, ...]]
    stops: dict[str, StopMeasured]
    precautions: Precautions
    keys: dict[str, str]
    stopped_by: str
    alarms: list[_Alarm]
    firsts: dict[int, First]
    last_group: int
    programs: dict[str, int] = {}
    calibration: Calibration = msgspec.field(default_factory=Calibration)
    bookings: Bookings = msgspec.field(default_factory=Bookings)


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_State)


def encode(state: GarageState) -> bytes:
    """The state as bytes.

    For a start ``state`` must come from events alone, as ``Shadow`` keeps one: what a run has added is kept with it,
    which is what a recording wants and a start must not have.
    """
    book = state.alarms
    return _ENCODER.encode(
        _State(
            mode=state.mode,
            epoch=state.epoch,
            epoch_used=state.epoch_used,
            last_seq=state.last_seq,
            orders_made=state.orders_made,
            vehicles=list(state.vehicles.values()),
            occupant=state.occupant,
            orders=list(state.orders.values()),
            claims=state.claims,
            mailboxes=state.mailboxes,
            cabins=state.cabins,
            blocks=state.blocks,
            held=state.held,
            trips=state.trips,
            stops=state.stops,
            precautions=state.precautions,
            keys=state.keys,
            stopped_by=state.stopped_by,
            alarms=[_Alarm.of(record) for record in book.records.values()],
            firsts=book.groups.firsts({r.group for r in book.records.values() if r.standing.is_retained}),
            last_group=book.groups.last,
            programs=state.programs,
            calibration=state.calibration,
            bookings=state.bookings,
        )
    )


def decode(payload: bytes, catalogue: Catalogue) -> GarageState:
    """The state that ``encode`` was given.

    Raises:
        SnapshotUnreadableError: the bytes are no state of this format.
    """
    try:
        kept = _DECODER.decode(payload)
    except msgspec.DecodeError as error:
        raise SnapshotUnreadableError(str(error)) from error
    book = AlarmBook(catalogue)
    book.records = {alarm.id: alarm.record() for alarm in kept.alarms}
    book.groups.restore(kept.firsts, kept.last_group)
    return GarageState(
        mode=kept.mode,
        epoch=kept.epoch,
        epoch_used=kept.epoch_used,
        last_seq=kept.last_seq,
        orders_made=kept.orders_made,
        vehicles={vehicle.id: vehicle for vehicle in kept.vehicles},
        occupant=kept.occupant,
        orders=OrderedDict((order.id, order) for order in kept.orders),
        claims=kept.claims,
        mailboxes=kept.mailboxes,
        cabins=kept.cabins,
        blocks=kept.blocks,
        held=kept.held,
        trips=kept.trips,
        stops=kept.stops,
        precautions=kept.precautions,
        keys=OrderedDict(kept.keys),
        stopped_by=kept.stopped_by,
        alarms=book,
        programs=kept.programs,
        calibration=kept.calibration,
        bookings=kept.bookings,
    )


class Shadow:
    """A second fold of the journal, beside the running core's, that nothing but events ever touches.

    The journal's thread keeps one, so that a snapshot is taken of events that are on disk, and without a look at the
    state that the cycle works on.
    """

    format = FOLD_FORMAT

    def __init__(self, state: GarageState) -> None:
        self._state = state

    @property
    def seq(self) -> int:
        """Number of the last event in it."""
        return self._state.last_seq

    def apply(self, recorded: Recorded) -> None:
        """Fold the next event."""
        apply(self._state, recorded.seq, recorded.at_ms, recorded.event)

    def payload(self) -> bytes:
        """The whole state as bytes."""
        self._state.alarms.forget_groups()
        return encode(self._state)
