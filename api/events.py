"""The event stream: what happened, in order and without a gap, and what moves, for the picture.

Owns the form of the stream (server-sent events) and its resumption. Must never let a slow or dead listener
hold anything but its own connection, nor pretend that events between two of its own were not there.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.authority import Viewer
from api.drawing import Drawing
from api.garage_copy import STALE_AFTER_MS, Link
from api.problem import ProblemError
from api.schema import problems
from controller.local_link.client import LocalLinkClient
from controller.local_link.messages import Event, Reason, Refused

router = APIRouter(tags=["events"])

STREAMS_MAX = 64
EVENTS_PER_BATCH = 500
MOTION_INTERVAL_S = 0.1
"""Shortest time between two motion frames of one stream: ten a second are smooth enough to be drawn."""

PULSE_S = 1.0
"""A motion stream says at least so often how old its data is; who hears nothing for 3 s has lost it."""

COMMENT_S = 10.0
SEND_TIMEOUT_S = 20.0
"""A listener that takes nothing for so long has gone."""

RETRY_MS = 1000
_EVENT_NUMBER = re.compile(r"\d{1,15}")


@router.get(
    "/events",
    summary="What happens, as it happens",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events. Without a name: an Event, its number is the id. `gap`: events that "
            "are no longer kept (`from`, `to`). `motion` (only when asked for): what changed in the picture, without "
            "an id. `pulse` (with motion): the age of the data, once a second.",
            "content": {
                "text/event-stream": {
                    "schema": {"type": "string"},
                    "example": 'id: 4711\ndata: {"seq":4711,"at_ms":1767225600400,"kind":"order-started",'
                    '"data":{"order":"o-17","cabin":"cabin1"}}\n\n',
                }
            },
        },
        **problems(400, 422, 503),
    },
)
async def events(
    request: Request,
    link: Link,
    _actor: Viewer,
    after: Annotated[
        str | None,
        Query(max_length=20, description="Begin with the event after this number; with the next one when not given."),
    ] = None,
    recent: Annotated[
        int, Query(ge=0, le=500, description="Begin so many events back, when nothing says where the listener was.")
    ] = 0,
    motion: Annotated[bool, Query(description="Also send what moves, ten times a second.")] = False,
    last_event_id: Annotated[
        str | None, Header(max_length=20, description="As `after`; browsers send it by themselves, and it goes first.")
    ] = None,
) -> Response:
    """Resumes where the listener was: with `Last-Event-ID`, or `?after=`. Numbers have no gaps."""
    streams: Streams = request.app.state.streams
    cursor = _event_number(last_event_id or after)
    if streams.count >= STREAMS_MAX:
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, _TOO_MANY)
    return EventStream(link, streams, cursor, recent=recent, motion=motion)


class Streams:
    """What all streams of the process share: the drawing, their number, and the wish that they end."""

    def __init__(self) -> None:
        self.drawing = Drawing()
        self.count = 0
        self.closing = False


class EventStream(Response):
    """One listener's stream, from its start to its end by either side."""

    media_type = "text/event-stream"

    def __init__(
        self, link: LocalLinkClient, streams: Streams, cursor: int | None, *, recent: int, motion: bool
    ) -> None:
        """``cursor`` is the number of the last event that the listener has, None when it wants new ones
        and the ``recent`` ones before them.
        """
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._link = link
        self._streams = streams
        self._cursor = cursor
        self._recent = recent
        self._motion = motion
        self._drawn = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the listener goes, stalls, or the process ends."""
        del scope  # the route has read what it needs
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": self.raw_headers})
        self._streams.count += 1
        watching = asyncio.create_task(_gone(receive), name="event stream listener")
        sending = asyncio.create_task(self._send_all(send), name="event stream")
        try:
            await asyncio.wait({watching, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._streams.count -= 1
            for task in (watching, sending):
                task.cancel()
            await asyncio.gather(watching, sending, return_exceptions=True)
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send_all(self, send: Send) -> None:
        try:
            async for chunk in self._chunks():
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except TimeoutError:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _chunks(self) -> AsyncIterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode()
        loop = asyncio.get_running_loop()
        quiet_s = PULSE_S if self._motion else COMMENT_S
        said_s = loop.time() - quiet_s
        drawn_s = 0.0
        while not self._streams.closing:
            changed = self._link.changed
            chunk = await self._events_due()
            if self._motion and loop.time() - drawn_s >= MOTION_INTERVAL_S and (frame := self._frame_due()):
                chunk += frame
                drawn_s = loop.time()
            if loop.time() - said_s >= quiet_s:
                chunk += self._pulse() if self._motion else b": still here\n\n"
                said_s = loop.time()
            if chunk:
                yield chunk
            if self._motion:
                await asyncio.sleep(max(0.0, drawn_s + MOTION_INTERVAL_S - loop.time()))
            await _wait(changed, said_s + quiet_s - loop.time())

    async def _events_due(self) -> bytes:
        """Every event after the cursor, and a gap notice where some are no longer kept."""
        ring = self._link.ring
        if self._link.snapshot is None:
            return b""
        # After this process has started the ring is still being filled up to what the snapshot counts.
        newest = max(ring.last, self._link.snapshot.event_seq)
        if self._cursor is None:
            self._cursor = max(ring.oldest - 1, newest - self._recent)
        if self._cursor > newest:
            return self._another_journal(newest)
        if self._cursor >= ring.last:
            return b""
        found = await self._link.events_after(self._cursor, EVENTS_PER_BATCH)
        if isinstance(found, Refused):
            return b""
        chunk = b""
        first = found.events[0].seq if found.events else found.oldest
        if first > self._cursor + 1:
            chunk = _gap(self._cursor + 1, first - 1)
            self._cursor = first - 1
        for event in found.events:
            chunk += _event(event)
            self._cursor = event.seq
        return chunk

    def _another_journal(self, newest: int) -> bytes:
        """The listener knows a later event than there is: it listened to another journal than this one."""
        known, self._cursor = self._cursor, newest
        data = {"from": newest + 1, "to": known, "journal": "another"}
        return b"event: gap\nid: %d\ndata: %b\n\n" % (newest, msgspec.json.encode(data))

    def _frame_due(self) -> bytes:
        if self._link.snapshot is None:
            return b""
        drawing = self._streams.drawing
        drawing.take(self._link.snapshot)
        if drawing.version == self._drawn:
            return b""
        frame = drawing.frame(self._drawn)
        self._drawn = drawing.version
        return b"event: motion\ndata: %b\n\n" % frame

    def _pulse(self) -> bytes:
        age_ms = self._link.snapshot_age_ms()
        snapshot = self._link.snapshot
        data = {
            "age_ms": age_ms,
            "stale": age_ms is None or age_ms > STALE_AFTER_MS,
            "cycle": None if snapshot is None else snapshot.cycle,
        }
        return b"event: pulse\ndata: %b\n\n" % msgspec.json.encode(data)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _wait(changed: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, timeout_s)):
            await changed.wait()
    except TimeoutError:
        return


def _event(event: Event) -> bytes:
    return b"id: %d\ndata: %b\n\n" % (event.seq, msgspec.json.encode(_EventData.of(event)))


def _gap(first: int, last: int) -> bytes:
    return b'event: gap\nid: %d\ndata: {"from":%d,"to":%d}\n\n' % (last, first, last)


class _EventData(msgspec.Struct, frozen=True):
    """An event as it is told outside, without the link's own tag."""

    seq: int
    at_ms: int
    kind: str
    data: dict[str, str | int | float | bool | None]

    @classmethod
    def of(cls, event: Event) -> _EventData:
        return cls(event.seq, event.at_ms, event.kind, event.data)


def _event_number(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    if not _EVENT_NUMBER.fullmatch(text) or not text.isascii():
        raise ProblemError(HTTPStatus.BAD_REQUEST, _BAD_NUMBER)
    return int(text)


_TOO_MANY = Reason(
    code="TOO_MANY_STREAMS",
    text=f"{STREAMS_MAX} listeners follow the events already.",
    remedy="Close pages that nobody looks at, then try again.",
)
_BAD_NUMBER = Reason(
    code="BAD_EVENT_NUMBER",
    text="What was given as the last event is not an event's number.",
    remedy="Give the id of an event of this stream, or nothing to begin with the next one.",
)
