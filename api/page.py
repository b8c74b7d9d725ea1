"""The operators' page: files that are read once at the start and served from memory.

Owns which files there are; nothing outside ``static`` can be reached, because no path is ever opened for a
request. Must never send a page that needs another host.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

_FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page, with the tag by which a browser knows that it has it already."""

    content: bytes
    media_type: str
    etag: str


def page_router() -> APIRouter:
    """Routes of the page: ``/`` and one per file below ``/static``.

    Raises:
        OSError: a file of the page cannot be read.
    """
    router = APIRouter(include_in_schema=False)
    files = {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _MEDIA_TYPES}
    _serve(router, "/", files["index.html"])
    _serve(router, "/favicon.ico", files["icon.svg"])
    for name, file in files.items():
        _serve(router, f"/static/{name}", file)
    return router


def _read(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(content, _MEDIA_TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:24]}"')


def _serve(router: APIRouter, path: str, file: PageFile) -> None:
    async def serve(request: Request) -> Response:
        # Always asked again, so that a page never runs with another version's scripts after an update.
        headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.etag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    router.add_api_route(path, serve, methods=["GET", "HEAD"])
