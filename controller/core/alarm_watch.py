"""From readings, books and surroundings to the conditions of alarms, evaluated only where something has changed.

Owns which condition raises which alarm. Must never turn each interlock that fails, or each reading that is unknown,
into an alarm of its own: an alarm is what a person must respond to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

from controller.alarms.catalogue import GARAGE, Catalogue, zone_name
from controller.alarms.definition import Suppression
from controller.alarms.inputs import AlarmInputs
from controller.core.alarm_reading import (
    Known,
    Question,
    both,
    either,
    flag,
    questions_of,
    sees_somebody,
    tags_of,
    zone_questions,
)
from controller.core.events import StopMeasured
from controller.core.finding import OPEN as QUESTION_OPEN
from controller.core.interface import Surroundings
from controller.core.situation import Situation
from controller.garage import Layout, PositionKind
from plc_drivers.contract import CommandCode, DeviceKind, Value
from plc_drivers.contract.codes import TRANSFERS, FaultCode
from plc_drivers.reading import DeviceImage, Fault, Quality
from safety.refusal import Refusal

_OF_CABIN = {
    "CUSTOMER_ABSENT": "customer-absent",
    "CUSTOMER_STAYS": "customer-stays",
    "PERSON_IN_CABIN": "customer-stays",
    "NOT_IN_POSITION": "not-in-position",
    "CABIN_NOT_CLEAR": "not-confirmed",
    "VEHICLE_UNPROVEN": "vehicle-unproven",
}
_OF_SHUTTLE = {
    "HALF_TRANSFER": "half-transfer",
    "CAR_ELSEWHERE": "car-elsewhere",
    "POSITION_UNPROVEN": "transfer-unproven",
}
"""Reasons for which an order waits that ask for a person, and the alarm that each raises."""


@dataclass(frozen=True, slots=True)
class _Books:
    """What the books say about one device: why it is blocked, why its order waits, its last stop if that was late."""

    block: Refusal | None = None
    waiting: Refusal | None = None
    late_stop: StopMeasured | None = None


@dataclass(slots=True)
class _Findings:
    """What one device contributes."""

    holding: dict[str, str] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    shows_fault: bool = False
    transfers: bool = False
    is_open: bool = False

    def take(self, alarm: str, known: Known, detail: str = "") -> None:
        """Note one condition."""
        if known is None:
            self.unknown.add(alarm)
        elif known:
            self.holding[alarm] = detail


@dataclass(slots=True)
class _Watched:
    """One device: how to see cheaply that something changed, and what was found last."""

    pick: Callable[[tuple[Value | None, ...]], object]
    questions: dict[str, Question]
    key: object = None
    findings: _Findings = field(default_factory=_Findings)


class AlarmWatch:
    """Conditions of one garage's alarms. ``look`` gives the same object while nothing has changed."""

    def __init__(self, layout: Layout, catalogue: Catalogue) -> None:
        self._layout = layout
        self._catalogue = catalogue
        config = layout.config
        self._link_of = {s.id: s.link for s in (*config.lifts, *config.shuttles, *config.cabins, config.safety)}
        self._sources = frozenset(alarm.source for alarm in catalogue)
        self._storage = {
            (p.level, p.column, p.side.value, p.depth)
            for p in layout.positions.values()
            if p.kind in (PositionKind.PLACE, PositionKind.BUFFER) and p.side is not None
        }
        self._watched: dict[str, _Watched] = {}
        self._books: dict[str, _Books] = {}
        self._books_seq = -1
        self._question = ""
        self._trips_known: set[str] = set()
        self._by_silence: set[str] = set()
        self._key: object = None
        self._inputs = AlarmInputs()

    def memory(self) -> tuple[frozenset[str], frozenset[str]]:
        """Trips that stand, and those of them that are told by a device's silence, for a recording that goes on."""
        return frozenset(self._trips_known), frozenset(self._by_silence)

    def recall(self, trips_known: frozenset[str], by_silence: frozenset[str]) -> None:
        """Go on from what ``memory`` gave. All else is found anew from readings and books."""
        self._trips_known, self._by_silence = set(trips_known), set(by_silence)

    def look(self, situation: Situation, surroundings: Surroundings) -> AlarmInputs:
        """The conditions of this cycle."""
        self._read_books(situation)
        is_changed = False
        for device, image in situation.image.devices.items():
            is_changed |= self._look_at(situation, device, image)
        trips = self._trips_told(situation)
        key = (situation.state.mode, situation.state.stopped_by, surroundings, trips, self._question)
        if is_changed or key != self._key:
            self._key = key
            self._inputs = self._put_together(situation, surroundings, trips)
        return self._inputs

    def _trips_told(self, situation: Situation) -> tuple[tuple[str, str], ...]:
        """Trips in force with their cause; each raises the alarm of its own id.

        A device that goes silent sets every trip that reads it. Its silence is what people must respond to, and has an
        alarm that nobody can put aside; the trips keep the machine still all the same. Such a trip is told once the
        device answers and its cause is there indeed.
        """
        trips = situation.verdict.trips
        if not trips:
            self._trips_known.clear()
            self._by_silence.clear()
            return ()
        for trip in trips:
            owner = trip.id.partition(".")[0]
            device = owner if owner in self._link_of else self._layout.config.safety.id
            is_good = situation.is_good(device)
            if trip.id not in self._trips_known:
                was_told = situation.state.alarms.is_active(trip.id)
                if not is_good and not was_told:
                    self._by_silence.add(trip.id)
            elif is_good and not trip.may_be_reset:
                self._by_silence.discard(trip.id)
        self._trips_known = {trip.id for trip in trips}
        self._by_silence &= self._trips_known
        return tuple((trip.id, trip.cause) for trip in trips if trip.id not in self._by_silence)

    # --- the books ----------------------------------------------------------------------------------------------

    def _read_books(self, situation: Situation) -> None:
        """The books change by events only, so that they need to be read anew only when there was one."""
        state = situation.state
        if state.last_seq == self._books_seq:
            return
        self._books_seq = state.last_seq
        waiting: dict[str, Refusal] = {}
        unconfirmed: Refusal | None = None
        self._question = ""
        for order in state.open_orders():
            if order.waiting is None:
                continue
            if order.waiting.code == QUESTION_OPEN and not self._question:
                self._question = f"{order.waiting.text} {order.waiting.remedy}"
            if order.waiting.code in _OF_SHUTTLE and order.current_leg is not None:
                waiting[order.current_leg.shuttle] = order.waiting
            if order.waiting.code in _OF_CABIN and order.cabin is not None:
                waiting[order.cabin] = order.waiting
            elif order.waiting.code == "CABIN_NOT_CLEAR":
                unconfirmed = order.waiting
        late = {stop.device: stop for stop in state.stops.values() if stop.is_late}
        books: dict[str, _Books] = {}
        for device in self._link_of:
            why = waiting.get(device)
            if why is None and device in self._layout.cabins and device not in situation.verdict.proven_empty:
                why = unconfirmed
            books[device] = _Books(state.blocks.get(device), why, late.get(device))
        self._books = books

    # --- one device ---------------------------------------------------------------------------------------------

    def _look_at(self, situation: Situation, device: str, image: DeviceImage) -> bool:
        watched = self._watched.get(device)
        if watched is None:
            watched = self._watched[device] = self._watch(image)
        books = self._books.get(device, _Books())
        code = "" if image.fault is None else image.fault.code
        lift = self._lift_of(device)
        carried = None if lift is None else (situation.value(lift, "station"), situation.value(lift, "pins_extended"))
        key = (image.quality, code, watched.pick(image.values), image.bad_tags, books, carried)
        if key == watched.key:
            return False
        watched.key = key
        watched.findings = self._find(situation, device, image, books)
        return True

    def _lift_of(self, device: str) -> str | None:
        shuttle = self._layout.shuttles.get(device)
        return None if shuttle is None else shuttle.lift

    def _watch(self, image: DeviceImage) -> _Watched:
        definition = image.definition
        zones = self._layout.config.safety.zones
        tags = tags_of(definition.kind, zones)
        pick = itemgetter(*(definition.status_index[tag] for tag in tags))
        questions = {f"{image.device}.{code}": ask for code, ask in questions_of(definition.kind).items()}
        if definition.kind is DeviceKind.SAFETY:
            for zone in zones:
                questions |= {f"{zone_name(zone)}.{code}": ask for code, ask in zone_questions(zone).items()}
        return _Watched(pick, questions)

    def _find(self, situation: Situation, device: str, image: DeviceImage, books: _Books) -> _Findings:
        found = _Findings()
        for alarm, ask in self._watched[device].questions.items():
            found.take(alarm, ask(image))
        self._find_reach(device, image, found)
        fault = image.value("fault_code")
        found.shows_fault = fault is not None and fault != FaultCode.NONE
        match image.definition.kind:
            case DeviceKind.SHUTTLE:
                self._find_shuttle(situation, device, image, books, found)
            case DeviceKind.CABIN:
                self._find_cabin(device, image, books, found)
        if image.definition.is_commanded:
            epoch = image.value("owner_epoch")
            theirs = None if epoch is None else epoch > situation.state.epoch > 0
            detail = f"It shows owner epoch {epoch}; this controller has {situation.state.epoch}."
            found.take(f"{device}.not-owner", theirs, detail)
            if (stop := books.late_stop) is not None:
                found.holding[f"{device}.stop-time-drift"] = _drift(stop)
            block = books.block
            if block is not None and block.code not in _OF_SHUTTLE:
                found.holding[f"{device}.blocked"] = block.text
        bad = sorted(image.definition.status[index].name for index in image.bad_tags)
        is_good = image.quality is Quality.GOOD
        found.take(f"{device}.bad-readings", bool(bad) if is_good else None, ", ".join(bad))
        return found

    def _find_reach(self, device: str, image: DeviceImage, found: _Findings) -> None:
        """Why the device's answers do not count; always known."""
        if image.quality is Quality.GOOD:
            return
        code = "" if image.fault is None else image.fault.code
        detail = "" if image.fault is None else image.fault.detail
        if not image.definition.is_commanded:
            alarm = "safety-plc-silent"
        elif image.quality is not Quality.BAD:
            alarm = "unreachable"
        else:
            alarm = "wrong-device" if code.startswith("WRONG_") else "answers-untrustworthy"
        found.holding[f"{device}.{alarm}"] = detail

    def _find_shuttle(
        self, situation: Situation, device: str, image: DeviceImage, books: _Books, found: _Findings
    ) -> None:
        command = image.value("active_command")
        moving_forks = command is not None and CommandCode(int(command)) in TRANSFERS
        found.transfers = moving_forks or flag(image, "forks_centred") is not True
        for why in (books.waiting, books.block):
            if why is not None and why.code in _OF_SHUTTLE:
                found.holding[f"{device}.{_OF_SHUTTLE[why.code]}"] = why.text
        known, detail = self._target_in_doubt(situation, device, image)
        found.take(f"{device}.target-detectors-disagree", known, detail)

    def _target_in_doubt(self, situation: Situation, device: str, image: DeviceImage) -> tuple[Known, str]:
        """Both detectors of a position beside a standing shuttle say the same; asked only where there is a place."""
        level = self._level_of(situation, device)
        station = image.value("station")
        stands = both(*(flag(image, tag) for tag in ("station_sensor", "in_position", "standstill")))
        if station is None or level is None or stands is not True:
            return None, ""
        found: list[Known] = [False]
        wrong: list[str] = []
        for side in ("left", "right"):
            for depth, row in ((1, "target"), (2, "rear")):
                if (level, int(station), side, depth) not in self._storage:
                    continue
                one, other = image.value(f"{row}_{side}_occupied"), image.value(f"{row}_{side}_clear")
                same = None if one is None or other is None else one == other
                found.append(same)
                if same:
                    wrong.append(f"{row}_{side}_occupied and {row}_{side}_clear are both {int(bool(one))}")
        return either(*found), "; ".join(wrong)

    def _level_of(self, situation: Situation, device: str) -> int | None:
        shuttle = self._layout.shuttles[device]
        if shuttle.lift is None:
            return shuttle.level
        station = situation.value(shuttle.lift, "station")
        is_locked = situation.value(shuttle.lift, "pins_extended") is True
        return int(station) if station is not None and is_locked else None

    def _find_cabin(self, device: str, image: DeviceImage, books: _Books, found: _Findings) -> None:
        closed = flag(image, "outer_closed")
        found.is_open = closed is not True or flag(image, "outer_locked") is not True
        found.take(f"{device}.person-shut-in", both(sees_somebody(image), closed))
        if books.waiting is not None and books.waiting.code in _OF_CABIN:
            found.holding[f"{device}.{_OF_CABIN[books.waiting.code]}"] = books.waiting.text

    # --- all together -------------------------------------------------------------------------------------------

    def _put_together(
        self, situation: Situation, surroundings: Surroundings, trips: tuple[tuple[str, str], ...]
    ) -> AlarmInputs:
        holding: dict[str, str] = {}
        unknown: set[str] = set()
        for watched in self._watched.values():
            holding.update(watched.findings.holding)
            unknown |= watched.findings.unknown
        holding.update(trips)
        for link in surroundings.down:
            holding[f"{link}.link-down"] = ""
        _hold(holding, "journal-fault", surroundings.journal_fault)
        if surroundings.journal_fault is None:  # it has said so already, and louder
            _hold(holding, "disk-low", surroundings.disk_low)
        _hold(holding, "planner-off", surroundings.planner_fault)
        if self._question:
            holding[f"{GARAGE}.question-open"] = self._question
        if surroundings.is_overrunning:
            holding[f"{GARAGE}.cycle-overrun"] = ""
        if situation.state.mode != "automatic" and situation.state.stopped_by:
            holding[f"{GARAGE}.stopped-by-itself"] = f"Cause: {situation.state.stopped_by}."
        return AlarmInputs(
            {alarm: detail for alarm, detail in holding.items() if alarm in self._catalogue},
            frozenset(unknown - holding.keys()),
            self._suppressions(situation, surroundings),
        )

    def _suppressions(self, situation: Situation, surroundings: Surroundings) -> dict[Suppression, frozenset[str]]:
        found = {name: watched.findings for name, watched in self._watched.items()}
        down = frozenset(surroundings.down)
        is_stopped = situation.state.mode != "automatic"
        return {
            Suppression.GARAGE_STOPPED: self._sources if is_stopped else frozenset(),
            Suppression.LINK_DOWN: frozenset(d for d, link in self._link_of.items() if link in down),
            Suppression.FAULT_SHOWN: frozenset(d for d, f in found.items() if f.shows_fault),
            Suppression.TRANSFER_UNDER_WAY: frozenset(
                name for device, f in found.items() if f.transfers for name in self._touched_by(device)
            ),
            Suppression.OPEN_TO_PEOPLE: frozenset(d for d, f in found.items() if f.is_open),
        }

    def _touched_by(self, shuttle: str) -> set[str]:
        """The shuttle, and every lift and cabin into which its forks reach."""
        reached = {p.owner for p in self._layout.positions.values() if self._layout.stop(shuttle, p.id) is not None}
        return {shuttle} | (reached - {""})


def _drift(stop: StopMeasured) -> str:
    return (
        f"From {stop.speed} per s it took {stop.time_ms} ms and {stop.distance} mm or mdeg; designed are "
        f"{stop.designed_ms} ms and {stop.designed_distance}."
    )


def _hold(holding: dict[str, str], code: str, fault: Fault | None) -> None:
    if fault is not None:
        holding[f"{GARAGE}.{code}"] = fault.detail
