"""Reading PLCs directly, with or without a controller running.

Owns the links that ``diag`` opens and how long it listens. Must never write: every exchange here is one that only
reads, so that no heartbeat, permit or command can come from a diagnosis.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.failure import Failure
from controller.config.links import Link as LinkSection
from controller.config.models import GarageConfig
from controller.shell.links import bindings_of, settings_of, watches_of
from controller.shell.start_error import StartError
from plc_drivers.clock import monotonic_ms
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.link import Link, LinkState, LinkStatus
from plc_drivers.open_link import open_link
from plc_drivers.reading import DeviceImage, Quality

_PERIOD_S = 0.05


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard on the links: how each does, and the last image of each device behind them."""

    links: tuple[LinkStatus, ...]
    images: Mapping[str, DeviceImage]

    @property
    def sound(self) -> bool:
        """Every link is up and every device's readings are good."""
        return all(status.state is LinkState.UP for status in self.links) and all(
            image.quality is Quality.GOOD for image in self.images.values()
        )


def hear(
    config: GarageConfig,
    state: Path,
    names: Sequence[str],
    within_s: float,
    *,
    whole_time: bool = False,
    only: str | None = None,
) -> Heard:
    """``listen`` for a caller without an event loop.

    Raises:
        Failure: a link cannot be used as it is configured.
    """
    try:
        return asyncio.run(listen(config, state, names, within_s, whole_time=whole_time, only=only))
    except StartError as error:
        raise Failure(error.code, error.text, error.remedy) from error


async def listen(
    config: GarageConfig,
    state: Path,
    names: Sequence[str],
    within_s: float,
    *,
    whole_time: bool = False,
    only: str | None = None,
) -> Heard:
    """Read the named links until every device behind them is proven good, at most ``within_s``.

    With ``whole_time`` the links are read to the end of that time, for their counters. ``only`` names the one
    device that is asked about, where others share its link.

    Raises:
        StartError: a link cannot be used as it is configured.
    """
    watches = watches_of(config)
    async with contextlib.AsyncExitStack() as stack:
        links: list[Link] = []
        for section in config.links:
            if section.id in names:
                link = _opened(config, section, state)
                stack.push_async_callback(link.stop)
                links.append(link)
        for link in links:
            link.start()
        heard = _observe(links, watches, only)
        for _ in range(max(1, round(within_s / _PERIOD_S))):
            for link in links:
                link.exchange(None)
            await asyncio.sleep(_PERIOD_S)
            heard = _observe(links, watches, only)
            if heard.sound and not whole_time:
                break
        return heard


def _opened(config: GarageConfig, section: LinkSection, state: Path) -> Link:
    try:
        return open_link(settings_of(section, state), bindings_of(config, section.id))
    except ValueError as error:
        # The drivers' own errors about settings and bindings are ValueErrors that name the key and the remedy.
        raise StartError("LINK_UNUSABLE", f"Link {section.id}: {error}.", "Correct the configuration.") from error


def _observe(links: Sequence[Link], watches: Mapping[str, DeviceWatch], only: str | None) -> Heard:
    now_ms = monotonic_ms()
    images = {}
    for link in links:
        answers, faults = link.answers(), link.faults()
        fault = link.status().fault
        for device in (only,) if only is not None else link.devices:
            reason = faults.get(device, fault)
            images[device] = watches[device].observe(answers.get(device), reason, now_ms, writing=False)
    return Heard(tuple(link.status() for link in links), images)
