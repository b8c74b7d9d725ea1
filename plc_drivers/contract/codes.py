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
    JOG_FORWARD = 40
    JOG_BACK = 41


class Axis(IntEnum):
    """First argument of JOG_FORWARD and JOG_BACK: which axis of the device moves by hand."""

    TRAVEL = 1
    FORKS = 2
    TURNTABLE = 3


TRANSFERS = frozenset({CommandCode.PICK_LEFT, CommandCode.PICK_RIGHT, CommandCode.PLACE_LEFT, CommandCode.PLACE_RIGHT})
"""Commands that move a car between deck and position."""

JOGS = (CommandCode.JOG_FORWARD, CommandCode.JOG_BACK)
"""Commands of the manual mode: one axis moves slowly while somebody holds its permit."""


class StopWay(IntEnum):
    """How a STOP stops, its first argument; the stop categories are those of IEC 60204-1."""

    HOLD = 0
    STOP_THEN_OFF = 1
    POWER_OFF = 2

    @property
    def category(self) -> int:
        """The stop category: 2 holds, 1 takes the power after standstill, 0 at once."""
        return 2 - self.value


STOP_WAY_HELP: dict[StopWay, str] = {
    StopWay.HOLD: "Controlled stop, the drives hold; the state is what it would have been (stop category 2).",
    StopWay.STOP_THEN_OFF: "Controlled stop, then power off: STOPPED with fault TRIPPED (stop category 1).",
    StopWay.POWER_OFF: "Power off and brakes on at once: ABORTED with fault TRIPPED (stop category 0).",
}
"""What each way to stop does."""


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
    TRIPPED = 17


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


SIGN_HELP: dict[Sign, tuple[str, str]] = {
    Sign.BLANK: (
        "The cabin is free and proven empty, or its PLC has started and nothing has been asked for yet.",
        "Nothing.",
    ),
    Sign.PLEASE_WAIT: (
        "The machine is at work for this cabin, a door opens, or the wheels' place is unknown.",
        "Waits outside, or in the car.",
    ),
    Sign.DRIVE_IN: ("Store: the outer door is open and the light is green.", "Drives in slowly, nose to the machine."),
    Sign.FORWARD: ("Store: the wheels are short of their mark.", "Drives on slowly."),
    Sign.BACK: ("Store: the wheels are beyond their mark.", "Drives back slowly."),
    Sign.STOP: (
        "Store: the wheels are in their mark; the car is being measured.",
        "Stops and waits.",
    ),
    Sign.LEAVE_CAR: (
        "Store: the car fits and stands right.",
        "Switches the engine off, sets the brake, leaves the car and the cabin with everybody.",
    ),
    Sign.CONFIRM_EMPTY: (
        (
            "Nobody is seen inside, but it is not proven that nobody is there: while the outer door closes behind the "
            "customer, until somebody confirms; and in any cabin that the machine is to enter, or that is free, "
            "whenever that proof is missing. So it stands there from each start of the controller or of the cabin's "
            "PLC on, before the first order."
        ),
        (
            "Makes sure that nobody is inside, waits until the door is shut, presses the confirm button outside. After "
            "a start an attendant does so at each cabin: no order uses it before."
        ),
    ),
    Sign.DRIVE_OUT: (
        "Retrieve: the outer door is open and the light is green.",
        "Gets in, drives the car out.",
    ),
    Sign.DOES_NOT_FIT: (
        "Store: the car fits nowhere, or the order was withdrawn or the customer did not come; the light is green.",
        "Drives the car out again.",
    ),
    Sign.OUT_OF_SERVICE: ("Never asked for by the controller.", "Uses another cabin; the PLC may show it by itself."),
    Sign.STEP_OUT: (
        "Somebody is seen inside, or a presence sensor is not clear, when the cabin must be empty.",
        "Leaves the cabin.",
    ),
}
"""For each sign: when the controller asks for it, and what the customer does (from the handover's phases)."""

