"""Both sites over HTTP/1.1 on loopback, from the standard library."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import socketserver
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from examples.newsroom.generate import Newsroom
from examples.newsroom.morphology import Language
from examples.newsroom.sites import Response, Site

HOST, PORT = "127.0.0.1", 8801
SIDES: tuple[Language, ...] = ("az", "uz")


class PortInUse(Exception):
    """Another program listens on a port that the newsroom needs."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use; stop what listens there or give --port")
        self.port = port


def addresses(port: int) -> dict[Language, str]:
    """The sites' addresses without a trailing slash: `port` and the one after."""
    return {side: f"http://{HOST}:{port + offset}" for offset, side in enumerate(SIDES)}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    site: Site

    def __init__(self, port: int) -> None:
        self.requests: Counter[str] = Counter()
        self.counting = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without the look-up of our own host name
        self.server_name, self.server_port = HOST, self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet for head and body; else Nagle and delayed ACK cost 40 ms a page
    disable_nagle_algorithm = True
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        site = self.server.site
        kind = "forbidden" if site.is_forbidden(self.path) else "allowed"
        with self.server.counting:
            self.server.requests[kind] += 1
        response = site.respond(self.path)
        if response.status == 200 and response.etag in self.headers.get("If-None-Match", ""):
            self._send(response, 304)
        else:
            self._send(response, response.status)

    do_HEAD = do_GET  # noqa: N815

    def _send(self, response: Response, status: int) -> None:
        self.send_response(status)
        if response.status == 200:
            self.send_header("ETag", response.etag)
        if response.location:
            self.send_header("Location", response.location)
        if status != 304:
            self.send_header("Content-Type", response.type)
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if status != 304 and self.command == "GET":
            self.wfile.write(response.body)

    def version_string(self) -> str:
        """The Server header."""
        return "newsroom"

    def log_message(self, format: str, *args: object) -> None:
        """Requests are counted, not logged."""


class Servers:
    """Both servers, bound on construction and answering after `start`.

    Args:
        newsroom: the content.
        port: of the Azerbaijani site, the Uzbek site takes the next; 0 looks for a free pair.

    Raises:
        PortInUse: one of the two ports is taken.
    """

    def __init__(self, newsroom: Newsroom, port: int = PORT) -> None:
        self._servers = _bind_pair(port)
        self.port = int(self._servers[0].server_address[1])
        self.addresses = addresses(self.port)
        for side, server in zip(SIDES, self._servers, strict=True):
            server.site = Site(newsroom, side, self.addresses)

    @property
    def requests(self) -> Counter[str]:
        """Requests so far: `allowed` and `forbidden` (by robots.txt)."""
        total: Counter[str] = Counter()
        for server in self._servers:
            total.update(server.requests)
        return total

    def start(self) -> None:
        """Answer requests in background threads."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.2,), daemon=True).start()

    def stop(self) -> None:
        """Stop answering and free the ports."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


def serve(newsroom: Newsroom, port: int, ready_file: Path | None, parent: int | None) -> None:
    """Serve until SIGTERM or SIGINT, or until the process `parent` is gone.

    `ready_file`, once it exists, holds {"az": address, "uz": address, "pid": …}.
    """
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    was_child = parent == os.getppid()  # it may be gone by now: see _alive
    servers = Servers(newsroom, port)
    servers.start()
    print(f"newsroom: {servers.addresses['az']}/ and {servers.addresses['uz']}/", flush=True)
    if ready_file:
        az, uz = (servers.addresses[side] for side in SIDES)
        ready = {"az": az, "uz": uz, "pid": os.getpid()}
        temporary = ready_file.with_name(ready_file.name + ".tmp")
        temporary.write_text(json.dumps(ready) + "\n", encoding="utf-8")
        temporary.replace(ready_file)
    while not done.wait(0.5):
        if parent and (not _alive(parent) or (was_child and os.getppid() != parent)):
            break
    servers.stop()
    count = servers.requests
    print(f"newsroom: {count['allowed']} requests, {count['forbidden']} against robots.txt")


def _bind_pair(port: int) -> list[_Server]:
    for _ in range(1 if port else 50):
        first = port or random.SystemRandom().randrange(20_000, 60_000)
        servers: list[_Server] = []
        try:
            for number in (first, first + 1):
                servers.append(_Server(number))
            return servers
        except OSError as error:
            for server in servers:
                server.server_close()
            if error.errno != errno.EADDRINUSE:
                raise
            busy = PortInUse(first + len(servers))
    raise busy


def _alive(pid: int) -> bool:
    """Whether a process runs; one that was killed and that nobody has waited for does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except OSError:  # another's, or a system without /proc
        return True
    return state not in "ZX"
