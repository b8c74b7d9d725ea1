"""A few deaths of the real control process; ``make kills`` makes many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from controller.config.models import GarageConfig
from tests.kills import judge
from tests.kills.campaign import run


def test_h11_nothing_is_lost_when_the_control_process_is_killed_at_work(
    config_on_free_ports: Callable[[str], GarageConfig], tmp_state: Path
) -> None:
    report = run(config_on_free_ports("tower-small"), tmp_state, kills=3, seed=7, speed=20.0, tell=lambda _text: None)
    assert report.wrong == []
    assert report.kills == 3
    assert report.orders_accepted > 0
    assert report.commands_checked > 0


def test_the_judge_sees_what_is_lost_doubled_or_elsewhere() -> None:
    def world(**seats: str) -> dict[str, dict[str, dict[str, str]]]:
        return {"vehicles": {car: {"seat": seat} for car, seat in seats.items()}}

    assert judge.cars(world(a="stand:p1"), {"a", "b"}) == ["b is not in the world any more"]
    assert judge.cars(world(a="stand:p1", b="stand:p1"), {"a", "b"}) == ["2 cars stand at stand:p1"]
    books = [{"id": "a", "position": "p2"}, {"id": "b", "position": "p2"}]
    found = judge.agreed(books, world(a="stand:p1", b="away"))
    assert len(found) == 3
    assert judge.agreed([{"id": "a", "position": "p1"}], world(a="stand:p1")) == []
