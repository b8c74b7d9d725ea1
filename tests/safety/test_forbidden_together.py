"""Whatever the readings are and whatever is wished, no set of permits goes out that a hazard forbids.

The predicates below are written from the hazards and know nothing of the interlocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from plc_drivers.contract import CommandCode, Value
from plc_drivers.contract.tag import TagType
from plc_drivers.outputs import MailboxCommand
from plc_drivers.reading import ProcessImage, Quality
from safety.verdict import Function
from safety.wish import DeviceWish
from tests.safety import situations as at
from tests.safety.scene import EPOCH, Scene

MOMENTS: tuple[Callable[[], Scene], ...] = (
    at.tower_at_rest,
    at.lift_travels,
    at.bare_lift_travels,
    at.shuttle_travels,
    at.shuttle_places_into_cabin,
    at.shuttle_places_onto_lift,
    at.cabin_opens_to_people,
    at.cabin_shows_green,
    at.cabin_closes_to_people,
    at.cabin_opens_to_machine,
    at.cabin_turns,
)


@cache
def moment(number: int) -> Scene:
    return MOMENTS[number]()


@dataclass(frozen=True)
class Out:
    """What one cycle let out, beside what was known."""

    scene: Scene
    image: ProcessImage
    granted: frozenset[Function]

    def has(self, device: str, *permits: str) -> bool:
        return any(Function(device, permit) in self.granted for permit in permits)

    def all(self, device: str, **tags: Value) -> bool:
        return all(self.image.value(device, tag) == value for tag, value in tags.items())


def platform_is_under_people(out: Out) -> None:
    """H01."""
    for cabin in out.scene.topology.cabins:
        if out.has(cabin.id, "outer_open", "green"):
            assert out.all(cabin.id, platform_present=True, platform_level=True, platform_locked=True)


def people_and_machine_take_turns(out: Out) -> None:
    """H02, H03."""
    for cabin in out.scene.topology.cabins:
        to_people = out.has(cabin.id, "outer_open", "green")
        to_machine = out.has(cabin.id, "inner", "rotate")
        assert not (to_people and to_machine)
        if to_people:
            assert out.all(cabin.id, inner_closed=True, inner_locked=True, inner_open=False)
        if to_machine:
            assert out.all(cabin.id, outer_closed=True, outer_locked=True, outer_open=False, exit_closed=True)
            assert out.all(cabin.id, curtain_ok=True, curtain_count=0, scanner_clear=True)
            opened = out.image.value(cabin.id, "outer_opened_count")
            assert out.all(cabin.id, confirmed_opening=-1 if opened is None else opened)
        assert not (out.has(cabin.id, "rotate") and out.has(cabin.id, "inner"))
        assert not (out.has(cabin.id, "outer_open") and out.has(cabin.id, "outer_close"))


def nothing_moves_on_half_a_load(out: Out) -> None:
    """H07."""
    for shuttle in out.scene.topology.shuttles:
        travels = out.has(shuttle.id, "travel")
        assert not (travels and out.has(shuttle.id, "transfer"))
        if travels:
            assert out.all(shuttle.id, forks_centred=True, load_centred=True)
        if shuttle.lift is not None and out.has(shuttle.lift, "travel"):
            assert not out.has(shuttle.id, "travel", "transfer")
            assert out.all(shuttle.id, docked=True, forks_centred=True, standstill=True)


def nothing_is_carried_by_a_lift_that_is_not_locked(out: Out) -> None:
    """H08."""
    for shuttle in out.scene.topology.shuttles:
        if shuttle.lift is not None and out.has(shuttle.id, "travel", "transfer"):
            assert out.all(shuttle.lift, pins_extended=True, pins_retracted=False, station_sensor=True)
            assert out.all(shuttle.lift, standstill=True, brake_closed=True)


def forks_go_only_into_what_is_ready(out: Out) -> None:
    """H02, H08: by the PLC's own word of what it executes and where it stands."""
    for shuttle in out.scene.topology.shuttles:
        if not out.has(shuttle.id, "transfer"):
            continue
        for cabin, level, column, side in shuttle.cabins:
            if _goes_to(out, shuttle.lift, shuttle.id, level, column, side):
                assert out.all(cabin, scanner_clear=True, curtain_count=0, outer_closed=True, outer_locked=True)
                assert out.all(cabin, inner_open=True, platform_locked=True)
                assert not out.has(cabin, "inner", "outer_open", "rotate", "green")
        for lift, level, column, side in shuttle.platforms:
            if _goes_to(out, None, shuttle.id, level, column, side):
                assert out.all(lift, station=level, pins_extended=True)
                assert not out.has(lift, "travel")


