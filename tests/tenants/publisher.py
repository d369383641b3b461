"""A web server outside the portal, on a real socket of this machine: what partners publish, and what attackers answer."""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Publisher:
    """`site["/root.crl"] = bytes or Answer`; `asked` are the requests in order, `connections` how many came at all."""

    def __init__(self) -> None:
        self.site: dict[str, bytes | Answer] = {}
        self.asked: list[str] = []
        self.fields: list[dict[str, str]] = []
        self.connections = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.fields.append(dict(self.headers))
                answer = outer.site.get(self.path, Answer(status=404))
                if isinstance(answer, bytes):
                    answer = Answer(answer)
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        self._thread.start()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def publishing() -> Generator[Publisher]:
    publisher = Publisher()
    try:
        yield publisher
    finally:
        publisher.close()
