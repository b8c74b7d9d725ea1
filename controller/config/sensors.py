"""Does the garage have every sensor that its interlocks read, and who answers for those that it has not?

Owns the checks on absent sensors and on waivers. Must never decide what can be waived; ``safety.absence`` does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from controller.config.finding import Finding, listed, shown, suggestion
from controller.config.models import GarageConfig, WaiverSection
from controller.config.sections import Device, definition_of, devices
from controller.garage import Layout
from controller.garage.topology import absent_of, topology_of
from plc_drivers.contract import DeviceDefinition
from plc_drivers.contract.definition import SPECIFIC_WORD
from safety.absence import Gap, gaps
from safety.interlock_table import HAZARDS
from safety.rules import declared_rules_of

WAIVER_DAYS_MAX = 366
"""A waiver is for a time; after a year at most somebody must look at it anew."""

WORKED_BY = frozenset(
    {
        "angle_mdeg", "curtain_count", "curtain_ok", "docked", "fire_clear", "forks_centred", "forks_left_mm",
        "forks_right_mm", "generator_off",
        "ground_clearance_mm", "in_position", "inner_closed", "inner_locked", "inner_open", "load_clear",
        "load_present", "mains_ok", "outer_closed", "outer_locked", "outer_open", "outer_unobstructed", "pins_extended",
        "pins_retracted", "position", "position_mm", "rear_left_clear", "rear_left_occupied", "rear_right_clear",
        "rear_right_occupied", "scanner_clear", "sign_shown", "standstill", "station", "station_sensor",
        "target_left_clear", "target_left_occupied", "target_right_clear", "target_right_occupied",
        "traffic_light_shown", "vehicle_clear", "vehicle_height_mm", "vehicle_in_envelope", "vehicle_length_mm",
        "vehicle_present", "vehicle_weight_kg", "vehicle_width_mm", "wheel_offset_mm", "wheels_in_place",
    }
)  # fmt: skip
"""Readings by which the core decides what to do next: without one of them no car can be moved or handed over."""

_INTERLOCKS_NAMED = 4


def check_sensors(config: GarageConfig, today: date | None) -> list[Finding]:
    """Findings about absent sensors and waivers of a configuration that is otherwise right.

    ``today`` is the day in UTC; without it the dates of waivers are not judged.
    """
    open_gaps = {gap.sensor: gap for gap in gaps(declared_rules_of(topology_of(Layout(config))), absent_of(config))}
    return [*_absent(config, open_gaps), *_waivers(config, open_gaps, today)]


def _absent(config: GarageConfig, open_gaps: dict[str, Gap]) -> Iterator[Finding]:
    waived = {f"{waiver.device}.{waiver.sensor}" for waiver in config.waivers}
    for path, device in devices(config):
        definition = definition_of(device)
        for i, tag in enumerate(device.absent):
            key = f"{path}.absent[{i}]"
            yield from _absent_tag(key, device, definition, tag)
            gap = open_gaps.get(f"{device.id}.{tag}")
            if gap is not None and (gap.bar or gap.sensor not in waived):
                yield _left_open(key, device, tag, gap)
        yield from _twice(path, device)


def _absent_tag(key: str, device: Device, definition: DeviceDefinition, tag: str) -> Iterator[Finding]:
    kind = definition.kind.name.lower()
    sensors = [one.name for one in definition.status if _is_sensor(one.name, one.word)]
    if tag not in definition.status_index:
        yield Finding("UNKNOWN_SENSOR", key, shown(tag), f"A {kind} has no such status tag.", suggestion(tag, sensors))
    elif tag not in sensors:
        text = (
            "This is no sensor: every PLC of the contract tells it, and nothing of the device is believed without it."
        )
        yield Finding("NOT_A_SENSOR", key, shown(tag), text, "Remove it, and let the PLC tell it.")
    elif tag in WORKED_BY:
        text = f"The controller works by this reading: without it {device.id} can do nothing."
        yield Finding("SENSOR_NEEDED", key, shown(tag), text, "Fit the sensor; this one cannot be waived.")


def _is_sensor(name: str, word: int) -> bool:
    return word >= SPECIFIC_WORD and not name.startswith("holds_")


def _twice(path: str, device: Device) -> Iterator[Finding]:
    for i, tag in enumerate(device.absent):
        if tag in device.absent[:i]:
            yield Finding("DUPLICATE_ENTRY", f"{path}.absent[{i}]", shown(tag), "It is listed already.", "Remove it.")


def _left_open(key: str, device: Device, tag: str, gap: Gap) -> Finding:
    names = listed([f"{name} ({hazard})" for name, hazard in gap.needed_for], _INTERLOCKS_NAMED)
    open_hazards = "; ".join(f"{hazard}: {HAZARDS[hazard]}" for hazard in gap.hazards)
    text = f"Without it these interlocks cannot be instantiated: {names}. It leaves open {open_hazards}."
    if gap.bar:
        return Finding("SENSOR_MISSING", key, shown(tag), f"{text} {gap.bar}", "Fit the sensor.")
    form = (
        f'[[waivers]] with device = "{device.id}", sensor = "{tag}", hazards = [{_quoted(gap.hazards)}], person, '
        "reason and expires"
    )
    return Finding("SENSOR_MISSING", key, shown(tag), text, f"Fit the sensor, or answer for it by {form}.")


def _waivers(config: GarageConfig, open_gaps: dict[str, Gap], today: date | None) -> Iterator[Finding]:
    known = {device.id: device for _, device in devices(config)}
    seen: set[str] = set()
    for i, waiver in enumerate(config.waivers):
        path, name = f"waivers[{i}]", f"{waiver.device}.{waiver.sensor}"
        device = known.get(waiver.device)
        if device is None:
            text = "There is no such device."
            yield Finding(
                "UNKNOWN_DEVICE", f"{path}.device", shown(waiver.device), text, suggestion(waiver.device, known)
            )
        elif waiver.sensor not in device.absent:
            text = f"{waiver.device} does not say that it lacks this sensor, so there is nothing to waive."
            remedy = f"Remove the waiver, or add the sensor to absent of {waiver.device}."
            yield Finding("WAIVER_UNUSED", f"{path}.sensor", shown(waiver.sensor), text, remedy)
        elif name in seen:
            text, remedy = f"{name} is waived already.", "Keep one of the two."
            yield Finding("WAIVER_TWICE", f"{path}.sensor", shown(waiver.sensor), text, remedy)
        else:
            yield from _hazards(path, waiver, open_gaps.get(name))
        seen.add(name)
        if today is not None:
            yield from _dates(path, waiver, today)


def _hazards(path: str, waiver: WaiverSection, gap: Gap | None) -> Iterator[Finding]:
    if gap is None:
        text = f"No interlock of this garage reads {waiver.device}.{waiver.sensor}: it may be absent as it is."
        yield Finding("WAIVER_UNUSED", f"{path}.sensor", shown(waiver.sensor), text, "Remove the waiver.")
        return
    if gap.bar:
        yield Finding("WAIVER_FORBIDDEN", f"{path}.sensor", shown(waiver.sensor), gap.bar, "Fit the sensor.")
    missing = [hazard for hazard in gap.hazards if hazard not in waiver.hazards]
    beyond = [hazard for hazard in waiver.hazards if hazard not in gap.hazards]
    if missing or beyond:
        said = [f"does not name {', '.join(missing)}"] if missing else []
        said += [f"names {', '.join(beyond)}, which it does not leave open"] if beyond else []
        text = f"The waiver {' and '.join(said)}."
        remedy = f"Give [{_quoted(gap.hazards)}]: {'; '.join(f'{h}: {HAZARDS[h]}' for h in gap.hazards)}."
        yield Finding("WAIVER_HAZARDS", f"{path}.hazards", shown(list(waiver.hazards)), text, remedy)


def _dates(path: str, waiver: WaiverSection, today: date) -> Iterator[Finding]:
    key, value = f"{path}.expires", shown(waiver.expires.isoformat())
    if waiver.expires <= today:
        text = f"The waiver of {waiver.device}.{waiver.sensor} by {waiver.person} has expired."
        yield Finding("WAIVER_EXPIRED", key, value, text, "Fit the sensor, or have somebody answer for it anew.")
    elif waiver.expires > today + timedelta(days=WAIVER_DAYS_MAX):
        latest = (today + timedelta(days=WAIVER_DAYS_MAX)).isoformat()
        text = "A waiver is for a time, and this one is for more than a year."
        yield Finding("WAIVER_TOO_LONG", key, value, text, f"Give a day up to {latest}.")


def _quoted(hazards: tuple[str, ...]) -> str:
    return ", ".join(f'"{hazard}"' for hazard in hazards)
