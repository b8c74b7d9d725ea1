"""Outputs for tests of links. The gate alone may make them in the product; here its seal is borrowed."""

from __future__ import annotations

from plc_drivers import outputs
from plc_drivers.outputs import DeviceOutputs, MailboxCommand, PermittedOutputs


def permitted(devices: dict[str, DeviceOutputs]) -> PermittedOutputs:
    """Outputs as the gate makes them."""
    return PermittedOutputs(outputs._issued, devices)


def beat(
    heartbeat: int, *devices: str, permits: tuple[str, ...] = (), command: MailboxCommand | None = None
) -> PermittedOutputs:
    """The same outputs for each of the devices."""
    own = DeviceOutputs(heartbeat, 1, frozenset(permits), command or MailboxCommand())
    return permitted(dict.fromkeys(devices, own))
