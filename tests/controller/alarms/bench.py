"""An alarm book on the bench: conditions switched by hand, time moved by hand, every fact kept."""

from __future__ import annotations

from collections.abc import Iterable

from controller.alarms.acts import decide
from controller.alarms.book import AlarmBook
from controller.alarms.catalogue import Alarm, Catalogue
from controller.alarms.definition import AlarmDefinition, Priority, Source, Suppression
from controller.alarms.facts import AlarmFact
from controller.alarms.inputs import AlarmInputs
from controller.alarms.record import AlarmRecord
from controller.alarms.standing import Standing
from controller.alarms.view import AlarmWindow
from controller.local_link.alarm_messages import AlarmAct
from safety.refusal import Refusal

UNIX_0_MS = 1_700_000_000_000


def definition(code: str, **changes: object) -> AlarmDefinition:
    """A plain alarm without delays; ``changes`` are fields of the definition."""
    fields: dict[str, object] = {
        "code": code,
        "title": "{source} is wrong",
        "sources": (Source.LIFT,),
        "priority": Priority.LOW,
        "cause": "Something.",
        "consequence": "It stands.",
        "action": "Look.",
        "respond_within_min": 5,
        "off_delay_ms": 0,
        "stops": True,
    }
    return AlarmDefinition(**(fields | changes))  # type: ignore[arg-type]  # fields by name, checked by the class


PLAIN = definition("plain")
LATCHING = definition("latching", latching=True)
SAFETY = definition("safety", latching=True, is_safety=True, hazard="H12", shelve_s_max=0)
DELAYED = definition("delayed", on_delay_ms=1000, off_delay_ms=2000)
QUIET = definition("quiet", suppressed_while=(Suppression.GARAGE_STOPPED,))
NEVER_SHELVED = definition("never-shelved", shelve_s_max=0)
DEFINITIONS = (PLAIN, LATCHING, SAFETY, DELAYED, QUIET, NEVER_SHELVED)


def alarm(kind: AlarmDefinition, source: str = "lift1", zone: int = 1, rank: int = 0) -> Alarm:
    """One alarm of one source."""
    return Alarm(f"{source}.{kind.code}", source, Source.LIFT, kind, frozenset({zone}), rank)


class Bench:
    """``on`` and ``off`` switch conditions, ``pass_ms`` lets time pass; ``facts`` holds all that was written."""

    def __init__(self, alarms: Iterable[Alarm] | None = None) -> None:
        known = [alarm(kind, rank=rank) for rank, kind in enumerate(DEFINITIONS)] if alarms is None else list(alarms)
        self.catalogue = Catalogue(known)
        self.facts: list[tuple[int, AlarmFact]] = []
        self.now_ms = 0
        self.wall_ms = 0
        self.holding: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.stopped: set[str] = set()
        self.restart()

    def restart(self) -> None:
        """The controller starts anew: what it knows is what was written down."""
        self.book = AlarmBook(self.catalogue)
        for at_ms, fact in self.facts:
            self.book.apply(at_ms, fact)
        self._inputs: AlarmInputs | None = None

    @property
    def unix_ms(self) -> int:
        return UNIX_0_MS + self.wall_ms + self.now_ms

    def write(self, fact: AlarmFact) -> None:
        self.book.apply(self.unix_ms, fact)
        self.facts.append((self.unix_ms, fact))

    def update(self) -> None:
        """One cycle; the inputs are a new object only when something in them has changed."""
        made = AlarmInputs(
            dict(self.holding), frozenset(self.unknown), {Suppression.GARAGE_STOPPED: frozenset(self.stopped)}
        )
        old = self._inputs
        if old is None or (old.holding, old.unknown, old.suppressions) != (
            made.holding,
            made.unknown,
            made.suppressions,
        ):
            self._inputs = made
        self.book.update(self._inputs or made, self.now_ms, self.unix_ms, self.write)

    def on(self, name: str, detail: str = "") -> None:
        self.holding[name] = detail
        self.update()

    def off(self, name: str) -> None:
        self.holding.pop(name, None)
        self.update()

    def pass_ms(self, ms: int, step_ms: int = 20) -> None:
        """Let time pass in cycles, the last of them at the very end."""
        end_ms = self.now_ms + ms
        while self.now_ms < end_ms:
            self.now_ms = min(end_ms, self.now_ms + step_ms)
            self.update()

    def act(self, act: AlarmAct) -> Refusal | None:
        """What a person asks for; None when it was done."""
        decision = decide(self.book, act, self.unix_ms)
        if isinstance(decision, Refusal):
            return decision
        for fact in decision:
            self.write(fact)
        self.update()
        return None

    def __getitem__(self, name: str) -> AlarmRecord:
        return self.book.record(name)

    def standing(self, name: str) -> Standing:
        return self.book.record(name).standing

    @property
    def window(self) -> AlarmWindow:
        return AlarmWindow(self.book)

    def shown(self) -> list[str]:
        """Ids in the order of the list."""
        return [view.id for view in self.window.alarms(self.now_ms)]

    def kinds(self) -> list[str]:
        """The names of all facts, in order."""
        return [type(fact).__name__ for _, fact in self.facts]
