"""Errors as RFC 9457 problems: a stable code, what is wrong, and what a person can do.

Owns the form of every error that leaves the API and the HTTP status of each code. Must never let an error out
in another form, nor repeat what a caller sent beyond the name of the field that was wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from controller.local_link.booking_messages import Offer
from controller.local_link.messages import Reason, Refused

_log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1

_STATUS = {
    "BAD_REQUEST": HTTPStatus.BAD_REQUEST,
    "CONTROLLER_AWAY": HTTPStatus.SERVICE_UNAVAILABLE,
    "CONTROLLER_SILENT": HTTPStatus.GATEWAY_TIMEOUT,
    "CYCLE_BUSY": HTTPStatus.SERVICE_UNAVAILABLE,
    "IDEMPOTENCY_CONFLICT": HTTPStatus.UNPROCESSABLE_ENTITY,
    "LINK_BUSY": HTTPStatus.SERVICE_UNAVAILABLE,
    "LINK_MISUNDERSTOOD": HTTPStatus.BAD_GATEWAY,
    "REQUEST_EXPIRED": HTTPStatus.GATEWAY_TIMEOUT,
}
"""Status of the codes of the link itself, and of an idempotency key that came with another body before (422,
after the IETF draft "The Idempotency-Key HTTP Header Field"). Every other refusal of the control process says
that the garage's state does not allow it now: 409, or 404 when it does not know what was named."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as RFC 9457 has it, with ``code`` and ``remedy`` as members of our own.

    ``offer`` comes with a refused booking: the nearest that would be accepted.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    instance: str = ""
    errors: list[FieldError] = []
    reasons: list[Reason] = []
    offer: Offer | None = None


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a request that is wrong; ``at`` is its path, as ``body.vehicle``."""

    at: str
    text: str


class ProblemError(Exception):
    """Raised where a request cannot be answered; becomes the problem it carries."""

    def __init__(
        self, status: int, reason: Reason, *, reasons: Sequence[Reason] = (), offer: Offer | None = None
    ) -> None:
        super().__init__(reason.code)
        self.status = status
        self.reason = reason
        self.reasons = tuple(reasons)
        self.offer = offer


def refused(answer: Refused) -> ProblemError:
    """The error for a refusal of the control process or of the link to it."""
    return ProblemError(status_of(answer.reason.code), answer.reason, offer=answer.offer)


def unknown(noun: str, name: str) -> ProblemError:
    """The error for something that the garage does not have; ``noun`` in the words of the glossary."""
    return ProblemError(
        HTTPStatus.NOT_FOUND,
        Reason(
            code=f"UNKNOWN_{noun.upper()}",
            text=f"There is no {noun} {name!r} in this garage.",
            remedy=f"Look up the {noun}s with GET /api/v1/{'orders' if noun == 'order' else noun + 's'}.",
        ),
    )


def status_of(code: str) -> int:
    """HTTP status for a refusal with this code."""
    if code.startswith("UNKNOWN_"):
        return HTTPStatus.NOT_FOUND
    return _STATUS.get(code, HTTPStatus.CONFLICT)


def problem_response(
    status: int,
    reason: Reason,
    *,
    instance: str = "",
    errors: Sequence[FieldError] = (),
    reasons: Sequence[Reason] = (),
    offer: Offer | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that carries a problem."""
    problem = Problem(
        type=f"urn:garage-controller:problem:{reason.code.lower().replace('_', '-')}",
        title=reason.code.replace("_", " ").capitalize(),
        status=int(status),
        detail=reason.text,
        code=reason.code,
        remedy=reason.remedy,
        instance=instance,
        errors=list(errors),
        reasons=list(reasons),
        offer=offer,
    )
    sent = dict(headers or {})
    sent["Cache-Control"] = "no-store"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        sent["Retry-After"] = str(RETRY_AFTER_S)
    return Response(msgspec.json.encode(problem), int(status), sent, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error with a problem."""
    app.add_exception_handler(ProblemError, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_defect)


async def _on_problem(request: Request, error: Exception) -> Response:
    if not isinstance(error, ProblemError):
        raise error
    return problem_response(
        error.status, error.reason, instance=request.url.path, reasons=error.reasons, offer=error.offer
    )


async def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem_response(HTTPStatus.BAD_REQUEST, _MALFORMED, instance=request.url.path)
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        _INVALID,
        instance=request.url.path,
        errors=[_field_error(item) for item in found],
    )


async def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            reason = _NO_SUCH_PATH
        case HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {"Allow": ", ".join(_methods_here(request))}
            return problem_response(error.status_code, _NO_SUCH_METHOD, instance=request.url.path, headers=headers)
        case HTTPStatus.BAD_REQUEST:
            reason = _MALFORMED
        case _:
            phrase = HTTPStatus(error.status_code).phrase
            reason = Reason(
                code=phrase.upper().replace(" ", "_"), text=phrase + ".", remedy="See /api/v1/openapi.json."
            )
    return problem_response(error.status_code, reason, instance=request.url.path, headers=error.headers)


async def _on_defect(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed: a defect of the API", request.method, request.url.path, exc_info=error)
    return problem_response(HTTPStatus.INTERNAL_SERVER_ERROR, DEFECT, instance=request.url.path)


def _methods_here(request: Request) -> list[str]:
    """Every method of this address: each route of a path knows only its own, RFC 9110 asks for all of them."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.path is not None and compile_path(route.path)[0].match(request.url.path):
            methods |= route.methods or set()
    return sorted(methods)


def _field_error(item: Mapping[str, Any]) -> FieldError:
    return FieldError(at=".".join(str(part) for part in item["loc"]), text=str(item["msg"]))


_MALFORMED = Reason(
    code="MALFORMED_JSON",
    text="The body is not valid JSON.",
    remedy="Send a JSON object as /api/v1/openapi.json describes it.",
)
_INVALID = Reason(
    code="INVALID_REQUEST",
    text="The request does not have the form that this address expects; 'errors' names each field.",
    remedy="Correct the fields named in 'errors'; /api/v1/openapi.json describes them.",
)
_NO_SUCH_PATH = Reason(
    code="NO_SUCH_PATH",
    text="There is nothing at this address.",
    remedy="See /api/v1/openapi.json for the addresses there are.",
)
_NO_SUCH_METHOD = Reason(
    code="METHOD_NOT_ALLOWED",
    text="This address does not know this method.",
    remedy="Use one of the methods in the Allow header.",
)
DEFECT = Reason(
    code="INTERNAL_ERROR",
    text="The API failed to answer because of a defect of its own; the garage is not affected.",
    remedy="Look at the API process's log and report it; repeat an order only with the same idempotency key.",
)
