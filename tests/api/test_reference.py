"""The OpenAPI document and the page made from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_api
from api.reference import markdown
from cli.pages import event_kinds
from controller.local_link.client import LocalLinkClient
from tests.api.conftest import RunningApi

PAGE = Path(__file__).parent.parent.parent / "docs" / "api.md"


@pytest.fixture
def document() -> dict[str, Any]:
    return create_api(LocalLinkClient(Path("/run/garage"))).openapi()


def test_the_published_reference_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == markdown(event_kinds()), "run make docs"


def test_every_event_kind_is_in_the_reference() -> None:
    page = markdown(event_kinds())
    for kind in event_kinds():
        assert f"| `{kind.name}` | {kind.meaning}" in page
        assert not {"key", "fingerprint"} & set(kind.fields)


def test_every_reference_in_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for item in node for found in references(item)] if isinstance(node, list) else []

    schemas = document["components"]["schemas"]
    assert {reference.rpartition("/")[2] for reference in references(document)} <= set(schemas)
    assert "HTTPValidationError" not in json.dumps(document)


def test_every_route_has_a_summary_a_tag_and_documented_problems(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["summary"], path
            assert operation["tags"], path
            if not path.endswith("/live"):
                assert "503" in operation["responses"], (method, path)


async def test_what_is_sent_has_the_fields_that_are_documented(api: RunningApi, document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for path, name in [
        ("vehicles/kuga-01", "VehicleView"),
        ("cabins/cabin1", "CabinView"),
        ("devices/lift1", "DeviceView"),
        ("snapshot", "Snapshot"),
        ("places/l1-c1-left", "PositionView"),
    ]:
        sent = (await api.http.get(f"/api/v1/{path}")).json()
        assert set(schemas[name]["required"]) - {"type"} <= set(sent), path


async def test_the_document_is_served_without_a_page_of_another_host(api: RunningApi) -> None:
    response: httpx.Response = await api.http.get("/api/v1/openapi.json")
    assert response.json()["info"]["title"] == "Garage controller"
    for path in ("/docs", "/redoc"):
        assert (await api.http.get(path)).status_code == 404
