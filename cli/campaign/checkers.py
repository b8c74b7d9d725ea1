"""What must hold in a campaign, looked at from outside of the controller.

Owns the checks. They know the plant, the PLCs' outputs and the journal on disk, and nothing that the controller keeps
to itself. Must never change anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cli.campaign.booking_check import BookingCheck
from cli.campaign.generator_share import GeneratorShare
from cli.campaign.virtual_garage import VirtualGarage
from controller.core.events import CommandIntended
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import State
from sim_hardware.plant.axis import Axis
from sim_hardware.plant.body import SeatKind, VehicleBody
from sim_hardware.plant.door import PowerDoor
from sim_hardware.plc.commanded import CommandedPlc

SCANS_BACK = 2
"""A permit may be dropped in the scan that begins a motion; it must have been there in one of so many before."""
_NEVER_WAIT = frozenset({CommandCode.NONE, CommandCode.STOP, CommandCode.OPEN_OUTER_DOOR})
_ENDING = frozenset({State.STOPPING, State.ABORTED, State.STOPPED})


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach: its kind, when, and what was seen."""

    kind: str
    at_ms: int
    text: str


@dataclass(slots=True)
class _Watched:
    """A drive with the permits without one of which it must not begin to move."""

    name: str
    drive: Axis | PowerDoor
    plc: CommandedPlc
    permits: tuple[str, ...]
    moved: bool = False
    permitted: int = 0


class Checkers:
    """The checks of every cycle, with what they remember."""

    def __init__(self, garage: VirtualGarage) -> None:
        self._garage = garage
        self._drives = list(_drives(garage))
        self.share = GeneratorShare(garage)
        self.bookings = BookingCheck(garage)
        self._commanded = [plc for plc in garage.hardware.devices.values() if isinstance(plc, CommandedPlc)]
        self._intents: set[tuple[str, int]] = set()
        self._read_seq = 0
        self._salvages = 0
        self._active: dict[str, tuple[int, int]] = {}
        self._seen = 0

    def look(self) -> Finding | None:
        """After a cycle: the first breach, None while all holds."""
        return self._judge() or self._motion() or self._intent() or self._generator() or self._booking()

    def _judge(self) -> Finding | None:
        seen = self._garage.hardware.verdict()
        if seen.clean:
            return None
        first = seen.violations[0]
        return self._finding(f"violation:{first.kind.value}", first.text)

    def _motion(self) -> Finding | None:
        """No drive begins to move without its permit held in the PLC's outputs."""
        for drive in self._drives:
            held = any(drive.plc.read(f"holds_{permit}") for permit in drive.permits)
            drive.permitted = SCANS_BACK if held else max(0, drive.permitted - 1)
            moves = drive.drive.moving
            began, drive.moved = moves and not drive.moved, moves
            if began and not drive.permitted and not (isinstance(drive.drive, Axis) and drive.drive.braking):
                wanted = " or ".join(drive.permits)
                return self._finding("motion-without-permit", f"{drive.name} moves without {wanted}")
        return None

    def _generator(self) -> Finding | None:
        """No drive begins on the generator beside as many as it carries."""
        breach = self.share.look()
        return self._finding("too-many-on-generator", breach) if breach else None

    def _booking(self) -> Finding | None:
        """No booking of the journal is lost, and nobody who booked and has come is left without an order."""
        breach = self.bookings.look()
        return self._finding("booking-not-kept", breach) if breach else None

    def _intent(self) -> Finding | None:
        """No PLC carries out a command whose intent is not durable in the journal; the way out for people may."""
        for plc in self._commanded:
            now = (int(plc.read("active_command")), int(plc.read("ack_seq")))
            if now == self._active.get(plc.name):
                continue
            self._active[plc.name] = now
            if now[0] in _NEVER_WAIT or plc.lies:
                continue
            self._read_intents()
            if (plc.name, now[1]) not in self._intents:
                return self._finding("command-without-intent", f"{plc.name} carries out number {now[1]}")
        return None

    def _read_intents(self) -> None:
        if self._garage.disk.salvages != self._salvages:
            self._salvages = self._garage.disk.salvages
            self._read_seq = 0
            self._intents.clear()
        for recorded in self._garage.disk.events_after(self._read_seq):
            self._read_seq = recorded.seq
            if isinstance(recorded.event, CommandIntended):
                self._intents.add((recorded.event.device, recorded.event.seq))

    def _finding(self, kind: str, text: str) -> Finding:
        return Finding(kind, self._garage.now_ms, text)


def inventory(garage: VirtualGarage) -> Iterator[Finding]:
    """Cars counted in the plant against the books: none lost, none twice, each where it is said to be."""
    books = {car: v.position for car, v in garage.core.state.vehicles.items() if v.position is not None}
    real = {body.id: body for body in garage.hardware.plant.scene.vehicles.values() if _is_inside(body)}
    for car in sorted(books.keys() - real.keys()):
        yield Finding("car-lost", garage.now_ms, f"the books have {car} at {books[car]}; it is not in the garage")
    for car in sorted(real.keys() - books.keys()):
        yield Finding("car-unbooked", garage.now_ms, f"{car} stands at {real[car].seat}; the books do not have it")
    for car in sorted(books.keys() & real.keys()):
        position = books[car] or ""
        if car not in garage.cars_at(position):
            yield Finding("car-moved", garage.now_ms, f"the books have {car} at {position}; it is at {real[car].seat}")
    if len(set(books.values())) != len(books):
        yield Finding("car-doubled", garage.now_ms, "two cars have one position in the books")


def _is_inside(body: VehicleBody) -> bool:
    """In the machine's hands; a car on a cabin's lane is still its driver's."""
    return body.seat.kind not in {SeatKind.AWAY, SeatKind.LANE}


def _drives(garage: VirtualGarage) -> Iterator[_Watched]:
    plant, layout = garage.hardware.plant, garage.layout

    def plc(name: str) -> CommandedPlc:
        return _commanded(garage, name)

    for name in layout.lifts:
        yield _Watched(f"{name}.drive", plant.lift(name).axis, plc(name), ("travel",))
    for name in layout.shuttles:
        shuttle = plant.shuttle(name)
        yield _Watched(f"{name}.drive", shuttle.axis, plc(name), ("travel",))
        yield _Watched(f"{name}.forks", shuttle.fork_axis, plc(name), ("transfer",))
    for name in layout.cabins:
        cabin = plant.cabin(name)
        yield _Watched(f"{name}.turntable", cabin.table, plc(name), ("rotate",))
        yield _Watched(f"{name}.outer", cabin.outer, plc(name), ("outer_open", "outer_close"))
        yield _Watched(f"{name}.inner", cabin.inner, plc(name), ("inner",))


def _commanded(garage: VirtualGarage, name: str) -> CommandedPlc:
    found = garage.hardware.devices[name]
    if not isinstance(found, CommandedPlc):
        raise TypeError(f"{name} takes no commands")
    return found
