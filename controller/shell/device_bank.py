"""All devices of the garage as they were seen last: from the links' answers to the process image.

Owns one watch for each device. Must never put a value into the image that a watch has not judged (H10).
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from plc_drivers.device_watch import DeviceWatch
from plc_drivers.link import Link
from plc_drivers.reading import DeviceImage, ProcessImage


class DeviceBank:
    """Every device with its watch and the link that reaches it."""

    def __init__(self, links: Sequence[Link], watches: Mapping[str, DeviceWatch]) -> None:
        self._watched = tuple((link, tuple((device, watches[device]) for device in link.devices)) for link in links)
        self.link_of = {device: link for link in links for device in link.devices}

    def image(self, now_ms: int, written: Container[str]) -> ProcessImage:
        """The process image at ``now_ms``; ``written`` names the devices to which the controller writes."""
        devices: dict[str, DeviceImage] = {}
        for link, watched in self._watched:
            answers = link.answers()
            faults = link.faults()
            for device, watch in watched:
                devices[device] = watch.observe(
                    answers.get(device), faults.get(device), now_ms, writing=device in written
                )
        return ProcessImage(now_ms, devices)
