"""From the configuration to the links and watches of a garage.

Owns which device stands behind which link, under which profile. Must never open anything: links connect when
they are started, and go on trying for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from controller.config.links import Link, MemoryLink, ModbusRtuLink, ModbusTcpLink, OpcUaLink
from controller.config.models import DeviceSection, GarageConfig
from controller.shell.start_error import StartError
from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.link import Link as PlcLink
from plc_drivers.modbus.settings import ModbusRtuSettings, ModbusTcpSettings
from plc_drivers.opcua.settings import OpcUaSecurity, OpcUaSettings
from plc_drivers.open_link import open_link
from plc_drivers.profile import Profile, ProfileError, load_profile

Settings = ModbusTcpSettings | ModbusRtuSettings | OpcUaSettings


def open_links(config: GarageConfig, state_dir: Path) -> tuple[PlcLink, ...]:
    """One link for each of the configuration's, not started yet.

    Raises:
        StartError: LINK_UNUSABLE, with the link and what is wrong with it, or its profile.
    """
    return tuple(_open(section, config, state_dir) for section in config.links)


def watches_of(config: GarageConfig) -> dict[str, DeviceWatch]:
    """One watch for each device, by name."""
    default_ms = config.controller.plc_timeout_ms
    return {
        section.id: DeviceWatch(
            section.id,
            binding.definition,
            section.number,
            section.plc_timeout_ms or default_ms,
            section.controller_timeout_ms,
        )
        for section, kind in devices_of(config)
        for binding in (DeviceBinding(section.id, section.number, kind),)
    }


def bindings_of(config: GarageConfig, link: str) -> tuple[DeviceBinding, ...]:
    """The devices behind a link, in the order of the configuration.

    Raises:
        StartError: PROFILE_UNUSABLE.
    """
    return tuple(
        DeviceBinding(section.id, section.number, kind, section.unit, _profile(section), frozenset(section.absent))
        for section, kind in devices_of(config)
        if section.link == link
    )


def devices_of(config: GarageConfig) -> Iterator[tuple[DeviceSection, DeviceKind]]:
    """Every device of the garage with its kind."""
    kinds: tuple[tuple[DeviceKind, Sequence[DeviceSection]], ...] = (
        (DeviceKind.LIFT, config.lifts),
        (DeviceKind.SHUTTLE, config.shuttles),
        (DeviceKind.CABIN, config.cabins),
        (DeviceKind.SAFETY, (config.safety,)),
    )
    for kind, sections in kinds:
        for section in sections:
            yield section, kind


def settings_of(link: Link, state_dir: Path) -> Settings:
    """A link's settings as its driver wants them; a relative serial port lies in the state directory.

    Raises:
        StartError: LINK_UNUSABLE for a link without a wire, which only tests put in.
    """
    match link:
        case ModbusTcpLink():
            return ModbusTcpSettings(
                link.id, link.host, link.port, link.timeout_ms, link.connect_timeout_ms, link.connect_spacing_ms
            )
        case ModbusRtuLink():
            return ModbusRtuSettings(
                link.id,
                state_dir / link.port,
                link.baud,
                link.parity,
                link.stop_bits,
                link.timeout_ms,
                link.silence_after_timeout_ms,
            )
        case OpcUaLink():
            return OpcUaSettings(
                link.id,
                link.url,
                link.timeout_ms,
                link.connect_timeout_ms,
                OpcUaSecurity(link.security),
                link.certificate,
                link.private_key,
                link.server_certificate,
                link.user,
                link.password_file,
            )
        case MemoryLink():
            raise StartError(
                "LINK_UNUSABLE",
                f"Link {link.id} has protocol memory, which reaches no PLC.",
                "Give it protocol modbus-tcp, modbus-rtu or opc-ua.",
            )


def _open(section: Link, config: GarageConfig, state_dir: Path) -> PlcLink:
    bindings = bindings_of(config, section.id)
    settings = settings_of(section, state_dir)
    try:
        return open_link(settings, bindings)
    except ValueError as error:
        # The drivers' own errors (settings, binding) are ValueErrors that name the link, the key and the remedy.
        raise StartError("LINK_UNUSABLE", f"Link {section.id}: {error}.", "Correct the configuration.") from error


def _profile(section: DeviceSection) -> Profile | None:
    if section.profile is None:
        return None
    try:
        return load_profile(section.profile)
    except ProfileError as error:
        text = "; ".join(str(error).splitlines())
        raise StartError("PROFILE_UNUSABLE", f"Device {section.id}: {text}.", "Correct the profile.") from error
