"""Which of several alarms came first, and what belongs together."""

from __future__ import annotations

from controller.alarms.first_out import GROUP_MS_MAX, JOIN_WITHIN_MS
from controller.local_link.alarm_messages import AcknowledgeAlarm
from tests.controller.alarms.bench import Bench, alarm, definition

CAUSE = definition("cause", on_delay_ms=1000)
EFFECT = definition("effect")
ASIDE = definition("aside", stops=False)


def garage() -> Bench:
    return Bench(
        [
            alarm(CAUSE, "lift1", 1, 0),
            alarm(EFFECT, "lift1", 1, 1),
            alarm(EFFECT, "shuttle1", 1, 1),
            alarm(EFFECT, "shuttle2", 2, 1),
            alarm(ASIDE, "lift1", 1, 2),
        ]
    )


def marks(bench: Bench) -> dict[str, str | None]:
    """Each alarm with the one it is grouped under; None for the first."""
    return {view.id: view.under for view in bench.window.alarms(bench.now_ms)}


def test_what_follows_is_grouped_under_the_first_of_its_zone() -> None:
    bench = garage()
    bench.on("lift1.effect")
    bench.pass_ms(3000)
    bench.on("shuttle1.effect")
    bench.on("shuttle2.effect")
    assert marks(bench) == {"lift1.effect": None, "shuttle1.effect": "lift1.effect", "shuttle2.effect": None}
    first = next(view for view in bench.window.alarms(bench.now_ms) if view.id == "lift1.effect")
    assert first.first_out


def test_the_first_is_told_by_its_onset_and_not_by_its_delay() -> None:
    bench = garage()
    bench.on("lift1.cause")
    bench.pass_ms(300)
    bench.on("shuttle1.effect")
    assert marks(bench) == {"shuttle1.effect": None}
    bench.pass_ms(700)
    assert marks(bench) == {"lift1.cause": None, "shuttle1.effect": "lift1.cause"}


def test_in_the_same_moment_the_cause_goes_before_its_effects() -> None:
    bench = garage()
    bench.holding |= {"shuttle1.effect": "", "lift1.effect": ""}
    bench.holding["lift1.cause"] = ""
    bench.pass_ms(1020)
    assert marks(bench)["shuttle1.effect"] == "lift1.cause"
    assert marks(bench)["lift1.effect"] == "lift1.cause"


def test_what_comes_later_or_stops_nothing_is_not_taken_for_a_consequence() -> None:
    bench = garage()
    bench.on("lift1.effect")
    bench.on("lift1.aside")
    bench.pass_ms(JOIN_WITHIN_MS + 20)
    bench.on("shuttle1.effect")
    assert marks(bench) == {"lift1.effect": None, "lift1.aside": None, "shuttle1.effect": None}


def test_a_long_row_does_not_hang_on_its_first_for_ever() -> None:
    bench = Bench([alarm(definition(f"n{number}"), rank=number) for number in range(20)])
    for number in range(20):
        bench.on(f"lift1.n{number}")
        bench.pass_ms(5000)
    heads = [name for name, under in marks(bench).items() if under is None]
    assert len(heads) == 2
    assert bench["lift1.n13"].group != bench["lift1.n0"].group
    assert GROUP_MS_MAX == 60_000


def test_a_group_is_acknowledged_in_one_act_and_survives_a_restart() -> None:
    bench = garage()
    bench.on("lift1.effect")
    bench.on("shuttle1.effect")
    bench.on("shuttle2.effect")
    bench.restart()
    bench.update()
    assert marks(bench)["shuttle1.effect"] == "lift1.effect"
    bench.act(AcknowledgeAlarm(alarm="lift1.effect", group=True, person="Kim"))
    assert bench["shuttle1.effect"].standing.is_acknowledged
    assert not bench["shuttle2.effect"].standing.is_acknowledged, "another zone, another group"


def test_the_first_keeps_its_mark_when_it_has_gone_while_others_stand() -> None:
    bench = garage()
    bench.on("lift1.effect")
    bench.on("shuttle1.effect")
    bench.act(AcknowledgeAlarm(alarm="lift1.effect"))
    bench.off("lift1.effect")
    assert marks(bench) == {"shuttle1.effect": "lift1.effect"}


def test_a_new_group_after_a_restart_has_a_new_number() -> None:
    bench = garage()
    bench.on("lift1.effect")
    bench.restart()
    bench.update()
    bench.on("shuttle1.effect")
    assert bench["shuttle1.effect"].group == bench["lift1.effect"].group + 1
