"""The HTTP API as the commands use it.

Owns the connection, its time-outs and the translation of problems into failures. Must never decide anything about
the garage.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx

from cli.failure import Failure

TIMEOUT_S = 10.0
PREFIX = "/api/v1"

Json = dict[str, Any]


class GarageApi:
    """A connection to one garage; use as a context manager.

    Every method raises ``Failure``: API_UNREACHABLE, API_SILENT, NOT_A_GARAGE, or the code of the API's own problem.
    """

    def __init__(self, url: str, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        try:
            # Proxy settings of the environment are for the world outside, never for the garage.
            self._client = httpx.Client(base_url=self.url, timeout=timeout_s, trust_env=False)
        except (httpx.InvalidURL, ValueError) as error:
            raise _bad_url(url) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._client.close()

    def get(self, path: str, **query: str) -> Json:
        """The document at a path below ``/api/v1``."""
        return self._ask("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, object] | None = None, key: str | None = None) -> Json:
        """Ask for something; ``key`` is the idempotency key."""
        return self._ask("POST", path, body=body, headers={} if key is None else {"Idempotency-Key": key})

    def delete(self, path: str, **query: str) -> Json:
        """Withdraw something."""
        return self._ask("DELETE", path, query=query)

    def readiness(self) -> Json:
        """The answer of ``health/ready``, with ``ready`` and ``reasons`` whether it is ready or not."""
        response = self._send("GET", "/health/ready")
        document = _document(response, self.url)
        return {"ready": response.status_code == httpx.codes.OK, "reasons": document.get("reasons", [])}

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        response = self._send(method, path, query=query, body=body, headers=headers)
        document = _document(response, self.url)
        if response.is_success:
            return document
        raise _failure(document, response.status_code)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        try:
            return self._client.request(method, PREFIX + path, params=query, json=body, headers=headers)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise _bad_url(self.url) from error
        except httpx.TimeoutException as error:
            remedy = "Look at the controller's log; repeat an order only with the same --key."
            raise Failure("API_SILENT", f"{self.url} did not answer in time.", remedy) from error
        except httpx.TransportError as error:
            remedy = "Start the garage with 'garagectl run' or 'garagectl demo', or name its address with --url."
            raise Failure("API_UNREACHABLE", f"Nothing answers at {self.url}.", remedy) from error


def _bad_url(url: str) -> Failure:
    return Failure("BAD_URL", f"{url!r} is not an HTTP address.", "Give one as http://127.0.0.1:8080.")


def _document(response: httpx.Response, url: str) -> Json:
    try:
        document = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        document = None
    if not isinstance(document, dict):
        text = f"What answers at {url} is not a garage controller."
        raise Failure("NOT_A_GARAGE", text, "Name the garage's address with --url.")
    return document


def _failure(problem: Json, status: int) -> Failure:
    code = str(problem.get("code", f"HTTP_{status}"))
    text = str(problem.get("detail", f"The API answered {status}."))
    reasons = [f"{item.get('code')}: {item.get('text')}" for item in problem.get("reasons", ())]
    errors = [f"{item.get('at')}: {item.get('text')}" for item in problem.get("errors", ())]
    details = "; ".join((*reasons, *errors))
    if details:
        text = f"{text} ({details})"
    remedy, offer = str(problem.get("remedy", "")), problem.get("offer")
    if not isinstance(offer, dict):
        return Failure(code, text, remedy, status=status)
    return Failure(code, text, f"{remedy} {_offered(offer)}".strip(), status=status, offer=offer)


def _offered(offer: Json) -> str:
    """What is offered instead, in words."""
    if offer.get("order"):
        return f"Order {offer['order']} does it already."
    begin, end = (
        datetime.fromtimestamp(offer[name] / 1000, UTC).astimezone().isoformat(timespec="minutes")
        for name in ("from_ms", "to_ms")
    )
    return f"Offered is: {offer['kind']} {offer['vehicle']} from {begin} to {end}."