_CLEAR = "clear the device (garagectl clear DEVICE, or Clear on the page)"
"""A person's part of a remedy, in an operator's words; the PLC's command is CLEAR."""

FAULT_HELP: dict[FaultCode, tuple[str, str]] = {
    FaultCode.NONE: (
        "No fault is shown.",
        f"When the device is stopped all the same, {_CLEAR}.",
    ),
    FaultCode.CONTROLLER_LOST: (
        "The controller's heartbeat did not change within controller_timeout_ms.",
        f"The controller ended or restarted, or the network to it failed. Look at both, then {_CLEAR}.",
    ),
    FaultCode.EMERGENCY_STOP: (
        "The safety circuit of the device's zone is open.",
        f"Find who pressed and why, reset at the machine in view of the zone, then {_CLEAR}.",
    ),
    FaultCode.DRIVE_FAULT: (
        "The drive tripped.",
        f"Read the drive's own code on its panel, remove the cause, then {_CLEAR}.",
    ),
    FaultCode.OVERTRAVEL: (
        "An over-travel switch opened.",
        f"A technician releases the axis locally and finds the cause; then {_CLEAR}.",
    ),
    FaultCode.OVERSPEED: (
        "The overspeed governor acted.",
        f"A technician inspects the lift and resets it locally; then {_CLEAR}.",
    ),
    FaultCode.SLACK_ROPE: (
        "The suspension lost tension.",
        f"A technician inspects rope or chain and resets it locally; then {_CLEAR}.",
    ),
    FaultCode.BRAKE_FAULT: (
        "The brake did not prove closed.",
        f"Keep the zone clear; a technician tests the brake; then {_CLEAR}.",
    ),
    FaultCode.LOAD_OVERHANG: (
        "A light barrier beside the load is interrupted.",
        f"Look at the load; centre it or remove what sticks out, then {_CLEAR}.",
    ),
    FaultCode.LOCK_FAULT: (
        "A lock pin is not where it must be, or did not reach its end position in time.",
        f"Check pin, level and end switch, then {_CLEAR}.",
    ),
    FaultCode.DOOR_FAULT: (
        "A door did not reach its end position in time, or both doors were not closed.",
        f"Check the door's way, drive and switches, then {_CLEAR}.",
    ),
    FaultCode.POSITION_FAULT: (
        "Position, station sensor and lock do not agree.",
        f"Check encoder and station sensor, then {_CLEAR}.",
    ),
    FaultCode.TRANSFER_FAULT: (
        "The transfer stopped between its ends.",
        f"Look where the car stands; finish or retract by hand before lift or shuttle moves; then {_CLEAR}.",
    ),
    FaultCode.SENSOR_CONTRADICTION: (
        "Two sensors that must agree do not.",
        f"Find the defective one; compare with what can be seen on the spot. Then {_CLEAR}.",
    ),
    FaultCode.PLC_RESTARTED: (
        "The PLC started anew; commands and permits are void.",
        f"Look at the machine, then {_CLEAR}.",
    ),
    FaultCode.GUARD_OPEN: (
        "A guard door of the zone is open.",
        f"Make sure nobody is inside, close the guard, reset at the machine, then {_CLEAR}.",
    ),
    FaultCode.PRESENCE_DETECTED: (
        "A person was detected where the machine was about to move.",
        f"Get the person out through the outer door and confirm at the cabin that it is empty; then {_CLEAR}.",
    ),
    FaultCode.TRIPPED: (
        "The controller stopped the device for good because one of its trips stands or stood.",
        f"Read which trip it was (garagectl status, or the page) and do what it says; then {_CLEAR}.",
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
    AckResult.WRONG_STATE: "It must be cleared first; or the cause is not gone yet, or it still moves.",
    AckResult.WRONG_MODE: "The key switch is not in automatic; for a JOG, not in manual.",
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
