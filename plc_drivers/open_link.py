"""The one place that knows which link speaks which protocol.

Owns the way from settings to a link. Must never start it: that needs a running event loop, and is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import assert_never

from plc_drivers.binding import DeviceBinding
from plc_drivers.clock import monotonic_ms
from plc_drivers.link import Link
from plc_drivers.modbus.rtu_link import ModbusRtuLink
from plc_drivers.modbus.settings import ModbusRtuSettings, ModbusTcpSettings
from plc_drivers.modbus.tcp_link import ModbusTcpLink
from plc_drivers.opcua.settings import OpcUaSettings

LinkSettings = ModbusTcpSettings | ModbusRtuSettings | OpcUaSettings
"""Settings of every kind of link that has a wire."""


def open_link(
    settings: LinkSettings,
    bindings: Sequence[DeviceBinding],
    *,
    clock_ms: Callable[[], int] = monotonic_ms,
    on_idle: Callable[[], None] | None = None,
) -> Link:
    """The link for these settings, not started.

    Args:
        settings: how the PLCs are reached.
        bindings: the devices behind the link; at least one.
        clock_ms: the controller's monotonic clock, in ms.
        on_idle: called each time the wire has become free.

    Raises:
        BindingError: a device cannot be exchanged under its profile.
        OpcUaSettingsError: an OPC UA setting, or one of its files, cannot be used.
        ValueError: no device, or one twice.
    """
    match settings:
        case ModbusTcpSettings():
            return ModbusTcpLink(settings, bindings, clock_ms=clock_ms, on_idle=on_idle)
        case ModbusRtuSettings():
            return ModbusRtuLink(settings, bindings, clock_ms=clock_ms, on_idle=on_idle)
        case OpcUaSettings():
            # The OPC UA stack is half a second of a start and 30 MB: only a garage that has such a link pays for it.
            from plc_drivers.opcua.link import OpcUaLink

            return OpcUaLink(settings, bindings, clock_ms=clock_ms, on_idle=on_idle)
        case _:
            assert_never(settings)
