"""The table of states, walked through completely, against what it must mean."""

from __future__ import annotations

import itertools

import pytest

from controller.alarms.standing import LATCHING, PLAIN, Standing, Table, Trigger, follow

ALL = list(itertools.product(Standing, Trigger))


def _reachable(table: Table) -> set[Standing]:
    found = {Standing.NORMAL}
    while more := {to for (at, _), to in table.items() if at in found} - found:
        found |= more
    return found


@pytest.mark.parametrize("table", [PLAIN, LATCHING], ids=["plain", "latching"])
def test_every_state_can_be_reached_and_left_towards_normal(table: Table) -> None:
    reachable = _reachable(table)
    assert reachable >= {at for at, _ in table}
    for start in reachable:
        seen, edge = {start}, [start]
        while edge:
            at = edge.pop()
            for (before, _), after in table.items():
                if before is at and after not in seen:
                    seen.add(after)
                    edge.append(after)
        assert Standing.NORMAL in seen, f"{start} is a dead end"


@pytest.mark.parametrize("latching", [False, True])
@pytest.mark.parametrize(("at", "trigger"), ALL, ids=lambda value: value.value)
def test_every_pair_does_what_the_words_say_or_nothing(at: Standing, trigger: Trigger, *, latching: bool) -> None:
    if at not in _reachable(LATCHING if latching else PLAIN):
        assert follow(at, trigger, latching=latching) is None
        return
    after = follow(at, trigger, latching=latching)
    match trigger:
        case Trigger.RAISE:
            assert after is (None if at.is_active else Standing.UNACKNOWLEDGED), "a raised alarm is never acknowledged"
        case Trigger.CLEAR:
            assert (after is None) is not at.is_active
            if after is not None:
                assert not after.is_active
                assert after.is_acknowledged is at.is_acknowledged
                assert after.is_retained or (at.is_acknowledged and not latching)
        case Trigger.ACKNOWLEDGE:
            assert (after is None) is at.is_acknowledged
            if after is not None:
                assert after.is_acknowledged
                assert after.is_active is at.is_active
                assert after.is_retained or (not at.is_active and not latching)
        case Trigger.CONFIRM:
            is_due = latching and at is Standing.LATCHED
            assert after is (Standing.NORMAL if is_due else None)
