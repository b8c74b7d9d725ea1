"""A small HTTP server that answers as the API would, with what a test gives it; it remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class ScriptedApi:
    """``answers`` holds, by method and path, (status, document) pairs; the last one of a path repeats."""

    url: str
    answers: dict[tuple[str, str], list[tuple[int, Any]]]
    asked: list[tuple[str, str, Any, Mapping[str, str]]] = field(default_factory=list)


@contextmanager
def scripted_api(answers: dict[tuple[str, str], list[tuple[int, Any]]]) -> Iterator[ScriptedApi]:
    """Serve ``answers`` on a port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path = self.path.split("?")[0]
            api.asked.append((self.command, self.path, body, dict(self.headers)))
            script = api.answers.get((self.command, path), [(404, {"code": "NO_SUCH_PATH", "detail": "Nothing here."})])
            status, document = script.pop(0) if len(script) > 1 else script[0]
            content = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the names that the base class calls

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's signature
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False
        api = ScriptedApi(f"http://127.0.0.1:{server.server_address[1]}", answers)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
