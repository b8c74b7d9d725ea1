"""Who owns the devices: the epoch that this controller takes, and devices that belong to another (H13).

Owns the reading of owner epochs. Must never lower an epoch, and never fight for a device that another controller
has taken: two controllers that outbid each other would both move the machine, in turns.
"""

from __future__ import annotations

from controller.local_link.messages import Reason
from plc_drivers.reading import ProcessImage

SEEK_MS = 2000
"""How long a starting controller waits for all PLCs to tell the epoch that they have seen."""

EPOCH_MAX = 0xFFFF_FFFF
_EPOCH_ABSURD = EPOCH_MAX - 1_000_000
"""No garage starts its controller four thousand million times. A device that shows such an epoch is defective or
was tampered with; following it would leave no number for the next owner of all the others."""


def highest_seen(image: ProcessImage) -> int:
    """Highest believable owner epoch that any device shows; 0 when none does."""
    return max((epoch for epoch in _epochs(image).values() if epoch < _EPOCH_ABSURD), default=0)


def all_known(image: ProcessImage) -> bool:
    """True when every device that has an owner shows it, with good quality."""
    return len(_epochs(image)) == sum(1 for device in image if _has_owner(image, device))


def foreign(image: ProcessImage, epoch: int, before: tuple[str, ...]) -> tuple[str, ...]:
    """Devices that show a higher epoch than ours: another controller owns them.

    One of ``before`` that cannot be read now stays foreign: not seeing the other owner does not make it ours.
    """
    shown = _epochs(image)
    return tuple(device for device in image if shown.get(device, epoch + (device in before)) > epoch)


def foreign_reason(device: str, image: ProcessImage, epoch: int) -> Reason:
    """Why nothing is written to a device that another controller owns."""
    seen = image[device].reading("owner_epoch").value
    return Reason(
        code="NOT_OWNER",
        text=f"{device} obeys owner epoch {seen}, this controller has {epoch}: another controller has taken it.",
        remedy="Find the other controller and stop it, then restart this one so that it takes the device back.",
    )


def _has_owner(image: ProcessImage, device: str) -> bool:
    return "owner_epoch" in image[device].definition.status_index


def _epochs(image: ProcessImage) -> dict[str, int]:
    found: dict[str, int] = {}
    for device in image:
        if _has_owner(image, device) and (seen := image.value(device, "owner_epoch")) is not None:
            found[device] = int(seen)
    return found
