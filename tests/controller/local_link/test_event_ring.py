"""The window of recent events."""

from __future__ import annotations

import pytest

from controller.local_link.event_ring import EventRing
from controller.local_link.messages import Event


def event(seq: int) -> Event:
    return Event(seq=seq, at_ms=seq, kind="test", data={})


def filled(size: int, first: int, last: int) -> EventRing:
    ring = EventRing(size, last=first - 1)
    for seq in range(first, last + 1):
        ring.append(event(seq))
    return ring


def test_the_oldest_events_fall_out() -> None:
    ring = filled(3, 1, 5)
    assert [item.seq for item in ring.after(0, 10).events] == [3, 4, 5]
    assert (ring.oldest, ring.last) == (3, 5)


def test_events_after_a_number_come_in_order_up_to_the_limit() -> None:
    ring = filled(10, 1, 8)
    assert [item.seq for item in ring.after(3, 2).events] == [4, 5]
    assert ring.after(8, 5).events == []
    assert ring.after(99, 5).events == []
    assert ring.after(3, 0).events == []


def test_an_empty_ring_says_which_number_comes_next() -> None:
    ring = EventRing(4, last=41)
    assert (ring.oldest, ring.last, ring.after(0, 5).oldest) == (42, 41, 42)


@pytest.mark.parametrize("seq", [4, 6, 7])
def test_a_gap_or_a_repetition_is_not_taken(seq: int) -> None:
    ring = filled(10, 1, 4)
    with pytest.raises(ValueError, match="does not follow 4"):
        ring.append(event(seq))


def test_a_restart_forgets_what_came_before() -> None:
    ring = filled(10, 1, 4)
    ring.restart(100)
    ring.append(event(101))
    assert [item.seq for item in ring.after(0, 10).events] == [101]
