"""The core's side of the alarms: conditions in, events out, and people's acts answered.

Owns the wiring between the pure alarm book and a step of the core. Must never let the alarms change what moves.
"""

from __future__ import annotations

from controller.alarms.acts import decide
from controller.alarms.book import AlarmBook
from controller.alarms.catalogue import Catalogue
from controller.alarms.run_memory import AlarmRunMemory
from controller.alarms.view import AlarmWindow
from controller.core.alarm_watch import AlarmWatch
from controller.core.interface import Instant, Surroundings
from controller.core.situation import Situation
from controller.garage import Layout
from controller.local_link.alarm_messages import AlarmAct, AlarmDefinitions, AlarmFigures, AlarmView
from safety.refusal import Refusal


class AlarmDesk:
    """Alarms of one garage, as the core drives them."""

    def __init__(self, layout: Layout) -> None:
        catalogue = Catalogue.of(layout)
        self.book = AlarmBook(catalogue)
        self.surroundings = Surroundings()
        self._watch = AlarmWatch(layout, catalogue)
        self._window = AlarmWindow(self.book)

    def update(self, situation: Situation) -> None:
        """Raise and clear what this cycle's readings, books and surroundings call for."""
        inputs = self._watch.look(situation, self.surroundings)
        now = situation.now
        self.book.update(inputs, now.mono_ms, now.unix_ms, situation.log.write)

    def memory(self) -> tuple[AlarmRunMemory, frozenset[str], frozenset[str]]:
        """What this run remembers: the book's memory, and the watch's."""
        return (self.book.memory(), *self._watch.memory())

    def recall(self, book: AlarmRunMemory, trips_known: frozenset[str], by_silence: frozenset[str]) -> None:
        """Go on from what ``memory`` gave; the book's records must be there already."""
        self.book.recall(book)
        self._watch.recall(trips_known, by_silence)

    def views(self, now: Instant) -> tuple[list[AlarmView], AlarmFigures]:
        """The alarms and their figures, for the snapshot."""
        return self._window.alarms(now.mono_ms), self._window.figures(now.mono_ms, now.unix_ms)

    def definitions(self) -> AlarmDefinitions:
        """Every alarm that this garage can raise."""
        return AlarmDefinitions(definitions=self._window.definitions())


def act(situation: Situation, request: AlarmAct) -> Refusal | None:
    """Carry out what somebody wants to do with an alarm; a refusal changes nothing."""
    decision = decide(situation.state.alarms, request, situation.now.unix_ms)
    if isinstance(decision, Refusal):
        return decision
    for fact in decision:
        situation.log.write(fact)
    return None