def _goes_to(out: Out, lift: str | None, shuttle: str, level: int, column: int, side: str) -> bool:
    codes = {
        "left": (CommandCode.PICK_LEFT, CommandCode.PLACE_LEFT),
        "right": (CommandCode.PICK_RIGHT, CommandCode.PLACE_RIGHT),
    }[side]
    here = out.image.value(shuttle, "station") == column
    there = lift is None or out.image.value(lift, "station") == level
    return here and there and out.image.value(shuttle, "active_command") in codes


def nothing_goes_to_what_cannot_be_seen(out: Out) -> None:
    """H10, H12."""
    safety = out.image[out.scene.topology.safety]
    for function in out.granted:
        device = out.image[function.device]
        assert device.quality is Quality.GOOD
        assert safety.quality is Quality.GOOD
        assert device.value("mode") == 1
        zone = next(
            one.zone
            for group in (out.scene.topology.lifts, out.scene.topology.shuttles, out.scene.topology.cabins)
            for one in group
            if one.id == function.device
        )
        assert safety.value(f"zone{zone}_estop_released") is True
        assert safety.value(f"zone{zone}_lockout_clear") is True


HAZARDS = (
    platform_is_under_people,
    people_and_machine_take_turns,
    nothing_moves_on_half_a_load,
    nothing_is_carried_by_a_lift_that_is_not_locked,
    forks_go_only_into_what_is_ready,
    nothing_goes_to_what_cannot_be_seen,
)


@st.composite
def disturbed(draw: st.DrawFn) -> tuple[int, list[list[tuple[str, str, object]]]]:
    """A moment, and for each of a few cycles some readings that become something else."""
    number = draw(st.integers(min_value=0, max_value=len(MOMENTS) - 1))
    scene = moment(number)
    definitions = scene.logic.definitions

    def change() -> tuple[str, str, object]:
        device = draw(st.sampled_from(sorted(definitions)))
        tag = draw(st.sampled_from(definitions[device].status))
        if draw(st.integers(min_value=0, max_value=5)) == 0:
            return device, tag.name, draw(st.sampled_from(["bad", "stale", "good"]))
        if tag.wire is TagType.BOOL:
            return device, tag.name, draw(st.booleans())
        if tag.enum is not None:
            return device, tag.name, int(draw(st.sampled_from(list(tag.enum))))
        return (
            device,
            tag.name,
            draw(st.sampled_from([value for value in (0, 1, 2, 4, 8, 60, 3000) if tag.admits(value)])),
        )

    sizes = draw(st.lists(st.integers(min_value=0, max_value=4), min_size=2, max_size=4))
    return number, [[change() for _ in range(size)] for size in sizes]


@st.composite
def wished(draw: st.DrawFn, scene: Scene, seq: int) -> dict[str, DeviceWish]:
    wishes = {}
    for name, definition in scene.logic.definitions.items():
        if not definition.is_commanded:
            continue
        permits = draw(st.sets(st.sampled_from(definition.permits)))
        spec = draw(st.sampled_from([None, *definition.commands]))
        command = MailboxCommand() if spec is None else MailboxCommand(seq, spec.code, draw(st.integers(0, 2)))
        wishes[name] = DeviceWish(frozenset(permits), command)
    return wishes


@settings(max_examples=150, deadline=None)
@given(case=disturbed(), data=st.data())
def test_no_permits_go_out_that_a_hazard_forbids(
    case: tuple[int, list[list[tuple[str, str, object]]]], data: st.DataObject
) -> None:
    number, story = case
    scene = moment(number).copy()
    everything = data.draw(st.booleans())
    for seq, changes in enumerate(story, start=1):
        for device, tag, value in changes:
            _disturb(scene, device, tag, value)
        wishes = _all_wishes(scene) if everything else data.draw(wished(scene, seq))
        result = scene.cycle(**wishes)
        out = Out(scene, _image_before(scene), result.granted)
        for hazard in HAZARDS:
            hazard(out)
        verdict = scene.memory.trace.verdict if scene.memory.trace is not None else None
        assert verdict is not None
        assert result.granted <= verdict.allowed


def _image_before(scene: Scene) -> ProcessImage:
    """The readings on which the cycle decided; only the echoes of permits have changed since."""
    return scene.image()


def _all_wishes(scene: Scene) -> dict[str, DeviceWish]:
    return {
        name: DeviceWish(frozenset(definition.permits))
        for name, definition in scene.logic.definitions.items()
        if definition.is_commanded
    }


def _disturb(scene: Scene, device: str, tag: str, value: object) -> None:
    match value:
        case "bad":
            scene.bad[device].add(tag)
        case "stale":
            scene.quality[device] = Quality.STALE
        case "good":
            scene.quality[device] = Quality.GOOD
            scene.bad[device].clear()
        case bool() | int():
            scene.set(device, **{tag: value})
        case _:
            raise TypeError(value)


def test_the_epoch_of_the_moments_is_the_controllers_own() -> None:
    assert all(
        values.get("owner_epoch", EPOCH) == EPOCH
        for number in range(len(MOMENTS))
        for values in moment(number).values.values()
    )
