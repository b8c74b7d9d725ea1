"""The one place that knows which link speaks which protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind
from plc_drivers.modbus.settings import ModbusRtuSettings, ModbusTcpSettings
from plc_drivers.opcua.settings import OpcUaSettings, OpcUaSettingsError
from plc_drivers.open_link import LinkSettings, open_link

BINDING = DeviceBinding("lift1", 1, DeviceKind.LIFT)


@pytest.mark.parametrize(
    ("settings", "protocol"),
    [
        (ModbusTcpSettings("plc", "127.0.0.1"), "modbus-tcp"),
        (ModbusRtuSettings("plc", Path("line")), "modbus-rtu"),
        (OpcUaSettings("plc", "opc.tcp://127.0.0.1:4840"), "opc-ua"),
    ],
)
async def test_each_kind_of_settings_opens_its_link_and_starts_nothing(settings: LinkSettings, protocol: str) -> None:
    link = open_link(settings, [BINDING])
    assert (link.name, link.devices, link.status().protocol) == ("plc", ("lift1",), protocol)
    assert link.exchange(None)
    assert not link.busy()
    await link.stop()


async def test_settings_that_cannot_be_used_are_refused_at_once() -> None:
    with pytest.raises(OpcUaSettingsError, match="HOST:PORT"):
        open_link(OpcUaSettings("plc", "127.0.0.1"), [BINDING])


@pytest.mark.parametrize("bindings", [[], [BINDING, BINDING]])
async def test_a_link_needs_each_device_once(bindings: list[DeviceBinding]) -> None:
    with pytest.raises(ValueError, match="device"):
        open_link(OpcUaSettings("plc", "opc.tcp://127.0.0.1:4840"), bindings)
