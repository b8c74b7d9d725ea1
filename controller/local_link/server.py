"""The control process's end of the local link: publishes what is, takes requests, gives answers.

Owns the sockets, the bounded queue of requests and the way back to who asked. Must never make the scan cycle
wait: publishing and answering return at once, a slow or dead peer loses messages and nothing else.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import zmq
import zmq.asyncio

from controller.local_link.endpoint import LocalLinkError, endpoints, prepare_directory
from controller.local_link.explanation import Explain
from controller.local_link.messages import (
    Answer,
    Event,
    Events,
    GetEvents,
    GetShape,
    Reason,
    Refused,
    Reply,
    Request,
    Shape,
    ShapeAnswer,
    Snapshot,
)

_log = logging.getLogger(__name__)

EventsAfter: TypeAlias = Callable[[int, int], Events]
"""``(after, limit)`` gives the events kept after a number, from memory: it is called inside the event loop."""

REQUESTS_OPEN_MAX = 64
"""Requests that may wait for the cycle or for their answer; more are refused with LINK_BUSY."""

EVENTS_PER_ANSWER_MAX = 2000
MESSAGE_BYTES_MAX = 65_536
"""Largest request; the API's own limit is lower. A longer one ends its connection (ZMQ_MAXMSGSIZE)."""

PUBLISHED_QUEUE_MAX = 200
"""Messages kept for a slow subscriber; it loses what comes after and repairs the gap by GetEvents."""

OPEN_REQUEST_LIFE_MS = 60_000
"""After this time a request that nobody answered gives up its place in the queue."""


class _LooseEnvelope(msgspec.Struct, frozen=True):
    """An envelope whose request is not decoded yet, so that even a bad request gets an answer."""

    id: int
    deadline_ms: int
    request: msgspec.Raw


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who waits for the answer to a token, under which id, and since when (monotonic ms)."""

    identity: bytes
    id: int
    since_ms: int
    deadline_ms: int


class LocalLinkServer:
    """Publisher and request queue of the control process; one per state directory.

    Runs in one asyncio loop (uvloop or not); no method but ``stop`` is a coroutine and none of them blocks.
    """

    def __init__(self, state_dir: Path, *, shape: Shape, events_after: EventsAfter) -> None:
        """Nothing is opened before ``start``.

        Raises:
            LocalLinkError: the state directory's path is too long.
        """
        self._endpoints = endpoints(state_dir)
        self._shape = shape
        self._events_after = events_after
        self._encoder = msgspec.msgpack.Encoder()
        self._envelopes = msgspec.msgpack.Decoder(_LooseEnvelope)
        self._requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
        self._waiting: deque[tuple[int, Request]] = deque()
        self._questions: deque[tuple[int, Explain]] = deque()
        self._askers: dict[int, _Asker] = {}
        self._token = 0
        self._lock = -1
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._publisher: zmq.Socket[bytes] | None = None
        self._router: zmq.asyncio.Socket | None = None
        self._receiver: asyncio.Task[None] | None = None
        self.malformed = 0
        """Messages thrown away because not even their id could be read."""

    def start(self) -> None:
        """Take the state directory and bind both sockets; call inside the running loop.

        Raises:
            LocalLinkError: another control process uses the directory (STATE_IN_USE), or it cannot be used.
        """
        prepare_directory(self._endpoints.directory)
        self._lock = _lock(self._endpoints.lock)
        context = zmq.Context()
        self._context = context
        publisher = context.socket(zmq.PUB)
        publisher.setsockopt(zmq.LINGER, 0)
        publisher.setsockopt(zmq.SNDHWM, PUBLISHED_QUEUE_MAX)
        self._publisher = publisher
        router = zmq.asyncio.Socket(context, zmq.ROUTER)
        router.setsockopt(zmq.LINGER, 0)
        router.setsockopt(zmq.MAXMSGSIZE, MESSAGE_BYTES_MAX)
        self._router = router
        try:
            publisher.bind(self._endpoints.published)
            router.bind(self._endpoints.requests)
        except zmq.ZMQError as error:
            self._close()
            raise LocalLinkError(_cannot_bind(self._endpoints.directory, error)) from error
        self._receiver = asyncio.create_task(self._receive(router), name="local link requests")
        self._receiver.add_done_callback(_report_end)

    async def stop(self) -> None:
        """Close the sockets and release the directory; requests without an answer are dropped."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.cancel()
            await asyncio.wait([receiver])
        self._close()

    def _close(self) -> None:
        for socket in (self._publisher, self._router):
            if socket is not None:
                socket.close(linger=0)
        self._publisher = self._router = None
        if self._context is not None:
            self._context.term()
            self._context = None
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def publish_snapshot(self, snapshot: Snapshot) -> None:
        """Send ``snapshot`` to whoever listens; nothing is kept."""
        self._publish(self._encoder.encode(snapshot))

    def publish_event(self, event: Event) -> None:
        """Send ``event`` to whoever listens; who missed it asks for it again by GetEvents."""
        self._publish(self._encoder.encode(event))

    def take_requests(self) -> list[tuple[int, Request]]:
        """Every request that came since the last call, oldest first, each with the token for its answer.

        A request that was delayed beyond its deadline is refused here, because who asked has long been told
        that it failed and a late start would be a surprise (H11).
        """
        now_ms = _monotonic_ms()
        taken: list[tuple[int, Request]] = []
        while self._waiting:
            token, request = self._waiting.popleft()
            asker = self._askers.get(token)
            if asker is None:
                continue
            if now_ms > asker.deadline_ms:
                self.answer(token, Refused(reason=_EXPIRED))
            else:
                taken.append((token, request))
        return taken

    def take_question(self) -> tuple[int, Explain] | None:
        """The oldest question that somebody still waits for, with the token for its answer; None when there is none.

        Questions stand in a queue of their own: their answers cost time that a cycle has only now and then.
        """
        now_ms = _monotonic_ms()
        while self._questions:
            token, question = self._questions.popleft()
            asker = self._askers.get(token)
            if asker is None:
                continue
            if now_ms <= asker.deadline_ms:
                return token, question
            self.answer(token, Refused(reason=_EXPIRED))
        return None

    def answer(self, token: int, answer: Answer) -> None:
        """Send the answer for ``token``; an unknown or answered token is ignored, so is a peer that has gone."""
        asker = self._askers.pop(token, None)
        if asker is not None:
            self._reply(asker.identity, asker.id, answer)

    def _publish(self, payload: bytes) -> None:
        if self._publisher is not None:
            # A publisher never blocks: a subscriber over its limit loses the message (zmq_socket(3), ZMQ_PUB).
            self._publisher.send(payload, zmq.NOBLOCK)

    async def _receive(self, router: zmq.asyncio.Socket) -> None:
        while True:
            frames = await router.recv_multipart()
            self._accept(frames)

    def _accept(self, frames: list[bytes]) -> None:
        """One message from a peer: answered here, queued for the cycle, or refused."""
        if len(frames) != 2:
            self.malformed += 1
            return
        identity, payload = frames
        try:
            envelope = self._envelopes.decode(payload)
        except msgspec.DecodeError:
            self.malformed += 1
            return
        try:
            request = self._requests.decode(envelope.request)
        except msgspec.DecodeError as error:
            self._reply(identity, envelope.id, Refused(reason=_bad_request(error)))
            return
        match request:
            case GetShape():
                self._reply(identity, envelope.id, ShapeAnswer(shape=self._shape))
            case GetEvents(after=after, limit=limit):
                limit = min(max(limit, 1), EVENTS_PER_ANSWER_MAX)
                self._reply(identity, envelope.id, self._events_after(after, limit))
            case _:
                self._queue(_Asker(identity, envelope.id, _monotonic_ms(), envelope.deadline_ms), request)

    def _queue(self, asker: _Asker, request: Request) -> None:
        self._forget_abandoned(asker.since_ms)
        if len(self._askers) >= REQUESTS_OPEN_MAX:
            self._reply(asker.identity, asker.id, Refused(reason=_BUSY))
            return
        self._token += 1
        self._askers[self._token] = asker
        if isinstance(request, Explain):
            self._questions.append((self._token, request))
        else:
            self._waiting.append((self._token, request))

    def _forget_abandoned(self, now_ms: int) -> None:
        """Give up requests that were never answered, so that they cannot fill the queue for ever."""
        for token in [t for t, a in self._askers.items() if now_ms - a.since_ms > OPEN_REQUEST_LIFE_MS]:
            self.answer(token, Refused(reason=_EXPIRED))

    def _reply(self, identity: bytes, id_: int, answer: Answer) -> None:
        if self._router is None:
            return
        payload = self._encoder.encode(Reply(id=id_, answer=answer))
        # A router drops what it cannot deliver, so this future is always done: nothing waits for a dead peer.
        sent = asyncio.ensure_future(self._router.send_multipart([identity, payload], zmq.NOBLOCK))
        sent.add_done_callback(_swallow_undeliverable)


