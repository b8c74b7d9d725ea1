"""Do the times of a configuration leave room for each other?

Owns the relations between period, deadlines and time-outs. Must never measure anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from controller.config.finding import Finding, shown
from controller.config.links import ModbusRtuLink
from controller.config.models import GarageConfig, SafetySection
from controller.config.sections import Device, definition_of, devices

PLC_TIMEOUT_PERIODS_MIN = 3
"""Answers that may be missed before a PLC counts as lost: fewer would trip on one late answer."""

CONTROLLER_TIMEOUT_PERIODS_MIN = 5
"""Heartbeats that a PLC may miss before it stops by itself (contract rule 2)."""

RTU_FRAME_BYTES = 24
"""Bytes of an FC23 exchange beside the data: headers, counts and CRCs of both frames, and twice 3.5 characters."""

RTU_PLC_ANSWER_MS = 10
"""Allowance for one scan of the PLC before it answers on a serial line."""


def check_timing(config: GarageConfig) -> list[Finding]:
    """Findings about times."""
    return [*_cycle(config), *_heartbeats(config), *_lines(config), *_commands(config)]


def _cycle(config: GarageConfig) -> Iterator[Finding]:
    section = config.controller
    period = section.period_ms
    if section.exchange_deadline_ms >= period:
        text = f"The exchange must end within the period of {period} ms, with time left to decide."
        remedy = f"Give at most {max(2, period * 7 // 10)}."
        yield Finding(
            "DEADLINE_TOO_LONG", "controller.exchange_deadline_ms", shown(section.exchange_deadline_ms), text, remedy
        )
    least = PLC_TIMEOUT_PERIODS_MIN * period
    if section.plc_timeout_ms < least:
        text = f"One late answer at a period of {period} ms would already count as a lost PLC."
        yield Finding(
            "PLC_TIMEOUT_SHORT",
            "controller.plc_timeout_ms",
            shown(section.plc_timeout_ms),
            text,
            f"Give at least {least}.",
        )
    if section.command_valid_ms < PLC_TIMEOUT_PERIODS_MIN * period:
        text = f"A command would expire before it arrives at a period of {period} ms."
        yield Finding(
            "COMMAND_VALID_SHORT",
            "controller.command_valid_ms",
            shown(section.command_valid_ms),
            text,
            f"Give at least {least}.",
        )


def _heartbeats(config: GarageConfig) -> Iterator[Finding]:
    least = CONTROLLER_TIMEOUT_PERIODS_MIN * config.controller.period_ms
    for path, device in devices(config):
        if device.controller_timeout_ms < least and not isinstance(device, SafetySection):
            text = "The PLC would take one missed heartbeat for a lost controller and stop."
            key = f"{path}.controller_timeout_ms"
            yield Finding(
                "CONTROLLER_TIMEOUT_SHORT", key, shown(device.controller_timeout_ms), text, f"Give at least {least}."
            )


def _lines(config: GarageConfig) -> Iterator[Finding]:
    """A serial line must get round all its units twice before a PLC on it counts as lost."""
    for i, link in enumerate(config.links):
        if not isinstance(link, ModbusRtuLink):
            continue
        on_line = [device for _, device in devices(config) if device.link == link.id]
        if not on_line:
            continue
        rotation_ms = sum(rtu_exchange_ms(link, device) for device in on_line)
        limits = [_silence_ms(config, device) for device in on_line]
        lost_ms = link.timeout_ms + link.silence_after_timeout_ms + 2 * rotation_ms
        if lost_ms > min(limits) >= 2 * rotation_ms:
            text = (
                f"One lost frame costs about {math.ceil(lost_ms)} ms on this line; a device on it counts as lost, or "
                f"loses its controller, after {min(limits)} ms."
            )
            remedy = (
                f"Give its devices plc_timeout_ms and controller_timeout_ms of at least {math.ceil(lost_ms)}, "
                "or the line a shorter timeout_ms and silence_after_timeout_ms."
            )
            yield Finding("LINE_WITHOUT_RESERVE", f"links[{i}].timeout_ms", shown(link.timeout_ms), text, remedy)
        if 2 * rotation_ms > min(limits):
            text = (
                f"One round of the {len(on_line)} device(s) on this line takes about {math.ceil(rotation_ms)} ms; "
                f"two rounds must fit into {min(limits)} ms (plc_timeout_ms and controller_timeout_ms)."
            )
            remedy = "Raise the baud rate, put fewer devices on the line, or raise both time-outs."
            yield Finding("LINE_TOO_SLOW", f"links[{i}].baud", shown(link.baud), text, remedy)


def _silence_ms(config: GarageConfig, device: Device) -> int:
    """The shorter of the two silences that a device and its controller bear from each other."""
    return min(device.plc_timeout_ms or config.controller.plc_timeout_ms, device.controller_timeout_ms)


def rtu_exchange_ms(link: ModbusRtuLink, device: Device) -> float:
    """Time of one exchange with a device of the default image on a serial line, the PLC's scan included."""
    definition = definition_of(device)
    data = 2 * (definition.status_length + definition.command_length)
    bits = 1 + 8 + (link.parity != "none") + link.stop_bits
    return (data + RTU_FRAME_BYTES) * bits * 1000 / link.baud + RTU_PLC_ANSWER_MS


def _commands(config: GarageConfig) -> Iterator[Finding]:
    limit_s = config.controller.command_timeout_s
    slowest = max(_action_times(config), default=(0.0, ""))
    if slowest[0] > limit_s:
        text = f"{slowest[1]} takes about {math.ceil(slowest[0])} s and would be taken for failed."
        remedy = f"Give at least {math.ceil(slowest[0] * 1.5)}."
        yield Finding("COMMAND_TIMEOUT_SHORT", "controller.command_timeout_s", shown(limit_s), text, remedy)


def _action_times(config: GarageConfig) -> Iterator[tuple[float, str]]:
    height = {level.number: level.height_mm for level in config.levels}
    at = {column.number: column.at for column in config.aisle.columns}
    for lift in config.lifts:
        stops = [height[level] for level in lift.levels if level in height]
        yield _way_s(stops, lift.axis.speed_mm_s), f"The longest way of {lift.id}"
    for shuttle in config.shuttles:
        stops = [at[column] for column in shuttle.columns if column in at]
        yield _way_s(stops, shuttle.axis.speed_mm_s), f"The longest way of {shuttle.id}"
    for cabin in config.cabins:
        doors = (cabin.outer_open_s, cabin.outer_close_s, cabin.inner_open_s, cabin.inner_close_s)
        yield max(doors), f"The slowest door of {cabin.id}"
        yield 180_000 / cabin.turn_speed_mdeg_s, f"Half a turn of {cabin.id}"


def _way_s(stops: list[int], speed: int) -> float:
    return (max(stops) - min(stops)) / speed if stops else 0.0
