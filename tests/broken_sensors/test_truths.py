"""The third reading of the language never calls impossible what the running system came to."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.garage import Layout
from controller.garage.topology import topology_of
from plc_drivers.contract import Tag as TagDefinition
from plc_drivers.contract import Value
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.logic import SafetyLogic
from sim_hardware.garage import EmulatedGarage
from tests.broken_sensors.matrix import readings_of
from tests.broken_sensors.truths import possible

CONFIG = Path(__file__).parents[2] / "config" / "tower-small.toml"
STEP_MS = 400


def some_value(tag: TagDefinition, shown: Value, chance: random.Random) -> Value:
    """What is shown at rest, or now and then something else of the tag's own."""
    if chance.random() < 0.97:
        return shown
    if tag.enum is not None:
        return int(chance.choice(list(tag.enum)))
    low, high = tag.bounds
    return chance.choice((int(low), int(high), 0, 1)) if low <= 0 else int(low)


@pytest.mark.parametrize("seed", range(6))
def test_what_a_condition_comes_to_is_always_among_the_truths_that_are_possible(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up readings, no secret
    config = load_config(CONFIG)
    logic = SafetyLogic(topology_of(Layout(config)))
    hardware = EmulatedGarage(config, populated=False)
    hardware.step(100)
    memory, seen = logic.memory0(), set[bool | None]()
    for cycle in range(40):
        now_ms = cycle * STEP_MS
        devices = {
            name: DeviceImage(
                name,
                plc.definition,
                tuple(
                    some_value(tag, value, chance)
                    for tag, value in zip(plc.definition.status, plc.status(), strict=True)
                ),
                now_ms,
                Quality.STALE if chance.random() < 0.02 else Quality.GOOD,
                frozenset({chance.randrange(len(plc.definition.status))} if chance.random() < 0.2 else ()),
            )
            for name, plc in hardware.devices.items()
        }
        image = ProcessImage(now_ms, devices)
        verdict, memory = logic.evaluate(image, memory, now_ms)
        assert memory.trace is not None
        readings = readings_of(image)
        for interlock in logic.interlocks:
            truth = logic.program.truth(interlock.condition, memory.trace)
            assert truth in possible(interlock.condition, readings), f"{interlock.id} in cycle {cycle}"
            seen.add(None if truth is None else bool(truth))
        for trip in verdict.trips:
            declared = next(one for one in logic.trips if one.id == trip.id)
            assert True in possible(declared.stands, readings), trip.id
    assert seen == {True, False, None}
