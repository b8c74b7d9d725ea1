"""What every hazardous function needs of its own device: answers, a ready state, automatic mode, health.

Owns the interlocks that are the same for each lift, shuttle and cabin (H10, H11, H13, H15).
"""

from __future__ import annotations

from plc_drivers.contract.codes import Health, State
from safety.expression import any_of
from safety.interlock import Interlock, Phase
from safety.interlocks.hand import mode_interlocks, ready_by_hand, sound_by_hand
from safety.interlocks.unit import Unit

_READY = (State.NOT_REFERENCED, State.IDLE, State.EXECUTING, State.STOPPING)
_SOUND = (Health.OK, Health.OUT_OF_SPECIFICATION, Health.MAINTENANCE_REQUIRED)


def device_interlocks(unit: Unit) -> list[Interlock]:
    """Interlocks of one lift, shuttle or cabin."""
    return [_answers(unit), _ready(unit), *mode_interlocks(unit), _healthy(unit)]


def _answers(unit: Unit) -> Interlock:
    return Interlock(
        id=f"{unit.id}.answers",
        title="The device's readings are good",
        hazard="H10",
        phase=Phase.RUN,
        guards=unit.functions,
        condition=unit.answers,
        cause=f"{unit.id} gives no trustworthy readings: it does not answer, answers late, or answers as another.",
        remedy=f"Check supply, cable and address of {unit.id}'s PLC; `garagectl diag link` shows what was seen last.",
        standard="IEC 60204-1, loss of communication",
    )


def _ready(unit: Unit) -> Interlock:
    return Interlock(
        id=f"{unit.id}.ready",
        title="The device is neither stopped, aborted nor offline, and in manual only while somebody holds an axis",
        hazard="H11",
        phase=Phase.RUN,
        guards=unit.functions,
        condition=any_of(unit["state"].one_of(*_READY), ready_by_hand(unit)),
        cause=f"{unit.id} is stopped, aborted, offline, or in manual without anybody holding an axis.",
        remedy=f"Read the fault of {unit.id}, remove its cause, then clear the device. It does not start by itself.",
        standard="ISO 14118, prevention of unexpected start-up",
    )


def _healthy(unit: Unit) -> Interlock:
    return Interlock(
        id=f"{unit.id}.healthy",
        title="The device reports neither failure nor function check",
        hazard="H15",
        phase=Phase.RUN,
        guards=unit.functions,
        condition=any_of(unit["health"].one_of(*_SOUND), sound_by_hand(unit)),
        cause=f"{unit.id} reports a failure or a function check: its readings or its drive cannot be relied upon.",
        remedy=f"Read the fault code of {unit.id} and follow its remedy, then clear the device.",
        standard="NAMUR NE 107, device status",
    )
