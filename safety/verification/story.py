"""A way into a hazard, told in the words of the garage.

Owns the sentences. Cycles in which only time passes are counted, not told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import Axis
from safety.verification.happening import Event
from safety.verification.hazard import Hazard
from safety.verification.layout import Layout, Order
from safety.verification.lie import Lie
from safety.verification.passage import Wish
from safety.verification.search import Finding, Run, Search, Step
from safety.verification.space import Space

_PERSON = {
    "presses": "Outside {who}, the customer presses the confirm button.",
    "to the doorway": "The customer steps into the doorway of {who}.",
    "in": "The customer steps into {who}.",
    "out": "The customer steps out of {who}.",
    "in by the exit": "Somebody comes into {who} through the emergency exit.",
    "out by the exit": "The customer leaves {who} through the emergency exit.",
    "drives in": "The customer drives a car into {who} and stays in it.",
    "drives out": "The customer drives the car out of {who}.",
}

_MOVES = {
    CommandCode.REFERENCE: "moves, looking for its reference",
    CommandCode.MOVE_TO_LEVEL: "moves half a level",
    CommandCode.LOCK: "moves its pins out half way",
    CommandCode.UNLOCK: "moves its pins in half way",
    CommandCode.MOVE_TO_COLUMN: "moves half a column",
    CommandCode.PICK_LEFT: "moves its forks half a length, picking on the left",
    CommandCode.PICK_RIGHT: "moves its forks half a length, picking on the right",
    CommandCode.PLACE_LEFT: "moves its forks half a length, placing on the left",
    CommandCode.PLACE_RIGHT: "moves its forks half a length, placing on the right",
    CommandCode.OPEN_OUTER_DOOR: "opens its outer door half way further",
    CommandCode.CLOSE_OUTER_DOOR: "closes its outer door half way further",
    CommandCode.OPEN_INNER_DOOR: "opens its inner door half way further",
    CommandCode.CLOSE_INNER_DOOR: "closes its inner door half way further",
    CommandCode.ROTATE: "turns its platform a quarter",
    CommandCode.JOG_FORWARD: "moves on by hand, forwards",
    CommandCode.JOG_BACK: "moves on by hand, backwards",
}


def story(search: Search, run: Run, finding: Finding, honest: Run | None = None) -> list[str]:
    """The sentences that lead from a garage at rest into the hazard; the last one names it."""
    steps, lie_begins = search.way_to(run, finding, honest)
    lie = None if finding.lie is None else (finding.lie, lie_begins)
    return told(search.space, [step for _, step in steps], lie, finding.hazard)


def told(space: Space, steps: Sequence[Step], lie: tuple[Lie, int] | None, hazard: Hazard) -> list[str]:
    """The sentences of some steps; ``lie`` says which sensor lies, and from which step on."""
    lines: list[str] = []
    waited = 0
    for number, step in enumerate(steps):
        if lie is not None and number == lie[1]:
            lines.append(f"From now on {lie[0].device}.{lie[0].tag} {lie[0].words}.")
        sentences = list(_sentences(space, step))
        if not sentences:
            waited += 1
            continue
        if waited:
            lines.append("A moment passes." if waited == 1 else f"{waited} moments pass.")
            waited = 0
        lines += sentences
    lines.append(f"{hazard.id}: {hazard.what}.")
    return lines


def _sentences(space: Space, step: Step) -> Iterable[str]:
    event = space.events[step.event]
    if event.what != "passes":
        yield _happening(space, event)
    for wish in step.wishes:
        yield _wished(space.layout, wish)
    if step.late >= 0:
        yield f"The PLC of {space.layout.devices[step.late].id} misses what is written to it in this cycle."


def _happening(space: Space, event: Event) -> str:
    if event.what == "moves":
        return f"{event.who} {_MOVES[CommandCode[event.detail]]}."
    if event.what in ("begins", "ends"):
        trouble = next(one for one in space.troubles if one.id == event.who)
        return f"{trouble.begins if event.what == 'begins' else trouble.ends}."
    return _PERSON[event.what].format(who=event.who)


def _wished(layout: Layout, wish: Wish) -> str:
    what, number, order = wish
    device = layout.devices[number]
    match what:
        case "orders":
            return f"{device.id} is told to {_words(device.orders[order - 1])}; safety lets it through."
        case "withdraws":
            return f"The permit of {device.id} is taken back."
        case "green":
            return f"The light of {device.id} is switched to green; safety lets it through."
        case _:
            return f"The light of {device.id} is switched to red."


def _words(order: Order) -> str:
    match order.code:
        case CommandCode.MOVE_TO_LEVEL:
            return f"go to level {order.arg1}"
        case CommandCode.MOVE_TO_COLUMN:
            return f"go to column {order.arg1}"
        case CommandCode.ROTATE:
            return "turn its platform by half a turn"
        case CommandCode.PICK_LEFT | CommandCode.PICK_RIGHT | CommandCode.PLACE_LEFT | CommandCode.PLACE_RIGHT:
            verb, side = order.code.name.lower().split("_")
            behind = "" if order.arg1 == 1 else ", in the second row"
            return f"{verb} on the {side}{behind}"
        case CommandCode.REFERENCE:
            return "find its reference"
        case CommandCode.JOG_FORWARD | CommandCode.JOG_BACK:
            way = "forwards" if order.code is CommandCode.JOG_FORWARD else "backwards"
            return f"jog its {Axis(order.arg1).name.lower()} {way}"
        case _:
            return order.code.name.lower().replace("_", " the ", 1).replace("_", " ")
