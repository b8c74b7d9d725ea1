"""The API process's end of the local link: a copy of what is, the events in order, and requests with answers.

Owns the copy's age, the repair of gaps in the events and the time-out of each request. Must never import
drivers, safety or the core, and never show a copy without its age.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from pathlib import Path

import msgspec
import zmq
import zmq.asyncio

from controller.local_link.endpoint import endpoints
from controller.local_link.event_ring import EventRing
from controller.local_link.messages import (
    Answer,
    Envelope,
    Event,
    Events,
    GetEvents,
    GetShape,
    Published,
    Reason,
    Refused,
    Reply,
    Request,
    Shape,
    ShapeAnswer,
    Snapshot,
)

_log = logging.getLogger(__name__)

REQUEST_TIMEOUT_S = 5.0
DEADLINE_MARGIN_S = 0.5
"""A request's deadline lies this long before its time-out, so that "expired" arrives as an answer."""

REQUESTS_OPEN_MAX = 256
EVENTS_PER_REQUEST = 1000
REPAIR_GRACE_S = 0.1
"""How long an event that a snapshot already counts may still be on its way before it is asked for."""

REPAIR_RETRY_S = 0.5
RECEIVE_QUEUE_MAX = 400
RECONNECT_MS = 100
RECONNECT_MS_MAX = 1000

AWAY = Reason(
    code="CONTROLLER_AWAY",
    text="The control process cannot be reached.",
    remedy="Start it, or look at its log if it should be running; the machine makes a controlled stop without it.",
)
SILENT = Reason(
    code="CONTROLLER_SILENT",
    text="The control process did not answer in time; whether it carried out the request is not known.",
    remedy="Look at the garage's state; repeat an order only with the same idempotency key.",
)
TOO_MANY = Reason(
    code="LINK_BUSY",
    text=f"{REQUESTS_OPEN_MAX} requests wait for the control process already.",
    remedy="Wait a moment and send the request again with the same idempotency key.",
)


