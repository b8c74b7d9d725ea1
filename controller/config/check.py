"""Every check on a typed configuration, in one call.

Owns the order of the checks. Must never do I/O: what a file system or a network would have to say is asked elsewhere.
"""

from __future__ import annotations

from datetime import date

from controller.config.finding import Finding
from controller.config.geometry import check_geometry
from controller.config.models import GarageConfig
from controller.config.references import check_references
from controller.config.sensors import check_sensors
from controller.config.timing import check_timing
from controller.config.wiring import check_wiring


def check(config: GarageConfig, *, memory_links: bool = False, today: date | None = None) -> list[Finding]:
    """Everything that is wrong with a configuration, at once; an empty list when it can be run.

    Geometry is looked at only when every name refers to something: before, its findings would be consequences.
    ``memory_links`` allows links without a wire, which only tests and simulations may use. ``today`` (UTC) is what
    waivers are measured against; without it their dates are not judged.
    """
    named = check_references(config)
    findings = [*named, *check_wiring(config, memory_links=memory_links), *check_timing(config)]
    if not named:
        findings += check_geometry(config)
    if not findings:
        findings += check_sensors(config, today)
    return findings
