"""The lift: a vertical mover with lock pins at every level."""

from __future__ import annotations

from plc_drivers.contract.codes import Axis, CommandCode, DeviceKind
from plc_drivers.contract.definition import (
    ANSWERS,
    COMMON_COMMANDS,
    IDENTITY,
    MAILBOX,
    CommandSpec,
    DeviceDefinition,
    flag,
    jog_commands,
    permit_tags,
    status,
)
from plc_drivers.contract.tag import TagType

_WANTED, _HELD = permit_tags({"travel": "referencing, lifting and lowering, and moving the lock pins."})

LIFT = DeviceDefinition(
    kind=DeviceKind.LIFT,
    title="Lift",
    status=(
        *IDENTITY,
        *ANSWERS,
        *_HELD,
        status("position_mm", TagType.INT32, 30, "Height of the platform above the reference.", unit="mm"),
        status("speed_mm_s", TagType.INT16, 32, "Speed, up is positive.", unit="mm/s"),
        status("station", TagType.INT16, 33, "Level at which the platform stands, -1 between levels.", low=-1, high=99),
        status(
            "levelling_error_mm", TagType.INT16, 34, "Distance to the level, platform above is positive.", unit="mm"
        ),
        status(
            "load_weight_kg",
            TagType.UINT16,
            35,
            "Weight on the platform, without the platform and a docked shuttle.",
            unit="kg",
        ),
        flag("referenced", 36, 0, "The position is trustworthy."),
        flag("in_position", 36, 1, "Standing within tolerance of the level last commanded."),
        flag("station_sensor", 36, 2, "The level's own switch sees the platform."),
        flag("standstill", 36, 3, "The axis stands, proven by the drive."),
        flag("pins_extended", 36, 4, "All lock pins are in the building: the platform cannot move."),
        flag("pins_retracted", 36, 5, "All lock pins are in the platform: it is free to move."),
        flag("brake_closed", 36, 6, "The brake is proven closed."),
        flag("load_present", 36, 7, "The load switch of the platform is pressed."),
        flag("load_clear", 36, 8, "The light barrier across the platform is received: nothing stands there."),
        flag("load_centred", 36, 9, "The load stands within its marks, or there is none."),
        flag("overhang_front_clear", 36, 10, "Nothing sticks out at the front."),
        flag("overhang_rear_clear", 36, 11, "Nothing sticks out at the rear."),
        flag("overhang_left_clear", 36, 12, "Nothing sticks out on the left."),
        flag("overhang_right_clear", 36, 13, "Nothing sticks out on the right."),
        flag("overtravel_top_clear", 36, 14, "The upper final limit switch is closed."),
        flag("overtravel_bottom_clear", 36, 15, "The lower final limit switch is closed."),
        flag("rope_taut", 37, 0, "Rope or chain carries the load."),
        flag("speed_ok", 37, 1, "The overspeed governor has not acted."),
        flag("shaft_doors_closed", 37, 2, "All doors of the shaft are closed."),
    ),
    command=(*MAILBOX, *_WANTED),
    permits=("travel",),
    commands=(
        *COMMON_COMMANDS,
        CommandSpec(CommandCode.REFERENCE, "Find the reference at creep speed.", "travel"),
        CommandSpec(
            CommandCode.MOVE_TO_LEVEL, "Travel to a level; the pins must be retracted.", "travel", arg1="level"
        ),
        CommandSpec(CommandCode.LOCK, "Extend the lock pins at a level.", "travel"),
        CommandSpec(CommandCode.UNLOCK, "Retract the lock pins.", "travel"),
        *jog_commands({Axis.TRAVEL: "travel"}, "slowly upwards", "slowly downwards"),
    ),
)
"""Definition of a lift."""
