"""The watch over one device's answers: when it may be believed, and when not any more (H10)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from plc_drivers.contract import DEFINITIONS, DeviceDefinition, DeviceKind, Value
from plc_drivers.device_watch import DeviceWatch
from plc_drivers.link import RawAnswer
from plc_drivers.reading import DeviceImage, Fault, Quality

LIFT = DEFINITIONS[DeviceKind.LIFT]
SAFETY = DEFINITIONS[DeviceKind.SAFETY]
GOOD: dict[str, Value] = {
    "device_id": 7,
    "contract_version": 1,
    "device_kind": 1,
    "program_version": 1,
    "boot_counter": 1,
    "controller_timeout_ms": 500,
    "owner_epoch": 3,
}


def answer(at_ms: int, written: int | None, definition: DeviceDefinition, tags: dict[str, Value]) -> RawAnswer:
    values: list[Value | None] = [0] * len(definition.status)
    for tag, value in (GOOD | tags).items():
        if tag in definition.status_index:
            values[definition.status_index[tag]] = value
    return RawAnswer(tuple(values), frozenset(), at_ms - 2, at_ms, written)


def without(original: RawAnswer, tag: str) -> RawAnswer:
    """The same answer as a codec gives it when the tag is bad: None, and listed."""
    index = LIFT.status_index[tag]
    values = (*original.values[:index], None, *original.values[index + 1 :])
    return replace(original, values=values, bad_tags=frozenset({index}))


def watch(definition: DeviceDefinition = LIFT) -> DeviceWatch:
    return DeviceWatch("lift1", definition, 7, plc_timeout_ms=250, controller_timeout_ms=500)


def code(image: DeviceImage) -> str | None:
    return None if image.fault is None else image.fault.code


@dataclass
class Bench:
    """A watch, a PLC that scans and a controller that writes, both every 20 ms."""

    watch: DeviceWatch = field(default_factory=watch)
    now_ms: int = 1000
    plc_beat: int = 100
    own_beat: int = 500
    echo_lag: int = 1
    clock_ms: int = 5000
    boot: int = 1
    writing: bool = True

    def cycle(self, *, answers: bool = True, plc_runs: bool = True, **tags: int) -> DeviceImage:
        self.now_ms += 20
        self.own_beat = (self.own_beat + 1) % 65536
        self.clock_ms = (self.clock_ms + 20) % (1 << 32)
        if plc_runs:
            self.plc_beat = (self.plc_beat + 2) % 65536
        if answers:
            self.last = answer(
                self.now_ms,
                self.own_beat if self.writing else None,
                LIFT,
                {
                    "heartbeat": self.plc_beat,
                    "clock_ms": self.clock_ms,
                    "boot_counter": self.boot,
                    "heartbeat_echo": (self.own_beat - self.echo_lag) % 65536,
                    **tags,
                },
            )
        return self.watch.observe(getattr(self, "last", None), None, self.now_ms, writing=self.writing)

    def cycles(self, count: int, *, answers: bool = True, plc_runs: bool = True, **tags: int) -> DeviceImage:
        images = [self.cycle(answers=answers, plc_runs=plc_runs, **tags) for _ in range(count)]
        return images[-1]


@pytest.fixture
def bench() -> Bench:
    ready = Bench()
    assert ready.cycles(5).quality is Quality.GOOD
    return ready


def test_a_device_that_never_answered_is_missing_and_says_why() -> None:
    fault = Fault("CONNECT_FAILED", "refused", "look")
    image = watch().observe(None, fault, 1000, writing=True)
    assert (image.quality, image.fault, image.value("station")) == (Quality.MISSING, fault.as_sentences(), None)
    assert code(watch().observe(None, None, 1000, writing=True)) == "NO_ANSWER"


def test_the_first_answer_alone_proves_nothing_until_the_heartbeat_has_changed() -> None:
    bench = Bench(writing=False)
    assert code(bench.cycle()) == "HEARTBEAT_UNPROVEN"
    assert bench.cycle().quality is Quality.GOOD


def test_the_image_carries_the_answer_its_time_and_its_bad_tags(bench: Bench) -> None:
    bench.cycle(position_mm=1234)
    bad = replace(bench.last, bad_tags=frozenset({LIFT.status_index["station"]}), at_ms=bench.now_ms + 1)
    image = bench.watch.observe(bad, None, bench.now_ms + 3, writing=True)
    assert (image.device, image.at_ms, image.quality) == ("lift1", bench.now_ms + 1, Quality.GOOD)
    assert (image.value("position_mm"), image.value("station")) == (1234, None)


@pytest.mark.parametrize(
    ("tag", "value", "expected", "named"),
    [
        ("device_id", 8, "WRONG_DEVICE_ID", ("8", "7")),
        ("contract_version", 2, "WRONG_CONTRACT_VERSION", ("2", "1")),
        ("device_kind", 3, "WRONG_DEVICE_KIND", ("3 (cabin)", "1 (lift)")),
        ("controller_timeout_ms", 800, "WRONG_TIMEOUT", ("800", "500")),
    ],
)
def test_a_wrong_identity_is_bad_and_names_both_sides_and_a_remedy(
    bench: Bench, tag: str, value: int, expected: str, named: tuple[str, str]
) -> None:
    wrong: dict[str, int] = {tag: value}
    image = bench.cycle(answers=True, plc_runs=True, **wrong)
    assert (image.quality, code(image)) == (Quality.BAD, expected)
    assert image.fault is not None
    assert all(word in image.fault.detail for word in named)
    assert image.fault.remedy


@pytest.mark.parametrize("is_decoded", [True, False])
def test_a_frame_of_zeros_is_no_device(is_decoded: bool) -> None:
    zeros = RawAnswer((0,) * len(LIFT.status), frozenset(), 1, 2, None)
    image = watch().observe(without(zeros, "device_id") if is_decoded else zeros, None, 3, writing=False)
    assert (image.quality, code(image)) == (Quality.BAD, "WRONG_DEVICE_ID")


@pytest.mark.parametrize("tag", ["heartbeat", "clock_ms", "boot_counter", "heartbeat_echo", "owner_epoch"])
def test_an_answer_without_a_vital_tag_cannot_be_judged_and_is_bad(bench: Bench, tag: str) -> None:
    bench.cycle()
    image = bench.watch.observe(without(replace(bench.last), tag), None, bench.now_ms, writing=True)
    assert (image.quality, code(image)) == (Quality.BAD, "TAG_UNREADABLE")
    assert image.fault is not None
    assert tag in image.fault.detail


def test_after_a_wrong_identity_the_heartbeat_must_be_proven_anew(bench: Bench) -> None:
    bench.cycle(device_id=9)
    assert bench.cycle().quality is Quality.STALE
    assert bench.cycle().quality is Quality.GOOD


def test_h10_fresh_answers_with_a_frozen_heartbeat_become_stale(bench: Bench) -> None:
    assert bench.cycles(12, plc_runs=False).quality is Quality.GOOD
    image = bench.cycle(plc_runs=False)
    assert (image.quality, code(image)) == (Quality.STALE, "HEARTBEAT_STOPPED")
    assert code(bench.cycles(50, plc_runs=False)) == "HEARTBEAT_STOPPED"
    assert bench.cycle().quality is Quality.GOOD


def test_h10_a_device_that_falls_silent_is_stale_after_the_time_out_and_says_what_the_link_saw(bench: Bench) -> None:
    for _ in range(11):
        assert bench.cycle(answers=False).quality is Quality.GOOD
    fault = Fault("TIMEOUT", "no answer within 200 ms", "check the cable")
    image = bench.watch.observe(bench.last, fault, bench.now_ms + 20, writing=True)
    assert (image.quality, code(image)) == (Quality.STALE, "NO_ANSWER")
    assert image.fault is not None
    assert ("TIMEOUT" in image.fault.detail, image.fault.remedy) == (True, "Check the cable.")


def test_after_silence_one_answer_is_not_enough(bench: Bench) -> None:
    bench.cycles(20, answers=False)
    assert bench.cycle().quality is Quality.STALE
    assert bench.cycle().quality is Quality.GOOD


def test_h10_an_echo_that_stands_still_becomes_stale_although_the_plc_lives(bench: Bench) -> None:
    frozen = bench.own_beat
    qualities = [bench.cycle(heartbeat_echo=frozen).quality for _ in range(16)]
    assert qualities[0] is Quality.GOOD
    image = bench.cycle(heartbeat_echo=frozen)
    assert (image.quality, code(image)) == (Quality.STALE, "ECHO_STALE")
    assert bench.cycle().quality is Quality.GOOD


def test_a_slow_plc_that_echoes_within_the_time_out_is_good() -> None:
    slow = Bench(echo_lag=4)
    slow.cycles(20)
    assert slow.cycles(40).quality is Quality.GOOD


def test_h10_a_plc_that_never_echoes_is_stale_after_the_time_out() -> None:
    bench = Bench()
    assert bench.cycles(5, heartbeat_echo=0).quality is Quality.GOOD
    image = bench.cycles(10, heartbeat_echo=0)
    assert (image.quality, code(image)) == (Quality.STALE, "ECHO_STALE")


def test_an_echo_that_was_never_written_is_foreign_and_rejected(bench: Bench) -> None:
    image = bench.cycle(heartbeat_echo=40_000)
    assert (image.quality, code(image)) == (Quality.BAD, "ECHO_FOREIGN")
    assert image.fault is not None
    assert "owner epoch is 3" in image.fault.detail


def test_an_echo_older_than_one_already_seen_is_a_late_answer(bench: Bench) -> None:
    image = bench.cycle(heartbeat_echo=bench.own_beat - 3)
    assert code(image) == "ECHO_FOREIGN"
    assert bench.cycles(2).quality is Quality.GOOD


def test_a_second_controller_that_writes_for_good_keeps_the_device_from_being_good(bench: Bench) -> None:
    images = [bench.cycle(heartbeat_echo=30_000 + number) for number in range(40)]
    assert all(image.quality is not Quality.GOOD for image in images)


def test_an_echo_of_a_write_whose_own_answer_was_lost_is_accepted(bench: Bench) -> None:
    bench.cycle(answers=False)
    assert bench.cycle(heartbeat_echo=bench.own_beat).quality is Quality.GOOD


def test_while_nothing_is_written_the_echo_is_not_looked_at() -> None:
    bench = Bench(writing=False)
    assert bench.cycles(40, heartbeat_echo=4711).quality is Quality.GOOD
    bench.writing = True
    assert bench.cycle(heartbeat_echo=4711).quality is Quality.GOOD


def test_h10_a_clock_that_runs_back_without_a_restart_spoils_that_answer(bench: Bench) -> None:
    image = bench.cycle(clock_ms=17)
    assert (image.quality, code(image)) == (Quality.BAD, "CLOCK_JUMPED")
    assert bench.cycle().quality is Quality.STALE
    assert bench.cycle().quality is Quality.GOOD


def test_a_restart_sets_the_clock_back_and_shows_in_the_boot_counter(bench: Bench) -> None:
    bench.clock_ms, bench.boot, bench.plc_beat = 0, 2, 0
    image = bench.cycle(heartbeat_echo=0)
    assert (image.quality, image.value("boot_counter")) == (Quality.GOOD, 2)
    assert bench.cycles(3).quality is Quality.GOOD


def test_a_restarted_plc_that_does_not_echo_again_becomes_stale(bench: Bench) -> None:
    bench.boot = 2
    assert code(bench.cycles(20, heartbeat_echo=0)) == "ECHO_STALE"


def test_all_counters_may_wrap() -> None:
    bench = Bench(plc_beat=65_500, own_beat=65_490, clock_ms=(1 << 32) - 700)
    qualities = [bench.cycle().quality for _ in range(100)]
    assert set(qualities[2:]) == {Quality.GOOD}
    assert bench.own_beat < 100
    assert bench.clock_ms < 2000


def test_long_running_keeps_memory_bounded(bench: Bench) -> None:
    bench.cycles(3000)
    assert len(bench.watch._echo._writes) < 30


def test_a_kind_that_is_only_read_needs_neither_echo_nor_time_out() -> None:
    safety = watch(SAFETY)
    images = [
        safety.observe(
            answer(now, None, SAFETY, {"device_kind": 4, "heartbeat": now, "clock_ms": now}),
            None,
            now + 1,
            writing=True,
        )
        for now in range(1000, 2000, 20)
    ]
    assert images[-1].quality is Quality.GOOD


def test_a_link_s_half_sentences_become_sentences_with_their_remedy_apart() -> None:
    fault = Fault("ILLEGAL_FUNCTION", "the PLC does not know this function code", "give the device a profile")
    told = watch().observe(None, fault, 1000, writing=True).fault
    assert told == Fault("ILLEGAL_FUNCTION", "The PLC does not know this function code.", "Give the device a profile.")


def test_a_path_at_the_beginning_of_a_sentence_keeps_its_letters() -> None:
    fault = Fault("CONNECT_FAILED", "var/tower/cabin2-line: no such file", "check its path")
    told = watch().observe(None, fault, 1000, writing=True).fault
    assert told == Fault("CONNECT_FAILED", "var/tower/cabin2-line: no such file.", "Check its path.")
