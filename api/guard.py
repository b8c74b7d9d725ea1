"""What every request passes before the application sees it, and what every response carries.

Owns the checks of Host, Origin, content type and body size, and the security headers. A page from elsewhere
that is open in an operator's browser must not command the garage, neither by a form nor by giving its own
name this machine's address (DNS rebinding). Must never know what a path means.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problem import problem_response
from controller.local_link.messages import Reason

BODY_BYTES_MAX = 16_384
BODY_TIMEOUT_S = 10.0
DISCARDED_BYTES_MAX = 1_048_576
"""A body that is too large is read and thrown away up to here, so that the refusal reaches who sent it."""

_CLOSE = {"Connection": "close"}
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI application around the API: refuses what must not come in, adds headers to what goes out."""

    def __init__(self, app: ASGIApp, allowed_hosts: Iterable[str] = ()) -> None:
        """``allowed_hosts`` are names, besides this machine's own, under which the API may be addressed."""
        self._app = app
        self._names = {"localhost", socket.gethostname().lower(), *(name.lower() for name in allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection's request, or the start and end of the process (lifespan)."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        headers = Headers(scope=scope)
        refusal = self._refuse_host(headers) or _refuse_origin(scope["method"], headers)
        if refusal is None and scope["method"] not in _SAFE_METHODS:
            body = await _read_body(headers, receive)
            refusal = body if isinstance(body, Response) else _refuse_content_type(headers, body)
            if isinstance(body, bytes):
                receive = _replay(body, receive)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refuse_host(self, headers: Headers) -> Response | None:
        """A name that is not ours may be somebody else's that points here; an address cannot be rebound."""
        name = _host_name(headers.get("host", ""))
        if name in self._names or _is_address(name):
            return None
        return problem_response(HTTPStatus.MISDIRECTED_REQUEST, _WRONG_HOST)


def _refuse_origin(method: str, headers: Headers) -> Response | None:
    """A browser says from where a commanding request comes; no other page than ours may send one."""
    if method in _SAFE_METHODS:
        return None
    origin = headers.get("origin")
    site = headers.get("sec-fetch-site")
    foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign or (site is not None and site not in {"same-origin", "none"}):
        return problem_response(HTTPStatus.FORBIDDEN, _FOREIGN_ORIGIN)
    return None


def _refuse_content_type(headers: Headers, body: bytes) -> Response | None:
    """JSON alone: a form of another page can be sent without the browser asking us first."""
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if not body and not media_type:
        return None
    if media_type == "application/json":
        return None
    return problem_response(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, _NOT_JSON)


async def _read_body(headers: Headers, receive: Receive) -> bytes | Response:
    """The whole body, or the refusal of one that is too large or does not come.

    What is too large is still read up to a bound, and thrown away: a connection that is closed while its peer
    is sending loses the answer on the way.
    """
    announced = headers.get("content-length", "0")
    too_large = announced.isdecimal() and int(announced[:15]) > BODY_BYTES_MAX
    body = bytearray()
    received = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            more = not too_large or int(announced[:15]) <= DISCARDED_BYTES_MAX
            while more and received <= DISCARDED_BYTES_MAX:
                message = await receive()
                chunk = message.get("body", b"")
                received += len(chunk)
                too_large = too_large or received > BODY_BYTES_MAX
                if not too_large:
                    body += chunk
                more = message["type"] == "http.request" and message.get("more_body", False)
    except TimeoutError:
        return problem_response(HTTPStatus.REQUEST_TIMEOUT, _BODY_LATE, headers=_CLOSE)
    if too_large:
        return problem_response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE, headers=_CLOSE)
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    """``receive`` that gives ``body`` first and then what else comes (the end of the connection)."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _host_name(host: str) -> str:
    """The name or address in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


_WRONG_HOST = Reason(
    code="HOST_NOT_ALLOWED",
    text="The API does not answer under this host name.",
    remedy="Use the machine's address or name, or add the name to api.allow_hosts in the configuration.",
)
_FOREIGN_ORIGIN = Reason(
    code="FOREIGN_ORIGIN",
    text="A page from another origin must not command the garage.",
    remedy="Use the page that this API serves, or a client that is not a browser.",
)
_NOT_JSON = Reason(
    code="NOT_JSON",
    text="The body must be JSON.",
    remedy="Send the header 'Content-Type: application/json'.",
)
_TOO_LARGE = Reason(
    code="BODY_TOO_LARGE",
    text=f"The body has more than {BODY_BYTES_MAX} bytes.",
    remedy="Send only the fields that /api/v1/openapi.json describes.",
)
_BODY_LATE = Reason(
    code="BODY_LATE",
    text=f"The body did not arrive within {BODY_TIMEOUT_S:g} s.",
    remedy="Send the request again.",
)
