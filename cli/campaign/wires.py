"""The links of a garage in virtual time, and the damage that can be done to them.

Owns when an answer arrives and whether it does. What a driver rejects on a real wire (cut off, foreign, noise) does not
arrive here. Must never change what a PLC did: the request has been carried out when a fault meets its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.config.models import GarageConfig
from controller.config.sections import definition_of, devices
from plc_drivers.binding import DeviceBinding
from plc_drivers.link import RawAnswer
from plc_drivers.memory_link import MemoryLink
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault as LinkFault
from sim_hardware.fault import Effect, Fault, FaultKind, FaultRefusedError
from sim_hardware.fault_kinds import check_figures, wrong_target
from sim_hardware.plc.device import EmulatedPlc

ANSWER_TIMEOUT_MS = 200
"""An answer that is later than this is given up by the driver: it counts as lost."""

_SILENT = LinkFault("NO_ANSWER", "the device did not answer in time", "check power and cable")


class _Wire:
    """One device's connection."""

    def __init__(self, link: MemoryLink, plc: EmulatedPlc) -> None:
        self.link = link
        self.plc = plc
        self.answer: RawAnswer | None = None
        self.late: tuple[int, RawAnswer] | None = None
        """An answer that is under way, with the moment of its arrival; the link waits for it."""


class VirtualWires:
    """The links of ``config`` to the PLCs of one garage; implements ``fault_wire.Wires``."""

    def __init__(self, config: GarageConfig, plcs: Mapping[str, EmulatedPlc], clock_ms: Callable[[], int]) -> None:
        self.cut: set[str] = set()
        """Devices whose link is cut: they answer nothing and hear nothing."""
        self._config = config
        self._plcs = plcs
        self._clock_ms = clock_ms
        self._links = {link.id: [s.id for _, s in devices(config) if s.link == link.id] for link in config.links}
        self._faults: dict[str, _Damage] = {}
        self._link_of = {device: link for link, names in self._links.items() for device in names}
        self._wires: dict[str, _Wire] = {}
        self.connect()

    @property
    def links(self) -> Mapping[str, list[str]]:
        """The devices behind each link."""
        return self._links

    @property
    def damaged(self) -> tuple[str, ...]:
        """Links with a fault now."""
        return tuple(self._faults)

    def connect(self) -> None:
        """A controller has started: fresh links, which have heard nothing yet."""
        for _, section in devices(self._config):
            definition = definition_of(section)
            binding = DeviceBinding(section.id, section.number, definition.kind, 1, None, frozenset(section.absent))
            plc = self._plcs[section.id]
            link = MemoryLink(section.id, [binding], {section.id: plc}, clock_ms=self._clock_ms)
            link.start()
            self._wires[section.id] = _Wire(link, plc)

    def exchange(self, outputs: PermittedOutputs | None) -> None:
        """One round with every PLC."""
        now_ms = self._clock_ms()
        for device, wire in self._wires.items():
            if device in self.cut:
                continue
            damage = self._faults.get(self._link_of[device]) if self._faults else None
            if damage is None and wire.late is None:
                wire.link.exchange(outputs)
                wire.answer = self._seen(wire, device)
            else:
                self._exchange_badly(wire, device, damage, outputs, now_ms)

    def answer(self, device: str) -> RawAnswer | None:
        """The last answer that arrived."""
        return None if device in self.cut else self._wires[device].answer

    def fault(self, device: str) -> LinkFault | None:
        """Why the last exchange failed."""
        if device in self.cut or self._link_of[device] in self._faults:
            return _SILENT
        return self._wires[device].link.faults().get(device)

    def effect(self, fault: Fault) -> Effect:
        """See ``fault_wire.Wires``.

        Raises:
            FaultRefusedError: there is no such link, or the figures do not fit.
        """
        if fault.target not in self._links:
            raise wrong_target(fault, tuple(self._links))
        check_figures(fault)
        if fault.kind is FaultKind.LOSSY and (fault.value or 0) < 1:
            raise FaultRefusedError("BAD_FAULT", "No answer is lost so.", "Give 1 or more.")
        damage = _Damage(fault)

        def begin() -> None:
            self._faults[fault.target] = damage

        def end() -> None:
            self._faults.pop(fault.target, None)

        return Effect(begin, end, lambda: damage.met)

    def _seen(self, wire: _Wire, device: str) -> RawAnswer:
        answer = wire.link.answers()[device]
        if not wire.plc.bad_tags:
            return answer
        index = wire.plc.definition.status_index
        bad = answer.bad_tags | {index[tag] for tag in wire.plc.bad_tags}
        values = tuple(None if place in bad else value for place, value in enumerate(answer.values))
        return RawAnswer(values, bad, answer.sent_ms, answer.at_ms, answer.written)

    def _exchange_badly(
        self, wire: _Wire, device: str, damage: _Damage | None, outputs: PermittedOutputs | None, now_ms: int
    ) -> None:
        if wire.late is not None:
            due_ms, answer = wire.late
            if now_ms < due_ms:
                return
            wire.late = None
            wire.answer = RawAnswer(answer.values, answer.bad_tags, answer.sent_ms, now_ms, answer.written)
            return
        wire.link.exchange(outputs)
        answer = self._seen(wire, device)
        delay_ms = 0 if damage is None else damage.delay_ms(device)
        if delay_ms is None or delay_ms > ANSWER_TIMEOUT_MS:
            return
        if delay_ms:
            wire.late = (now_ms + delay_ms, answer)
        else:
            wire.answer = answer


class _Damage:
    """What a fault does to the answers of a link."""

    def __init__(self, fault: Fault) -> None:
        self.met = 0
        self._fault = fault
        self._seen: dict[str, int] = {}

    def delay_ms(self, device: str) -> int | None:
        """How late the next answer comes; None when it never does."""
        kind = self._fault.kind
        if kind in {FaultKind.LOSSY, FaultKind.OVERTAKING}:
            self._seen[device] = count = self._seen.get(device, 0) + 1
            # An answer that was overtaken has an older number than the one before it: drivers drop it.
            if count % (2 if kind is FaultKind.OVERTAKING else self._fault.value or 1):
                return 0
        self.met += 1
        if kind is FaultKind.LATE:
            return self._fault.period_ms
        # An answer that comes again carries a number that was answered already: drivers drop it.
        return 0 if kind is FaultKind.REPEATED else None
