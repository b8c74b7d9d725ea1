"""Every number of the contract that stands for a word: kinds, states, commands, refusals, failures, faults.

Owns the code lists and the sentences that explain them. Numbers are published: they may be added to, never
reused. Zero never means "all is well": a frame of zeros must not read as a healthy device (H10).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

CONTRACT_VERSION = 1
"""Version of the device contract that this package speaks; a PLC with another one is refused (rule 1)."""


class DeviceKind(IntEnum):
    """What kind of device a status block belongs to."""

    LIFT = 1
    SHUTTLE = 2
    CABIN = 3
    SAFETY = 4


class State(IntEnum):
    """State of a device, after PackML's vocabulary."""

    STOPPED = 1
    NOT_REFERENCED = 2
    IDLE = 3
    EXECUTING = 4
    STOPPING = 5
    ABORTED = 6
    MANUAL = 7
    MAINTENANCE = 8
    OFFLINE = 9


class Mode(IntEnum):
    """Position of the device's hardware key switch; the controller can only read it."""

    AUTOMATIC = 1
    MANUAL = 2
    MAINTENANCE = 3


class Health(IntEnum):
    """Device health after NAMUR NE 107."""

    OK = 1
    FAILURE = 2
    FUNCTION_CHECK = 3
    OUT_OF_SPECIFICATION = 4
    MAINTENANCE_REQUIRED = 5


class CommandCode(IntEnum):
    """Actions that can be put into a device's command mailbox."""

    NONE = 0
    STOP = 1
    CLEAR = 2
    REFERENCE = 3
    MOVE_TO_LEVEL = 10
    LOCK = 11
    UNLOCK = 12
    MOVE_TO_COLUMN = 20
    PICK_LEFT = 21
    PICK_RIGHT = 22
    PLACE_LEFT = 23
    PLACE_RIGHT = 24
    OPEN_OUTER_DOOR = 30
    CLOSE_OUTER_DOOR = 31
    OPEN_INNER_DOOR = 32
    CLOSE_INNER_DOOR = 33
    ROTATE = 34


class AckResult(IntEnum):
    """Answer to a command: accepted, or refused with the reason. A refusal changes nothing in the machine."""

    NONE = 0
    ACCEPTED = 1
    UNKNOWN_COMMAND = 2
    BAD_ARGUMENT = 3
    BUSY = 4
    NOT_OWNER = 5
    EXPIRED = 6
    NO_PERMIT = 7
    WRONG_STATE = 8
    WRONG_MODE = 9
    NOT_REFERENCED = 10
    INTERLOCKED = 11


class DoneResult(IntEnum):
    """How an accepted command ended."""

    NONE = 0
    OK = 1
    STOPPED = 2
    PERMIT_LOST = 3
    CONTROLLER_LOST = 4
    FAULT = 5
    TIMED_OUT = 6
    NOT_REACHED = 7
    NO_LOAD = 8
    TARGET_OCCUPIED = 9
    OBSTRUCTED = 10
    MODE_CHANGED = 11


class FaultCode(IntEnum):
    """Why a device is STOPPED or ABORTED; 0 when there is none."""

    NONE = 0
    CONTROLLER_LOST = 1
    EMERGENCY_STOP = 2
    DRIVE_FAULT = 3
    OVERTRAVEL = 4
    OVERSPEED = 5
    SLACK_ROPE = 6
    BRAKE_FAULT = 7
    LOAD_OVERHANG = 8
    LOCK_FAULT = 9
    DOOR_FAULT = 10
    POSITION_FAULT = 11
    TRANSFER_FAULT = 12
    SENSOR_CONTRADICTION = 13
    PLC_RESTARTED = 14
    GUARD_OPEN = 15
    PRESENCE_DETECTED = 16


class WarningBit(IntFlag):
    """Warning bits, common to all kinds."""

    SERVICE_DUE = 1
    TEMPERATURE_HIGH = 2
    REOPENED_OFTEN = 4
    SLOW = 8


class TrafficLight(IntEnum):
    """The light at a cabin's outer door."""

    RED = 1
    GREEN = 2


class Sign(IntEnum):
    """What the sign in a cabin tells the driver."""

    BLANK = 1
    PLEASE_WAIT = 2
    DRIVE_IN = 3
    FORWARD = 4
    BACK = 5
    STOP = 6
    LEAVE_CAR = 7
    CONFIRM_EMPTY = 8
    DRIVE_OUT = 9
    DOES_NOT_FIT = 10
    OUT_OF_SERVICE = 11
    STEP_OUT = 12


