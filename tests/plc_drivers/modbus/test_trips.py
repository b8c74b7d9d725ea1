"""The order of requests of one link, without any wire."""

from __future__ import annotations

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import DeviceKind
from plc_drivers.modbus.plan import compile_plan
from plc_drivers.modbus.trips import RETRY_MS_MAX, Trips, Turn
from plc_drivers.reading import Fault
from tests.plc_drivers.modbus.fake_plc import FakePlc
from tests.plc_drivers.modbus.sealed import beat

TIMEOUT = Fault("TIMEOUT", "no answer", "look")


class Wire:
    """Serves a link's requests in virtual time: ``dead`` units keep silent for ``timeout_ms``."""

    def __init__(self, *units: int, timeout_ms: int = 100, silence_ms: int = 0) -> None:
        bindings = [DeviceBinding(f"lift{unit}", unit, DeviceKind.LIFT, unit=unit) for unit in units]
        self.plcs = {binding.unit: FakePlc(binding) for binding in bindings}
        self.trips = Trips([compile_plan(binding) for binding in bindings], silence_ms=silence_ms)
        self.dead: set[int] = set()
        self.now_ms = 0
        self.timeout_ms = timeout_ms

    def trip(self) -> list[int]:
        """One trip; the units asked, in order."""
        asked = []
        self.trips.exchange(None, self.now_ms)
        while (turn := self.trips.next(self.now_ms)) is not None:
            asked.append(turn.plan.unit)
            self._serve(turn)
        return asked

    def _serve(self, turn: Turn) -> None:
        unit = turn.plan.unit
        if unit in self.dead:
            self.now_ms += self.timeout_ms
            self.trips.fail(turn, TIMEOUT, self.now_ms, silent=True)
            return
        self.now_ms += 1
        answer = self.plcs[unit].answer(turn.pdu)
        self.trips.accept(turn, answer[len(turn.operation.answer_head) :], self.now_ms)


def test_all_units_are_asked_in_the_order_of_the_configuration() -> None:
    wire = Wire(3, 1, 2)
    assert [wire.trip() for _ in range(3)] == [[3, 1, 2]] * 3
    assert wire.trips.exchanges == 3


def test_live_units_come_first_and_never_two_silent_ones_in_one_trip() -> None:
    wire = Wire(1, 2, 3)
    wire.dead = {1, 2}
    wire.trip()
    for _ in range(20):
        asked = wire.trip()
        assert asked[0] == 3
        assert len(asked) <= 2


def test_the_longest_gap_of_a_live_unit_is_one_time_out() -> None:
    wire = Wire(1, 2, 3)
    wire.trip()
    wire.dead = {1}
    last_ms, gap_ms = wire.now_ms, 0
    for _ in range(300):
        wire.trip()
        answer_ms = wire.trips.answers["lift3"].at_ms
        gap_ms = max(gap_ms, answer_ms - last_ms)
        last_ms = answer_ms
    assert gap_ms <= wire.timeout_ms + 3


def test_a_silent_unit_is_asked_again_for_ever_and_is_back_with_its_first_answer() -> None:
    wire = Wire(1, 2)
    wire.dead = {1}
    for _ in range(3000):
        wire.trip()
        wire.now_ms += 20
    asked_ms = wire.now_ms
    while 1 not in wire.trip():
        wire.now_ms += 20
    assert wire.now_ms - asked_ms <= RETRY_MS_MAX + wire.timeout_ms + 40
    wire.dead.clear()
    while 1 not in wire.trip():
        wire.now_ms += 20
    assert [wire.trip() for _ in range(3)] == [[1, 2]] * 3
    assert not wire.trips.faults


def test_a_unit_is_left_alone_for_its_silence_and_the_other_is_not() -> None:
    wire = Wire(1, 2, silence_ms=300)
    wire.dead = {1}
    assert wire.trip() == [1, 2]
    wire.dead.clear()
    silent_until_ms = wire.now_ms - 1 + 300
    while wire.now_ms < silent_until_ms:
        assert wire.trip() == [2]
    assert wire.trip() == [2, 1]


def test_devices_that_share_a_silent_unit_are_silent_together() -> None:
    bindings = [DeviceBinding(f"lift{n}", n, DeviceKind.LIFT, unit=1) for n in (1, 2)]
    trips = Trips([compile_plan(binding) for binding in bindings], silence_ms=300)
    trips.exchange(None, 0)
    turn = trips.next(0)
    assert turn is not None
    trips.fail(turn, TIMEOUT, 100, silent=True)
    assert trips.next(100) is None
    assert not trips.busy()


def test_an_urgent_write_to_nobody_leaves_the_wire_free() -> None:
    wire = Wire(1)
    wire.trips.urge(beat(1, "somebody-else"))
    assert not wire.trips.busy()
    assert wire.trips.next(0) is None


def test_the_newest_urgent_outputs_replace_those_that_wait() -> None:
    wire = Wire(1, 2)
    wire.trips.urge(beat(1, "lift1", "lift2"))
    first = wire.trips.next(0)
    assert first is not None
    wire.trips.urge(beat(2, "lift1", "lift2"))
    wire._serve(first)
    while (turn := wire.trips.next(0)) is not None:
        wire._serve(turn)
    written = [wire.plcs[unit].command(f"lift{unit}")["controller_heartbeat"] for unit in (1, 2)]
    assert written == [2, 2]
