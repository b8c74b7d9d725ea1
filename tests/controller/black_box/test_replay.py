"""A recording decided again comes out the same, from any point on; and what differs is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

import cli.campaign.run as campaign
from controller.black_box.form import FORMAT, Cycle, Head, Message, Start
from controller.black_box.reader import RecordingError
from controller.black_box.replay import Played, Replay
from controller.config.load import load_config
from controller.core import waiting
from controller.core.core import GarageCore
from controller.local_link.booking_messages import AnnounceBooking, BookSlot
from controller.local_link.messages import ClearDevice, SubmitOrder
from controller.local_link.messages import Start as SystemStart
from tests.conftest import CONFIG_FOLDER
from tests.controller.black_box.recording_garage import RecordingGarage

HOUR_MS = 3_600_000


def recorded(
    monkeypatch: pytest.MonkeyPatch, name: str, seed: int, minutes: float, segment_cycles: int
) -> list[Message]:
    """A course with faults of every kind, kills, orders and an operator, as the campaign makes them."""
    monkeypatch.setattr(campaign, "VirtualGarage", RecordingGarage)
    monkeypatch.setattr(RecordingGarage, "segment_cycles", segment_cycles)
    hours = minutes / 60
    settings = campaign.Settings(
        seed, hours, fault_rate=60.0, order_rate=12.0, jumps=False, until_ms=round(hours * HOUR_MS)
    )
    run = campaign.Run(load_config(CONFIG_FOLDER / f"{name}.toml"), settings)
    outcome = run.run()
    assert not outcome.findings
    assert isinstance(run.garage, RecordingGarage)
    return run.garage.messages


def played(messages: Sequence[Message]) -> list[Played]:
    """Every cycle, decided again."""
    return list(Replay().play(messages))


def cycles(messages: Sequence[Message]) -> list[Cycle]:
    """The cycles of a recording."""
    return [message for message in messages if isinstance(message, Cycle)]


@pytest.mark.parametrize(
    ("name", "seed", "minutes", "segment_cycles"),
    [("tower-small", 9, 25, 97), ("tower-guangzhou", 11, 15, 211), ("garage-shuttle", 10, 8, 151)],
)
def test_every_decision_comes_out_the_same_from_wherever_a_segment_begins(
    monkeypatch: pytest.MonkeyPatch, name: str, seed: int, minutes: float, segment_cycles: int
) -> None:
    messages = recorded(monkeypatch, name, seed, minutes, segment_cycles)
    kinds = {type(one.event).__name__ for cycle in cycles(messages) for one in cycle.events}
    assert {"OrderStarted", "CommandEnded", "AlarmRaised"} <= kinds, "the course must have something to decide"
    replay = Replay()
    course = list(replay.play(messages))
    assert [one.differences for one in course if one.differences] == []
    assert len(course) == len(cycles(messages))
    assert replay.gaps > 20, "each segment had to stand on its own memory"


def test_what_was_done_for_bookings_comes_out_the_same_from_wherever_a_segment_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RecordingGarage, "segment_cycles", 37)
    config = campaign.campaign_config(load_config(CONFIG_FOLDER / "tower-small.toml"), 1)
    garage = RecordingGarage(config, period_ms=campaign.PERIOD_MS)
    assert garage.until(lambda: garage.claimed, 10)
    garage.until(lambda: False, 2)
    begin_ms = garage.now().unix_ms + 3_600_000
    wish = BookSlot(kind="retrieve", vehicle="kuga-01", from_ms=begin_ms, to_ms=begin_ms + 600_000)
    come = AnnounceBooking(booking="b-000001", arrival_s=120)
    for request, seconds in ((ClearDevice(device="all"), 2), (SystemStart(), 10), (wish, 20), (come, 150)):
        garage.ask(request)
        garage.until(lambda: False, seconds)
    replay = Replay()
    assert [one.differences for one in replay.play(garage.messages) if one.differences] == []
    kinds = {type(one.event).__name__ for cycle in cycles(garage.messages) for one in cycle.events}
    assert {"BookingMade", "BookingAnnounced", "BookingInService", "OrderPromised"} <= kinds
    assert replay.gaps > 20


@pytest.fixture(scope="module")
def short() -> list[Message]:
    """Some minutes of the small tower in one segment, with orders."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return recorded(monkeypatch, "tower-small", 5, 10, 10**9)


def in_one_run(messages: Sequence[Message]) -> list[Message]:
    """The same with one run's name on all heads."""
    return [msgspec.structs.replace(one, run="one") if isinstance(one, Head) else one for one in messages]


