"""The shuttle: a horizontal mover along an aisle, or round a ring, with a telescopic transfer to both sides.

On a ring every length in mm along the way is an angle in millidegrees; the tag names keep the linear unit's
name out for that reason.
"""

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

_WANTED, _HELD = permit_tags(
    {
        "travel": "referencing and travelling along the aisle.",
        "transfer": "moving the forks, picking and placing.",
    }
)

_DEPTH = "depth, 1 next to the aisle or 2 behind it"

SHUTTLE = DeviceDefinition(
    kind=DeviceKind.SHUTTLE,
    title="Shuttle",
    status=(
        *IDENTITY,
        *ANSWERS,
        *_HELD,
        status(
            "position",
            TagType.INT32,
            30,
            "Place along the aisle in mm, or round the ring in millidegrees; one zero for all shuttles.",
            unit="mm|mdeg",
        ),
        status("speed", TagType.INT32, 32, "Speed along the aisle or round the ring.", unit="mm/s|mdeg/s"),
        status(
            "station", TagType.INT16, 34, "Column at which the shuttle stands, -1 between columns.", low=-1, high=999
        ),
        status(
            "forks_left_mm", TagType.INT16, 35, "Extension of the forks to the left.", unit="mm", low=-50, high=15000
        ),
        status(
            "forks_right_mm", TagType.INT16, 36, "Extension of the forks to the right.", unit="mm", low=-50, high=15000
        ),
        status("load_weight_kg", TagType.UINT16, 37, "Weight on the deck or the forks.", unit="kg"),
        flag("referenced", 38, 0, "The position is trustworthy."),
        flag("in_position", 38, 1, "Standing within tolerance of the column last commanded."),
        flag("station_sensor", 38, 2, "The column's own switch sees the shuttle."),
        flag("standstill", 38, 3, "Travel and forks stand, proven by the drives."),
        flag("forks_centred", 38, 4, "The forks are home, proven by a switch apart from the encoder."),
        flag(
            "load_present",
            38,
            5,
            "The load switch of the deck is pressed, by a car resting on it or hanging over it on the forks.",
        ),
        flag("load_clear", 38, 6, "The light barrier across the deck is received: nothing stands there."),
        flag("load_centred", 38, 7, "The load stands within its marks, or there is none."),
        flag("overhang_front_clear", 38, 8, "Nothing sticks out at the front."),
        flag("overhang_rear_clear", 38, 9, "Nothing sticks out at the rear."),
        flag("overhang_left_clear", 38, 10, "Nothing sticks out on the left."),
        flag("overhang_right_clear", 38, 11, "Nothing sticks out on the right."),
        flag("target_left_occupied", 38, 12, "The switch of the position left of the shuttle is pressed."),
        flag(
            "target_left_clear",
            38,
            13,
            "The light beam into the position on the left comes back: nothing stands there.",
        ),
        flag("target_right_occupied", 38, 14, "The switch of the position right of the shuttle is pressed."),
        flag(
            "target_right_clear",
            38,
            15,
            "The light beam into the position on the right comes back: nothing stands there.",
        ),
        flag("zone_clear", 39, 0, "The scanner along the way sees nothing."),
        flag(
            "docked",
            39,
            1,
            "A shuttle that rides on a lift is on the platform, by the dock's own switch; always 1 on a captive one.",
        ),
        flag(
            "rear_left_occupied",
            39,
            2,
            "As target_left_occupied, for the position behind (depth 2); 0 where there is none.",
        ),
        flag("rear_left_clear", 39, 3, "As target_left_clear, for the position behind; 0 where there is none."),
        flag("rear_right_occupied", 39, 4, "As target_right_occupied, for the position behind; 0 where there is none."),
        flag("rear_right_clear", 39, 5, "As target_right_clear, for the position behind; 0 where there is none."),
    ),
    command=(*MAILBOX, *_WANTED),
    permits=("travel", "transfer"),
    commands=(
        *COMMON_COMMANDS,
        CommandSpec(CommandCode.REFERENCE, "Centre the forks and find the reference at creep speed.", "travel"),
        CommandSpec(
            CommandCode.MOVE_TO_COLUMN, "Travel to a column; the forks must be centred.", "travel", arg1="column"
        ),
        CommandSpec(CommandCode.PICK_LEFT, "Take the car from the position on the left.", "transfer", arg1=_DEPTH),
        CommandSpec(CommandCode.PICK_RIGHT, "Take the car from the position on the right.", "transfer", arg1=_DEPTH),
        CommandSpec(CommandCode.PLACE_LEFT, "Set the car down in the position on the left.", "transfer", arg1=_DEPTH),
        CommandSpec(CommandCode.PLACE_RIGHT, "Set the car down in the position on the right.", "transfer", arg1=_DEPTH),
        *jog_commands(
            {Axis.TRAVEL: "travel", Axis.FORKS: "transfer"},
            "slowly towards rising columns; forks that are out to the right come home",
            "slowly towards falling columns; forks that are out to the left come home",
        ),
    ),
)
"""Definition of a shuttle."""
