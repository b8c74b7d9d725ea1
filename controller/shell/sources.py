"""Where each reading of a garage comes from, in words: link, and register or node.

Owns the wording of a source. Must never open a link.
"""

from __future__ import annotations

from controller.config.links import Link, MemoryLink, OpcUaLink
from controller.config.models import GarageConfig
from controller.shell.links import bindings_of
from plc_drivers.binding import DeviceBinding
from plc_drivers.modbus.plan import tag_places
from plc_drivers.profile import OpcUaProfile

OURSELVES = ("", "the controller's own output")


class Sources:
    """Link and place of every tag of a garage.

    Raises:
        StartError: PROFILE_UNUSABLE.
    """

    def __init__(self, config: GarageConfig) -> None:
        self._places: dict[tuple[str, str], tuple[str, str]] = {}
        for link in config.links:
            for binding in bindings_of(config, link.id):
                for tag, place in _places(link, binding).items():
                    self._places[binding.device, tag] = (link.id, place)

    def of(self, device: str, tag: str) -> tuple[str, str]:
        """Link id and place, as ``("lift-plc", "holding register 136 bit 10, unit 1")``.

        What is no status tag, as a permit, is the controller's own.
        """
        return self._places.get((device, tag), OURSELVES)


def _places(link: Link, binding: DeviceBinding) -> dict[str, str]:
    status = [tag.name for tag in binding.definition.status]
    match link:
        case OpcUaLink():
            profile = OpcUaProfile() if binding.profile is None else binding.profile.opcua
            absent = binding.absent | profile.absent
            nodes = {name: profile.node(binding.device, name) for name in status}
            return {
                name: "no sensor" if name in absent else f"node {node} of {namespace}"
                for name, (namespace, node) in nodes.items()
            }
        case MemoryLink():
            return dict.fromkeys(status, "in this process")
        case _:
            return _modbus_places(binding, status)


def _modbus_places(binding: DeviceBinding, status: list[str]) -> dict[str, str]:
    places = tag_places(binding)
    found: dict[str, str] = {}
    for name in status:
        place = places[name]
        if place is None:
            found[name] = "no sensor"
            continue
        noun = place.area.value if place.area.holds_bits else f"{place.area.value} register"
        bit = "" if place.bit is None else f" bit {place.bit}"
        found[name] = f"{noun} {place.address}{bit}, unit {binding.unit}"
    return found