class LocalLinkClient:
    """Subscriber and requester; reconnects for ever by itself.

    ``snapshot`` is the last one received and ``snapshot_age_ms`` how long ago that was by this machine's
    monotonic clock. ``ring`` holds recent events in order and without a gap. ``changed`` is set, and replaced
    by a new one, whenever either has changed: take it first, then read, then wait for it.
    """

    def __init__(self, state_dir: Path, *, ring_size: int = 10_000) -> None:
        """Nothing is opened before ``start``.

        Raises:
            LocalLinkError: the state directory's path is too long.
        """
        self._endpoints = endpoints(state_dir)
        self.ring = EventRing(ring_size)
        self.changed = asyncio.Event()
        self.snapshot: Snapshot | None = None
        self._received_s = 0.0
        self._shape: Shape | None = None
        self._shape_epoch: int | None = None
        self._anchored = False
        self._known_seq = 0
        self._repair = asyncio.Event()
        self._id = 0
        self._open: dict[int, asyncio.Future[Answer]] = {}
        self._encoder = msgspec.msgpack.Encoder()
        self._published: msgspec.msgpack.Decoder[Published] = msgspec.msgpack.Decoder(Published)
        self._replies = msgspec.msgpack.Decoder(Reply)
        self._context: zmq.asyncio.Context | None = None
        self._dealer: zmq.asyncio.Socket | None = None
        self._subscriber: zmq.asyncio.Socket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.malformed = 0
        """Messages that could not be decoded; above 0 the two processes are of different versions."""

    def start(self) -> None:
        """Connect, or keep trying to; call inside the running loop."""
        context = zmq.asyncio.Context()
        self._context = context
        subscriber = context.socket(zmq.SUB)
        subscriber.setsockopt(zmq.RCVHWM, RECEIVE_QUEUE_MAX)
        subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        dealer = context.socket(zmq.DEALER)
        # Without a peer a request must fail now: one that waited in a queue would be carried out when the
        # control process comes back, long after anybody expects it (H11).
        dealer.setsockopt(zmq.IMMEDIATE, 1)
        for socket, endpoint in ((subscriber, self._endpoints.published), (dealer, self._endpoints.requests)):
            socket.setsockopt(zmq.LINGER, 0)
            socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
            socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MS_MAX)
            socket.connect(endpoint)
        self._subscriber, self._dealer = subscriber, dealer
        self._tasks = [
            asyncio.create_task(self._subscribe(subscriber), name="local link subscriber"),
            asyncio.create_task(self._receive_replies(dealer), name="local link replies"),
            asyncio.create_task(self._repair_gaps(), name="local link gap repair"),
        ]
        for task in self._tasks:
            task.add_done_callback(_report_end)

    async def stop(self) -> None:
        """Close everything; requests that still wait get CONTROLLER_AWAY."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for waiting in self._open.values():
            if not waiting.done():
                waiting.set_result(Refused(reason=AWAY))
        for socket in (self._subscriber, self._dealer):
            if socket is not None:
                socket.close(linger=0)
        self._subscriber = self._dealer = None
        if self._context is not None:
            self._context.term()
            self._context = None

    def snapshot_age_ms(self) -> int | None:
        """How long ago the snapshot came in, None when there never was one."""
        if self.snapshot is None:
            return None
        return int((time.monotonic() - self._received_s) * 1000)

    def announce(self) -> None:
        """Wake everybody who waits for ``changed``."""
        self.changed.set()
        self.changed = asyncio.Event()

    async def request(self, request: Request, timeout_s: float = REQUEST_TIMEOUT_S) -> Answer:
        """Send ``request`` and wait for its answer, at most ``timeout_s``.

        Never raises for the other side: CONTROLLER_AWAY (nothing was sent), CONTROLLER_SILENT (nobody knows)
        and LINK_BUSY come back as refusals.
        """
        dealer = self._dealer
        if dealer is None:
            return Refused(reason=AWAY)
        if len(self._open) >= REQUESTS_OPEN_MAX:
            return Refused(reason=TOO_MANY)
        self._id += 1
        id_ = self._id
        deadline_ms = int((time.monotonic() + max(0.0, timeout_s - DEADLINE_MARGIN_S)) * 1000)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._open[id_] = answered
        try:
            envelope = Envelope(id=id_, request=request, deadline_ms=deadline_ms)
            await dealer.send(self._encoder.encode(envelope), zmq.NOBLOCK)
            async with asyncio.timeout(timeout_s):
                return await answered
        except zmq.Again:
            return Refused(reason=AWAY)
        except TimeoutError:
            return Refused(reason=SILENT)
        finally:
            self._open.pop(id_, None)

    async def shape(self, timeout_s: float = REQUEST_TIMEOUT_S) -> Shape | Refused:
        """The garage's shape; asked for once per start of the control process, the last one while it is away."""
        epoch = None if self.snapshot is None else self.snapshot.epoch
        if self._shape is not None and epoch == self._shape_epoch:
            return self._shape
        answer = await self.request(GetShape(), timeout_s)
        match answer:
            case ShapeAnswer(shape=shape):
                self._shape, self._shape_epoch = shape, epoch
                return shape
            case Refused():
                return answer if self._shape is None else self._shape
            case _:
                return Refused(reason=_UNEXPECTED)

    async def events_after(self, after: int, limit: int, timeout_s: float = REQUEST_TIMEOUT_S) -> Events | Refused:
        """Events above ``after`` from the ring, or from the control process when the ring begins later."""
        if after + 1 >= self.ring.oldest:
            return self.ring.after(after, limit)
        answer = await self.request(GetEvents(after=after, limit=limit), timeout_s)
        return answer if isinstance(answer, Events | Refused) else Refused(reason=_UNEXPECTED)

    async def _subscribe(self, subscriber: zmq.asyncio.Socket) -> None:
        while True:
            payload = await subscriber.recv()
            try:
                message = self._published.decode(payload)
            except msgspec.DecodeError as error:
                self.malformed += 1
                if self.malformed == 1:
                    _log.error("the control process speaks another version of the local link: %s", error)
                continue
            match message:
                case Snapshot():
                    self._take_snapshot(message)
                case Event():
                    self._take_event(message)

    def _take_snapshot(self, snapshot: Snapshot) -> None:
        previous = self.snapshot
        self.snapshot, self._received_s = snapshot, time.monotonic()
        restarted = previous is not None and previous.epoch != snapshot.epoch
        if not self._anchored or (restarted and snapshot.event_seq < self.ring.last):
            # The first contact, or another journal than before: begin as far back as the ring can hold.
            self._anchored = True
            self.ring.restart(max(0, snapshot.event_seq - self.ring.size))
            self._known_seq = self.ring.last
        self._expect(snapshot.event_seq)
        self.announce()

    def _take_event(self, event: Event) -> None:
        if not self._anchored:
            return
        if event.seq == self.ring.last + 1:
            self.ring.append(event)
            self.announce()
        elif event.seq > self.ring.last:
            self._expect(event.seq)

    def _expect(self, seq: int) -> None:
        if seq > self.ring.last:
            self._known_seq = max(self._known_seq, seq)
            self._repair.set()

    async def _repair_gaps(self) -> None:
        while True:
            await self._repair.wait()
            await asyncio.sleep(REPAIR_GRACE_S)
            self._repair.clear()
            while self.ring.last < self._known_seq:
                if not await self._fetch_missing():
                    await asyncio.sleep(REPAIR_RETRY_S)
                    break

    async def _fetch_missing(self) -> bool:
        """Ask for what follows the ring's end; False when that brought nothing."""
        before = self.ring.last
        answer = await self.request(GetEvents(after=before, limit=EVENTS_PER_REQUEST))
        if not isinstance(answer, Events):
            return False
        if answer.oldest > self.ring.last + 1:
            # What lies between is no longer kept anywhere: begin anew; readers get a gap notice.
            self.ring.restart(answer.oldest - 1)
        for event in answer.events:
            if event.seq == self.ring.last + 1:
                self.ring.append(event)
        if self.ring.last == before:
            return False
        self.announce()
        return True

    async def _receive_replies(self, dealer: zmq.asyncio.Socket) -> None:
        while True:
            payload = await dealer.recv()
            try:
                reply = self._replies.decode(payload)
            except msgspec.DecodeError:
                self.malformed += 1
                continue
            waiting = self._open.get(reply.id)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply.answer)


def _report_end(task: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        if (error := task.exception()) is not None:
            _log.critical("%s has ended", task.get_name(), exc_info=error)


_UNEXPECTED = Reason(
    code="LINK_MISUNDERSTOOD",
    text="The control process gave an answer of the wrong kind.",
    remedy="Run the same version of the API process and of the control process.",
)
