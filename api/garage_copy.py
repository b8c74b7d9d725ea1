"""The API's copy of the garage: the last snapshot with its age, and the way to ask the control process.

Owns the judgement whether the copy is still good enough to be told as current. Must never tell an old copy
without saying so.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query, Request
from starlette.responses import Response

from api.problem import ProblemError, refused
from controller.local_link.client import AWAY, LocalLinkClient
from controller.local_link.messages import Accepted, Reason, Refused, Shape, Snapshot
from controller.local_link.messages import Request as LinkRequest

STALE_AFTER_MS = 2000
"""A copy older than this is no longer told as current: the control process publishes several a second."""

AGE_HEADER = "Garage-Snapshot-Age-Ms"


@dataclass(frozen=True, slots=True)
class Copy:
    """A snapshot and how old it was when the request was answered."""

    snapshot: Snapshot
    age_ms: int

    def reply(self, body: dict[str, Any]) -> Response:
        """A JSON response of ``body`` that says how old its data is, in a header and in a field."""
        return Response(
            msgspec.json.encode({**body, "snapshot_age_ms": self.age_ms}),
            media_type="application/json",
            headers={AGE_HEADER: str(self.age_ms), "Cache-Control": "no-store"},
        )

    def reply_one(self, item: msgspec.Struct) -> Response:
        """As ``reply``, for one thing whose fields are the body's own."""
        return self.reply(msgspec.structs.asdict(item))


def link_of(request: Request) -> LocalLinkClient:
    """The local link of the process that answers ``request``."""
    link = request.app.state.link
    if not isinstance(link, LocalLinkClient):
        raise TypeError("the application was built without a local link")
    return link


Link = Annotated[LocalLinkClient, Depends(link_of)]


def stale_reason(age_ms: int | None) -> Reason | None:
    """Why a copy of this age must not be told as current, None when it may."""
    if age_ms is None:
        return AWAY
    if age_ms <= STALE_AFTER_MS:
        return None
    return Reason(
        code=AWAY.code, text=f"The last word of the control process is {age_ms / 1000:.1f} s old.", remedy=AWAY.remedy
    )


def current_copy(
    link: Link,
    allow_stale: Annotated[
        bool, Query(description="Answer with an old copy too; look at `snapshot_age_ms` before you use it.")
    ] = False,
) -> Copy:
    """The last snapshot.

    Raises:
        ProblemError: 503 CONTROLLER_AWAY when there is none, or it is old and was not asked for by name.
    """
    age_ms = link.snapshot_age_ms()
    reason = stale_reason(age_ms)
    if link.snapshot is None or age_ms is None or (reason is not None and not allow_stale):
        raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, reason or AWAY)
    return Copy(link.snapshot, age_ms)


Current = Annotated[Copy, Depends(current_copy)]


async def shape_of(link: LocalLinkClient) -> Shape:
    """The garage's shape.

    Raises:
        ProblemError: it was never received and the control process does not answer.
    """
    shape = await link.shape()
    if isinstance(shape, Refused):
        raise refused(shape)
    return shape


async def ask(link: LocalLinkClient, request: LinkRequest) -> Accepted:
    """Have the control process carry out ``request``.

    Raises:
        ProblemError: it refused, or cannot be asked.
    """
    answer = await link.request(request)
    match answer:
        case Accepted():
            return answer
        case Refused():
            raise refused(answer)
        case _:
            raise TypeError(f"the control process answered with {type(answer).__name__}")
