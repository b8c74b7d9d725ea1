"""The safety PLC's program: zones, their hard-wired stop, and the reset by a person at the machine.

Owns the torque outputs of all zones. Must never give torque back by itself: that takes the zone's blue button (H11).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plc_drivers.contract import Value
from plc_drivers.contract.safety import ZONES, zone_tag
from sim_hardware.plant.ports import SafetyPort

_DISCREPANCY_MS = 500
"""Two channels of one circuit that disagree for longer than this are a fault of the circuit."""


class _Zone:
    """Memory of one zone."""

    def __init__(self, presses: int) -> None:
        self.reset_done = True
        self.presses = presses
        self.agreed_at_ms: int | None = None
        self.faulty = False


class SafetyProgram:
    """All zones of ``port``; zones that the garage does not have read as their wiring leaves them.

    ``is_set_up`` is the wire of the zone's key switches: True while one of them is not in automatic. Then the drives
    of the zone have safe limited speed.
    """

    def __init__(
        self, port: SafetyPort, zones: tuple[int, ...], is_set_up: Callable[[int], bool] = lambda _zone: False
    ) -> None:
        self._port = port
        self._is_set_up = is_set_up
        self._zones = {number: _Zone(port.reset_presses(number)) for number in zones}
        self._inputs: dict[str, Value] = {}
        self._stamp: tuple[int, tuple[tuple[bool, bool], ...]] | None = None

    def restart(self) -> None:
        """The PLC started anew: every zone needs its reset again."""
        for number, zone in self._zones.items():
            zone.reset_done = False
            zone.faulty = False
            zone.presses = self._port.reset_presses(number)

    def scan(self, now_ms: int) -> None:
        """One scan over all zones; sets the torque outputs."""
        for number, zone in self._zones.items():
            self._look(number, zone, now_ms)
            self._port.enable_torque(number, on=zone.reset_done)
            self._port.enable_full_speed(number, on=not self._is_set_up(number))

    def _look(self, number: int, zone: _Zone, now_ms: int) -> None:
        port = self._port
        first, second = port.estop_channel_a(number), port.estop_channel_b(number)
        if first is second:
            zone.agreed_at_ms = now_ms
        zone.faulty = zone.faulty or (zone.agreed_at_ms is not None and now_ms - zone.agreed_at_ms > _DISCREPANCY_MS)
        presses = port.reset_presses(number)
        pressed, zone.presses = presses != zone.presses, presses
        if pressed and first and second:
            zone.faulty = False
        safe = (
            first
            and second
            and not zone.faulty
            and port.estop_connected(number)
            and port.guards_closed(number)
            and port.lockout_clear(number)
        )
        zone.reset_done = safe and (zone.reset_done or pressed)

    def inputs(self) -> Mapping[str, Value]:
        """The safety PLC's own status tags; sampled anew only when the plant or a latch has changed."""
        stamp = (self._port.revision, tuple((zone.reset_done, zone.faulty) for zone in self._zones.values()))
        if self._stamp != stamp:
            self._inputs = self._sample()
            self._stamp = stamp
        return self._inputs

    def _sample(self) -> dict[str, Value]:
        port = self._port
        values: dict[str, Value] = {
            "fire_clear": port.fire_clear,
            "seismic_clear": port.seismic_clear,
            "mains_ok": port.mains_ok,
            "generator_off": port.generator_off,
        }
        for number in range(1, ZONES + 1):
            zone = self._zones.get(number)
            faulty = zone is not None and zone.faulty
            values[zone_tag("estop_released", number)] = port.estop_channel_a(number) and port.estop_channel_b(number)
            values[zone_tag("estop_connected", number)] = port.estop_connected(number) and not faulty
            values[zone_tag("reset_done", number)] = zone is not None and zone.reset_done
            values[zone_tag("guards_closed", number)] = port.guards_closed(number)
            values[zone_tag("lockout_clear", number)] = port.lockout_clear(number)
            values[zone_tag("torque_enabled", number)] = port.torque_enabled(number)
            values[zone_tag("full_speed_enabled", number)] = port.full_speed_enabled(number)
        return values
