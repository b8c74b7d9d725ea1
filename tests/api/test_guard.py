"""What is refused before the application sees it, and the form of every error."""

from __future__ import annotations

import asyncio
import json

import pytest

from api.guard import BODY_BYTES_MAX
from tests.api.conftest import RunningApi
from tests.api.scripted_garage import ScriptedGarage

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (("GET", "/nothing", {}, b""), 404, "NO_SUCH_PATH"),
        (("GET", "/static/../app.py", {}, b""), 404, "NO_SUCH_PATH"),
        (("GET", "/static/%2e%2e/app.py", {}, b""), 404, "NO_SUCH_PATH"),
        (("PUT", "/api/v1/orders", {}, b""), 405, "METHOD_NOT_ALLOWED"),
        (("POST", "/api/v1/orders", JSON, b"{"), 400, "MALFORMED_JSON"),
        (("POST", "/api/v1/orders", JSON, b"\xff\xfe"), 400, "MALFORMED_JSON"),
        (("POST", "/api/v1/orders", JSON, b"[" * 8000), 400, "MALFORMED_JSON"),
        (("POST", "/api/v1/orders", JSON, b'{"kind":' + b"9" * 6000 + b"}"), 400, "MALFORMED_JSON"),
        (("POST", "/api/v1/orders", JSON, b'{"kind":"retrieve","vehicle":"\\ud800"}'), 422, "INVALID_REQUEST"),
        (("POST", "/api/v1/orders", JSON, b"null"), 422, "INVALID_REQUEST"),
        (("POST", "/api/v1/orders", JSON, b" " * (BODY_BYTES_MAX + 1)), 413, "BODY_TOO_LARGE"),
        (("POST", "/api/v1/orders", {"Content-Type": "text/plain"}, b'{"kind":"retrieve"}'), 415, "NOT_JSON"),
        (("POST", "/api/v1/stop", {"Content-Type": "application/x-www-form-urlencoded"}, b"a=b"), 415, "NOT_JSON"),
        (("POST", "/api/v1/stop", {"Origin": "http://evil.example"}, b""), 403, "FOREIGN_ORIGIN"),
        (("POST", "/api/v1/stop", {"Origin": "null"}, b""), 403, "FOREIGN_ORIGIN"),
        (("POST", "/api/v1/stop", {"Sec-Fetch-Site": "cross-site"}, b""), 403, "FOREIGN_ORIGIN"),
        (("DELETE", "/api/v1/orders/o-1", {"Origin": "http://127.0.0.1:1"}, b""), 403, "FOREIGN_ORIGIN"),
        (("GET", "/api/v1/vehicles", {"Host": "evil.example"}, b""), 421, "HOST_NOT_ALLOWED"),
        (("GET", "/api/v1/vehicles", {"Host": "127.0.0.1.evil.example"}, b""), 421, "HOST_NOT_ALLOWED"),
        (("GET", "/api/v1/orders?state=flying", {}, b""), 422, "INVALID_REQUEST"),
        (("GET", "/api/v1/events?after=x", {}, b""), 400, "BAD_EVENT_NUMBER"),
        (("GET", "/api/v1/events", {"Last-Event-ID": "-1"}, b""), 400, "BAD_EVENT_NUMBER"),
    ],
)
async def test_every_error_is_a_coded_problem_with_a_remedy(
    api: RunningApi,
    garage: ScriptedGarage,
    request_: tuple[str, str, dict[str, str], bytes],
    status: int,
    code: str,
) -> None:
    method, path, headers, content = request_
    response = await api.http.request(method, path, headers=headers, content=content)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["remedy"]
    assert problem["type"].startswith("urn:garage-controller:problem:")
    assert "content-security-policy" in response.headers
    assert garage.received == []


async def test_a_method_that_is_not_allowed_names_those_that_are(api: RunningApi) -> None:
    response = await api.http.put("/api/v1/vehicles")
    assert response.headers["allow"] == "GET"


async def test_an_address_with_several_methods_names_all_of_them(api: RunningApi) -> None:
    response = await api.http.put("/api/v1/orders")
    assert response.headers["allow"] == "GET, POST"


async def test_a_body_without_a_length_is_cut_off_at_the_limit(api: RunningApi) -> None:
    async def endless() -> object:
        for _ in range(100):
            yield b" " * 1000

    response = await api.http.post("/api/v1/orders", content=endless(), headers=JSON)  # type: ignore[arg-type]  # httpx takes any async iterable
    assert (response.status_code, response.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_body_that_never_comes_ends_in_a_time_out(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.guard.BODY_TIMEOUT_S", 0.1)
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(
            f"POST /api/v1/orders HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            "Content-Length: 50\r\n\r\n{".encode()
        )
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        body = await asyncio.wait_for(reader.read(2000), 5)
    finally:
        writer.close()
        await writer.wait_closed()
    assert b"408" in head.splitlines()[0]
    assert json.loads(body)["code"] == "BODY_LATE"


async def test_the_own_page_and_programs_without_an_origin_may_command(api: RunningApi) -> None:
    own = {"Origin": api.url, "Sec-Fetch-Site": "same-origin"}
    assert (await api.http.post("/api/v1/stop", headers=own)).status_code == 200
    assert (await api.http.post("/api/v1/stop")).status_code == 200
    assert (await api.http.post("/api/v1/stop", content=b"{}", headers=JSON)).status_code == 200


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080", "192.168.7.4:80", "LOCALHOST"]
)
async def test_the_machines_own_names_and_addresses_are_answered(api: RunningApi, host: str) -> None:
    assert (await api.http.get("/api/v1/vehicles", headers={"Host": host})).status_code == 200


async def test_no_answer_names_another_host_that_a_page_may_reach(api: RunningApi) -> None:
    policy = (await api.http.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy.replace("http.", "")
    assert "access-control-allow-origin" not in (await api.http.get("/api/v1/vehicles")).headers


async def test_the_page_is_not_sent_again_to_a_browser_that_has_it(api: RunningApi) -> None:
    first = await api.http.get("/")
    again = await api.http.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
