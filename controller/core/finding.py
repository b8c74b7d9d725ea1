"""What the books and the machine do not agree on, each with its evidence and the closed answers that can settle it.

Owns the comparison. Computed from one moment, so that a finding is gone when the difference is gone; it survives a
restart because the difference does. Must never move a car in the books, nor guess which of the two is right (H06).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from controller.core.cabin_reading import is_outer_shut
from controller.core.reach import at_level
from controller.core.sensing import sensed
from controller.core.situation import Situation
from controller.core.transfer_proof import is_transfer_proven
from controller.garage import Position, PositionKind
from plc_drivers.contract.codes import Mode, State
from safety.refusal import Refusal

Kind = Literal[
    "occupied-though-free",
    "empty-though-occupied",
    "detectors-disagree",
    "half-transfer",
    "car-on-mover",
    "unconfirmed",
    "interrupted",
    "reference-lost",
    "not-in-automatic",
    "unreachable",
]

CANDIDATES_MAX = 6
"""Cars, or positions, that a question offers. Who has to choose between more looks at the number plate first."""

OPEN = "FINDING_OPEN"
"""Code of the refusal with which a unit is out of use until its finding is settled."""


@dataclass(frozen=True, slots=True)
class ConfirmAt:
    """The books are set right: ``vehicle`` stands at ``position``, or nothing; ``gone``: it left there."""

    position: str
    vehicle: str | None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Clear:
    """The unit is cleared; it moves after a start, not before."""

    device: str


@dataclass(frozen=True, slots=True)
class Refer:
    """Nothing is changed: somebody has to repair, or to find out. The finding stays."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of a question's closed answers."""

    id: str
    text: str
    effect: ConfirmAt | Clear | Refer


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. ``units`` are the devices that it touches, ``positions`` those whose books may be set right.

    ``evidence`` are readings and books as they are now; ``moves`` say in words what can settle it without an answer.
    ``blocks`` says that nothing but what settles it is commanded to its units.
    """

    kind: Kind
    subject: str
    text: str
    evidence: tuple[str, ...]
    moves: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    positions: tuple[str, ...] = ()
    question: str = ""
    answers: tuple[Answer, ...] = ()
    blocks: bool = False

    @property
    def id(self) -> str:
        """Its name: the same difference has the same one after a restart."""
        return f"{self.kind}.{self.subject}"


@dataclass(slots=True)
class Comparison:
    """Books and sensors of one moment, position by position; each position is looked at once."""

    situation: Situation
    _seen: dict[str, bool | None] = field(default_factory=dict)

    def seen(self, position: str) -> bool | None:
        """What the sensors say of it: True for a car, None where nothing looks or the detectors disagree."""
        if position not in self._seen:
            self._seen[position] = sensed(self.situation, position)
        return self._seen[position]

    def booked(self, position: str) -> str | None:
        """The car that the books have there."""
        return self.situation.state.occupant.get(position)

    def differs(self, position: Position) -> bool:
        """True when the sensors see the opposite of the books, and nothing under way explains it."""
        seen = self.seen(position.id)
        if seen is None or seen is (self.booked(position.id) is not None):
            return False
        return self.rests(position)

    def rests(self, position: Position) -> bool:
        """True when no command, no handover and no transfer that only has to be noted concerns the position."""
        situation = self.situation
        if position.kind is PositionKind.CABIN:
            return situation.state.cabin(position.owner).order is None and is_outer_shut(situation, position.owner)
        shuttles = {*situation.layout.reached_by(position.id)}
        if position.kind is PositionKind.DECK:
            shuttles = {position.owner}
        elif position.kind is PositionKind.PLATFORM and not self._is_still(position.owner):
            return False
        return all(self._has_settled(shuttle) for shuttle in shuttles if self._concerns(shuttle, position))

    def _concerns(self, shuttle: str, position: Position) -> bool:
        """True when the shuttle may be at work at the position: it stands before it, or the position is its own."""
        if position.owner == shuttle:
            return True
        stop = self.situation.layout.stop(shuttle, position.id)
        if stop is None:
            return False
        return at_level(self.situation, shuttle, stop.level) or position.kind is PositionKind.PLATFORM

    def _has_settled(self, shuttle: str) -> bool:
        if not self._is_still(shuttle) or self.situation.forks_home(shuttle) is not True:
            return False
        return not any(
            is_transfer_proven(self.situation, order, leg)
            for order in self.situation.state.open_orders()
            if (leg := order.current_leg) is not None and leg.shuttle == shuttle
        )

    def _is_still(self, device: str) -> bool:
        return (
            self.situation.is_good(device)
            and self.situation.state.mailbox(device).pending is None
            and self.situation.value(device, "standstill") is True
        )


def findings(situation: Situation) -> tuple[Finding, ...]:
    """Everything that is open now: what concerns cars first."""
    comparison = Comparison(situation)
    found: list[Finding] = []
    for position in situation.layout.positions.values():
        found += _of_position(comparison, position)
    for device, image in situation.image.devices.items():
        if image.definition.is_commanded:
            found += (one for look in _LOOKS if (one := look(situation, device)) is not None)
        elif not situation.is_good(device) and (lost := _unreachable(situation, device)) is not None:
            found.append(lost)
    return tuple(sorted(found, key=lambda one: not one.blocks))


def open_on(situation: Situation, device: str) -> Refusal | None:
    """Why a unit may do nothing but what settles its finding, None when none of its own blocks it."""
    comparison = Comparison(situation)
    for position in situation.layout.owned_by(device):
        for one in _of_position(comparison, position):
            if one.blocks:
                remedy = f"Look there, then answer: `garagectl recover` ({one.id})."
                return Refusal(OPEN, one.text, remedy)
    return None


def _of_position(comparison: Comparison, position: Position) -> Iterator[Finding]:
    situation = comparison.situation
    if position.id in situation.state.precautions.unconfirmed:
        yield _unconfirmed(comparison, position)
    elif comparison.differs(position):
        yield (_surplus if comparison.seen(position.id) else _missing)(comparison, position)
    elif _contradicts(comparison, position):
        yield _contradiction(comparison, position)
    elif position.kind in (PositionKind.DECK, PositionKind.PLATFORM) and _is_stranded(comparison, position):
        yield _stranded(comparison, position)


# --- cars ---------------------------------------------------------------------------------------------------


def _surplus(comparison: Comparison, position: Position) -> Finding:
    cars = _could_be_here(comparison, position)
    answers = [Answer(car, f"It is {car}.", ConfirmAt(position.id, car)) for car in cars]
    answers.append(Answer("no-car", "There is no car: the detectors are wrong.", Refer()))
    answers.append(Answer("another", "It is another car, or I cannot tell.", Refer()))
    return Finding(
        "occupied-though-free",
        position.id,
        f"The detectors see a car at {position.id}; the books have none there.",
        (*_evidence(comparison, position), *(_told_of(comparison, car) for car in cars)),
        units=_units(position),
        positions=(position.id, *_homes(comparison, cars)),
        question=f"Look at {position.id}. Which car stands there?",
        answers=tuple(answers),
        blocks=bool(position.owner),
    )


def _missing(comparison: Comparison, position: Position) -> Finding:
    car = comparison.booked(position.id) or ""
    elsewhere = _could_be_there(comparison, position)
    answers = [Answer(f"at-{place}", f"It stands at {place}.", ConfirmAt(place, car)) for place in elsewhere]
    left = ConfirmAt(position.id, None, gone=True)
    by_hand = "It was taken out of the garage by hand."
    through = "It has left the garage through this cabin."
    answers.append(Answer("gone", through if position.kind is PositionKind.CABIN else by_hand, left))
    answers.append(Answer("here", "It stands here: the detectors are wrong.", Refer()))
    answers.append(Answer("not-found", "I have not found it.", Refer()))
    return Finding(
        "empty-though-occupied",
        position.id,
        f"The books have {car} at {position.id}; the detectors see nothing there.",
        _evidence(comparison, position),
        units=_units(position),
        positions=(position.id, *elsewhere),
        question=f"Find {car}: look at {position.id} and wherever its unit reaches. Where does it stand?",
        answers=tuple(answers),
        blocks=bool(position.owner),
    )


def _unconfirmed(comparison: Comparison, position: Position) -> Finding:
    car = comparison.booked(position.id)
    seen = comparison.seen(position.id)
    cars = [] if seen is False else [*([car] if car else []), *_could_be_here(comparison, position)]
    answers = [Answer(one, f"{one} stands there.", ConfirmAt(position.id, one)) for one in dict.fromkeys(cars)]
    precautions = comparison.situation.state.precautions
    is_doubted = position.id in precautions.doubted
    if seen is not True and is_doubted and car:
        left = ConfirmAt(position.id, None, gone=True)
        answers.append(Answer("gone", f"Nothing stands there; {car} has left the garage.", left))
    elif seen is not True:
        answers.append(Answer("empty", "Nothing stands there.", ConfirmAt(position.id, None)))
    answers.append(Answer("cannot-tell", "I cannot tell, or something else stands there.", Refer()))
    unit = precautions.unconfirmed[position.id]
    since = "events of the journal were lost" if is_doubted else f"{unit} was in somebody's hands"
    return Finding(
        "unconfirmed",
        position.id,
        f"Nobody has said what stands at {position.id} since {since}.",
        _evidence(comparison, position),
        units=(unit,) if unit else (),
        positions=(position.id, *_homes(comparison, cars)),
        question=f"Look at {position.id}. What stands there?",
        answers=tuple(answers),
        blocks=bool(position.owner),
    )


def _contradicts(comparison: Comparison, position: Position) -> bool:
    """Two detectors of a deck, platform or cabin that disagree while their unit stands and answers."""
    if not position.owner or comparison.seen(position.id) is not None or not comparison.rests(position):
        return False
    return all(comparison.situation.value(position.owner, tag) is not None for tag in _detectors(position))


def _contradiction(comparison: Comparison, position: Position) -> Finding:
    return Finding(
        "detectors-disagree",
        position.id,
        f"The two detectors of {position.id} contradict each other.",
        _evidence(comparison, position),
        moves=(
            "Look whether a car stands half there; bring it into its marks by hand, with the key in manual.",
            "Else find the defective detector. The finding ends when both say the same.",
        ),
        units=_units(position),
        blocks=True,
    )


def _is_stranded(comparison: Comparison, position: Position) -> bool:
    """A car stands on a mover, by books and sensors, and no order brings it any further."""
    car = comparison.booked(position.id)
    if car is None or comparison.seen(position.id) is not True:
        return False
    return comparison.situation.state.order_of_vehicle(car) is None


def _stranded(comparison: Comparison, position: Position) -> Finding:
    car = comparison.booked(position.id)
    return Finding(
        "car-on-mover",
        position.id,
        f"{car} stands on {position.owner}, and no order brings it to a place.",
        _evidence(comparison, position),
        moves=(f"Bring it to a place: `garagectl relocate {car}`.",),
        units=_units(position),
    )


# --- units --------------------------------------------------------------------------------------------------


def _half_transfer(situation: Situation, device: str) -> Finding | None:
    out = situation.forks_home(device) is False if device in situation.layout.shuttles else False
    if not out or situation.state.mailbox(device).pending is not None:
        return None
    last = situation.state.mailbox(device).last
    order = None if last is None or last.order is None else situation.state.orders.get(last.order)
    may_finish = order is not None and not order.state.is_over
    told = "no transfer is known that explains it" if last is None else f"the last command was {last.code.name}"
    answers = [Answer("by-hand", "By hand: the forks come home with the key in manual.", Refer())]
    if may_finish and order is not None:
        text = f"Yes: {order.vehicle} and its way are free. Finish the transfer after a start."
        answers.insert(0, Answer("finish", text, Clear(device)))
    return Finding(
        "half-transfer",
        device,
        f"The forks of {device} are out and nothing moves them; {told}.",
        _readings(situation, device, "forks_centred", "forks_left_mm", "forks_right_mm", "load_present", "load_clear"),
        units=(device, *filter(None, (situation.layout.shuttles[device].lift,))),
        question=f"Look where the car stands and whether anything is in the way of {device}. May it be finished?",
        answers=tuple(answers),
    )


def _interrupted(situation: Situation, device: str) -> Finding | None:
    blocked = situation.state.blocks.get(device)
    if blocked is None:
        return None
    return Finding(
        "interrupted",
        device,
        blocked.text,
        _readings(situation, device, "state", "fault_code", "standstill"),
        units=(device,),
        question=f"Look at {device} and what it carries. May it move again?",
        answers=(
            Answer("clear", "Yes: clear it. It moves after a start.", Clear(device)),
            Answer("not-yet", "No, or not yet.", Refer()),
        ),
    )


def _reference_lost(situation: Situation, device: str) -> Finding | None:
    if situation.value(device, "state") != State.NOT_REFERENCED:
        return None
    return Finding(
        "reference-lost",
        device,
        f"{device} does not know its position.",
        _readings(situation, device, "state", "station", "station_sensor"),
        moves=("After clearing and a start it finds its reference by itself, in a safe order.",),
        units=(device,),
    )


def _not_in_automatic(situation: Situation, device: str) -> Finding | None:
    mode = situation.value(device, "mode")
    if mode is None or mode == Mode.AUTOMATIC:
        return None
    return Finding(
        "not-in-automatic",
        device,
        f"The key switch of {device} is not in automatic.",
        _readings(situation, device, "mode", "state"),
        moves=("Whoever turned it finishes the work, leaves the zone and turns it back.",),
        units=(device,),
    )


def _unreachable(situation: Situation, device: str) -> Finding | None:
    if situation.is_good(device):
        return None
    image = situation.image.devices[device]
    fault = "" if image.fault is None else f" {image.fault.detail}"
    return Finding(
        "unreachable",
        device,
        f"{device} gives no trustworthy readings; what stands on it is not known.{fault}",
        (f"{device}: readings {image.quality.name.lower()}",),
        moves=("Check power, network and program of its PLC; `garagectl diag link` asks it directly.",),
        units=(device,),
    )


_LOOKS: tuple[Callable[[Situation, str], Finding | None], ...] = (
    _half_transfer,
    _interrupted,
    _reference_lost,
    _not_in_automatic,
    _unreachable,
)


# --- small questions ----------------------------------------------------------------------------------------


def _units(position: Position) -> tuple[str, ...]:
    return (position.owner,) if position.owner else ()


def _detectors(position: Position) -> tuple[str, str]:
    if position.kind is PositionKind.CABIN:
        return ("vehicle_present", "vehicle_clear")
    return ("load_present", "load_clear")


def _evidence(comparison: Comparison, position: Position) -> tuple[str, ...]:
    """Books and detectors of a position, as they are now."""
    situation = comparison.situation
    books = f"books: {comparison.booked(position.id) or 'no car'} at {position.id}"
    if position.owner:
        return (books, *_readings(situation, position.owner, *_detectors(position)))
    for shuttle in situation.layout.reached_by(position.id):
        stop = situation.layout.stop(shuttle, position.id)
        if stop is None or not (at_level(situation, shuttle, stop.level) and situation.stands_at(shuttle, stop.column)):
            continue
        row = "target" if stop.depth == 1 else "rear"
        side = stop.side.value
        return (books, *_readings(situation, shuttle, "station", f"{row}_{side}_occupied", f"{row}_{side}_clear"))
    return (books,)


def _readings(situation: Situation, device: str, *tags: str) -> tuple[str, ...]:
    image = situation.image.devices.get(device)
    if image is None or any(tag not in image.definition.status_index for tag in tags):
        tags = tuple(tag for tag in tags if image is not None and tag in image.definition.status_index)
    return tuple(f"{device}.{tag} {_shown(situation.value(device, tag))}" for tag in tags)


def _shown(value: float | None) -> str:
    return "unknown" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def _could_be_here(comparison: Comparison, position: Position) -> list[str]:
    """Cars that may stand here instead of where the books have them, those not seen at their place first."""
    situation = comparison.situation
    near = [other for other in situation.layout.positions.values() if _share_a_unit(situation, position, other)]
    held = [(other.id, car) for other in near if (car := comparison.booked(other.id)) is not None]
    unseen = [(comparison.seen(place) is None, car) for place, car in held if comparison.seen(place) is not True]
    cars = [car for _, car in sorted(unseen, key=lambda one: one[0])]
    if position.kind is PositionKind.CABIN:
        ended = (order for order in reversed(situation.state.orders.values()) if order.cabin == position.owner)
        cars += [order.vehicle for order in ended if situation.state.vehicles[order.vehicle].position is None]
    return list(dict.fromkeys(cars))[:CANDIDATES_MAX]


def _could_be_there(comparison: Comparison, position: Position) -> list[str]:
    """Positions at which a car is seen that the books do not have, within reach of the same units."""
    situation = comparison.situation
    near = [other for other in situation.layout.positions.values() if _share_a_unit(situation, position, other)]
    free = [other.id for other in near if comparison.booked(other.id) is None and comparison.seen(other.id) is True]
    return free[:CANDIDATES_MAX]


def _share_a_unit(situation: Situation, one: Position, other: Position) -> bool:
    """True when one shuttle can have brought a car from the one to the other."""
    return one.id != other.id and not _movers(situation, one).isdisjoint(_movers(situation, other))


def _movers(situation: Situation, position: Position) -> set[str]:
    own = {position.owner} & situation.layout.shuttles.keys()
    return {*situation.layout.reached_by(position.id), *own}


def _homes(comparison: Comparison, cars: list[str]) -> tuple[str, ...]:
    places = (comparison.situation.state.vehicles[car].position for car in cars)
    return tuple(dict.fromkeys(place for place in places if place is not None))


def _told_of(comparison: Comparison, car: str) -> str:
    place = comparison.situation.state.vehicles[car].position
    if place is None:
        return f"books: {car} is not in the garage"
    seen = comparison.seen(place)
    word = "nothing looks there now" if seen is None else "the detectors see nothing there"
    return f"books: {car} at {place}; {word}"
