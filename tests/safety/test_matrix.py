"""The cause-and-effect matrix against the real safety logic: each cell by flipping the reading where all may move."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import cache

import pytest

from plc_drivers.contract import Value
from plc_drivers.contract.tag import Tag as TagDefinition
from plc_drivers.contract.tag import TagType
from plc_drivers.reading import Quality
from safety.diagram import EVERY, NONE, Diagrams
from safety.matrix import Matrix, Row, matrix_of, stops
from safety.matrix_document import as_plain, render
from safety.topology import Topology
from safety.verdict import Function
from safety.waiver import Waiver
from tests.safety import situations as at
from tests.safety.scene import TOWER, Scene, function

MOMENTS: tuple[Callable[[], Scene], ...] = (
    at.tower_at_rest, at.lift_travels, at.bare_lift_travels, at.shuttle_travels, at.shuttle_places_into_cabin,
    at.shuttle_places_onto_lift, at.cabin_opens_to_people, at.cabin_shows_green, at.cabin_closes_to_people,
    at.cabin_opens_to_machine, at.cabin_turns,
)  # fmt: skip


@cache
def matrix(topology: Topology) -> Matrix:
    return matrix_of(topology)


def rows_of(topology: Topology, reading: str) -> list[Row]:
    return [row for row in matrix(topology).rows if row.cause.reading == reading]


def others(tag: TagDefinition, now: Value) -> list[Value]:
    if tag.wire is TagType.BOOL:
        return [not now]
    if tag.enum is not None:
        return [int(member) for member in tag.enum if member != now]
    return [value for value in (-1, 1, 9, 60, 120, 90_000) if tag.admits(value) and value != now]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_what_a_wrong_reading_takes_in_the_real_logic_stands_in_the_matrix(moment: Callable[[], Scene]) -> None:
    scene = moment()
    for device, definition in scene.logic.definitions.items():
        for tag in definition.status:
            reading = f"{device}.{tag.name}"
            for value in others(tag, scene.values[device][tag.name]):
                lost = scene.verdict_if(device, **{tag.name: value}).lost
                told = {f for row in rows_of(scene.topology, reading) for f, cell in row.cells.items() if cell.text}
                assert lost <= told, f"{reading} = {value} takes {sorted(map(str, lost - told))}"


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_a_cell_that_says_always_is_true_of_the_real_logic(moment: Callable[[], Scene]) -> None:
    """For each bool: whatever was permitted and has an X in the row of the wrong side is lost."""
    scene = moment()
    before = scene.look().allowed
    flipped = 0
    for row in matrix(scene.topology).rows:
        device, _, tag = row.cause.reading.partition(".")
        wrong = {"must be true": False, "must be false": True}.get(row.cause.must)
        if wrong is None or tag not in scene.logic.definitions[device].status_index:
            continue
        always = {f for f, cell in row.cells.items() if "X" in cell.text}
        if scene.values[device][tag] is not wrong:
            flipped += 1
            assert not scene.verdict_if(device, **{tag: wrong}).allowed & always & before, row.cause
    assert flipped > 30


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__)
def test_h10_an_unknown_reading_takes_what_the_matrix_says_and_nothing_else(moment: Callable[[], Scene]) -> None:
    scene = moment()
    before = scene.look().allowed
    for device, definition in scene.logic.definitions.items():
        for tag in definition.status:
            rows = [row for row in rows_of(scene.topology, f"{device}.{tag.name}") if _tells_unknown(row)]
            scene.bad[device] = {tag.name}
            verdict, _ = scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)
            scene.bad[device] = set()
            told = {f for row in rows for f, cell in row.cells.items() if cell.text}
            always = {f for row in rows for f, cell in row.cells.items() if "X" in cell.text}
            assert verdict.lost <= told, tag.name
            assert not verdict.allowed & always & before, tag.name
        _device_lost(scene, device, before)


def _tells_unknown(row: Row) -> bool:
    return row.or_unknown or not row.cause.must


def _device_lost(scene: Scene, device: str, before: frozenset[Function]) -> None:
    scene.quality[device] = Quality.STALE
    verdict, _ = scene.logic.evaluate(scene.image(), scene.memory, scene.now_ms)
    scene.quality[device] = Quality.GOOD
    (row,) = [row for row in rows_of(scene.topology, device) if row.cause.kind == "device"]
    assert verdict.lost <= {f for f, cell in row.cells.items() if cell.text}
    assert not verdict.allowed & before & {f for f, cell in row.cells.items() if "X" in cell.text}


def test_some_cells_are_as_an_engineer_would_write_them() -> None:
    def cell(reading: str, must: str, what: str) -> str:
        (row,) = [row for row in rows_of(TOWER, reading) if row.cause.must == must]
        found = row.cells.get(function(what))
        return "" if found is None else found.text

    assert cell("lift1.rope_taut", "must be true", "lift1.travel") == "X"
    assert cell("lift1.rope_taut", "must be true", "cabin1.green") == ""
    assert cell("lift1.pins_extended", "must be true", "shuttle1.travel") == "X"
    assert cell("lift1.pins_extended", "must be true", "lift1.travel") == ""
    assert cell("lift1.pins_extended", "must be false", "lift1.travel") == "xS", "travel itself may begin the unlocking"
    assert cell("cabin1.scanner_clear", "must be true", "cabin1.inner") == "X"
    assert cell("cabin1.scanner_clear", "must be true", "shuttle1.transfer") == "xs", "only on the way into cabin1"
    assert cell("cabin1.outer_unobstructed", "must be true", "cabin1.outer_close") == "S"
    assert cell("safety1.mains_ok", "must be true", "lift1.travel") == "s", "unless a generator feeds the machine"


def test_a_row_tells_hazard_category_latch_reset_and_standard() -> None:
    (row,) = rows_of(TOWER, "safety1.zone1_estop_released")
    assert row.hazards == ("H12",)
    assert row.category in "012"
    assert "latched" in row.latch
    assert "resets" in row.reset
    assert any("ISO 13850" in standard for standard in row.standards)
    (ready,) = rows_of(TOWER, "cabin1.inner_unobstructed")
    assert (ready.category, ready.latch) == ("", "")


def test_every_function_is_stopped_by_something_and_every_interlock_shows() -> None:
    found = matrix(TOWER)
    shown = {name for row in found.rows for name in row.interlocks}
    assert {f for f in found.functions if not stops(found, f)} == set()
    assert set(found.interlocks) - shown == set(), "an interlock that no reading can fail is none"


def test_the_three_forms_say_the_same() -> None:
    found = matrix(TOWER)
    table = list(csv.DictReader(io.StringIO(render("csv", "Tower", found))))
    assert [row["reading"] for row in table] == [row.cause.reading for row in found.rows]
    rope = next(row for row in table if row["reading"] == "lift1.rope_taut")
    assert rope["lift1.travel"].startswith("X")
    assert rope["cause"] == "is not true, or is unknown"
    page, text = render("html", "Tower <1>", found), render("md", "Tower", found)
    assert page.count("<tr>") - 1 == len(found.rows) + sum(len(list(stops(found, f))) for f in found.functions)
    assert "Tower &lt;1&gt;" in page
    assert "://" not in page.replace("http://www.w3.org", ""), "no other host"
    assert "<script" not in page
    assert "`lift1.rope_taut` is not true, or is unknown" in text
    plain = as_plain(found)
    assert isinstance(plain["rows"], list)
    assert len(plain["rows"]) == len(found.rows)
    with pytest.raises(ValueError, match="pdf"):
        render("pdf", "Tower", found)


def test_a_waiver_stands_at_the_head_of_the_document() -> None:
    waiver = Waiver("lift1.overhang_front_clear", ("H07",), "Ada Byron", "On order.", "2027-03-01", 0)
    for form in ("md", "html"):
        assert "Ada Byron answers for H07 until 2027-03-01" in render(form, "Tower", matrix(TOWER), (waiver,))


def test_a_set_of_choices_is_what_trying_them_all_gives() -> None:
    sets = Diagrams([2, 3, 2])
    first, second = sets.of(0, lambda i: i == 1), sets.of(1, lambda i: i > 0)
    mixed = sets.either(sets.both(first, second), sets.of_two(2, 1, lambda i, j: i == j))
    for a in range(2):
        for b in range(3):
            for c in range(2):
                held = sets.given(sets.given(sets.given(mixed, 0, a), 1, b), 2, c)
                assert held == (EVERY if (a == 1 and b > 0) or c == b else NONE)
    assert sets.rest(sets.rest(mixed)) == mixed
    assert sets.both(mixed, sets.rest(mixed)) == NONE
