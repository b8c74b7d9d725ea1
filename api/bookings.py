"""Bookings: a slot for a car, the word that its customer is on the way, and giving it back."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Body, Path, Query
from starlette.responses import Response

from api.authority import Orderer, Viewer
from api.booking_body import EXAMPLES, AnnounceBody, BookingBody
from api.example import BOOKING
from api.garage_copy import Current, Link, ask
from api.orders import IdempotencyKey
from api.problem import unknown
from api.schema import commanding, listing, single
from controller.local_link.booking_messages import BookingView, CancelBooking
from controller.local_link.messages import Accepted

router = APIRouter(prefix="/bookings", tags=["bookings"])

BookingId = Annotated[str, Path(max_length=64, description="The booking's id.")]
State = Literal["booked", "announced", "in-service", "done", "no-show", "failed", "cancelled"]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Book a slot for a car, or for bringing one",
    responses={
        **commanding("The slot was given.", BookingView, status=201, example=BOOKING),
        200: {
            "description": "The same key came with the same body before: this is the booking that it made.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/BookingView"}}},
        },
    },
)
async def book(
    body: Annotated[BookingBody, Body(openapi_examples=EXAMPLES)],
    link: Link,
    actor: Orderer,
    key: IdempotencyKey = None,
) -> Response:
    """A slot that cannot be given is refused with the reason; `offer` is the nearest that would be, where one is."""
    accepted = await ask(link, body.request(actor.name, key))
    return _response(accepted, HTTPStatus.OK if accepted.repeated else HTTPStatus.CREATED)


@router.get(
    "", summary="All open bookings and the last ended ones", responses=listing("bookings", BookingView, BOOKING)
)
async def every(
    copy: Current,
    _actor: Viewer,
    state: Annotated[list[State] | None, Query(description="Only bookings in one of these states.")] = None,
    vehicle: Annotated[str | None, Query(max_length=64, description="Only bookings of this car.")] = None,
) -> Response:
    """In the order in which they were made."""
    found = [
        one
        for one in copy.snapshot.bookings
        if (state is None or one.state in state) and (vehicle is None or one.vehicle == vehicle)
    ]
    return copy.reply({"bookings": found})


@router.get(
    "/{booking_id}", summary="One booking", responses=single(BookingView, example={**BOOKING, "snapshot_age_ms": 40})
)
async def one(booking_id: BookingId, copy: Current, _actor: Viewer) -> Response:
    """Its state, what happens next, and the coded reason while its order cannot be made."""
    for booking in copy.snapshot.bookings:
        if booking.id == booking_id:
            return copy.reply_one(booking)
    raise unknown("booking", booking_id)


@router.post(
    "/{booking_id}/announce",
    summary="Say that the customer is on the way",
    responses=commanding("The car will be there, or a cabin open, when the customer is.", BookingView),
)
async def announce(booking_id: BookingId, body: AnnounceBody, link: Link, actor: Orderer) -> Response:
    """The best signal there is: early or late, the car is fetched for it. May be said again when it changes."""
    return _response(await ask(link, body.request(booking_id, actor.name)), HTTPStatus.OK)


@router.delete(
    "/{booking_id}",
    summary="Give a slot back",
    responses=commanding("The booking is cancelled; an order that served it is withdrawn.", BookingView),
)
async def cancel(booking_id: BookingId, link: Link, actor: Orderer) -> Response:
    """A car that was fetched for it already goes back to a place."""
    return _response(await ask(link, CancelBooking(booking=booking_id, actor=actor.name)), HTTPStatus.OK)


def _response(accepted: Accepted, status: HTTPStatus) -> Response:
    if accepted.booking is None:
        return Response(b'{"accepted":true}', status, media_type="application/json")
    return Response(
        msgspec.json.encode(accepted.booking),
        status,
        {"Location": f"/api/v1/bookings/{accepted.booking.id}", "Cache-Control": "no-store"},
        "application/json",
    )