def _lock(path: Path) -> int:
    """Hold the directory's lock. Binding alone would steal the sockets of a control process that runs (H13)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise LocalLinkError(
            Reason(
                code="STATE_IN_USE",
                text=f"Another control process uses the state directory {path.parent.parent}.",
                remedy="Stop it first, or give this one a state directory of its own.",
            )
        ) from error
    return descriptor


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _cannot_bind(directory: Path, error: zmq.ZMQError) -> Reason:
    return Reason(
        code="STATE_NOT_WRITABLE",
        text=f"The local link's sockets cannot be made in {directory}: {error}.",
        remedy="Choose a state directory on a local file system that the controller's user owns.",
    )


def _bad_request(error: msgspec.DecodeError) -> Reason:
    return Reason(
        code="BAD_REQUEST",
        text=f"The request could not be read: {error}.",
        remedy="Run the same version of the API process and of the control process.",
    )


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("the local link takes no more requests", exc_info=error)


def _swallow_undeliverable(sent: asyncio.Future[Any]) -> None:
    """A peer that has gone needs no answer; reading the exception keeps it from being reported as forgotten."""
    if not sent.cancelled() and (error := sent.exception()) is not None:
        _log.debug("an answer could not be delivered: %s", error)


_BUSY = Reason(
    code="LINK_BUSY",
    text=f"The control process has {REQUESTS_OPEN_MAX} requests that wait for their answer.",
    remedy="Wait a moment and send the request again with the same idempotency key.",
)

_EXPIRED = Reason(
    code="REQUEST_EXPIRED",
    text="The request reached the control process after its time; it was not carried out.",
    remedy="Look at the garage's state, then send it again if it is still wanted.",
)
