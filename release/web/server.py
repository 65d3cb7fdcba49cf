"""The service over HTTP: limits on what arrives, and an answer to everything that does."""

from __future__ import annotations

import json
import socket
import sys
import threading
import traceback
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any

from korpu.log import printable
from release.web import openapi
from release.web.desk import Desk, Refused

PAGE = Path(__file__).with_name("page.html")
CONNECTIONS = 32  # open at once, of any kind
ASKING = 0.2  # seconds for the question of one connection too many; others wait meanwhile
READ_SECONDS = 10  # for a request to arrive as a whole
DRAIN = 1 << 20  # bytes of a refused request that are read, so that its sender reads the answer
PATHS = {"/": "GET", "/health": "GET", "/openapi.json": "GET", "/translate": "POST"}
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Server(ThreadingMixIn, HTTPServer):
    """A thread a connection, at most ``CONNECTIONS``; ``end`` answers what has arrived."""

    daemon_threads = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], desk: Desk, read_seconds: float) -> None:
        self.desk, self.read_seconds = desk, read_seconds
        self._open = threading.BoundedSemaphore(CONNECTIONS)
        self.reading: set[socket.socket] = set()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._open.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        with suppress(OSError):
            request.settimeout(ASKING)
            with suppress(TimeoutError):
                request.recv(1 << 16)  # what is left unread would reset the answer
            body = json.dumps({"error": "too many connections are open; try again soon"})
            request.sendall(
                "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 2\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                f"{body}".encode("ascii")
            )
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.release()

    def handle_error(self, *_: Any) -> None:
        """A connection that broke is nobody's fault; anything else is ours and is shown."""
        if not isinstance(sys.exc_info()[1], OSError):
            traceback.print_exc()

    def end(self) -> None:
        """Take no more, let go of who has not asked yet, answer the others."""
        self.shutdown()
        for connection in list(self.reading):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RD)
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "korpu", ""
    timeout = 15.0  # seconds without a byte in either direction

    def setup(self) -> None:
        super().setup()
        self.server.reading.add(self.connection)
        self._is_late = False
        self._late = threading.Timer(self.server.read_seconds, self._give_up)
        self._late.daemon = True
        self._late.start()

    def _give_up(self) -> None:
        self._is_late = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)

    def _arrived(self) -> None:
        self._late.cancel()
        self.server.reading.discard(self.connection)

    def finish(self) -> None:
        self._arrived()
        with suppress(OSError):
            super().finish()

    def parse_request(self) -> bool:
        if not super().parse_request() or self._is_late:
            self.close_connection = True
            return False
        self.close_connection = True
        if self.command not in ("GET", "HEAD", "POST"):
            allowed = PATHS.get(self.path.partition("?")[0], "GET")
            self._say(405, {"error": f"there is no {self.command} here"}, {"Allow": allowed})
            return False
        return True

    def do_GET(self) -> None:
        self._arrived()
        path = self.path.partition("?")[0]
        if PATHS.get(path) == "POST":
            self._say(405, {"error": "ask with POST and JSON"}, {"Allow": "POST"})
        elif path == "/":
            self._send(200, PAGE.read_bytes(), "text/html; charset=utf-8")
        elif path == "/health":
            self._say(200, self.server.desk.health())
        elif path == "/openapi.json":
            desk = self.server.desk
            self._say(
                200,
                openapi.document(
                    desk.bundle.name, desk.bundle.version, desk.directions, desk.characters
                ),
            )
        else:
            self._say(404, {"error": f"there is only {', '.join(PATHS)}"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        try:
            if path not in PATHS:
                raise Refused(404, f"there is only {', '.join(PATHS)}")
            if PATHS[path] != "POST":
                raise Refused(405, "ask with GET")
            asked = self._body()
            self._arrived()
            answer = self.server.desk.answer(asked)
        except Refused as refused:
            more = {"Retry-After": "2"} if refused.status in (429, 503) else {}
            if refused.status == 405:
                more["Allow"] = PATHS[path]
            self._say(refused.status, {"error": str(refused)}, more)
            self._drain()
        except OSError:
            raise
        except Exception:
            traceback.print_exc()
            self._say(500, {"error": "this is a bug in korpu; its log says more"})
        else:
            self._say(200, answer)

    def _body(self) -> Any:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, "send JSON, and say so: Content-Type: application/json")
        length = self.headers.get("Content-Length")
        if length is None or "Transfer-Encoding" in self.headers:
            raise Refused(411, "say how long the request is, with Content-Length")
        if not (length.isascii() and length.isdigit()):
            raise Refused(400, "Content-Length is not a number")
        # A character takes six bytes at most, or twelve where it is two escapes.
        most = 12 * self.server.desk.characters + 1024
        if len(length) > 12 or int(length) > most:
            characters = self.server.desk.characters
            raise Refused(413, f"the request is too long: at most {characters} characters")
        try:
            raw = self.rfile.read(int(length))
        except TimeoutError:
            raw = b""
        if len(raw) < int(length):
            raise Refused(408, "the request ended, or did not arrive in time")
        try:
            return json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise Refused(400, "the request is not UTF-8") from None
        except (ValueError, RecursionError):
            raise Refused(400, "the request is not JSON") from None

    def _drain(self) -> None:
        """Read on for a moment, or the sender's own writing fails before it reads the answer."""
        left = DRAIN
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(0.5)
            while left > 0 and (read := self.connection.recv(min(left, 1 << 16))):
                left -= len(read)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library itself refuses, in the same shape."""
        self.close_connection = True
        self.request_version = self.protocol_version  # or there would be no status line
        self._say(code, {"error": message or explain or self.responses.get(code, ("",))[0]})

    def _say(self, status: int, answer: Any, more: dict[str, str] | None = None) -> None:
        body = json.dumps(answer, ensure_ascii=False).encode("utf-8")
        self._send(status, body, "application/json", more)

    def _send(
        self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None
    ) -> None:
        self._arrived()
        self.send_response(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": POLICY,
            **(more or {}),
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if getattr(self, "command", None) != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """A line a request; no text of anybody's."""
        line = printable(f"{self.client_address[0]} {format % args}")
        print(line[:200], file=sys.stderr, flush=True)
