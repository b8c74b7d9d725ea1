"""A PLC that comes back with another program waits for a person, whoever was away meanwhile (H11)."""

from __future__ import annotations

import pytest

from controller.config.load import load_config
from controller.core import state_snapshot
from controller.core.events import EpochClaimed, ProgramSeen
from controller.core.program_watch import PROGRAM_CHANGED
from controller.local_link.messages import Accepted, ClearDevice, Start
from sim_hardware.fault import Fault, FaultKind
from tests.conftest import CONFIG_FOLDER
from tests.simulation.virtual_garage import VirtualGarage

OTHER = 10_001


@pytest.fixture
def garage() -> VirtualGarage:
    """The small tower in automatic operation."""
    made = VirtualGarage(load_config(CONFIG_FOLDER / "tower-small.toml"))
    made.run(3)
    go_on(made)
    return made


def go_on(garage: VirtualGarage) -> None:
    """What a person does who has looked: clear everything and start."""
    assert isinstance(garage.demand(ClearDevice(device="all", actor="test")), Accepted)
    garage.run(3)
    assert isinstance(garage.demand(Start(actor="test")), Accepted)
    garage.run(1)
    assert garage.core.state.mode == "automatic"
    assert not garage.core.state.blocks


def seen(garage: VirtualGarage) -> list[ProgramSeen]:
    """What the journal says of programs after the takeover."""
    return [one.event for one in garage.journal if isinstance(one.event, ProgramSeen)]


def load(garage: VirtualGarage, device: str) -> None:
    """Somebody loads another program into a PLC, which restarts with it."""
    garage.hardware.faults.inject(Fault(device, FaultKind.NEW_PROGRAM))


def test_the_programs_that_were_found_at_first_are_in_the_books_and_block_nothing(garage: VirtualGarage) -> None:
    claims = [one.event for one in garage.journal if isinstance(one.event, EpochClaimed)]
    known = claims[0].programs | {event.device: event.version for event in seen(garage)}
    assert set(known) == set(garage.watches)
    assert garage.core.state.programs == known


def test_another_program_blocks_its_device_with_its_own_reason_until_a_person_has_cleared_it(
    garage: VirtualGarage,
) -> None:
    load(garage, "lift1")
    garage.until(lambda: garage.core.state.programs["lift1"] == OTHER, 5)
    block = garage.core.state.blocks["lift1"]
    assert block.code == PROGRAM_CHANGED
    assert str(OTHER) in block.text
    assert "10000" in block.text
    assert seen(garage)[-1] == ProgramSeen(device="lift1", version=OTHER, before=10_000)
    count = len(seen(garage))
    garage.run(5)
    assert len(seen(garage)) == count, "told once"
    go_on(garage)
    garage.run(3)
    assert "lift1" not in garage.core.state.blocks


def test_a_program_that_was_loaded_while_no_controller_ran_is_not_missed(garage: VirtualGarage) -> None:
    garage.end_controller()
    load(garage, "shuttle1")
    garage.run(3)
    garage.start_controller()
    garage.until(lambda: "shuttle1" in garage.core.state.blocks, 10)
    assert garage.core.state.blocks["shuttle1"].code == PROGRAM_CHANGED
    garage.kill_controller()
    garage.run(5)
    assert garage.core.state.blocks["shuttle1"].code == PROGRAM_CHANGED, "a restart does not forget it"


def test_another_program_in_the_safety_plc_stops_the_garage(garage: VirtualGarage) -> None:
    load(garage, "safety1")
    garage.until(lambda: garage.core.state.mode == "stopped", 5)
    garage.until(lambda: garage.core.state.programs["safety1"] == OTHER, 5)


def test_the_same_program_after_a_restart_says_nothing_of_programs(garage: VirtualGarage) -> None:
    before = len(seen(garage))
    garage.hardware.devices["lift1"].power_cycle()
    garage.run(5)
    assert len(seen(garage)) == before
    assert garage.core.state.blocks["lift1"].code != PROGRAM_CHANGED


def test_programs_are_in_a_snapshot_of_the_state(garage: VirtualGarage) -> None:
    state = garage.core.state
    again = state_snapshot.decode(state_snapshot.encode(state), state.alarms.catalogue)
    assert again.programs == state.programs
    assert state.programs
