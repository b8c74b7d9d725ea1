"""``docs/alarms.md``: the alarm list and the table of states, written from the definitions.

Owns the page's form. Must never describe an alarm by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from controller.alarms.definition import AlarmDefinition, Priority
from controller.alarms.definitions import DEFINITIONS
from controller.alarms.first_out import GROUP_MS_MAX, JOIN_WITHIN_MS
from controller.alarms.rates import FLOOD_ABOVE, FLOOD_BELOW
from controller.alarms.record import CHATTER_CHANGES_MAX
from controller.alarms.standing import LATCHING, PLAIN, Standing, Table, Trigger

_INTRODUCTION = """\
# Alarms

Generated from the definitions by `make docs`; `make docs-check` compares. The alarms of one garage, by their ids:
`garagectl alarms definitions`, or `GET /api/v1/alarms/definitions`.

An alarm is what a person must respond to. An interlock that does not hold, or a reading that is unknown, is not an
alarm by itself: it is a reason, and stands where it stops something. After ISA-18.2 and IEC 62682 (management of alarm
systems); the states are those of OPC UA Part 9 (alarms and conditions). The texts of these standards were not at
hand, so no clause is cited and no conformity is claimed.

- **Ids** are `SOURCE.CODE`, as `lift1.drive-fault`. No definition names a device: each is instantiated for every lift,
  shuttle, cabin, zone and link of the garage.
- **Delays.** A condition must hold for the on-delay before the alarm is raised, and be gone for the off-delay before
  it clears. One that comes and goes more than {chatter} times within a minute is raised all the same.
- **Unknown** neither raises nor clears: an alarm is not over because its sensor's PLC went silent (H10).
- **First-out.** Alarms of things that stand still and that come within {join} s of each other in one zone (no group is
  longer than {group} s) form a group. Its first, by the moment in which its condition began, is marked; the
  others name it.
- **Chattering**: more than {chatter} changes within a minute. It is held active until it has been calm for a minute.
- **Stale**: active for more than 24 hours.
- **Flood**: from more than {above} new alarms within 10 minutes until fewer than {below}.
- **Acknowledging** says that somebody takes care. It resets nothing, at no device and at no trip.
- **Shelving** needs a named person, a reason and a time within the alarm's limit; it ends by itself, whatever is done
  to the clock, and one-shot shelving ends when the alarm clears. **Out of service** needs a named person and a reason
  and ends when somebody returns the alarm. Both survive a restart, and so do acknowledgements and latches: they are
  events in the journal.
- **Suppressed by design**: not raised while something else asks for the same response; the column says what.
- **Safety alarms** can be neither shelved, nor suppressed, nor taken out of service, by anyone. Alarms about silence
  can be neither shelved nor taken out of service.
- **Trips** raise the safety alarm of their own id, which clears when a person has reset the trip. A device that goes
  silent sets every trip that reads it; people are told of the silence, and of a trip when the device answers again and
  its cause is there indeed.
"""

_ASIDE = """\
Beside these states, and without changing them: *shelved* (timed or one-shot), *out of service*, *suppressed by design*.
An alarm asks for somebody (is *annunciated*) when it is not normal and none of these holds. In OPC UA Part 9's words:

- ActiveState is true in {active}.
- AckedState is false in {unacked}.
- ConfirmedState is true in {normal} only, where nothing is left to be confirmed.
- LatchedState is true for a latching alarm in every state but {normal}; confirming is what resets the latch.
- Retain is true in every state but {normal}.
"""


def markdown() -> str:
    """The whole page."""
    introduction = _INTRODUCTION.format(
        chatter=CHATTER_CHANGES_MAX,
        join=JOIN_WITHIN_MS // 1000,
        group=GROUP_MS_MAX // 1000,
        above=FLOOD_ABOVE,
        below=FLOOD_BELOW,
    )
    parts = [introduction, "## States\n", *_tables(), _aside(), "## The list\n", _shares(), _list(), "## Each alarm\n"]
    parts += [_one(definition) for definition in DEFINITIONS]
    return "\n".join(parts).rstrip() + "\n"


def _tables() -> Iterator[str]:
    yield "An alarm that does not latch:\n\n" + _table(PLAIN)
    yield "An alarm that latches:\n\n" + _table(LATCHING)


def _table(table: Table) -> str:
    states = [state for state in Standing if any(state in (at, to) for (at, _), to in table.items())]
    lines = [
        "| state | " + " | ".join(trigger.value for trigger in Trigger) + " |",
        "| --- |" + " --- |" * len(Trigger),
    ]
    for state in states:
        cells = [table.get((state, trigger)) for trigger in Trigger]
        lines.append(f"| {state.value} | " + " | ".join("" if c is None else c.value for c in cells) + " |")
    return "\n".join([*lines, ""])


def _aside() -> str:
    active = " and ".join(f"*{state.value}*" for state in Standing if state.is_active)
    unacked = ", ".join(f"*{state.value}*" for state in Standing if not state.is_acknowledged)
    return _ASIDE.format(active=active, unacked=unacked, normal=f"*{Standing.NORMAL.value}*")


def _shares() -> str:
    counts = Counter(definition.priority for definition in DEFINITIONS)
    total = sum(counts.values())
    shares = ", ".join(f"{counts[p]} {p.value} ({counts[p] * 100 / total:.0f} %)" for p in Priority)
    return f"{total} definitions: {shares}. {sum(d.is_safety for d in DEFINITIONS)} are safety alarms.\n"


def _list() -> str:
    lines = ["| code | sources | priority | respond within | hazard | safety | latches |", "| --- |" + " --- |" * 6]
    for definition in sorted(DEFINITIONS, key=lambda d: (d.priority.order, d.respond_within_min)):
        sources = ", ".join(source.value for source in definition.sources)
        flags = f"{_yes(definition.is_safety)} | {_yes(definition.latching)}"
        within = _time(definition.respond_within_min * 60_000)
        lines.append(
            f"| [`{definition.code}`](#{definition.code}) | {sources} | {definition.priority.value} | {within} "
            f"| {definition.hazard} | {flags} |"
        )
    return "\n".join([*lines, ""])


def _one(definition: AlarmDefinition) -> str:
    shelving = f"at most {_time(definition.shelve_s_max * 1000)}" if definition.shelve_s_max else "never"
    delays = f"on-delay {_time(definition.on_delay_ms)}, off-delay {_time(definition.off_delay_ms)}"
    suppressed = "; ".join(reason.value for reason in definition.suppressed_while) or "never"
    return "\n".join(
        [
            f"### {definition.code}",
            "",
            _named(definition.title) + ".",
            "",
            f"- Cause: {_named(definition.cause)}",
            f"- Consequence: {_named(definition.consequence)}",
            f"- Action: {_named(definition.action)}",
            f"- Priority {definition.priority.value}; {delays}. Shelved: {shelving}. Suppressed while: {suppressed}.",
            "",
        ]
    )


def _named(text: str) -> str:
    return text.format(source="*SOURCE*")


def _yes(value: bool) -> str:  # noqa: FBT001 - a cell of a table
    return "yes" if value else ""


def _time(ms: int) -> str:
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)):
        if ms >= size and ms % size == 0:
            return f"{ms // size} {unit}"
    return f"{ms} ms"
