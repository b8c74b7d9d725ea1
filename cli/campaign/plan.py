"""What is going to be broken in a run, all of it worked out from the seed before the run begins.

Owns the drawing of moments, targets and figures. Each kind has its moments and each fault its figures from a stream of
its own, so that leaving some out, or a kind that is new in the mix, changes none of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from cli.campaign.mix import LIES, MIX, AnyKind, OwnFault, Rate, is_excluded
from controller.config.links import OpcUaLink
from controller.config.sections import devices
from plc_drivers.contract import TagType
from plc_drivers.contract.tag import Tag
from sim_hardware.fault import Fault, FaultKind, FaultPoint
from sim_hardware.fault_cars import OUT
from sim_hardware.garage import EmulatedGarage

BETWEEN_LIES_MS = 60_000
DAY_MS = 86_400_000
FIRST_MS = 30_000
"""The machine is looked at and started first."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault: when, which, and for how long (0: over at once). ``name`` names it in stories and masks."""

    name: str
    at_ms: int
    kind: AnyKind
    target: str
    for_ms: int
    fault: Fault | None = None
    """What is asked of the emulated machine; None for what only a campaign has."""

    def told(self) -> str:
        """The fault in one line."""
        figures = "" if self.fault is None else _figures(self.fault)
        lasting = f" for {self.for_ms / 1000:g} s" if self.for_ms else ""
        return f"{self.at_ms / 1000:.1f} s: {self.name} at {self.target}{figures}{lasting}"


