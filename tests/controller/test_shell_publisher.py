"""What leaves the control process, and when."""

from __future__ import annotations

from controller.core.events import OrderWaiting
from controller.core.interface import Recorded, StepResult, Told
from controller.local_link.explanation import Explain
from controller.local_link.messages import Accepted, Answer, Event, Reason, Refused, Request, Snapshot, Start
from controller.shell.publisher import ASKS_PER_CYCLE_MAX, Publisher


class Outlet:
    def __init__(self) -> None:
        self.events: list[int] = []
        self.answers: list[tuple[int, Answer]] = []
        self.requests: list[tuple[int, Request]] = []

    def publish_snapshot(self, snapshot: Snapshot) -> None:
        raise NotImplementedError

    def publish_event(self, event: Event) -> None:
        self.events.append(event.seq)

    def take_requests(self) -> list[tuple[int, Request]]:
        taken, self.requests = self.requests, []
        return taken

    def take_question(self) -> tuple[int, Explain] | None:
        return None

    def answer(self, token: int, answer: Answer) -> None:
        self.answers.append((token, answer))


def recorded(*seqs: int) -> list[Recorded]:
    return [Recorded(seq, seq, OrderWaiting(order=f"o{seq}", code="X")) for seq in seqs]


def connected(kept: int = 100) -> tuple[Publisher, Outlet]:
    publisher, outlet = Publisher(kept), Outlet()
    publisher.connect(outlet)
    return publisher, outlet


def test_an_event_and_its_answer_leave_only_when_they_are_on_disk() -> None:
    publisher, outlet = connected()
    done = Accepted()
    publisher.hold(StepResult(events=recorded(1, 2, 3), answers=[Told(7, done, 3), Told(8, done, 1)]))
    publisher.release(0)
    assert (outlet.events, outlet.answers) == ([], [])
    publisher.release(2)
    assert (outlet.events, outlet.answers) == ([1, 2], [(8, done)])
    publisher.release(3)
    assert (outlet.events, outlet.answers) == ([1, 2, 3], [(8, done), (7, done)])
    publisher.release(3)
    assert outlet.events == [1, 2, 3]


def test_answers_to_the_shells_own_requests_go_nowhere() -> None:
    publisher, outlet = connected()
    publisher.hold(StepResult(answers=[Told(-1, Accepted(), 0)]))
    publisher.release(0)
    assert outlet.answers == []


def test_past_events_of_the_journal_can_be_asked_for_up_to_the_bound() -> None:
    publisher, _ = connected(kept=3)
    assert [r.seq for r in publisher.remember(recorded(1, 2, 3, 4, 5))] == [1, 2, 3, 4, 5]
    found = publisher.events_after(0, 10)
    assert ([e.seq for e in found.events], found.oldest) == ([3, 4, 5], 3)
    publisher.hold(StepResult(events=recorded(6)))
    publisher.release(6)
    assert [e.seq for e in publisher.events_after(4, 10).events] == [5, 6]


def test_a_flood_of_requests_is_spread_over_cycles_in_order() -> None:
    publisher, outlet = connected()
    outlet.requests = [(token, Start()) for token in range(ASKS_PER_CYCLE_MAX + 3)]
    assert [ask.token for ask in publisher.asks()] == list(range(ASKS_PER_CYCLE_MAX))
    assert [ask.token for ask in publisher.asks()] == [8, 9, 10]
    assert publisher.asks() == []


def test_an_ending_controller_refuses_what_waits_and_what_comes() -> None:
    publisher, outlet = connected()
    outlet.requests = [(token, Start()) for token in range(20)]
    publisher.asks()
    publisher.refuse_all(Reason(code="CONTROLLER_ENDING", text="", remedy=""))
    assert [token for token, _ in outlet.answers] == list(range(8, 20))
    assert all(isinstance(answer, Refused) for _, answer in outlet.answers)
