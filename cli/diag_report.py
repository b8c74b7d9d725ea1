"""What ``garagectl diag`` heard, as tables and as JSON.

Owns how links, devices and tags are shown. Must never read anything itself.
"""

from __future__ import annotations

from cli.failure import Failure
from cli.plc_reader import Heard
from cli.printing import out, print_json, print_line, table
from plc_drivers.contract import Tag, TagType, Value
from plc_drivers.link import LinkStatus
from plc_drivers.reading import DeviceImage, Fault

_NOT_UP = Fault("not-up", "A link is not up yet.", "Give it more time with --seconds.")


def print_links(heard: Heard, *, as_json: bool) -> None:
    """Every link with its counters, and whether each device behind it is the right one."""
    images = heard.images.values()
    if as_json:
        links, devices = [_link_json(status) for status in heard.links], [_device_json(image) for image in images]
        print_json({"sound": heard.sound, "links": links, "devices": devices})
        return
    out.print(table(("link", "address", "state", "trips", "late", "bad", "ms"), map(_link_row, heard.links)))
    out.print()
    out.print(table(("device", "kind", "readings", "because"), map(_device_row, images)))


def print_tags(image: DeviceImage, *, as_json: bool) -> None:
    """Every status tag of a device."""
    tags = image.definition.status
    if as_json:
        print_json(_device_json(image) | {"tags": [_tag_json(image, index, tag) for index, tag in enumerate(tags)]})
        return
    print_line(f"{image.device} ({image.definition.title.lower()}): readings {image.quality.name.lower()}")
    out.print(table(("tag", "value", "meaning"), [_tag_row(image, index, tag) for index, tag in enumerate(tags)]))


def failure(heard: Heard) -> Failure:
    """The first thing that is not as it must be."""
    fault = _first_fault(heard).as_sentences()
    return Failure(fault.code.upper().replace("-", "_"), fault.detail, fault.remedy)


def _first_fault(heard: Heard) -> Fault:
    faults = [status.fault for status in heard.links if status.fault is not None]
    faults += [image.fault for image in heard.images.values() if image.fault is not None]
    return faults[0] if faults else _NOT_UP


def _link_row(status: LinkStatus) -> tuple[object, ...]:
    late, bad = status.timeouts, status.rejected
    trip_ms = f"{status.last_exchange_ms:.1f}" if status.exchanges else None
    return (status.name, status.address, status.state.value, status.exchanges, late, bad, trip_ms)


def _device_row(image: DeviceImage) -> tuple[object, ...]:
    fault = None if image.fault is None else image.fault.as_sentences()
    because = None if fault is None else f"{fault.detail} {fault.remedy}"
    return (image.device, image.definition.kind.name.lower(), image.quality.name.lower(), because)


def _fault_json(fault: Fault | None) -> dict[str, str] | None:
    return None if fault is None else {"code": fault.code, "text": fault.detail, "remedy": fault.remedy}


def _link_json(status: LinkStatus) -> dict[str, object]:
    return {
        "link": status.name,
        "protocol": status.protocol,
        "address": status.address,
        "state": status.state.value,
        "connects": status.connects,
        "exchanges": status.exchanges,
        "timeouts": status.timeouts,
        "rejected": status.rejected,
        "last_exchange_ms": status.last_exchange_ms,
        "fault": _fault_json(status.fault),
    }


def _device_json(image: DeviceImage) -> dict[str, object]:
    return {
        "device": image.device,
        "kind": image.definition.kind.name.lower(),
        "quality": image.quality.name.lower(),
        "fault": _fault_json(image.fault),
    }


def _tag_json(image: DeviceImage, index: int, tag: Tag) -> dict[str, object]:
    reading = image.reading(tag.name)
    return {
        "tag": tag.name,
        "value": image.values[index],
        "shown": _value_shown(tag, image.values[index]),
        "unit": tag.unit,
        "quality": reading.quality.name.lower(),
        "meaning": tag.meaning,
    }


def _tag_row(image: DeviceImage, index: int, tag: Tag) -> tuple[object, ...]:
    bad = " (bad)" if index in image.bad_tags else ""
    return (tag.name, f"{_value_shown(tag, image.values[index])}{bad}", tag.meaning)


def _value_shown(tag: Tag, value: Value | None) -> str:
    if value is None:
        return "-"
    if tag.wire is TagType.BOOL:
        return str(int(value))
    if tag.enum is not None and tag.admits(value):
        return f"{tag.enum(int(value)).name} ({value})"
    if tag.bits is not None:
        names = [bit.name for bit in tag.bits if int(value) & bit.value]
        return f"{'+'.join(names)} ({value})" if names else str(value)
    return f"{value} {tag.unit}".rstrip()
