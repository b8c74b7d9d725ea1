"""The alarms of one garage: raised and cleared by conditions and delays, answered by people.

Owns the engine: ``update`` turns conditions into facts, ``apply`` turns facts into state, so that folding a journal
gives the same state as having lived through it. Pure: time is an argument. Must never let a safety alarm be hidden,
nor an alarm that nobody has acknowledged disappear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, assert_never

from controller.alarms import facts
from controller.alarms.catalogue import Alarm, Catalogue
from controller.alarms.definition import COMMANDED, Suppression
from controller.alarms.first_out import FirstOut
from controller.alarms.inputs import AlarmInputs
from controller.alarms.rates import AlarmRates
from controller.alarms.record import CHATTER_CHANGES_MAX, CHATTER_WINDOW_MS, AlarmRecord, Answer, Shelf
from controller.alarms.run_memory import AlarmRunMemory, ConditionsMemory, RecordMemory, TimerMemory
from controller.alarms.standing import Standing, Trigger, follow

CONTROLLER = "controller"
"""Actor of what the controller does by itself."""

Write: TypeAlias = Callable[[facts.AlarmFact], object]
"""Writes a fact down; it must be applied to the book before this returns."""

_FAR_MS = 3_600_000
_LATCHED = frozenset({Standing.LATCHED, Standing.LATCHED_UNACKNOWLEDGED})


@dataclass(slots=True)
class _Timer:
    """Run-time of one alarm whose condition holds, or that is active. Monotonic times.

    ``onset_ms``: since when the condition holds, None when it does not. ``gone_ms``: since when an active alarm's
    condition has been gone. ``onsets`` are the last onsets: a condition that comes and goes must not stay below its
    delay for ever.
    """

    onset_ms: int | None = None
    gone_ms: int | None = None
    onsets: list[int] = field(default_factory=list)


class AlarmBook:
    """State of all alarms, and the engine that changes it. One instance for each life of the controller."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self.catalogue = catalogue or Catalogue(())
        self.records: dict[str, AlarmRecord] = {}
        self.groups = FirstOut()
        self.rates = AlarmRates()
        self._timers: dict[str, _Timer] = {}
        self._shelf_ends_ms: dict[str, int] = {}
        self._inputs = AlarmInputs()
        self._due_ms: int | None = None

    # --- state ------------------------------------------------------------------------------------------------

    def record(self, alarm: str) -> AlarmRecord:
        """The record of an alarm; it comes into being with its first use."""
        return self.records.setdefault(alarm, AlarmRecord(alarm))

    def is_active(self, alarm: str) -> bool:
        """True while an alarm is active."""
        record = self.records.get(alarm)
        return record is not None and record.standing.is_active

    def apply(self, at_ms: int, fact: facts.AlarmFact) -> None:
        """Change the state by one fact of ``at_ms`` (Unix)."""
        match fact:
            case facts.AlarmRaised():
                self._raised(at_ms, fact)
            case facts.AlarmCleared():
                record = self.record(fact.alarm)
                record.cleared_ms = at_ms
                self._go(record, Trigger.CLEAR)
            case facts.AlarmAcknowledged():
                record = self.record(fact.alarm)
                record.acknowledged = Answer(fact.actor, fact.person, at_ms, fact.comment)
                self._go(record, Trigger.ACKNOWLEDGE)
            case facts.AlarmConfirmed():
                record = self.record(fact.alarm)
                record.confirmed = Answer(fact.actor, fact.person, at_ms, fact.comment)
                self._go(record, Trigger.CONFIRM)
            case facts.AlarmShelved():
                by = Answer(fact.actor, fact.person, at_ms, fact.reason)
                self.record(fact.alarm).shelf = Shelf(fact.until_ms, fact.one_shot, by)
                self._shelf_ends_ms.pop(fact.alarm, None)
            case facts.AlarmUnshelved():
                self.record(fact.alarm).shelf = None
                self._shelf_ends_ms.pop(fact.alarm, None)
            case facts.AlarmTakenOut():
                self.record(fact.alarm).out_of_service = Answer(fact.actor, fact.person, at_ms, fact.reason)
            case facts.AlarmPutBack():
                self.record(fact.alarm).out_of_service = None
            case facts.AlarmFloodBegan() | facts.AlarmFloodEnded():
                pass
            case _:
                assert_never(fact)
        # Whatever was changed, the next update looks at everything once.
        self._due_ms = None

    def _raised(self, at_ms: int, fact: facts.AlarmRaised) -> None:
        record = self.record(fact.alarm)
        record.onset_ms, record.raised_ms, record.cleared_ms = fact.onset_ms, at_ms, None
        record.detail, record.group = fact.detail, fact.group
        record.count += 1
        record.acknowledged = record.confirmed = None
        record.active_since_ms = None
        self.groups.join(fact.group, fact.alarm, fact.onset_ms, self.catalogue[fact.alarm].rank)
        self._go(record, Trigger.RAISE)

    def _go(self, record: AlarmRecord, trigger: Trigger) -> None:
        # An alarm that an older version latched is let out by the same acts as under that version.
        latching = self.catalogue[record.id].definition.latching or record.standing in _LATCHED
        following = follow(record.standing, trigger, latching=latching)
        if following is not None:
            record.standing = following

    def shown(self) -> Iterator[AlarmRecord]:
        """Every record that is shown: it stands, or somebody has put it aside."""
        return (r for r in self.records.values() if r.standing.is_retained or r.is_put_aside)

    def is_suppressed(self, alarm: Alarm) -> bool:
        """True when by design the alarm is not raised now; never for a safety alarm (its definition forbids it)."""
        for reason in alarm.definition.suppressed_while:
            if reason is Suppression.OTHER_ALARM:
                if self._has_other_active(alarm):
                    return True
            elif alarm.source in self._inputs.suppressions.get(reason, ()):
                return True
        return False

    def _has_other_active(self, alarm: Alarm) -> bool:
        for record in self.records.values():
            if not record.standing.is_active or record.id == alarm.id:
                continue
            other = self.catalogue[record.id]
            if not other.definition.stops:
                continue
            is_of_device = other.source == alarm.source
            is_above = other.kind not in COMMANDED and bool(other.zones & alarm.zones)
            if is_of_device or is_above:
                return True
        return False

    def take_over(self, kept: AlarmBook) -> None:
        """Go on with the state of a book that was read back from a snapshot."""
        self.records, self.groups, self._due_ms = kept.records, kept.groups, None

    def memory(self) -> AlarmRunMemory:
        """What this run has added to what events tell, for a recording that goes on from here."""
        seen = self._inputs
        return AlarmRunMemory(
            ConditionsMemory(dict(seen.holding), seen.unknown, dict(seen.suppressions)),
            {name: TimerMemory(t.onset_ms, t.gone_ms, list(t.onsets)) for name, t in self._timers.items()},
            dict(self._shelf_ends_ms),
            {r.id: RecordMemory(r.active_since_ms, list(r.changes)) for r in self.records.values()},
            self.groups.memory(),
            self.rates.memory(),
        )

    def recall(self, memory: AlarmRunMemory) -> None:
        """Go on from what ``memory`` gave; the records themselves are there already."""
        seen = memory.conditions
        self._inputs = AlarmInputs(seen.holding, seen.unknown, seen.suppressions)
        self._timers = {name: _Timer(t.onset_ms, t.gone_ms, list(t.onsets)) for name, t in memory.timers.items()}
        self._shelf_ends_ms = dict(memory.shelf_ends_ms)
        for name, known in memory.records.items():
            record = self.record(name)
            record.active_since_ms = known.active_since_ms
            record.changes.extend(known.changes)
        self.groups.recall(memory.groups)
        self.rates.recall(memory.rates)
        self._due_ms = None

    def forget_groups(self) -> None:
        """For a book that is only ever folded: keep its groups bounded, as ``update`` does for one that lives."""
        shown = {record.group for record in self.records.values() if record.standing.is_retained}
        self.groups.restore(self.groups.firsts(shown), self.groups.last)

    @property
    def due_ms(self) -> int | None:
        """When a delay runs out next, by the monotonic clock; None when it must look in the next cycle anyway."""
        return self._due_ms

    # --- the engine -------------------------------------------------------------------------------------------

    def update(self, inputs: AlarmInputs, now_ms: int, unix_ms: int, write: Write) -> None:
        """Raise, clear and unshelve what is due at ``now_ms`` (monotonic; ``unix_ms`` is for people).

        Costs nothing while ``inputs`` is the same object as before and no delay has run out.
        """
        if inputs is self._inputs and self._due_ms is not None and now_ms < self._due_ms:
            return
        self._inputs = inputs
        self.rates.start(now_ms)
        # Writing a fact clears ``_due_ms``: what it changes for others is looked at in the next cycle.
        self._due_ms = now_ms + _FAR_MS
        self._adopt(now_ms, unix_ms, write)
        self._end_shelves(now_ms, write)
        candidates = sorted(inputs.holding.keys() | self._timers.keys())
        raises = [due for alarm in candidates if (due := self._weigh(alarm, now_ms, write)) is not None]
        raises.sort(key=lambda item: (item[0], item[1].rank, item[1].id))
        for onset_ms, alarm in raises:
            self._raise(alarm, onset_ms, now_ms, unix_ms, write)
        self._turn_flood(now_ms, write)
        self._tidy()

    def _due(self, at_ms: int) -> None:
        if self._due_ms is not None:
            self._due_ms = min(self._due_ms, at_ms)

    def _adopt(self, now_ms: int, unix_ms: int, write: Write) -> None:
        """Give alarms that were folded from the journal what only a running controller has."""
        for record in list(self.records.values()):
            definition = self.catalogue[record.id].definition
            if record.standing.is_active and record.active_since_ms is None:
                record.active_since_ms = now_ms - max(0, unix_ms - record.raised_ms)
                self._timers.setdefault(record.id, _Timer())
            if record.shelf is not None and definition.shelve_s_max == 0:
                write(facts.AlarmUnshelved(alarm=record.id, cause="NOT_SHELVABLE", actor=CONTROLLER))
            if record.out_of_service is not None and definition.shelve_s_max == 0:
                write(facts.AlarmPutBack(alarm=record.id, actor=CONTROLLER))
            if record.shelf is not None and record.id not in self._shelf_ends_ms:
                # Neither a clock that was set nor the time while the controller was away may prolong a shelf.
                left_ms = min(max(0, record.shelf.until_ms - unix_ms), definition.shelve_s_max * 1000)
                self._shelf_ends_ms[record.id] = now_ms + left_ms

    def _end_shelves(self, now_ms: int, write: Write) -> None:
        for alarm, end_ms in list(self._shelf_ends_ms.items()):
            if now_ms >= end_ms:
                write(facts.AlarmUnshelved(alarm=alarm, cause="TIME_OVER", actor=CONTROLLER))
            else:
                self._due(end_ms)

    def _weigh(self, name: str, now_ms: int, write: Write) -> tuple[int, Alarm] | None:
        """Look at one alarm's condition; its onset when it is to be raised now. Clearing is done at once."""
        timer = self._timers.setdefault(name, _Timer())
        record = self.records.get(name)
        is_active = record is not None and record.standing.is_active
        if name in self._inputs.holding:
            timer.gone_ms = None
            return None if is_active else self._weigh_onset(self.catalogue[name], timer, now_ms)
        timer.onset_ms = None
        if name in self._inputs.unknown:
            timer.gone_ms = None
        elif record is not None and is_active:
            self._weigh_end(record, timer, now_ms, write)
        if not is_active and not _is_recent(timer.onsets, now_ms):
            del self._timers[name]
        elif timer.onsets:
            self._due(timer.onsets[-1] + CHATTER_WINDOW_MS + 1)
        return None

    def _weigh_onset(self, alarm: Alarm, timer: _Timer, now_ms: int) -> tuple[int, Alarm] | None:
        if self.is_suppressed(alarm):
            timer.onset_ms = None
            timer.onsets.clear()
            return None
        if timer.onset_ms is None:
            timer.onset_ms = now_ms
            timer.onsets = [*timer.onsets[-CHATTER_CHANGES_MAX:], now_ms]
        flickers = len(timer.onsets) > CHATTER_CHANGES_MAX and now_ms - timer.onsets[0] <= CHATTER_WINDOW_MS
        end_ms = timer.onset_ms + alarm.definition.on_delay_ms
        if now_ms >= end_ms:
            return timer.onset_ms, alarm
        if flickers:
            return timer.onsets[0], alarm
        self._due(end_ms)
        return None

    def _weigh_end(self, record: AlarmRecord, timer: _Timer, now_ms: int, write: Write) -> None:
        if timer.gone_ms is None:
            timer.gone_ms = now_ms
        delay_ms = self.catalogue[record.id].definition.off_delay_ms
        if record.chatters(now_ms) or len(timer.onsets) > CHATTER_CHANGES_MAX:
            # It must be calm for a whole window before it is believed: this bounds what it writes into the journal.
            delay_ms = max(delay_ms, CHATTER_WINDOW_MS)
        if now_ms < timer.gone_ms + delay_ms:
            self._due(timer.gone_ms + delay_ms)
            return
        write(facts.AlarmCleared(alarm=record.id))
        record.active_since_ms = None
        record.changes.append(now_ms)
        self._timers[record.id] = _Timer()
        if record.shelf is not None and record.shelf.one_shot:
            write(facts.AlarmUnshelved(alarm=record.id, cause="ALARM_CLEARED", actor=CONTROLLER))

    def _raise(self, alarm: Alarm, onset_ms: int, now_ms: int, unix_ms: int, write: Write) -> None:
        group = self.groups.assign(alarm.zones, now_ms) if alarm.definition.stops else 0
        write(
            facts.AlarmRaised(
                alarm=alarm.id,
                priority=alarm.definition.priority.value,
                onset_ms=unix_ms - (now_ms - onset_ms),
                group=group,
                detail=self._inputs.holding.get(alarm.id, ""),
            )
        )
        record = self.record(alarm.id)
        record.active_since_ms = now_ms
        record.changes.append(now_ms)
        if not record.is_put_aside:
            self.rates.note(alarm.id, alarm.definition.priority, now_ms)

    def _turn_flood(self, now_ms: int, write: Write) -> None:
        began_ms = self.rates.flood_since_ms
        turned = self.rates.turn(now_ms)
        count = self.rates.in_window(now_ms)
        if turned is True:
            write(facts.AlarmFloodBegan(count=count))
        elif turned is False:
            write(facts.AlarmFloodEnded(count=count, lasted_ms=now_ms - (began_ms or now_ms)))
        if (due_ms := self.rates.due_ms()) is not None:
            self._due(due_ms)

    def _tidy(self) -> None:
        """Forget groups that nobody shows any more, and records of alarms that no longer exist."""
        self.groups.keep({record.group for record in self.records.values() if record.standing.is_retained})
        for record in [r for r in self.records.values() if r.id not in self.catalogue]:
            if not record.standing.is_retained:
                del self.records[record.id]


def _is_recent(onsets: list[int], now_ms: int) -> bool:
    return bool(onsets) and now_ms - onsets[-1] <= CHATTER_WINDOW_MS
