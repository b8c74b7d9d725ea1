"""Hold-to-run and locks as safety sees them: what they permit, what they never do, how they grow old."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from plc_drivers.contract import CommandCode as C
from plc_drivers.contract import Value
from plc_drivers.contract.codes import Health, Mode, State
from plc_drivers.contract.tag import TagType
from plc_drivers.outputs import MailboxCommand
from safety.acts import Acts, Hold
from safety.expression import LockedOut, ManualHold, leaves
from safety.interlock import Phase
from safety.interlocks.hand import HOLD_MS, axes_of
from safety.interlocks.lock_out import zones_reached
from safety.interlocks.proof import proven_empty
from safety.interlocks.unit import Unit, safety_plc
from safety.logic import SafetyLogic
from safety.topology import Topology
from safety.verdict import Function, StartOf
from safety.wish import DeviceWish
from tests.safety import situations as at
from tests.safety.scene import COUNTDOWN_MS, SHUTTLES, TOWER, Scene, codes_failing, function


def hold(scene: Scene, what: str, *, age_ms: int = 0) -> None:
    """Somebody was heard so long ago."""
    scene.memory = replace(scene.memory, acts=Acts(hold=Hold(function(what), scene.now_ms - age_ms)))


def _set_up(scene: Scene, device: str) -> None:
    scene.set(device, mode=Mode.MANUAL, state=State.MANUAL, health=Health.FUNCTION_CHECK)
    for zone in scene.topology.zones:
        scene.set("safety1", **{f"zone{zone}_full_speed_enabled": False})


def lift_by_hand() -> Scene:
    scene = at.lift_travels()
    _set_up(scene, "lift1")
    scene.set("lift1", active_command=C.JOG_FORWARD, speed_mm_s=180)
    return scene


def shuttle_by_hand() -> Scene:
    scene = at.shuttle_travels()
    _set_up(scene, "shuttle1")
    scene.set("shuttle1", active_command=C.JOG_BACK, speed=-240)
    return scene


def forks_by_hand() -> Scene:
    scene = at.tower_at_rest()
    _set_up(scene, "shuttle1")
    scene.set("shuttle1", station=5, docked=False, forks_centred=False, forks_left_mm=2000, overhang_left_clear=False)
    scene.set("shuttle1", active_command=C.JOG_BACK)
    return scene


def turntable_by_hand() -> Scene:
    scene = at.cabin_turns()
    _set_up(scene, "cabin1")
    scene.set("cabin1", active_command=C.JOG_FORWARD, turn_speed_mdeg_s=5000)
    return scene


BY_HAND: list[tuple[Callable[[], Scene], str]] = [
    (lift_by_hand, "lift1.travel"),
    (shuttle_by_hand, "shuttle1.travel"),
    (forks_by_hand, "shuttle1.transfer"),
    (turntable_by_hand, "cabin1.rotate"),
]
EACH = pytest.mark.parametrize(("moment", "what"), BY_HAND, ids=[what for _, what in BY_HAND])


def allowed(scene: Scene, what: str, *, age_ms: int = 0) -> bool:
    hold(scene, what, age_ms=age_ms)
    return function(what) in scene.look().allowed


@EACH
def test_h13_an_axis_is_permitted_by_hand_exactly_as_long_as_it_is_held(moment: Callable[[], Scene], what: str) -> None:
    scene = moment()
    assert function(what) not in scene.look().allowed
    assert allowed(scene, what), codes_failing(scene.look(), function(what))
    assert allowed(scene, what, age_ms=400)
    assert not allowed(scene, what, age_ms=401)
    assert not allowed(scene, what, age_ms=-1), "a word from the future is no word"


@EACH
def test_h13_a_hold_grows_old_by_itself_though_no_reading_changes(moment: Callable[[], Scene], what: str) -> None:
    scene = moment()
    acts = Acts(hold=Hold(function(what), scene.now_ms))
    for _ in range(HOLD_MS // 20):
        scene.memory = replace(scene.memory, acts=acts)
        assert function(what) in scene.look().allowed
        scene.now_ms += 20
    scene.now_ms += 20
    scene.memory = replace(scene.memory, acts=acts)
    assert function(what) not in scene.look().allowed


@EACH
def test_h13_a_hold_permits_one_axis_and_nothing_else_in_the_garage(moment: Callable[[], Scene], what: str) -> None:
    scene = moment()
    before = scene.look().allowed
    hold(scene, what)
    assert scene.look().allowed - before == {function(what)}


@EACH
@pytest.mark.parametrize("mode", [Mode.AUTOMATIC, Mode.MAINTENANCE])
def test_h13_a_hold_without_the_key_in_manual_permits_nothing(
    moment: Callable[[], Scene], what: str, mode: Mode
) -> None:
    scene = moment()
    scene.set(what.partition(".")[0], mode=mode)
    assert not allowed(scene, what)


@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.MAINTENANCE])
@pytest.mark.parametrize("device", ["lift1", "shuttle1", "cabin1"])
def test_h13_with_the_key_out_of_automatic_nothing_of_the_device_runs_by_itself(device: str, mode: Mode) -> None:
    """Doors, pins and lights have no hold-to-run: without automatic they have nothing."""
    scene = at.tower_at_rest()
    own = {what for what in scene.look().allowed if what.device == device}
    assert own
    scene.set(device, mode=mode)
    assert not own & scene.look().allowed


@EACH
def test_h11_by_hand_no_axis_moves_whose_device_is_stopped_aborted_or_offline(
    moment: Callable[[], Scene], what: str
) -> None:
    scene = moment()
    for state in (State.OFFLINE, State.STOPPED, State.ABORTED, State.MAINTENANCE):
        scene.set(what.partition(".")[0], state=state)
        assert not allowed(scene, what), state


@EACH
def test_h15_by_hand_no_axis_moves_whose_device_reports_a_failure(moment: Callable[[], Scene], what: str) -> None:
    scene = moment()
    scene.set(what.partition(".")[0], health=Health.FAILURE)
    assert not allowed(scene, what)


@EACH
@pytest.mark.parametrize("sign", [{"state": State.MANUAL}, {"health": Health.FUNCTION_CHECK}], ids=["state", "health"])
def test_h13_a_device_that_says_it_is_in_manual_does_not_run_in_automatic(
    moment: Callable[[], Scene], what: str, sign: dict[str, Value]
) -> None:
    """Key and state contradict each other: without anybody who holds the axis it stands."""
    scene = moment()
    device = what.partition(".")[0]
    scene.set(device, mode=Mode.AUTOMATIC, state=State.EXECUTING, health=Health.OK)
    scene.set("safety1", zone1_full_speed_enabled=True)
    assert function(what) in scene.look().allowed
    assert function(what) not in scene.verdict_if(device, **sign).allowed


@EACH
def test_h20_by_hand_the_speed_must_be_limited_by_the_safety_plc(moment: Callable[[], Scene], what: str) -> None:
    scene = moment()
    scene.set("safety1", zone1_full_speed_enabled=True)
    assert not allowed(scene, what)


@pytest.mark.parametrize(
    ("moment", "what", "tag", "fast"),
    [
        (lift_by_hand, "lift1.travel", "speed_mm_s", 301),
        (lift_by_hand, "lift1.travel", "speed_mm_s", -301),
        (shuttle_by_hand, "shuttle1.travel", "speed", 301),
        (turntable_by_hand, "cabin1.rotate", "turn_speed_mdeg_s", 6001),
    ],
)
def test_h20_by_hand_the_axis_itself_must_show_that_it_is_slow(
    moment: Callable[[], Scene], what: str, tag: str, fast: int
) -> None:
    scene = moment()
    device = what.partition(".")[0]
    assert allowed(scene, what)
    scene.set(device, **{tag: fast})
    assert not allowed(scene, what)
    scene.set(device, **{tag: fast - (1 if fast > 0 else -1)})
    assert allowed(scene, what)
    scene.bad[device].add(tag)
    assert not allowed(scene, what)


def _wrong(scene: Scene, device: str) -> Iterator[tuple[str, Value]]:
    """Every single bool of a device, wrong."""
    for tag in scene.logic.definitions[device].status:
        if tag.wire is TagType.BOOL and not tag.name.startswith("zone") and tag.name != "zone_clear":
            yield tag.name, not scene.values[device][tag.name]


@EACH
def test_every_sensor_that_takes_the_permit_in_automatic_takes_it_by_hand(
    moment: Callable[[], Scene], what: str
) -> None:
    """The same wrong reading, once in automatic at full speed, once by hand: the hold excuses none."""
    hand, automatic = moment(), moment()
    unit = what.partition(".")[0]
    automatic.set(unit, mode=Mode.AUTOMATIC, state=State.EXECUTING, health=Health.OK)
    automatic.set("safety1", zone1_full_speed_enabled=True)
    assert function(what) in automatic.look().allowed
    compared = 0
    for device in hand.logic.definitions:
        for tag, value in _wrong(hand, device):
            if function(what) in automatic.verdict_if(device, **{tag: value}).allowed:
                continue
            hold(hand, what)
            assert function(what) not in hand.verdict_if(device, **{tag: value}).allowed, (device, tag)
            compared += 1
    assert compared > 10


@pytest.mark.parametrize("topology", [TOWER, SHUTTLES])
def test_h02_no_rule_that_speaks_of_people_in_a_cabin_knows_of_any_hold(topology: Topology) -> None:
    """Nothing can override presence: no condition that proves a cabin empty has a person's act as an alternative."""
    logic = SafetyLogic(topology)
    presence = {"scanner_clear", "curtain_count", "curtain_ok", "exit_closed", "confirm_count", "outer_locked"}
    guarded = 0
    for rule in logic.interlocks:
        reads = list(leaves(rule.condition))
        if any(getattr(leaf, "name", "") in presence for leaf in reads):
            assert not any(isinstance(leaf, ManualHold) for leaf in reads), rule.id
            guarded += 1
    assert guarded > 5


