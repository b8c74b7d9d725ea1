"""Questions to one device's readings whose answer is an alarm: yes, no, or unknown.

Owns the conditions of the alarms that come from status tags. Each is three-valued: what cannot be known neither
raises nor clears an alarm (H10). Must never look at anything but one image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from controller.alarms.definition import Source
from controller.alarms.definitions import by_code
from controller.alarms.definitions.device_faults import CONSEQUENCES, UNLISTED, code_of
from plc_drivers.contract import DeviceKind
from plc_drivers.contract.codes import FaultCode, Health, State, WarningBit
from plc_drivers.contract.safety import zone_tag
from plc_drivers.reading import DeviceImage

Known = bool | None
"""True, False, or None: unknown."""

Question = Callable[[DeviceImage], Known]

DEFINED = by_code()

KINDS = {
    DeviceKind.LIFT: Source.LIFT,
    DeviceKind.SHUTTLE: Source.SHUTTLE,
    DeviceKind.CABIN: Source.CABIN,
    DeviceKind.SAFETY: Source.SAFETY,
}


def both(*known: Known) -> Known:
    """Three-valued and: False as soon as one is False, else None as soon as one is unknown."""
    if any(value is False for value in known):
        return False
    return None if None in known else True


def either(*known: Known) -> Known:
    """Three-valued or."""
    if any(value is True for value in known):
        return True
    return None if None in known else False


def negated(known: Known) -> Known:
    """Three-valued not."""
    return None if known is None else not known


def flag(image: DeviceImage, tag: str) -> Known:
    """A boolean tag."""
    value = image.value(tag)
    return None if value is None else bool(value)


def _is(tag: str, *codes: int) -> Question:
    def ask(image: DeviceImage) -> Known:
        value = image.value(tag)
        return None if value is None else int(value) in codes

    return ask


def _warns(bit: WarningBit) -> Question:
    def ask(image: DeviceImage) -> Known:
        value = image.value("warnings")
        return None if value is None else bool(int(value) & bit)

    return ask


def _same(first: str, second: str) -> Question:
    """Two tags that must contradict each other say the same."""

    def ask(image: DeviceImage) -> Known:
        one, other = image.value(first), image.value(second)
        return None if one is None or other is None else one == other

    return ask


def _not(tag: str) -> Question:
    def ask(image: DeviceImage) -> Known:
        return negated(flag(image, tag))

    return ask


_HEALTH: dict[str, Question] = {
    "health-failure": _is("health", Health.FAILURE),
    "out-of-specification": _is("health", Health.OUT_OF_SPECIFICATION),
    "maintenance-required": _is("health", Health.MAINTENANCE_REQUIRED),
    "service-due": _warns(WarningBit.SERVICE_DUE),
    "temperature-high": _warns(WarningBit.TEMPERATURE_HIGH),
}
_COMMANDED: dict[str, Question] = {
    "slow": _warns(WarningBit.SLOW),
    "waits-for-clear": _is("state", State.STOPPED, State.ABORTED),
}


def _is_doubtful(image: DeviceImage) -> Known:
    """The curtain has failed or lost count. Whom the scanner alone sees is taken for a person, not for a defect."""
    count = image.value("curtain_count")
    return either(negated(flag(image, "curtain_ok")), None if count is None else count < 0)


def sees_somebody(image: DeviceImage) -> Known:
    """One of a cabin's two presence sensors sees somebody; one is enough (H02)."""
    count = image.value("curtain_count")
    return either(None if count is None else count > 0, negated(flag(image, "scanner_clear")))


_OF_KIND: dict[DeviceKind, dict[str, Question]] = {
    DeviceKind.LIFT: {
        "load-detectors-disagree": _same("load_present", "load_clear"),
    },
    DeviceKind.SHUTTLE: {"load-detectors-disagree": _same("load_present", "load_clear")},
    DeviceKind.CABIN: {
        "reopened-often": _warns(WarningBit.REOPENED_OFTEN),
        "vehicle-detectors-disagree": _same("vehicle_present", "vehicle_clear"),
        "presence-sensor-doubt": _is_doubtful,
    },
    DeviceKind.SAFETY: {
        "fire": _not("fire_clear"),
        "mains-lost": _not("mains_ok"),
        "on-generator": _not("generator_off"),
    },
}


def _faults(kind: DeviceKind) -> dict[str, Question]:
    """One question for each fault code with an alarm, and one for all codes that do not fit the kind."""
    source = KINDS[kind]
    codes = {fault: code_of(fault) for fault in FaultCode if fault not in CONSEQUENCES}
    fitting = {fault for fault, code in codes.items() if code in DEFINED and source in DEFINED[code].sources}
    strange = set(FaultCode) - CONSEQUENCES - fitting
    questions = {code_of(fault): _is("fault_code", fault) for fault in sorted(fitting)}
    questions[UNLISTED] = _is("fault_code", *strange)
    return questions


def questions_of(kind: DeviceKind) -> dict[str, Question]:
    """Alarm code to question, for one kind of device. What needs more than one image is asked elsewhere."""
    if kind is DeviceKind.SAFETY:
        return {**_HEALTH, **_OF_KIND[kind]}
    return {**_HEALTH, **_COMMANDED, **_faults(kind), **_OF_KIND[kind]}


def zone_questions(zone: int) -> dict[str, Question]:
    """Alarm code to question about one zone beside its trips, asked of the safety PLC."""
    return {"estop-circuit-fault": _not(zone_tag("estop_connected", zone))}


def tags_of(kind: DeviceKind, zones: Iterable[int]) -> tuple[str, ...]:
    """Status tags that the questions about a kind of device look at: when none of them changes, no answer does."""
    common = ("state", "health", "fault_code", "warnings")
    own: dict[DeviceKind, tuple[str, ...]] = {
        DeviceKind.LIFT: (
            *("owner_epoch", "active_command", "station", "station_sensor", "in_position", "standstill"),
            *("pins_extended", "pins_retracted", "load_present", "load_clear"),
        ),
        DeviceKind.SHUTTLE: (
            *("owner_epoch", "active_command", "station", "station_sensor", "in_position", "standstill"),
            *("forks_centred", "load_present", "load_clear"),
            *(f"{row}_{side}_{what}" for row in ("target", "rear") for side in ("left", "right") for what in _PAIR),
        ),
        DeviceKind.CABIN: (
            *("owner_epoch", "curtain_ok", "curtain_count", "scanner_clear", "vehicle_present", "vehicle_clear"),
            *("outer_closed", "outer_locked"),
        ),
        DeviceKind.SAFETY: (
            *("fire_clear", "mains_ok", "generator_off"),
            *(zone_tag("estop_connected", zone) for zone in zones),
        ),
    }
    return (*common, *own[kind])


_PAIR = ("occupied", "clear")
