"""The OpenAPI document: schemas of the messages, and how routes refer to them.

Owns the translation of msgspec's messages into OpenAPI components, so that what is sent and what is documented
come from one definition. Must never describe a field by hand that a message defines.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.occupied import OccupiedPosition
from api.problem import MEDIA_TYPE, Problem
from controller.local_link.alarm_messages import AlarmDefinitionView, AlarmFigures, AlarmView
from controller.local_link.booking_messages import BookingView, Offer
from controller.local_link.explanation import Explanation, WaiverView
from controller.local_link.messages import (
    CabinView,
    DeviceView,
    Event,
    LinkView,
    OrderView,
    PositionShape,
    PositionView,
    Reason,
    Shape,
    Snapshot,
    VehicleView,
)
from controller.local_link.mode_messages import FindingView, ZoneView

_TYPES: tuple[type, ...] = (
    AlarmDefinitionView,
    AlarmFigures,
    AlarmView,
    BookingView,
    CabinView,
    DeviceView,
    Event,
    Explanation,
    FindingView,
    LinkView,
    OccupiedPosition,
    Offer,
    OrderView,
    PositionShape,
    PositionView,
    Problem,
    Reason,
    Shape,
    Snapshot,
    VehicleView,
    WaiverView,
    ZoneView,
)

_AGE = {"type": "integer", "minimum": 0, "description": "How old the data is, in ms."}
_AGE_HEADERS = {"Garage-Snapshot-Age-Ms": {"description": "As snapshot_age_ms.", "schema": {"type": "integer"}}}

Responses = dict[int | str, dict[str, Any]]

_PROBLEMS = {
    400: "What was sent cannot be read (MALFORMED_JSON, BAD_EVENT_NUMBER).",
    403: "A page from elsewhere, or an actor without the permission.",
    404: "There is no such thing (UNKNOWN_...).",
    409: "The garage's state does not allow it now; the code says why.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    421: "The API does not answer under this host name.",
    422: "A field is wrong (INVALID_REQUEST), or the idempotency key came with another body (IDEMPOTENCY_CONFLICT).",
    503: "The control process is away (CONTROLLER_AWAY), or has too much to do (LINK_BUSY).",
    504: "The control process did not answer in time (CONTROLLER_SILENT).",
}


def problems(*statuses: int) -> Responses:
    """The documented problems of a route."""
    return {
        status: {
            "description": _PROBLEMS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def listing(name: str, item: type, example: object = None) -> Responses:
    """200 with a list of ``item`` under ``name``, and the problems of every reading route."""
    schema = {
        "type": "object",
        "required": [name, "snapshot_age_ms"],
        "properties": {name: {"type": "array", "items": _ref(item)}, "snapshot_age_ms": _AGE},
    }
    return {200: _ok(f"The {name}.", schema, example), **problems(422, 503)}


def single(item: type, *, extra: type | None = None, description: str = "", example: object = None) -> Responses:
    """200 with the fields of ``item`` (and of ``extra``), and the problems of a route that names one thing."""
    parts: list[dict[str, Any]] = [_ref(item)]
    if extra is not None:
        parts.append(_ref(extra))
    parts.append({"type": "object", "required": ["snapshot_age_ms"], "properties": {"snapshot_age_ms": _AGE}})
    return {200: _ok(description or "What was asked for.", {"allOf": parts}, example), **problems(404, 422, 503)}


def explaining() -> Responses:
    """200 with an explanation, and the problems of asking the control process for one."""
    content = {"application/json": {"schema": _ref(Explanation)}}
    return {200: {"description": "Why.", "content": content}, **problems(404, 422, 503, 504)}


def commanding(description: str, item: type | None, *, status: int = 200, example: object = None) -> Responses:
    """A route that the control process carries out: its success and every problem that it can meet."""
    schema = _ref(item) if item is not None else {"type": "object", "properties": {"accepted": {"const": True}}}
    content = {"application/json": {"schema": schema, **({} if example is None else {"example": example})}}
    return {
        status: {"description": description, "content": content},
        **problems(400, 403, 404, 409, 413, 415, 421, 422, 503, 504),
    }


def install(app: FastAPI) -> None:
    """Give ``app`` an OpenAPI document with the messages' schemas in it."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend its document


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
    )
    _, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(components)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path in made["paths"].values():
        for operation in path.values():
            _drop_fastapi_422(operation)
    return made


def _drop_fastapi_422(operation: dict[str, Any]) -> None:
    """FastAPI documents its own form of a validation error, which this API never sends."""
    content = operation.get("responses", {}).get("422", {}).get("content", {})
    if "application/json" in content:
        operation["responses"]["422"] = problems(422)[422]


def _ref(type_: type) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{type_.__name__}"}


def _ok(description: str, schema: dict[str, Any], example: object) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if example is not None:
        content["example"] = example
    return {"description": description, "content": {"application/json": content}, "headers": _AGE_HEADERS}
