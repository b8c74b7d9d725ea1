"""What feeds the machine, and what it can carry: which orders may begin, and whose drives may move.

Owns the plan for the generator (H19): retrievals only, as many drives at once as the configuration says, one car
brought to its end before the next one moves. Safety counts the drives once more for itself and does not rely on this
plan (``safety/interlocks/power.py``). Must never stop what moves, and never stand in the way of a door to people.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from controller.core.neighbours import blockers
from controller.core.order import Order, OrderState
from controller.core.situation import Situation
from controller.core.waiting import INNER_DOOR
from controller.garage import PositionKind
from plc_drivers.contract import CommandCode
from safety.interlocks.power import DRIVES
from safety.refusal import Refusal


class Feed(Enum):
    """What the safety PLC says of the supply. A reading that is missing is never taken for a supply."""

    MAINS = "mains"
    GENERATOR = "generator"
    NONE = "none"
    UNSEEN = "unseen"


ON_GENERATOR = "ON_GENERATOR"
"""Code of the reason for which an order does not begin while the generator feeds the machine."""

GENERATOR_BUSY = "GENERATOR_BUSY"
"""Code of the reason for which an order waits for its turn on the generator."""

MAINS_LOST = "MAINS_LOST"
SUPPLY_SETTLING = "SUPPLY_SETTLING"

_OWN = frozenset({ON_GENERATOR, GENERATOR_BUSY, MAINS_LOST, SUPPLY_SETTLING})
_SHORT = frozenset({INNER_DOOR, "RETRY_LATER", "STOPPING", *_OWN})
"""Reasons that pass by themselves. Whoever waits for anything else waits for a person, and gives the turn away."""


class SupplyMemory(msgspec.Struct, frozen=True):
    """What fed the machine last, None before it was seen, and when that has proven lasting (monotonic)."""

    feed: Feed | None
    settled_at_ms: int


class SupplyWatch:
    """Since when the supply has been what it is. A run of the controller begins with one that is settled."""

    def __init__(self) -> None:
        self._feed: Feed | None = None
        self._settled_at_ms = 0

    def memory(self) -> SupplyMemory:
        """What it remembers, for a recording that goes on from here."""
        return SupplyMemory(self._feed, self._settled_at_ms)

    def recall(self, memory: SupplyMemory) -> None:
        """Go on from what ``memory`` gave."""
        self._feed, self._settled_at_ms = memory.feed, memory.settled_at_ms

    def look(self, situation: Situation) -> None:
        """Note a change of the supply, and how long the situation has to wait for it to prove lasting."""
        feed, now_ms = feed_of(situation), situation.now.mono_ms
        if feed is not Feed.UNSEEN and feed is not self._feed:
            if self._feed is not None:
                self._settled_at_ms = now_ms + 1000 * situation.config.power.settle_s
            self._feed = feed
        situation.settling_ms = max(0, self._settled_at_ms - now_ms)

    def due_ms(self, now_ms: int) -> int | None:
        """When the supply will have settled; None when it has."""
        return self._settled_at_ms if self._settled_at_ms > now_ms else None


def feed_of(situation: Situation) -> Feed:
    """What feeds the machine now. A generator that is not known to be off counts, beside the mains as well."""
    plc = situation.config.safety.id
    mains, generator_off = situation.value(plc, "mains_ok"), situation.value(plc, "generator_off")
    if mains is None and generator_off is None:
        return Feed.UNSEEN
    if mains is True and generator_off is True:
        return Feed.MAINS
    if generator_off is False:
        return Feed.GENERATOR
    return Feed.UNSEEN if mains is None or generator_off is None else Feed.NONE


def told(situation: Situation) -> list[Refusal]:
    """What everybody should know of the supply now: for status and for whoever asks about the garage."""
    match feed_of(situation):
        case Feed.NONE:
            return [_nothing_feeds()]
        case Feed.GENERATOR:
            limit = situation.config.power.generator_movers_max
            return [
                Refusal(
                    ON_GENERATOR,
                    f"The generator feeds the machine: retrievals only, at most {_drives(limit)} at once.",
                    "Retrieve what is urgent, take in nothing; look at fuel and mains.",
                )
            ]
        case _:
            return []


def keeps_from_beginning(situation: Situation, order: Order) -> Refusal | None:
    """Why the supply lets a waiting order not begin, None when it does."""
    feed = feed_of(situation)
    if feed is Feed.NONE:
        return _nothing_feeds()
    if feed in (Feed.MAINS, Feed.UNSEEN):
        return _settling(situation) if situation.settling_ms else None
    if order.kind == "store":
        return Refusal(
            ON_GENERATOR,
            "The generator feeds the machine: nothing is taken in.",
            "Wait for the mains; retrievals are served meanwhile.",
        )
    if order.kind == "relocate" and not _clears_the_way(situation, order):
        return Refusal(
            ON_GENERATOR,
            f"The generator feeds the machine: {order.vehicle} stands in nobody's way and stays where it is.",
            "Wait for the mains; retrievals are served meanwhile.",
        )
    if situation.settling_ms:
        return _settling(situation)
    working = _working(situation)
    return _behind(situation, working) if len(working) >= situation.config.power.generator_movers_max else None


def keeps_from_moving(situation: Situation, device: str, code: CommandCode, order: str | None) -> Refusal | None:
    """Why the supply lets no drive of the device begin now; None for doors, and where it carries one more.

    BUSY, which is no news, when it is the order's own motion that has to end first.
    """
    if not is_driven(situation, device, code):
        return None
    if situation.settling_ms:
        return _settling(situation)
    if feed_of(situation) is not Feed.GENERATOR:
        return None
    limit = situation.config.power.generator_movers_max
    if order is not None:
        ahead = _ahead(situation, order)
        if len(ahead) >= limit:
            return _behind(situation, ahead)
    moving = [name for name in _movers(situation) if name != device and _moves(situation, name)]
    if len(moving) < limit:
        return None
    own = set() if order is None else situation.state.orders[order].claims
    if own.issuperset(moving):
        return Refusal("BUSY", f"The generator carries {_drives(limit)} at once.", "Wait.")
    return Refusal(
        GENERATOR_BUSY,
        f"The generator carries {_drives(limit)} at once, and {', '.join(moving)} {_are(moving)} in motion.",
        "Wait for that motion to end.",
    )


def is_driven(situation: Situation, device: str, code: CommandCode) -> bool:
    """True when the command drives a load, as the generator counts."""
    spec = situation.image[device].definition.spec(code)
    return spec is not None and not DRIVES.isdisjoint(spec.permits)


def _working(situation: Situation) -> list[Order]:
    """Orders that move cars or are about to, in the order of acceptance; each of them can go on alone.

    An order that waits for a person is none of them: it must not keep the others from their cars.
    """
    return [order for order in situation.state.open_orders() if _works(situation, order)]


def _ahead(situation: Situation, order: str) -> list[Order]:
    """The orders at work that move before ``order``: a car between two positions first, then the older one."""
    numbers = {one.id: number for number, one in enumerate(situation.state.open_orders())}

    def rank(one: Order) -> tuple[int, int]:
        started = 0 if _is_between(situation, one) else 1 if _is_moving(situation, one) else 2
        return started, numbers[one.id]

    own = rank(situation.state.orders[order])
    return sorted((one for one in _working(situation) if one.id != order and rank(one) < own), key=rank)


def _works(situation: Situation, order: Order) -> bool:
    if order.state is OrderState.WAITING:
        return False
    if _is_moving(situation, order):
        return True
    waits = order.waiting
    if waits is not None and waits.code not in _SHORT and not waits.code.endswith(".start-generator-share"):
        return False
    return order.legs_done < len(order.legs)


def _is_moving(situation: Situation, order: Order) -> bool:
    return any(name in order.claims and _moves(situation, name) for name in _movers(situation))


def _is_between(situation: Situation, order: Order) -> bool:
    """The car is on a mover, or half on its way from or to one: it is finished before anything else moves (H07)."""
    where = situation.state.vehicles[order.vehicle].position
    if where is not None and situation.layout.positions[where].kind in (PositionKind.DECK, PositionKind.PLATFORM):
        return True
    leg = order.current_leg
    return leg is not None and situation.forks_home(leg.shuttle) is False


def _movers(situation: Situation) -> list[str]:
    """Every device with a drive that the generator feels."""
    turntables = [cabin.id for cabin in situation.layout.cabins.values() if cabin.turntable]
    return [*situation.layout.lifts, *situation.layout.shuttles, *turntables]


def _moves(situation: Situation, device: str) -> bool:
    """A drive of the device was given a command that has not ended, or has not come to rest."""
    pending = situation.state.mailbox(device).pending
    if pending is not None and is_driven(situation, device, pending.code):
        return True
    return device not in situation.layout.cabins and situation.value(device, "standstill") is False


def _clears_the_way(situation: Situation, order: Order) -> bool:
    """The car stands on a mover or in a cabin, or in front of one that somebody asks for."""
    where = situation.state.vehicles[order.vehicle].position
    if where is None:
        return False
    if situation.layout.positions[where].kind not in (PositionKind.PLACE, PositionKind.BUFFER):
        return True
    asked = [one for one in situation.state.open_orders() if one.kind == "retrieve"]
    sources = [situation.state.vehicles[one.vehicle].position for one in asked]
    return any(where in blockers(situation, source) for source in sources if source is not None)


def _nothing_feeds() -> Refusal:
    return Refusal(
        MAINS_LOST,
        "The mains are lost and no generator feeds the machine: nothing begins.",
        "Wait for the mains, or start the generator. The outer doors can still be opened to people.",
    )


def _settling(situation: Situation) -> Refusal:
    seconds = situation.config.power.settle_s
    return Refusal(
        SUPPLY_SETTLING,
        f"The supply has just changed; motion begins when it has lasted for {seconds} s.",
        "Wait. If the supply keeps coming and going, have it looked at.",
    )


def _behind(situation: Situation, ahead: list[Order]) -> Refusal:
    limit = situation.config.power.generator_movers_max
    cars = ", ".join(f"{order.vehicle} ({order.id})" for order in ahead)
    return Refusal(
        GENERATOR_BUSY,
        f"The generator carries {_drives(limit)} at once; before this order comes {cars}.",
        "Wait until that car has arrived; with the mains all go on together.",
    )


def _drives(limit: int) -> str:
    return "one drive" if limit == 1 else f"{limit} drives"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
