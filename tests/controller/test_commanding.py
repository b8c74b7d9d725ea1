"""The handshake with a device, seen from the controller: what leaves when, what an ending means."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.load import load_config
from controller.core import commanding
from controller.core.core import GarageCore
from controller.core.interface import Recorded
from controller.core.state import GarageState
from controller.garage import Layout
from controller.local_link.messages import ClearDevice, Start, Stop
from plc_drivers.contract import CommandCode
from plc_drivers.contract.codes import AckResult, DoneResult, FaultCode, State
from tests.controller.resting_garage import RestingGarage

CONFIG = Path(__file__).parent.parent.parent / "config"
LIFT = "lift1"


@pytest.fixture
def garage() -> RestingGarage:
    made = RestingGarage(Layout(load_config(CONFIG / "tower-small.toml")))
    made.step(Start())
    return made


def _intend(garage: RestingGarage, code: CommandCode = CommandCode.MOVE_TO_LEVEL, arg1: int = 1) -> int:
    situation = garage.situation()
    assert commanding.command(situation, LIFT, code, arg1) is None
    garage.recorded += situation.log.records
    return garage.core.state.mailbox(LIFT).seq


def _answer(garage: RestingGarage, seq: int, ack: AckResult = AckResult.ACCEPTED) -> None:
    garage.values[LIFT] |= {"ack_seq": seq, "ack_result": ack}


def _done(garage: RestingGarage, seq: int, result: DoneResult) -> None:
    _answer(garage, seq)
    garage.values[LIFT] |= {"done_seq": seq, "done_result": result}


def test_a_command_leaves_only_when_its_intent_is_on_disk(garage: RestingGarage) -> None:
    before = garage.step().wishes[LIFT].command
    seq = _intend(garage)
    kept = garage.step(durable=False).wishes[LIFT]
    assert kept.command == before
    assert not kept.permits

    sent = garage.step().wishes[LIFT]

    assert sent.command.seq == seq
    assert sent.command.code is CommandCode.MOVE_TO_LEVEL
    assert sent.permits == {"travel"}


def test_stop_never_waits_for_the_disk(garage: RestingGarage) -> None:
    _intend(garage)
    garage.step()
    commanding.order_stop(garage.situation(), LIFT)
    assert garage.step(durable=False).wishes[LIFT].command.code is CommandCode.STOP


def test_a_command_keeps_the_plc_clock_of_its_release(garage: RestingGarage) -> None:
    _intend(garage)
    first = garage.step().wishes[LIFT].command.issued_ms
    assert garage.step().wishes[LIFT].command.issued_ms == first


def test_a_command_that_the_plc_never_saw_is_given_up_when_it_has_expired_there(garage: RestingGarage) -> None:
    _intend(garage)
    for _ in range(200):
        garage.step()
        if garage.core.state.mailbox(LIFT).pending is None:
            break
    last = garage.core.state.mailbox(LIFT).last
    assert last is not None
    assert last.result == "NO_ANSWER"
    assert LIFT not in garage.core.state.blocks


def test_a_refusal_without_motion_is_tried_again_a_bounded_number_of_times(garage: RestingGarage) -> None:
    tries = 0
    for _ in range(5000):
        situation = garage.situation()
        if commanding.command(situation, LIFT, CommandCode.UNLOCK) is None:
            garage.step()
            pending = garage.core.state.mailbox(LIFT).pending
            if pending is not None and garage.values[LIFT]["ack_seq"] != pending.seq:
                tries += 1
                _answer(garage, pending.seq, AckResult.INTERLOCKED)
        garage.step()
        if LIFT in garage.core.state.blocks:
            break
    assert tries == commanding.RETRIES_MAX
    assert garage.core.state.blocks[LIFT].code == "INTERLOCKED"


@pytest.mark.parametrize("result", [DoneResult.PERMIT_LOST, DoneResult.CONTROLLER_LOST, DoneResult.FAULT])
def test_interrupted_motion_waits_for_clear_and_then_for_start_h11(garage: RestingGarage, result: DoneResult) -> None:
    seq = _intend(garage)
    garage.step()
    _done(garage, seq, result)
    garage.step()
    assert garage.core.state.blocks[LIFT].code == result.name

    garage.step(ClearDevice(device=LIFT))
    after_clear = commanding.command(garage.situation(), LIFT, CommandCode.MOVE_TO_LEVEL, 1)
    assert after_clear is not None
    assert after_clear.code == "NEEDS_START"

    garage.step(Start(), dt_ms=20_000)
    assert commanding.command(garage.situation(), LIFT, CommandCode.MOVE_TO_LEVEL, 1) is None


def test_a_permit_that_a_person_took_by_stopping_needs_no_clearing(garage: RestingGarage) -> None:
    seq = _intend(garage)
    garage.step()
    result = garage.step(Stop())
    assert not result.wishes[LIFT].permits
    _done(garage, seq, DoneResult.PERMIT_LOST)
    garage.step()
    assert LIFT not in garage.core.state.blocks


def test_a_plc_that_restarts_voids_its_command_and_is_blocked(garage: RestingGarage) -> None:
    _intend(garage)
    garage.step()
    garage.values[LIFT] |= {"boot_counter": 2, "state": State.STOPPED, "fault_code": FaultCode.PLC_RESTARTED}
    garage.step()
    assert garage.core.state.mailbox(LIFT).pending is None
    assert garage.core.state.blocks[LIFT].code == "PLC_RESTARTED"


def test_a_plc_that_has_forgotten_its_command_is_blocked_although_its_boot_counter_is_the_same_h11(
    garage: RestingGarage,
) -> None:
    seq = _intend(garage)
    garage.step()
    _answer(garage, seq)
    garage.values[LIFT] |= {"state": State.EXECUTING}
    garage.step()
    garage.values[LIFT] |= {"state": State.STOPPED, "fault_code": FaultCode.PLC_RESTARTED, "ack_seq": 0, "done_seq": 0}
    garage.step()
    assert garage.core.state.mailbox(LIFT).pending is None
    assert garage.core.state.blocks[LIFT].code == "PLC_RESTARTED"


def test_a_command_goes_on_while_a_foreign_controller_is_refused_h13(garage: RestingGarage) -> None:
    seq = _intend(garage)
    garage.step()
    _answer(garage, seq)
    garage.values[LIFT] |= {"state": State.EXECUTING}
    garage.step()
    garage.values[LIFT] |= {"ack_seq": 7000, "ack_result": AckResult.NOT_OWNER}
    garage.step()
    assert garage.core.state.mailbox(LIFT).pending is not None


def test_a_foreign_owner_is_not_commanded_h13(garage: RestingGarage) -> None:
    garage.foreign_epoch[LIFT] = 99
    garage.step()
    refusal = commanding.command(garage.situation(), LIFT, CommandCode.MOVE_TO_LEVEL, 1)
    assert refusal is not None
    assert refusal.code == "NOT_OWNER"


def test_after_a_restart_nothing_of_the_run_before_is_sent_again_h11(garage: RestingGarage) -> None:
    seq = _intend(garage)
    garage.step()
    again = _restart(garage, garage.recorded)

    for _ in range(100):
        wish = again.step().wishes[LIFT]
        assert wish.command.code is CommandCode.NONE
        assert wish.command.seq == seq
        assert not wish.permits
    last = again.core.state.mailbox(LIFT).last
    assert last is not None
    assert last.result == "CONTROLLER_RESTARTED"


def test_a_command_that_ended_while_the_controller_was_away_counts_as_ended(garage: RestingGarage) -> None:
    seq = _intend(garage)
    garage.step()
    again = _restart(garage, garage.recorded)
    again.values[LIFT] |= {"ack_seq": seq, "ack_result": 1, "done_seq": seq, "done_result": DoneResult.OK}
    again.step()
    last = again.core.state.mailbox(LIFT).last
    assert last is not None
    assert last.ok


def _restart(garage: RestingGarage, recorded: list[Recorded]) -> RestingGarage:
    again = RestingGarage.__new__(RestingGarage)
    again.__dict__ |= garage.__dict__
    again.core = GarageCore(garage.layout)
    again.core.fold(recorded)
    assert _mode(again.core) == "automatic"
    again.core.claim_epoch(again.image(), again.verdict(), 1, again.now())
    assert _mode(again.core) == "stopped"
    return again


def _mode(core: GarageCore) -> str:
    return core.state.mode


def test_folding_the_journal_gives_the_state_that_was_lived_through(garage: RestingGarage) -> None:
    seq = _intend(garage)
    garage.step()
    _done(garage, seq, DoneResult.FAULT)
    garage.step()
    folded = GarageCore(garage.layout)
    folded.fold(garage.recorded)
    assert _books(folded.state) == _books(garage.core.state)


def _books(state: GarageState) -> tuple[object, ...]:
    boxes = {name: (box.seq, box.last, box.failures) for name, box in state.mailboxes.items() if box.seq}
    return state.mode, state.epoch, state.vehicles, state.occupant, state.orders, state.claims, boxes, state.blocks