@pytest.mark.parametrize(
    "sign", [{"scanner_clear": False}, {"curtain_count": 1}, {"curtain_ok": False}, {"exit_closed": False}]
)
def test_h02_with_a_person_in_the_cabin_nothing_that_guards_it_gives_way_to_a_hold(sign: dict[str, Value]) -> None:
    """Over every function that asks for an empty cabin, by whatever hold there can be."""
    base = turntable_by_hand()
    base.set("cabin1", **sign)
    empty = proven_empty(Unit("cabin1", base.logic.definitions["cabin1"].kind), COUNTDOWN_MS)
    guarded = {
        guard
        for rule in base.logic.interlocks
        if rule.phase is Phase.RUN and empty in _parts(rule.condition)
        for guard in rule.guards
        if isinstance(guard, Function) and guard.device == "cabin1"
    }
    assert guarded >= {function("cabin1.rotate"), function("cabin1.inner")}
    units = [Unit(name, definition.kind) for name, definition in base.logic.definitions.items()]
    for held in (axis for unit in units for axis in axes_of(unit)):
        hold(base, str(held))
        assert not guarded & base.look().allowed, held


def _parts(condition: object) -> list[object]:
    return [condition, *(getattr(condition, "children", ()))]


def test_h02_forks_in_a_cabin_do_not_come_home_by_hand_while_somebody_is_inside() -> None:
    scene = at.shuttle_places_into_cabin()
    _set_up(scene, "shuttle1")
    scene.set("shuttle1", active_command=C.JOG_BACK)
    assert allowed(scene, "shuttle1.transfer")
    scene.set("cabin1", scanner_clear=False)
    assert not allowed(scene, "shuttle1.transfer")