def test_a_segment_that_goes_on_is_played_on_without_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    messages = in_one_run(recorded(monkeypatch, "tower-small", 5, 5, 500))
    recalls: list[object] = []
    monkeypatch.setattr(GarageCore, "recall", lambda _core, memory: recalls.append(memory))
    replay = Replay()
    assert not any(one.differences for one in replay.play(messages))
    assert len(replay.heads) > 4
    assert (len(recalls), replay.gaps) == (1, 0)


def test_a_request_that_is_left_out_shows_in_its_cycle(short: list[Message]) -> None:
    index, cycle = next(
        (index, one)
        for index, one in enumerate(short)
        if isinstance(one, Cycle) and one.decided is not None and _asks_for_an_order(one)
    )
    assert cycle.decided is not None
    changed = msgspec.structs.replace(cycle, decided=msgspec.structs.replace(cycle.decided, asks=[]))
    course = played([*short[:index], changed, *short[index + 1 :]])
    first = next(one for one in course if one.differences)
    assert first.cycle.number == cycle.number
    assert any("events" in text for text in first.differences)


def _asks_for_an_order(cycle: Cycle) -> bool:
    return cycle.decided is not None and any(isinstance(request, SubmitOrder) for _, request in cycle.decided.asks)


def test_a_reading_that_is_changed_shows_as_a_permit_or_a_verdict(short: list[Message]) -> None:
    index, cycle = next(
        (index, one)
        for index, one in enumerate(short)
        if isinstance(one, Cycle) and one.decided is not None and any(w.permits for w in one.decided.written)
    )
    lost = [msgspec.structs.replace(seen, quality=2) for seen in cycle.seen]
    course = played([*short[:index], msgspec.structs.replace(cycle, seen=lost), *short[index + 1 :]])
    first = next(one for one in course if one.differences)
    assert first.cycle.number == cycle.number
    assert any("verdict" in text or "permitted" in text for text in first.differences)


def test_another_program_is_caught_at_the_first_cycle_that_it_decides_otherwise(
    monkeypatch: pytest.MonkeyPatch, short: list[Message]
) -> None:
    monkeypatch.setattr(waiting, "LASTING_MS", 2 * waiting.LASTING_MS)
    first = next(one for one in played(short) if one.differences)
    assert "order" in " ".join(first.differences).lower()
    told = [one.number for one in cycles(short) for event in one.events if type(event.event).__name__ == "OrderWaiting"]
    assert first.cycle.number == told[0]


def test_a_missing_cycle_is_told(short: list[Message]) -> None:
    course = played([*short[:60], *short[61:]])
    assert any("missing" in text for one in course for text in one.differences)


def test_a_cycle_that_broke_breaks_again_and_a_mended_one_is_told(
    monkeypatch: pytest.MonkeyPatch, short: list[Message]
) -> None:
    index = next(i for i, one in enumerate(short) if isinstance(one, Cycle) and one.decided is not None)
    cycle = short[index]
    assert isinstance(cycle, Cycle)
    broken = [*short[:index], msgspec.structs.replace(cycle, defect="ValueError('torn')", events=[])]
    mended = played(broken)[-1]
    assert any("does not break" in text for text in mended.differences)

    def torn(*_: object) -> None:
        raise ValueError("torn")

    monkeypatch.setattr(GarageCore, "step", torn)
    again = played(broken)[-1]
    assert again.cycle.defect
    assert not again.differences
    unbroken = played([*short[:index], cycle])[-1]
    assert any("breaks with ValueError('torn')" in text for text in unbroken.differences)


def test_another_format_and_another_version_are_refused_with_what_would_do(short: list[Message]) -> None:
    head = short[0]
    assert isinstance(head, Head)
    with pytest.raises(RecordingError, match="RECORDING_OTHER_FORMAT") as refused:
        played([msgspec.structs.replace(head, format=FORMAT + 1)])
    assert head.software in refused.value.remedy
    with pytest.raises(RecordingError, match="RECORDING_OTHER_VERSION"):
        played([msgspec.structs.replace(head, config='{"garage": 3}')])
    start = short[1]
    assert isinstance(start, Start)
    unreadable = msgspec.structs.replace(start, core=msgspec.structs.replace(start.core, state=b"{}"))
    with pytest.raises(RecordingError, match="RECORDING_OTHER_VERSION"):
        played([head, unreadable])
    with pytest.raises(RecordingError, match="RECORDING_INVALID"):
        played([cycles(short)[0]])


def test_a_configuration_file_is_not_needed(short: list[Message], tmp_path: Path) -> None:
    head = short[0]
    assert isinstance(head, Head)
    assert str(tmp_path) not in head.config
    assert not played(short[:200])[-1].differences
