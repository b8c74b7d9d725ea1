"""The programs that the PLCs run: one that comes back with another program is stopped until a person has looked (H11).

Owns the comparison with the programs that the books know. What a program does to commands and interlocks is the
integrator's; that it is another one is something that a person must know before the machine moves. Must never start or
clear anything.
"""

from __future__ import annotations

from controller.core import events as ev
from controller.core.mode import ModeEvent
from controller.core.mode_change import happened
from controller.core.situation import Situation

PROGRAM_CHANGED = "PROGRAM_CHANGED"


def unknown_programs(situation: Situation) -> dict[str, int]:
    """The program of each device of which the books know none, by its number: what is seen first is taken as it is."""
    known = situation.state.programs
    return {device: version for device, version in _shown(situation).items() if device not in known}


def look_at_programs(situation: Situation) -> None:
    """Note programs that are new to the books; a device whose program is another one than before is blocked.

    The block outlives the controller, so that a program that was loaded while none ran is not missed. A person's clear
    accepts it. The safety PLC takes no commands and no block: with another program it stops the garage.
    """
    for device, version in _shown(situation).items():
        before = situation.state.programs.get(device)
        if version == before:
            continue
        situation.log.write(ev.ProgramSeen(device=device, version=version, before=before))
        if before is None:
            continue
        if situation.image.devices[device].definition.is_commanded:
            situation.log.write(
                ev.DeviceBlocked(
                    device=device,
                    code=PROGRAM_CHANGED,
                    text=f"{device} runs another PLC program: {version}, before {before}.",
                    remedy="Ask who loaded it, and whether it was tested here; then clear the device and start.",
                )
            )
        else:
            happened(situation, ModeEvent.SAFETY_RESTART, "controller", "SAFETY_PROGRAM_CHANGED")


def _shown(situation: Situation) -> dict[str, int]:
    found: dict[str, int] = {}
    for device, image in situation.image.devices.items():
        version = image.value("program_version")
        if version is not None:
            found[device] = int(version)
    return found
