"""What is drawn from a seed: everything there is, nothing that is refused, one lie at a time, and each by itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from cli.campaign.mix import LEFT_OUT, LIES, MIX, OwnFault, excluded, is_excluded
from cli.campaign.plan import BETWEEN_LIES_MS, DAY_MS, Planned, plan
from cli.campaign.virtual_garage import VirtualGarage
from controller.config.load import load_config
from sim_hardware.fault import FaultKind, FaultRefusedError
from sim_hardware.garage import EmulatedGarage

CONFIG = Path(__file__).parents[2] / "config"


def _garage(name: str) -> VirtualGarage:
    return VirtualGarage(load_config(CONFIG / f"{name}.toml"))


def test_every_kind_of_fault_is_drawn_or_left_out_with_a_reason() -> None:
    assert set(MIX) | set(LEFT_OUT) == set(FaultKind) | set(OwnFault)
    assert not set(MIX) & set(LEFT_OUT)


@pytest.mark.parametrize("name", ["tower-small", "tower-guangzhou", "garage-shuttle"])
def test_every_drawn_fault_can_be_injected(name: str) -> None:
    hardware = _garage(name).hardware
    drawn = plan(1, 40 * DAY_MS, hardware, rate=3)
    missing = set(MIX) - {one.kind for one in drawn}
    assert missing <= {FaultKind.BAD}
    refused = [code for one in drawn if (code := _refusal(hardware, one)) not in {"", "NOT_NOW"}]
    assert refused == []


def _refusal(hardware: EmulatedGarage, one: Planned) -> str:
    try:
        if one.fault is not None:
            hardware.faults.prepare(one.fault)
    except FaultRefusedError as refused:
        return refused.code
    return ""


def test_never_two_lies_at_once_and_none_beyond_the_claims() -> None:
    drawn = plan(2, 40 * DAY_MS, _garage("tower-guangzhou").hardware, rate=20)
    lies = [one for one in drawn if one.kind in LIES]
    assert len(lies) > 100
    for before, after in pairwise(lies):
        assert after.at_ms >= before.at_ms + before.for_ms + BETWEEN_LIES_MS
    kinds = {"lift1": "lift", "shuttle1": "shuttle", "cabin1": "cabin", "cabin2": "cabin"}
    for one in lies:
        device, _, tag = one.target.partition(".")
        assert not (device in kinds and is_excluded(kinds[device], tag))
    assert "lift.rope_taut" in excluded()


def test_the_same_seed_draws_the_same_and_another_something_else() -> None:
    hardware = _garage("tower-small").hardware
    first, again, other = (plan(seed, 10 * DAY_MS, hardware) for seed in (1, 1, 2))
    assert first == again
    assert first != other