def _start(code: C, axis: int) -> StartOf:
    return StartOf("shuttle1", code, axis)


def test_h07_by_hand_forks_come_home_and_go_no_further() -> None:
    scene = forks_by_hand()
    hold(scene, "shuttle1.transfer")
    assert scene.look().start_refusal(_start(C.JOG_BACK, 2)) is None
    assert scene.look().start_refusal(_start(C.JOG_FORWARD, 2)) is not None, "further out"
    scene.set("shuttle1", forks_centred=True, forks_left_mm=0, forks_right_mm=0)
    assert scene.look().start_refusal(_start(C.JOG_BACK, 2)) is not None, "home already"
    scene.set("shuttle1", forks_centred=False, forks_right_mm=40)
    assert not allowed(scene, "shuttle1.transfer"), "through the middle"


def test_h13_by_hand_no_automatic_command_begins_and_no_jog_in_automatic() -> None:
    scene = lift_by_hand()
    scene.set("lift1", active_command=C.NONE)
    hold(scene, "lift1.travel")
    refusal = scene.look().start_refusal(StartOf("lift1", C.MOVE_TO_LEVEL))
    assert refusal is not None
    assert scene.look().start_refusal(StartOf("lift1", C.JOG_FORWARD, 1)) is None
    scene.set("lift1", mode=Mode.AUTOMATIC)
    assert scene.look().start_refusal(StartOf("lift1", C.JOG_FORWARD, 1)) is not None


