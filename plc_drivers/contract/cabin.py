"""The cabin: the transfer area on the ground floor where people and machine take turns (EN 14010's subject)."""

from __future__ import annotations

from plc_drivers.contract.codes import Axis, CommandCode, DeviceKind, Sign, TrafficLight
from plc_drivers.contract.definition import (
    ANSWERS,
    COMMON_COMMANDS,
    IDENTITY,
    MAILBOX,
    CommandSpec,
    DeviceDefinition,
    command,
    flag,
    jog_commands,
    permit_tags,
    status,
)
from plc_drivers.contract.tag import TagType

_WANTED, _HELD = permit_tags(
    {
        "outer_open": "unlocking and opening the outer door to the people.",
        "outer_close": "closing the outer door.",
        "inner": "opening and closing the inner door to the machine.",
        "rotate": "turning the turntable.",
        "green": "showing the green light at the outer door.",
    }
)

CABIN = DeviceDefinition(
    kind=DeviceKind.CABIN,
    title="Cabin",
    status=(
        *IDENTITY,
        *ANSWERS,
        *_HELD,
        status(
            "angle_mdeg",
            TagType.INT32,
            30,
            "Angle of the turntable, 0 and 180000 in line with the doors.",
            unit="mdeg",
            low=-1000,
            high=361000,
        ),
        status("turn_speed_mdeg_s", TagType.INT32, 32, "Speed of the turntable.", unit="mdeg/s"),
        status(
            "curtain_count",
            TagType.INT16,
            34,
            "People inside by the counting light curtain; below 0 it has lost count.",
            low=-99,
            high=99,
        ),
        status("reopen_count", TagType.UINT16, 35, "How often the outer door went back during the last closing."),
        status(
            "outer_opened_count",
            TagType.UINT16,
            36,
            "Counts each time the outer door or the emergency exit leaves its closed position; starts at 1.",
            low=1,
        ),
        status(
            "confirmed_opening",
            TagType.UINT16,
            37,
            "outer_opened_count at the last press of the confirm button, 0 when presence voided it.",
        ),
        status("confirm_count", TagType.UINT16, 38, "Counts presses of the confirm button outside the cabin."),
        status("vehicle_length_mm", TagType.UINT16, 39, "Measured length, 0 when not measured.", unit="mm"),
        status("vehicle_width_mm", TagType.UINT16, 40, "Measured width with mirrors, 0 when not measured.", unit="mm"),
        status("vehicle_height_mm", TagType.UINT16, 41, "Measured height, 0 when not measured.", unit="mm"),
        status(
            "vehicle_weight_kg", TagType.UINT16, 42, "Measured weight, 0 when nothing stands on the plate.", unit="kg"
        ),
        status("ground_clearance_mm", TagType.UINT16, 43, "Measured ground clearance.", unit="mm"),
        status("overhang_mm", TagType.UINT16, 44, "Largest overhang beyond the wheels.", unit="mm"),
        status(
            "wheel_offset_mm",
            TagType.INT16,
            45,
            "Distance of the front wheels from their mark; positive is too far in.",
            unit="mm",
        ),
        status("traffic_light_shown", TagType.ENUM, 46, "The light that is lit.", enum=TrafficLight),
        status("sign_shown", TagType.ENUM, 47, "The sign that is lit.", enum=Sign),
        flag("outer_open", 48, 0, "The outer door is fully open."),
        flag("outer_closed", 48, 1, "The outer door is closed, by its own switch."),
        flag("outer_locked", 48, 2, "The outer door's lock is proven engaged."),
        flag("outer_unobstructed", 48, 3, "Light curtain and edge of the outer door see nothing."),
        flag("inner_open", 48, 4, "The inner door is fully open."),
        flag("inner_closed", 48, 5, "The inner door is closed, by its own switch."),
        flag("inner_locked", 48, 6, "The inner door's lock is proven engaged."),
        flag("inner_unobstructed", 48, 7, "Light curtain and edge of the inner door see nothing."),
        flag("curtain_ok", 48, 8, "The counting light curtain works and has not lost count."),
        flag("scanner_clear", 48, 9, "The area scanner sees no person on the floor beside or in front of the car."),
        flag("exit_closed", 48, 10, "The emergency exit door is closed and locked from outside."),
        flag("vehicle_present", 48, 11, "The vehicle loop is occupied."),
        flag("vehicle_clear", 48, 12, "The light barrier along the cabin is received: no vehicle stands there."),
        flag(
            "vehicle_in_envelope", 48, 13, "All light barriers of the size check are received, or there is no vehicle."
        ),
        flag("platform_present", 48, 14, "The platform lies in its seat, by a sensor on the building."),
        flag("platform_level", 48, 15, "The platform is flush with the floor, also while it turns."),
        flag("platform_locked", 49, 0, "The platform's index pin is proven engaged."),
        flag("standstill", 49, 1, "Turntable and doors stand, proven by their drives."),
        flag("referenced", 49, 2, "The turntable's angle is trustworthy."),
        flag("wheels_in_place", 49, 3, "The front wheels stand in their mark."),
    ),
    command=(
        *MAILBOX,
        *_WANTED,
        command(
            "traffic_light",
            TagType.ENUM,
            4,
            "Light wanted at the outer door; green shows only with its permit.",
            enum=TrafficLight,
        ),
        command("sign", TagType.ENUM, 5, "Sign wanted.", enum=Sign),
    ),
    permits=("outer_open", "outer_close", "inner", "rotate", "green"),
    commands=(
        *COMMON_COMMANDS,
        CommandSpec(CommandCode.REFERENCE, "Find the turntable's reference at creep speed.", "rotate"),
        CommandSpec(CommandCode.OPEN_OUTER_DOOR, "Unlock and open the outer door.", "outer_open"),
        CommandSpec(
            CommandCode.CLOSE_OUTER_DOOR, "Close and lock the outer door; it goes back when obstructed.", "outer_close"
        ),
        CommandSpec(CommandCode.OPEN_INNER_DOOR, "Unlock and open the inner door.", "inner"),
        CommandSpec(
            CommandCode.CLOSE_INNER_DOOR, "Close and lock the inner door; it goes back when obstructed.", "inner"
        ),
        CommandSpec(
            CommandCode.ROTATE,
            "Turn the platform to an angle and engage its index pin.",
            "rotate",
            arg1="angle in mdeg, 0 or 180000",
        ),
        *jog_commands({Axis.TURNTABLE: "rotate"}, "slowly towards 180000 mdeg", "slowly towards 0 mdeg"),
    ),
)
"""Definition of a cabin."""