def stream(seed: int, purpose: str) -> Random:
    """An independent stream of chance for one purpose of one seed."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 - a campaign must be reproducible, not unpredictable


def plan(seed: int, length_ms: int, garage: EmulatedGarage, rate: float = 1.0) -> list[Planned]:
    """Every fault of a run of ``length_ms``, in order; ``rate`` multiplies the usual mix."""
    drawn = Draw(garage)
    planned: list[Planned] = []
    for kind, usual in MIX.items():
        moments = _moments(stream(seed, f"moments:{kind}"), usual.per_day * rate, length_ms)
        for number, at_ms in enumerate(moments, 1):
            name = f"{kind}-{number}"
            dice = stream(seed, f"fault:{name}")
            one = drawn.fault(dice, name, at_ms, kind)
            if one is not None:
                planned += [one, *_before(dice, one)]
    planned.sort(key=_order)
    return _one_lie_at_a_time(planned, length_ms)


def _order(one: Planned) -> tuple[int, str]:
    return one.at_ms, one.name


def _before(dice: Random, one: Planned) -> list[Planned]:
    """A generator takes over from mains that went some seconds before."""
    if one.kind is not FaultKind.GENERATOR:
        return []
    dark_ms = round(dice.uniform(2_000, 20_000))
    lost = Fault(one.target, FaultKind.MAINS_LOST)
    at_ms = max(0, one.at_ms - dark_ms)
    name = f"{one.name}-takes-over"
    return [Planned(name, at_ms, FaultKind.MAINS_LOST, one.target, dark_ms + BETWEEN_LIES_MS, lost)]


def _moments(dice: Random, per_day: float, length_ms: int) -> Iterator[int]:
    at_ms = float(FIRST_MS)
    while per_day > 0:
        at_ms += dice.expovariate(per_day / DAY_MS)
        if at_ms >= length_ms:
            return
        yield round(at_ms)


def _one_lie_at_a_time(planned: Sequence[Planned], length_ms: int) -> list[Planned]:
    """Lies that would overlap are put off until the one before has been over for a while, or left out."""
    kept: list[Planned] = []
    free_ms = 0
    for one in planned:
        if one.kind not in LIES:
            kept.append(one)
            continue
        at_ms = max(one.at_ms, free_ms)
        if at_ms < length_ms:
            kept.append(replace(one, at_ms=at_ms))
            free_ms = at_ms + one.for_ms + BETWEEN_LIES_MS
    return sorted(kept, key=_order)


class Draw:
    """Draws one fault of a kind: where it sits and its figures."""

    def __init__(self, garage: EmulatedGarage) -> None:
        self._garage = garage
        self._tags = list(_tags(garage))
        self._sensors = list(_sensors(garage))
        self._commanded = [name for name, plc in garage.devices.items() if plc.definition.is_commanded]
        self._links = tuple(link.id for link in garage.config.links)
        self._positions = tuple(garage.layout.positions)
        self._cabins = tuple(garage.layout.cabins)

    def fault(self, dice: Random, name: str, at_ms: int, kind: AnyKind) -> Planned | None:
        """One fault; None where this garage has no place for that kind."""
        for_ms = _length_ms(dice, MIX[kind])
        if isinstance(kind, OwnFault):
            target = dice.choice(list(self._garage.devices)) if kind is OwnFault.LINK_CUT else "controller"
            return Planned(name, at_ms, kind, target, for_ms)
        fault = self._made(dice, kind)
        return None if fault is None else Planned(name, at_ms, kind, fault.target, for_ms, fault)

    def _made(self, dice: Random, kind: FaultKind) -> Fault | None:
        if kind in LIES and kind is not FaultKind.INPUTS_FROZEN:
            return self.lie(dice, kind)
        match kind:
            case FaultKind.BAD:
                return self._bad(dice)
            case FaultKind.FROZEN | FaultKind.INPUTS_FROZEN | FaultKind.RESTART | FaultKind.NEW_PROGRAM:
                return Fault(dice.choice(list(self._garage.devices)), kind)
            case FaultKind.SEQUENCE_RESET | FaultKind.REFUSES | FaultKind.NEVER_ENDS | FaultKind.NEVER_REPORTS:
                return Fault(dice.choice(self._commanded), kind)
        return self._of_car(dice, kind) or self._of_machine(dice, kind) or self._of_link(dice, kind)

    def _bad(self, dice: Random) -> Fault | None:
        """A tag that is read over OPC UA; None in a garage without it."""
        over_opcua = {link.id for link in self._garage.config.links if isinstance(link, OpcUaLink)}
        qualified = {section.id for _, section in devices(self._garage.config) if section.link in over_opcua}
        tags = [f"{device}.{name}" for device, name, _ in self._tags if device in qualified]
        return Fault(dice.choice(tags), FaultKind.BAD, point=FaultPoint.TAG) if tags else None

    def _of_machine(self, dice: Random, kind: FaultKind) -> Fault | None:
        targets = self._garage.faults.machine.targets(kind)
        if not targets:
            return None
        values: Mapping[FaultKind, int] = {
            FaultKind.BRAKE_WORN: dice.randint(40, 95),
            FaultKind.ENCODER_LOST: dice.randint(-80, 80),
            FaultKind.KEY: dice.choice((2, 3)),
        }
        return Fault(dice.choice(targets), kind, values.get(kind))

    def _of_car(self, dice: Random, kind: FaultKind) -> Fault | None:
        """What cars and those who bring them do wrong; which of them is chosen when the moment has come."""
        match kind:
            case FaultKind.CAR_ROLLS:
                by_mm = dice.choice((-1, 1)) * dice.randint(70, 400)
                return Fault(dice.choice(self._positions), kind, by_mm)
            case FaultKind.CAR_MOVED:
                return Fault(dice.choice(self._positions), kind, peer=OUT)
            case FaultKind.BOOT_OPEN:
                return Fault(dice.choice(self._cabins), kind, dice.randint(100, 700))
            case FaultKind.OTHER_CAR:
                return Fault(dice.choice(self._cabins), kind, dice.randint(200, 700))
        return None

    def _of_link(self, dice: Random, kind: FaultKind) -> Fault | None:
        values: Mapping[FaultKind, int] = {
            FaultKind.LOSSY: dice.randint(1, 6),
            FaultKind.TRUNCATED: dice.randint(0, 20),
            FaultKind.OVERSIZED: dice.randint(1, 40),
            FaultKind.FOREIGN: dice.randint(0, 12),
        }
        period_ms = dice.randint(20, 400) if kind is FaultKind.LATE else None
        return Fault(dice.choice(self._links), kind, values.get(kind), period_ms)

    def lie(self, dice: Random, kind: FaultKind, of: frozenset[str] | None = None) -> Fault | None:
        """At a sensor or in the status, as the dice fall; of what a lie of this kind can be told about.

        ``of`` are the devices whose signals are chosen from, None for all.
        """
        at_sensor = dice.random() < 0.5
        if at_sensor:
            places: list[tuple[str, type[int], Tag | None]] = [
                (path, form, None)
                for path, form in self._sensors
                if _fits(kind, form) and (of is None or path.partition(".")[0] in of)
            ]
        else:
            places = [
                (f"{device}.{tag.name}", _form(tag), tag)
                for device, _, tag in self._tags
                if _fits(kind, _form(tag)) and (of is None or device in of)
            ]
        if not places:
            return None
        target, form, tag = dice.choice(places)
        value = _value(dice, kind, form, tag)
        period_ms = dice.choice((200, 400, 1000, 3000)) if kind in {FaultKind.FLICKER, FaultKind.SLOW} else None
        point = FaultPoint.SENSOR if at_sensor else FaultPoint.TAG
        return Fault(target, kind, value, period_ms, point)


def _fits(kind: FaultKind, form: type[int]) -> bool:
    if kind is FaultKind.INVERTED:
        return form is bool
    return form is int if kind in {FaultKind.OFFSET, FaultKind.DRIFT} else True


def _value(dice: Random, kind: FaultKind, form: type[int], tag: Tag | None) -> int | None:
    match kind:
        case FaultKind.STUCK:
            return dice.choice((None, 0, 1)) if form is bool else None
        case FaultKind.OFFSET:
            return dice.choice((-1, 1)) * dice.randint(1, 400)
        case FaultKind.DRIFT:
            return dice.choice((-1, 1)) * dice.randint(1, 200)
        case FaultKind.FLICKER if form is int:
            low, high = (0, 1) if tag is None else tag.bounds
            return int(min(high, max(low, dice.randint(0, 100))))
        case FaultKind.FLICKER if form is not bool:
            return int(dice.choice(list(form)))  # type: ignore[call-overload]  # it is an enumeration
    return None


def _length_ms(dice: Random, rate: Rate) -> int:
    shortest, longest = rate.lasts_s
    return round(dice.uniform(shortest, longest) * 1000)


def _form(tag: Tag) -> type[int]:
    if tag.wire is TagType.BOOL:
        return bool
    return int if tag.enum is None else tag.enum


def _tags(garage: EmulatedGarage) -> Iterator[tuple[str, str, Tag]]:
    """Status tags about which lies are told: inputs, not the identity, the heartbeat or the answers."""
    for device, plc in garage.devices.items():
        kind = plc.definition.kind.name.lower()
        for tag in plc.definition.status:
            if tag.name not in _SPARED and not tag.name.startswith("holds_") and not is_excluded(kind, tag.name):
                yield device, tag.name, tag


_SPARED = frozenset(
    {
        "device_id",
        "contract_version",
        "device_kind",
        "program_version",
        "boot_counter",
        "heartbeat",
        "clock_ms",
        "heartbeat_echo",
        "owner_epoch",
        "ack_seq",
        "ack_result",
        "done_seq",
        "done_result",
        "active_command",
        "controller_timeout_ms",
        "outer_opened_count",
        "confirmed_opening",
        "confirm_count",
    }
)
"""What the boundary document calls the PLC's honest word: a program that lies here is no sensor that fails."""


def _sensors(garage: EmulatedGarage) -> Iterator[tuple[str, type[int]]]:
    bank = garage.plant.sensors
    for path in bank.paths:
        device, _, name = path.partition(".")
        plc = garage.devices.get(device)
        if plc is None:
            kind, tag = "safety", name if device == "site" else f"{device}_{name}"
        else:
            kind, tag = plc.definition.kind.name.lower(), name
        if not is_excluded(kind, tag) and name not in {"reset_presses", "confirm_presses"}:
            yield path, bank.form(path)


def _figures(fault: Fault) -> str:
    named = {"value": fault.value, "period_ms": fault.period_ms, "peer": fault.peer, "point": fault.point}
    return "".join(f" {name}={figure}" for name, figure in named.items() if figure is not None)
