"""Both ends of the local link over real sockets."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest
import uvloop
import zmq
import zmq.asyncio

from controller.local_link import server as server_module
from controller.local_link.client import LocalLinkClient
from controller.local_link.endpoint import LocalLinkError
from controller.local_link.event_ring import EventRing
from controller.local_link.messages import (
    Accepted,
    Answer,
    CycleView,
    Envelope,
    Event,
    Events,
    GetEvents,
    Refused,
    Reply,
    Shape,
    Snapshot,
    Start,
    Stop,
)
from controller.local_link.server import LocalLinkServer
from tests.eventually import eventually

SHAPE = Shape(
    garage="g",
    name="G",
    layout="vending-tower",
    ring=False,
    software="1",
    config_hash="",
    levels=[],
    columns=[],
    positions=[],
    lifts=[],
    shuttles=[],
    cabins=[],
)


def snapshot(seq: int, event_seq: int = 0, epoch: int = 1) -> Snapshot:
    cycle = CycleView(period_ms=20, cycles=0, overruns=0, late_p50_us=0, late_p99_us=0, late_max_us=0)
    return Snapshot(
        seq=seq,
        at_ms=0,
        event_seq=event_seq,
        mode="stopped",
        ready=False,
        ready_to_start=False,
        reasons=[],
        epoch=epoch,
        cycle=cycle,
        devices=[],
        links=[],
        vehicles=[],
        positions=[],
        cabins=[],
        orders=[],
        interlocks=[],
    )


def event(seq: int) -> Event:
    return Event(seq=seq, at_ms=seq, kind="test", data={})


class Control:
    """The control process's end with its ring."""

    def __init__(self, state: Path, ring_size: int = 1000) -> None:
        self.ring = EventRing(ring_size)
        self.server = LocalLinkServer(state, shape=SHAPE, events_after=self.ring.after)
        self.server.start()

    def happen(self, *, publish: bool = True) -> None:
        happened = event(self.ring.last + 1)
        self.ring.append(happened)
        if publish:
            self.server.publish_event(happened)

    async def seen_by(self, client: LocalLinkClient) -> None:
        """Publish snapshots until the client has one: a subscription takes a moment to arrive."""
        before = client.snapshot
        deadline = time.monotonic() + 10
        while client.snapshot is before:
            self.server.publish_snapshot(snapshot(1, self.ring.last))
            await asyncio.sleep(0.01)
            assert time.monotonic() < deadline

    def accept_all(self) -> None:
        for token, _ in self.server.take_requests():
            self.server.answer(token, Accepted())

    async def answer_next(self, answer: Answer) -> None:
        token, _ = (await eventually(self.server.take_requests))[0]
        self.server.answer(token, answer)


@pytest.fixture
async def control(tmp_state: Path) -> AsyncIterator[Control]:
    running = Control(tmp_state)
    yield running
    await running.server.stop()


@pytest.fixture
async def client(tmp_state: Path) -> AsyncIterator[LocalLinkClient]:
    running = LocalLinkClient(tmp_state)
    running.start()
    yield running
    await running.stop()


async def test_a_request_comes_to_the_cycle_and_its_answer_goes_back(control: Control, client: LocalLinkClient) -> None:
    await control.seen_by(client)
    asking = asyncio.create_task(client.request(Start(actor="me")))
    token, request = (await eventually(control.server.take_requests))[0]
    assert request == Start(actor="me")
    control.server.answer(token, Accepted())
    assert await asking == Accepted()


async def test_answers_find_their_questions_in_any_order(control: Control, client: LocalLinkClient) -> None:
    await control.seen_by(client)
    first = asyncio.create_task(client.request(Start()))
    (token_1, _), *_ = await eventually(control.server.take_requests)
    second = asyncio.create_task(client.request(Stop()))
    (token_2, _), *_ = await eventually(control.server.take_requests)
    control.server.answer(token_2, Accepted(repeated=True))
    control.server.answer(token_1, Accepted())
    assert (await first, await second) == (Accepted(), Accepted(repeated=True))


async def test_without_a_control_process_a_request_fails_at_once_and_is_never_carried_out_later_h11(
    tmp_state: Path, client: LocalLinkClient
) -> None:
    answer = await client.request(Start())
    assert isinstance(answer, Refused)
    assert answer.reason.code == "CONTROLLER_AWAY"
    control = Control(tmp_state)
    try:
        await control.seen_by(client)
        assert control.server.take_requests() == []
    finally:
        await control.server.stop()


