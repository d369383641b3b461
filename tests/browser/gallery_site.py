"""Serves the gallery under the product's strict policy, with the three answers that scripts ask for."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from django.test import override_settings
from django.urls import reverse

from tests.gallery.mail_pages import MESSAGE
from tests.gallery.render import NONCE, ROOT, draw, every_page

POLICY = (
    f"default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
LETTER_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'self'; img-src data:; "
    "font-src 'self'; base-uri 'none'; frame-ancestors 'self'"
)
ANSWERS = {
    "mail:recipients": {
        "recipients": [
            {
                "field": "to",
                "address": "<b>@fabrikam.example",
                "name": "<i>Bob</i>",
                "state": "ready",
                "reason": "ready",
            },
            {
                "field": "cc",
                "address": "dave@legacy.example",
                "name": "",
                "state": "weak",
                "reason": "too weak",
            },
        ],
        "algorithm": "Encrypting with AES-256-GCM.",
        "tone": "ok",
        "send_label": "Send signed & encrypted",
    },
    "mail:draft_save": {"id": "3f0c", "saved_at": "09:12", "url": ""},
}


class Site(ThreadingHTTPServer):
    """`posts` keeps what was sent: (path, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.posts: list[tuple[str, str]] = []
        with override_settings(ROOT_URLCONF="tests.gallery.urls", STATIC_URL="/static/"):
            pages = every_page()
            self.pages = {f"/{name}.html": draw(*page) for name, page in pages.items()}
            self.documents = [path for path, html in self.pages.items() if "<html" in html]
            self.pages[reverse("mail:inbox_rows")] = draw(*pages["mail-rows"])
            self.letter = reverse("mail:body", args=[MESSAGE.pk])
            self.pages[self.letter] = draw(*pages["mail-body"])
            self.answers = {reverse(name): answer for name, answer in ANSWERS.items()}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/static/"):
            file = ROOT / path[1:]
            self._send(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")
        elif path in self.server.pages:
            policy = LETTER_POLICY if path == self.server.letter else POLICY
            self._send(200, self.server.pages[path].encode(), "text/html; charset=utf-8", policy)
        elif path == "/favicon.ico":  # asked for by a letter opened on its own
            self._send(200, b"", "image/x-icon")
        else:
            self._send(404, b"nothing", "text/plain")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.posts.append((path, body.decode(errors="replace")))
        answer = self.server.answers.get(path)
        if answer is None:
            self._send(200, b"<!doctype html><title>sent</title>sent", "text/html; charset=utf-8", POLICY)
        else:
            self._send(200, json.dumps(answer).encode(), "application/json")

    def _send(self, status: int, body: bytes, media_type: str, policy: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Access-Control-Allow-Origin", "*")  # fonts, for the letter's opaque origin
        if policy:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        with suppress(ConnectionError):  # the browser went on to the next page
            self.wfile.write(body)

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def serve() -> Iterator[Site]:
    site = Site()
    thread = Thread(target=site.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()
