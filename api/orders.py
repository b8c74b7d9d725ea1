"""Orders: asking for one, watching it, withdrawing it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Body, Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from api.authority import Orderer, Viewer
from api.example import ORDER
from api.garage_copy import Current, Link, ask
from api.order_body import EXAMPLES, OrderBody
from api.problem import ProblemError, unknown
from api.schema import commanding, listing, single
from controller.local_link.messages import Accepted, OrderView, Reason, WithdrawOrder

router = APIRouter(prefix="/orders", tags=["orders"])

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,128}$",
        description="Any name of your own for this order. Sent again with the same body it gives the order that "
        "the first one made; with another body it is refused.",
    ),
]
OrderId = Annotated[str, Path(max_length=64, description="The order's id.")]
OrderState = Literal["waiting", "active", "handover", "withdrawing", "done", "withdrawn", "failed"]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Order a retrieval, a storage or a relocation",
    responses={
        **commanding("The order was accepted.", OrderView, status=201, example=ORDER),
        200: {
            "description": "The same key came with the same body before: this is the order that it made.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OrderView"}}},
        },
    },
)
async def submit(
    body: Annotated[OrderBody, Body(openapi_examples=EXAMPLES)],
    link: Link,
    actor: Orderer,
    key: IdempotencyKey = None,
) -> Response:
    """The order is on disk when the answer comes; the car comes later. Follow it at the address in `Location`."""
    accepted = await ask(link, body.submit(actor.name, key))
    return _order_response(accepted, HTTPStatus.OK if accepted.repeated else HTTPStatus.CREATED)


@router.get("", summary="All open orders and the last ended ones", responses=listing("orders", OrderView, None))
async def every(
    copy: Current,
    _actor: Viewer,
    state: Annotated[list[OrderState] | None, Query(description="Only orders in one of these states.")] = None,
    vehicle: Annotated[str | None, Query(max_length=64, description="Only orders of this car.")] = None,
) -> Response:
    """In the order in which they were accepted."""
    found = [
        order
        for order in copy.snapshot.orders
        if (state is None or order.state in state) and (vehicle is None or order.vehicle == vehicle)
    ]
    return copy.reply({"orders": found})


@router.get("/{order_id}", summary="One order", responses=single(OrderView, example={**ORDER, "snapshot_age_ms": 40}))
async def one(order_id: OrderId, copy: Current, _actor: Viewer) -> Response:
    """State, leg, progress, the expected end, and the coded reason while it waits."""
    for order in copy.snapshot.orders:
        if order.id == order_id:
            return copy.reply_one(order)
    raise unknown("order", order_id)


@router.delete(
    "/{order_id}",
    summary="Withdraw an order",
    responses=commanding("The withdrawal was accepted; the order ends when its car is in a defined place.", OrderView),
)
async def withdraw(
    order_id: OrderId,
    link: Link,
    actor: Orderer,
    request: Request,
    immediate: Annotated[bool, Query(description="Stop the order's movers where they are.")] = False,
) -> Response:
    """Regularly, what is in motion ends in a defined place first; immediately, movers make a controlled stop."""
    if strange := sorted(request.query_params.keys() - {"immediate"}):
        # A mistyped "immediate" must not quietly become a regular withdrawal.
        raise ProblemError(HTTPStatus.BAD_REQUEST, _unknown_parameter(strange[0]))
    accepted = await ask(link, WithdrawOrder(order=order_id, immediate=immediate, actor=actor.name))
    return _order_response(accepted, HTTPStatus.OK)


def _unknown_parameter(name: str) -> Reason:
    return Reason(
        code="UNKNOWN_PARAMETER",
        text=f"Withdrawing an order has no parameter {name[:40]!r}.",
        remedy="The only parameter is immediate, true or false.",
    )


def _order_response(accepted: Accepted, status: HTTPStatus) -> Response:
    if accepted.order is None:
        return Response(b'{"accepted":true}', status, media_type="application/json")
    return Response(
        msgspec.json.encode(accepted.order),
        status,
        {"Location": f"/api/v1/orders/{accepted.order.id}", "Cache-Control": "no-store"},
        "application/json",
    )