async def test_a_request_that_was_delayed_beyond_its_deadline_is_not_carried_out_h11(
    control: Control, client: LocalLinkClient
) -> None:
    await control.seen_by(client)
    answer = await client.request(Start(), timeout_s=0.05)
    assert isinstance(answer, Refused)
    assert answer.reason.code == "CONTROLLER_SILENT"
    await asyncio.sleep(0.02)
    assert control.server.take_requests() == []


async def test_the_shape_and_past_events_are_answered_without_the_cycle(
    control: Control, client: LocalLinkClient
) -> None:
    for _ in range(5):
        control.happen()
    await control.seen_by(client)
    assert await client.shape() == SHAPE
    answer = await client.request(GetEvents(after=2, limit=2))
    assert isinstance(answer, Events)
    assert [item.seq for item in answer.events] == [3, 4]
    assert control.server.take_requests() == []


async def test_the_ring_is_filled_with_what_happened_before_the_client_came(
    control: Control, client: LocalLinkClient
) -> None:
    for _ in range(30):
        control.happen()
    await control.seen_by(client)
    await eventually(lambda: client.ring.last == 30)
    assert client.ring.oldest == 1


async def test_events_that_were_lost_on_the_way_are_fetched_in_order(control: Control, client: LocalLinkClient) -> None:
    await control.seen_by(client)
    for index in range(40):
        control.happen(publish=index % 3 == 0)
    await control.seen_by(client)
    await eventually(lambda: client.ring.last == 40)
    assert [item.seq for item in client.ring.after(0, 100).events] == list(range(1, 41))


async def test_events_that_nobody_keeps_any_more_leave_a_ring_without_a_gap(
    tmp_state: Path, client: LocalLinkClient
) -> None:
    control = Control(tmp_state, ring_size=10)
    try:
        await control.seen_by(client)
        for _ in range(50):
            control.happen(publish=False)
        await control.seen_by(client)
        await eventually(lambda: client.ring.last == 50)
        assert [item.seq for item in client.ring.after(0, 100).events] == list(range(41, 51))
    finally:
        await control.server.stop()


async def test_a_control_process_with_another_journal_begins_the_events_anew(
    tmp_state: Path, client: LocalLinkClient
) -> None:
    control = Control(tmp_state)
    for _ in range(20):
        control.happen()
    await control.seen_by(client)
    await eventually(lambda: client.ring.last == 20)
    await control.server.stop()
    other = Control(tmp_state)
    try:
        other.happen()
        await _until(lambda: other.server.publish_snapshot(snapshot(1, 1, epoch=2)), lambda: client.ring.last == 1)
        assert client.ring.oldest == 1
    finally:
        await other.server.stop()


async def test_the_client_finds_a_restarted_control_process_again(tmp_state: Path, client: LocalLinkClient) -> None:
    for _ in range(3):
        control = Control(tmp_state)
        try:
            await control.seen_by(client)
            asking = asyncio.create_task(_accepted(client))
            await _until(control.accept_all, asking.done)
            await asking
        finally:
            await control.server.stop()


async def test_the_snapshots_age_grows_while_nothing_comes(control: Control, client: LocalLinkClient) -> None:
    assert client.snapshot_age_ms() is None
    await control.seen_by(client)
    await eventually(lambda: (client.snapshot_age_ms() or 0) >= 50)


async def test_requests_over_the_bound_are_refused_and_the_others_kept(
    control: Control, client: LocalLinkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "REQUESTS_OPEN_MAX", 3)
    await control.seen_by(client)
    asking = [asyncio.create_task(client.request(Start())) for _ in range(5)]
    await eventually(lambda: sum(task.done() for task in asking) == 2)
    for token, _ in control.server.take_requests():
        control.server.answer(token, Accepted())
    answers = await asyncio.gather(*asking)
    assert sum(answer == Accepted() for answer in answers) == 3
    refusals = [answer.reason.code for answer in answers if isinstance(answer, Refused)]
    assert refusals == ["LINK_BUSY", "LINK_BUSY"]


async def test_requests_that_nobody_answers_do_not_fill_the_queue_for_ever(
    control: Control, client: LocalLinkClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "REQUESTS_OPEN_MAX", 1)
    monkeypatch.setattr(server_module, "OPEN_REQUEST_LIFE_MS", 0)
    await control.seen_by(client)
    forgotten = asyncio.create_task(client.request(Start()))
    await eventually(control.server.take_requests)
    await asyncio.sleep(0.005)
    later = asyncio.create_task(client.request(Stop()))
    await control.answer_next(Accepted())
    assert await later == Accepted()
    assert isinstance(await forgotten, Refused)