FAULT_HELP: dict[FaultCode, tuple[str, str]] = {
    FaultCode.NONE: ("No fault.", "Nothing to do."),
    FaultCode.CONTROLLER_LOST: (
        "The controller's heartbeat did not change within controller_timeout_ms.",
        "Check the network between controller and PLC, then send CLEAR; the interrupted command is void.",
    ),
    FaultCode.EMERGENCY_STOP: (
        "The safety circuit of the device's zone is open.",
        "Find who pressed and why, reset at the machine in view of the zone, then send CLEAR.",
    ),
    FaultCode.DRIVE_FAULT: (
        "The drive tripped.",
        "Read the drive's own code on its panel, remove the cause, send CLEAR.",
    ),
    FaultCode.OVERTRAVEL: (
        "An over-travel switch opened.",
        "A technician releases the axis locally, finds the cause and references it again.",
    ),
    FaultCode.OVERSPEED: (
        "The overspeed governor acted.",
        "A technician inspects the lift before it is reset locally.",
    ),
    FaultCode.SLACK_ROPE: (
        "The suspension lost tension.",
        "A technician inspects rope or chain before it is reset locally.",
    ),
    FaultCode.BRAKE_FAULT: ("The brake did not prove closed.", "Keep the zone clear; a technician tests the brake."),
    FaultCode.LOAD_OVERHANG: (
        "A light barrier beside the load is interrupted.",
        "Look at the load; centre it or remove what sticks out, then send CLEAR.",
    ),
    FaultCode.LOCK_FAULT: ("A lock pin did not reach its end position in time.", "Check pin, level and end switch."),
    FaultCode.DOOR_FAULT: (
        "A door did not reach its end position in time.",
        "Check the door's way, drive and switches.",
    ),
    FaultCode.POSITION_FAULT: (
        "Position, station sensor and lock do not agree.",
        "Check encoder and station sensor, then reference the axis again.",
    ),
    FaultCode.TRANSFER_FAULT: (
        "The transfer stopped between its ends.",
        "Look where the car stands; finish or retract by hand in manual mode. Do not move lift or shuttle before.",
    ),
    FaultCode.SENSOR_CONTRADICTION: (
        "Two sensors that must agree do not.",
        "Find the defective one; compare with what can be seen on the spot.",
    ),
    FaultCode.PLC_RESTARTED: (
        "The PLC started anew; commands and permits are void.",
        "Send CLEAR, reference if asked.",
    ),
    FaultCode.GUARD_OPEN: (
        "A guard door of the zone is open.",
        "Close the guard, make sure nobody is inside, send CLEAR.",
    ),
    FaultCode.PRESENCE_DETECTED: (
        "A person was detected where the machine was about to move.",
        "Get the person out through the outer door, confirm at the cabin that it is empty, send CLEAR.",
    ),
}
"""Cause and remedy of each fault code, as documents, diagnostics and pages print them."""

ACK_HELP: dict[AckResult, str] = {
    AckResult.NONE: "No command has been answered since the PLC started.",
    AckResult.ACCEPTED: "The command was latched and has begun.",
    AckResult.UNKNOWN_COMMAND: "The code is not one of this device kind's commands.",
    AckResult.BAD_ARGUMENT: "An argument is outside what this device can do.",
    AckResult.BUSY: "Another command is being executed; only STOP is accepted.",
    AckResult.NOT_OWNER: "The PLC has seen a higher owner epoch: another controller owns the device.",
    AckResult.EXPIRED: "The command is older than its own validity time.",
    AckResult.NO_PERMIT: "The permit for the function is not present.",
    AckResult.WRONG_STATE: "The device's state does not allow the command; CLEAR or a local reset may be needed.",
    AckResult.WRONG_MODE: "The key switch is not in automatic.",
    AckResult.NOT_REFERENCED: "The axis must be referenced first.",
    AckResult.INTERLOCKED: "One of the PLC's own interlocks forbids it; the status bits show which.",
}
"""What each acknowledgement means."""

DONE_HELP: dict[DoneResult, str] = {
    DoneResult.NONE: "No command has ended since the PLC started.",
    DoneResult.OK: "The action has ended and its end position is proven.",
    DoneResult.STOPPED: "A STOP ended it; the position is where the axis came to rest.",
    DoneResult.PERMIT_LOST: "The permit for the function went away; the device made a controlled stop.",
    DoneResult.CONTROLLER_LOST: "The controller's heartbeat went away; the device made a controlled stop.",
    DoneResult.FAULT: "A fault ended it; see fault_code.",
    DoneResult.TIMED_OUT: "The action did not end in its time.",
    DoneResult.NOT_REACHED: "The axis stands, but the station is not proven.",
    DoneResult.NO_LOAD: "A pick found nothing to take; the forks are centred again.",
    DoneResult.TARGET_OCCUPIED: "A place found its target occupied; the load is on the deck again.",
    DoneResult.OBSTRUCTED: "A door or the turntable met an obstruction and went back.",
    DoneResult.MODE_CHANGED: "The key switch was turned during the action.",
}
"""What each ending means."""
