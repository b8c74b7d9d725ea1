"""Whether the machine stands, for a controller that is about to end.

Owns that one question. Must never be used to permit anything: what cannot be seen counts as moving here only
because waiting costs nothing but time.
"""

from __future__ import annotations

from collections.abc import Container

from plc_drivers.contract.codes import State
from plc_drivers.reading import DeviceImage, ProcessImage, Quality

_ACTING = frozenset({int(State.EXECUTING), int(State.STOPPING)})


def moving(image: ProcessImage, foreign: Container[str] = ()) -> tuple[str, ...]:
    """Devices that move, or whose standstill is not known.

    One that has never answered is not waited for, nor is one of ``foreign``, which another controller owns.
    """
    return tuple(device for device in image if device not in foreign and not _stands(image[device]))


def _stands(device: DeviceImage) -> bool:
    if not device.definition.is_commanded or device.quality is Quality.MISSING:
        return True
    state = device.value("state")
    if state is None or state in _ACTING:
        return False
    return "standstill" not in device.definition.status_index or device.value("standstill") is True