async def test_garbage_and_unknown_requests_harm_nobody(
    control: Control, client: LocalLinkClient, tmp_state: Path
) -> None:
    await control.seen_by(client)
    context = zmq.asyncio.Context()
    stranger = context.socket(zmq.DEALER)
    stranger.setsockopt(zmq.LINGER, 0)
    stranger.connect(f"ipc://{tmp_state}/link/requests")
    try:
        for garbage in (b"", b"\xc1", b"\x80", b"x" * 1000):
            await stranger.send(garbage)
        await stranger.send_multipart([b"two", b"frames"])
        await stranger.send(msgspec.msgpack.encode({"id": 5, "deadline_ms": 0, "request": {"type": "open-all-doors"}}))
        reply = msgspec.msgpack.decode(await asyncio.wait_for(stranger.recv(), 5), type=Reply)
        assert reply.id == 5
        assert isinstance(reply.answer, Refused)
        assert reply.answer.reason.code == "BAD_REQUEST"
        assert control.server.malformed == 5
        asking = asyncio.create_task(client.request(Start()))
        await control.answer_next(Accepted())
        assert await asking == Accepted()
    finally:
        stranger.close(linger=0)
        context.term()


async def test_an_answer_to_a_peer_that_has_gone_is_dropped(control: Control, tmp_state: Path) -> None:
    client = LocalLinkClient(tmp_state)
    client.start()
    await control.seen_by(client)
    asking = asyncio.create_task(client.request(Start()))
    (token, _), *_ = await eventually(control.server.take_requests)
    await client.stop()
    assert isinstance(await asking, Refused)
    control.server.answer(token, Accepted())
    control.server.answer(token, Accepted())
    control.server.answer(12_345, Accepted())


async def test_a_subscriber_that_takes_nothing_never_delays_the_cycle(control: Control, tmp_state: Path) -> None:
    context = zmq.Context()
    sleeper = context.socket(zmq.SUB)
    sleeper.setsockopt(zmq.SUBSCRIBE, b"")
    sleeper.setsockopt(zmq.RCVHWM, 1)
    sleeper.connect(f"ipc://{tmp_state}/link/published")
    try:
        # Far more than the queue and the socket's buffers hold: a blocking send would hang here for ever.
        for seq in range(20_000):
            control.server.publish_snapshot(snapshot(seq))
            if seq % 1000 == 0:
                await asyncio.sleep(0)
    finally:
        sleeper.close(linger=0)
        context.term()


async def test_two_control_processes_cannot_share_a_state_directory_h13(control: Control, tmp_state: Path) -> None:
    second = LocalLinkServer(tmp_state, shape=SHAPE, events_after=control.ring.after)
    with pytest.raises(LocalLinkError) as refused:
        second.start()
    assert refused.value.reason.code == "STATE_IN_USE"
    await second.stop()


async def test_nobody_but_the_owner_can_enter_the_links_directory(tmp_state: Path) -> None:
    directory = tmp_state / "link"
    directory.mkdir(mode=0o777)
    directory.chmod(0o777)
    control = Control(tmp_state)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    await control.server.stop()


def test_a_path_too_long_for_a_socket_is_refused_with_its_length() -> None:
    with pytest.raises(LocalLinkError) as refused:
        LocalLinkClient(Path("/" + "x" * 120))
    assert refused.value.reason.code == "STATE_PATH_TOO_LONG"


def test_both_ends_work_under_uvloop(tmp_state: Path) -> None:
    async def talk() -> None:
        control = Control(tmp_state)
        client = LocalLinkClient(tmp_state)
        client.start()
        try:
            control.happen()
            await control.seen_by(client)
            await eventually(lambda: client.ring.last == 1)
            asking = asyncio.create_task(client.request(Start()))
            await control.answer_next(Accepted())
            assert await asking == Accepted()
        finally:
            await client.stop()
            await control.server.stop()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(talk())


def test_the_clients_side_loads_neither_drivers_nor_core() -> None:
    program = (
        "import sys, controller.local_link.client;"
        "print([m for m in sys.modules if m.split('.')[0] in ('plc_drivers', 'safety', 'pymodbus', 'asyncua')"
        " or m.startswith(('controller.core', 'controller.config', 'controller.garage'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == "[]"


def test_an_envelope_says_until_when_it_is_wanted() -> None:
    sent = msgspec.msgpack.encode(Envelope(id=1, request=Start(), deadline_ms=5))
    assert msgspec.msgpack.decode(sent, type=Envelope).deadline_ms == 5


async def _accepted(client: LocalLinkClient) -> None:
    for _ in range(200):
        if await client.request(Start(), timeout_s=1) == Accepted():
            return
        await asyncio.sleep(0.02)
    raise TimeoutError("no request was accepted")


async def _until(act: Callable[[], object], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        act()
        await asyncio.sleep(0.01)
        assert time.monotonic() < deadline