def test_h13_the_gate_lets_a_jog_out_for_the_axis_that_is_held_and_for_no_other() -> None:
    scene = lift_by_hand()
    scene.set("lift1", active_command=C.NONE, owner_epoch=7)
    for axis, passes in ((1, True), (2, False), (0, False)):
        fresh = scene.copy()
        fresh.memory = scene.memory
        wish = DeviceWish(frozenset({"travel"}), MailboxCommand(9, C.JOG_FORWARD, axis, 0, 0, 1000), new_command=True)
        fresh.memory = replace(fresh.memory, acts=Acts(hold=Hold(function("lift1.travel"), fresh.now_ms)))
        result = fresh.cycle(lift1=wish)
        assert (result.outputs.devices["lift1"].command.code is C.JOG_FORWARD) is passes, axis


def test_a_safety_plc_has_no_axis_to_move_by_hand() -> None:
    assert axes_of(safety_plc("safety1")) == ()


# --- locks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topology", [TOWER, SHUTTLES])
def test_h20_a_lock_takes_every_permit_in_its_zone_and_of_whatever_reaches_into_it(topology: Topology) -> None:
    scene = Scene(topology)
    reach = zones_reached(topology)
    for zone in topology.zones:
        scene.memory = replace(scene.memory, acts=Acts(locks=frozenset({zone})))
        verdict = scene.look()
        inside = {what for what, zones in reach.items() if zone in zones}
        assert inside
        assert not inside & verdict.allowed
        assert all(f"zone{zone}.personal-lock" in codes_failing(verdict, what) for what in inside)


def test_h20_a_shuttle_that_reaches_a_locked_cabin_stands_with_everything_that_carries_it() -> None:
    reach = zones_reached(SHUTTLES)
    assert reach[function("shuttle0.travel")] == {1, 2}
    assert reach[function("shuttle1.travel")] == {1}
    riding = replace(
        TOWER,
        cabins=(replace(TOWER.cabins[0], zone=2), TOWER.cabins[1]),
        zones=(1, 2),
    )
    assert zones_reached(riding)[function("lift1.travel")] == {1, 2}


def test_h20_no_lock_keeps_nothing_and_a_lock_ends_with_its_release() -> None:
    scene = at.tower_at_rest()
    before = scene.look().allowed
    scene.memory = replace(scene.memory, acts=Acts(locks=frozenset({1})))
    assert not scene.look().allowed
    scene.memory = replace(scene.memory, acts=Acts())
    assert scene.look().allowed == before


def test_h20_a_lock_in_the_books_stands_from_the_first_evaluation_and_stays_until_it_is_released() -> None:
    scene = at.tower_at_rest()
    scene.memory = scene.logic.memory0(locks={1})
    for _ in range(3):
        assert not scene.look().allowed, "nobody has to repeat it"
    assert scene.memory.acts == Acts(locks=frozenset({1}))


def test_h11_a_reset_acts_once_and_a_lock_beside_it_stays() -> None:
    scene = at.tower_at_rest()
    scene.memory = replace(scene.memory, acts=Acts(resets=frozenset({"zone1.guards"}), locks=frozenset({1})))
    scene.look()
    assert scene.memory.acts == Acts(locks=frozenset({1}))


def test_the_words_of_a_hold_and_a_lock_are_told_with_what_was_heard() -> None:
    scene = lift_by_hand()
    hold(scene, "lift1.travel", age_ms=HOLD_MS + 100)
    scene.look()
    failing = scene.logic.explain(function("lift1.travel"), scene.image(), scene.memory, scene.now_ms)
    told = [reading for item in failing for reading in item.readings if reading[0] == "lift1.travel.hold_to_run"]
    assert told
    assert any(isinstance(leaf, LockedOut) for rule in scene.logic.interlocks for leaf in leaves(rule.condition))
