"""What the outside sees of the alarms: a bounded list in order of priority and time, and figures.

Owns the order of the list. Must never leave out what nobody has acknowledged while something else is shown.
"""

from __future__ import annotations

from controller.alarms.book import AlarmBook
from controller.alarms.catalogue import Alarm
from controller.alarms.definition import Priority
from controller.alarms.record import AlarmRecord, Answer
from controller.alarms.standing import Standing
from controller.local_link import alarm_messages as msg

ALARMS_SHOWN_MAX = 200
"""Alarms in a snapshot; `not_shown` in the figures counts the others."""

OFFENDERS_SHOWN = 10
NAMES_SHOWN_MAX = 20

_HOUR_MS = 3_600_000
_LATCHED = frozenset({Standing.LATCHED, Standing.LATCHED_UNACKNOWLEDGED})


class AlarmWindow:
    """Views of one book."""

    def __init__(self, book: AlarmBook) -> None:
        self._book = book

    def alarms(self, now_ms: int) -> list[msg.AlarmView]:
        """The alarms that stand or were put aside: what asks for somebody first, then by priority, then by onset."""
        shown = sorted(self._book.shown(), key=self._order)
        return [self._view(record, now_ms) for record in shown[:ALARMS_SHOWN_MAX]]

    def _order(self, record: AlarmRecord) -> tuple[bool, bool, int, int, int, str]:
        alarm = self._book.catalogue[record.id]
        return (
            not self._is_annunciated(record, alarm),
            record.standing.is_acknowledged,
            alarm.definition.priority.order,
            record.onset_ms,
            alarm.rank,
            record.id,
        )

    def _is_annunciated(self, record: AlarmRecord, alarm: Alarm) -> bool:
        return record.standing.is_retained and not record.is_put_aside and not self._is_suppressed(record, alarm)

    def _is_suppressed(self, record: AlarmRecord, alarm: Alarm) -> bool:
        return record.standing.is_active and self._book.is_suppressed(alarm)

    def _view(self, record: AlarmRecord, now_ms: int) -> msg.AlarmView:
        alarm = self._book.catalogue[record.id]
        definition = alarm.definition
        first = self._book.groups.first(record.group) if record.standing.is_retained else None
        is_first = first in (None, record.id)
        answered = record.acknowledged
        return msg.AlarmView(
            id=record.id,
            code=definition.code,
            source=alarm.source,
            title=alarm.title,
            priority=definition.priority.value,
            is_safety=definition.is_safety,
            hazard=definition.hazard,
            state=record.standing.value,
            active=record.standing.is_active,
            acknowledged=record.standing.is_acknowledged,
            confirmed=record.standing is Standing.NORMAL,
            latched=record.standing in _LATCHED or (definition.latching and record.standing.is_active),
            shelved=_shelf(record),
            out_of_service=_out(record.out_of_service),
            suppressed=self._is_suppressed(record, alarm),
            annunciated=self._is_annunciated(record, alarm),
            shelvable=not definition.is_safety and definition.shelve_s_max > 0,
            first_out=first == record.id,
            group=record.group,
            under=None if is_first else first,
            onset_at=record.onset_ms,
            raised_at=record.raised_ms,
            cleared_at=record.cleared_ms,
            acknowledged_at=None if answered is None else answered.at_ms,
            acknowledged_by="" if answered is None else answered.person or answered.actor,
            count=record.count,
            chattering=record.chatters(now_ms),
            stale=record.is_stale(now_ms),
            detail=record.detail,
            cause=alarm.cause,
            consequence=alarm.consequence,
            action=alarm.action,
        )

    def figures(self, now_ms: int, unix_ms: int) -> msg.AlarmFigures:
        """How many alarms there are, and how fast they come."""
        shown = list(self._book.shown())
        rates = self._book.rates
        began_ms = now_ms if rates.began_ms is None else rates.began_ms
        day = rates.within(24 * _HOUR_MS, now_ms)
        flooded_ms = rates.in_flood_ms(now_ms)
        catalogue = self._book.catalogue
        return msg.AlarmFigures(
            since=unix_ms - (now_ms - began_ms),
            standing=len(shown),
            annunciated=sum(self._is_annunciated(r, catalogue[r.id]) for r in shown),
            active=sum(r.standing.is_active for r in shown),
            unacknowledged=sum(not r.standing.is_acknowledged for r in shown),
            shelved=sum(r.shelf is not None for r in shown),
            out_of_service=sum(r.out_of_service is not None for r in shown),
            suppressed=sum(self._is_suppressed(r, catalogue[r.id]) for r in shown),
            not_shown=max(0, len(shown) - ALARMS_SHOWN_MAX),
            raised=rates.raised,
            last_10_min=rates.in_window(now_ms),
            last_hour=sum(rates.within(_HOUR_MS, now_ms).values()),
            last_day=sum(day.values()),
            in_flood=rates.flood_since_ms is not None,
            floods=rates.floods,
            in_flood_ms=flooded_ms,
            flood_share=round(flooded_ms / max(1, now_ms - began_ms), 4),
            by_priority=msg.PriorityCounts(high=day[Priority.HIGH], medium=day[Priority.MEDIUM], low=day[Priority.LOW]),
            top_offenders=[msg.Offender(alarm=a, count=c) for a, c in rates.offenders(now_ms, OFFENDERS_SHOWN)],
            chattering=sorted(r.id for r in shown if r.chatters(now_ms))[:NAMES_SHOWN_MAX],
            stale=sorted(r.id for r in shown if r.is_stale(now_ms))[:NAMES_SHOWN_MAX],
        )

    def definitions(self) -> list[msg.AlarmDefinitionView]:
        """Every alarm that this garage can raise, in order of rank."""
        return [_definition(alarm) for alarm in self._book.catalogue]


def _definition(alarm: Alarm) -> msg.AlarmDefinitionView:
    definition = alarm.definition
    return msg.AlarmDefinitionView(
        id=alarm.id,
        code=definition.code,
        source=alarm.source,
        title=alarm.title,
        priority=definition.priority.value,
        is_safety=definition.is_safety,
        hazard=definition.hazard,
        cause=alarm.cause,
        consequence=alarm.consequence,
        action=alarm.action,
        respond_within_min=definition.respond_within_min,
        on_delay_ms=definition.on_delay_ms,
        off_delay_ms=definition.off_delay_ms,
        latching=definition.latching,
        shelve_s_max=definition.shelve_s_max,
        suppressed_while=[reason.value for reason in definition.suppressed_while],
    )


def _shelf(record: AlarmRecord) -> msg.ShelfView | None:
    shelf = record.shelf
    if shelf is None:
        return None
    return msg.ShelfView(until=shelf.until_ms, one_shot=shelf.one_shot, person=shelf.by.person, reason=shelf.by.comment)


def _out(taken: Answer | None) -> msg.OutOfServiceView | None:
    return None if taken is None else msg.OutOfServiceView(since=taken.at_ms, person=taken.person, reason=taken.comment)
